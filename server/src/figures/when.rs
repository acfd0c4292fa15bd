//! `from` and `to` as the public API takes them.

use app::error::AppError;
use jiff::civil::Date;
use metering::UtcSecond;

use super::calendar::Calendar;
use super::period::Period;

/// The longest period that may be asked for, days: ten years.
const DAYS_MAX: i64 = 3660;

/// An instant in RFC 3339, or a local date's midnight.
fn instant(field: &str, text: &str, calendar: &Calendar) -> Result<UtcSecond, AppError> {
    if let Ok(instant) = UtcSecond::parse(text) {
        return Ok(instant);
    }
    let Some(date) = text.parse::<Date>().ok().filter(|_| text.len() == 10) else {
        let rule = "allowed are a date such as 2026-11-22 and a time such as 2026-11-22T10:00:00Z";
        return Err(AppError::refused(field, text, rule));
    };
    calendar.midnight(date).ok_or_else(|| AppError::refused(field, text, "dates go to 9999-12-30"))
}

/// The same, where one is given.
pub(super) fn asked(
    field: &str,
    text: Option<&str>,
    calendar: &Calendar,
) -> Result<Option<UtcSecond>, AppError> {
    text.map(|text| instant(field, text, calendar)).transpose()
}

/// Whole local days: an instant within a day stands for the day that it is in, as the end for all of it.
pub(super) fn period(
    from: Option<&str>,
    to: Option<&str>,
    default: Period,
    calendar: &Calendar,
) -> Result<Period, AppError> {
    let (first, end) = (asked("from", from, calendar)?, asked("to", to, calendar)?);
    if let (Some(first), Some(end), Some(from)) = (first, end, from)
        && first >= end
    {
        return Err(AppError::refused("from", from, format!("it must be before to, {end}")));
    }
    let end = match end {
        Some(end) if calendar.midnight(calendar.date_of(end)) == Some(end) => calendar.date_of(end),
        Some(end) => calendar.date_of(end).tomorrow().unwrap_or(Date::MAX),
        None => default.to,
    };
    let first = match first {
        Some(first) => calendar.date_of(first),
        None if to.is_some() => {
            let length = default.to.since(default.from).map_or(365, |span| span.get_days());
            end.checked_sub(jiff::Span::new().days(length)).unwrap_or(Date::MIN)
        }
        None => default.from,
    };
    if first >= end {
        return Err(AppError::refused(
            "from",
            from.unwrap_or("the default"),
            format!("it must be before to, {end}"),
        ));
    }
    if end.since(first).map_or(i64::MAX, |span| i64::from(span.get_days())) > DAYS_MAX {
        return Err(AppError::refused(
            "from",
            from.unwrap_or("the default"),
            format!("a period has at most {DAYS_MAX} days"),
        ));
    }
    Ok(Period { from: first, to: end })
}
