//! What energy costs: tariffs, dated and with their source, and what a home's year comes to under each.
//!
//! Prices are in hundredths of the currency (pence, cents), with its value-added tax, as a household pays them.

use jiff::civil::{Date, Time};
use serde::Deserialize;

use crate::api::TariffPrices;
use crate::time::DayType;

/// Half-hours of a local day.
pub const HALF_HOURS: usize = 48;
/// Months of a year.
pub const MONTHS: usize = 12;

/// The tariffs of a country that hold for some time.
#[derive(Debug, Clone, PartialEq)]
pub struct Tariffs {
    /// The first day.
    pub from: Date,
    /// The last day, if it is known.
    pub to: Option<Date>,
    /// Who says so, and of what exactly.
    pub source: String,
    /// ISO 4217.
    pub currency: String,
    /// Value-added tax, which is in every price, %.
    pub vat_percent: f64,
    /// At least one, each with another id.
    pub tariffs: Vec<Tariff>,
}

/// What a kilowatt-hour costs at any time, and a day without one.
#[derive(Debug, Clone, PartialEq)]
pub struct Tariff {
    /// As in a URL.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Where its prices are not simply the source's: how they were derived.
    pub note: Option<String>,
    /// For each day.
    pub standing_per_day: f64,
    /// For a kilowatt-hour: by type of day, then by half-hour of the local day.
    per_kwh: [[f64; HALF_HOURS]; DayType::ALL.len()],
}

/// What is wrong with a table of tariffs: the field, its value and the rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {value}; {rule}")]
pub struct BadTariffs {
    field: String,
    value: String,
    rule: &'static str,
}

impl BadTariffs {
    fn new(field: impl Into<String>, value: impl ToString, rule: &'static str) -> Self {
        BadTariffs { field: field.into(), value: value.to_string(), rule }
    }
}

/// A year of a home, or of the mean of some: what it uses in each half-hour of one day of each type in each month, and
/// how many such days there are.
#[derive(Debug, Clone, PartialEq)]
pub struct YearOfUse {
    days: [[f64; DayType::ALL.len()]; MONTHS],
    kwh: Vec<f64>,
}

impl YearOfUse {
    /// From how many days there are of a type in a month (0 is January), and what is used in a half-hour of one.
    pub fn new(
        days: impl Fn(usize, DayType) -> f64,
        kwh: impl Fn(usize, DayType, usize) -> f64,
    ) -> YearOfUse {
        let months = 0..MONTHS;
        YearOfUse {
            days: std::array::from_fn(|month| DayType::ALL.map(|kind| days(month, kind))),
            kwh: months
                .flat_map(|month| DayType::ALL.map(|kind| (month, kind)))
                .flat_map(|(month, kind)| (0..HALF_HOURS).map(move |half_hour| (month, kind, half_hour)))
                .map(|(month, kind, half_hour)| kwh(month, kind, half_hour))
                .collect(),
        }
    }

    /// What is used in the half-hours of one such day, kWh.
    pub fn day(&self, month: usize, kind: DayType) -> &[f64] {
        let first = (month * DayType::ALL.len() + kind as usize) * HALF_HOURS;
        &self.kwh[first..first + HALF_HOURS]
    }

    /// How many such days there are.
    pub fn days(&self, month: usize, kind: DayType) -> f64 {
        self.days[month][kind as usize]
    }

    /// What a month comes to, each kilowatt-hour counted as much as `weight` says of its day and half-hour.
    fn month(&self, month: usize, weight: impl Fn(DayType, usize) -> f64) -> f64 {
        let day = |kind: DayType| {
            let half_hours = self.day(month, kind).iter().enumerate();
            half_hours.map(|(half_hour, kwh)| kwh * weight(kind, half_hour)).sum::<f64>()
        };
        DayType::ALL.iter().map(|&kind| self.days(month, kind) * day(kind)).sum()
    }

    /// Used in a month, kWh.
    pub fn month_kwh(&self, month: usize) -> f64 {
        self.month(month, |_, _| 1.0)
    }

    /// Used in the year, kWh.
    pub fn kwh(&self) -> f64 {
        (0..MONTHS).map(|month| self.month_kwh(month)).sum()
    }

