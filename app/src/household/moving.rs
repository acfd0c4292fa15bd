//! The same household in two places. Pure.

use metering::api::{EstimateAnswer, EstimatedCost, Spread};
use metering::estimate::FOUR_OF_FIVE;
use metering::time::DayPart;

use crate::comparison::{Told, is_one_figure};

/// Standard deviations between the tenth and the ninetieth of a hundred of a normal distribution.
const TENTH_TO_NINETIETH: f64 = 2.0 * FOUR_OF_FIVE;

/// Half-hours of a kilowatt-hour, in watts.
const WATT_HALF_HOURS: f64 = 2_000.0;

/// How sure it is that a household uses more in one place than in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sureness {
    /// One figure tells of both places.
    OneFigure,
    /// It is as often less.
    Hardly,
    /// So many of ten pairs of such homes, one in each place, are as the middles are; fewer than nine.
    Likely(u8),
    /// Nine of ten pairs, or more.
    AlmostCertain,
}

/// From one place to another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moving<'a> {
    /// Where the household is.
    pub(crate) now: &'a EstimateAnswer,
    /// Where it would be.
    pub(crate) there: &'a EstimateAnswer,
}

impl Moving<'_> {
    /// What a tariff costs more there, a year. None where only one of the places has it.
    pub(crate) fn a_year_more(&self, tariff: &str) -> Option<f64> {
        Some(cost(self.there, tariff)?.a_year.middle - cost(self.now, tariff)?.a_year.middle)
    }

    /// kWh more a year.
    pub(crate) fn kwh_more(&self) -> f64 {
        self.there.kwh.middle - self.now.kwh.middle
    }

    /// How sure it is whether the household uses more there, or less.
    pub(crate) fn sureness(&self) -> Sureness {
        if is_one_figure(told(self.now), told(self.there)) {
            return Sureness::OneFigure;
        }
        let more = more_often(self.there.kwh, self.now.kwh);
        match (more.max(1.0 - more) * 10.0).round() as u8 {
            0..=5 => Sureness::Hardly,
            of_ten @ 6..9 => Sureness::Likely(of_ten),
            _ => Sureness::AlmostCertain,
        }
    }
}

fn told(answer: &EstimateAnswer) -> Told<'_> {
    let of = answer.shown_for.as_ref().unwrap_or(&answer.area);
    Told { of: &of.code, status: answer.status, kwh: answer.mean_home_kwh }
}

/// What it costs under one of its tariffs.
pub(crate) fn cost<'a>(answer: &'a EstimateAnswer, tariff: &str) -> Option<&'a EstimatedCost> {
    answer.costs.iter().find(|cost| cost.tariff == tariff)
}

/// In which part of pairs the first is more than the second: both are taken as log-normal, with these tenths, and to have
/// nothing to do with each other.
fn more_often(one: Spread, other: Spread) -> f64 {
    let sigma = |of: Spread| (of.high / of.low).ln() / TENTH_TO_NINETIETH;
    let together = sigma(one).hypot(sigma(other));
    let apart = (one.middle / other.middle).ln();
    if !(together > 0.0 && apart.is_finite()) {
        return 0.5;
    }
    0.5 * libm::erfc(-apart / together / std::f64::consts::SQRT_2)
}

/// What of a weekday's use is in each part of it, kWh, by the mean power of its half-hours.
pub(crate) fn day_parts(weekday_w: &[f64]) -> [f64; DayPart::ALL.len()] {
    let mut parts = [0.0; DayPart::ALL.len()];
    for (half_hour, watts) in weekday_w.iter().enumerate() {
        parts[DayPart::of(half_hour) as usize] += watts;
    }
    parts.map(|watts| watts / WATT_HALF_HOURS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(code: &str, status: &str, wider: Option<&str>, spread: [f64; 3]) -> EstimateAnswer {
        let [low, middle, high] = spread;
        let mut answer = json!({
            "area": { "code": code, "level": "lsoa", "name": code },
            "status": status,
            "mean_home_kwh": 3000.0,
            "kwh": { "low": low, "middle": middle, "high": high },
            "months_kwh": [],
            "weekday_w": [],
            "costs": [{
                "tariff": "flat", "name": "Flat", "months": [],
                "a_year": { "low": 0.0, "middle": middle / 4.0, "high": 0.0 },
            }],
            "fitted_homes": 0,
            "typical_kwh": 2500.0,
        });
        if let Some(code) = wider {
            answer["shown_for"] = json!({ "code": code, "level": "borough", "name": code });
        }
        serde_json::from_value(answer).unwrap()
    }

    fn sureness(now: &EstimateAnswer, there: &EstimateAnswer) -> Sureness {
        Moving { now, there }.sureness()
    }

    #[test]
    fn the_further_apart_the_surer() {
        let of = |middle: f64| {
            answer(&format!("E{middle}"), "measured", None, [middle / 1.5, middle, middle * 1.5])
        };
        assert_eq!(sureness(&of(3000.0), &of(3050.0)), Sureness::Hardly);
        assert_eq!(sureness(&of(3000.0), &of(3600.0)), Sureness::Likely(7));
        assert_eq!(sureness(&of(3600.0), &of(3000.0)), Sureness::Likely(7), "the other way as well");
        assert_eq!(sureness(&of(3000.0), &of(6000.0)), Sureness::AlmostCertain);
        assert_eq!(Moving { now: &of(3000.0), there: &of(3600.0) }.a_year_more("flat"), Some(150.0));
        assert_eq!(Moving { now: &of(3000.0), there: &of(3600.0) }.a_year_more("none"), None);
        assert_eq!(Moving { now: &of(3000.0), there: &of(3600.0) }.kwh_more(), 600.0);
    }

    #[test]
    fn pairs_are_counted_as_a_normal_distribution_has_it() {
        let of = |middle: f64| Spread { low: middle / 1.5, middle, high: middle * 1.5 };
        // Equal spreads, whose middles are one standard deviation of the difference apart.
        let sigma = 1.5_f64.powi(2).ln() / TENTH_TO_NINETIETH * std::f64::consts::SQRT_2;
        let more = more_often(of(1000.0 * sigma.exp()), of(1000.0));
        assert!((more - 0.841_345).abs() < 1e-4, "{more}");
        let even = Spread { low: 1.0, middle: 1.0, high: 1.0 };
        assert_eq!(more_often(even, even), 0.5, "nothing is spread");
    }

    #[test]
    fn one_figure_tells_nothing_apart() {
        let spread = [2000.0, 3000.0, 4000.0];
        let merged = |code| answer(code, "merged", Some("E09"), spread);
        assert_eq!(sureness(&merged("E01"), &merged("E02")), Sureness::OneFigure);
        let modelled = |code| answer(code, "modelled", None, spread);
        assert_eq!(sureness(&modelled("E01"), &modelled("E02")), Sureness::OneFigure);
    }

    #[test]
    fn parts_of_a_day_add_up() {
        let watts: Vec<f64> = (0..48).map(f64::from).collect();
        let [night, evening, rest] = day_parts(&watts);
        assert_eq!(night, (1..15).sum::<i32>() as f64 / 2000.0);
        assert_eq!(evening, (32..40).sum::<i32>() as f64 / 2000.0);
        assert!((night + evening + rest - (0..48).sum::<i32>() as f64 / 2000.0).abs() < 1e-9);
    }
}
