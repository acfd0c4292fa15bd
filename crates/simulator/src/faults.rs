//! What goes wrong with real meters, on demand. Whether it goes wrong for a reading follows from the
//! seed, the meter and the time, so that a test can know.

use metering::wire::ENERGY_PER_SECOND_MAX_MWH;
use metering::{Energy, Interval, Reading};
use serde::{Deserialize, Serialize};

use crate::draws::{Draws, Subject};
use crate::population::meter_id;

/// What every meter that was never registered is called, before its number.
pub const UNKNOWN_METER_PREFIX: &str = "SIMX";

/// How long after their time held-back readings come, seconds at least and at most.
const LATE_S: (f64, f64) = (120.0, 1800.0);

/// How long after a wrong value the right one comes, seconds at least and at most.
const CORRECTED_S: (f64, f64) = (60.0, 600.0);

/// What goes wrong, and how often. It befalls live readings; history is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Share of the meters that send nothing.
    pub silent_share: f64,
    /// Share of the readings that are sent twice.
    pub duplicates_share: f64,
    /// Share of the batches that come minutes late.
    pub late_batches: f64,
    /// Share of the readings that are wrong at first, and put right minutes later.
    pub corrections_share: f64,
    /// Share of the readings that no home can have used; the right value comes minutes later.
    pub implausible_share: f64,
    /// Meters that send without being registered.
    pub unknown_meters: u32,
}

/// When to send something, seconds after it was to be sent.
pub(crate) type Delay = i64;

/// What becomes of a batch.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) now: Vec<Reading>,
    pub(crate) later: Vec<(Delay, Vec<Reading>)>,
}

/// Which home a reading is of, besides the reading.
pub(crate) type Numbered = (u32, Reading);

impl Faults {
    pub(crate) fn shares(&self) -> [(&'static str, f64); 5] {
        [
            ("silent_share", self.silent_share),
            ("duplicates_share", self.duplicates_share),
            ("late_batches", self.late_batches),
            ("corrections_share", self.corrections_share),
            ("implausible_share", self.implausible_share),
        ]
    }

    /// Whether a meter is silent. A greater share silences others besides the same ones.
    pub(crate) fn silences(&self, seed: u64, home: u32) -> bool {
        Draws::new(seed, Subject::Fault, u64::from(home), -1).chance(self.silent_share)
    }

    /// What becomes of a batch of live readings, of one interval.
    pub(crate) fn apply(&self, seed: u64, batch: Vec<Numbered>) -> Outcome {
        let mut outcome = Outcome::default();
        if self.shares().iter().all(|&(_, share)| share == 0.0) {
            outcome.now = batch.into_iter().map(|(_, reading)| reading).collect();
            return outcome;
        }
        let first = batch.first().map_or((0, 0), |(home, reading)| (*home, reading.interval.start().0));
        for (home, reading) in batch {
            if !self.silences(seed, home) {
                self.befall(seed, home, reading, &mut outcome);
            }
        }
        let mut draws = Draws::new(seed, Subject::Fault, u64::from(u32::MAX) + u64::from(first.0), first.1);
        if draws.chance(self.late_batches) {
            let delay = between(&mut draws, LATE_S);
            // What was to come later anyway does not overtake the rest.
            outcome.later.iter_mut().for_each(|(later, _)| *later += delay);
            outcome.later.push((delay, std::mem::take(&mut outcome.now)));
        }
        outcome
    }

    fn befall(&self, seed: u64, home: u32, reading: Reading, outcome: &mut Outcome) {
        let start = reading.interval.start().0;
        let mut draws = Draws::new(seed, Subject::Fault, u64::from(home), start);
        let (twice, wrong, impossible) = (
            draws.chance(self.duplicates_share),
            draws.chance(self.corrections_share),
            draws.chance(self.implausible_share),
        );
        let limit_mwh = ENERGY_PER_SECOND_MAX_MWH * i64::from(reading.interval.duration_s());
        let at_first = if impossible {
            Some(Energy::from_mwh(limit_mwh * 10))
        } else if wrong {
            // A wrong register factor: half as much again, and never more than a home can use.
            let mwh = reading.energy.mwh() + reading.energy.mwh() / 2 + 1;
            Some(Energy::from_mwh(mwh.min(limit_mwh)))
        } else {
            None
        };
        if let Some(energy) = at_first {
            let delay = between(&mut draws, CORRECTED_S);
            outcome.later.push((delay, vec![reading.clone()]));
            outcome.now.push(Reading { energy, ..reading.clone() });
        } else {
            outcome.now.push(reading.clone());
        }
        if twice && at_first.is_none() {
            outcome.now.push(reading);
        }
    }

    /// What meters send that nobody has registered.
    pub(crate) fn strangers(&self, seed: u64, interval: Interval) -> Vec<Reading> {
        let reading = |number: u32| {
            let whose = u64::from(number) | 1 << 40;
            let mut draws = Draws::new(seed, Subject::Fault, whose, interval.start().0);
            let watts = draws.about(400.0, 300.0);
            let mwh = watts * f64::from(interval.duration_s()) / 3.6;
            Reading {
                meter: meter_id(UNKNOWN_METER_PREFIX, number),
                interval,
                energy: Energy::from_mwh(mwh as i64),
            }
        };
        (0..self.unknown_meters).map(reading).collect()
    }
}

fn between(draws: &mut Draws, (least, most): (f64, f64)) -> Delay {
    (least + (most - least) * draws.unit()) as Delay
}

#[cfg(test)]
mod tests {
    use super::*;
    use metering::UtcSecond;
    use metering::wire::implausible;
    use std::collections::HashMap;

