//! What the page says, in one place: so that it speaks with one voice, and so that it can be translated.

#![expect(missing_docs, reason = "a text is its own description")]

use metering::UtcSecond;
use metering::api::{Measure, Status};

use crate::format;
use crate::times::{self, Days, Span};

pub const NAME: &str = "wattmap";
pub const NAV_MAP: &str = "Map";
pub const NAV_LIST: &str = "List";
pub const NAV_ESTIMATE: &str = "Estimate";
pub const NAV_COMPARE: &str = "Compare";
pub const NAV_ABOUT: &str = "Method";
pub const NAV_LABEL: &str = "Pages";
pub const TO_THE_MAP: &str = "Back to the map";

pub const MAP_HEADING: &str = "What homes use, neighbourhood by neighbourhood";
pub const MAP_HELP: &str = "Map. Arrow keys move it, plus and minus zoom, Enter opens the area in the middle. \
                            The page “List” has every area as a table.";
pub const SKIP_TO_LIST: &str = "Skip the map: all areas as a list";
pub const ZOOM_IN: &str = "Zoom in";
pub const ZOOM_OUT: &str = "Zoom out";
pub const WHOLE: &str = "Show the whole map";

pub const NEAR_ME: &str = "Show where I am";
pub const NEAR_LOOKING: &str = "Asking your device where you are…";
pub const NEAR_DENIED: &str = "Your device did not say where you are.";
pub const EMBED_MORE: &str = "More on wattmap";

pub const SEARCH_LABEL: &str = "Find a postcode, a place or a neighbourhood";
pub const SEARCH_HINT: &str = "Postcode, place or neighbourhood";
pub const SEARCH_BUTTON: &str = "Search";
pub const SEARCH_TYPING: &str = "Looking…";
pub const SEARCH_FAILED: &str = "The search did not answer. Try again in a moment.";
pub const SEARCH_OUTSIDE: &str = "not on this map";
pub const SEARCH_HEADING: &str = "Search";
pub const SEARCH_SHORT: &str = "Type at least two letters, or the first half of a postcode.";

pub const MEASURES_LABEL: &str = "What the map shows";
pub const SHOW: &str = "Show";
pub const TIMES_LABEL: &str = "Which days the map is of";
pub const TIMES_SPAN: &str = "How many days together";
pub const TIMES_YEAR: &str = "12 months";
pub const PLAY_SIGN: &str = "▶";
pub const PAUSE_SIGN: &str = "❚❚";
pub const TIMES_PLAY: &str = "Play";
pub const TIMES_PAUSE: &str = "Pause";
/// Without scripts: the days by their ends.
pub const TIMES_FROM: &str = "From";
pub const TIMES_TO: &str = "to before";
pub const LEVEL_LABEL: &str = "Areas";
pub const LEVEL_BY_ZOOM: &str = "By zoom";
pub const IN_THE_LIST: &str = "They are in the list.";

pub const THEME_LABEL: &str = "Colours";
pub const THEME_AUTO: &str = "As the device";
pub const THEME_LIGHT: &str = "Light";
pub const THEME_DARK: &str = "Dark";

/// In the legend; the panel tells the two apart.
pub const MEASURED: &str = "Measured, here or in a wider area";
pub const MODELLED: &str = "Modelled";
pub const HIDDEN: &str = "Hidden: too few homes";
pub const NO_DATA: &str = "No data";
/// Where the page's own program did not arrive, or is not the one of this page any more.
pub const NO_PROGRAM: &str = "The live part of this page could not be loaded: figures stay as they are, and links work. \
                              Reload the page to try again.";

pub const SOURCES: &str = "Sources";
/// What follows the reason why the chosen figures could not be had.
pub const NO_COLOURS: &str = "The map has no colours until it works again; it is tried by itself.";

pub const DAYS_LABEL: &str = "Day of the week";
pub const UNKNOWN_AREA: &str = "No such area";
pub const FAILED: &str = "The figures are not to be had just now";

pub const PANEL_LABEL: &str = "The open area";
/// The panel's content when it could not be had: HTML.
pub const PANEL_FAILED: &str = "<div class=head><h2>The figures are not to be had just now</h2><a class=close href=/ aria-label=Close>×</a></div>\
     <div class='body failed'><p class=note role=status></p><button type=button class='plain again'>Try again</button></div>";

