//! Whether two areas differ, as far as can be known.

use metering::AreaCode;
use metering::api::{ComparedArea, Figure, Measure, Status};

/// What sets a home in one area apart from one in another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Difference {
    /// There is no figure of one of them.
    Unknown,
    /// They are of one wider area.
    SameHomes,
    /// What is known of both overlaps, kWh a year.
    NotTold([f64; 2], [f64; 2]),
    /// So many per cent of the first one's use, more or less.
    Told(f64),
}

/// A mean as it is told of an area.
pub(crate) struct Told<'a> {
    /// Whose it is: the area's own, or that of a wider one.
    pub(crate) of: &'a AreaCode,
    /// What it rests on.
    pub(crate) status: Status,
    /// How much it is.
    pub(crate) kwh: f64,
}

/// Whether two areas are told of by one mean.
pub(crate) fn is_one_figure(one: Told<'_>, other: Told<'_>) -> bool {
    // Published means that are the same are one mean: that of an area around both.
    let are_modelled = one.status == Status::Modelled && other.status == Status::Modelled;
    one.of == other.of || are_modelled && one.kwh == other.kwh
}

/// How a home in `other` differs from one in `one` in what it uses in a year.
pub(crate) fn difference(one: &ComparedArea, other: &ComparedArea) -> Difference {
    fn annual(area: &ComparedArea) -> Option<(&Figure, f64)> {
        let figure = area.card.figure(Measure::Annual)?;
        Some((figure, figure.value?))
    }
    let (Some((a, a_kwh)), Some((b, b_kwh))) = (annual(one), annual(other)) else {
        return Difference::Unknown;
    };
    fn told<'a>(area: &'a ComparedArea, figure: &'a Figure, kwh: f64) -> Told<'a> {
        let of = figure.shown_for.as_ref().unwrap_or(&area.card.area);
        Told { of: &of.code, status: figure.status, kwh }
    }
    if is_one_figure(told(one, a, a_kwh), told(other, b, b_kwh)) {
        return Difference::SameHomes;
    }
    let range = |area: &ComparedArea, kwh| area.annual_range.unwrap_or([kwh, kwh]);
    let (a_range, b_range) = (range(one, a_kwh), range(other, b_kwh));
    if a_range[0] <= b_range[1] && b_range[0] <= a_range[1] {
        return Difference::NotTold(a_range, b_range);
    }
    Difference::Told((b_kwh / a_kwh - 1.0) * 100.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn area(
        code: &str,
        status: &str,
        value: Option<f64>,
        range: Option<[f64; 2]>,
        wider: Option<&str>,
    ) -> ComparedArea {
        let wider = wider.map(|code| json!({ "code": code, "level": "borough", "name": code }));
        let mut figure = json!({ "measure": "annual", "unit": "kWh", "status": status });
        if let Some(value) = value {
            figure["value"] = json!(value);
        }
        if let Some(wider) = wider {
            figure["shown_for"] = wider;
        }
        let at = "2026-11-01T00:00:00Z";
        serde_json::from_value(json!({
            "card": {
                "code": code, "level": "lsoa", "name": code, "parents": [], "children": [], "simulated": false,
                "from": at, "to": at, "as_of": at, "figures": [figure],
            },
            "annual_range": range,
            "profile": { "area": code, "day": "weekday", "month": "2026-11", "status": "no_data", "days": 0, "half_hours": [] },
            "months": { "area": code, "by": "month", "series": [] },
            "costs": [],
        }))
        .unwrap()
    }

    #[test]
    fn what_overlaps_is_no_difference() {
        let measured = |code, kwh, range| area(code, "measured", Some(kwh), Some(range), None);
        let (a, b) = (measured("E01", 3000.0, [2800.0, 3200.0]), measured("E02", 3300.0, [3100.0, 3500.0]));
        assert_eq!(difference(&a, &b), Difference::NotTold([2800.0, 3200.0], [3100.0, 3500.0]));
        let c = measured("E03", 3750.0, [3500.0, 4000.0]);
        assert_eq!(difference(&a, &c), Difference::Told(25.0));
        assert_eq!(difference(&a, &area("E04", "suppressed", None, None, None)), Difference::Unknown);
    }

    #[test]
    fn who_is_told_of_together_does_not_differ() {
        let wider = |code| area(code, "merged", Some(3000.0), None, Some("E09"));
        assert_eq!(difference(&wider("E01"), &wider("E02")), Difference::SameHomes);
        let modelled = |code, kwh| area(code, "modelled", Some(kwh), None, None);
        assert_eq!(difference(&modelled("E01", 3000.0), &modelled("E02", 3000.0)), Difference::SameHomes);
        assert_eq!(difference(&modelled("E01", 2000.0), &modelled("E02", 3000.0)), Difference::Told(50.0));
    }
}
