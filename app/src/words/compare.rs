//! Places side by side.

use super::{either, say, texts};
use crate::format;

texts! {
    pub compare_heading: "Compare places", "Porównaj miejsca";
    pub compare_lead:
        "What a home uses and pays, in up to four places side by side. The address of this page is the comparison: keep it, or pass it on.",
        "Ile mieszkanie zużywa i płaci, nawet w czterech miejscach obok siebie. Adres tej strony jest porównaniem: zachowaj go albo prześlij dalej.";
    pub compare_nothing:
        "Add a place to begin with: a neighbourhood, a borough, or the first half of a postcode.",
        "Dodaj pierwsze miejsce: okolicę, gminę albo pierwszą połowę kodu pocztowego.";
    pub compare_one: "Add another place to see what sets the two apart.", "Dodaj drugie miejsce, aby zobaczyć, czym się różnią.";
    pub compare_add: "Add", "Dodaj";
    pub compare_remove: "Remove", "Usuń";
    pub compare_with: "Compare with another place", "Porównaj z innym miejscem";
    pub compare_differences: "What sets them apart", "Co je różni";
    pub compare_costs: "What a home pays in a year", "Ile mieszkanie płaci rocznie";
    pub compare_rests: "What it rests on", "Na czym się to opiera";
    pub compare_no_days:
        "The shape of a day appears once homes in one of these places are measured.",
        "Przebieg dnia pojawi się, gdy w jednym z tych miejsc będą mierzone mieszkania.";
    pub compare_months: "The last twelve months, kWh a home", "Ostatnie dwanaście miesięcy, kWh na mieszkanie";
    pub compare_figure: "Figure", "Dane";
    pub keep_label: "Keep or pass on", "Zachowaj lub prześlij dalej";
    pub keep_table: "Table (CSV)", "Tabela (CSV)";
    pub keep_picture: "Picture (PNG)", "Obraz (PNG)";
    pub keep_drawing: "Drawing (SVG)", "Rysunek (SVG)";
    pub keep_print: "Print", "Drukuj";
    pub keep_copy: "Copy the link", "Kopiuj odnośnik";
}

/// One place more than fit beside each other.
pub fn too_many_compared(most: usize, one: &str) -> String {
    either(
        || format!("At most {most} places fit beside each other: “{one}” is left out. Remove one to add it."),
        || {
            format!(
                "Obok siebie mieszczą się najwyżej {most} miejsca: pominięto „{one}”. Usuń któreś, aby je dodać."
            )
        },
    )
}

/// Where the mean of all homes is, most likely.
pub fn most_likely([low, high]: [f64; 2]) -> String {
    let [low, high] = [low, high].map(format::whole);
    either(|| format!("most likely {low} to {high}"), || format!("najpewniej {low} do {high}"))
}

/// That two places cannot be told apart.
pub fn not_told_apart(one: &str, other: &str, known: [[f64; 2]; 2]) -> String {
    let [a, b] = known.map(|[low, high]| match (format::whole(low), format::whole(high)) {
        (low, high) if low == high => low,
        (low, high) => format!("{low} {} {high}", say("to", "do")),
    });
    either(
        || {
            format!(
                "{one} and {other}: no difference can be told. What is known of the two overlaps: {a} and {b} kWh a year."
            )
        },
        || {
            format!(
                "{one} i {other}: różnicy nie da się stwierdzić. To, co o nich wiadomo, pokrywa się: {a} i {b} kWh rocznie."
            )
        },
    )
}

/// That a home in one place uses more than one in another, or less.
pub fn told_apart(one: &str, other: &str, percent: f64) -> String {
    let amount = format::whole(percent.abs().max(1.0));
    let is_less = percent < 0.0;
    either(
        || {
            let more = if is_less { "less" } else { "more" };
            format!("A home in {other} uses {amount}\u{a0}% {more} than one in {one}.")
        },
        || {
            let more = if is_less { "mniej" } else { "więcej" };
            format!("{other}: mieszkanie zużywa o {amount}\u{a0}% {more} niż w drugim miejscu ({one}).")
        },
    )
}

/// That two places have one figure.
pub fn same_homes(one: &str, other: &str) -> String {
    either(
        || {
            format!(
                "{one} and {other} share one figure, that of an area around both: nothing tells them apart."
            )
        },
        || format!("{one} i {other} mają wspólną liczbę, z obszaru wokół obu: nic ich nie odróżnia."),
    )
}

/// That nothing is known of the difference.
pub fn difference_not_known(one: &str, other: &str) -> String {
    either(
        || format!("{one} and {other}: one of them has no figure of a year."),
        || format!("{one} i {other}: dla jednego z nich nie ma danych z roku."),
    )
}

/// What prices are of: the days, the source and the tax.
pub fn prices_of(source: &str, days: &str, vat_percent: f64) -> String {
    let (vat, source) = (format::whole(vat_percent), super::prices_source(source));
    either(
        || format!("Prices of {days}, with {vat}\u{a0}% of VAT and the standing charge: {source}."),
        || format!("Ceny z okresu {days}, z {vat}\u{a0}% VAT i opłatą stałą: {source}."),
    )
}

/// The same, of the mean home.
pub fn prices(source: &str, days: &str, vat_percent: f64) -> String {
    let prices = prices_of(source, days, vat_percent);
    let mean = say(
        "The year is the mean home’s, with its own share of the night and the evening where these are known.",
        "Rok jest rokiem przeciętnego mieszkania, z jego własnym udziałem nocy i wieczoru tam, gdzie są znane.",
    );
    format!("{prices} {mean}")
}

/// How the prices of some tariffs were derived that are not simply the source's: behind a sentence.
pub fn derived<'a>(tariffs: impl Iterator<Item = (&'a String, &'a Option<String>)>) -> String {
    let of_tariff = |(name, note): (&String, &Option<String>)| {
        Some(format!(" {}: {}", super::tariff_name(name), super::tariff_note(note.as_deref()?)))
    };
    tariffs.filter_map(of_tariff).collect()
}

/// What a year costs.
pub fn a_year(money: &str) -> String {
    format!("{money} {}", say("a year", "rocznie"))
}

/// A month's part of a year's cost.
pub fn a_month(money: &str) -> String {
    format!("{money} {}", say("a month", "miesięcznie"))
}
