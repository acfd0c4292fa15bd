//! What the place on the page says.

use metering::api::Spread;
use metering::format::{days_between, whole};

use crate::own_use::OwnUse;

/// The head of the place; it is there without scripts, too.
pub const HEADING: &str = "Use your own meter data";
/// Under it, where there are no scripts.
pub const NEEDS_SCRIPTS: &str =
    "Your file is read in your browser and sent to nobody: that takes scripts, and they are not running.";
/// Where the program did not arrive.
pub const FAILED: &str = "What reads the file could not be loaded. Reload the page to try again.";

pub(crate) const LEAD: &str = "Your supplier’s export shows how you really use electricity. It is read here, in your browser: nothing of it is sent, \
     and what it comes to is forgotten with this tab.";
pub(crate) const CHOOSE: &str = "Choose a file, or drop it here";
pub(crate) const KINDS: &str = "Green Button (XML), or a table of half-hours (CSV)";
pub(crate) const FORGET: &str = "Forget it";
pub(crate) const FORGOTTEN: &str = "It is forgotten.";
pub(crate) const WHICH_METER: &str = "The file has several meters. Shown is";
pub(crate) const UNIT: &str = "kWh a year, by your own meter";
pub(crate) const TARIFFS: &str = "What your own hours cost";
pub(crate) const TARIFF: &str = "Tariff";
pub(crate) const A_MONTH: &str = "A month";
pub(crate) const A_YEAR: &str = "A year";
pub(crate) const AT_USUAL_HOURS: &str = "The same use at usual hours, a year";
pub(crate) const DAY: &str = "Your weekday, W";
pub(crate) const YOU: &str = "You";
pub(crate) const FROM: &str = "From";
pub(crate) const DETAILS: &str = "How the file was read";

pub(crate) fn reading(percent: u32) -> String {
    format!("Reading: {percent} %")
}

pub(crate) fn read(own: &OwnUse) -> String {
    format!("{} is read.", own.file)
}

/// What the figure rests on.
pub(crate) fn rests_on(own: &OwnUse) -> String {
    let days = days_between(&own.from, Some(&own.to));
    let filled = match own.months {
        12.. => "",
        _ => " Months without readings are filled in as usual homes have them.",
    };
    format!("{} days of readings, {days}.{filled}", own.days)
}

/// Where one is among such households.
pub(crate) fn among(kwh: f64, place: &str, Spread { low, high, .. }: Spread) -> String {
    let range = format!("four of five use {} to {} kWh", whole(low), whole(high));
    let among = match kwh {
        _ if kwh < low => "less than nine of ten",
        _ if kwh > high => "more than nine of ten",
        _ => "as much as is usual for",
    };
    format!("{place}: {among} such households there; {range}.")
}

/// Beside the mean home of a place.
pub(crate) fn beside_mean(kwh: f64, place: &str, mean: f64) -> String {
    let percent = ((kwh / mean - 1.0) * 100.0).round();
    let difference = match percent {
        0.0 => "as much as you".to_owned(),
        percent if percent > 0.0 => format!("you use {} % more", whole(percent)),
        percent => format!("you use {} % less", whole(-percent)),
    };
    format!("{place}: the mean home uses {} kWh, {difference}.", whole(mean))
}

/// What it would be elsewhere, as far as households like it differ between the two.
pub(crate) fn elsewhere(kwh: f64, now: &str, there: &str, factor: f64) -> String {
    let percent = ((factor - 1.0) * 100.0).round();
    match percent {
        0.0 => {
            format!("In {there} you would use as much: such households do not differ between it and {now}.")
        }
        _ => format!(
            "In {there} about {} kWh, if you keep your habits: such households use {} % {} there than in {now}.",
            whole(kwh * factor),
            whole(percent.abs()),
            if percent > 0.0 { "more" } else { "less" },
        ),
    }
}

/// The cheapest tariff for one's own hours, and what it saves against the dearest.
pub(crate) fn cheapest(name: &str, saved: &str, dearest: &str) -> String {
    format!("At your hours {name} is the cheapest: {saved} a year less than {dearest}.")
}

/// What was read, what counted and what did not.
pub(crate) fn counts(own: &OwnUse) -> String {
    let meter = own.meter.as_ref().map(|meter| format!(" of {meter}")).unwrap_or_default();
    let mut text = format!("{} readings{meter} counted.", whole(own.readings as f64));
    if own.repeated > 0 {
        text += &format!(" {} were of a time that another has, too.", whole(own.repeated as f64));
    }
    if own.refused > 0 {
        text += &format!(" {} lines were refused; the first of them:", whole(own.refused as f64));
    }
    text
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