    /// The same shape, with another total.
    pub fn scaled_to(&self, kwh: f64) -> YearOfUse {
        let factor = kwh / self.kwh();
        YearOfUse { days: self.days, kwh: self.kwh.iter().map(|of| of * factor).collect() }
    }
}

/// What a year costs, in hundredths of the currency, by month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// For what is used.
    pub energy: [f64; MONTHS],
    /// For every day, whatever is used.
    pub standing: [f64; MONTHS],
}

impl Cost {
    /// A month.
    pub fn month(&self, month: usize) -> f64 {
        self.energy[month] + self.standing[month]
    }

    /// The year.
    pub fn year(&self) -> f64 {
        (0..MONTHS).map(|month| self.month(month)).sum()
    }
}

impl Tariff {
    /// Its prices, for whoever works something out with them.
    pub fn prices(&self) -> TariffPrices {
        TariffPrices {
            tariff: self.id.clone(),
            name: self.name.clone(),
            standing_per_day: self.standing_per_day,
            per_kwh: self.per_kwh.iter().map(|of_day| of_day.to_vec()).collect(),
        }
    }

    /// The tariff of such prices; none where they are not of 48 half-hours of three types of day.
    pub fn of_prices(prices: &TariffPrices) -> Option<Tariff> {
        let days: Vec<[f64; HALF_HOURS]> =
            prices.per_kwh.iter().map(|of_day| of_day[..].try_into().ok()).collect::<Option<_>>()?;
        Some(Tariff {
            id: prices.tariff.clone(),
            name: prices.name.clone(),
            note: None,
            standing_per_day: prices.standing_per_day,
            per_kwh: days.try_into().ok()?,
        })
    }

    /// For a kilowatt-hour in a half-hour of the local day.
    pub fn per_kwh(&self, kind: DayType, half_hour: usize) -> f64 {
        self.per_kwh[kind as usize][half_hour]
    }

    /// Whether it is the same at any time.
    pub fn is_flat(&self) -> bool {
        let prices = || self.per_kwh.iter().flatten();
        prices().all(|price| Some(price) == prices().next())
    }

    /// What a year costs.
    pub fn cost(&self, year: &YearOfUse) -> Cost {
        let days = |month: usize| DayType::ALL.iter().map(|&kind| year.days(month, kind)).sum::<f64>();
        Cost {
            energy: std::array::from_fn(|month| {
                year.month(month, |kind, half_hour| self.per_kwh(kind, half_hour))
            }),
            standing: std::array::from_fn(|month| self.standing_per_day * days(month)),
        }
    }
}

/// Tariffs as they stand in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    from: Date,
    to: Option<Date>,
    source: String,
    currency: String,
    vat_percent: f64,
    tariff: Vec<TariffDraft>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TariffDraft {
    id: String,
    name: String,
    note: Option<String>,
    standing_per_day: f64,
    /// Whenever no other price holds.
    per_kwh: f64,
    #[serde(default)]
    at: Vec<TimeDraft>,
}

/// A price that holds at some times. Of several that do, the last.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeDraft {
    from: Time,
    /// Midnight is the day's end; before `from`, that of the next day.
    to: Time,
    /// Without any: all.
    days: Option<Vec<DayType>>,
    per_kwh: f64,
}

/// The half-hour of a day that begins at a time.
fn half_hour_of(field: &str, time: Time) -> Result<usize, BadTariffs> {
    let is_whole = time.minute() % 30 == 0 && time.second() == 0 && time.subsec_nanosecond() == 0;
    let half_hour = usize::from(time.hour().unsigned_abs()) * 2 + usize::from(time.minute() == 30);
    is_whole.then_some(half_hour).ok_or_else(|| BadTariffs::new(field, time, "allowed are whole half-hours"))
}

fn price(field: String, value: f64) -> Result<f64, BadTariffs> {
    let rule = "allowed are hundredths of the currency, from -1000 to 1000";
    (-1000.0..=1000.0).contains(&value).then_some(value).ok_or_else(|| BadTariffs::new(field, value, rule))
}