/// In place of the panel's content while it is on its way: HTML.
pub const PANEL_LOADING: &str = "<div class=head><h2 class=bone><span class=sr>Loading…</span></h2>\
     <a class=close href=/ aria-label=Close>×</a></div>\
     <div class=body><p class='bone figure'></p><p class='bone line'></p><p class='bone graph-bone'></p></div>";

pub const CLOSE: &str = "Close";
pub const SHARE: &str = "Share";
pub const SHARED: &str = "The link is copied.";
pub const SHARE_FAILED: &str = "The link could not be copied: it is in the address bar.";
pub const RETRY: &str = "Try again";
pub use charts::AS_TABLE;
pub const LOADING: &str = "Loading…";
pub const SHEET_HANDLE: &str = "Pull the sheet up or down";

/// What the band of a day's chart is.
pub const BAND: &str = "shaded: eight homes in ten";
/// Above percentiles in its table.
pub const PERCENTILES_W: [&str; 3] = ["1 in 10 below, W", "Half below, W", "9 in 10 below, W"];
/// The head of a column: the open area's watts.
pub const HERE_W: &str = "Here, W";
pub const SO_FAR: &str = "so far";

pub const LIST_HEADING: &str = "All areas";
/// Before how many homes the list rests on.
pub const LIST_RESTS_ON: &str = "What was measured comes from";
pub const LIST_MEASURE: &str = "Figure";
pub const LIST_FILTER: &str = "Name or code";
pub const NOTHING_LISTED: &str = "No area’s name or code contains that.";
pub const PREVIOUS: &str = "Previous";
pub const NEXT: &str = "Next";

pub const COMPARE_HEADING: &str = "Compare places";
pub const COMPARE_LEAD: &str = "What a home uses and pays, in up to four places side by side. The address of this page is the comparison: \
                                keep it, or pass it on.";
pub const COMPARE_NOTHING: &str =
    "Add a place to begin with: a neighbourhood, a borough, or the first half of a postcode.";
pub const COMPARE_ONE: &str = "Add another place to see what sets the two apart.";
pub const COMPARE_ADD: &str = "Add";
pub const COMPARE_REMOVE: &str = "Remove";
pub const COMPARE_WITH: &str = "Compare with another place";
pub const COMPARE_DIFFERENCES: &str = "What sets them apart";
pub const COMPARE_COSTS: &str = "What a home pays in a year";
pub const COMPARE_RESTS: &str = "What it rests on";
pub const COMPARE_NO_DAYS: &str =
    "The shape of a day appears once homes in one of these places are measured.";
pub const COMPARE_MONTHS: &str = "The last twelve months, kWh a home";
pub const COMPARE_FIGURE: &str = "Figure";
pub const KEEP_LABEL: &str = "Keep or pass on";
pub const KEEP_TABLE: &str = "Table (CSV)";
pub const KEEP_PICTURE: &str = "Picture (PNG)";
pub const KEEP_DRAWING: &str = "Drawing (SVG)";
pub const KEEP_PRINT: &str = "Print";
pub const KEEP_COPY: &str = "Copy the link";
/// Where there is no figure.
pub use charts::NOT_KNOWN;

pub const ESTIMATE_HEADING: &str = "What would we use there?";
pub const ESTIMATE_LEAD: &str = "Say where, and as much of your household as you like. The address of this page is the answer: keep it, or \
                                 pass it on. Nothing is stored.";
pub const ESTIMATE_WHERE: &str =
    "Begin with a place: a neighbourhood, a borough, or the first half of a postcode.";
