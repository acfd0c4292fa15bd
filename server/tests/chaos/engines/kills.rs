//! Processes die at random moments, and between any two steps of a flush.

use std::os::unix::process::ExitStatusExt;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustix::process::Signal;

use super::super::load::Load;
use super::super::site::{Process, Site};
use super::{from_environment, moment, readings_are_found_again, replay_agrees, seed, turn};
use crate::support::Http;

/// Rounds, each with a seed of its own, unless the environment says otherwise.
const ROUNDS: u64 = 2;

/// Rounds that may be added until every step was the last, however the dice fall.
const MORE_ROUNDS: u64 = 10;

/// Deaths in the middle of a round, at least.
const DEATHS_A_ROUND: u64 = 5;

/// Steps of a flush, and how often they are passed before one of them is the last, at most.
const STEPS: [(&str, u32); 8] = [
    ("flush-begins", 6),
    ("flush-published", 6),
    ("flush-letters-told", 4),
    ("flush-announced", 4),
    ("flush-in-the-middle", 60),
    ("flush-written", 6),
    ("flush-stored", 6),
    ("flush-committed", 6),
];

/// An aggregator, and the step at which it dies by itself, if there is one.
struct Aggregator {
    process: Process,
    step: Option<usize>,
}

/// What lives, and how the others died.
struct World {
    site: Site,
    random: StdRng,
    aggregators: Vec<Aggregator>,
    servers: Vec<(Process, Http)>,
    /// How often each step was the last, and how often it was to be.
    at_steps: [u64; STEPS.len()],
    meant: [u64; STEPS.len()],
    of_servers: u64,
    at_random: u64,
}

impl World {
    async fn new() -> World {
        let site = Site::new(4);
        let safe = |number| Aggregator { process: site.aggregate(&name(number), &[]), step: None };
        let aggregators = (0..3).map(safe).collect();
        let servers = vec![site.serve("serve-0").await, site.serve("serve-1").await];
        World {
            site,
            random: StdRng::seed_from_u64(0),
            aggregators,
            servers,
            at_steps: [0; STEPS.len()],
            meant: [0; STEPS.len()],
            of_servers: 0,
            at_random: 0,
        }
    }

    fn deaths(&self) -> u64 {
        self.at_steps.iter().sum::<u64>() + self.of_servers + self.at_random
    }

    /// Whether everybody has died everywhere.
    fn is_complete(&self) -> bool {
        self.of_servers > 0 && self.at_random > 0 && self.at_steps.iter().all(|deaths| *deaths > 0)
    }

    /// Some die, and all that was acknowledged is counted once.
    async fn round(&mut self, seed: u64, load: &mut Load) {
        self.random = StdRng::seed_from_u64(seed);
        load.reseed(seed);
        load.goes_to(self.nodes());
        let sending = load.begin();
        for number in 0..3 {
            self.kill_aggregator(number, true);
        }
        let until = self.deaths() + DEATHS_A_ROUND;
        while self.deaths() < until {
            // Some of them die while others are still taking over: brokers need six seconds to notice.
            tokio::time::sleep(moment(&mut self.random, 300..6000)).await;
            self.replace_the_dead();
            match self.random.random_range(0..10) {
                0..2 => {
                    self.kill_server().await;
                    load.goes_to(self.nodes());
                }
                2..5 => {
                    let number = self.random.random_range(0..3);
                    self.at_random += u64::from(self.kill_aggregator(number, true));
                }
                _ => {}
            }
        }
        load.end(sending).await;
        // Nobody dies while it is compared.
        for number in 0..3 {
            self.kill_aggregator(number, false);
        }
        load.check(&self.site).await;
    }

    fn nodes(&self) -> Vec<Http> {
        self.servers.iter().map(|(_, http)| http.clone()).collect()
    }

    async fn kill_server(&mut self) {
        let number = self.random.random_range(0..self.servers.len());
        let (dies, _) = self.servers.remove(number);
        let name = dies.name.clone();
        dies.kill();
        self.of_servers += 1;
        self.servers.insert(number, self.site.serve(&name).await);
    }

    /// Another one comes in its place, that dies by itself or does not. Whether it lived until now.
    fn kill_aggregator(&mut self, number: usize, next_is_mortal: bool) -> bool {
        let lived = !self.note_if_dead(number);
        self.replace(number, next_is_mortal);
        lived
    }

    fn replace_the_dead(&mut self) {
        for number in 0..self.aggregators.len() {
            if self.note_if_dead(number) {
                self.replace(number, true);
            }
        }
    }

    /// Whether it has died by itself. It does so at its step, and nowhere else.
    fn note_if_dead(&mut self, number: usize) -> bool {
        let Aggregator { process, step } = &mut self.aggregators[number];
        let Some(status) = process.ended() else { return false };
        let aborted = status.signal() == Some(Signal::ABORT.as_raw());
        let step = step.filter(|_| aborted);
        let step = step.unwrap_or_else(|| panic!("{status}: {}", self.site.said(&name(number))));
        self.at_steps[step] += 1;
        true
    }

    /// Ends it if it lives. Nearly always the next one has a step at which it dies: that at which the fewest did.
    fn replace(&mut self, number: usize, is_mortal: bool) {
        let step = (is_mortal && self.random.random_bool(0.9)).then(|| self.rarest_step());
        let fatal = step.map(|step| {
            self.meant[step] += 1;
            let (step, most) = STEPS[step];
            format!("{step}={}*off->return", self.random.random_range(0..most))
        });
        let environment: Vec<_> = fatal.iter().map(|fatal| ("FAILPOINTS", fatal.as_str())).collect();
        let next = Aggregator { process: self.site.aggregate(&name(number), &environment), step };
        std::mem::replace(&mut self.aggregators[number], next).process.kill();
    }

    fn rarest_step(&self) -> usize {
        (0..STEPS.len()).min_by_key(|&step| (self.at_steps[step], self.meant[step])).unwrap()
    }

    fn told(&self) -> String {
        let by_step = STEPS.iter().zip(self.at_steps).map(|((step, _), deaths)| format!("{step} {deaths}"));
        let by_step = by_step.collect::<Vec<_>>().join(", ");
        format!(
            "{} died: {} at random, {} of serve; {by_step}",
            self.deaths(),
            self.at_random,
            self.of_servers
        )
    }
}

fn name(number: usize) -> String {
    format!("aggregate-{number}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn nothing_is_lost_or_counted_twice_when_processes_die() {
    let _turn = turn().await;
    let (rounds, first, began) = (from_environment("WATTMAP_TEST_ROUNDS", ROUNDS), seed(), Instant::now());
    let (mut world, mut load) = (World::new().await, Load::new(first));
    let mut round = 0;
    while round < rounds || !world.is_complete() {
        assert!(round < rounds + MORE_ROUNDS, "somewhere nobody died: {}", world.told());
        let seed = first.wrapping_add(round);
        round += 1;
        println!("round {round}: WATTMAP_TEST_SEED={seed} begins with it");
        world.round(seed, &mut load).await;
        println!(
            "{}; {} records acknowledged, {} aggregates compared, {:.0?}",
            world.told(),
            load.acknowledged(),
            load.compared,
            began.elapsed()
        );
    }
    readings_are_found_again(&world.site, &load);
    replay_agrees(&world.site);
}