impl TariffDraft {
    fn check(self) -> Result<Tariff, BadTariffs> {
        let field = |name: &str| format!("{name} of the tariff {:?}", self.id);
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || !self.id.chars().all(is_plain) {
            let rule = "allowed are lower-case letters, digits and hyphens";
            return Err(BadTariffs::new("id", format!("{:?}", self.id), rule));
        }
        let rest = price(field("per_kwh"), self.per_kwh)?;
        let mut per_kwh = [[rest; HALF_HOURS]; DayType::ALL.len()];
        for time in &self.at {
            let (from, to) = (half_hour_of(&field("from"), time.from)?, half_hour_of(&field("to"), time.to)?);
            let to = if to <= from { to + HALF_HOURS } else { to };
            let special = price(field("per_kwh"), time.per_kwh)?;
            for &kind in time.days.as_deref().unwrap_or(&DayType::ALL) {
                (from..to).for_each(|half_hour| per_kwh[kind as usize][half_hour % HALF_HOURS] = special);
            }
        }
        Ok(Tariff {
            standing_per_day: price(field("standing_per_day"), self.standing_per_day)?,
            id: self.id,
            name: self.name,
            note: self.note,
            per_kwh,
        })
    }
}

impl TryFrom<Draft> for Tariffs {
    type Error = BadTariffs;

    fn try_from(draft: Draft) -> Result<Self, BadTariffs> {
        let Draft { from, to, source, currency, vat_percent, tariff } = draft;
        if let Some(to) = to.filter(|&to| to < from) {
            return Err(BadTariffs::new("to", to, "it must not be before from"));
        }
        if currency.len() != 3 || !currency.chars().all(|c| c.is_ascii_uppercase()) {
            let rule = "allowed are the three letters of ISO 4217";
            return Err(BadTariffs::new("currency", format!("{currency:?}"), rule));
        }
        if !(0.0..=100.0).contains(&vat_percent) {
            return Err(BadTariffs::new("vat_percent", vat_percent, "allowed are 0 to 100"));
        }
        let mut tariffs: Vec<Tariff> = Vec::new();
        for draft in tariff {
            let tariff = draft.check()?;
            if tariffs.iter().any(|other| other.id == tariff.id) {
                return Err(BadTariffs::new("id", format!("{:?}", tariff.id), "another tariff has it"));
            }
            tariffs.push(tariff);
        }
        if tariffs.is_empty() {
            return Err(BadTariffs::new("tariff", "empty", "there must be one"));
        }
        Ok(Tariffs { from, to, source, currency, vat_percent, tariffs })
    }
}