pub const ESTIMATE_SAME_PLACE: &str = "Both places are the same one.";
pub const ESTIMATE_SHOW: &str = "Estimate";
pub const ESTIMATE_HERE: &str = "What would we use here?";
pub const ESTIMATE_DAY: &str = "A weekday, watts";
pub const ESTIMATE_MONTHS: &str = "The months, kWh";
pub const ESTIMATE_BY_TARIFF: &str = "A month, by tariff";
pub const MOVE_FROM: &str = "From";
pub const MOVE_TO: &str = "to";
pub const MOVE_BACK: &str = "The other way round";
pub const SAME_HOUSEHOLD: &str = "The same household would pay";
pub const HARDLY: &str = "Hardly a difference";
pub const LIKELY: &str = "Likely, not certain";
pub const ALMOST_CERTAIN: &str = "Almost certain";
pub const DAY_PARTS_HEADING: &str = "A weekday by time of day, kWh";
pub const DAY_PARTS: [&str; 3] = ["Night, 00:30 to 07:30", "Evening, 16:00 to 20:00", "The rest of the day"];
pub const WHEN: &str = "When";
pub const DIFFERENCE: &str = "Difference";
pub const ASK_WHERE: &str = "Where would you live?";
pub const ASK_WHERE_NOW: &str = "Where do you live now? (if you like)";
pub const ASK_DWELLING: &str = "Home";
pub const ASK_BEDROOMS: &str = "Bedrooms";
pub const ASK_PEOPLE: &str = "People";
pub const ASK_HEATING: &str = "Heating";
pub const ASK_AT_HOME: &str = "Weekdays";
pub const NOT_SAID: &str = "Not said";
pub const DWELLINGS: [(&str, &str); 6] = [
    ("flat", "Flat"),
    ("terraced", "Terraced house"),
    ("semi_detached", "Semi-detached house"),
    ("detached", "Detached house"),
    ("bungalow", "Bungalow"),
    ("other", "Something else"),
];
pub const HEATINGS: [(&str, &str); 5] = [
    ("gas", "Gas"),
    ("electric", "Electric heaters"),
    ("heat_pump", "Heat pump"),
    ("district", "Heat network"),
    ("other", "Something else"),
];
pub const AT_HOME: [(&str, &str); 2] = [("day", "Somebody is at home"), ("evenings", "Out by day")];
pub const KWH_A_YEAR: &str = "kWh a year";
pub const TARIFF: &str = "Tariff";
pub const PLACE: &str = "Place";
pub const A_MONTH: &str = "A month";
pub const A_YEAR: &str = "A year";
pub const FROM: &str = "From";
pub const MONTH: &str = "Month";
pub const FOUR_OF_FIVE: &str = "Four of five such households, a year";
pub const HOUSEHOLDS_PUBLISHED: &str = "How your household differs from that follows from Ofgem’s typical consumption values; how much such \
                                        households differ from each other, from published statistics.";

pub const DATA_HEADING: &str = "Open data";
pub const DATA_LEAD: &str = "Everything that the map shows, as files to keep: all areas of a level, each with its figures as they are \
                             shown at the moment of the download. What is hidden on the map is hidden in them.";
pub const DATA_LEVEL: &str = "Areas";
pub const DATA_HOW_MANY: &str = "How many";
pub const DATA_TABLE: &str = "Table (CSV)";
pub const DATA_MAP: &str = "Map (GeoJSON)";
pub const DATA_COLUMNS_HEADING: &str = "What is in them";
/// A column or property, and what it says.
pub const DATA_COLUMNS: [(&str, &str); 8] = [
    ("code, name", "What the area is called officially."),
    ("near", "The place that people would name for it."),
    ("within, parent", "The code of the larger area around it."),
    ("annual_kwh", "The electricity that the average home uses in a year, kWh."),
    ("now_w", "The average home’s power in the current half-hour, watts."),
    (
        "night_share_percent, evening_share_percent",
        "How much of its use falls between 00:30 and 07:30, and between 16:00 and 20:00.",
    ),
    (
        "…_status, …_shown_for",
        "Whether a figure is measured, merged, modelled, suppressed or not there (no_data); of merged ones the code of \
                               the wider area that they are of.",
    ),
    (
        "from, to, as_of",
        "The days that the figures of a year, the night and the evening are of, and when that was so.",
    ),
];
pub const DATA_LICENCE_HEADING: &str = "Whom to name";
pub const DATA_LICENCE: &str =
    "Outlines, names and modelled figures are others’ work; whoever passes them on names:";

pub const API_HEADING: &str = "The API";
pub const API_LEAD: &str = "Everything that this site shows can be asked for by programs, without a key. Who sends readings, or runs the \
                            site, has one.";
pub const API_FOR_PROGRAMS: &str = "The same for programs, as OpenAPI:";
pub const API_PARAMETER: &str = "Parameter";
pub const API_MEANING: &str = "What it says";

pub const NOT_FOUND_HEADING: &str = "There is no such page";
pub const NOT_FOUND_TEXT: &str =
    "The address may be mistyped, or the page has moved. The map is still where it was.";
pub const NOTHING_YET: &str = "No figures yet. They appear here as readings arrive.";

