//! Who makes aggregates anew, as `wattmap replay` does, one small step at a time: rows and progress of
//! another edition from the stored readings, owners of its own that bring it up, and a note that puts it in
//! use. It may sleep or die between any two steps, and another one may begin meanwhile.

use std::rc::{Rc, Weak};

use metering::aggregate::Totals;
use metering::stored::{FlushPlan, PlacedRow, RawVersion};
use metering::{AggregateRow, Place, Position, Window};

use super::cluster::{Message, Write};
use super::editions::{Edition, Note};
use super::owner::Owner;
use super::recompute::{Basis, Places, by_start};
use super::world::{FIRST_WINDOW, LAST_WINDOW, Shared};

/// The windows of what is a day here. No reading reaches into the next one.
const DAY: i32 = 4;

/// What it does next.
#[derive(Debug)]
enum Step {
    /// What is in the log is aggregated first.
    Drain(Vec<i64>),
    Note,
    Begin(Note),
    RemoveLeft,
    /// Progress, a partition after the other: before anything else (rule 4).
    Began,
    Announced,
    Span(usize),
    Day,
    Rows(usize, (Window, Option<u32>)),
    WaitForProgress,
    Versions,
    Progress,
    CatchUp,
    Undecided(Vec<i64>, Vec<i64>),
    Owners(Vec<i64>),
    PutInUse,
    RemoveFormer,
    End,
}

/// Whether it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goes {
    On,
    /// It is done, or can't go on.
    End,
}

#[derive(Debug)]
pub(super) struct Replayer {
    topic: usize,
    /// As it has noted it.
    note: Note,
    from: Edition,
    to: Edition,
    next: Step,
    basis: Basis,
    /// Readings that start earlier may be gone.
    whole_from: i64,
    /// The first window of the next day, and the last one that there are rows in.
    day: Window,
    last: Window,
    rows: Places<AggregateRow>,
    versions: Vec<Vec<RawVersion>>,
    /// Flushes under way: the last wave of writes comes first.
    waves: Vec<Vec<Write>>,
    sent: Vec<Message>,
    unacknowledged: Vec<Message>,
    owners: Vec<Owner>,
    /// Records that may be left when it is put in use.
    pub(super) nearly: i64,
    left: Option<i64>,
    pub(super) put_in_use: bool,
}

impl Replayer {
    pub(super) fn new(shared: &mut Shared, expired_before: i64) -> Self {
        let topic = shared.topics.len() - 1;
        let heads = shared.topics[topic].partitions.iter().map(|log| log.len() as i64).collect();
        Replayer {
            topic,
            note: Note::default(),
            from: 0,
            to: 0,
            next: Step::Drain(heads),
            basis: Basis { generations: Vec::new(), began: Vec::new() },
            whole_from: expired_before,
            day: LAST_WINDOW,
            last: FIRST_WINDOW,
            rows: Places::new(),
            versions: Vec::new(),
            waves: Vec::new(),
            sent: Vec::new(),
            unacknowledged: Vec::new(),
            owners: Vec::new(),
            nearly: shared.dice.choice(&[1, 2, 5]),
            left: None,
            put_in_use: false,
        }
    }

    /// Everything that it and its owners have sent.
    pub(super) fn sent(&self) -> impl Iterator<Item = &Message> {
        self.sent.iter().chain(self.owners.iter().flat_map(|owner| &owner.sent))
    }

    /// Whether it needs what the log has before an offset, or readings that start before a time: what is kept longer than
    /// anybody needs it is kept longer than a replay takes.
    pub(super) fn needs(&self, partition: u32, log_start: i64, before: i64) -> bool {
        let began = self.basis.began.get(partition as usize);
        self.whole_from < before || began.is_some_and(|at| at.offset + 1 < log_start)
    }

    pub(super) fn is_at(&self, next: &str) -> bool {
        format!("{:?}", self.next).starts_with(next)
    }

