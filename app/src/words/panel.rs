//! An open area.

use metering::UtcSecond;
use metering::api::Status;

use super::{close, either, failed, hidden, loading, no_data, retry, say, texts};
use crate::format;

texts! {
    pub panel_label: "The open area", "Otwarty obszar";
    pub days_label: "Day of the week", "Dzień tygodnia";
    pub unknown: "No such area", "Nie ma takiego obszaru";
    pub share: "Share", "Udostępnij";
    pub shared: "The link is copied.", "Odnośnik skopiowany.";
    pub share_failed:
        "The link could not be copied: it is in the address bar.",
        "Nie udało się skopiować odnośnika: jest na pasku adresu.";
    pub sheet_handle: "Pull the sheet up or down", "Przeciągnij panel w górę lub w dół";
    /// What the band of a day's chart is.
    pub band_of_day: "shaded: eight homes in ten", "zacieniowane: osiem mieszkań na dziesięć";
    /// The head of a column: the open area's watts.
    pub here_w: "Here, W", "Tutaj, W";
    pub so_far: "so far", "jak dotąd";
    pub today: "today", "dziś";
    pub day: "Day", "Dzień";
    pub kwh_a_home: "kWh a home", "kWh na mieszkanie";
    pub pin: "Pin to the map", "Przypnij do mapy";
    pub unpin: "Unpin", "Odepnij";
    pub pinned: "Pinned places", "Przypięte miejsca";
    pub compare_them: "Compare them", "Porównaj je";
}

/// Above percentiles in their table.
pub fn percentiles_w() -> [&'static str; 3] {
    [
        say("1 in 10 below, W", "1 na 10 poniżej, W"),
        say("Half below, W", "Połowa poniżej, W"),
        say("9 in 10 below, W", "9 na 10 poniżej, W"),
    ]
}

/// The panel's content when it could not be had: HTML.
pub fn panel_failed() -> String {
    format!(
        "<div class=head><h2>{}</h2><a class=close href=/ aria-label=\"{}\">×</a></div>\
         <div class='body failed'><p class=note role=status></p><button type=button class='plain again'>{}</button></div>",
        failed(),
        close(),
        retry()
    )
}

/// In place of the panel's content while it is on its way: HTML.
pub fn panel_loading() -> String {
    format!(
        "<div class=head><h2 class=bone><span class=sr>{}</span></h2><a class=close href=/ aria-label=\"{}\">×</a></div>\
         <div class=body><p class='bone figure'></p><p class='bone line'></p><p class='bone graph-bone'></p></div>",
        loading(),
        close()
    )
}

/// A day of the week as a profile knows it, for a switch.
pub fn days() -> [(&'static str, &'static str); 3] {
    [
        ("weekday", say("Weekday", "Powszedni")),
        ("saturday", say("Saturday", "Sobota")),
        ("sunday", say("Sunday", "Niedziela")),
    ]
}

/// When a day's use is highest: `Highest at 18:30: 430 W.`
pub fn peak(time: &str, watts: f64) -> String {
    let watts = format::whole(watts);
    either(
        || format!("Highest at {time}, with {watts}\u{a0}W."),
        || format!("Najwięcej o {time}: {watts}\u{a0}W."),
    )
}

/// Over the bars of a week. Where its last day, which begins at `last`, is not about now, it says which one that is.
pub fn week_heading(last: Option<UtcSecond>, now: UtcSecond) -> String {
    match last {
        Some(last) if now.0 - last.0 > 2 * 86_400 => {
            let date = format::Day::beginning_at(last).date();
            either(
                || format!("Seven days to {date}, kWh a home"),
                || format!("Siedem dni do {date}, kWh na mieszkanie"),
            )
        }
        _ => say("The last seven days, kWh a home", "Ostatnie siedem dni, kWh na mieszkanie").to_owned(),
    }
}

/// How much of a day is known.
pub fn half_hours_known(known: usize, all: usize) -> String {
    either(
        || format!("{known} of {all} half-hours are known so far."),
        || format!("Znanych półgodzin: jak dotąd {known} z {all}."),
    )
}

/// A day's figure in a table.
pub fn day_figure(status: Status, kwh: Option<f64>, covered: Option<u8>, running: bool) -> String {
    let kwh = match (kwh, status) {
        (None, Status::Suppressed) => return hidden().to_owned(),
        (None, _) => return no_data().to_owned(),
        (Some(kwh), _) if running => format!("{} {}", format::tenths(kwh), so_far()),
        (Some(kwh), _) => format::tenths(kwh),
    };
    match covered {
        Some(percent) => either(
            || format!("{kwh}, measured in {percent} % of the time"),
            || format!("{kwh}, mierzone przez {percent} % czasu"),
        ),
        None => kwh,
    }
}

/// What the dotted line is.
pub fn dotted(whole: &str) -> String {
    format!("{}: {whole}", say("dotted", "linia kropkowana"))
}

/// A day's shape: `A weekday in November, watts`.
pub fn day_heading(day: &str, month: &str) -> String {
    let day = match day {
        "saturday" => say("A Saturday", "Sobota"),
        "sunday" => say("A Sunday or holiday", "Niedziela lub święto"),
        _ => say("A weekday", "Dzień powszedni"),
    };
    match format::month(month) {
        "" => format!("{day}, {}", say("watts", "waty")),
        month => either(|| format!("{day} in {month}, watts"), || format!("{day}, {month}, waty")),
    }
}

/// How many homes there are, as was published.
#[cfg(feature = "ssr")]
pub fn published_homes(homes: u32) -> String {
    let homes = format::whole(f64::from(homes));
    either(|| format!("{homes} homes"), || format!("Mieszkań: {homes}"))
}