    fn batch(homes: u32) -> Vec<Numbered> {
        let interval = Interval::new(UtcSecond(1_795_341_600), 300).unwrap();
        let reading = |home| Reading {
            meter: meter_id("SIM", home),
            interval,
            energy: Energy::from_mwh(20_000 + i64::from(home)),
        };
        (0..homes).map(|home| (home, reading(home))).collect()
    }

    #[test]
    fn without_faults_nothing_happens() {
        let outcome = Faults::default().apply(1, batch(100));
        assert_eq!(outcome.now, batch(100).into_iter().map(|(_, reading)| reading).collect::<Vec<_>>());
        assert!(outcome.later.is_empty());
    }

    #[test]
    fn faults_are_as_frequent_as_asked_for() {
        let check = |name: &str, got: usize, expect: usize| {
            assert!(got.abs_diff(expect) < 100, "{name}: {got} instead of about {expect}");
        };
        let with = |faults: Faults| faults.apply(1, batch(10_000));
        check("silent", with(Faults { silent_share: 0.1, ..Faults::default() }).now.len(), 9000);
        check("twice", with(Faults { duplicates_share: 0.1, ..Faults::default() }).now.len(), 11_000);
        let wrong = with(Faults { corrections_share: 0.1, ..Faults::default() });
        assert_eq!(wrong.now.len(), 10_000);
        check("wrong", wrong.later.len(), 1000);
        let impossible = with(Faults { implausible_share: 0.1, ..Faults::default() });
        check(
            "impossible",
            impossible.now.iter().filter(|r| implausible(r.energy, r.interval)).count(),
            1000,
        );
        let late = with(Faults { late_batches: 1.0, ..Faults::default() });
        assert!(late.now.is_empty() && late.later.len() == 1 && late.later[0].1.len() == 10_000);
        assert_eq!(
            Faults { unknown_meters: 3, ..Faults::default() }.strangers(1, batch(1)[0].1.interval).len(),
            3
        );
    }

    #[test]
    fn the_right_value_comes_last() {
        let faults = Faults {
            duplicates_share: 0.2,
            corrections_share: 0.3,
            implausible_share: 0.2,
            late_batches: 1.0,
            ..Faults::default()
        };
        let mut outcome = faults.apply(3, batch(1000));
        outcome.later.sort_by_key(|&(delay, _)| delay);
        let mut last = HashMap::new();
        for reading in outcome.now.iter().chain(outcome.later.iter().flat_map(|(_, readings)| readings)) {
            last.insert(reading.meter.clone(), reading.energy);
        }
        for (_, reading) in batch(1000) {
            assert_eq!(last[&reading.meter], reading.energy);
        }
    }
}