/// A day of the week as a profile knows it, for a switch.
pub const DAYS: [(&str, &str); 3] = [("weekday", "Weekday"), ("saturday", "Saturday"), ("sunday", "Sunday")];

/// Why the map does not show the level that was asked for.
pub fn drawn_with_scripts_only(plural: &str) -> String {
    format!("{plural} are drawn with scripts only.")
}

/// One place more than fit beside each other.
pub fn too_many_compared(most: usize, one: &str) -> String {
    format!("At most {most} places fit beside each other: “{one}” is left out. Remove one to add it.")
}

/// Where the mean of all homes is, most likely.
pub fn most_likely([low, high]: [f64; 2]) -> String {
    format!("most likely {} to {}", format::whole(low), format::whole(high))
}

/// That two places cannot be told apart.
pub fn not_told_apart(one: &str, other: &str, known: [[f64; 2]; 2]) -> String {
    let [a, b] = known.map(|[low, high]| match (format::whole(low), format::whole(high)) {
        (low, high) if low == high => low,
        (low, high) => format!("{low} to {high}"),
    });
    format!(
        "{one} and {other}: no difference can be told. What is known of the two overlaps: {a} and {b} kWh a year."
    )
}

/// That a home in one place uses more than one in another, or less.
pub fn told_apart(one: &str, other: &str, percent: f64) -> String {
    let more = if percent < 0.0 { "less" } else { "more" };
    format!(
        "A home in {other} uses {}\u{a0}% {more} than one in {one}.",
        format::whole(percent.abs().max(1.0))
    )
}

/// That two places have one figure.
pub fn same_homes(one: &str, other: &str) -> String {
    format!("{one} and {other} share one figure, that of an area around both: nothing tells them apart.")
}

/// That nothing is known of the difference.
pub fn difference_not_known(one: &str, other: &str) -> String {
    format!("{one} and {other}: one of them has no figure of a year.")
}

/// What prices are of: the days, the source and the tax.
pub fn prices_of(source: &str, days: &str, vat_percent: f64) -> String {
    format!(
        "Prices of {days}, with {}\u{a0}% of VAT and the standing charge: {source}.",
        format::whole(vat_percent)
    )
}

/// The same, of the mean home.
pub fn prices(source: &str, days: &str, vat_percent: f64) -> String {
    format!(
        "{} The year is the mean home’s, with its own share of the night and the evening where these are known.",
        prices_of(source, days, vat_percent)
    )
}

/// How the prices of some tariffs were derived that are not simply the source's: behind a sentence.
pub fn derived<'a>(tariffs: impl Iterator<Item = (&'a String, &'a Option<String>)>) -> String {
    tariffs.filter_map(|(name, note)| Some(format!(" {name}: {}", note.as_ref()?))).collect()
}

/// The title of a page about a place.
pub fn what_would_we_use_in(title: &str) -> String {
    format!("What would we use in {title}?")
}

/// The title of a page about two places.
pub fn moving(now: &str, there: &str) -> String {
    format!("Moving from {now} to {there}")
}

/// Beside what a month costs, or costs more: the same of a year, and under which tariff.
pub fn a_month_and_year(a_year: &str, tariff: &str) -> String {
    format!("a month, about {a_year} a year ({tariff})")
}

/// Between what four of five households pay.
pub fn four_of_five_pay(low: &str, high: &str) -> String {
    format!("Four of five such households pay {low} to {high} a month.")
}

/// A difference, of which `amount` says how much it is: `£7 more`, `540 less`.
pub fn more_or_less(amount: impl Fn(f64) -> String, more: f64) -> String {
    match more.round() {
        0.0 => "About as much".to_owned(),
        more if more > 0.0 => format!("{} more", amount(more)),
        less => format!("{} less", amount(-less)),
    }
}

/// The same of money, in short: `+ £7`.
pub fn more_money(money: impl Fn(f64) -> String, more: f64) -> String {
    match more {
        0.0 => "the same".to_owned(),
        more if more > 0.0 => format!("+\u{a0}{}", money(more)),
        less => format!("−\u{a0}{}", money(-less)),
    }
}

/// Why two places can't be told apart.
pub fn one_figure(now: &str, there: &str) -> String {
    format!("One figure tells of both {now} and {there}: nothing is known that sets them apart.")
}

/// That homes differ more than places.
pub fn as_often_less(now: &str, there: &str) -> String {
    format!("Such homes differ far more from each other than {now} does from {there}.")
}

