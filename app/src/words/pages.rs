//! The list, the open data, the API, and where there is no page.

use super::{either, say, texts};
use crate::format;

texts! {
    pub list_heading: "All areas", "Wszystkie obszary";
    /// Before how many homes the list rests on.
    pub list_rests_on: "What was measured comes from", "To, co zmierzono, pochodzi od:";
    pub list_measure: "Figure", "Dane";
    pub list_filter: "Name or code", "Nazwa lub kod";
    pub list_area: "Area", "Obszar";
    pub list_within: "In", "W";
    pub list_status: "Status", "Stan";
    pub list_pages: "Pages of the list", "Strony listy";
    pub nothing_listed: "No area’s name or code contains that.", "Żadna nazwa ani kod obszaru tego nie zawiera.";
    pub previous: "Previous", "Poprzednia";
    pub next: "Next", "Następna";

    pub data_heading: "Open data", "Otwarte dane";
    pub data_lead:
        "Everything that the map shows, as files to keep: all areas of a level, each with its figures as they are shown at the moment of the download. What is hidden on the map is hidden in them.",
        "Wszystko, co pokazuje mapa, jako pliki do zachowania: wszystkie obszary poziomu, każdy z danymi takimi, jakie są w chwili pobrania. Co jest ukryte na mapie, jest ukryte i w nich.";
    pub data_level: "Areas", "Obszary";
    pub data_how_many: "How many", "Ile";
    pub data_table: "Table (CSV)", "Tabela (CSV)";
    pub data_map: "Map (GeoJSON)", "Mapa (GeoJSON)";
    pub data_columns_heading: "What is in them", "Co w nich jest";
    pub data_licence_heading: "Whom to name", "Kogo wymienić";
    pub data_licence:
        "Outlines, names and modelled figures are others’ work; whoever passes them on names:",
        "Granice, nazwy i dane z modelu są cudzą pracą; kto je przekazuje, wymienia:";

    pub api_heading: "The API", "API";
    pub api_lead:
        "Everything that this site shows can be asked for by programs, without a key. Who sends readings, or runs the site, has one.",
        "O wszystko, co pokazuje ta strona, mogą pytać programy, bez klucza. Kto wysyła odczyty albo prowadzi stronę, ma klucz.";
    pub api_for_programs: "The same for programs, as OpenAPI:", "To samo dla programów, jako OpenAPI:";
    pub api_parameter: "Parameter", "Parametr";
    pub api_meaning: "What it says", "Co mówi";
    /// Above what is said in English alone, because programs read it, too.
    pub api_in_english: "", "Opis samego API jest po angielsku.";

    pub not_found_heading: "There is no such page", "Nie ma takiej strony";
    pub not_found_text:
        "The address may be mistyped, or the page has moved. The map is still where it was.",
        "W adresie może być literówka albo strona została przeniesiona. Mapa jest tam, gdzie była.";
}

/// A column or property, and what it says.
pub fn data_columns() -> [(&'static str, &'static str); 8] {
    [
        ("code, name", say("What the area is called officially.", "Jak obszar nazywa się urzędowo.")),
        ("near", say("The place that people would name for it.", "Miejsce, którym ludzie by go nazwali.")),
        ("within, parent", say("The code of the larger area around it.", "Kod większego obszaru wokół.")),
        (
            "annual_kwh",
            say(
                "The electricity that the average home uses in a year, kWh.",
                "Prąd, który przeciętne mieszkanie zużywa w roku, kWh.",
            ),
        ),
        (
            "now_w",
            say(
                "The average home’s power in the current half-hour, watts.",
                "Moc przeciętnego mieszkania w bieżącej półgodzinie, waty.",
            ),
        ),
        (
            "night_share_percent, evening_share_percent",
            say(
                "How much of its use falls between 00:30 and 07:30, and between 16:00 and 20:00.",
                "Ile zużycia przypada między 00:30 a 07:30 oraz między 16:00 a 20:00.",
            ),
        ),
        (
            "…_status, …_shown_for",
            say(
                "Whether a figure is measured, merged, modelled, suppressed or not there (no_data); of merged ones the code of \
                 the wider area that they are of.",
                "Czy liczba jest zmierzona (measured), połączona (merged), z modelu (modelled), ukryta (suppressed), czy jej nie \
                 ma (no_data); przy połączonych kod szerszego obszaru, którego dotyczą.",
            ),
        ),
        (
            "from, to, as_of",
            say(
                "The days that the figures of a year, the night and the evening are of, and when that was so.",
                "Z których dni są dane roczne, nocne i wieczorne, i kiedy tak było.",
            ),
        ),
    ]
}

/// How much is listed.
pub fn listed(total: usize, page: usize, pages: usize) -> String {
    let total = format::whole(total as f64);
    let areas = either(|| format!("{total} areas"), || format!("Obszarów: {total}"));
    match pages {
        0 | 1 => areas,
        _ => either(
            || format!("{areas}, page {page} of {pages}"),
            || format!("{areas}, strona {page} z {pages}"),
        ),
    }
}
