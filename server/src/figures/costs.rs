//! What a home's year costs, from what is public of it: how much it uses, and how much of that at night and in the evening.

use geography::reference::{H25, h25};
use metering::api::TariffCost;
use metering::tariff::{Tariff, Tariffs, YearOfUse};
use metering::time::{DayPart, DayType};

/// What is known of a year.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// kWh.
    pub kwh: f64,
    /// Of it, in the night; as the standard shape has it where it is not known.
    pub night_percent: Option<f64>,
    /// Of it, in the evening; likewise.
    pub evening_percent: Option<f64>,
    /// Whether somebody is at home on weekdays: then these are as Sundays are, and nothing else is known of their parts.
    pub at_home: bool,
}

/// The standard shape, with the known total and the known parts of it.
pub(super) fn year_of(known: Known) -> YearOfUse {
    let shape = h25();
    let share = |month: usize, kind, half_hour| {
        let month = month as u8 + 1;
        if known.at_home && kind == DayType::Weekday {
            let as_much = shape.day_share(month, kind) / shape.day_share(month, DayType::Sunday);
            return shape.share(month, DayType::Sunday, half_hour) * as_much;
        }
        shape.share(month, kind, half_hour)
    };
    let days = |month: usize, kind: DayType| H25::days(month as u8 + 1, kind);
    let of_part = |part: DayPart| {
        let within = move |month, kind, half_hour| {
            if DayPart::of(half_hour) == part { share(month, kind, half_hour) } else { 0.0 }
        };
        YearOfUse::new(days, within).kwh()
    };
    let [night, evening, rest] = DayPart::ALL.map(of_part);
    let all = night + evening + rest;
    let wanted = |percent: Option<f64>, standard: f64| match percent.filter(|_| !known.at_home) {
        Some(percent) => percent / 100.0,
        None => standard / all,
    };
    let (night_wanted, evening_wanted) =
        (wanted(known.night_percent, night), wanted(known.evening_percent, evening));
    let factor = |half_hour| match DayPart::of(half_hour) {
        DayPart::Night => night_wanted / night,
        DayPart::Evening => evening_wanted / evening,
        DayPart::Rest => (1.0 - night_wanted - evening_wanted).max(0.0) / rest,
    };
    YearOfUse::new(days, |month, kind, half_hour| share(month, kind, half_hour) * factor(half_hour))
        .scaled_to(known.kwh)
}

/// What it costs under each tariff, to a whole unit of the currency: its figures are not better than that.
pub(super) fn costs(tariffs: &Tariffs, known: Known) -> Vec<TariffCost> {
    let year = year_of(known);
    let cost = |tariff: &Tariff| TariffCost {
        tariff: tariff.id.clone(),
        name: tariff.name.clone(),
        note: tariff.note.clone(),
        a_year: (tariff.cost(&year).year() / 100.0).round(),
    };
    tariffs.tariffs.iter().map(cost).collect()
}

/// What a year costs under a tariff of one price: money goes with kilowatt-hours in a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct FlatPrice {
    fixed: f64,
    per_kwh: f64,
}

impl FlatPrice {
    /// Of the first tariff that has one price for all times, if any has.
    pub(super) fn of(tariffs: &Tariffs) -> Option<Self> {
        let flat = tariffs.tariffs.iter().position(Tariff::is_flat)?;
        let of = |kwh| {
            let known = Known { kwh, night_percent: None, evening_percent: None, at_home: false };
            Some(costs(tariffs, known).get(flat)?.a_year)
        };
        let fixed = of(0.0)?;
        Some(FlatPrice { fixed, per_kwh: (of(10_000.0)? - fixed) / 10_000.0 })
    }

    /// In units of the currency.
    pub(super) fn a_year(&self, kwh: f64) -> f64 {
        self.fixed + kwh * self.per_kwh
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tariffs::great_britain;

    fn a_year(known: Known) -> Vec<f64> {
        costs(&great_britain().unwrap(), known).into_iter().map(|cost| cost.a_year).collect()
    }

    #[test]
    fn a_standard_home_pays_as_much_under_a_flat_tariff_and_by_time_of_use() {
        let standard =
            a_year(Known { kwh: 2_500.0, night_percent: None, evening_percent: None, at_home: false });
        assert_eq!(standard[0], (365.2425_f64 * 0.5719 + 2_500.0 * 0.2611).round());
        assert!((standard[2] - standard[0]).abs() <= 10.0, "{standard:?}");
        assert!(standard[1] > standard[0], "Economy 7 is for those who use much at night: {standard:?}");
    }

    #[test]
    fn what_is_used_at_night_and_in_the_evening_counts() {
        let known = |night, evening| Known {
            kwh: 4_000.0,
            night_percent: Some(night),
            evening_percent: Some(evening),
            at_home: false,
        };
        let (night, evening) = (a_year(known(50.0, 10.0)), a_year(known(10.0, 40.0)));
        assert_eq!(night[0], evening[0], "a flat price is the same at any time");
        let expect = 365.2425 * 0.5719 + 4_000.0 * (0.5 * 0.172 + 0.5 * 0.326);
        assert!((night[1] - expect).abs() <= 1.0, "{night:?} {expect}");
        assert!(night[1] < night[0] && evening[2] > evening[0], "{night:?} {evening:?}");
    }
}
