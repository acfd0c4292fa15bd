//! Ledgers as documents: of each day a head that names its records, and is replaced only by who has read it. All documents of a
//! day are of a kind of their own: to replace one on a condition, a store may have to agree on all that are of its kind, and
//! days are looked at at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use engine::{Document, DocumentStore, StoreError};
use futures::{StreamExt, TryStreamExt};
use geography::Geography;
use jiff::civil::Date;
use metering::UtcSecond;
use metering::disclosure::{BadRecord, DayLedger, Groups};
use serde::{Deserialize, Serialize};

use super::super::calendar::utc_date;
use super::Names;

/// What a head is called among the documents of its day. No record is called so.
const HEAD: &str = "head";

/// Looks of a day that are kept one by one, before all that they are about is written together.
const LOOKS_MAX: usize = 32;

/// A look at so many half-hours is written like that at once.
const HALF_HOURS_MAX: usize = 8;

/// Records that are read at once.
const READ_AT_ONCE: usize = 8;

/// How often a head is read again whose records went away meanwhile.
const TRIES: usize = 5;

/// A day's head.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Head {
    /// The record of who is spoken of together.
    groups: String,
    /// By half-hour of the day: the record of all that was released of it until some look.
    half_hours: BTreeMap<usize, String>,
    /// The looks after that, in order.
    looks: Vec<KeptLook>,
    /// Looks that released anything, ever.
    looks_ever: u64,
    /// Groups whose figures they released, added up.
    portions_ever: u64,
    first: UtcSecond,
    last: UtcSecond,
}

/// A look that released something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptLook {
    record: String,
    /// When it was.
    pub at: UtcSecond,
    /// The half-hours of the day of which something was released.
    pub half_hours: Vec<usize>,
    /// In how many groups' half-hours.
    pub portions: u64,
}

/// What was released of a UTC day, and when.
#[derive(Debug, Clone)]
pub struct ReleasedDay {
    /// The day.
    pub date: Date,
    /// Looks that released anything.
    pub looks: u64,
    /// Groups whose figures of a half-hour they released, added up.
    pub portions: u64,
    /// When the first of them was.
    pub first: UtcSecond,
    /// And the last.
    pub last: UtcSecond,
    /// The newest ones, in order.
    pub latest: Vec<KeptLook>,
}

/// A day as it is held in memory.
pub(super) struct Open {
    pub(super) ledger: Arc<DayLedger>,
    /// What it was read of, and as bytes; none where nothing was there.
    head: Option<(Head, Vec<u8>)>,
}

/// Where ledgers are kept.
pub(super) struct Kept {
    documents: Arc<dyn DocumentStore>,
    geography: Arc<Geography>,
    /// Tells this process's records from those of others...
    writer: String,
    /// ...and from each other: what became of one is not always known.
    written: AtomicU64,
}

impl Kept {
    pub(super) fn new(
        documents: Arc<dyn DocumentStore>,
        geography: Arc<Geography>,
    ) -> Result<Self, getrandom::Error> {
        let writer = format!("{:016x}", getrandom::u64()?);
        Ok(Kept { documents, geography, writer, written: AtomicU64::new(0) })
    }

    /// A day, as it was kept last.
    pub(super) async fn read(&self, day: i32) -> Result<Open, StoreError> {
        for _ in 0..TRIES {
            let Some(bytes) = self.head(day).await? else {
                let ledger = Arc::new(DayLedger::new(Arc::new(Groups::none(self.leaves()))));
                return Ok(Open { ledger, head: None });
            };
            let head: Head = decoded(&name(day), &bytes)?;
            if let Some(ledger) = self.ledger(day, &head).await? {
                return Ok(Open { ledger: Arc::new(ledger), head: Some((head, bytes)) });
            }
        }
        Err(StoreError::Corrupt(format!("what was released of {} lacks a record", name(day))))
    }