    pub(super) fn step(&mut self, shared: &mut Shared, everybody_heard: bool) -> Goes {
        if self.writes(shared) {
            return Goes::On;
        }
        let rules = shared.dropped.rules;
        let next = match std::mem::replace(&mut self.next, Step::End) {
            Step::Drain(heads) => {
                let progress = self.progress(shared, shared.note.in_use, heads.len());
                let done = heads.iter().zip(progress).all(|(head, at)| at >= *head);
                Some(if done { Step::Note } else { Step::Drain(heads) })
            }
            Step::Note => Some(Step::Begin(shared.note.clone())),
            Step::Begin(noted) => {
                self.note = noted.begun(rules);
                (self.from, self.to) = (self.note.in_use, self.note.making.unwrap_or_default());
                shared.note.replace(&noted, self.note.clone(), rules).then_some(Step::RemoveLeft)
            }
            Step::RemoveLeft => self.remove_left(shared, everybody_heard, Step::RemoveLeft, Step::Began),
            Step::Began => Some(self.read_began(shared)),
            Step::Announced => self.read_announced(shared),
            Step::Span(area) => Some(self.read_span(shared, area)),
            Step::Day => Some(self.begin_day()),
            Step::Rows(area, after) => Some(self.read_rows(shared, area, after)),
            Step::WaitForProgress => Some(self.wait_for_progress(shared)),
            Step::Versions => self.read_versions(shared),
            Step::Progress => {
                self.write_progress(shared);
                Some(Step::CatchUp)
            }
            Step::CatchUp => {
                let count = shared.topics[self.topic].partitions.len();
                let ends = self.progress(shared, self.from, count);
                Some(Step::Undecided(ends, Vec::new()))
            }
            Step::Undecided(ends, made) => Some(self.look_what_is_left(shared, ends, made)),
            Step::Owners(ends) => self.owners_go_on(shared, ends),
            Step::PutInUse => {
                let by = self.note.put_in_use();
                self.put_in_use = shared.note.replace(&self.note, by.clone(), rules);
                self.note = by;
                self.put_in_use.then_some(Step::RemoveFormer)
            }
            Step::RemoveFormer => self.remove_left(shared, everybody_heard, Step::RemoveFormer, Step::End),
            Step::End => None,
        };
        match next {
            Some(next) => self.next = next,
            None => return self.give_up(shared),
        }
        Goes::On
    }

    fn give_up(&mut self, shared: &mut Shared) -> Goes {
        if self.note.making.is_some() {
            shared.note.replace(&self.note, self.note.given_up(), shared.dropped.rules);
        }
        Goes::End
    }

    /// A step of a flush under way, if one is.
    fn writes(&mut self, shared: &mut Shared) -> bool {
        let Some(wave) = self.waves.last_mut() else { return false };
        if let Some(write) = wave.pop() {
            let message = shared.cluster.send(write, Weak::new());
            self.sent.push(message.clone());
            self.unacknowledged.push(message);
        } else {
            self.unacknowledged.retain(|message| !message.acknowledged.get());
            if self.unacknowledged.is_empty() {
                self.waves.pop();
            }
        }
        true
    }

    /// The first offset of each partition that an edition does not have yet.
    fn progress(&self, shared: &mut Shared, edition: Edition, partitions: usize) -> Vec<i64> {
        let first = shared.topics[self.topic].first_generation();
        let Shared { cluster, dice, .. } = shared;
        let of = |partition| cluster.progress(dice, edition, partition as u32);
        let next =
            |at: Option<Position>| at.filter(|at| at.generation >= first).map_or(0, |at| at.offset + 1);
        (0..partitions).map(of).map(next).collect()
    }

    /// When nobody reads them any more.
    fn remove_left(&mut self, shared: &mut Shared, nobody: bool, now: Step, then: Step) -> Option<Step> {
        if self.note.left.is_empty() {
            return Some(then);
        }
        if !nobody {
            return Some(now);
        }
        let rules = shared.dropped.rules;
        for edition in &self.note.left {
            shared.cluster.remove(*edition, !rules.no_number_twice);
        }
        let by = self.note.removed();
        let noted = shared.note.replace(&self.note, by.clone(), rules);
        self.note = by;
        noted.then_some(then)
    }

