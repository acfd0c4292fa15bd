//! What a figure rests on, in words: whose homes, how many, measured on which days, or why there is none.

use metering::UtcSecond;
use metering::api::{AreaCard, Basis, Figure, Measure, MeasuredIn, Status};

use crate::format::{self, Day};

/// A year's figure rests on a year if it rests on this share of its days, per cent.
const WHOLE_YEAR_PERCENT: u32 = 95;

/// `60 to 69 homes here were measured on 4 days, 18 to 21 November 2026. Scaled from them to a whole year.`
pub(crate) fn rests_on(card: &AreaCard, figure: &Figure) -> String {
    match figure.status {
        Status::Measured => measured(card, figure),
        Status::Merged => merged(figure),
        Status::Modelled => format!("{} From {}.", no_home(card), source(card)),
        Status::Suppressed => {
            "Fewer homes are measured here than it takes to keep each of them private.".to_owned()
        }
        Status::NoData if !figure.measure.is_of_a_year() && card.model_source.is_some() => {
            format!("{} Published statistics tell only what a home uses in a year.", no_home(card))
        }
        Status::NoData => "No home here is measured, and nothing has been published.".to_owned(),
    }
}

/// Why there is no shape of a day.
pub(super) fn no_day(card: &AreaCard, profile: Status, month: &str) -> String {
    let hidden = card.figures.iter().any(|figure| figure.status == Status::Suppressed);
    if hidden || profile == Status::Suppressed {
        "Too few homes are measured here to show the shape of their day.".to_owned()
    } else if card.last_measured.is_some() {
        format!("No home here was measured in {}.", format::month_and_year(month))
    } else {
        "The shape of the day appears once homes here are measured.".to_owned()
    }
}

fn measured(card: &AreaCard, figure: &Figure) -> String {
    let homes = match (card.homes.as_deref(), card.simulated) {
        (Some(homes), true) => format!("{homes} simulated homes"),
        (Some(homes), false) => format!("{homes} homes"),
        (None, true) => "Simulated homes".to_owned(),
        (None, false) => "Homes".to_owned(),
    };
    let measured = match figure.basis {
        Some(basis) => format!("{homes} here were measured {}", on_days(&basis, figure.measure)),
        None => format!("{homes} here were measured."),
    };
    format!("{measured}{}", in_few_corners(card))
}

/// That the homes are all in a small part of the area, where they are.
fn in_few_corners(card: &AreaCard) -> String {
    match &card.measured_in {
        Some(MeasuredIn { areas, of, called }) if areas * 2 < *of => {
            format!(" All of them are in {areas} of its {of} {called}.")
        }
        _ => String::new(),
    }
}

fn merged(figure: &Figure) -> String {
    let wider = figure.shown_for.as_ref().map_or("a wider area", |area| area.name.as_str());
    let why = format!("Too few homes are measured here, so this is the figure for {wider}");
    match figure.basis {
        Some(basis) => format!("{why}, measured {}", on_days(&basis, figure.measure)),
        None => format!("{why}."),
    }
}

/// The days, and what was made of them.
fn on_days(basis: &Basis, measure: Measure) -> String {
    let last = last_day(basis.to);
    if basis.days * 100 >= 365 * WHOLE_YEAR_PERCENT {
        return format!("in the 12 months to {}.", last.date());
    }
    let days = format::day_range(Day::beginning_at(basis.from), last);
    let days = match basis.days {
        1 => format!("on 1 day, {days}."),
        many => format!("on {many} days, {days}."),
    };
    if measure.is_of_a_year() { format!("{days} Scaled from them to a whole year.") } else { days }
}

/// That no home is measured: never, not lately, or not for a whole day yet.
fn no_home(card: &AreaCard) -> String {
    let last = last_day(card.to);
    match &card.last_measured {
        None => "No home here is measured yet.".to_owned(),
        // Not in the days until then: after them.
        Some(month) if *month >= last.month_in_digits() => {
            format!("Homes here have been measured only after {}.", last.date())
        }
        Some(month) => format!(
            "No home here was measured in the 12 months to {}; the last were in {}.",
            last.date(),
            format::month_and_year(month),
        ),
    }
}

fn source(card: &AreaCard) -> &str {
    card.model_source.as_deref().unwrap_or("published statistics")
}

/// The day that ends at this midnight.
fn last_day(end: UtcSecond) -> Day {
    Day::beginning_at(UtcSecond(end.0 - 86_400))
}

#[cfg(test)]
mod tests {
    use metering::AreaCode;
    use metering::api::AreaName;

    use super::*;

    fn at(text: &str) -> UtcSecond {
        UtcSecond::parse(text).unwrap()
    }

