//! The real program is killed at random moments, hundreds of times, while it is sent readings; after
//! each time, every aggregate has to be what the acknowledged readings make.
//!
//! `cargo xtask test kill`; `WATTMAP_TEST_KILLS` says how often, `WATTMAP_TEST_SEED` repeats a run's choices
//! (not its timing).

mod oracle;
mod process;
mod sender;

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use oracle::Oracle;
use process::Process;
use sender::Sender;

/// Areas that meters are in and move between, in three boroughs.
const AREAS: [&str; 8] =
    ["E01000001", "E01000002", "E01000003", "E01000005", "E01000006", "E01000007", "E01000907", "E01000908"];

/// Senders at once; each has its own meters, so that it knows their order.
const SENDERS: usize = 4;

fn from_environment(name: &str, or: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}; allowed is a whole number")),
        Err(_) => or,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; run by cargo xtask test kill"]
async fn nothing_acknowledged_is_lost_or_counted_twice() {
    let kills = from_environment("WATTMAP_TEST_KILLS", 200);
    let seed = from_environment("WATTMAP_TEST_SEED", rand::random());
    println!("{kills} kills, WATTMAP_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let dir = tempfile::tempdir().unwrap();
    let mut senders: Vec<Sender> = (0..SENDERS).map(|number| Sender::new(number, random.random())).collect();
    let keys = process::make_keys(dir.path());
    let (began, mut aggregates) = (Instant::now(), 0);

    for kill in 0..kills {
        // Some die before they serve: while they read what the one before left behind.
        if random.random_bool(0.15) {
            let process = Process::spawn(dir.path());
            tokio::time::sleep(Duration::from_millis(random.random_range(0..500))).await;
            process.kill();
            continue;
        }
        let process = Process::start(dir.path(), &keys).await;
        // What was under way at the last kill is sent again first, as any client would.
        for sender in &mut senders {
            sender.send_again(&process).await;
        }
        process.settled().await;
        aggregates += Oracle::of(&senders).check(&process).await;

        let life = Duration::from_millis(random.random_range(20..1200));
        let deadline = Instant::now() + life;
        let loads = senders.into_iter().map(|mut sender| {
            let process = process.client();
            tokio::spawn(async move {
                while sender.send_next(&process).await {}
                sender
            })
        });
        let loads: Vec<_> = loads.collect();
        tokio::time::sleep(deadline.saturating_duration_since(Instant::now())).await;
        process.kill();
        senders = Vec::new();
        for load in loads {
            senders.push(load.await.unwrap());
        }
        if kill % 20 == 19 {
            let sent: u64 = senders.iter().map(Sender::acknowledged).sum();
            println!("{} kills, {sent} records acknowledged, {:.0?}", kill + 1, began.elapsed());
        }
    }
    let process = Process::start(dir.path(), &keys).await;
    for sender in &mut senders {
        sender.send_again(&process).await;
    }
    process.settled().await;
    let last = Oracle::of(&senders).check(&process).await;
    process.kill();
    // All rows of all areas against the stored readings, which the oracle did not ask for.
    process::replay(dir.path());
    let sent: u64 = senders.iter().map(Sender::acknowledged).sum();
    println!(
        "{kills} kills, {sent} records acknowledged, {last} aggregates at the end, {} compared in all",
        aggregates + last
    );
    assert!(sent > kills * 10, "too little was sent to prove anything: {sent} records");
}