    fn read_began(&mut self, shared: &mut Shared) -> Step {
        let most = shared.topics.iter().map(|topic| topic.partitions.len()).max().unwrap_or(0);
        let partition = self.basis.began.len();
        if partition == most {
            return Step::Announced;
        }
        let Shared { cluster, dice, .. } = shared;
        let at = cluster.progress(dice, self.from, partition as u32);
        self.basis.began.push(at.unwrap_or(Position::BEFORE_ALL));
        Step::Began
    }

    fn read_announced(&mut self, shared: &mut Shared) -> Option<Step> {
        let topic = &shared.topics[shared.topics.len() - 1];
        self.basis.generations = topic.generations.clone();
        let last = topic.last();
        let in_it = (0..last.partitions).all(|p| self.basis.began_at(p).generation == last.generation);
        (in_it || !shared.dropped.rules.made_within_a_generation).then_some(Step::Span(0))
    }

    /// Which days there are.
    fn read_span(&mut self, shared: &mut Shared, area: usize) -> Step {
        let Shared { cluster, dice, areas, .. } = shared;
        let Some(code) = areas.get(area) else { return Step::Day };
        let rows = cluster.page(dice, self.from, code, (FIRST_WINDOW, None), LAST_WINDOW, usize::MAX);
        for (window, ..) in rows {
            let first = Window(window.0 - (window.0 - FIRST_WINDOW.0) % DAY);
            (self.day, self.last) = (self.day.min(first), self.last.max(window));
        }
        Step::Span(area + 1)
    }

    fn begin_day(&mut self) -> Step {
        if self.day > self.last {
            return Step::Progress;
        }
        self.rows.clear();
        self.versions.clear();
        Step::Rows(0, (self.day, None))
    }

    /// A page of the day's rows.
    fn read_rows(&mut self, shared: &mut Shared, area: usize, after: (Window, Option<u32>)) -> Step {
        let Shared { cluster, dice, areas, .. } = shared;
        let Some(code) = areas.get(area) else { return Step::WaitForProgress };
        let (last, room) = (Window(self.day.0 + DAY - 1), dice.choice(&[1, 2, 100]));
        let page = cluster.page(dice, self.from, code, after, last, room);
        let next = page.last().map(|(window, partition, _)| (*window, Some(*partition)));
        for (window, partition, row) in page {
            let place = Place { area: code.clone(), window };
            self.rows.entry(place).or_default().insert(partition, row);
        }
        match next {
            Some(after) => Step::Rows(area, after),
            None => Step::Rows(area + 1, (self.day, None)),
        }
    }

    /// Until everything is stored that the day's rows have seen.
    fn wait_for_progress(&mut self, shared: &mut Shared) -> Step {
        let Shared { cluster, dice, .. } = shared;
        let behind = self.rows.values().flatten().any(|(partition, row)| {
            cluster.progress(dice, self.from, *partition).is_none_or(|progress| progress < row.through)
        });
        let waits = behind && shared.dropped.rules.waits_for_what_rows_have_seen;
        if waits { Step::WaitForProgress } else { Step::Versions }
    }

