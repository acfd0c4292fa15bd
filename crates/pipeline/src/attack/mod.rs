//! An attacker of the protocol: random logs and hostile schedules, a recomputation from the log to
//! compare with, and, to show that the attacker can win, the same with each rule switched off.
//!
//! `WATTMAP_ATTACK_SECONDS=600 cargo test -p pipeline attack` searches that long;
//! `WATTMAP_ATTACK_SEED=7` begins at another seed.

mod cluster;
mod day;
mod dice;
mod dropped;
mod editions;
mod oracle;
mod owner;
mod producer;
mod reader;
mod recompute;
mod replayer;
mod replays;
mod scenes;
mod scenes_of_replays;
mod topic;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use self::dropped::Dropped;
use self::oracle::Difference;
use self::world::World;
use crate::rules::Rules;

/// What a search did.
#[derive(Debug, Default)]
struct Seen {
    schedules: u64,
    died: u64,
    died_in_flush: u64,
    decided: u64,
    arrived: u64,
    arrived_late: u64,
    arrived_twice: u64,
    expired: u64,
    replays: replays::Seen,
}

impl Seen {
    fn add(&mut self, world: &World) {
        let cluster = &world.shared.cluster;
        self.schedules += 1;
        self.died += world.died;
        self.died_in_flush += world.died_in_flush;
        self.decided += world.shared.decided;
        self.arrived += cluster.arrived;
        self.arrived_late += cluster.arrived_late;
        self.arrived_twice += cluster.arrived_twice;
        self.expired += world.expired;
        self.replays.add(world.replays);
    }
}

/// Runs seeds as long as `goes_on` says, or until enough is found: the first seed of each kind of difference.
fn search(
    dropped: Dropped,
    stage: u32,
    first: u64,
    goes_on: impl Fn(&Seen) -> bool,
    enough: &[Difference],
) -> (Seen, BTreeMap<Difference, u64>) {
    let (mut seen, mut found) = (Seen::default(), BTreeMap::new());
    let mut seed = first;
    while goes_on(&seen) && !enough.iter().any(|kind| found.contains_key(kind)) {
        for kind in differences(seed, dropped, stage, &mut seen) {
            found.entry(kind).or_insert(seed);
        }
        seed += 1;
    }
    (seen, found)
}

fn differences(seed: u64, dropped: Dropped, stage: u32, seen: &mut Seen) -> BTreeSet<Difference> {
    let mut world = World::new(seed, dropped, stage);
    world.run();
    seen.add(&world);
    world.compare()
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

fn first_seed() -> u64 {
    setting("WATTMAP_ATTACK_SEED").unwrap_or(0)
}

fn seconds() -> u64 {
    setting("WATTMAP_ATTACK_SECONDS").unwrap_or(20)
}

/// Whatever can be wrong.
const ANY: [Difference; 6] = [
    Difference::Sums,
    Difference::Live,
    Difference::Raw,
    Difference::Dead,
    Difference::Registrations,
    Difference::Twins,
];

#[test]
fn the_protocol_holds() {
    let (first, seconds) = (first_seed(), seconds());
    for stage in [1, 3] {
        // However slow the machine is, some thousands.
        let started = Instant::now();
        let goes_on = |seen: &Seen| seen.schedules < 2000 || started.elapsed().as_secs() < seconds / 2;
        let (seen, found) = search(Dropped::NOTHING, stage, first, goes_on, &ANY);
        println!("stage {stage}: {seen:?}");
        assert!(found.is_empty(), "stage {stage}: seeds of what went wrong: {found:?}");
        assert!(seen.died_in_flush > 0 && seen.arrived_late > 0, "nothing happened: {seen:?}");
    }
}

/// A rule, switched off. Without it, sums are wrong.
struct Ablation {
    rule: &'static str,
    /// What the attacker needs: 1 is one generation, nothing redriven, misrouted or expired; 3 is all.
    stage: u32,
    dropped: Dropped,
}

fn ablations() -> Vec<Ablation> {
    let world = |change: fn(&mut Dropped)| {
        let mut dropped = Dropped::NOTHING;
        change(&mut dropped);
        dropped
    };
    let rule = |change: fn(&mut Rules)| {
        let mut dropped = Dropped::NOTHING;
        change(&mut dropped.rules);
        dropped.raw_versions = !dropped.rules.raw_versions();
        dropped.area_history = !dropped.rules.area_history();
        dropped
    };
    let all = [
        ("1 skip_by_through", 1, rule(|r| r.skip_by_through = false)),
        ("2 stamp_by_position", 1, world(|d| d.stamp_by_position = true)),
        ("3 progress_last", 1, world(|d| d.progress_last = true)),
        ("4 progress_read_first", 1, world(|d| d.progress_read_first = true)),
        ("5 raw_versions", 1, rule(|r| r.raw_versions = false)),
        ("6 area_history", 1, rule(|r| r.area_history = false)),
        ("7 slow_path", 1, rule(|r| r.slow_path = false)),
        ("8 end_never_shrinks", 1, rule(|r| r.end_never_shrinks = false)),
        ("8 hints_reach_ahead", 1, rule(|r| r.hints_reach_ahead = false)),
        ("8 narrows_by_the_past", 1, rule(|r| r.narrows_by_the_past = false)),
        ("8 narrows_anew", 3, rule(|r| r.narrows_anew = false)),
        ("9 keep_until_acknowledged", 1, rule(|r| r.keep_until_acknowledged = false)),
        ("9 forget_between_batches", 1, rule(|r| r.forget_between_batches = false)),
        ("9 refuse_stale_answers", 1, rule(|r| r.refuse_stale_answers = false)),
        ("10 generations", 3, rule(|r| r.generations = false)),
        ("10 generation_in_the_log", 3, rule(|r| r.generation_in_the_log = false)),
        ("10 barrier", 3, rule(|r| r.barrier = false)),
        ("10 ask_again_after_restore", 3, rule(|r| r.ask_again_after_restore = false)),
        ("10 forget_between_generations", 3, rule(|r| r.forget_between_generations = false)),
        ("10 drained", 3, world(|d| d.drained = true)),
        ("11 check_partition", 3, rule(|r| r.check_partition = false)),
        ("12 redrive_yields", 3, rule(|r| r.redrive_yields = false)),
        ("13 skipped_counts_as_changed", 1, rule(|r| r.skipped_counts_as_changed = false)),
        ("14 retention_by_log_time", 3, world(|d| d.retention_by_log_time = true)),
        ("14 raw_rows_outlive", 3, world(|d| d.raw_rows_outlive = true)),
        ("15 windows_read_after_progress", 1, world(|d| d.windows_read_after_progress = true)),
        ("15 note_what_is_forgotten", 1, rule(|r| r.note_what_is_forgotten = false)),
    ];
    all.into_iter().map(|(rule, stage, dropped)| Ablation { rule, stage, dropped }).collect()
}

#[test]
fn every_rule_is_needed() {
    let mut unneeded = Vec::new();
    for Ablation { rule, stage, dropped } in ablations() {
        let (seen, found) = search(dropped, stage, 0, |seen| seen.schedules < 100_000, &[Difference::Sums]);
        println!("{rule}: {found:?} in {} schedules", seen.schedules);
        if !found.contains_key(&Difference::Sums) {
            unneeded.push(rule);
        }
    }
    assert!(unneeded.is_empty(), "no schedule was found that needs {unneeded:?}");
}