    /// A day that is held, with what others have released of it since.
    pub(super) async fn catch_up(&self, day: i32, mut open: Open) -> Result<Open, StoreError> {
        let bytes = self.head(day).await?;
        if bytes.as_deref() == open.head.as_ref().map(|(_, bytes)| &bytes[..]) {
            return Ok(open);
        }
        let (Some(bytes), Some((held, _))) = (bytes, &open.head) else { return self.read(day).await };
        let head: Head = decoded(&name(day), &bytes)?;
        let goes_on = head.groups == held.groups
            && head.half_hours == held.half_hours
            && head.looks.starts_with(&held.looks);
        if !goes_on {
            return self.read(day).await;
        }
        let more = head.looks[held.looks.len()..].iter().map(|look| look.record.as_str());
        let Some(records) = self.records(day, more).await? else { return self.read(day).await };
        let ledger = Arc::make_mut(&mut open.ledger);
        records.iter().try_for_each(|record| ledger.read_released(record, |_| true)).map_err(damaged(day))?;
        open.head = Some((head, bytes));
        Ok(open)
    }

    /// Keeps what one look released, of half-hours some groups, and whether there are more groups. Says no if another node
    /// was quicker.
    pub(super) async fn keep(
        &self,
        day: i32,
        open: &mut Open,
        released: &[(usize, Vec<usize>)],
        more_groups: bool,
    ) -> Result<bool, StoreError> {
        let (old, read) = open.head.clone().unzip();
        let now = UtcSecond(jiff::Timestamp::now().as_second());
        let old = old.unwrap_or_else(|| Head { first: now, ..Head::default() });
        let mut head = old.clone();
        let mut records = Vec::new();
        let mut write = |what: &str, body: Vec<u8>| {
            let id = format!("{what}-{}-{}", self.writer, self.written.fetch_add(1, Ordering::Relaxed));
            records.push(Document { id: id.clone(), body });
            id
        };
        if more_groups {
            let body = open.ledger.record_of_groups(&Names(&self.geography), self.first_leaf());
            head.groups = write("groups", body);
        }
        if !released.is_empty() {
            let half_hours: Vec<usize> = released.iter().map(|(of_day, _)| *of_day).collect();
            let portions = released.iter().map(|(_, groups)| groups.len() as u64).sum();
            head.looks_ever += 1;
            head.portions_ever += portions;
            head.last = now;
            if head.looks.len() >= LOOKS_MAX || half_hours.len() >= HALF_HOURS_MAX {
                let looks = head.looks.drain(..).flat_map(|look| look.half_hours);
                let all: BTreeSet<usize> = looks.chain(half_hours).collect();
                let record = write("all", open.ledger.record_of_half_hours(all.iter().copied()));
                head.half_hours.extend(all.into_iter().map(|of_day| (of_day, record.clone())));
            } else {
                let record = write("look", open.ledger.record_of_look(released));
                head.looks.push(KeptLook { record, at: now, half_hours, portions });
            }
        }
        let written: Vec<String> = records.iter().map(|record| record.id.clone()).collect();
        self.documents.put_documents(&kind(day), records).await?;
        let bytes = serde_json::to_vec(&head).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let is_kept =
            self.documents.replace_document(&kind(day), HEAD, read.as_deref(), bytes.clone()).await?;
        if is_kept {
            self.forget(day, &(&old.records() - &head.records())).await;
            open.head = Some((head, bytes));
        } else {
            // Whoever was quicker may be an earlier try of this one.
            let now = self.head(day).await?;
            let named = now.map(|bytes| decoded(&name(day), &bytes)).transpose()?.unwrap_or_default();
            let written: BTreeSet<&str> = written.iter().map(String::as_str).collect();
            self.forget(day, &(&written - &named.records())).await;
        }
        Ok(is_kept)
    }

