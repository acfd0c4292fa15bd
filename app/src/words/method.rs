//! How figures come about: the page of the method.

use metering::disclosure::DisclosureRules;

use super::{either, say, texts};
use crate::format;
use crate::site::DisclosureNumbers;

texts! {
    pub method_heading: "How these figures come about", "Skąd się biorą te liczby";
    pub method_origin: "Where the figures come from", "Skąd pochodzą dane";
    pub method_readings:
        "Each meter reports how much was used over a few minutes or half an hour. The reports of an area are added up by half-hour, and divided by the time they cover: that is the average home’s power. Reports that come late, twice or corrected change the half-hour they belong to, and each is counted once.",
        "Każdy licznik podaje, ile zużyto przez kilka minut lub pół godziny. Odczyty obszaru są sumowane w półgodzinach i dzielone przez czas, który obejmują: to moc przeciętnego mieszkania. Odczyty spóźnione, powtórzone lub poprawione zmieniają półgodzinę, do której należą, a każdy liczy się raz.";
    pub method_year:
        "A year’s use is what the homes of an area used in twelve months, for one home. As long as they were measured for less, it is scaled to the whole year by the standard load profile of homes (H25), which says how much of a year’s use falls on each half-hour of the calendar. The panel names the days that a figure rests on.",
        "Zużycie roczne to zużycie mieszkań obszaru przez dwanaście miesięcy, na jedno mieszkanie. Dopóki mierzono krócej, jest przeliczane na cały rok według standardowego profilu mieszkań (H25), który mówi, jaka część rocznego zużycia przypada na każdą półgodzinę kalendarza. Panel podaje dni, na których opiera się liczba.";
    pub method_times:
        "The map can also be of one month, week or day of the past. Then it says what a home used a day, not scaled to anything, and its colours are those of the last year’s scale, made wider by half, so that they mean the same on all days. What a home pays is its year’s use under a flat tariff, with the standing charge and VAT, in steps of ten.",
        "Mapa może też pokazywać jeden miniony miesiąc, tydzień lub dzień. Mówi wtedy, ile mieszkanie zużywało na dobę, bez przeliczania, a kolory są ze skali ostatniego roku, poszerzonej o połowę, żeby znaczyły to samo we wszystkie dni. To, ile mieszkanie płaci, jest jego rocznym zużyciem według taryfy jednostrefowej, z opłatą stałą i VAT, z dokładnością do dziesięciu.";

    pub method_words: "What the words mean", "Co znaczą te słowa";
    pub means_measured: "From meters in the area itself.", "Z liczników w samym obszarze.";
    pub means_merged:
        "Too few homes are measured here, or one is most of them, so the figure is that of the larger area around it, which is named.",
        "Mierzy się tu za mało mieszkań albo jedno z nich znaczy zbyt wiele, więc liczba dotyczy większego obszaru wokół, który jest nazwany.";
    pub means_modelled:
        "No home is measured. The figure comes from published statistics: of the area where there are such, else of the larger area around it.",
        "Nie mierzy się żadnego mieszkania. Liczba pochodzi z opublikowanych statystyk: obszaru, jeśli takie są, a jeśli nie, większego obszaru wokół.";
    pub means_hidden:
        "There are meters, but so few, or one so large, that the figure would tell about single homes.",
        "Są liczniki, ale tak nieliczne albo jeden tak duży, że liczba mówiłaby o pojedynczych mieszkaniach.";
    pub means_no_data: "Nothing is known.", "Nic nie wiadomo.";

    pub method_privacy: "How homes stay private", "Jak chronimy prywatność mieszkań";
    pub privacy_lead:
        "What a home uses by the minute tells when people sleep, leave and come back. So a figure is shown only if enough homes are in it:",
        "Zużycie minuta po minucie zdradza, kiedy ludzie śpią, wychodzą i wracają. Dlatego liczba jest pokazywana tylko wtedy, gdy jest w niej dość mieszkań:";
    pub privacy_changes:
        "a figure changes only when ten homes or more have changed it, so that what changed it is nobody’s alone;",
        "liczba zmienia się dopiero, gdy zmieniło ją co najmniej dziesięć mieszkań, tak że zmiana nie jest niczyja z osobna;";
    pub privacy_neighbours:
        "where hiding one area would let it be worked out from its neighbours, another is hidden too;",
        "gdzie ukryty obszar dałoby się wyliczyć z sąsiednich, ukryty jest jeszcze jeden;";
    pub privacy_rounded:
        "figures are rounded, and numbers of homes are given in bands.",
        "liczby są zaokrąglone, a liczba mieszkań podawana w przedziałach.";

    pub method_own: "Your own meter data", "Twoje własne odczyty";
    pub method_own_text:
        "On the pages Estimate and Compare you may open a file of your own meter’s readings. It is read by a program in your browser and is not sent to us or to anybody. What it comes to is kept in that tab until you close it or press “Forget it”.",
        "Na stronach Oszacuj i Porównaj możesz otworzyć plik z odczytami własnego licznika. Czyta go program w Twojej przeglądarce i nie jest wysyłany ani do nas, ani do nikogo. Wynik pozostaje w tej karcie, dopóki jej nie zamkniesz albo nie naciśniesz „Zapomnij”.";
    pub method_cookies:
        "Two things are remembered in your browser, in a cookie each and only once you choose them: the colours and the language.",
        "W Twojej przeglądarce zapamiętywane są dwie rzeczy, każda w ciasteczku i tylko gdy je wybierzesz: kolory i język.";
    pub method_programs: "The same for programs", "To samo dla programów";
    pub programs_ask: "All of it can be asked for over HTTP, without a key:", "O wszystko można pytać przez HTTP, bez klucza:";
    pub programs_api: "the API", "API";
    pub programs_files: "As files to keep:", "Jako pliki do zachowania:";
    pub method_credits: "Whose work this rests on", "Na czyjej pracy to się opiera";
    pub credit_profile:
        "Standard load profile H25: BDEW, as carried by demandlib (MIT).",
        "Standardowy profil obciążenia H25: BDEW, w postaci z demandlib (MIT).";
    pub credit_map: "Leaflet moves the map; its letters are Inter.", "Mapę porusza Leaflet; jej litery to Inter.";
}

