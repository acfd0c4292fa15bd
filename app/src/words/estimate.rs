//! What a household would use and pay.

use super::{either, say, texts};
use crate::format;

texts! {
    pub estimate_heading: "What would we use there?", "Ile byśmy tam zużywali?";
    pub estimate_lead:
        "Say where, and as much of your household as you like. The address of this page is the answer: keep it, or pass it on. Nothing is stored.",
        "Powiedz gdzie i tyle o swoim gospodarstwie, ile chcesz. Adres tej strony jest odpowiedzią: zachowaj go albo prześlij dalej. Niczego nie zapisujemy.";
    pub estimate_where:
        "Begin with a place: a neighbourhood, a borough, or the first half of a postcode.",
        "Zacznij od miejsca: okolicy, gminy albo pierwszej połowy kodu pocztowego.";
    pub estimate_same_place: "Both places are the same one.", "Oba miejsca są tym samym.";
    pub estimate_show: "Estimate", "Oszacuj";
    pub estimate_here: "What would we use here?", "Ile byśmy tu zużywali?";
    pub estimate_day: "A weekday, watts", "Dzień powszedni, waty";
    pub estimate_months: "The months, kWh", "Miesiące, kWh";
    pub estimate_by_tariff: "A month, by tariff", "Miesiąc, według taryfy";
    pub move_from: "From", "Z:";
    pub move_to: "to", "do:";
    pub move_back: "The other way round", "W drugą stronę";
    pub same_household: "The same household would pay", "To samo gospodarstwo domowe płaciłoby";
    pub hardly: "Hardly a difference", "Prawie bez różnicy";
    pub likely: "Likely, not certain", "Prawdopodobne, nie pewne";
    pub almost_certain: "Almost certain", "Prawie pewne";
    pub day_parts_heading: "A weekday by time of day, kWh", "Dzień powszedni według pory, kWh";
    pub when: "When", "Kiedy";
    pub difference: "Difference", "Różnica";
    pub ask_where: "Where would you live?", "Gdzie zamieszkasz?";
    pub ask_where_now: "Where do you live now? (if you like)", "Gdzie mieszkasz teraz? (jeśli chcesz)";
    pub ask_dwelling: "Home", "Mieszkanie";
    pub ask_bedrooms: "Bedrooms", "Sypialnie";
    pub ask_people: "People", "Osoby";
    pub ask_heating: "Heating", "Ogrzewanie";
    pub ask_at_home: "Weekdays", "Dni powszednie";
    pub not_said: "Not said", "Nie podano";
    pub kwh_a_year: "kWh a year", "kWh rocznie";
    pub tariff: "Tariff", "Taryfa";
    pub place: "Place", "Miejsce";
    pub per_month: "A month", "Miesiąc";
    pub per_year: "A year", "Rok";
    pub from: "From", "Od";
    pub month: "Month", "Miesiąc";
    pub four_of_five_a_year: "Four of five such households, a year", "Cztery na pięć takich gospodarstw, rocznie";
    pub households_published:
        "How your household differs from that follows from Ofgem’s typical consumption values; how much such households differ from each other, from published statistics.",
        "Czym różni się od tego Twoje gospodarstwo, wynika z typowych wartości zużycia Ofgem; jak bardzo takie gospodarstwa różnią się między sobą, z opublikowanych statystyk.";
}

pub fn day_parts() -> [&'static str; 3] {
    [
        say("Night, 00:30 to 07:30", "Noc, 00:30 do 07:30"),
        say("Evening, 16:00 to 20:00", "Wieczór, 16:00 do 20:00"),
        say("The rest of the day", "Reszta dnia"),
    ]
}

pub fn dwellings() -> [(&'static str, &'static str); 6] {
    [
        ("flat", say("Flat", "Mieszkanie w bloku")),
        ("terraced", say("Terraced house", "Dom szeregowy")),
        ("semi_detached", say("Semi-detached house", "Bliźniak")),
        ("detached", say("Detached house", "Dom wolnostojący")),
        ("bungalow", say("Bungalow", "Dom parterowy")),
        ("other", say("Something else", "Coś innego")),
    ]
}

