//! Random logs and random schedules: owners that sleep, die and wake up late, more than one of a
//! partition at once, writes that travel, readings that are retried, corrected, misrouted and redriven,
//! partitions that are added, logs that are created anew, rows and records that expire.

use std::collections::HashMap;
use std::rc::Rc;

use metering::wire::Record;
use metering::{AreaCode, MeterId, Position};

use super::cluster::{Cluster, Value};
use super::dice::Dice;
use super::owner::Owner;
use super::topic::{Entry, Meant, Topic};
use crate::rules::Rules;

/// Where time begins: a full hour. The unit of time is a quarter of an hour, 900 s.
pub(super) const T0: i64 = 1_699_920_000;
const FOREVER: i64 = 1_000_000;

/// What is switched off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dropped {
    pub(super) rules: Rules,
    pub(super) stamp_by_position: bool,
    pub(super) progress_last: bool,
    pub(super) progress_read_first: bool,
    pub(super) raw_versions: bool,
    pub(super) area_history: bool,
    pub(super) drained: bool,
    pub(super) retention_by_log_time: bool,
    pub(super) raw_rows_outlive: bool,
    pub(super) windows_read_after_progress: bool,
}

impl Dropped {
    pub(super) const NOTHING: Dropped = Dropped {
        rules: Rules::PROTOCOL,
        stamp_by_position: false,
        progress_last: false,
        progress_read_first: false,
        raw_versions: false,
        area_history: false,
        drained: false,
        retention_by_log_time: false,
        raw_rows_outlive: false,
        windows_read_after_progress: false,
    };
}

/// What kind of day it is. Drawn once a run, so that extreme mixtures occur.
#[derive(Debug)]
pub(super) struct Day {
    pub(super) hours: usize,
    pub(super) moves: f64,
    pub(super) repeats: f64,
    crashes: f64,
    /// How fast writes travel.
    arrivals: f64,
    /// Of a dead sender's writes.
    losses: f64,
    /// Writes that arrive again later.
    twice: f64,
    pub(super) batches: f64,
    flushes: f64,
    most_owners: usize,
    pub(super) forgetful: f64,
    /// Starts at the log's commit instead of progress.
    rewinds: f64,
    pub(super) misroutes: f64,
    redrives: f64,
    pub(super) nonsense: f64,
    pub(super) retention: i64,
    /// How far in the log's future readings may end.
    pub(super) ahead: i64,
    generations: u32,
    pub(super) hint_step: i64,
}

impl Day {
    fn draw(dice: &mut Dice, stage: u32) -> Self {
        let late = stage >= 3;
        Day {
            hours: dice.choice(&[1, 2, 3]),
            moves: dice.choice(&[0.05, 0.2, 0.4]),
            repeats: dice.choice(&[0.0, 0.2, 0.5]),
            crashes: dice.choice(&[0.0, 0.002, 0.01, 0.03]),
            arrivals: dice.choice(&[0.02, 0.1, 0.4]),
            losses: dice.choice(&[0.0, 0.5]),
            twice: dice.choice(&[0.0, 0.1, 0.5]),
            batches: dice.choice(&[0.1, 0.3, 0.6]),
            flushes: dice.choice(&[0.01, 0.05, 0.2]),
            most_owners: dice.choice(&[1, 2, 2, 3]),
            forgetful: dice.choice(&[0.0, 0.1, 0.5]),
            rewinds: dice.choice(&[0.0, 0.3]),
            misroutes: if late { dice.choice(&[0.0, 0.0, 0.1]) } else { 0.0 },
            redrives: if late { dice.choice(&[0.0, 0.01, 0.05]) } else { 0.0 },
            nonsense: if late { dice.choice(&[0.0, 0.0, 0.1]) } else { 0.0 },
            retention: if late { dice.choice(&[FOREVER, 2, 4, 8]) } else { FOREVER },
            ahead: if late { dice.choice(&[FOREVER, FOREVER, 4, 8]) } else { FOREVER },
            generations: if late { dice.choice(&[1, 1, 2, 3]) } else { 1 },
            hint_step: dice.choice(&[2, 4, 8]),
        }
    }
}

