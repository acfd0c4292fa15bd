//! Whether anybody is at home at all: holidays, and weekends elsewhere.

use geography::reference::DayType;

use super::schedule::Habit;
use crate::almanac::Day;
use crate::draws::{Draws, Subject};

/// Of a hundred weekends, those that [`Habit::WeekendsAway`] spends elsewhere.
const WEEKEND_AWAY: f64 = 0.8;

/// Probability that a home is away for the week: about three weeks a year, more of them in August
/// and over Christmas.
fn holiday(day: &Day) -> f64 {
    match (day.date.month(), day.date.day()) {
        (7, 20..) | (8, _) => 0.16,
        (12, 21..) | (1, 1..=2) => 0.12,
        (4..=6 | 9, _) => 0.05,
        _ => 0.03,
    }
}

/// Probability that somebody is at home on that day.
pub(super) fn probability(habit: Habit, day: &Day) -> f64 {
    let weekend = match (habit, day.kind) {
        (Habit::WeekendsAway, DayType::Saturday | DayType::Sunday) => 1.0 - WEEKEND_AWAY,
        _ => 1.0,
    };
    (1.0 - holiday(day)) * weekend
}

/// Whether somebody is. A holiday lasts from Saturday to Friday, a weekend from Saturday to Sunday.
pub(super) fn is_home(seed: u64, home: u32, habit: Habit, day: &Day) -> bool {
    let (week, weekday) = day.week();
    // So that Saturday begins the week.
    let week = week + i32::from(weekday >= 5);
    let mut draws = Draws::new(seed, Subject::Presence, u64::from(home), i64::from(week));
    let (on_holiday, weekend_away) = (draws.chance(holiday(day)), draws.chance(WEEKEND_AWAY));
    let weekend = matches!(day.kind, DayType::Saturday | DayType::Sunday);
    !(on_holiday || (weekend && weekend_away && habit == Habit::WeekendsAway))
}
