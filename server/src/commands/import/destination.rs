//! Where imports go: into the engine itself, or through a running server.

use async_trait::async_trait;
use metering::Reading;
use metering::door::{MeterDraft, Rejection};
use metering::statistics::YearStatistics;

use super::checkpoint::Checkpoint;

/// Takes what an import brings. What it has taken is durable.
#[async_trait]
pub(super) trait Destination: Send {
    /// Items that are best sent at once.
    fn batch(&self) -> usize;

    /// Takes readings; gives those that it refused, by their index.
    async fn readings(&mut self, readings: Vec<Reading>) -> anyhow::Result<Vec<Rejection>>;

    /// Takes registrations; gives those that it refused, those in areas that are not on the map among them.
    async fn meters(&mut self, meters: Vec<MeterDraft>) -> anyhow::Result<Vec<Rejection>>;

    /// Takes published figures of one year; others of the same area and year give way to them. Gives those
    /// that it refused.
    async fn statistics(&mut self, year: u16, statistics: YearStatistics) -> anyhow::Result<Vec<Rejection>>;

    /// How far an import of that identity was, if it was not finished.
    async fn resume(&mut self, identity: &str) -> anyhow::Result<Option<Checkpoint>>;

    /// Notes how far it is. `None`: it is finished.
    async fn note(&mut self, identity: &str, checkpoint: Option<&Checkpoint>) -> anyhow::Result<()>;

    /// Ends well: what was taken is counted, as far as that is this process's affair. Says what came of it.
    async fn finish(self: Box<Self>) -> anyhow::Result<Vec<String>>;
}
