//! What a home uses in a mean year, in closed form: the expectation of [`super::plan`], term by term.
//!
//! Everything in the plan is linear in what the home is ([`Needs`]), times what kind of day it is for
//! its habit. So the days of four years are averaged once for each habit, and a home costs a few
//! multiplications. A test holds the two against each other.

use geography::reference::DayType;
use jiff::civil::date;

use super::household::Household;
use super::needs::{self, Needs};
use super::schedule::{
    BACK_SPREAD, BED_SPREAD, HOME_SPREAD, Habit, LEAVE_SPREAD, Times, WAKE_SPREAD, dark_parts,
};
use super::{plan, presence};
use crate::almanac::{Almanac, Day};

/// Days of a mean Gregorian year.
pub(crate) const YEAR_DAYS: f64 = 365.2425;

/// Means over the days of four years for one habit.
#[derive(Debug, Clone, Copy, Default)]
struct MeanDay {
    home: f64,
    awake_h: f64,
    dark_h: f64,
    laundry: f64,
    lunch: f64,
    heating_k: f64,
}

/// Means over the days of four years for all habits.
#[derive(Debug, Clone)]
pub(crate) struct Expectations([MeanDay; Habit::ALL.len()]);

impl Expectations {
    /// Under the seed's own weather.
    pub(crate) fn new(almanac: &Almanac) -> Self {
        let first = date(2023, 1, 1);
        let days: Vec<Day> =
            first.series(jiff::Span::new().days(1)).take(4 * 365 + 1).map(|d| almanac.day(d)).collect();
        Expectations(Habit::ALL.map(|habit| mean_day(habit, &days)))
    }

    /// What a home uses in a mean year, kWh, its gain included.
    pub(crate) fn kwh_a_year(&self, home: &Household) -> f64 {
        let (needs, day) = (Needs::of(home), &self.0[home.habit as usize]);
        let fridge_w = needs::FRIDGE_W * f64::from(needs::FRIDGE_ON_S) / f64::from(needs::FRIDGE_CYCLE_S);
        let washing_wh = needs::WASH_HEAT_W * needs::WASH_HEAT_MIN / 60.0
            + needs::WASH_DRUM_W * needs::WASH_DRUM_MIN / 60.0
            + if needs.has_drier { needs::DRIER_W * needs::DRIER_MIN / 60.0 } else { 0.0 };
        let car_wh =
            if needs.has_car { needs::CAR_CHANCE * needs::CAR_W * needs::CAR_MIN / 60.0 } else { 0.0 };
        let when_home_wh = needs::KETTLE_W * needs.kettle_min / 60.0
            + needs::DINNER_CHANCE * needs::OVEN_W * needs.dinner_min / 60.0
            + needs::SHOWER_W * needs.shower_min / 60.0
            + needs.dishwasher * needs::DISHWASHER_W * needs::DISHWASHER_MIN / 60.0
            + needs::ODDS as f64 * needs::ODDS_W * needs.odds_min / 60.0
            + 1000.0 * needs.hot_water_kwh
            + car_wh;
        let wh = 24.0 * (needs.standby_w + fridge_w)
            + day.awake_h * needs.awake_w
            + day.dark_h * needs.light_w
            + day.home * when_home_wh
            + day.laundry * needs.laundry * washing_wh
            + day.lunch * needs::LUNCH_W * needs::LUNCH_MIN / 60.0
            + day.heating_k * 1000.0 * needs.heating_kwh_k;
        YEAR_DAYS * wh / 1000.0 * f64::from(home.gain)
    }
}

/// What depends on the times of the day is averaged over every fifth day: enough, as 5 and 7 have no
/// common factor, so that all days of the week come in turn.
const TIMED_DAYS: usize = 5;

fn mean_day(habit: Habit, days: &[Day]) -> MeanDay {
    let mean = |step: usize, of: &dyn Fn(&Day, f64) -> f64| {
        let values = days.iter().step_by(step).map(|day| of(day, presence::probability(habit, day)));
        values.sum::<f64>() / days.iter().step_by(step).count() as f64
    };
    let usual = |day: &Day| habit.usual(day.kind);
    MeanDay {
        home: mean(1, &|_, home| home),
        awake_h: mean(1, &|day, home| home * usual(day).awake().iter().map(|a| a.1).sum::<f64>() / 60.0),
        laundry: mean(1, &|day, home| home * plan::laundry_weight(day.kind)),
        heating_k: mean(1, &|day, home| (home + (1.0 - home) * needs::FROST_SHARE) * day.heating_k()),
        dark_h: mean(TIMED_DAYS, &|day, home| home * dark_min(usual(day), day) / 60.0),
        lunch: mean(TIMED_DAYS, &|day, home| home * lunch_chance(usual(day), day.kind)),
    }
}

/// The triangular distribution with spread 1, by the middles of ten equal parts and of four.
const TENTHS: [f64; 10] = [-0.684, -0.452, -0.293, -0.163, -0.051, 0.051, 0.163, 0.293, 0.452, 0.684];
const QUARTERS: [f64; 4] = [-0.5, -0.134, 0.134, 0.5];

/// The mean of something that is not linear in the times of a day, over homes and days of one habit.
fn over_times(usual: Times, of: impl Fn(Times, f64) -> f64) -> f64 {
    let mut sum = 0.0;
    for own_clock in QUARTERS {
        for day in TENTHS {
            for other in TENTHS {
                let times = Times {
                    wake: usual.wake + day * WAKE_SPREAD,
                    leave: usual.leave + other * LEAVE_SPREAD,
                    back: usual.back + day * BACK_SPREAD,
                    bed: usual.bed + other * BED_SPREAD,
                };
                sum += of(times.later(own_clock * HOME_SPREAD), other);
            }
        }
    }
    sum / (QUARTERS.len() * TENTHS.len() * TENTHS.len()) as f64
}

/// Expected minutes in which somebody is up in the dark.
fn dark_min(usual: Times, day: &Day) -> f64 {
    let dark = |span| dark_parts(span, day.dawn_min, day.dusk_min).map(|(_, length)| length).sum::<f64>();
    over_times(usual, |times, _| times.awake().map(dark).iter().sum())
}

/// Expected lunches at home: they are had if somebody is there at the time that was drawn.
fn lunch_chance(usual: Times, kind: DayType) -> f64 {
    let (middle, spread) = plan::lunch_time(kind);
    let there = |times: Times, drawn: f64| f64::from(u8::from(times.is_awake(middle + drawn * spread)));
    needs::LUNCH_CHANCE * over_times(usual, there)
}
