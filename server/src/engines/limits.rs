//! What decides about readings besides the log itself: the same for every process, or two owners of a partition would decide
//! differently. Migrations remember it beside the store.

use std::time::Duration;

use anyhow::ensure;
use engine::{Document, DocumentStore};
use serde::{Deserialize, Serialize};

use super::{RAW_MARGIN_DAYS, StaysWrong, raw_kept};
use crate::config::Config;

const KIND: &str = "log";
const ID: &str = "limits";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Limits {
    /// How old a reading may be.
    retention_days: u32,
    /// How far in the future it may end.
    future_tolerance_s: i64,
    /// How long readings are stored: longer than both the retention and the log need (rule 14).
    pub(super) kept_s: u64,
}

impl Limits {
    /// As configured.
    pub(super) fn of(config: &Config, topic_keeps: Duration) -> Self {
        Limits {
            retention_days: config.engine.retention_days,
            future_tolerance_s: config.door.future_tolerance_s,
            kept_s: raw_kept(config, topic_keeps).as_secs(),
        }
    }

    /// How long readings are stored, as tables are told it.
    pub(super) fn kept_s(&self) -> u32 {
        u32::try_from(self.kept_s).unwrap_or(u32::MAX)
    }

    /// As the last migration left them; none before there were any.
    pub(super) async fn read(documents: &dyn DocumentStore) -> anyhow::Result<Option<Self>> {
        let Some(body) = documents.document(KIND, ID).await? else { return Ok(None) };
        let limits = serde_json::from_slice(&body);
        Ok(Some(limits.map_err(StaysWrong::unreadable("limits of readings"))?))
    }

    pub(super) async fn write(&self, documents: &dyn DocumentStore) -> anyhow::Result<()> {
        let document = Document { id: ID.to_owned(), body: serde_json::to_vec(self)? };
        Ok(documents.put_documents(KIND, vec![document]).await?)
    }

    /// Whether a migration may go from `before` to these.
    pub(super) fn may_follow(&self, before: &Self) -> anyhow::Result<()> {
        let (days, were) = (self.kept_s / 86_400, before.kept_s / 86_400);
        ensure!(
            self.kept_s <= before.kept_s,
            "retention-days and kafka-retention-days would have readings kept for {days} days, and those that are stored are \
             gone after {were}: one that is sent again after that would count twice, so the two can be lowered, not raised"
        );
        Ok(())
    }

    /// Whether records may wait for so long: what they are compared with has to be there still (rule 14).
    pub(super) fn may_wait(&self, topic_keeps: Duration) -> Result<(), StaysWrong> {
        let retention_s = u64::from(self.retention_days + RAW_MARGIN_DAYS) * 86_400;
        let most = Duration::from_secs(self.kept_s.saturating_sub(retention_s));
        if topic_keeps <= most || !engine_cassandra::expires(self.kept_s()) {
            return Ok(());
        }
        let days = |time: Duration| time.as_secs() / 86_400;
        Err(StaysWrong(format!(
            "the topic of readings keeps records for {} days, and readings are kept for those of {}: what waits longer would be \
             compared with readings that are gone; run `wattmap migrate`, which sets the topic's retention.ms to \
             kafka-retention-days and its segment.ms to a day",
            days(topic_keeps),
            days(most)
        )))
    }

    /// Whether a process with these may work on what was migrated with `migrated`.
    pub(super) fn agree_with(&self, migrated: &Self) -> Result<(), StaysWrong> {
        let same = |name, here: i64, there: i64| {
            if here == there {
                return Ok(());
            }
            Err(StaysWrong(format!(
                "{name} is {here} here and {there} in the last `wattmap migrate`: it decides about readings and has to be \
                 the same everywhere; stop all processes and migrate to change it"
            )))
        };
        same("retention-days", self.retention_days.into(), migrated.retention_days.into())?;
        same("future-tolerance-s", self.future_tolerance_s, migrated.future_tolerance_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_lowered_and_the_same_everywhere() {
        let (short, long) = (30, 400);
        let limits = |days: u32| Limits {
            retention_days: days,
            future_tolerance_s: 300,
            kept_s: u64::from(days) * 86_400,
        };
        assert!(limits(short).may_follow(&limits(long)).is_ok());
        let raised = limits(long).may_follow(&limits(short)).unwrap_err().to_string();
        assert!(raised.contains("400 days") && raised.contains("after 30"), "{raised}");
        assert!(limits(long).agree_with(&limits(long)).is_ok());
        let other = limits(short).agree_with(&limits(long)).unwrap_err().to_string();
        assert!(other.starts_with("retention-days is 30 here and 400"), "{other}");

        let of_a_week = Limits { kept_s: (400 + 2 + 7) * 86_400, ..limits(long) };
        let week = Duration::from_secs(7 * 86_400);
        assert!(of_a_week.may_wait(week).is_ok());
        let raised = of_a_week.may_wait(2 * week).unwrap_err().to_string();
        assert!(raised.contains("keeps records for 14 days") && raised.contains("those of 7"), "{raised}");
        let for_ever = Limits { kept_s: 7400 * 86_400, retention_days: 7305, ..of_a_week };
        assert!(for_ever.may_wait(Duration::MAX).is_ok());
    }
}
