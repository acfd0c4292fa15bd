//! What changes when a generation of the log begins (rule 10).

use metering::{Generation, Position};

use crate::partition::{Halt, Partition};
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

    /// Which generation a marker begins: this one again, or one after it; none if nobody has announced it. A generation is
    /// announced before its first marker is written, and its markers carry what nobody else knows, so whoever decides
    /// about a marker, whenever, decides the same.
    pub(crate) fn begins(&self, marker: Generation) -> Result<Option<Generation>, Halt> {
        if !self.rules.generation_in_the_log() {
            return Ok(Some(self.generation));
        }
        let last = self.config.generations[self.config.generations.len() - 1];
        let may_be_news = marker.generation > last.generation && self.asked_at != Some(self.next_offset);
        if may_be_news {
            return Err(Halt::Unannounced(marker));
        }
        let announced = self.config.generations.contains(&marker);
        Ok((announced && marker.generation >= self.generation.generation).then_some(marker))
    }

    /// The generations that are announced now, read after [`Halt::Unannounced`] was met. What was known of them stays.
    pub fn announced(&mut self, now: &[Generation]) {
        self.asked_at = Some(self.next_offset);
        for &generation in now {
            let last = self.config.generations[self.config.generations.len() - 1].generation;
            if generation.generation == last + 1 && generation.generation <= GENERATIONS_MAX {
                self.config.generations.push(generation);
            }
        }
    }
}