/// In how many of ten pairs of such homes the one there uses more, or less; without a number, nearly all.
pub fn pairs(there: &str, more: bool, of_ten: Option<u8>) -> String {
    let (much, often) = (if more { "more" } else { "less" }, of_ten.map(|of_ten| of_ten.to_string()));
    let often = often.unwrap_or_else(|| "nine or more".to_owned());
    format!("Of ten pairs of such homes, one in each place, the one in {there} uses {much} in {often}.")
}

/// What is used in both places.
pub fn used_now_and_there(now: f64, there: f64) -> String {
    format!("{} kWh a year now, {} there.", format::whole(now), format::whole(there))
}

/// What the months are of: the currency's sign and the tariff.
pub fn months_cost(sign: &str, tariff: &str) -> String {
    format!("The months, {sign} ({tariff})")
}

/// A difference with its sign, to a tenth.
pub fn signed_tenths(difference: f64) -> String {
    match format::tenths(difference) {
        zero if zero == "0.0" || zero == "−0.0" => "0.0".to_owned(),
        text if difference > 0.0 => format!("+{text}"),
        text => text,
    }
}

/// Whose estimate it is.
pub fn such_a_household(title: &str) -> String {
    format!("Such a household in {title}")
}

/// Between two amounts.
pub fn four_of_five(low: &str, high: &str) -> String {
    format!("{low} to {high}")
}

/// What is used, and between what four of five households are.
pub fn four_of_five_use(middle: f64, low: f64, high: f64) -> String {
    format!(
        "It uses {} kWh a year, four of five {} to {} kWh; one in ten less, one in ten more.",
        format::whole(middle),
        format::whole(low),
        format::whole(high)
    )
}

/// How an estimate compares with the typical value.
pub fn against_typical(kwh: f64, typical: f64) -> String {
    let percent = (kwh / typical - 1.0) * 100.0;
    let beside = match percent.round() {
        p if p.abs() < 1.0 => "as much as".to_owned(),
        p if p < 0.0 => format!("{}\u{a0}% less than", format::whole(-p)),
        p => format!("{}\u{a0}% more than", format::whole(p)),
    };
    format!("That is {beside} Ofgem’s typical home of this kind of meter, {} kWh.", format::whole(typical))
}

/// That the mean home was measured.
pub fn mean_measured(kwh: &str) -> String {
    format!("The mean home there uses {kwh} kWh a year: measured.")
}

/// That the mean home is one of a wider area.
pub fn mean_of_wider(kwh: &str, wider: &str) -> String {
    format!("Too few homes are measured there, so it begins with the mean home of {wider}, {kwh} kWh a year.")
}

/// That the mean home was published.
pub fn mean_published(kwh: &str) -> String {
    format!("No home there is measured; published statistics have the mean home at {kwh} kWh a year.")
}

/// That homes tell how households differ.
pub fn households_fitted(homes: u32) -> String {
    format!(
        "How your household differs from that, and such households from each other, is what more than {} measured homes show.",
        format::whole(f64::from(homes))
    )
}

/// Where somebody is whom the map has no place for.
pub fn near_outside(map: &str) -> String {
    format!("You seem to be outside of {map}. Search for a place that you think of.")
}

/// What a year costs.
pub fn a_year(money: &str) -> String {
    format!("{money} a year")
}

/// A month's part of a year's cost.
pub fn a_month(money: &str) -> String {
    format!("{money} a month")
}

/// The choice that leaves the level to the zoom: `By zoom: Neighbourhoods`.
pub fn by_zoom(plural: &str) -> String {
    format!("{LEVEL_BY_ZOOM}: {plural}")
}

/// A measure's short name.
pub const fn measure(measure: Measure) -> &'static str {
    match measure {
        Measure::Annual => "A year",
        Measure::Cost => "Cost",
        Measure::Daily => "A day",
        Measure::Now => "Now",
        Measure::NightShare => "Night share",
        Measure::EveningShare => "Evening peak",
    }
}

/// What the legend is headed with.
pub const fn legend(measure: Measure) -> &'static str {
    match measure {
        Measure::Annual => "Electricity a home uses in a year, kWh",
        Measure::Cost => "What a home pays in a year",
        Measure::Daily => "Electricity a home uses a day, kWh",
        Measure::Now => "What a home draws right now, watts",
        Measure::NightShare => "Share of a home’s use at night, per cent",
        Measure::EveningShare => "Share of a home’s use in the evening, per cent",
    }
}