    /// The next meter's versions of the day, or the end of the day.
    fn read_versions(&mut self, shared: &mut Shared) -> Option<Step> {
        let Shared { cluster, dice, meters, .. } = shared;
        if let Some(meter) = meters.get(self.versions.len()) {
            let (from, to) = (self.day.start().0, Window(self.day.0 + DAY).start().0);
            let versions = cluster.raw(dice, meter, from, to);
            let last = self.basis.generations.last().map_or(0, |last| last.generation);
            // Partitions were added to the log meanwhile.
            let known = versions.iter().all(|version| version.at.generation <= last);
            self.versions.push(versions);
            return known.then_some(Step::Versions);
        }
        let rules = shared.dropped.rules;
        let whole = self.day.start().0 >= self.whole_from && self.versions.iter().any(|of| !of.is_empty());
        let written = if whole {
            let mut recomputed = Places::<Totals>::new();
            for versions in std::mem::take(&mut self.versions) {
                self.basis.add(rules, &self.rows, &by_start(versions), &mut recomputed);
            }
            self.basis.rows(rules, &self.rows, &recomputed)
        } else {
            self.basis.carried_over(rules, &self.rows)
        };
        self.day = Window(self.day.0 + DAY);
        // Aggregates of a partition with which nobody has begun.
        let begun = written.keys().all(|partition| self.basis.began_at(*partition) != Position::BEFORE_ALL);
        written.into_iter().for_each(|(partition, rows)| self.flush(shared, partition, rows));
        begun.then_some(Step::Day)
    }

    fn write_progress(&mut self, shared: &mut Shared) {
        for partition in 0..self.basis.began.len() as u32 {
            if self.basis.began_at(partition) != Position::BEFORE_ALL {
                self.flush(shared, partition, Vec::new());
            }
        }
    }

    fn flush(&mut self, shared: &mut Shared, partition: u32, rows: Vec<PlacedRow>) {
        let plan = FlushPlan { rows, ..FlushPlan::of_nothing(partition, self.basis.began_at(partition)) };
        let Shared { cluster, dice, dropped, .. } = shared;
        let mut data = cluster.writes(dropped, self.to, &plan);
        dice.shuffle(&mut data);
        self.waves.push(vec![cluster.progress_write(dropped, self.to, &plan)]);
        self.waves.push(data);
    }

    /// How many records others have stored, and the edition has not. When it is few, or others are as quick, it is put in
    /// use; else owners of its own decide them.
    fn look_what_is_left(&mut self, shared: &mut Shared, ends: Vec<i64>, mut made: Vec<i64>) -> Step {
        if made.len() < ends.len() {
            made = self.progress(shared, self.to, ends.len());
            return Step::Undecided(ends, made);
        }
        let remaining: i64 = ends.iter().zip(made).map(|(end, made)| (end - made).max(0)).sum();
        if remaining < self.nearly || self.left.is_some_and(|before| remaining >= before) {
            return Step::PutInUse;
        }
        self.left = Some(remaining);
        let owner =
            |(partition, end): (usize, &i64)| Owner::silent(self.topic, partition as u32, self.to, *end);
        self.owners = ends.iter().enumerate().map(owner).collect();
        Step::Owners(ends)
    }

    fn owners_go_on(&mut self, shared: &mut Shared, ends: Vec<i64>) -> Option<Step> {
        if shared.topics.len() - 1 != self.topic {
            // They store nothing of a log that is not there any more.
            return None;
        }
        let n = shared.dice.below(self.owners.len());
        let owner = &mut self.owners[n];
        if shared.dice.chance(if owner.flushes() { 0.6 } else { 0.2 }) {
            owner.flush(shared);
        } else if !owner.work(shared) {
            return None;
        }
        if shared.dice.chance(0.1) {
            let progress = self.progress(shared, self.to, ends.len());
            let done = ends.iter().zip(progress).all(|(end, at)| at >= *end);
            // A last flush is waited for, but not for ever.
            let flush = self.owners.iter().any(Owner::flushes);
            if done && (!flush || shared.dice.chance(0.1)) {
                let sent = self.owners.drain(..).flat_map(|owner| owner.sent);
                self.sent.extend(sent);
                return Some(Step::CatchUp);
            }
        }
        Some(Step::Owners(ends))
    }
}

impl Shared {
    /// What somebody has sent who is dead may be lost.
    pub(super) fn lose<'a>(&mut self, sent: impl Iterator<Item = &'a Message>) {
        let Shared { dice, cluster, day, .. } = self;
        for message in sent {
            if !message.acknowledged.get() && dice.chance(day.losses) {
                cluster.flight.retain(|other| !Rc::ptr_eq(&other.acknowledged, &message.acknowledged));
            }
        }
    }
}
