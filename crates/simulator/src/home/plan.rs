//! One home's day: when everything runs, and from that the energy up to any second of it.
//!
//! Energy between two instants is the difference of the energy up to them, in whole mWh. So readings of
//! every length agree, exactly: a half-hour is the sum of its minutes however it is cut.

use geography::reference::DayType;
use metering::reading::Heating;
use metering::{Energy, UtcSecond};

use super::household::{Equipment, Household};
use super::needs::{self, Needs};
use super::presence;
use super::schedule::{HOME_SPREAD, Habit, Times, dark_parts};
use crate::almanac::{DAY_S, Day};
use crate::draws::{Draws, Subject};
use crate::shape::Shape;

/// mW times s in a mWh.
const MW_S_IN_MWH: i64 = 3600;

/// From a second of the wall clock's day on: the power, and the energy before.
#[derive(Debug, Clone, Copy)]
struct Step {
    at_s: i32,
    power_mw: i64,
    before_mw_s: i64,
}

/// A home's day. Made anew for one home after the other: what it holds is used again.
#[derive(Debug, Clone, Default)]
pub(crate) struct DayPlan {
    /// Changes of power: when, and by how many mW.
    changes: Vec<(i32, i32)>,
    steps: Vec<Step>,
    base_w: f64,
    fridge_mw: i64,
    fridge_phase_s: i32,
}

/// The weight of a day for laundry; over a week they average to 1.
pub(super) const fn laundry_weight(kind: DayType) -> f64 {
    match kind {
        DayType::Weekday => 0.84,
        DayType::Saturday => 1.5,
        DayType::Sunday => 1.3,
    }
}

/// When lunch is had, by those who are at home: the middle and the spread, minutes.
pub(super) const fn lunch_time(kind: DayType) -> (f64, f64) {
    match kind {
        DayType::Weekday => (745.0, 40.0),
        DayType::Saturday | DayType::Sunday => (765.0, 90.0),
    }
}

impl DayPlan {
    /// Fills it with a home's day.
    pub(crate) fn fill(&mut self, seed: u64, home: &Household, day: &Day, shape: &Shape) {
        self.changes.clear();
        let mut draws = Draws::new(seed, Subject::Day, u64::from(home.number), i64::from(day.number));
        let mut habits = Draws::new(seed, Subject::Habits, u64::from(home.number), 0);
        let needs = Needs::of(home);
        let gain = f64::from(home.gain);
        self.base_w = needs.standby_w * gain;
        self.fridge_mw = (needs::FRIDGE_W * gain * 1000.0) as i64;
        self.fridge_phase_s = draws.below(needs::FRIDGE_CYCLE_S as usize) as i32;
        let own_clock = habits.about(0.0, HOME_SPREAD);
        let times = home.habit.usual(day.kind).later(own_clock).drawn(&mut draws);
        let is_home = presence::is_home(seed, home.number, home.habit, day);
        let mut scene = Scene { plan: self, home, day, needs: &needs, times, gain, draws, dinner: 0.0 };
        scene.heating(is_home);
        if is_home {
            scene.people();
            scene.meals(&mut habits);
            scene.washing();
            scene.odds_and_ends(shape);
            scene.hot_water();
            scene.car(&mut habits);
        }
        self.seal();
    }

    /// Runs something of `watts` for `minutes` from `minute` on. What goes on past midnight is counted at
    /// the day's own beginning, so that a day is whole by itself.
    fn run(&mut self, minute: f64, minutes: f64, watts: f64) {
        let power_mw = (watts * 1000.0) as i32;
        let from = ((minute * 60.0) as i32).rem_euclid(DAY_S);
        let to = from + ((minutes * 60.0).round() as i32).min(DAY_S);
        self.changes.push((from, power_mw));
        if to <= DAY_S {
            self.changes.push((to, -power_mw));
        } else {
            self.changes.extend([(0, power_mw), (to - DAY_S, -power_mw)]);
        }
    }

    fn seal(&mut self) {
        self.changes.sort_unstable_by_key(|&(at, _)| at);
        self.steps.clear();
        let mut step = Step { at_s: 0, power_mw: (self.base_w * 1000.0) as i64, before_mw_s: 0 };
        for &(at_s, change) in &self.changes {
            if at_s != step.at_s {
                self.steps.push(step);
                step.before_mw_s += step.power_mw * i64::from(at_s - step.at_s);
                step.at_s = at_s;
            }
            step.power_mw += i64::from(change);
        }
        self.steps.push(step);
    }