/// The same, with the days that it is of.
pub fn legend_of(measure: Measure, days: Option<Days>) -> String {
    match days {
        Some(days) => format!("{}, {}", legend(measure), times::label(days)),
        None => legend(measure).to_owned(),
    }
}

/// How long what is looked at is, as a choice.
pub const fn span(span: Span) -> &'static str {
    match span {
        Span::Month => "By month",
        Span::Week => "By week",
        Span::Day => "By day",
    }
}

/// What a measure counts, in a sentence.
pub const fn explain(measure: Measure) -> &'static str {
    match measure {
        Measure::Annual => "All the electricity of a year, for the average home.",
        Measure::Cost => "Under a flat tariff, with the standing charge and VAT.",
        Measure::Daily => "The colours mean the same on all days.",
        Measure::Now => "The average home’s power in the current half-hour.",
        Measure::NightShare => "How much of it falls between 00:30 and 07:30.",
        Measure::EveningShare => "How much of it falls between 16:00 and 20:00.",
    }
}

/// What follows a headline figure, in small type.
pub const fn unit_in_words(measure: Measure) -> &'static str {
    match measure {
        Measure::Annual => "kWh a home and year",
        Measure::Cost => "a home and year, under a flat tariff",
        Measure::Daily => "kWh a home and day",
        Measure::Now => "watts a home, right now",
        Measure::NightShare => "% of a home’s use, at night",
        Measure::EveningShare => "% of a home’s use, in the evening",
    }
}

/// A status as a chip.
pub const fn status(status: Status) -> &'static str {
    match status {
        Status::Measured => "Measured",
        Status::Merged => "Measured, wider area",
        Status::Modelled => MODELLED,
        Status::Suppressed => "Hidden",
        Status::NoData => NO_DATA,
    }
}

/// What a class means: `under 2,900`, `2,900 to 3,100`, `4,000 and more`.
pub fn class_range(measure: Measure, bounds: &[f64], class: usize) -> String {
    let figure = |value| format::figure(measure, value);
    match (class.checked_sub(1).and_then(|below| bounds.get(below)), bounds.get(class)) {
        (None, Some(&upper)) => format!("under {}", figure(upper)),
        (Some(&lower), Some(&upper)) => format!("{} to {}", figure(lower), figure(upper)),
        (Some(&lower), None) => format!("{} and more", figure(lower)),
        (None, None) => "all".to_owned(),
    }
}

/// An area's figure in a few words, for a tooltip or a table.
pub fn figure_or_reason(measure: Measure, status: Status, value: Option<f64>) -> String {
    match (status, value) {
        (Status::Suppressed, _) => HIDDEN.to_owned(),
        (Status::Modelled, Some(value)) => format!("{}, modelled", format::with_unit(measure, value)),
        (Status::Merged, Some(value)) => format!("{}, for a wider area", format::with_unit(measure, value)),
        (_, Some(value)) => format::with_unit(measure, value),
        (_, None) => NO_DATA.to_owned(),
    }
}

/// Where all areas have one figure there is no scale, and that is what there is to say.
pub fn the_same(measure: Measure, value: f64) -> String {
    format!("{} in every area.", format::with_unit(measure, value))
}

/// How a figure compares with the one around it: `8 % less than in Hackney as a whole`. Shares are
/// compared in points, because a per cent of a per cent misleads.
pub fn comparison(measure: Measure, value: f64, around: f64, whole: &str) -> String {
    let (difference, unit) = match measure {
        Measure::Annual | Measure::Cost | Measure::Daily | Measure::Now if around > 0.0 => {
            ((value / around - 1.0) * 100.0, "\u{a0}%")
        }
        Measure::Annual | Measure::Cost | Measure::Daily | Measure::Now => return String::new(),
        Measure::NightShare | Measure::EveningShare if (value - around).abs().round() == 1.0 => {
            (value - around, " point")
        }
        Measure::NightShare | Measure::EveningShare => (value - around, " points"),
    };
    match difference.round() {
        0.0 => format!("About the same as in {whole} as a whole."),
        d if d > 0.0 => format!("{}{unit} more than in {whole} as a whole.", format::whole(d)),
        d => format!("{}{unit} less than in {whole} as a whole.", format::whole(-d)),
    }
}

