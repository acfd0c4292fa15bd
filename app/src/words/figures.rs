//! Figures: what they are of, how they compare, and what they rest on.

use metering::UtcSecond;
use metering::api::{AreaCard, Basis, Figure, Measure, MeasuredIn, Status};
use metering::language::polish_form;

use super::{either, hidden, modelled, no_data, say};
use crate::format::{self, Day};

/// A measure's short name.
pub fn measure(measure: Measure) -> &'static str {
    match measure {
        Measure::Annual => say("A year", "Rok"),
        Measure::Cost => say("Cost", "Koszt"),
        Measure::Daily => say("A day", "Doba"),
        Measure::Now => say("Now", "Teraz"),
        Measure::NightShare => say("Night share", "Noc"),
        Measure::EveningShare => say("Evening peak", "Wieczór"),
    }
}

/// What the legend is headed with.
pub fn legend(measure: Measure) -> &'static str {
    match measure {
        Measure::Annual => {
            say("Electricity a home uses in a year, kWh", "Prąd zużywany przez mieszkanie w roku, kWh")
        }
        Measure::Cost => say("What a home pays in a year", "Ile mieszkanie płaci rocznie"),
        Measure::Daily => {
            say("Electricity a home uses a day, kWh", "Prąd zużywany przez mieszkanie na dobę, kWh")
        }
        Measure::Now => {
            say("What a home draws right now, watts", "Ile mieszkanie pobiera w tej chwili, waty")
        }
        Measure::NightShare => {
            say("Share of a home’s use at night, per cent", "Część zużycia mieszkania w nocy, procent")
        }
        Measure::EveningShare => say(
            "Share of a home’s use in the evening, per cent",
            "Część zużycia mieszkania wieczorem, procent",
        ),
    }
}

/// What a measure counts, in a sentence.
pub fn explain(measure: Measure) -> &'static str {
    match measure {
        Measure::Annual => say(
            "All the electricity of a year, for the average home.",
            "Cały prąd w roku, dla przeciętnego mieszkania.",
        ),
        Measure::Cost => say(
            "Under a flat tariff, with the standing charge and VAT.",
            "Według taryfy jednostrefowej, z opłatą stałą i VAT.",
        ),
        Measure::Daily => {
            say("The colours mean the same on all days.", "Kolory znaczą to samo we wszystkie dni.")
        }
        Measure::Now => say(
            "The average home’s power in the current half-hour.",
            "Moc przeciętnego mieszkania w bieżącej półgodzinie.",
        ),
        Measure::NightShare => {
            say("How much of it falls between 00:30 and 07:30.", "Ile z tego przypada między 00:30 a 07:30.")
        }
        Measure::EveningShare => {
            say("How much of it falls between 16:00 and 20:00.", "Ile z tego przypada między 16:00 a 20:00.")
        }
    }
}

/// What follows a headline figure, in small type.
pub fn unit_in_words(measure: Measure) -> &'static str {
    match measure {
        Measure::Annual => say("kWh a home and year", "kWh na mieszkanie i rok"),
        Measure::Cost => {
            say("a home and year, under a flat tariff", "na mieszkanie i rok, według taryfy jednostrefowej")
        }
        Measure::Daily => say("kWh a home and day", "kWh na mieszkanie i dobę"),
        Measure::Now => say("watts a home, right now", "watów na mieszkanie, w tej chwili"),
        Measure::NightShare => say("% of a home’s use, at night", "% zużycia mieszkania w nocy"),
        Measure::EveningShare => say("% of a home’s use, in the evening", "% zużycia mieszkania wieczorem"),
    }
}

/// The head of a column of figures.
pub fn unit_head(measure: Measure) -> &'static str {
    match measure {
        Measure::Annual => say("kWh a year", "kWh rocznie"),
        Measure::Cost => say("A year’s cost", "Koszt roczny"),
        Measure::Daily => say("kWh a day", "kWh na dobę"),
        Measure::Now => say("Watts now", "Waty teraz"),
        Measure::NightShare => say("% at night", "% w nocy"),
        Measure::EveningShare => say("% in the evening", "% wieczorem"),
    }
}

/// A status as a chip.
pub fn status(status: Status) -> &'static str {
    match status {
        Status::Measured => say("Measured", "Zmierzone"),
        Status::Merged => say("Measured, wider area", "Zmierzone, szerszy obszar"),
        Status::Modelled => modelled(),
        Status::Suppressed => say("Hidden", "Ukryte"),
        Status::NoData => no_data(),
    }
}

