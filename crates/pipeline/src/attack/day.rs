//! How hostile a world is.

use super::dice::Dice;

/// Longer than any world lasts.
pub(super) const FOREVER: i64 = 1_000_000;

/// What kind of day it is. Drawn once a run, so that extreme mixtures occur.
#[derive(Debug)]
pub(super) struct Day {
    pub(super) hours: usize,
    pub(super) moves: f64,
    pub(super) repeats: f64,
    pub(super) crashes: f64,
    /// How fast writes travel.
    pub(super) arrivals: f64,
    /// Of a dead sender's writes.
    pub(super) losses: f64,
    /// Writes that arrive again later.
    pub(super) twice: f64,
    pub(super) batches: f64,
    pub(super) flushes: f64,
    pub(super) most_owners: usize,
    pub(super) forgetful: f64,
    /// Starts at the log's commit instead of progress.
    pub(super) rewinds: f64,
    pub(super) misroutes: f64,
    pub(super) redrives: f64,
    pub(super) nonsense: f64,
    pub(super) retention: i64,
    /// How far in the log's future readings may end.
    pub(super) ahead: i64,
    pub(super) generations: u32,
    pub(super) hint_step: i64,
    /// How often aggregates are made anew, and made wrong.
    pub(super) replays: f64,
    pub(super) damages: f64,
}

impl Day {
    pub(super) fn draw(dice: &mut Dice, stage: u32) -> Self {
        let (late, anew) = (stage >= 3, stage.is_multiple_of(2));
        let day = Day {
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
            replays: 0.0,
            damages: 0.0,
        };
        if !anew {
            return day;
        }
        let damages = if day.retention == FOREVER { dice.choice(&[0.0, 0.001, 0.01]) } else { 0.0 };
        Day { replays: dice.choice(&[0.003, 0.03]), damages, ..day }
    }
}
