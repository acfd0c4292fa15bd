//! The map, the cards on it, and the search.

use metering::api::Measure;
use metering::language::polish_form;

use super::{Language, current, either, figures, legend, say, texts};
use crate::format;
use crate::times::{self, Days, Span};

pub const PLAY_SIGN: &str = "▶";
pub const PAUSE_SIGN: &str = "❚❚";

texts! {
    pub map_heading: "What homes use, neighbourhood by neighbourhood", "Ile prądu zużywają mieszkania, okolica po okolicy";
    pub map_help:
        "Map. Arrow keys move it, plus and minus zoom, Enter opens the area in the middle. The page “List” has every area as a table.",
        "Mapa. Strzałki ją przesuwają, plus i minus zmieniają powiększenie, Enter otwiera obszar pośrodku. Na stronie „Lista” są wszystkie obszary w tabeli.";
    pub skip_to_list: "Skip the map: all areas as a list", "Pomiń mapę: wszystkie obszary na liście";
    pub zoom_in: "Zoom in", "Przybliż";
    pub zoom_out: "Zoom out", "Oddal";
    pub whole: "Show the whole map", "Pokaż całą mapę";

    pub near_me: "Show where I am", "Pokaż, gdzie jestem";
    pub near_looking: "Asking your device where you are…", "Pytam urządzenie, gdzie jesteś…";
    pub near_denied: "Your device did not say where you are.", "Urządzenie nie powiedziało, gdzie jesteś.";
    pub embed_more: "More on wattmap", "Więcej na wattmap";

    pub search_label: "Find a postcode, a place or a neighbourhood", "Znajdź kod pocztowy, miejsce lub okolicę";
    pub search_hint: "Postcode, place or neighbourhood", "Kod, miejsce lub okolica";
    pub search_button: "Search", "Szukaj";
    pub search_typing: "Looking…", "Szukam…";
    pub search_failed: "The search did not answer. Try again in a moment.", "Wyszukiwanie nie odpowiada. Spróbuj za chwilę.";
    pub search_outside: "not on this map", "poza tą mapą";
    pub search_heading: "Search", "Szukaj";
    pub search_short:
        "Type at least two letters, or the first half of a postcode.",
        "Wpisz co najmniej dwie litery albo pierwszą połowę kodu pocztowego.";

    pub measures_label: "What the map shows", "Co pokazuje mapa";
    pub times_label: "Which days the map is of", "Z których dni jest mapa";
    pub times_span: "How many days together", "Ile dni razem";
    pub times_year: "12 months", "12 miesięcy";
    pub times_play: "Play", "Odtwarzaj";
    pub times_pause: "Pause", "Zatrzymaj";
    /// Without scripts: the days by their ends.
    pub times_from: "From", "Od";
    pub times_to: "to before", "do dnia przed";
    pub level_label: "Areas", "Obszary";
    pub level_by_zoom: "By zoom", "Według powiększenia";
    pub in_the_list: "They are in the list.", "Są na liście.";

    /// In the legend; the panel tells the two apart.
    pub measured: "Measured, here or in a wider area", "Zmierzone, tu lub w szerszym obszarze";
    pub modelled: "Modelled", "Z modelu";
    pub hidden: "Hidden: too few homes", "Ukryte: za mało mieszkań";
    pub no_data: "No data", "Brak danych";
    pub sources: "Sources", "Źródła";
    /// What follows the reason why the chosen figures could not be had.
    pub no_colours:
        "The map has no colours until it works again; it is tried by itself.",
        "Dopóki to nie zadziała, mapa jest bez kolorów; kolejne próby następują same.";
    pub nothing_yet: "No figures yet. They appear here as readings arrive.", "Nie ma jeszcze danych. Pojawią się, gdy nadejdą odczyty.";

    /// To those who do not see the chip: the connection is lost.
    pub feed_lost:
        "The live feed is interrupted; figures stand as they are, and it is tried again.",
        "Połączenie na żywo jest przerwane; liczby pozostają takie, jakie są, trwają kolejne próby.";
    /// And there again.
    pub feed_back: "The live feed is there again.", "Połączenie na żywo znów działa.";
}

/// Why the map does not show the level that was asked for.
pub fn drawn_with_scripts_only(plural: &str) -> String {
    either(
        || format!("{plural} are drawn with scripts only."),
        || format!("{plural}: na mapie tylko z włączonymi skryptami."),
    )
}

/// Where somebody is whom the map has no place for.
pub fn near_outside(map: &str) -> String {
    either(
        || format!("You seem to be outside of {map}. Search for a place that you think of."),
        || format!("Wygląda na to, że jesteś poza mapą ({map}). Wyszukaj miejsce, o którym myślisz."),
    )
}

/// The choice that leaves the level to the zoom: `By zoom: Neighbourhoods`.
pub fn by_zoom(plural: &str) -> String {
    format!("{}: {plural}", level_by_zoom())
}

/// The legend's heading, with the days that it is of.
pub fn legend_of(measure: Measure, days: Option<Days>) -> String {
    match days {
        Some(days) => format!("{}, {}", legend(measure), times::label(days)),
        None => legend(measure).to_owned(),
    }
}

/// How long what is looked at is, as a choice.
pub fn span(span: Span) -> &'static str {
    match span {
        Span::Month => say("By month", "Według miesięcy"),
        Span::Week => say("By week", "Według tygodni"),
        Span::Day => say("By day", "Według dni"),
    }
}

