//! What the place on the page says, in every language.

use metering::api::Spread;
use metering::format::{days_between, whole};
use metering::language::{either, polish_form, say};
use metering::texts;

use crate::own_use::{DAYS_MIN, OwnUse};
use crate::reading::{MB_MAX, Unreadable};

texts! {
    /// The head of the place; it is there without scripts, too.
    pub heading: "Use your own meter data", "Użyj własnych odczytów licznika";
    /// Under it, where there are no scripts.
    pub needs_scripts:
        "Your file is read in your browser and sent to nobody: that takes scripts, and they are not running.",
        "Plik jest czytany w przeglądarce i do nikogo nie wysyłany: to wymaga skryptów, a one nie działają.";
    /// Where the program did not arrive.
    pub failed:
        "What reads the file could not be loaded. Reload the page to try again.",
        "Nie udało się wczytać programu, który czyta plik. Odśwież stronę, aby spróbować ponownie.";

    pub(crate) lead:
        "Your supplier’s export shows how you really use electricity. It is read here, in your browser: nothing of it is sent, and what it comes to is forgotten with this tab.",
        "Plik od dostawcy pokazuje, jak naprawdę zużywasz prąd. Jest czytany tutaj, w przeglądarce: nic nie jest wysyłane, a wynik znika wraz z tą kartą.";
    pub(crate) choose: "Choose a file, or drop it here", "Wybierz plik albo upuść go tutaj";
    pub(crate) kinds: "Green Button (XML), or a table of half-hours (CSV)", "Green Button (XML) albo tabela półgodzin (CSV)";
    pub(crate) forget: "Forget it", "Zapomnij";
    pub(crate) forgotten: "It is forgotten.", "Zapomniano.";
    pub(crate) which_meter: "The file has several meters. Shown is", "W pliku jest kilka liczników. Pokazany:";
    pub(crate) unit: "kWh a year, by your own meter", "kWh rocznie, według Twojego licznika";
    pub(crate) tariffs: "What your own hours cost", "Ile kosztują Twoje własne godziny";
    pub(crate) tariff: "Tariff", "Taryfa";
    pub(crate) a_month: "A month", "Miesiąc";
    pub(crate) a_year: "A year", "Rok";
    pub(crate) at_usual_hours: "The same use at usual hours, a year", "To samo zużycie w zwykłych godzinach, rocznie";
    pub(crate) day: "Your weekday, W", "Twój dzień powszedni, W";
    pub(crate) you: "You", "Ty";
    pub(crate) from: "From", "Od";
    pub(crate) details: "How the file was read", "Jak odczytano plik";
}

pub(crate) fn reading(percent: u32) -> String {
    format!("{}: {percent} %", say("Reading", "Czytam"))
}

pub(crate) fn read(own: &OwnUse) -> String {
    either(|| format!("{} is read.", own.file), || format!("Odczytano: {}.", own.file))
}

/// What the figure rests on.
pub(crate) fn rests_on(own: &OwnUse) -> String {
    let (days, dates) = (own.days, days_between(&own.from, Some(&own.to)));
    let filled = match own.months {
        12.. => "",
        _ => say(
            " Months without readings are filled in as usual homes have them.",
            " Miesiące bez odczytów są uzupełnione tak, jak mają je zwykłe mieszkania.",
        ),
    };
    either(
        || format!("{days} days of readings, {dates}.{filled}"),
        || format!("Dni z odczytami: {days}, {dates}.{filled}"),
    )
}

/// Where one is among such households.
pub(crate) fn among(kwh: f64, place: &str, Spread { low, high, .. }: Spread) -> String {
    let (is_less, is_more) = (kwh < low, kwh > high);
    let [low, high] = [low, high].map(whole);
    either(
        || {
            let among = match (is_less, is_more) {
                (true, _) => "less than nine of ten",
                (_, true) => "more than nine of ten",
                _ => "as much as is usual for",
            };
            format!("{place}: {among} such households there; four of five use {low} to {high} kWh.")
        },
        || {
            let among = match (is_less, is_more) {
                (true, _) => "mniej niż dziewięć na dziesięć takich gospodarstw",
                (_, true) => "więcej niż dziewięć na dziesięć takich gospodarstw",
                _ => "tyle, ile zwykle takie gospodarstwa",
            };
            format!("{place}: {among}; cztery na pięć zużywają {low} do {high} kWh.")
        },
    )
}

/// Beside the mean home of a place.
pub(crate) fn beside_mean(kwh: f64, place: &str, mean: f64) -> String {
    let percent = ((kwh / mean - 1.0) * 100.0).round();
    let (amount, mean) = (whole(percent.abs()), whole(mean));
    either(
        || {
            let difference = match percent {
                0.0 => "as much as you".to_owned(),
                percent if percent > 0.0 => format!("you use {amount} % more"),
                _ => format!("you use {amount} % less"),
            };
            format!("{place}: the mean home uses {mean} kWh, {difference}.")
        },
        || {
            let difference = match percent {
                0.0 => "tyle, co Ty".to_owned(),
                percent if percent > 0.0 => format!("Ty o {amount} % więcej"),
                _ => format!("Ty o {amount} % mniej"),
            };
            format!("{place}: przeciętne mieszkanie zużywa {mean} kWh, {difference}.")
        },
    )
}

