//! An owner as a driver runs it, one small step at a time, so that anything may happen in between.

use std::rc::Rc;

use metering::stored::{FlushPlan, MeterState, Windows};
use metering::{MeterId, Place};

use super::cluster::{Cluster, Message, Write};
use super::editions::Edition;
use super::world::{Shared, T0};
use crate::{Answers, Decoded, FlushId, Halt, Limits, Partition, PartitionConfig, Wants};

/// Reads are made one after the other, and what they found is supplied some time later.
#[derive(Debug)]
struct Reading {
    wants: Wants,
    answers: Answers,
    /// Registrations of the next meter are read, its hint is not yet.
    half: Option<MeterState>,
}

impl Reading {
    fn new(wants: Wants) -> Self {
        Reading { wants, answers: Answers::default(), half: None }
    }

    /// Reads the next thing. Says whether all is read.
    fn step(&mut self, shared: &mut Shared, edition: Edition, partition: u32) -> bool {
        let Shared { cluster, dice, .. } = shared;
        let Reading { wants, answers, half } = self;
        if let Some(id) = wants.meters.get(answers.meters.len()) {
            match half.take() {
                None => {
                    let registrations = cluster.registrations(dice, id);
                    *half = Some(MeterState { hint: None, registrations });
                }
                Some(state) => answers.meters.push(MeterState { hint: cluster.hint(dice, id), ..state }),
            }
        } else if let Some(range) = wants.raw.get(answers.raw.len()) {
            answers.raw.push(cluster.raw(dice, &range.meter, range.from.0, range.to.0));
        } else if let Some(place) = wants.places.get(answers.rows.len()) {
            answers.rows.push(cluster.row(dice, edition, place, partition));
        } else {
            return true;
        }
        false
    }
}

/// A flush under way: waves of writes, each wave acknowledged before the next begins.
#[derive(Debug)]
struct Flushing {
    id: FlushId,
    plan: FlushPlan,
    /// The last wave comes first.
    waves: Vec<Vec<Write>>,
    sent: Vec<Message>,
    acknowledged: bool,
}

#[derive(Debug)]
pub(super) struct Owner {
    pub(super) topic: usize,
    pub(super) partition: u32,
    /// Of the aggregates, until it hears of another one.
    pub(super) edition: Edition,
    /// Of one that brings an edition up: what others have stored, and no further; it tells nobody.
    only_to: Option<i64>,
    /// Replaced when it begins anew.
    alive: Rc<()>,
    core: Option<Partition>,
    reading: Option<Reading>,
    /// Against rule 4: read before progress.
    preloaded: Option<Reading>,
    /// Against rule 15: read before progress.
    windows: Option<Windows>,
    flushing: Option<Flushing>,
    publishing: Vec<Message>,
    pub(super) sent: Vec<Message>,
}

impl Owner {
    pub(super) fn new(topic: usize, partition: u32, edition: Edition) -> Self {
        Owner {
            topic,
            partition,
            edition,
            only_to: None,
            alive: Rc::default(),
            core: None,
            reading: None,
            preloaded: None,
            windows: None,
            flushing: None,
            publishing: Vec::new(),
            sent: Vec::new(),
        }
    }

    /// Of those that bring an edition up.
    pub(super) fn silent(topic: usize, partition: u32, edition: Edition, only_to: i64) -> Self {
        Owner { only_to: Some(only_to), ..Owner::new(topic, partition, edition) }
    }

    /// Hears which edition is in use. Another one is a restart with another progress (rule 16).
    pub(super) fn hear(&mut self, shared: &Shared) {
        let in_use = shared.note.in_use;
        if in_use == self.edition {
            return;
        }
        if shared.dropped.rules.a_switch_is_a_restart {
            let sent = std::mem::take(&mut self.sent);
            *self = Owner { sent, ..Owner::new(self.topic, self.partition, in_use) };
        }
        self.edition = in_use;
    }

    pub(super) fn next_offset(&self) -> i64 {
        self.core.as_ref().map_or(0, Partition::next_offset)
    }

    pub(super) fn flushes(&self) -> bool {
        self.flushing.is_some()
    }

    /// One step of reading the log. Says whether the owner goes on.
    pub(super) fn work(&mut self, shared: &mut Shared) -> bool {
        let Some(core) = &mut self.core else { return self.restore(shared) };
        let quiet = if self.reading.is_some() { 0.2 } else { 1.0 };
        if shared.dice.chance(shared.day.batches * quiet) {
            let forgets = shared.dice.chance(shared.day.forgetful);
            let all = Limits { meters: 0, rows: 0, versions: 0 };
            core.config.limits = if forgets { all } else { Limits::default() };
            core.end_batch();
            if shared.dice.chance(0.05) {
                self.publish(shared);
            }
            return true;
        }
        if let Some(reading) = &mut self.reading {
            if reading.step(shared, self.edition, self.partition) {
                let Reading { wants, answers, .. } = self.reading.take().expect("it is there");
                core.supply(&wants, answers).expect("as many answers as questions");
            }
            return true;
        }
        if let Some(barrier) = core.barrier() {
            let former = 0..barrier.former_partitions;
            let progress: Vec<_> =
                former.map(|p| shared.cluster.progress(&mut shared.dice, self.edition, p)).collect();
            core.former_progress(&progress);
            return true;
        }
        let log = &shared.topics[self.topic].partitions[self.partition as usize];
        let log = &log[..self.only_to.map_or(log.len(), |end| log.len().min(end as usize))];
        let next = core.next_offset() as usize;
        let mut ahead = log.iter().enumerate().skip(next).map(|(n, entry)| {
            let mut record = entry.at(n as i64);
            if shared.dropped.retention_by_log_time {
                record.appended_ms = (T0 + shared.log_time * 900) * 1000;
            }
            Decoded::new(record)
        });
        if shared.dice.chance(0.3) {
            let batch: Vec<_> = ahead.by_ref().take(1 + shared.dice.below(8)).collect();
            let wants = core.wants(&batch);
            self.reading = (!wants.is_empty()).then(|| Reading::new(wants));
        } else if let Some(record) = ahead.next() {
            match core.apply(&record) {
                Ok(_) => shared.decided += 1,
                Err(Halt::Missing(wants)) => self.reading = Some(Reading::new(wants)),
                Err(Halt::Unannounced(_)) => core.announced(&shared.topics[self.topic].generations),
                Err(halt) => panic!("{halt}"),
            }
        }
        true
    }