impl<'de> Deserialize<'de> for Tariffs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Draft::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// As of a quarter of 2026, with what is wrong with them in a test.
    fn tariffs(edit: impl FnOnce(&mut Value)) -> Result<Tariffs, String> {
        let mut table = json!({
            "from": "2026-07-01", "to": "2026-09-30", "source": "a regulator", "currency": "GBP", "vat_percent": 5,
            "tariff": [
                { "id": "flat", "name": "Flat", "standing_per_day": 57.19, "per_kwh": 26.11 },
                { "id": "economy-7", "name": "Economy 7", "standing_per_day": 57.19, "per_kwh": 32.6,
                  "at": [{ "from": "00:30", "to": "07:30", "per_kwh": 17.2 }] },
                { "id": "peaks", "name": "Peaks", "standing_per_day": 0, "per_kwh": 20,
                  "at": [{ "from": "22:00", "to": "06:00", "per_kwh": 10 },
                         { "from": "16:00", "to": "19:00", "days": ["weekday"], "per_kwh": 40 },
                         { "from": "23:00", "to": "00:00", "days": ["saturday"], "per_kwh": 15 }] },
            ],
        });
        edit(&mut table);
        serde_json::from_value(table).map_err(|error| error.to_string())
    }

    /// So much in every half-hour, a year of 365 days.
    fn even(kwh: f64) -> YearOfUse {
        YearOfUse::new(|_, kind| 365.0 / 12.0 * f64::from(kind.days_a_week()) / 7.0, |_, _, _| kwh)
    }

    #[test]
    fn the_last_price_that_holds_counts() {
        let tariffs = tariffs(|_| ()).unwrap();
        let [flat, economy_7, peaks] = &tariffs.tariffs[..] else { panic!("{tariffs:?}") };
        let at = |tariff: &Tariff, half_hour| DayType::ALL.map(|kind| tariff.per_kwh(kind, half_hour));
        assert!(flat.is_flat() && !economy_7.is_flat() && !peaks.is_flat());
        assert_eq!([0, 1, 14, 15].map(|half_hour| at(economy_7, half_hour)[0]), [32.6, 17.2, 17.2, 32.6]);
        assert_eq!(at(peaks, 32), [40.0, 20.0, 20.0], "16:00");
        assert_eq!(at(peaks, 44), [10.0; 3], "22:00");
        assert_eq!(at(peaks, 47), [10.0, 15.0, 10.0], "23:30");
        assert_eq!((at(peaks, 11), at(peaks, 12)), ([10.0; 3], [20.0; 3]), "after midnight");
    }

    #[test]
    fn a_year_costs_what_its_half_hours_cost() {
        let tariffs = tariffs(|_| ()).unwrap();
        let year = even(0.1);
        assert!((year.kwh() - 0.1 * 48.0 * 365.0).abs() < 1e-9);
        let [flat, economy_7] = [0, 1].map(|tariff| tariffs.tariffs[tariff].cost(&year));
        assert!((flat.year() - 365.0 * (57.19 + 4.8 * 26.11)).abs() < 1e-6, "{flat:?}");
        let day = 57.19 + 1.4 * 17.2 + 3.4 * 32.6;
        assert!((economy_7.year() - 365.0 * day).abs() < 1e-6, "{economy_7:?}");
        assert!((economy_7.month(3) - economy_7.year() / 12.0).abs() < 1e-6, "all months are alike here");
        let twice = tariffs.tariffs[0].cost(&year.scaled_to(2.0 * year.kwh()));
        assert!((twice.energy[0] - 2.0 * flat.energy[0]).abs() < 1e-9);
        assert!((twice.standing[0] - flat.standing[0]).abs() < 1e-9);
    }

    #[test]
    fn prices_make_the_tariff_that_they_are_of() {
        for tariff in tariffs(|_| ()).unwrap().tariffs {
            let again = Tariff::of_prices(&tariff.prices()).unwrap();
            assert_eq!(again, Tariff { note: None, ..tariff.clone() });
            let mut wrong = tariff.prices();
            wrong.per_kwh[1].pop();
            assert_eq!(Tariff::of_prices(&wrong), None);
        }
    }

    #[test]
    fn months_and_days_differ() {
        let january_sundays = YearOfUse::new(
            |month, kind| if (month, kind) == (0, DayType::Sunday) { 4.0 } else { 0.0 },
            |_, _, half_hour| if half_hour == 33 { 2.0 } else { 0.0 },
        );
        assert_eq!((january_sundays.kwh(), january_sundays.month_kwh(1)), (8.0, 0.0));
        let peaks = &tariffs(|_| ()).unwrap().tariffs[2];
        assert_eq!(peaks.cost(&january_sundays).year(), 8.0 * 20.0, "no peak on Sundays");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |edit: fn(&mut Value), expect: &str| {
            let error = tariffs(edit).unwrap_err();
            assert!(error.contains(expect), "{error}");
        };
        refused(|t| t["to"] = json!("2026-06-30"), "to is 2026-06-30; it must not be before from");
        refused(
            |t| t["currency"] = json!("gbp"),
            r#"currency is "gbp"; allowed are the three letters of ISO 4217"#,
        );
        refused(|t| t["vat_percent"] = json!(105), "vat_percent is 105; allowed are 0 to 100");
        refused(|t| t["tariff"] = json!([]), "tariff is empty; there must be one");
        refused(|t| t["tariff"][1]["id"] = json!("flat"), r#"id is "flat"; another tariff has it"#);
        refused(|t| t["tariff"][1]["id"] = json!("E 7"), r#"id is "E 7"; allowed are lower-case letters"#);
        refused(
            |t| t["tariff"][1]["at"][0]["from"] = json!("00:40"),
            r#"from of the tariff "economy-7" is 00:40:00; allowed are whole half-hours"#,
        );
        refused(
            |t| t["tariff"][0]["per_kwh"] = json!(2611),
            r#"per_kwh of the tariff "flat" is 2611; allowed are"#,
        );
        refused(|t| t["tariff"][0]["perkwh"] = json!(1), "unknown field `perkwh`");
        refused(|t| t["tariff"][2]["at"][1]["days"] = json!(["friday"]), "unknown variant `friday`");
    }
}
