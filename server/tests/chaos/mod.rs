//! The roles apart, on real Kafka and real Cassandra, while things go wrong: processes are killed at random moments and
//! between any two steps of a flush, stopped and continued, they come and go, partitions are added, brokers and nodes are
//! away. Afterwards every aggregate has to be what the acknowledged records make, exactly.
//!
//! `cargo xtask test engines engines-of-three` runs it for a short while; `cargo xtask chaos --seeds N` has as many rounds of
//! kills as one likes, what comes and goes do so for long, and of three nodes of each every one die. `WATTMAP_TEST_SEED`
//! repeats a run's dice, not its timing.

mod deployed;
mod engines;
mod engines_of_three;
mod flood;
mod kernel;
mod load;
mod producers;
mod quiet_place;
mod site;
mod upstream;
mod watch;
