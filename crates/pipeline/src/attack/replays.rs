//! Aggregates are made anew while owners and their store do all that they may do elsewhere (rule 16).

use metering::Energy;

use super::day::Day;
use super::dropped::Dropped;
use super::oracle::Difference;
use super::replayer::{Goes, Replayer};
use super::world::World;
use super::{ANY, first_seed, search, seconds};
use crate::rules::Rules;

/// At the end, a replay is waited for so long.
const PATIENCE: usize = 200_000;

impl World {
    /// Some of what happens between two steps of owners, where aggregates are made anew at all.
    pub(super) fn replays_go_on(&mut self) {
        let Day { replays, crashes, .. } = self.shared.day;
        if replays <= 0.0 {
            return;
        }
        let dice = &mut self.shared.dice;
        if self.replayers.len() < 2 && dice.chance(replays) {
            self.begin_replay();
        } else if !self.replayers.is_empty() && dice.chance(crashes * 0.1) {
            let n = dice.below(self.replayers.len());
            self.kill_replayer(n);
        }
        if !self.replayers.is_empty() {
            let n = self.shared.dice.below(self.replayers.len());
            // It sleeps now and then.
            let steps = self.shared.dice.choice(&[0, 0, 1, 4, 16]);
            self.replayer_goes_on(n, steps);
        }
        if !self.owners.is_empty() && self.shared.dice.chance(0.05) {
            let n = self.shared.dice.below(self.owners.len());
            self.owners[n].hear(&self.shared);
        }
        self.readers_go_on(0.05);
        if self.produces && self.shared.dice.chance(0.02) {
            let count = self.shared.dice.choice(&[1, 3]);
            self.produce_more(count);
        }
        if self.shared.damaged.is_none() && self.shared.dice.chance(self.shared.day.damages) {
            self.damage();
        }
    }

    pub(super) fn begin_replay(&mut self) {
        self.replayers.push(Replayer::new(&mut self.shared, self.expired_before));
        self.replays.begun += 1;
    }

    fn replayer_goes_on(&mut self, n: usize, steps: usize) {
        for _ in 0..steps {
            let everybody_heard = self.readers.iter().all(|reader| reader.edition == self.shared.note.in_use);
            let was_in_use = self.replayers[n].put_in_use;
            let goes = self.replayers[n].step(&mut self.shared, everybody_heard);
            self.replays.put_in_use += u64::from(self.replayers[n].put_in_use && !was_in_use);
            if goes == Goes::End {
                self.replayers.remove(n);
                return;
            }
            if self.shared.dice.chance(0.3) {
                self.arrive();
            }
        }
    }

    /// The first replay goes on until that is what it does next, or until it has ended.
    pub(super) fn replay_until(&mut self, next: &str) {
        while self.replayers.first().is_some_and(|replayer| !replayer.is_at(next)) {
            self.readers_go_on(1.0);
            self.replayer_goes_on(0, 1);
            self.arrive();
        }
    }

    fn kill_replayer(&mut self, n: usize) {
        let replayer = self.replayers.remove(n);
        self.replays.died += u64::from(!replayer.put_in_use);
        self.shared.lose(replayer.sent());
    }

    pub(super) fn readers_go_on(&mut self, hears: f64) {
        for reader in &mut self.readers {
            if self.shared.dice.chance(hears) {
                reader.hear(&mut self.shared);
            }
            if self.shared.dice.chance(hears) {
                reader.look_again(&mut self.shared);
            }
            if self.shared.dice.chance(0.05) {
                reader.look_whether_anything_lacks(&self.shared);
            }
        }
    }

    /// A row in use is made wrong, behind everybody's back: whatever it says, and whatever it says that it has seen.
    fn damage(&mut self) {
        let edition = self.shared.note.in_use;
        let (dice, mut rows) = (&mut self.shared.dice, self.shared.cluster.stored_rows(edition));
        if rows.is_empty() {
            return;
        }
        let n = dice.below(rows.len());
        rows[n].energy += Energy::from_mwh(1000);
        if dice.chance(0.5) {
            rows[n].through = metering::Position::BEFORE_ALL;
        }
        self.shared.damaged = Some(edition);
    }

