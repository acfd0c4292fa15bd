//! When the people of a home are up and at home.

use geography::reference::DayType;

use crate::draws::Draws;

/// How a household spends its days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Habit {
    /// Out at work or school on weekdays.
    OutByDay,
    /// The same, two hours earlier.
    UpEarly,
    /// Up late and late to bed.
    UpLate,
    /// At home on most days: retired, with small children, working from home.
    AtHome,
    /// At work by night, asleep by day, from Monday to Friday.
    NightShift,
    /// Out by day, and away on most weekends.
    WeekendsAway,
}

impl Habit {
    /// All of them.
    pub const ALL: [Habit; 6] =
        [Self::OutByDay, Self::UpEarly, Self::UpLate, Self::AtHome, Self::NightShift, Self::WeekendsAway];

    /// How many of a hundred homes live so.
    pub(crate) const WEIGHTS: [(Habit, f64); 6] = [
        (Self::OutByDay, 30.0),
        (Self::UpEarly, 11.0),
        (Self::UpLate, 9.0),
        (Self::AtHome, 41.0),
        (Self::NightShift, 4.0),
        (Self::WeekendsAway, 5.0),
    ];

    /// The usual times of such a day.
    pub(crate) const fn usual(self, kind: DayType) -> Times {
        use DayType::{Saturday, Sunday, Weekday};
        match (self, kind) {
            (Self::OutByDay | Self::WeekendsAway, Weekday) => Times::at(405, 495, 1050, 1390),
            (Self::OutByDay | Self::WeekendsAway, Saturday) => Times::at(495, 810, 920, 1410),
            (Self::OutByDay | Self::WeekendsAway, Sunday) => Times::at(520, 860, 930, 1380),
            (Self::UpEarly, Weekday) => Times::at(325, 405, 960, 1310),
            (Self::UpEarly, Saturday | Sunday) => Times::at(400, 660, 740, 1340),
            (Self::UpLate, Weekday) => Times::at(530, 640, 1110, 1490),
            (Self::UpLate, Saturday | Sunday) => Times::at(610, 840, 1000, 1530),
            (Self::AtHome, Weekday) => Times::at(435, 620, 690, 1370),
            (Self::AtHome, Saturday | Sunday) => Times::at(470, 650, 730, 1380),
            (Self::NightShift, Weekday) => Times::at(925, 1270, 410, 520),
            (Self::NightShift, Saturday | Sunday) => Times::at(600, 900, 990, 1470),
        }
    }
}

/// The four times that divide a day, minutes after midnight. A bed-time past midnight is counted on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// Up.
    pub(crate) wake: f64,
    /// Out of the house.
    pub(crate) leave: f64,
    /// Back in it.
    pub(crate) back: f64,
    /// Asleep.
    pub(crate) bed: f64,
}

pub(crate) const DAY_MIN: f64 = 1440.0;

/// How far a day's times are from the usual, minutes at most. Two that follow each other are further
/// apart than both together, in every habit: a span that turned inside out would last all day.
pub(crate) const WAKE_SPREAD: f64 = 25.0;
pub(crate) const LEAVE_SPREAD: f64 = 15.0;
pub(crate) const BACK_SPREAD: f64 = 45.0;
pub(crate) const BED_SPREAD: f64 = 45.0;

/// How far a home's own clock is from that of others of its habit, minutes at most.
pub(crate) const HOME_SPREAD: f64 = 75.0;

impl Times {
    const fn at(wake: u32, leave: u32, back: u32, bed: u32) -> Self {
        Times { wake: wake as f64, leave: leave as f64, back: back as f64, bed: bed as f64 }
    }

    /// The same day, so many minutes later.
    pub(crate) fn later(self, by: f64) -> Self {
        Times { wake: self.wake + by, leave: self.leave + by, back: self.back + by, bed: self.bed + by }
    }

    /// As it comes out on one day.
    pub(crate) fn drawn(self, draws: &mut Draws) -> Self {
        Times {
            wake: draws.about(self.wake, WAKE_SPREAD),
            leave: draws.about(self.leave, LEAVE_SPREAD),
            back: draws.about(self.back, BACK_SPREAD),
            bed: draws.about(self.bed, BED_SPREAD),
        }
    }

    /// The two spans in which people are at home and awake: beginning and length, minutes.
    pub(crate) fn awake(self) -> [(f64, f64); 2] {
        let span = |from: f64, to: f64| (from, (to - from).rem_euclid(DAY_MIN));
        [span(self.wake, self.leave), span(self.back, self.bed)]
    }

    /// Whether somebody is at home and awake at a time of the day.
    pub(crate) fn is_awake(self, minute: f64) -> bool {
        self.awake().iter().any(|&(from, length)| (minute - from).rem_euclid(DAY_MIN) < length)
    }
}

/// The dark parts of a span: before dawn or after dusk. At most three, each beginning and length.
pub(crate) fn dark_parts(span: (f64, f64), dawn: f64, dusk: f64) -> impl Iterator<Item = (f64, f64)> {
    let (from, to) = (span.0, span.0 + span.1);
    // A span may begin before midnight and end after it, or lie after it on the count of the day before.
    let nights = [(f64::MIN, dawn), (dusk, DAY_MIN + dawn), (DAY_MIN + dusk, 2.0 * DAY_MIN + dawn)];
    nights.into_iter().filter_map(move |(night_from, night_to)| {
        let (from, to) = (from.max(night_from), to.min(night_to));
        (to > from).then_some((from, to - from))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_span_turns_inside_out() {
        for habit in Habit::ALL {
            for kind in DayType::ALL {
                let usual = habit.usual(kind);
                let margin = |(_, length): (f64, f64), spread: f64| {
                    assert!(length > spread && length + spread < DAY_MIN, "{habit:?} {kind:?} {length}");
                };
                margin(usual.awake()[0], WAKE_SPREAD + LEAVE_SPREAD);
                margin(usual.awake()[1], BACK_SPREAD + BED_SPREAD);
            }
        }
    }

    #[test]
    fn what_is_dark() {
        let check = |span, expect: &[(f64, f64)]| {
            assert_eq!(dark_parts(span, 480.0, 960.0).collect::<Vec<_>>(), expect, "{span:?}");
        };
        check((420.0, 120.0), &[(420.0, 60.0)]);
        check((600.0, 300.0), &[]);
        check((900.0, 500.0), &[(960.0, 440.0)]);
        check((1020.0, 500.0), &[(1020.0, 500.0)]);
        check((400.0, 700.0), &[(400.0, 80.0), (960.0, 140.0)]);
    }

    #[test]
    fn awake_over_midnight() {
        let times = Habit::UpLate.usual(DayType::Weekday);
        assert!(times.is_awake(10.0) && times.is_awake(1200.0));
        assert!(!times.is_awake(100.0) && !times.is_awake(800.0));
    }
}