pub fn heatings() -> [(&'static str, &'static str); 5] {
    [
        ("gas", say("Gas", "Gaz")),
        ("electric", say("Electric heaters", "Grzejniki elektryczne")),
        ("heat_pump", say("Heat pump", "Pompa ciepła")),
        ("district", say("Heat network", "Sieć ciepłownicza")),
        ("other", say("Something else", "Coś innego")),
    ]
}

pub fn at_home() -> [(&'static str, &'static str); 2] {
    [
        ("day", say("Somebody is at home", "Ktoś jest w domu")),
        ("evenings", say("Out by day", "W dzień nikogo nie ma")),
    ]
}

/// The title of a page about a place.
pub fn what_would_we_use_in(title: &str) -> String {
    either(|| format!("What would we use in {title}?"), || format!("Ile byśmy zużywali: {title}"))
}

/// The title of a page about two places.
pub fn moving(now: &str, there: &str) -> String {
    either(|| format!("Moving from {now} to {there}"), || format!("Przeprowadzka: {now} → {there}"))
}

/// Beside what a month costs, or costs more: the same of a year, and under which tariff.
pub fn a_month_and_year(a_year: &str, tariff: &str) -> String {
    let tariff = super::tariff_name(tariff);
    either(
        || format!("a month, about {a_year} a year ({tariff})"),
        || format!("miesięcznie, około {a_year} rocznie ({tariff})"),
    )
}

/// Between what four of five households pay.
pub fn four_of_five_pay(low: &str, high: &str) -> String {
    either(
        || format!("Four of five such households pay {low} to {high} a month."),
        || format!("Cztery na pięć takich gospodarstw płacą {low} do {high} miesięcznie."),
    )
}

/// A difference, of which `amount` says how much it is: `£7 more`, `540 less`.
pub fn more_or_less(amount: impl Fn(f64) -> String, more: f64) -> String {
    match more.round() {
        0.0 => say("About as much", "Mniej więcej tyle samo").to_owned(),
        more if more > 0.0 => {
            let amount = amount(more);
            either(|| format!("{amount} more"), || format!("o {amount} więcej"))
        }
        less => {
            let amount = amount(-less);
            either(|| format!("{amount} less"), || format!("o {amount} mniej"))
        }
    }
}

/// The same of money, in short: `+ £7`.
pub fn more_money(money: impl Fn(f64) -> String, more: f64) -> String {
    match more {
        0.0 => say("the same", "tyle samo").to_owned(),
        more if more > 0.0 => format!("+\u{a0}{}", money(more)),
        less => format!("−\u{a0}{}", money(-less)),
    }
}

/// Why two places can't be told apart.
pub fn one_figure(now: &str, there: &str) -> String {
    either(
        || format!("One figure tells of both {now} and {there}: nothing is known that sets them apart."),
        || format!("Jedna liczba mówi o obu miejscach ({now}, {there}): nic nie wiadomo o tym, co je różni."),
    )
}

/// That homes differ more than places.
pub fn as_often_less(now: &str, there: &str) -> String {
    either(
        || format!("Such homes differ far more from each other than {now} does from {there}."),
        || {
            format!(
                "Takie gospodarstwa różnią się między sobą o wiele bardziej niż te dwa miejsca ({now}, {there})."
            )
        },
    )
}

/// In how many of ten pairs of such homes the one there uses more, or less; without a number, nearly all.
pub fn pairs(there: &str, more: bool, of_ten: Option<u8>) -> String {
    let often = of_ten.map(|of_ten| of_ten.to_string());
    either(
        || {
            let (much, often) = (if more { "more" } else { "less" }, often.clone());
            let often = often.unwrap_or_else(|| "nine or more".to_owned());
            format!(
                "Of ten pairs of such homes, one in each place, the one in {there} uses {much} in {often}."
            )
        },
        || {
            let (much, often) = (if more { "więcej" } else { "mniej" }, often.clone());
            let often = often.unwrap_or_else(|| "dziewięciu lub więcej".to_owned());
            format!(
                "Na dziesięć par takich gospodarstw, po jednym w każdym miejscu, to drugie ({there}) zużywa {much} w {often}."
            )
        },
    )
}