/// What a class means: `under 2,900`, `2,900 to 3,100`, `4,000 and more`.
pub fn class_range(measure: Measure, bounds: &[f64], class: usize) -> String {
    let figure = |value| format::figure(measure, value);
    match (class.checked_sub(1).and_then(|below| bounds.get(below)), bounds.get(class)) {
        (None, Some(&upper)) => format!("{} {}", say("under", "poniżej"), figure(upper)),
        (Some(&lower), Some(&upper)) => format!("{} {} {}", figure(lower), say("to", "do"), figure(upper)),
        (Some(&lower), None) => format!("{} {}", figure(lower), say("and more", "i więcej")),
        (None, None) => say("all", "wszystkie").to_owned(),
    }
}

/// The ends of the panel's scale, which may be another one than the map's: `under 2,950` and `4,100 and more`.
pub fn ends(measure: Measure, bounds: &[f64]) -> (String, String) {
    (class_range(measure, bounds, 0), class_range(measure, bounds, bounds.len()))
}

/// An area's figure in a few words, for a tooltip or a table.
pub fn figure_or_reason(measure: Measure, status: Status, value: Option<f64>) -> String {
    let figure = |value| format::with_unit(measure, value);
    match (status, value) {
        (Status::Suppressed, _) => hidden().to_owned(),
        (Status::Modelled, Some(value)) => format!("{}, {}", figure(value), say("modelled", "z modelu")),
        (Status::Merged, Some(value)) => {
            format!("{}, {}", figure(value), say("for a wider area", "dla szerszego obszaru"))
        }
        (_, Some(value)) => figure(value),
        (_, None) => no_data().to_owned(),
    }
}

/// Where all areas have one figure there is no scale, and that is what there is to say.
pub fn the_same(measure: Measure, value: f64) -> String {
    format!("{} {}", format::with_unit(measure, value), say("in every area.", "w każdym obszarze."))
}

/// How a figure compares with the one around it: `8 % less than in Hackney as a whole`. Shares are
/// compared in points, because a per cent of a per cent misleads.
pub fn comparison(measure: Measure, value: f64, around: f64, whole: &str) -> String {
    let (difference, is_of_points) = match measure {
        Measure::Annual | Measure::Cost | Measure::Daily | Measure::Now if around > 0.0 => {
            ((value / around - 1.0) * 100.0, false)
        }
        Measure::Annual | Measure::Cost | Measure::Daily | Measure::Now => return String::new(),
        Measure::NightShare | Measure::EveningShare => (value - around, true),
    };
    let number = difference.abs().round();
    let unit = match (is_of_points, number == 1.0) {
        (false, _) => "\u{a0}%",
        (true, true) => say(" point", " punkt"),
        (true, false) => either_form(number),
    };
    let amount = format!("{}{unit}", format::whole(number));
    let is_more = difference > 0.0;
    if number == 0.0 {
        return either(
            || format!("About the same as in {whole} as a whole."),
            || format!("Mniej więcej tyle, co przeciętnie: {whole}."),
        );
    }
    let english = if is_more { "more" } else { "less" };
    let polish = if is_more { "więcej" } else { "mniej" };
    either(
        || format!("{amount} {english} than in {whole} as a whole."),
        || format!("O {amount} {polish} niż przeciętnie: {whole}."),
    )
}

fn either_form(points: f64) -> &'static str {
    let polish = polish_form(points as u64, [" punkt", " punkty", " punktów"]);
    say(" points", polish)
}

/// Where a figure stands among all that are shown on its level: `More than 24 of the 33 boroughs.`
pub fn rank(lower: usize, others: usize, plural: &str, all_known: bool) -> String {
    let (all, mut plural) = (format::whole((others + 1) as f64), plural.to_lowercase());
    if !all_known {
        plural.push_str(say(" that have a figure", " z danymi"));
    }
    let below = format::whole(lower as f64);
    match lower {
        _ if others == 0 => String::new(),
        0 => either(
            || format!("The least of all {all} {plural}."),
            || format!("Najmniej ze wszystkich ({plural}: {all})."),
        ),
        lower if lower == others => either(
            || format!("The most of all {all} {plural}."),
            || format!("Najwięcej ze wszystkich ({plural}: {all})."),
        ),
        _ => either(
            || format!("More than in {below} of the {all} {plural}."),
            || format!("Więcej niż w {below} z {all} ({plural})."),
        ),
    }
}

