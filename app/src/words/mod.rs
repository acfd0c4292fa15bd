//! What the page says, in one place and in every language: so that it speaks with one voice in each.
//!
//! | file | what |
//! | --- | --- |
//! | `map` | the map, its cards and the search |
//! | `panel` | an open area |
//! | `figures` | figures, what they are of, and what they rest on |
//! | `compare`, `estimate` | these pages |
//! | `pages` | the list, the data, the API, and where there is no page |
//! | `method` | how figures come about |
//! | `given` | what is said in English elsewhere: by the map's file, the tariffs' file and the API |

#![expect(missing_docs, reason = "a text is its own description")]

use metering::language::{Language, current, either, say};
use metering::texts;

mod compare;
mod estimate;
mod figures;
mod given;
mod map;
#[cfg(feature = "ssr")]
mod method;
mod pages;
mod panel;

pub use compare::*;
pub use estimate::*;
pub use figures::*;
pub use given::*;
pub use map::*;
#[cfg(feature = "ssr")]
pub use method::*;
pub use pages::*;
pub use panel::*;

pub use charts::{NOT_KNOWN, as_table};

pub const NAME: &str = "wattmap";

texts! {
    pub nav_map: "Map", "Mapa";
    pub nav_list: "List", "Lista";
    pub nav_estimate: "Estimate", "Oszacuj";
    pub nav_compare: "Compare", "Porównaj";
    pub nav_about: "Method", "Metoda";
    pub nav_label: "Pages", "Strony";
    pub to_the_map: "Back to the map", "Powrót do mapy";
    pub language_label: "Language", "Język";

    pub theme_label: "Colours", "Kolory";
    pub theme_auto: "As the device", "Jak w urządzeniu";
    pub theme_light: "Light", "Jasne";
    pub theme_dark: "Dark", "Ciemne";

    pub show: "Show", "Pokaż";
    pub close: "Close", "Zamknij";
    pub retry: "Try again", "Spróbuj ponownie";
    pub loading: "Loading…", "Wczytywanie…";
    pub no_program:
        "The live part of this page could not be loaded: figures stay as they are, and links work. Reload the page to try again.",
        "Nie udało się wczytać części strony, która działa na żywo: liczby pozostają takie, jakie są, a odnośniki działają. Odśwież stronę, aby spróbować ponownie.";
    pub failed: "The figures are not to be had just now", "Dane są chwilowo niedostępne";
}

/// The title of the map page.
pub fn title(area: Option<&str>) -> String {
    match area {
        Some(area) => format!("{area} · {NAME}"),
        None => format!("{NAME} · {}", map_heading()),
    }
}

/// The title of another page.
pub fn page_title(heading: &str) -> String {
    format!("{heading} · {NAME}")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use metering::api::Measure;
    use metering::language::is_known_by;

    use super::*;
    use crate::format;

    thread_local! {
        static SPOKEN: Cell<Language> = const { Cell::new(Language::English) };
    }

    #[test]
    fn polish_is_inflected() {
        is_known_by(|| SPOKEN.get());
        SPOKEN.set(Language::Polish);
        let check = |text: String, expected: &str| assert_eq!(text, expected);
        check(homes(None, 50_112), "50\u{a0}112 symulowanych mieszkań");
        check(homes(None, 2), "2 symulowane mieszkania");
        check(homes(Some("fewer than 10"), 0), "Mieszkań: mniej niż 10");
        check(
            comparison(Measure::NightShare, 25.0, 22.0, "Londyn"),
            "O 3 punkty więcej niż przeciętnie: Londyn.",
        );
        check(
            comparison(Measure::Annual, 3680.0, 4000.0, "Londyn"),
            "O 8\u{a0}% mniej niż przeciętnie: Londyn.",
        );
        check(format::tenths(1234.56), "1234,6");
        check(format::money("GBP", 10_012.0), "10\u{a0}012\u{a0}£");
        let days = ["2026-10-28", "2026-11-04"].map(|day| format::Day::parse(day).unwrap());
        check(format::day_range(days[0], days[1]), "28 października – 4 listopada 2026");
        check(format!("{} {}", days[1].long(), format::short_month("2026-10")), "środa 4 listopada paź");
        check(day_heading("sunday", "2026-11"), "Niedziela lub święto, listopad, waty");
        let refused =
            crate::error::AppError::refused("people", "0", "allowed are whole numbers from 1 to 20");
        check(trouble(&refused), "people to „0”: dozwolone są liczby całkowite od 1 do 20.");
        SPOKEN.set(Language::English);
    }
}
