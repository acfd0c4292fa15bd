//! Nowhere: everything is read and checked, nothing is written.

use std::sync::Arc;

use async_trait::async_trait;
use geography::Geography;
use metering::door::{MeterDraft, Rejection};
use metering::statistics::YearStatistics;
use metering::{AreaCode, Reading};

use super::checkpoint::Checkpoint;
use super::destination::Destination;
use super::direct::while_a_server_runs;
use super::statistics::of_unknown_areas;
use crate::commands::engine::geography_without_server;
use crate::config::Config;
use crate::door::{UnknownArea, locate};
use crate::statistics::unknown_areas;

/// What an import that writes nothing says at its end.
pub(super) const NOTE: &str = "nothing was written (--dry-run)";

/// Refuses what the real run would, and keeps nothing.
pub(super) struct Dry {
    geography: Arc<Geography>,
}

impl Dry {
    /// With the areas that the real run would have. A server that has the data directory is in the way of both.
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        Ok(Dry { geography: geography_without_server(config).await.map_err(while_a_server_runs)? })
    }
}

#[async_trait]
impl Destination for Dry {
    fn batch(&self) -> usize {
        10_000
    }

    async fn readings(&mut self, _: Vec<Reading>) -> anyhow::Result<Vec<Rejection>> {
        Ok(Vec::new())
    }

    async fn meters(&mut self, meters: Vec<MeterDraft>) -> anyhow::Result<Vec<Rejection>> {
        Ok(locate((0..).zip(meters), &self.geography, UnknownArea::Refuse).1)
    }

    async fn statistics(&mut self, _: u16, statistics: YearStatistics) -> anyhow::Result<Vec<Rejection>> {
        let unknown = unknown_areas(&self.geography, &statistics.figures);
        let areas: Vec<AreaCode> = statistics.figures.into_iter().map(|statistic| statistic.area).collect();
        Ok(of_unknown_areas(&areas, &unknown))
    }

    async fn resume(&mut self, _: &str) -> anyhow::Result<Option<Checkpoint>> {
        Ok(None)
    }

    async fn note(&mut self, _: &str, _: Option<&Checkpoint>) -> anyhow::Result<()> {
        Ok(())
    }

    async fn finish(self: Box<Self>) -> anyhow::Result<Vec<String>> {
        Ok(vec![NOTE.to_owned()])
    }
}