/// Whose homes they are.
pub fn method_homes(simulated: u64) -> String {
    if simulated == 0 {
        return say(
            "No home here is simulated. Figures marked Measured come from meters that report to this site.",
            "Żadne mieszkanie nie jest tu symulowane. Dane z oznaczeniem Zmierzone pochodzą z liczników, które wysyłają odczyty na tę stronę.",
        )
        .to_owned();
    }
    let homes = format::whole(simulated as f64);
    either(
        || {
            format!(
                "The {homes} homes behind the measured figures are simulated. A program imagines households (their size, \
                 their heating, when they get up) and reports what each would use, so that the whole system can \
                 be seen at work. They follow published averages; no real home is among them, and no figure \
                 marked Measured says anything about a real neighbour."
            )
        },
        || {
            format!(
                "Mieszkania stojące za zmierzonymi danymi są symulowane; jest ich {homes}. Program wymyśla domy (ich wielkość, \
                 ogrzewanie, porę wstawania) i podaje, ile każdy by zużył, tak że cały system widać przy pracy. Trzymają się \
                 opublikowanych średnich; nie ma wśród nich żadnego prawdziwego mieszkania i żadna liczba z oznaczeniem \
                 Zmierzone nie mówi niczego o prawdziwym sąsiedzie."
            )
        },
    )
}

/// The numbers in force, a sentence each.
pub fn privacy_numbers(rules: &DisclosureNumbers) -> [String; 3] {
    let DisclosureNumbers { homes_period, homes_live } = rules;
    let share = DisclosureRules::LARGEST_SHARE_MAX_PERCENT;
    [
        either(
            || format!("for a week or longer, at least {homes_period} homes;"),
            || format!("dla tygodnia lub dłużej co najmniej {homes_period} mieszkań;"),
        ),
        either(
            || format!("for less, such as the current half-hour, at least {homes_live} homes;"),
            || format!("dla krótszego czasu, jak bieżąca półgodzina, co najmniej {homes_live} mieszkań;"),
        ),
        either(
            || {
                format!(
                    "for a week or longer, no home may be more than {share} % of it, nor of what is left of an area when the \
                     shown areas within it are taken away;"
                )
            },
            || {
                format!(
                    "dla tygodnia lub dłużej żadne mieszkanie nie może stanowić więcej niż {share} % liczby ani tego, co zostaje \
                     z obszaru po odjęciu pokazanych obszarów w jego wnętrzu;"
                )
            },
        ),
    ]
}

/// The rule of percentiles.
pub fn privacy_percentiles() -> String {
    let (homes, of_each) = (DisclosureRules::PERCENTILE_HOMES_MIN, DisclosureRules::HOMES_OF_A_PERCENTILE);
    either(
        || {
            format!(
                "how homes differ is told of {homes} homes or more, and each end of it is the mean of {of_each} homes; it \
                 changes only when a week or ten homes more are in it;"
            )
        },
        || {
            format!(
                "jak mieszkania się różnią, mówi się przy co najmniej {homes} mieszkaniach, a każda granica jest średnią {of_each} \
                 mieszkań; zmienia się dopiero, gdy przybędzie tydzień albo dziesięć mieszkań;"
            )
        },
    )
}

/// What typical days are of.
pub fn days_of_holidays(holidays: Option<&str>) -> String {
    let days = say(
        "A typical day is the mean of the weekdays, Saturdays or Sundays of a month, by the clock on the wall",
        "Typowy dzień jest średnią dni powszednich, sobót lub niedziel miesiąca, według zegara na ścianie",
    );
    match holidays.map(super::holidays) {
        Some(holidays) => either(
            || format!("{days}; {holidays} count as Sundays."),
            || format!("{days}; {holidays} liczą się jak niedziele."),
        ),
        None => format!("{days}."),
    }
}