/// What is used in both places.
pub fn used_now_and_there(now: f64, there: f64) -> String {
    let [now, there] = [now, there].map(format::whole);
    either(
        || format!("{now} kWh a year now, {there} there."),
        || format!("Teraz {now} kWh rocznie, tam {there}."),
    )
}

/// What the months are of: the currency's sign and the tariff.
pub fn months_cost(sign: &str, tariff: &str) -> String {
    format!("{}, {sign} ({})", say("The months", "Miesiące"), super::tariff_name(tariff))
}

/// A difference with its sign, to a tenth.
pub fn signed_tenths(difference: f64) -> String {
    let text = format::tenths(difference);
    match (difference * 10.0).round() {
        0.0 => text.trim_start_matches('−').to_owned(),
        tenths if tenths > 0.0 => format!("+{text}"),
        _ => text,
    }
}

/// Whose estimate it is.
pub fn such_a_household(title: &str) -> String {
    either(|| format!("Such a household in {title}"), || format!("Takie gospodarstwo: {title}"))
}

/// Between two amounts.
pub fn four_of_five(low: &str, high: &str) -> String {
    format!("{low} {} {high}", say("to", "do"))
}

/// What is used, and between what four of five households are.
pub fn four_of_five_use(middle: f64, low: f64, high: f64) -> String {
    let [middle, low, high] = [middle, low, high].map(format::whole);
    either(
        || {
            format!(
                "It uses {middle} kWh a year, four of five {low} to {high} kWh; one in ten less, one in ten more."
            )
        },
        || {
            format!(
                "Zużywa {middle} kWh rocznie, cztery na pięć {low} do {high} kWh; jeden na dziesięć mniej, jeden na dziesięć więcej."
            )
        },
    )
}

/// How an estimate compares with the typical value.
pub fn against_typical(kwh: f64, typical: f64) -> String {
    let percent = ((kwh / typical - 1.0) * 100.0).round();
    let (amount, typical) = (format::whole(percent.abs()), format::whole(typical));
    either(
        || {
            let beside = match percent {
                0.0 => "as much as".to_owned(),
                p if p < 0.0 => format!("{amount}\u{a0}% less than"),
                _ => format!("{amount}\u{a0}% more than"),
            };
            format!("That is {beside} Ofgem’s typical home of this kind of meter, {typical} kWh.")
        },
        || {
            let beside = match percent {
                0.0 => "tyle, ile".to_owned(),
                p if p < 0.0 => format!("o {amount}\u{a0}% mniej, niż"),
                _ => format!("o {amount}\u{a0}% więcej, niż"),
            };
            format!("To {beside} zużywa według Ofgem typowe gospodarstwo z takim licznikiem, {typical} kWh.")
        },
    )
}

/// That the mean home was measured.
pub fn mean_measured(kwh: &str) -> String {
    either(
        || format!("The mean home there uses {kwh} kWh a year: measured."),
        || format!("Przeciętne mieszkanie zużywa tam {kwh} kWh rocznie: zmierzone."),
    )
}

/// That the mean home is one of a wider area.
pub fn mean_of_wider(kwh: &str, wider: &str) -> String {
    either(
        || {
            format!(
                "Too few homes are measured there, so it begins with the mean home of {wider}, {kwh} kWh a year."
            )
        },
        || {
            format!(
                "Mierzy się tam za mało mieszkań, więc punktem wyjścia jest przeciętne mieszkanie szerszego obszaru ({wider}), {kwh} kWh rocznie."
            )
        },
    )
}

/// That the mean home was published.
pub fn mean_published(kwh: &str) -> String {
    either(
        || format!("No home there is measured; published statistics have the mean home at {kwh} kWh a year."),
        || {
            format!(
                "Nie mierzy się tam żadnego mieszkania; według opublikowanych statystyk przeciętne zużywa {kwh} kWh rocznie."
            )
        },
    )
}

/// That homes tell how households differ.
pub fn households_fitted(homes: u32) -> String {
    let homes = format::whole(f64::from(homes));
    either(
        || {
            format!(
                "How your household differs from that, and such households from each other, is what more than {homes} measured homes show."
            )
        },
        || {
            format!(
                "Czym różni się od tego Twoje gospodarstwo, a takie gospodarstwa między sobą, pokazuje ponad {homes} mierzonych mieszkań."
            )
        },
    )
}