    fn restore(&mut self, shared: &mut Shared) -> bool {
        let topic = &shared.topics[self.topic];
        let mut config = PartitionConfig {
            partition: self.partition,
            generations: topic.generations.clone(),
            retention_s: shared.day.retention * 900,
            ahead_s: shared.day.ahead * 900,
            areas: shared.areas.clone(),
            hint_step_s: shared.day.hint_step * 900,
            limits: Limits::default(),
        };
        if shared.dropped.progress_read_first {
            let preloaded = self.preloaded.get_or_insert_with(|| {
                let core = Partition::restore(config.clone(), None).expect("a sound configuration");
                Reading::new(everything(&core, &shared.meters, &shared.areas))
            });
            if !preloaded.step(shared, self.edition, self.partition) {
                return true;
            }
        }
        if shared.dropped.windows_read_after_progress && self.windows.is_none() {
            self.windows = Some(shared.cluster.windows(&mut shared.dice, self.edition, self.partition));
            return true;
        }
        let progress = shared.restore_point(self.topic, self.edition, self.partition);
        // It knows what was announced when it was told, but nothing older than what it found.
        let topic = &shared.topics[self.topic];
        let needed = progress.map_or(1, |at| at.generation.saturating_sub(topic.first_generation()) + 1);
        let told = shared.dice.below(topic.generations.len()) + 1;
        config.generations.truncate(told.max(needed as usize));
        let Ok(mut core) = Partition::restore_with(shared.dropped.rules, config, progress) else {
            return false;
        };
        let windows = self.windows.take();
        core.rows_are_in(
            windows.unwrap_or_else(|| shared.cluster.windows(&mut shared.dice, self.edition, self.partition)),
        );
        if let Some(Reading { wants, answers, .. }) = self.preloaded.take() {
            core.supply(&wants, answers).expect("as many answers as questions");
        }
        self.core = Some(core);
        true
    }

    fn publish(&mut self, shared: &mut Shared) {
        let Some(core) = &mut self.core else { return };
        let live = core.take_live();
        if self.only_to.is_some() {
            return;
        }
        let messages = Cluster::live(self.edition, self.partition, &live.rows).into_iter();
        let alive = Rc::downgrade(&self.alive);
        let messages: Vec<_> = messages.map(|write| shared.cluster.send(write, alive.clone())).collect();
        self.sent.extend(messages.iter().cloned());
        // A sender that is told it failed does not know that; what it sent may arrive all the same.
        if shared.dice.chance(0.2) {
            core.publish_again(live);
        } else {
            self.publishing.extend(messages);
        }
    }

    /// One step of flushing. Says whether it is finished.
    pub(super) fn flush(&mut self, shared: &mut Shared) -> bool {
        let Some(core) = &mut self.core else { return true };
        let Some(flushing) = &mut self.flushing else {
            let Some(flush) = core.take_flush() else { return true };
            let mut data = shared.cluster.writes(&shared.dropped, self.edition, &flush.plan);
            if self.only_to.is_none() {
                data.extend(Cluster::live(self.edition, self.partition, &flush.live.rows));
            }
            shared.dice.shuffle(&mut data);
            let progress = vec![shared.cluster.progress_write(&shared.dropped, self.edition, &flush.plan)];
            let waves =
                if shared.dropped.progress_last { vec![data, progress] } else { vec![progress, data] };
            let (id, plan) = (flush.id, flush.plan);
            self.flushing = Some(Flushing { id, plan, waves, sent: Vec::new(), acknowledged: false });
            return false;
        };
        if flushing.acknowledged {
            if self.only_to.is_none() {
                shared.committed.insert((self.topic, self.partition), flushing.plan.progress);
            }
            self.flushing = None;
            return true;
        }
        if let Some(wave) = flushing.waves.last_mut() {
            match wave.pop() {
                Some(write) => {
                    let message = shared.cluster.send(write, Rc::downgrade(&self.alive));
                    self.sent.push(message.clone());
                    flushing.sent.push(message);
                }
                None => {
                    self.publishing.retain(|message| !message.acknowledged.get());
                    flushing.sent.retain(|message| !message.acknowledged.get());
                    if flushing.sent.is_empty() && self.publishing.is_empty() {
                        flushing.waves.pop();
                    }
                }
            }
            return false;
        }
        core.flushed(flushing.id);
        flushing.acknowledged = true;
        false
    }
}

/// Every meter, and every row that there may be.
fn everything(core: &Partition, meters: &[MeterId], areas: &[metering::AreaCode]) -> Wants {
    let first = (T0 / 1800) as i32;
    let windows = (first..first + 80).map(metering::Window);
    let places =
        windows.flat_map(|window| areas.iter().map(move |area| Place { area: area.clone(), window }));
    let mut wants = core.want_places(&[]);
    wants.meters = meters.to_vec();
    wants.places = places.collect();
    wants
}