/// A number of homes in a band, as the API says it: `30 to 39`, `fewer than 10`.
pub(super) fn band(homes: &str) -> String {
    either(
        || homes.to_owned(),
        || {
            let numbers = homes.replace(',', "\u{a0}").replace(" to ", " do ");
            numbers.replace("fewer than", "mniej niż")
        },
    )
}

/// Whose figures these are, where they are a wider area's.
pub fn shown_for(area: &str) -> String {
    either(
        || format!("Shown for {area}: too few homes are measured here."),
        || format!("Pokazano: {area}. Tutaj mierzy się za mało mieszkań."),
    )
}

/// A year's figure rests on a year if it rests on this share of its days, per cent.
const WHOLE_YEAR_PERCENT: u32 = 95;

/// `60 to 69 homes here were measured on 4 days, 18 to 21 November 2026. Scaled from them to a whole year.`
pub fn rests_on(card: &AreaCard, figure: &Figure) -> String {
    match figure.status {
        Status::Measured => homes_measured(card, figure),
        Status::Merged => merged(figure),
        Status::Modelled => {
            let source = super::model_source(card.model_source.as_deref().unwrap_or("published statistics"));
            format!("{} {} {source}.", no_home(card), say("From", "Źródło:"))
        }
        Status::Suppressed => say(
            "Fewer homes are measured here than it takes to keep each of them private.",
            "Mierzy się tu mniej mieszkań, niż trzeba, aby żadne nie zostało rozpoznane.",
        )
        .to_owned(),
        Status::NoData if !figure.measure.is_of_a_year() && card.model_source.is_some() => {
            let only = say(
                "Published statistics tell only what a home uses in a year.",
                "Opublikowane statystyki mówią tylko, ile mieszkanie zużywa w roku.",
            );
            format!("{} {only}", no_home(card))
        }
        Status::NoData => say(
            "No home here is measured, and nothing has been published.",
            "Nie mierzy się tu żadnego mieszkania i niczego nie opublikowano.",
        )
        .to_owned(),
    }
}

/// Why there is no shape of a day.
pub fn no_day(card: &AreaCard, profile: Status, month: &str) -> String {
    let hidden = card.figures.iter().any(|figure| figure.status == Status::Suppressed);
    if hidden || profile == Status::Suppressed {
        return say(
            "Too few homes are measured here to show the shape of their day.",
            "Mierzy się tu za mało mieszkań, aby pokazać przebieg ich dnia.",
        )
        .to_owned();
    }
    if card.last_measured.is_some() {
        let month = format::month_and_year(month);
        return either(
            || format!("No home here was measured in {month}."),
            || format!("Nie mierzono tu żadnego mieszkania ({month})."),
        );
    }
    say(
        "The shape of the day appears once homes here are measured.",
        "Przebieg dnia pojawi się, gdy będą tu mierzone mieszkania.",
    )
    .to_owned()
}

fn homes_measured(card: &AreaCard, figure: &Figure) -> String {
    let days = figure.basis.map(|basis| on_days(&basis, figure.measure));
    let homes = card.homes.as_deref().map(band);
    let measured = either(
        || {
            let whose = match (&homes, card.simulated) {
                (Some(homes), true) => format!("{homes} simulated homes"),
                (Some(homes), false) => format!("{homes} homes"),
                (None, true) => "Simulated homes".to_owned(),
                (None, false) => "Homes".to_owned(),
            };
            match &days {
                Some(days) => format!("{whose} here were measured {days}"),
                None => format!("{whose} here were measured."),
            }
        },
        || {
            let whose = match (&homes, card.simulated) {
                (Some(homes), true) => format!("Symulowane mieszkania, {homes}"),
                (Some(homes), false) => format!("Mieszkania, {homes}"),
                (None, true) => "Symulowane mieszkania".to_owned(),
                (None, false) => "Mieszkania".to_owned(),
            };
            match &days {
                Some(days) => format!("{whose}: mierzone tutaj {days}"),
                None => format!("{whose}: mierzone tutaj."),
            }
        },
    );
    format!("{measured}{}", in_few_corners(card))
}