    /// Energy from midnight to a second of the wall clock's day, mW s.
    fn before_mw_s(&self, wall_s: i32) -> i64 {
        let step = &self.steps[self.steps.partition_point(|step| step.at_s <= wall_s).max(1) - 1];
        let others = step.before_mw_s + step.power_mw * i64::from(wall_s - step.at_s);
        let phase = self.fridge_phase_s;
        others + self.fridge_mw * i64::from(fridge_on_s(phase + wall_s) - fridge_on_s(phase))
    }

    /// Energy from the day's beginning to an instant.
    pub(crate) fn until(&self, day: &Day, instant: UtcSecond) -> Energy {
        let stretches = day.wall_until(instant);
        let mw_s: i64 = stretches.map(|(from, to)| self.before_mw_s(to) - self.before_mw_s(from)).sum();
        Energy::from_mwh(mw_s / MW_S_IN_MWH)
    }
}

/// For how long of its first `elapsed_s` seconds a fridge runs.
fn fridge_on_s(elapsed_s: i32) -> i32 {
    let (cycles, rest) = (elapsed_s / needs::FRIDGE_CYCLE_S, elapsed_s % needs::FRIDGE_CYCLE_S);
    cycles * needs::FRIDGE_ON_S + rest.min(needs::FRIDGE_ON_S)
}

/// What a day's plan is written from.
struct Scene<'a> {
    plan: &'a mut DayPlan,
    home: &'a Household,
    day: &'a Day,
    needs: &'a Needs,
    times: Times,
    gain: f64,
    draws: Draws,
    /// When dinner is had: other things follow it.
    dinner: f64,
}