/// What owners see of the world.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) dice: Dice,
    pub(super) dropped: Dropped,
    pub(super) day: Day,
    pub(super) cluster: Cluster,
    pub(super) topics: Vec<Topic>,
    pub(super) meters: Vec<MeterId>,
    pub(super) areas: Vec<AreaCode>,
    pub(super) committed: HashMap<(usize, u32), Position>,
    pub(super) log_time: i64,
    pub(super) decided: u64,
}

impl Shared {
    pub(super) fn restore_point(&mut self, topic: usize, partition: u32) -> Option<Position> {
        let mut progress = self.cluster.progress(&mut self.dice, partition);
        if self.dice.chance(self.day.rewinds) {
            progress = self.committed.get(&(topic, partition)).copied().or(progress);
        }
        let log = &self.topics[topic];
        let start = log.log_start[partition as usize];
        if start > 0 {
            progress = progress.max(Some(log.position(partition as usize, start - 1)));
        }
        let rules = self.dropped.rules;
        if !rules.generation_in_the_log() {
            // What one would do who learns of the generation from elsewhere.
            let here = progress.filter(|at| at.generation >= log.first_generation());
            progress = here.map(|at| Position::new(log.last().generation, at.offset)).or(progress);
        }
        progress
    }
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) shared: Shared,
    pub(super) owners: Vec<Owner>,
    /// Raw rows that start before this are gone.
    pub(super) expired_before: i64,
    pub(super) died: u64,
    pub(super) died_in_flush: u64,
    pub(super) expired: u64,
}

impl World {
    pub(super) fn new(seed: u64, dropped: Dropped, stage: u32) -> Self {
        let mut dice = Dice::new(seed);
        let mut names: Vec<usize> = (0..12).collect();
        dice.shuffle(&mut names);
        names.truncate(dice.choice(&[1, 1, 2, 3]));
        let meters = names.iter().map(|n| MeterId::parse(&format!("m{n}")).expect("a name"));
        let areas = &["X", "Y", "Z"][..dice.choice(&[1, 2, 2, 3])];
        let day = Day::draw(&mut dice, stage);
        let flickers = dice.choice(&[0.0, 0.3]);
        let topic = Topic::new(1, dice.choice(&[1, 2]));
        let shared = Shared {
            dropped,
            day,
            cluster: Cluster::new(flickers),
            topics: vec![topic],
            meters: meters.collect(),
            areas: areas.iter().map(|area| AreaCode::parse(area).expect("a code")).collect(),
            committed: HashMap::new(),
            log_time: 0,
            decided: 0,
            dice,
        };
        World { shared, owners: Vec::new(), expired_before: i64::MIN, died: 0, died_in_flush: 0, expired: 0 }
    }

    /// A world in which nothing happens by chance.
    pub(super) fn quiet(dropped: Dropped, records: Vec<Record>) -> Self {
        let mut world = World::new(0, dropped, 1);
        world.shared.day.twice = 0.0;
        world.shared.day.rewinds = 0.0;
        world.shared.cluster.flickers = 0.0;
        world.shared.areas = ["X", "Y", "Z"].map(|area| AreaCode::parse(area).expect("a code")).to_vec();
        let mut topic = Topic::new(1, 1);
        topic.partitions[0].extend(records.into_iter().map(|record| {
            let key = match &record {
                Record::Reading(reading, _) => reading.meter.to_string(),
                Record::Registration(registration) => registration.meter.to_string(),
                Record::GenerationBegins(_) => String::new(),
            };
            Entry::new(&key, record, T0 * 1000)
        }));
        world.shared.topics = vec![topic];
        world
    }

    pub(super) fn last_topic(&mut self) -> &mut Topic {
        self.shared.topics.last_mut().expect("there is always a log")
    }

