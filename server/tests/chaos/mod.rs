//! The roles apart, on real Kafka and real Cassandra, while things go wrong: processes are killed at random moments and
//! between any two steps of a flush, stopped and continued, they come and go, partitions are added, brokers and nodes are
//! away. Afterwards every aggregate has to be what the acknowledged records make, exactly.
//!
//! `cargo xtask test engines` runs what CI has every time; `cargo xtask chaos --seeds N` kills as often as one likes, and
//! then lets happen what takes minutes. `WATTMAP_TEST_SEED` repeats a run's choices (not its timing).

mod deployed;
mod engines;
mod load;
mod long;
mod producers;
mod site;
mod upstream;