/// The live chip's first words.
pub fn live(age_s: Option<i64>) -> String {
    match age_s {
        None => say("No readings yet", "Nie ma jeszcze odczytów").to_owned(),
        Some(age) if age <= STALE_S => {
            let ago = format::ago(age);
            either(|| format!("Live · {ago} ago"), || format!("Na żywo · {ago} temu"))
        }
        // Nobody sent anything, or what was sent waits.
        Some(age) => {
            let ago = format::ago(age);
            either(|| format!("Nothing new for {ago}"), || format!("Nic nowego od {ago}"))
        }
    }
}

/// Seconds without news after which the feed counts as quiet.
pub const STALE_S: i64 = 60;

/// The live chip while the connection is down.
pub fn reconnecting(age_s: Option<i64>) -> String {
    let begins = say("Reconnecting…", "Łączę ponownie…");
    match age_s.map(format::ago) {
        Some(ago) => either(
            || format!("{begins} last heard {ago} ago"),
            || format!("{begins} ostatnia wiadomość {ago} temu"),
        ),
        None => begins.to_owned(),
    }
}

/// Where readings have arrived that are not counted yet.
pub fn behind(seconds: i64) -> String {
    let ago = format::ago(seconds);
    either(
        || format!("Readings are waiting to be counted: figures here are {ago} behind."),
        || format!("Odczyty czekają na przeliczenie: liczby na tej stronie są spóźnione o {ago}."),
    )
}

/// Of figures that are older than the page.
pub fn figures_as_of(time: &str) -> String {
    either(
        || format!("These figures are as of {time}: what has arrived since is not in them yet."),
        || format!("Stan na {time}: tego, co nadeszło później, jeszcze tu nie ma."),
    )
}

/// When the newest reading had arrived of a page that nothing keeps up to date. Where that is long ago, it is said how long; of
/// another day the time would say little.
pub fn as_of(age_s: Option<i64>, time: &str) -> String {
    const DAY_S: i64 = 86_400;
    let begins = || format!("{} {time}", say("As of", "Stan na"));
    match age_s {
        Some(age) if age <= STALE_S => begins(),
        Some(age) if age < DAY_S => {
            format!("{}: {} {}", begins(), say("nothing new for", "nic nowego od"), format::ago(age))
        }
        age => live(age),
    }
}

/// How many homes there are, and whether they are real. Real ones are told in a band.
pub fn homes(real: Option<&str>, simulated: u64) -> String {
    let real = real.map(figures::band);
    let number = format::whole(simulated as f64);
    if current() == Language::Polish {
        let simulated_homes = || {
            let form = ["symulowane mieszkanie", "symulowane mieszkania", "symulowanych mieszkań"];
            format!("{number} {}", polish_form(simulated, form))
        };
        return match (real, simulated) {
            (None, 0) => "Nie ma jeszcze mieszkań".to_owned(),
            (Some(real), 0) => format!("Mieszkań: {real}"),
            (None, _) => simulated_homes(),
            (Some(real), _) => format!("{}, prawdziwych: {real}", simulated_homes()),
        };
    }
    match (real, simulated) {
        (None, 0) => "No homes yet".to_owned(),
        (Some(real), 0) => format!("{real} homes"),
        (None, _) => format!("{number} simulated homes"),
        (Some(real), _) => format!("{number} simulated homes, {real} real ones"),
    }
}

/// Nothing is called that.
pub fn nothing_found(text: &str) -> String {
    let text = text.trim();
    either(
        || {
            format!(
                "Nothing here is called “{text}”. Try a borough, a district or the first half of a postcode."
            )
        },
        || {
            format!(
                "Nic tu nie nazywa się „{text}”. Spróbuj gminy, dzielnicy albo pierwszej połowy kodu pocztowego."
            )
        },
    )
}

/// How much was found; spoken, not shown.
pub fn found(results: usize) -> String {
    either(
        || if results == 1 { "1 suggestion".to_owned() } else { format!("{results} suggestions") },
        || format!("{results} {}", polish_form(results as u64, ["podpowiedź", "podpowiedzi", "podpowiedzi"])),
    )
}

/// An area that the URL names and the map does not have.
pub fn unknown_area(code: &str) -> String {
    either(
        || format!("There is no area “{code}” on this map."),
        || format!("Na tej mapie nie ma obszaru „{code}”."),
    )
}

/// What the map page is about, for those who list it.
pub fn summary(area: Option<&str>, annual_kwh: Option<f64>) -> String {
    match (area, annual_kwh.map(format::whole)) {
        (Some(area), Some(kwh)) => either(
            || format!("A home in {area} uses about {kwh} kWh of electricity a year: its typical day, its last week, and how it compares."),
            || format!("{area}: mieszkanie zużywa tu około {kwh} kWh prądu rocznie. Typowy dzień, ostatni tydzień i porównanie z okolicą."),
        ),
        (Some(area), None) => either(
            || format!("What homes in {area} use of electricity, and how it compares."),
            || format!("{area}: ile prądu zużywają tu mieszkania i jak to wypada na tle okolicy."),
        ),
        (None, _) => say(
            "What electricity costs to live with, neighbourhood by neighbourhood: a live map of what homes use.",
            "Ile kosztuje życie z prądem, okolica po okolicy: mapa na żywo tego, ile zużywają mieszkania.",
        )
        .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
