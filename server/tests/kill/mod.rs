//! The real program is killed at random moments, hundreds of times: while it is sent readings, while a
//! file is imported into it or through it, while it recovers from the kill before. After each time every
//! aggregate has to be what the acknowledged records make: what was under way when it died is there whole
//! or not at all, and what is sent again counts once.
//!
//! `cargo xtask test kill`; `WATTMAP_TEST_KILLS` says how often, `WATTMAP_TEST_SEED` repeats a run's choices
//! (not its timing).

mod importer;
mod program;
mod world;

use std::time::Instant;

use world::World;

/// Kills, unless the environment says otherwise.
const KILLS: u64 = 200;

fn from_environment(name: &str, or: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}; allowed is a whole number")),
        Err(_) => or,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; run by cargo xtask test kill"]
async fn nothing_acknowledged_is_lost_or_counted_twice() {
    let kills = from_environment("WATTMAP_TEST_KILLS", KILLS);
    let seed = from_environment("WATTMAP_TEST_SEED", rand::random());
    println!("{kills} kills, WATTMAP_TEST_SEED={seed}");
    let began = Instant::now();
    let mut world = World::new(seed);
    for kill in 1..=kills {
        world.live_and_die().await;
        if kill % 20 == 0 || kill == kills {
            println!("{kill} kills, {}, {:.0?}", world.summary(), began.elapsed());
        }
    }
    world.last_judgement().await;
    println!("in the end: {}, {:.0?}", world.summary(), began.elapsed());
    world.assert_it_was_a_test(kills);
}