    /// No replay is under way any more; what is wrong is mended; and the owners of the edition in use are as far as the log.
    pub(super) fn end_replays(&mut self, caught_up_in: u32) {
        while !self.replayers.is_empty() {
            self.kill_replayer(0);
        }
        if self.shared.note.in_use != caught_up_in {
            self.catch_up();
        }
        if self.shared.damaged == Some(self.shared.note.in_use) {
            self.begin_replay();
            for _ in 0..PATIENCE {
                if self.replayers.is_empty() {
                    break;
                }
                self.readers_go_on(0.2);
                self.replayer_goes_on(0, 4);
            }
            self.catch_up();
        }
    }
}

fn holds(dropped: Dropped, schedules: u64, seconds: u64) {
    let first = first_seed();
    for stage in [2, 4] {
        let started = std::time::Instant::now();
        let goes_on =
            |seen: &super::Seen| seen.schedules < schedules || started.elapsed().as_secs() < seconds / 2;
        let (seen, found) = search(dropped, stage, first, goes_on, &ANY);
        println!("stage {stage}: {seen:?}");
        assert!(found.is_empty(), "stage {stage}: seeds of what went wrong: {found:?}");
        let Seen { begun, put_in_use, died } = seen.replays;
        assert!(begun > put_in_use && put_in_use > 0 && died > 0, "nothing happened: {seen:?}");
    }
}

/// What became of replays.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Seen {
    pub(super) begun: u64,
    pub(super) put_in_use: u64,
    /// Before they put anything in use.
    pub(super) died: u64,
}

impl Seen {
    pub(super) fn add(&mut self, other: Seen) {
        self.begun += other.begun;
        self.put_in_use += other.put_in_use;
        self.died += other.died;
    }
}

#[test]
fn the_protocol_holds_while_aggregates_are_made_anew() {
    holds(Dropped::NOTHING, 500, seconds());
}

/// A part of rule 16, switched off: what the attacker needs for it, the seed that it begins with (for some it takes thousands of
/// schedules), and what is wrong then. That a generation ends what is made has a scene of its own.
struct Part(&'static str, u32, u64, fn(&mut Rules), Difference);

const PARTS: [Part; 9] = [
    Part("recomputed_as_of_the_stamp", 2, 0, |r| r.recomputed_as_of_the_stamp = false, Difference::Sums),
    Part("stamps_reach_progress", 2, 0, |r| r.stamps_reach_progress = false, Difference::Sums),
    Part(
        "waits_for_what_rows_have_seen",
        2,
        0,
        |r| r.waits_for_what_rows_have_seen = false,
        Difference::Sums,
    ),
    Part("a_switch_is_a_restart", 2, 0, |r| r.a_switch_is_a_restart = false, Difference::Sums),
    Part("no_number_twice", 2, 0, |r| r.no_number_twice = false, Difference::Sums),
    Part("the_note_is_compared", 2, 0, |r| r.the_note_is_compared = false, Difference::Sums),
    Part("readers_look_again", 2, 2000, |r| r.readers_look_again = false, Difference::Live),
    Part(
        "readers_pass_over_other_editions",
        2,
        3200,
        |r| r.readers_pass_over_other_editions = false,
        Difference::Live,
    ),
    Part("made_within_a_generation", 4, 0, |r| r.made_within_a_generation = false, Difference::Sums),
];

#[test]
fn every_part_of_rule_16_is_needed() {
    let mut unneeded = Vec::new();
    for Part(part, stage, first, without, fault) in PARTS {
        let mut dropped = Dropped::NOTHING;
        without(&mut dropped.rules);
        let (seen, found) = search(dropped, stage, first, |seen| seen.schedules < 20_000, &[fault]);
        println!("16 {part}: {found:?} in {} schedules", seen.schedules);
        if !found.contains_key(&fault) {
            unneeded.push(part);
        }
    }
    assert!(unneeded.is_empty(), "no schedule was found that needs {unneeded:?}");
}