/// Where a figure stands among all that are shown on its level: `More than 24 of the 33 boroughs.`
pub fn rank(lower: usize, others: usize, plural: &str, all_known: bool) -> String {
    let (all, mut plural) = (format::whole((others + 1) as f64), plural.to_lowercase());
    if !all_known {
        plural.push_str(" that have a figure");
    }
    match lower {
        _ if others == 0 => String::new(),
        0 => format!("The least of all {all} {plural}."),
        lower if lower == others => format!("The most of all {all} {plural}."),
        lower => format!("More than in {} of the {all} {plural}.", format::whole(lower as f64)),
    }
}

/// The live chip's first words.
pub fn live(age_s: Option<i64>) -> String {
    match age_s {
        None => "No readings yet".to_owned(),
        Some(age) if age <= STALE_S => format!("Live · {} ago", format::ago(age)),
        // Nobody sent anything, or what was sent waits.
        Some(age) => format!("Nothing new for {}", format::ago(age)),
    }
}

/// Seconds without news after which the feed counts as quiet.
pub const STALE_S: i64 = 60;

/// The live chip while the connection is down.
pub fn reconnecting(age_s: Option<i64>) -> String {
    match age_s {
        Some(age) => format!("Reconnecting… last heard {} ago", format::ago(age)),
        None => "Reconnecting…".to_owned(),
    }
}

/// To those who do not see the chip: the connection is lost.
pub const FEED_LOST: &str = "The live feed is interrupted; figures stand as they are, and it is tried again.";
/// And there again.
pub const FEED_BACK: &str = "The live feed is there again.";

/// Where readings have arrived that are not counted yet.
pub fn behind(seconds: i64) -> String {
    format!("Readings are waiting to be counted: figures here are {} behind.", format::ago(seconds))
}

/// Of figures that are older than the page.
pub fn figures_as_of(time: &str) -> String {
    format!("These figures are as of {time}: what has arrived since is not in them yet.")
}

/// When the newest reading had arrived of a page that nothing keeps up to date. Where that is long ago, it is said how long; of
/// another day the time would say little.
pub fn as_of(age_s: Option<i64>, time: &str) -> String {
    match age_s {
        Some(age) if age <= STALE_S => format!("As of {time}"),
        Some(age) if age < DAY_S => format!("As of {time}: nothing new for {}", format::ago(age)),
        age => live(age),
    }
}

const DAY_S: i64 = 86_400;

/// How many homes there are, and whether they are real. Real ones are told in a band.
pub fn homes(real: Option<&str>, simulated: u64) -> String {
    match (real, simulated) {
        (None, 0) => "No homes yet".to_owned(),
        (Some(real), 0) => format!("{real} homes"),
        (None, simulated) => format!("{} simulated homes", format::whole(simulated as f64)),
        (Some(real), simulated) => {
            format!("{} simulated homes, {real} real ones", format::whole(simulated as f64))
        }
    }
}

/// When a day's use is highest: `Highest at 18:30: 430 W.`
pub fn peak(time: &str, watts: f64) -> String {
    format!("Highest at {time}, with {}\u{a0}W.", format::whole(watts))
}

/// Over the bars of a week. Where its last day, which begins at `last`, is not about now, it says which one that is.
pub fn week_heading(last: Option<UtcSecond>, now: UtcSecond) -> String {
    match last {
        Some(last) if now.0 - last.0 > 2 * 86_400 => {
            format!("Seven days to {}, kWh a home", format::Day::beginning_at(last).date())
        }
        _ => "The last seven days, kWh a home".to_owned(),
    }
}

/// How much of a day is known.
pub fn half_hours_known(known: usize, all: usize) -> String {
    format!("{known} of {all} half-hours are known so far.")
}

/// A day's figure in a table.
pub fn day_figure(status: Status, kwh: Option<f64>, covered: Option<u8>, running: bool) -> String {
    let kwh = match (kwh, status) {
        (None, Status::Suppressed) => return HIDDEN.to_owned(),
        (None, _) => return NO_DATA.to_owned(),
        (Some(kwh), _) if running => format!("{} {SO_FAR}", format::tenths(kwh)),
        (Some(kwh), _) => format::tenths(kwh),
    };
    match covered {
        Some(percent) => format!("{kwh}, measured in {percent} % of the time"),
        None => kwh,
    }
}

/// Whose figures these are, where they are a wider area's.
pub fn shown_for(area: &str) -> String {
    format!("Shown for {area}: too few homes are measured here.")
}

