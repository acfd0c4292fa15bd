//! The roles apart, on real Kafka and real Cassandra, while things go wrong: processes are killed at random moments and
//! between any two steps of a flush, stopped and continued, they come and go, partitions are added, brokers and nodes are
//! away. Afterwards every aggregate has to be what the acknowledged records make, exactly.
//!
//! `cargo xtask test engines` runs all of it once, `cargo xtask chaos --seeds N` the kills as long as one likes;
//! `WATTMAP_TEST_SEED` repeats a run's choices (not its timing).

mod engines;
mod load;
mod producers;
mod site;
mod upstream;