    pub(super) fn start(&mut self, partition: u32) -> usize {
        self.owners.push(Owner::new(self.shared.topics.len() - 1, partition));
        self.owners.len() - 1
    }

    fn kill(&mut self, n: usize) {
        let owner = self.owners.remove(n);
        self.died += 1;
        self.died_in_flush += u64::from(owner.flushes());
        let Shared { dice, cluster, day, .. } = &mut self.shared;
        for message in &owner.sent {
            if !message.acknowledged.get() && dice.chance(day.losses) {
                cluster.flight.retain(|other| !Rc::ptr_eq(&other.acknowledged, &message.acknowledged));
            }
        }
    }

    pub(super) fn arrive(&mut self) {
        let Shared { dice, cluster, day, .. } = &mut self.shared;
        cluster.arrive(dice, day.twice);
    }

    /// One owner goes on by one step of one of its two activities. Says whether it lives.
    fn step(&mut self, n: usize) -> bool {
        let owner = &mut self.owners[n];
        let begins = !owner.flushes() && self.shared.dice.chance(self.shared.day.flushes);
        if begins || owner.flushes() && self.shared.dice.chance(0.6) {
            owner.flush(&mut self.shared);
        } else if !owner.work(&mut self.shared) {
            self.kill(n);
            return false;
        }
        true
    }

    /// Some owners run and others sleep; afterwards it may be the other way round.
    fn stretch(&mut self, steps: usize) {
        let mut weights: Vec<f64> =
            self.owners.iter().map(|_| self.shared.dice.choice(&[0.0, 0.0, 0.3, 1.0])).collect();
        for _ in 0..steps {
            if self.shared.dice.chance(self.shared.day.arrivals) {
                self.arrive();
            }
            if !self.owners.is_empty() {
                let n = self.shared.dice.below(self.owners.len());
                if self.shared.dice.chance(weights[n]) && !self.step(n) {
                    weights.remove(n);
                }
            }
            if !self.owners.is_empty() && self.shared.dice.chance(self.shared.day.crashes) {
                let n = self.shared.dice.below(self.owners.len());
                self.kill(n);
                weights.remove(n);
            }
        }
    }

    fn chaos(&mut self, rounds: usize) {
        for _ in 0..rounds {
            let partitions = self.last_topic().partitions.len();
            let partition = self.shared.dice.below(partitions) as u32;
            let owners = self.owners.iter().filter(|owner| owner.partition == partition).count();
            if owners < self.shared.day.most_owners {
                self.start(partition);
            }
            if self.shared.dice.chance(self.shared.day.redrives * 10.0) {
                self.redrive();
            }
            if self.shared.dice.chance(0.2) && self.shared.day.retention < FOREVER {
                self.expire();
            }
            let steps = self.shared.dice.choice(&[10, 40, 120]);
            self.stretch(steps);
        }
    }

    /// A last honest owner of every partition, with whoever else is still about.
    fn catch_up(&mut self) {
        for n in (0..self.owners.len()).rev() {
            if self.shared.dice.chance(0.5) {
                self.kill(n);
            }
        }
        let topic = self.shared.topics.len() - 1;
        let partitions = self.last_topic().partitions.len();
        // Honest owners stand behind the others, and nobody is killed while they work.
        let others = self.owners.len();
        for partition in 0..partitions {
            self.start(partition as u32);
        }
        let mut alive: Vec<bool> = vec![true; others];
        for _ in 0..200_000 {
            let log = &self.shared.topics[topic].partitions;
            let behind: Vec<usize> = (0..partitions)
                .filter(|&p| self.owners[others + p].next_offset() < log[p].len() as i64)
                .collect();
            if behind.is_empty() {
                break;
            }
            let flushes = self.owners[others..].iter().any(Owner::flushes);
            if flushes || self.shared.dice.chance(self.shared.day.arrivals) {
                self.arrive();
            }
            if others > 0 && self.shared.dice.chance(0.2) {
                let n = self.shared.dice.below(others);
                // One whose log is gone does nothing any more.
                alive[n] = alive[n] && self.work_or_flush(n);
            }
            let p = if self.shared.dice.chance(0.5) {
                behind[self.shared.dice.below(behind.len())]
            } else {
                self.shared.dice.below(partitions)
            };
            self.work_or_flush(others + p);
        }
        for n in others..others + partitions {
            for _ in 0..2 {
                // The flush under way, and a last one.
                while !self.owners[n].flush(&mut self.shared) {
                    self.arrive();
                }
            }
        }
        for n in (0..self.owners.len()).rev() {
            let gone = n < others && !alive[n];
            if gone || n >= others && self.shared.dice.chance(0.5) {
                self.kill(n);
            }
        }
    }

