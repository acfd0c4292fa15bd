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

use std::panic::resume_unwind;
use std::time::Instant;

use futures::future::join_all;
use world::World;

/// Kills, unless the environment says otherwise.
const KILLS: u64 = 200;

/// Worlds beside each other, of which each has its share of the kills: a program that is about to die mostly waits.
const WORLDS: u64 = 2;

fn from_environment(name: &str, or: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}; allowed is a whole number")),
        Err(_) => or,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; run by cargo xtask test kill"]
async fn nothing_acknowledged_is_lost_or_counted_twice() {
    let kills = from_environment("WATTMAP_TEST_KILLS", KILLS).div_ceil(WORLDS);
    let seed = from_environment("WATTMAP_TEST_SEED", rand::random());
    println!("{WORLDS} times {kills} kills, WATTMAP_TEST_SEED={seed}");
    let worlds = (0..WORLDS).map(|number| tokio::spawn(end_of_the_world(seed.wrapping_add(number), kills)));
    for world in join_all(worlds).await {
        world.unwrap_or_else(|error| resume_unwind(error.into_panic()));
    }
}

async fn end_of_the_world(seed: u64, kills: u64) {
    let began = Instant::now();
    let mut world = World::new(seed);
    for kill in 1..=kills {
        world.live_and_die().await;
        if kill % 20 == 0 || kill == kills {
            println!("{seed}: {kill} kills, {}, {:.0?}", world.summary(), began.elapsed());
        }
    }
    world.last_judgement().await;
    println!("{seed}: in the end: {}, {:.0?}", world.summary(), began.elapsed());
    world.assert_it_was_a_test(kills);
}
