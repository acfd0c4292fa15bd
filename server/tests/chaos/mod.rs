//! The roles apart, on real Kafka and real Cassandra, while things go wrong: processes are killed at random moments and
//! between any two steps of a flush, stopped and continued, they come and go, partitions are added, brokers and nodes are
//! away. Afterwards every aggregate has to be what the acknowledged records make, exactly.
//!
//! `cargo xtask test engines` runs it for a short while; `cargo xtask chaos --seeds N` kills as often as one likes, has what
//! comes and goes do so for long, and does it with three nodes of each, of which one dies. `WATTMAP_TEST_SEED` repeats a
//! run's choices (not its timing).

mod deployed;
mod engines;
mod engines_of_three;
mod load;
mod producers;
mod site;
mod upstream;