/// That the homes are all in a small part of the area, where they are.
fn in_few_corners(card: &AreaCard) -> String {
    match &card.measured_in {
        Some(MeasuredIn { areas, of, called }) if areas * 2 < *of => either(
            || format!(" All of them are in {areas} of its {of} {called}."),
            || format!(" Wszystkie są w {areas} z {of} ({}).", super::level(called).to_lowercase()),
        ),
        _ => String::new(),
    }
}

fn merged(figure: &Figure) -> String {
    let wider = figure.shown_for.as_ref().map(|area| area.name.as_str());
    let why = either(
        || {
            let wider = wider.unwrap_or("a wider area");
            format!("Too few homes are measured here, so this is the figure for {wider}")
        },
        || {
            let wider = wider.unwrap_or("szerszy obszar");
            format!("Mierzy się tu za mało mieszkań, więc jest to liczba dla: {wider}")
        },
    );
    match figure.basis {
        Some(basis) => {
            format!("{why}, {} {}", say("measured", "mierzona"), on_days(&basis, figure.measure))
        }
        None => format!("{why}."),
    }
}

/// The days, and what was made of them.
fn on_days(basis: &Basis, measure: Measure) -> String {
    let last = last_day(basis.to);
    if basis.days * 100 >= 365 * WHOLE_YEAR_PERCENT {
        return format!("{} {}.", say("in the 12 months to", "przez 12 miesięcy do"), last.date());
    }
    let dates = format::day_range(Day::beginning_at(basis.from), last);
    let many = basis.days;
    let days = either(
        || format!("on {many} {}, {dates}.", if many == 1 { "day" } else { "days" }),
        || format!("przez {many} {}, {dates}.", polish_form(u64::from(many), ["dzień", "dni", "dni"])),
    );
    if !measure.is_of_a_year() {
        return days;
    }
    format!("{days} {}", say("Scaled from them to a whole year.", "Przeliczone z nich na cały rok."))
}

/// That no home is measured: never, not lately, or not for a whole day yet.
fn no_home(card: &AreaCard) -> String {
    let last = last_day(card.to);
    match &card.last_measured {
        None => {
            say("No home here is measured yet.", "Nie mierzy się tu jeszcze żadnego mieszkania.").to_owned()
        }
        // Not in the days until then: after them.
        Some(month) if *month >= last.month_in_digits() => format!(
            "{} {}.",
            say("Homes here have been measured only after", "Mieszkania są tu mierzone dopiero po"),
            last.date()
        ),
        Some(month) => {
            let (last, month) = (last.date(), format::month_and_year(month));
            either(
                || format!("No home here was measured in the 12 months to {last}; the last were in {month}."),
                || {
                    format!(
                        "Przez 12 miesięcy do {last} nie mierzono tu żadnego mieszkania; ostatnio: {month}."
                    )
                },
            )
        }
    }
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

    #[test]
    fn classes_in_words() {
        let bounds = [2900.0, 3100.0];
        let check = |class, expect| assert_eq!(class_range(Measure::Annual, &bounds, class), expect);
        check(0, "under 2,900");
        check(1, "2,900 to 3,100");
        check(2, "3,100 and more");
        assert_eq!(class_range(Measure::Now, &[], 0), "all");
    }

    #[test]
    fn comparisons() {
        let check = |measure, value, around, expect: &str| {
            assert_eq!(comparison(measure, value, around, "London"), expect);
        };
        check(Measure::Annual, 3680.0, 4000.0, "8\u{a0}% less than in London as a whole.");
        check(Measure::Annual, 4001.0, 4000.0, "About the same as in London as a whole.");
        check(Measure::NightShare, 25.0, 24.0, "1 point more than in London as a whole.");
        check(Measure::NightShare, 25.0, 21.6, "3 points more than in London as a whole.");
        check(Measure::Annual, 100.0, 0.0, "");
    }

    #[test]
    fn ranks() {
        let check = |lower, others, expect| assert_eq!(rank(lower, others, "Boroughs", true), expect);
        check(0, 0, "");
        check(0, 32, "The least of all 33 boroughs.");
        check(24, 32, "More than in 24 of the 33 boroughs.");
        check(32, 32, "The most of all 33 boroughs.");
        assert_eq!(rank(31, 31, "Boroughs", false), "The most of all 32 boroughs that have a figure.");
    }

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