    fn card() -> AreaCard {
        AreaCard {
            area: name("Camden 001A"),
            parents: Vec::new(),
            children: Vec::new(),
            homes: Some("60 to 69".to_owned()),
            measured_in: None,
            homes_published: None,
            coverage_percent: None,
            simulated: false,
            last_measured: None,
            from: at("2025-11-22T00:00:00Z"),
            to: at("2026-11-22T00:00:00Z"),
            as_of: at("2026-11-22T10:00:00Z"),
            figures: Vec::new(),
            model_source: Some("published statistics for 2019, imported".to_owned()),
        }
    }

    fn name(text: &str) -> AreaName {
        AreaName {
            code: AreaCode::parse("E01000907").unwrap(),
            level: "lsoa".to_owned(),
            name: text.to_owned(),
            near: None,
        }
    }

    fn figure(measure: Measure, status: Status, basis: Option<(u32, &str, &str)>) -> Figure {
        Figure {
            measure,
            unit: measure.unit().to_owned(),
            status,
            value: Some(1.0),
            shown_for: (status == Status::Merged).then(|| name("Camden")),
            around: None,
            basis: basis.map(|(days, from, to)| Basis { days, from: at(from), to: at(to) }),
        }
    }

    #[test]
    fn days_are_named_and_scaling_is_said() {
        let four = Some((4, "2026-11-18T00:00:00Z", "2026-11-22T00:00:00Z"));
        let year = Some((360, "2025-11-22T00:00:00Z", "2026-11-22T00:00:00Z"));
        let check = |measure, status, basis, expect: &str| {
            assert_eq!(rests_on(&card(), &figure(measure, status, basis)), expect);
        };
        check(
            Measure::Annual,
            Status::Measured,
            four,
            "60 to 69 homes here were measured on 4 days, 18 to 21 November 2026. Scaled from them to a whole year.",
        );
        check(
            Measure::NightShare,
            Status::Measured,
            four,
            "60 to 69 homes here were measured on 4 days, 18 to 21 November 2026.",
        );
        check(
            Measure::Annual,
            Status::Measured,
            year,
            "60 to 69 homes here were measured in the 12 months to 21 November 2026.",
        );
        check(
            Measure::NightShare,
            Status::Merged,
            four,
            "Too few homes are measured here, so this is the figure for Camden, measured on 4 days, 18 to 21 November 2026.",
        );
        check(Measure::Now, Status::Measured, None, "60 to 69 homes here were measured.");
    }

    #[test]
    fn simulated_homes_are_called_so() {
        let simulated = AreaCard { simulated: true, ..card() };
        let text = rests_on(&simulated, &figure(Measure::Now, Status::Measured, None));
        assert_eq!(text, "60 to 69 simulated homes here were measured.");
    }

    #[test]
    fn homes_in_one_corner_do_not_speak_for_the_whole_in_silence() {
        let measured_in = |areas| Some(MeasuredIn { areas, of: 28, called: "neighbourhoods".to_owned() });
        let text = |areas| {
            let card = AreaCard { measured_in: measured_in(areas), ..card() };
            rests_on(&card, &figure(Measure::Now, Status::Measured, None))
        };
        assert_eq!(
            text(1),
            "60 to 69 homes here were measured. All of them are in 1 of its 28 neighbourhoods."
        );
        assert_eq!(text(14), "60 to 69 homes here were measured.");
    }

    #[test]
    fn never_measured_is_not_measured_long_ago() {
        let modelled = figure(Measure::Annual, Status::Modelled, None);
        assert_eq!(
            rests_on(&card(), &modelled),
            "No home here is measured yet. From published statistics for 2019, imported."
        );
        let before = AreaCard { last_measured: Some("2018-12".to_owned()), ..card() };
        assert_eq!(
            rests_on(&before, &modelled),
            "No home here was measured in the 12 months to 21 November 2026; the last were in December 2018. \
             From published statistics for 2019, imported."
        );
        assert_eq!(no_day(&before, Status::NoData, "2026-11"), "No home here was measured in November 2026.");
        let today = AreaCard { last_measured: Some("2026-11".to_owned()), ..card() };
        assert_eq!(
            rests_on(&today, &modelled),
            "Homes here have been measured only after 21 November 2026. From published statistics for 2019, imported."
        );
    }

    #[test]
    fn a_hidden_day_is_not_a_missing_one() {
        let hidden = AreaCard { figures: vec![figure(Measure::Annual, Status::Suppressed, None)], ..card() };
        let text = no_day(&hidden, Status::NoData, "2026-11");
        assert_eq!(text, "Too few homes are measured here to show the shape of their day.");
    }
}