/// The ends of the panel's scale, which may be another one than the map's: `under 2,950` and `4,100 and more`.
pub fn ends(measure: Measure, bounds: &[f64]) -> (String, String) {
    (class_range(measure, bounds, 0), class_range(measure, bounds, bounds.len()))
}

/// What the dotted line is.
pub fn dotted(whole: &str) -> String {
    format!("dotted: {whole}")
}

/// The title of the map page.
pub fn title(area: Option<&str>) -> String {
    match area {
        Some(area) => format!("{area} · {NAME}"),
        None => format!("{NAME} · {MAP_HEADING}"),
    }
}

/// What the map page is about, for those who list it.
pub fn summary(area: Option<&str>, annual_kwh: Option<f64>) -> String {
    match (area, annual_kwh) {
        (Some(area), Some(kwh)) => format!(
            "A home in {area} uses about {} kWh of electricity a year: its typical day, its last week, and how it compares.",
            format::whole(kwh)
        ),
        (Some(area), None) => format!("What homes in {area} use of electricity, and how it compares."),
        (None, _) => "What electricity costs to live with, neighbourhood by neighbourhood: a live map of what homes use.".to_owned(),
    }
}

/// The title of another page.
pub fn page_title(heading: &str) -> String {
    format!("{heading} · {NAME}")
}

/// The head of a column of figures.
pub fn unit_head(measure: Measure) -> String {
    match measure {
        Measure::Annual => "kWh a year".to_owned(),
        Measure::Cost => "A year’s cost".to_owned(),
        Measure::Daily => "kWh a day".to_owned(),
        Measure::Now => "Watts now".to_owned(),
        Measure::NightShare => "% at night".to_owned(),
        Measure::EveningShare => "% in the evening".to_owned(),
    }
}

/// How much is listed.
pub fn listed(total: usize, page: usize, pages: usize) -> String {
    let total = format::whole(total as f64);
    if pages > 1 { format!("{total} areas, page {page} of {pages}") } else { format!("{total} areas") }
}

/// Nothing is called that.
pub fn nothing_found(text: &str) -> String {
    format!(
        "Nothing here is called “{}”. Try a borough, a district or the first half of a postcode.",
        text.trim()
    )
}

/// How much was found; spoken, not shown.
pub fn found(results: usize) -> String {
    match results {
        1 => "1 suggestion".to_owned(),
        n => format!("{n} suggestions"),
    }
}

/// An area that the URL names and the map does not have.
pub fn unknown_area(code: &str) -> String {
    format!("There is no area “{code}” on this map.")
}

/// A day's shape: `A weekday in November, watts`.
pub fn day_heading(day: &str, month: &str) -> String {
    let day = match day {
        "saturday" => "A Saturday",
        "sunday" => "A Sunday or holiday",
        _ => "A weekday",
    };
    match format::month(month) {
        "" => format!("{day}, watts"),
        month => format!("{day} in {month}, watts"),
    }
}

/// What typical days are of.
pub fn days_of_holidays(holidays: Option<&str>) -> String {
    let days = "A typical day is the mean of the weekdays, Saturdays or Sundays of a month, by the clock on the wall";
    match holidays {
        Some(holidays) => format!("{days}; {holidays} count as Sundays."),
        None => format!("{days}."),
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn the_chip() {
        assert_eq!(live(Some(2)), "Live · 2\u{a0}s ago");
        assert_eq!(live(Some(130)), "Nothing new for 2\u{a0}min");
        assert_eq!(live(None), "No readings yet");
        assert_eq!(as_of(Some(2), "20:45"), "As of 20:45");
        assert_eq!(as_of(Some(130), "20:45"), "As of 20:45: nothing new for 2\u{a0}min");
        assert_eq!(as_of(Some(200_000), "20:45"), "Nothing new for 2\u{a0}days");
        assert_eq!(as_of(None, "20:45"), "No readings yet");
        assert!(summary(Some("Hackney"), Some(3120.0)).starts_with("A home in Hackney uses about 3,120 kWh"));
        assert_eq!(homes(None, 50_112), "50,112 simulated homes");
        assert_eq!(homes(Some("fewer than 10"), 0), "fewer than 10 homes");
        assert_eq!(homes(Some("30 to 39"), 50), "50 simulated homes, 30 to 39 real ones");
        assert_eq!(homes(None, 0), "No homes yet");
    }
}
