//! Who owns which partitions of the log.

use std::collections::BTreeSet;

use async_trait::async_trait;
use tokio::sync::watch;

/// Says which partitions are this process's to own. Nothing that is decided rests on it: two owners of one partition
/// decide the same. It shares the work, and has every partition worked on.
#[async_trait]
pub trait Ownership: Send + Sync + 'static {
    /// The partitions that this process is to own, as that changes. Closed when nobody will tell any more: then the
    /// process should end, and be started again.
    fn assigned(&self) -> watch::Receiver<BTreeSet<u32>>;

    /// The owner of a partition that is no longer assigned has ended: another process may begin at once.
    fn released(&self, partition: u32);

    /// Leaves the others to themselves. To be called when no owner runs any more.
    async fn leave(&self);
}

/// All of it, for the process that has a log to itself.
pub struct Whole(watch::Sender<BTreeSet<u32>>);

impl Whole {
    /// Of a log of so many partitions.
    pub fn of(partitions: u32) -> Self {
        Whole(watch::Sender::new((0..partitions).collect()))
    }
}

#[async_trait]
impl Ownership for Whole {
    fn assigned(&self) -> watch::Receiver<BTreeSet<u32>> {
        self.0.subscribe()
    }

    fn released(&self, _partition: u32) {}

    async fn leave(&self) {}
}
