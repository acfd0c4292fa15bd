//! The owner of one partition: its state, and the order in which it does things.

use bytes::Bytes;
use metering::stored::{DeadLetter, RegistrationVersion, Windows};
use metering::wire::{RECORD_BYTES_MAX, RecordRef, partition_of};
use metering::{DeadReason, Generation, Position, Registration};

use crate::areas::Areas;
use crate::config::{PartitionConfig, RestoreError};
use crate::generations::Barrier;
use crate::incoming::{Decision, Decoded, LogRecordRef};
use crate::meters::{MeterIx, Meters, Registered};
use crate::rows::Rows;
use crate::rules::Rules;
use crate::versions::OwnVersions;
use crate::wants::{Scratch, Wants};

/// What a decided reading takes in memory until it is stored.
const DECIDED_BYTES: usize = 250;

/// The owner of one partition of the log. It does not know whether there are others, and need not: it
/// decides every record as of its position, so whoever decides it decides the same.
#[derive(Debug)]
pub struct Partition {
    pub(crate) config: PartitionConfig,
    pub(crate) rules: Rules,
    pub(crate) areas: Areas,
    /// Position of the last record that is decided.
    pub(crate) done: Option<Position>,
    pub(crate) next_offset: i64,
    /// The generation of the next record, and how many partitions the log has in it.
    pub(crate) generation: Generation,
    /// The last generation for which the former partitions are known to be done.
    pub(crate) entered: u32,
    /// Where a marker stood when it was last asked which generations there are.
    pub(crate) asked_at: Option<i64>,
    pub(crate) meters: Meters,
    pub(crate) hinted: Vec<MeterIx>,
    pub(crate) rows: Rows,
    pub(crate) own: OwnVersions,
    /// The first own version that no flush has taken.
    pub(crate) unflushed: u64,
    /// The own versions before this one are acknowledged.
    pub(crate) acknowledged: u64,
    pub(crate) registrations: Vec<RegistrationVersion>,
    pub(crate) dead: Vec<DeadLetter>,
    /// As how many records these count.
    pub(crate) dead_weight: usize,
    pub(crate) flush: crate::flush::FlushState,
    /// Meters of which something was looked up.
    pub(crate) looked_up: Vec<MeterIx>,
    /// What is read in one epoch is of no use in the next: see [`Wants`].
    pub(crate) epoch: u64,
    pub(crate) newest_ms: i64,
    pub(crate) scratch: Scratch,
}

/// Why a record is not decided now. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// Something has to be read first. Supply it and apply the record again.
    #[error("{0:?} must be supplied first")]
    Missing(Wants),
    /// Former partitions must be done first. Flush, so that this one is; read their progress after
    /// that and pass it to [`Partition::former_progress`], until that says yes.
    #[error("the progress of the former {former_partitions} partitions must have reached generation {generation}",
        former_partitions = .0.former_partitions, generation = .0.generation)]
    Barrier(Barrier),
    /// A marker of a generation that is not known here. Read which ones are announced, pass them to
    /// [`Partition::announced`] and apply the record again.
    #[error("{0:?} is not known here; which generations are announced must be read first")]
    Unannounced(Generation),
    /// Records come in order and without a gap.
    #[error("offset {expected} is next; {found} came")]
    OutOfOrder {
        /// What is next.
        expected: i64,
        /// What came.
        found: i64,
    },
}

impl Partition {
    /// An owner that goes on where the store says: `progress` is read first, all else after it (rule 4).
    /// It may as well stand further back.
    pub fn restore(config: PartitionConfig, progress: Option<Position>) -> Result<Self, RestoreError> {
        Self::restore_with(Rules::PROTOCOL, config, progress)
    }

    pub(crate) fn restore_with(
        rules: Rules,
        config: PartitionConfig,
        progress: Option<Position>,
    ) -> Result<Self, RestoreError> {
        config.check()?;
        let (first, last) = (config.generations[0], config.generations[config.generations.len() - 1]);
        // Progress of an older log says nothing about this one.
        let progress = progress.filter(|at| at.generation >= first.generation);
        let generation = match progress {
            Some(at) => *config.generations.iter().find(|g| g.generation == at.generation).ok_or(
                RestoreError::LogReplaced {
                    partition: config.partition,
                    progress: at,
                    last: last.generation,
                },
            )?,
            None => first,
        };
        Ok(Partition {
            rules,
            areas: Areas::new(&config.areas),
            done: progress,
            next_offset: progress.map_or(0, |at| at.offset + 1),
            generation: if rules.generation_in_the_log() { generation } else { last },
            entered: if rules.ask_again_after_restore() { first } else { generation }.generation,
            asked_at: None,
            meters: Meters::new(),
            hinted: Vec::new(),
            rows: Rows::default(),
            own: OwnVersions::new(),
            unflushed: 1,
            acknowledged: 1,
            registrations: Vec::new(),
            dead: Vec::new(),
            dead_weight: 0,
            flush: crate::flush::FlushState::new(progress),
            looked_up: Vec::new(),
            epoch: 0,
            newest_ms: i64::MIN,
            scratch: Scratch::default(),
            config,
        })
    }

