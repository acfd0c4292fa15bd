//! What comes in English from elsewhere: names in the map's and the tariffs' files, and sentences that programs read, too. What
//! is not known here is said as it came.

use super::{Language, current, either};
use crate::error::AppError;

/// In Polish, if it is known.
fn known<'a>(text: &'a str, polish: &[(&str, &'static str)]) -> &'a str {
    match current() {
        Language::English => text,
        Language::Polish => {
            let found = polish.iter().find(|(english, _)| english.eq_ignore_ascii_case(text));
            found.map_or(text, |(_, polish)| polish)
        }
    }
}

/// A level's areas: `Boroughs`.
pub fn level(plural: &str) -> &str {
    known(
        plural,
        &[
            ("Boroughs", "Gminy"),
            ("Neighbourhoods", "Okolice"),
            ("Street areas", "Obszary uliczne"),
            ("Areas", "Obszary"),
        ],
    )
}

/// A tariff's name.
pub fn tariff_name(name: &str) -> &str {
    known(
        name,
        &[("Flat", "Jednostrefowa"), ("Economy 7", "Nocna (Economy 7)"), ("Time of use", "Według pory dnia")],
    )
}

/// How a tariff's prices were derived.
pub fn tariff_note(note: &str) -> &str {
    known(
        note,
        &[
            (
                "The cap is on both prices together, with 42 % of the use at night; they are split as suppliers commonly split them.",
                "Pułap dotyczy obu cen razem, przy 42 % zużycia w nocy; są podzielone tak, jak zwykle dzielą je dostawcy.",
            ),
            (
                "An example of its kind: a home of the standard shape pays about as much as under the flat tariff.",
                "Przykład takiej taryfy: mieszkanie o standardowym przebiegu płaci mniej więcej tyle, co w jednostrefowej.",
            ),
        ],
    )
}

/// Whose prices they are.
pub fn prices_source(source: &str) -> &str {
    known(
        source,
        &[(
            "Ofgem's price cap for July to September 2026, the mean of Britain's regions, paid by direct debit",
            "pułap cenowy Ofgem na lipiec do września 2026, średnia regionów Wielkiej Brytanii, płatność poleceniem zapłaty",
        )],
    )
}

/// Where modelled figures come from.
pub fn model_source(source: &str) -> String {
    either(
        || source.to_owned(),
        || {
            source
                .replace("the borough's mean of ", "średnia gminy z roku ")
                .replace("published statistics for ", "opublikowane statystyki za rok ")
                .replace("published statistics", "opublikowane statystyki")
                .replace(", imported", ", wczytane")
        },
    )
}

/// Which days count as Sundays.
pub fn holidays(name: &str) -> &str {
    known(
        name,
        &[
            ("the bank holidays of England and Wales", "święta Anglii i Walii"),
            (
                "the public holidays that this site’s operator has listed",
                "święta, które podał prowadzący tę stronę",
            ),
        ],
    )
}

/// What tells something that was found from others of its name: `Neighbourhood near Dalston, Hackney`.
pub fn found_detail(detail: &str) -> String {
    let polish = || {
        let outside = |rest: &str| match rest
            .strip_prefix("outside ")
            .and_then(|rest| rest.strip_suffix(", or not known here"))
        {
            Some(map) => format!("poza mapą ({map}) albo nieznane tutaj"),
            None => rest.trim_start_matches("in ").replace(", near ", ", w pobliżu: "),
        };
        for (english, polish) in [("Place ", "Miejsce"), ("Postcodes ", "Kody pocztowe")] {
            if let Some(rest) = detail.strip_prefix(english) {
                return format!("{polish}: {}", outside(rest));
            }
        }
        let kinds = [("Borough", "Gmina"), ("Neighbourhood", "Okolica"), ("Street area", "Obszar uliczny")];
        for (english, polish) in kinds {
            if let Some(rest) = detail.strip_prefix(english) {
                return format!("{polish}{}", rest.replacen(" near ", ", w pobliżu: ", 1));
            }
        }
        detail.to_owned()
    };
    either(|| detail.to_owned(), polish)
}

/// Why there is no answer.
pub fn trouble(error: &AppError) -> String {
    either(
        || error.to_string(),
        || match error {
            AppError::NotFound { what } => match what.strip_prefix("area called ") {
                Some(code) => format!("Nie ma obszaru {code}."),
                None => format!("Nie ma tego: {what}."),
            },
            AppError::Refused { field, value, rule } => {
                let rule = rule
                    .replace("allowed are whole numbers from ", "dozwolone są liczby całkowite od ")
                    .replace(
                        "allowed is the code of an area, such as ",
                        "dozwolony jest kod obszaru, na przykład ",
                    )
                    .replace(
                        "allowed is a year and a month such as ",
                        "dozwolony jest rok i miesiąc, na przykład ",
                    )
                    .replace("it must be before to, ", "musi być przed „to”, ")
                    .replace(" to ", " do ")
                    .replace("allowed are ", "dozwolone: ")
                    .replace(" and ", " i ");
                format!("{field} to „{value}”: {rule}.")
            }
            AppError::Door { detail, .. } => detail.clone(),
            AppError::Unavailable => "Danych nie da się w tej chwili odczytać.".to_owned(),
            AppError::Network => "Nie udało się połączyć z serwerem.".to_owned(),
            AppError::Internal => "Coś poszło nie tak po naszej stronie.".to_owned(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_in_english_stays_so_there() {
        assert_eq!((level("Boroughs"), tariff_name("Flat")), ("Boroughs", "Flat"));
        let error = AppError::refused("heating", "gaz", "allowed are gas, electric");
        assert_eq!(trouble(&error), "heating is “gaz”: allowed are gas, electric.");
    }
}