impl Scene<'_> {
    /// Something that more use makes run for longer: an appliance has the power that it has.
    fn longer(&mut self, minute: f64, minutes: f64, watts: f64) {
        self.plan.run(minute, minutes * self.gain, watts);
    }

    /// Something that more use makes stronger: more lamps, more screens.
    fn stronger(&mut self, minute: f64, minutes: f64, watts: f64) {
        self.plan.run(minute, minutes, watts * self.gain);
    }

    fn is_weekend(&self) -> bool {
        self.day.kind != DayType::Weekday
    }

    fn people(&mut self) {
        let (screens, lamps) = (self.draws.about(1.0, 0.4), self.draws.about(1.0, 0.4));
        for span in self.times.awake() {
            self.stronger(span.0, span.1, self.needs.awake_w * screens);
            for (from, length) in dark_parts(span, self.day.dawn_min, self.day.dusk_min) {
                self.stronger(from, length, self.needs.light_w * lamps);
            }
        }
    }

    fn meals(&mut self, habits: &mut Draws) {
        // Tea by day and in the evening comes with the odds and ends.
        let breakfast = self.times.wake + self.draws.about(22.0, 12.0);
        self.longer(breakfast, self.needs.kettle_min, needs::KETTLE_W);
        let in_the_morning = self.draws.chance(0.4);
        let shower = if in_the_morning { self.times.wake } else { self.times.bed - 120.0 };
        let shower = shower + self.draws.about(20.0, 20.0);
        if self.needs.shower_min > 0.0 {
            let minutes = self.needs.shower_min * self.draws.about(1.0, 0.4);
            self.longer(shower, minutes, needs::SHOWER_W);
        }
        let (middle, spread) = lunch_time(self.day.kind);
        let lunch = self.draws.about(middle, spread);
        if self.draws.chance(needs::LUNCH_CHANCE) && self.times.is_awake(lunch) {
            self.longer(lunch, needs::LUNCH_MIN, needs::LUNCH_W);
        }
        self.dinner = self.dinner_time(habits.about(0.0, 90.0));
        if self.draws.chance(needs::DINNER_CHANCE) {
            let minutes = self.needs.dinner_min * self.draws.about(1.0, 0.5);
            self.longer(self.dinner, minutes, needs::OVEN_W);
        }
        if self.draws.chance(self.needs.dishwasher) {
            let after = self.dinner + self.draws.about(120.0, 90.0);
            self.longer(after, needs::DISHWASHER_MIN, needs::DISHWASHER_W);
        }
    }

    /// When the main meal is cooked: each home has its hour, and each day departs from it a little.
    fn dinner_time(&mut self, habit: f64) -> f64 {
        let roast = match self.day.kind {
            DayType::Weekday if self.home.habit == Habit::AtHome => 0.35,
            DayType::Weekday => 0.0,
            DayType::Saturday => 0.2,
            DayType::Sunday => 0.4,
        };
        if self.draws.chance(roast) {
            return self.draws.about(725.0, 100.0);
        }
        let usual = match self.home.habit {
            Habit::UpEarly => 1050.0,
            Habit::UpLate => 1180.0,
            Habit::NightShift if !self.is_weekend() => 1060.0,
            Habit::AtHome => 1075.0,
            _ => 1105.0,
        };
        self.draws.about(usual + habit, 45.0)
    }

    fn washing(&mut self) {
        if !self.draws.chance(self.needs.laundry * laundry_weight(self.day.kind)) {
            return;
        }
        let start = match (self.is_weekend(), self.home.habit) {
            (true, _) => self.draws.about(750.0, 270.0),
            (false, Habit::AtHome) => self.draws.about(680.0, 180.0),
            // When they are back; or set by a timer before they leave.
            (false, _) if self.draws.chance(0.6) => self.times.back + self.draws.about(110.0, 90.0),
            (false, _) => self.draws.about(800.0, 120.0),
        };
        self.longer(start, needs::WASH_HEAT_MIN, needs::WASH_HEAT_W);
        self.longer(start + needs::WASH_HEAT_MIN * self.gain, needs::WASH_DRUM_MIN, needs::WASH_DRUM_W);
        if self.needs.has_drier {
            let wet = (needs::WASH_HEAT_MIN + needs::WASH_DRUM_MIN) * self.gain + 10.0;
            self.longer(start + wet, needs::DRIER_MIN, needs::DRIER_W);
        }
    }

    /// What happens at no set time happens as the standard profile has it: a habit is what
    /// people of a home do mostly, and now and then one of them does something else.
    fn odds_and_ends(&mut self, shape: &Shape) {
        for _ in 0..needs::ODDS {
            let minute = shape.minute(self.day.date.month(), self.day.kind, self.draws.unit());
            let minutes = self.needs.odds_min * self.draws.about(1.0, 0.8);
            self.longer(minute, minutes, needs::ODDS_W);
        }
    }

    fn heating(&mut self, is_home: bool) {
        let share = if is_home { 1.0 } else { needs::FROST_SHARE };
        let whim = self.draws.about(1.0, 0.2);
        let wh = 1000.0 * self.needs.heating_kwh_k * self.day.heating_k() * share * whim;
        if wh <= 0.0 {
            return;
        }
        // Parts of the day's heat: from when, for how long, how much of it.
        let wake = self.times.wake;
        let parts: &[(f64, f64, f64)] = match self.home.heating {
            Heating::Electric if self.home.equipment.has(Equipment::STORAGE_HEATERS) => {
                &[(30.0, 420.0, 0.8), (1020.0, 240.0, 0.2)]
            }
            Heating::HeatPump => &[(0.0, 1440.0, 0.4), (wake - 60.0, 240.0, 0.25), (930.0, 390.0, 0.35)],
            _ => &[(wake - 30.0, 150.0, 0.2), (600.0, 360.0, 0.35), (990.0, 330.0, 0.45)],
        };
        for &(from, minutes, part) in parts {
            self.stronger(from, minutes, wh * part / (minutes / 60.0));
        }
    }

    fn hot_water(&mut self) {
        let wh = 1000.0 * self.needs.hot_water_kwh * self.draws.about(1.0, 0.3);
        if wh <= 0.0 {
            return;
        }
        let by_night = self.home.equipment.has(Equipment::STORAGE_HEATERS);
        let parts = if by_night {
            [(150.0, 0.8), (1140.0, 0.2)]
        } else {
            [(self.times.wake, 0.4), (self.times.bed - 240.0, 0.6)]
        };
        for (around, part) in parts {
            let from = around + self.draws.about(0.0, 75.0);
            let watts = if self.home.heating == Heating::HeatPump { 1200.0 } else { 2800.0 };
            self.longer(from, 60.0 * wh * part / watts, watts);
        }
    }

    fn car(&mut self, habits: &mut Draws) {
        // Some plug in when they come home, most by the clock of a night tariff.
        let by_clock = habits.chance(0.85);
        let from = if by_clock { habits.about(120.0, 110.0) } else { self.times.back + 20.0 };
        if self.needs.has_car && self.draws.chance(needs::CAR_CHANCE) {
            let minutes = self.draws.about(needs::CAR_MIN, 100.0);
            self.longer(from, minutes, needs::CAR_W);
        }
    }
}