    /// Of some days those that anything was released of, so many at most, the newest first.
    pub(super) async fn days(
        &self,
        days: RangeInclusive<i32>,
        limit: usize,
    ) -> Result<Vec<ReleasedDay>, StoreError> {
        let read = async |day: i32| {
            let Some(bytes) = self.head(day).await? else { return Ok(None) };
            let Head { looks, looks_ever, portions_ever, first, last, .. } = decoded(&name(day), &bytes)?;
            Ok((looks_ever > 0).then(|| ReleasedDay {
                date: utc_date(day),
                looks: looks_ever,
                portions: portions_ever,
                first,
                last,
                latest: looks,
            }))
        };
        let heads: Vec<_> = days.rev().map(read).collect();
        let released = futures::stream::iter(heads).buffered(READ_AT_ONCE);
        released.try_filter_map(async |released| Ok(released)).take(limit).try_collect().await
    }

    async fn head(&self, day: i32) -> Result<Option<Vec<u8>>, StoreError> {
        self.documents.document(&kind(day), HEAD).await
    }

    /// What a head says; none if a record of it is gone: then there is another head.
    async fn ledger(&self, day: i32, head: &Head) -> Result<Option<DayLedger>, StoreError> {
        let of_half_hours: BTreeSet<&str> = head.half_hours.values().map(String::as_str).collect();
        let looks = head.looks.iter().map(|look| look.record.as_str());
        let names: Vec<&str> =
            std::iter::once(head.groups.as_str()).chain(of_half_hours.iter().copied()).chain(looks).collect();
        let Some(records) = self.records(day, names.iter().copied()).await? else { return Ok(None) };
        let Some((groups, released)) = records.split_first() else { return Ok(None) };
        let mut ledger = DayLedger::read(groups, &Names(&self.geography), self.first_leaf(), self.leaves())
            .map_err(damaged(day))?;
        for (name, record) in names[1..].iter().zip(released) {
            // A record of many half-hours may have been superseded for some of them; a look is of what came after.
            let is_look = !of_half_hours.contains(name);
            let is_of = |of_day: usize| is_look || head.half_hours.get(&of_day).is_some_and(|of| of == name);
            ledger.read_released(record, is_of).map_err(damaged(day))?;
        }
        Ok(Some(ledger))
    }

    /// Records, in order; none if one of them is gone.
    async fn records(
        &self,
        day: i32,
        names: impl Iterator<Item = &str>,
    ) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        let kind = kind(day);
        let reads: Vec<_> = names.map(|name| self.documents.document(&kind, name)).collect();
        futures::stream::iter(reads)
            .buffered(READ_AT_ONCE)
            .try_collect::<Vec<_>>()
            .await
            .map(|read| read.into_iter().collect())
    }

    /// Removes records that no head names. What stays is in nobody's way.
    async fn forget(&self, day: i32, names: &BTreeSet<&str>) {
        let kind = kind(day);
        let removals: Vec<_> = names.iter().map(|name| self.documents.remove_document(&kind, name)).collect();
        for removed in futures::future::join_all(removals).await {
            if let Err(error) = removed {
                tracing::debug!(%error, "a record of what was released can't be removed");
            }
        }
    }

    /// The number of the finest level's first area among all.
    fn first_leaf(&self) -> u32 {
        (self.geography.areas().len() - self.leaves()) as u32
    }

    fn leaves(&self) -> usize {
        self.geography.leaf_count() as usize
    }
}

impl Head {
    /// The records that it names.
    fn records(&self) -> BTreeSet<&str> {
        let looks = self.looks.iter().map(|look| &look.record);
        let all = self.half_hours.values().chain(looks).chain([&self.groups]);
        all.filter(|name| !name.is_empty()).map(String::as_str).collect()
    }
}

/// A day's name.
fn name(day: i32) -> String {
    utc_date(day).to_string()
}

/// The kind of a day's documents.
fn kind(day: i32) -> String {
    format!("released {}", name(day))
}

fn decoded(name: &str, bytes: &[u8]) -> Result<Head, StoreError> {
    serde_json::from_slice(bytes)
        .map_err(|error| StoreError::Corrupt(format!("what was released of {name}: {error}")))
}

fn damaged(day: i32) -> impl Fn(BadRecord) -> StoreError {
    move |error| StoreError::Corrupt(format!("what was released of {}: {error}", name(day)))
}
