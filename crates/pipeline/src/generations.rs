//! What changes when a generation of the log begins (rule 10).

use metering::{Generation, Position};

use crate::partition::Partition;
use crate::stamp::GENERATIONS_MAX;

/// The former partitions of a generation, whose progress must have reached it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Barrier {
    /// The generation that is to begin.
    pub generation: u32,
    /// Partitions `0..` of the one before it.
    pub former_partitions: u32,
}

impl Partition {
    /// Whom the next record waits for, if for anybody (rule 10). Asked after a restore too: progress may
    /// stand on the marker itself.
    pub fn barrier(&self) -> Option<Barrier> {
        let Generation { generation, .. } = self.generation;
        if self.next_offset == 0 || generation <= self.entered || !self.rules.barrier() {
            return None;
        }
        let former = self.config.generations.iter().find(|g| g.generation + 1 == generation);
        Some(Barrier { generation, former_partitions: former.map_or(0, |g| g.partitions) })
    }

    /// The progress of partitions `0..former_partitions`, read after the barrier was met. Says whether
    /// the generation has begun.
    pub fn former_progress(&mut self, progress: &[Option<Position>]) -> bool {
        let Some(barrier) = self.barrier() else { return true };
        let reached = progress.len() >= barrier.former_partitions as usize
            && progress.iter().all(|at| at.is_some_and(|at| at.generation >= barrier.generation));
        if reached {
            self.entered = barrier.generation;
            self.forget_meters();
        }
        reached
    }

    /// Others may have decided about our meters in former generations, and will have written it by now:
    /// a meter that was here, went and came back is not as we remember it.
    fn forget_meters(&mut self) {
        if !self.rules.forget_between_generations() {
            return;
        }
        for meter in self.meters.iter_mut() {
            meter.loaded = false;
            meter.spans = None;
        }
        self.looked_up.clear();
        self.epoch += 1;
    }

    /// Whether a marker is one that can stand here: of this generation or of one after it that is known
    /// or the next.
    pub(crate) fn begins(&self, marker: Generation) -> Option<Generation> {
        if !self.rules.generation_in_the_log() {
            return Some(self.generation);
        }
        let known = self.config.generations.iter().find(|g| g.generation == marker.generation);
        let last = self.config.generations[self.config.generations.len() - 1].generation;
        let possible = match known {
            Some(known) => *known == marker,
            None => marker.generation == last + 1 && marker.generation <= GENERATIONS_MAX,
        };
        (possible && marker.generation >= self.generation.generation).then_some(marker)
    }

    pub(crate) fn enter(&mut self, begins: Generation) {
        if self.config.generations.iter().all(|g| g.generation != begins.generation) {
            self.config.generations.push(begins);
        }
        self.generation = begins;
    }
}