/// What it would be elsewhere, as far as households like it differ between the two.
pub(crate) fn elsewhere(kwh: f64, now: &str, there: &str, factor: f64) -> String {
    let percent = ((factor - 1.0) * 100.0).round();
    let (amount, kwh, is_more) = (whole(percent.abs()), whole(kwh * factor), percent > 0.0);
    if percent == 0.0 {
        return either(
            || {
                format!(
                    "In {there} you would use as much: such households do not differ between it and {now}."
                )
            },
            || {
                format!(
                    "{there}: zużycie byłoby takie samo; takie gospodarstwa nie różnią się tam od obecnego miejsca ({now})."
                )
            },
        );
    }
    either(
        || {
            let more = if is_more { "more" } else { "less" };
            format!(
                "In {there} about {kwh} kWh, if you keep your habits: such households use {amount} % {more} there than in {now}."
            )
        },
        || {
            let more = if is_more { "więcej" } else { "mniej" };
            format!(
                "{there}: około {kwh} kWh przy tych samych nawykach; takie gospodarstwa zużywają tam o {amount} % {more} niż w obecnym miejscu ({now})."
            )
        },
    )
}

/// The cheapest tariff for one's own hours, and what it saves against the dearest.
pub(crate) fn cheapest(name: &str, saved: &str, dearest: &str) -> String {
    either(
        || format!("At your hours {name} is the cheapest: {saved} a year less than {dearest}."),
        || format!("W Twoich godzinach najtańsza jest taryfa {name}: rocznie o {saved} mniej niż {dearest}."),
    )
}

/// What was read, what counted and what did not.
pub(crate) fn counts(own: &OwnUse) -> String {
    let [readings, repeated, refused] =
        [own.readings, own.repeated, own.refused].map(|count| whole(count as f64));
    let meter = own.meter.as_ref().map(|meter| format!(" {} {meter}", say("of", "z licznika")));
    let meter = meter.unwrap_or_default();
    let mut text = either(
        || format!("{readings} readings{meter} counted."),
        || format!("Policzone odczyty{meter}: {readings}."),
    );
    if own.repeated > 0 {
        text += &either(
            || format!(" {repeated} were of a time that another has, too."),
            || format!(" Z czasu, który ma też inny odczyt: {repeated}."),
        );
    }
    if own.refused > 0 {
        text += &either(
            || format!(" {refused} lines were refused; the first of them:"),
            || format!(" Odrzucone wiersze: {refused}; pierwsze z nich:"),
        );
    }
    text
}

/// Why nothing can be said of a file. What a parser says of a line it says in English.
pub fn unreadable(error: &Unreadable) -> String {
    either(
        || error.to_string(),
        || {
            match error {
            Unreadable::Empty => "Plik jest pusty.".to_owned(),
            Unreadable::TooLarge(mb) => {
                format!("Plik ma {mb} MB; tutaj czyta się najwyżej {}. Poproś dostawcę o odczyty tylko Twojego mieszkania.", MB_MAX)
            }
            Unreadable::Unknown => "Takiego pliku się tu nie czyta. Może to być Green Button (XML), tabela z kolumną czasu i kolumną \
                                    energii w kWh lub Wh (CSV, jak u brytyjskich dostawców) albo plik Low Carbon London."
                .to_owned(),
            Unreadable::NoReadings => "W tym pliku nie ma odczytów licznika.".to_owned(),
            Unreadable::Broken(why) => format!("Pliku nie da się odczytać: {why}."),
            Unreadable::AllRefused { count, first } => {
                format!("Nie dało się odczytać żadnego z wierszy ({count}). Pierwszy: {first}.")
            }
            Unreadable::TooShort(days) => {
                format!(
                    "Odczyty obejmują {days} {}; rok można policzyć z co najmniej {DAYS_MIN}.",
                    polish_form(u64::from(*days), ["dzień", "dni", "dni"])
                )
            }
        }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_one_is_among_others() {
        let spread = Spread { low: 2000.0, middle: 3000.0, high: 4500.0 };
        for (kwh, says) in [
            (
                1900.0,
                "Brixton: less than nine of ten such households there; four of five use 2,000 to 4,500 kWh.",
            ),
            (
                3000.0,
                "Brixton: as much as is usual for such households there; four of five use 2,000 to 4,500 kWh.",
            ),
            (
                4600.0,
                "Brixton: more than nine of ten such households there; four of five use 2,000 to 4,500 kWh.",
            ),
        ] {
            assert_eq!(among(kwh, "Brixton", spread), says);
        }
        assert_eq!(
            beside_mean(3600.0, "Brixton", 3000.0),
            "Brixton: the mean home uses 3,000 kWh, you use 20 % more."
        );
        assert_eq!(
            beside_mean(3000.0, "Brixton", 3001.0),
            "Brixton: the mean home uses 3,001 kWh, as much as you."
        );
        assert_eq!(
            elsewhere(3000.0, "Brixton", "Hackney", 1.1),
            "In Hackney about 3,300 kWh, if you keep your habits: such households use 10 % more there than in Brixton."
        );
        assert!(elsewhere(3000.0, "Brixton", "Hackney", 1.001).contains("as much"));
    }
}