    /// As [`World::step`], but whoever stops stays in its place.
    fn work_or_flush(&mut self, n: usize) -> bool {
        let owner = &mut self.owners[n];
        let begins = !owner.flushes() && self.shared.dice.chance(self.shared.day.flushes);
        if begins || owner.flushes() && self.shared.dice.chance(0.6) {
            owner.flush(&mut self.shared);
            return true;
        }
        owner.work(&mut self.shared)
    }

    pub(super) fn run(&mut self) {
        for generation in 1..=self.shared.day.generations {
            let count = self.shared.dice.choice(&[3, 6, 12, 25]);
            self.produce(count);
            let rounds = self.shared.dice.choice(&[2, 8, 20]);
            self.chaos(rounds);
            let (last, grow) = (generation == self.shared.day.generations, self.shared.dice.chance(0.6));
            let undrained = self.shared.dropped.drained || grow && self.shared.dice.chance(0.7);
            if last || !undrained {
                self.catch_up(); // a log that grows need not be drained
                self.expire();
            }
            if !last {
                self.migrate(generation + 1, grow);
            }
        }
        let steps = self.shared.dice.choice(&[0, 120]);
        self.stretch(steps); // the sleepers wake up once more
        self.settle();
    }

    /// Everything under way arrives.
    pub(super) fn settle(&mut self) {
        self.shared.day.twice = 0.0;
        while !self.shared.cluster.flight.is_empty() || !self.shared.cluster.ghosts.is_empty() {
            self.arrive();
        }
    }

    /// The log drops its old records, which is allowed only where nobody still needs them; the store
    /// drops raw rows that no remaining record can be about.
    fn expire(&mut self) {
        let oldest = self.shared.log_time - self.shared.dice.choice(&[0, 1, 3]);
        let topic_ix = self.shared.topics.len() - 1;
        let mut starts = Vec::new();
        for partition in 0..self.last_topic().partitions.len() {
            let progress = self.shared.cluster.progress(&mut self.shared.dice, partition as u32);
            let topic = &self.shared.topics[topic_ix];
            let is_old = |entry: &Entry| {
                matches!(entry.meant, Meant::Record(Record::Reading(..)))
                    && entry.appended_ms < (T0 + oldest * 900) * 1000
            };
            let start = topic.partitions[partition].iter().rposition(is_old).map_or(0, |n| n as i64 + 1);
            if start > 0 && progress < Some(topic.position(partition, start - 1)) {
                return;
            }
            starts.push(start);
        }
        for owner in &self.owners {
            if owner.topic != topic_ix || owner.next_offset() < starts[owner.partition as usize] {
                return;
            }
        }
        let topic = self.last_topic();
        for (held, start) in topic.log_start.iter_mut().zip(&starts) {
            *held = (*held).max(*start);
        }
        let margin = if self.shared.dropped.raw_rows_outlive { 0 } else { 6 };
        let before = T0 + (oldest - self.shared.day.retention - margin) * 900;
        self.expired_before = self.expired_before.max(before);
        let count = |cluster: &Cluster| cluster.rows().filter(|(_, v)| matches!(v, Value::Raw(_))).count();
        let had = count(&self.shared.cluster);
        self.shared.cluster.expire(self.expired_before);
        self.expired += (had - count(&self.shared.cluster)) as u64;
    }
}
