//! Times as they stand in a query: RFC 3339 instants, local dates, and spans.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use metering::UtcSecond;

use crate::problem::Problem;

/// An RFC 3339 instant, or a local date: its first instant.
pub fn moment(name: &str, text: &str, zone: &TimeZone) -> Result<UtcSecond, Problem> {
    if text.len() == 10
        && let Ok(date) = text.parse::<Date>()
        && let Ok(midnight) = date.to_zoned(zone.clone())
    {
        return Ok(UtcSecond(midnight.timestamp().as_second()));
    }
    // In a query a plus is a space; an offset east of Greenwich arrives that way if it was not escaped.
    UtcSecond::parse(&text.replace(' ', "+")).map_err(|_| {
        let rule =
            "allowed are RFC 3339 times such as 2026-11-22T10:00:00Z and local dates such as 2026-11-22";
        Problem::parameter(name, text, rule)
    })
}

/// A span of time: seconds, or a number with `s`, `m`, `h` or `d`.
pub fn span_s(name: &str, text: &str) -> Result<i64, Problem> {
    let (number, unit_s) = match text.chars().last() {
        Some('s') => (&text[..text.len() - 1], 1),
        Some('m') => (&text[..text.len() - 1], 60),
        Some('h') => (&text[..text.len() - 1], 3600),
        Some('d') => (&text[..text.len() - 1], 86_400),
        _ => (text, 1),
    };
    number
        .parse::<i64>()
        .ok()
        .filter(|&number| number >= 0)
        .and_then(|number| number.checked_mul(unit_s))
        .ok_or_else(|| {
            Problem::parameter(name, text, "allowed are seconds, or a number with s, m, h or d, such as 2h")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_dates_and_spans() {
        let london = TimeZone::get("Europe/London").unwrap();
        let check = |text, expect: Option<&str>| {
            let found = moment("from", text, &london).ok().map(|at| at.to_string());
            assert_eq!(found.as_deref(), expect, "{text}");
        };
        check("2026-11-22", Some("2026-11-22T00:00:00Z"));
        check("2026-07-01", Some("2026-06-30T23:00:00Z"));
        check("2026-07-01T00:00:00+01:00", Some("2026-06-30T23:00:00Z"));
        check("2026-07-01T00:00:00 01:00", Some("2026-06-30T23:00:00Z"));
        check("2026-02-30", None);
        check("yesterday", None);
        let check = |text, expect| assert_eq!(span_s("silent_for", text).ok(), expect, "{text}");
        check("90", Some(90));
        check("2h", Some(7200));
        check("7d", Some(604_800));
        check("0s", Some(0));
        check("-1h", None);
        check("h", None);
        check("", None);
        check("9999999999999999999d", None);
        check("1é", None);
    }
}