    /// The store has rows of this partition in these windows alone, as it says after it has told of the progress that this
    /// owner began with. In all others none need be read: what there is, is of records that come again. Without it every
    /// row is read before it is counted in.
    pub fn rows_are_in(&mut self, windows: Windows) {
        self.rows.are_in(windows);
    }

    /// The offset of the record that is to be applied next.
    pub fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// So many offsets hold no record: the log used them itself.
    pub fn pass_over(&mut self, offsets: i64) {
        self.next_offset += offsets.max(0);
    }

    /// Position of the last record that is decided, if there is one.
    pub fn done(&self) -> Option<Position> {
        self.done
    }

    /// Decides the next record. Whoever decides it, whenever and however often, decides the same.
    pub fn apply(&mut self, decoded: &Decoded<'_>) -> Result<Decision, Halt> {
        let record = &decoded.record;
        if record.offset != self.next_offset {
            return Err(Halt::OutOfOrder { expected: self.next_offset, found: record.offset });
        }
        if let Some(barrier) = self.barrier() {
            return Err(Halt::Barrier(barrier));
        }
        let begins = match decoded.body {
            Ok(RecordRef::GenerationBegins(marker)) => self.begins(marker)?,
            _ => None,
        };
        let generation = begins.map_or(self.generation, |begins| begins).generation;
        let at = Position::new(if self.rules.generations() { generation } else { 1 }, record.offset);
        let decision = match &decoded.body {
            Ok(RecordRef::Reading(reading)) if self.is_ours(record) => self.decide(reading, record, at)?,
            Ok(RecordRef::Registration(registration, redriven_from)) if self.is_ours(record) => {
                self.register(registration, *redriven_from, record, at)?
            }
            Ok(RecordRef::GenerationBegins(marker)) => match begins {
                Some(begins) => {
                    self.generation = begins;
                    Decision::GenerationBegins
                }
                None => {
                    let detail = format!(
                        "a marker of generation {} with {} partitions that no migration announced for here, in \
                         generation {} with {}",
                        marker.generation,
                        marker.partitions,
                        self.generation.generation,
                        self.generation.partitions
                    );
                    self.bury(record, at, DeadReason::Undecodable, detail)
                }
            },
            Ok(_) => {
                let home = partition_of(record.key, self.generation.partitions);
                let detail = format!("is in partition {}, its meter's is {home}", self.config.partition);
                self.bury(record, at, DeadReason::Misrouted, detail)
            }
            Err(error) => self.bury(record, at, DeadReason::Undecodable, error.to_string()),
        };
        self.done = Some(at);
        self.next_offset += 1;
        self.newest_ms = self.newest_ms.max(record.appended_ms);
        Ok(decision)
    }

    pub(crate) fn is_ours(&self, record: &LogRecordRef<'_>) -> bool {
        !self.rules.check_partition()
            || partition_of(record.key, self.generation.partitions) == self.config.partition
    }

    fn register(
        &mut self,
        registration: &Registration,
        redriven_from: Option<Position>,
        record: &LogRecordRef<'_>,
        at: Position,
    ) -> Result<Decision, Halt> {
        let Registration { meter: id, area: code, dwelling } = registration;
        let Some(area) = self.areas.of_geography(code) else {
            let detail = format!("the geography has no area {code} at its finest level");
            return Ok(self.bury(record, at, DeadReason::UnknownArea, detail));
        };
        let ix = self.loaded(id.as_str(), id)?;
        let meter = &mut self.meters[ix];
        let registered = Registered { at: at.into(), area, dwelling: *dwelling };
        let redriven_from = redriven_from.filter(|_| self.rules.redrive_yields());
        let is_since = |from| {
            let mut before = meter.registrations.iter().filter(|one| one.at < registered.at);
            before.any(|one| Position::from(one.at) > from)
        };
        if redriven_from.is_some_and(is_since) {
            return Ok(Decision::Superseded); // rule 12
        }
        // What says nothing new writes none, as with readings: a head-end may send all of its meters daily.
        let before = meter.registered(self.rules.area_history().then_some(registered.at));
        if before.is_some_and(|before| (before.area, before.dwelling) == (area, *dwelling)) {
            return Ok(Decision::Duplicate);
        }
        meter.register(registered);
        self.registrations.push(RegistrationVersion {
            meter: id.clone(),
            at,
            area: code.clone(),
            dwelling: *dwelling,
        });
        Ok(Decision::Registered)
    }

    /// Makes a dead letter of a record.
    pub(crate) fn bury(
        &mut self,
        record: &LogRecordRef<'_>,
        at: Position,
        reason: DeadReason,
        detail: String,
    ) -> Decision {
        // Of what is too long for a record its beginning: letters have to fit into messages and rows.
        let beginning = |bytes: &Bytes| match bytes.get(..RECORD_BYTES_MAX) {
            Some(beginning) => Bytes::copy_from_slice(beginning),
            None => bytes.clone(),
        };
        self.dead_weight +=
            1 + (record.key.len() + record.value.len()).min(2 * RECORD_BYTES_MAX) / DECIDED_BYTES;
        self.dead.push(DeadLetter {
            partition: self.config.partition,
            at,
            reason,
            detail,
            appended_ms: record.appended_ms,
            key: beginning(record.key),
            value: beginning(record.value),
        });
        Decision::Dead(reason)
    }
}
