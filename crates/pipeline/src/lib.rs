//! The owner of one partition of the log: decode, check, deduplicate, aggregate, what to flush. Pure and
//! deterministic: no I/O, no clock, no async. It says what it wants to read and what is to be written;
//! whoever drives it does so.
//!
//! A record is decided *as of its position*, only from what precedes it in the log. Whoever decides it,
//! whenever and however often, decides the same, so every write is the truth as of its stamp, and owners
//! of the same partition need no fencing. `PROTOCOL.md`, beside this crate's manifest, has the rules;
//! comments name them by number.
//!
//! # How to drive it
//!
//! ```
//! use bytes::Bytes;
//! use metering::Generation;
//! use metering::stored::FlushPlan;
//! use pipeline::{Answers, Decoded, HINT_STEP_S, Halt, Limits, LogRecordRef, Partition, PartitionConfig, Wants};
//!
//! # fn read_store(wants: &Wants) -> Answers {
//! #     Answers { meters: vec![Default::default(); wants.meters.len()],
//! #               raw: vec![Vec::new(); wants.raw.len()], rows: vec![None; wants.places.len()] }
//! # }
//! # fn publish(_: pipeline::LiveRows) {}
//! # fn write(_: &FlushPlan) {}
//! # let marker = metering::wire::Record::GenerationBegins(Generation { generation: 1, partitions: 1, token: 0 }).encode();
//! # let log = vec![(0_i64, Bytes::new(), Bytes::from(marker))];
//! let config = PartitionConfig {
//!     partition: 0,
//!     generations: vec![Generation { generation: 1, partitions: 1, token: 0 }],
//!     retention_s: 400 * 86_400,
//!     ahead_s: 3900,
//!     areas: vec![],
//!     hint_step_s: HINT_STEP_S,
//!     limits: Limits::default(),
//! };
//! let progress = None; // 1. Of the store, before anything else is read of it.
//! let mut partition = Partition::restore(config, progress)?;
//!
//! // 2. A batch, from `partition.next_offset()` on.
//! let batch: Vec<Decoded<'_>> = log
//!     .iter()
//!     .map(|(offset, key, value)| Decoded::new(LogRecordRef { offset: *offset, appended_ms: 0, key, value }))
//!     .collect();
//! for _ in 0..2 { // In bulk, for speed: first meters, then what their readings need.
//!     let wants = partition.wants(&batch);
//!     if wants.is_empty() {
//!         break; // as nearly always
//!     }
//!     let answers = read_store(&wants);
//!     partition.supply(&wants, answers)?;
//! }
//! for record in &batch {
//!     loop { // One by one, for correctness: nothing is decided without what it rests on.
//!         match partition.apply(record) {
//!             Ok(_decision) => break,
//!             Err(Halt::Missing(wants)) => {
//!                 let answers = read_store(&wants);
//!                 partition.supply(&wants, answers)?;
//!             }
//!             // `Halt::Barrier`: flush, read the former partitions' progress, `former_progress`, again.
//!             Err(halt) => return Err(halt.into()),
//!         }
//!     }
//! }
//! partition.end_batch();
//!
//! // 3. About every second, and soon after new data: rows for whoever shows them.
//! publish(partition.take_live());
//!
//! // 4. Every few seconds. All but progress may be written in any order, and progress last.
//! if let Some(flush) = partition.take_flush() {
//!     publish(flush.live); // acknowledged before
//!     write(&flush.plan);  // this is written,
//!     partition.flushed(flush.id); // and both before this is said.
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A flush may be under way while batches go on. If the driver loses track, of an error for example, it
//! drops the partition and restores another one: that is always right.

#[cfg(test)]
mod attack;

mod areas;
mod config;
mod decide;
mod flush;
mod forget;
mod generations;
mod incoming;
mod meters;
mod partition;
mod rows;
mod rules;
mod stamp;
mod versions;
mod wants;

pub use config::{HINT_STEP_S, Limits, PartitionConfig, RestoreError};
pub use flush::{Flush, FlushId, LiveRows};
pub use generations::Barrier;
pub use incoming::{Decision, Decoded, LogRecordRef};
pub use partition::{Halt, Partition};
pub use wants::{Answers, RawRange, Wants, WrongAnswers};
