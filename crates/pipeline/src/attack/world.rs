//! Random logs and random schedules: owners that sleep, die and wake up late, more than one of a
//! partition at once, writes that travel, readings that are retried, corrected, misrouted and redriven,
//! partitions that are added, logs that are created anew, rows and records that expire.

use std::collections::HashMap;

use metering::wire::Record;
use metering::{AreaCode, MeterId, Position, Reading, Window};

use super::cluster::{Cluster, Value};
use super::day::{Day, FOREVER};
use super::dice::Dice;
use super::dropped::Dropped;
use super::editions::{Edition, Note};
use super::owner::Owner;
use super::reader::Reader;
use super::replayer::Replayer;
use super::topic::{Entry, Meant, Topic};

/// Where time begins: a full hour. The unit of time is a quarter of an hour, 900 s.
pub(super) const T0: i64 = 1_699_920_000;
pub(super) const FIRST_WINDOW: Window = Window((T0 / 1800) as i32);
pub(super) const LAST_WINDOW: Window = Window(i32::MAX);

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
    pub(super) note: Note,
    /// The edition of which a row was made wrong.
    pub(super) damaged: Option<Edition>,
}

impl Shared {
    pub(super) fn restore_point(
        &mut self,
        topic: usize,
        edition: Edition,
        partition: u32,
    ) -> Option<Position> {
        let mut progress = self.cluster.progress(&mut self.dice, edition, partition);
        if self.dice.chance(self.day.rewinds) {
            progress = match edition {
                0 => self.committed.get(&(topic, partition)).copied().or(progress),
                // The commit may be that of another edition's owner, who was further.
                _ => self.somewhere_before(topic, partition, progress),
            };
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

    fn somewhere_before(
        &mut self,
        topic: usize,
        partition: u32,
        progress: Option<Position>,
    ) -> Option<Position> {
        let log = &self.topics[topic];
        let at = progress.filter(|at| at.generation >= log.first_generation() && at.offset >= 0)?;
        let offset =
            self.dice.below(at.offset as usize + 1).min(log.partitions[partition as usize].len() - 1);
        Some(log.position(partition as usize, offset as i64))
    }
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) shared: Shared,
    pub(super) owners: Vec<Owner>,
    pub(super) replayers: Vec<Replayer>,
    pub(super) readers: Vec<Reader>,
    /// Those of the last generation, to be repeated and corrected.
    pub(super) readings: Vec<Reading>,
    /// More come in while owners decide.
    pub(super) produces: bool,
    /// Raw rows that start before this are gone.
    pub(super) expired_before: i64,
    pub(super) died: u64,
    pub(super) died_in_flush: u64,
    pub(super) expired: u64,
    pub(super) replays: super::replays::Seen,
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
            note: Note::default(),
            damaged: None,
            dice,
        };
        World {
            readers: vec![Reader::default()],
            shared,
            owners: Vec::new(),
            replayers: Vec::new(),
            readings: Vec::new(),
            produces: false,
            expired_before: i64::MIN,
            died: 0,
            died_in_flush: 0,
            expired: 0,
            replays: super::replays::Seen::default(),
        }
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
                Record::Registration(registration, _) => registration.meter.to_string(),
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
        let topic = self.shared.topics.len() - 1;
        self.owners.push(Owner::new(topic, partition, self.shared.note.in_use));
        self.owners.len() - 1
    }

    fn kill(&mut self, n: usize) {
        let owner = self.owners.remove(n);
        self.died += 1;
        self.died_in_flush += u64::from(owner.flushes());
        self.shared.lose(owner.sent.iter());
    }

    pub(super) fn arrive(&mut self) {
        let Shared { dice, cluster, day, dropped, .. } = &mut self.shared;
        if let Some(message) = cluster.arrive(dice, day.twice) {
            self.readers.iter_mut().for_each(|reader| reader.take(&message, dropped.rules));
        }
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
            self.replays_go_on();
        }
    }

    fn chaos(&mut self, rounds: usize) {
        self.produces = true;
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
        self.produces = false;
    }

    /// A last honest owner of every partition, with whoever else is still about.
    pub(super) fn catch_up(&mut self) {
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
            self.replays_go_on();
            let (log, in_use) = (&self.shared.topics[topic].partitions, self.shared.note.in_use);
            let behind: Vec<usize> = (0..partitions)
                .filter(|&p| {
                    let owner = &self.owners[others + p];
                    owner.next_offset() < log[p].len() as i64 || owner.edition != in_use
                })
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
        let caught_up_in = self.shared.note.in_use;
        self.stretch(steps); // the sleepers wake up once more
        self.end_replays(caught_up_in);
        self.settle();
    }

    /// Everything under way arrives.
    pub(super) fn settle(&mut self) {
        self.shared.day.twice = 0.0;
        while !self.shared.cluster.flight.is_empty() || !self.shared.cluster.ghosts.is_empty() {
            self.arrive();
        }
        if self.shared.day.replays > 0.0 {
            self.readers_go_on(1.0); // at last
        }
    }

    /// The log drops its old records, which is allowed only where nobody still needs them; the store
    /// drops raw rows that no remaining record can be about.
    fn expire(&mut self) {
        let oldest = self.shared.log_time - self.shared.dice.choice(&[0, 1, 3]);
        let topic_ix = self.shared.topics.len() - 1;
        let mut starts = Vec::new();
        for partition in 0..self.last_topic().partitions.len() {
            let in_use = self.shared.note.in_use;
            let progress = self.shared.cluster.progress(&mut self.shared.dice, in_use, partition as u32);
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
        let margin = if self.shared.dropped.raw_rows_outlive { 0 } else { 6 };
        let before = T0 + (oldest - self.shared.day.retention - margin) * 900;
        let before = before.max(self.expired_before);
        let needed = |replayer: &Replayer| {
            (0..).zip(&starts).any(|(partition, start)| replayer.needs(partition, *start, before))
        };
        if self.replayers.iter().any(needed) {
            return;
        }
        let topic = self.last_topic();
        for (held, start) in topic.log_start.iter_mut().zip(&starts) {
            *held = (*held).max(*start);
        }
        self.expired_before = before;
        let count = |cluster: &Cluster| cluster.rows().filter(|(_, v)| matches!(v, Value::Raw(_))).count();
        let had = count(&self.shared.cluster);
        self.shared.cluster.expire(self.expired_before);
        self.expired += (had - count(&self.shared.cluster)) as u64;
    }
}
