//! Nowhere: everything is read and checked, nothing is written.

use async_trait::async_trait;
use metering::Reading;
use metering::door::{MeterDraft, Rejection};
use metering::statistics::AreaStatistic;

use super::checkpoint::Checkpoint;
use super::destination::Destination;

/// Takes everything and keeps nothing.
pub(super) struct Dry;

#[async_trait]
impl Destination for Dry {
    fn batch(&self) -> usize {
        10_000
    }

    async fn readings(&mut self, _: Vec<Reading>) -> anyhow::Result<Vec<Rejection>> {
        Ok(Vec::new())
    }

    async fn meters(&mut self, _: Vec<MeterDraft>) -> anyhow::Result<Vec<Rejection>> {
        Ok(Vec::new())
    }

    async fn statistics(&mut self, _: u16, _: Vec<AreaStatistic>) -> anyhow::Result<()> {
        Ok(())
    }

    async fn resume(&mut self, _: &str) -> anyhow::Result<Option<Checkpoint>> {
        Ok(None)
    }

    async fn note(&mut self, _: &str, _: Option<&Checkpoint>) -> anyhow::Result<()> {
        Ok(())
    }

    async fn finish(self: Box<Self>) -> anyhow::Result<Vec<String>> {
        Ok(vec!["nothing was written (--dry-run)".to_owned()])
    }
}
