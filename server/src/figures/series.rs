//! Consumption over time, and the typical day of a month.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use app::error::AppError;
use geography::AreaIndex;
use geography::reference::DayType;
use jiff::ToSpan;
use jiff::civil::Date;
use metering::api::{ConsumptionPoint, ConsumptionSeries, Profile, ProfilePoint, Status};
use metering::disclosure::{
    DayParts, DisclosureRules, FigureKind, Percentiles, PublicFigure, Released, SeriesValue, Shown,
};
use metering::time::WINDOW_S;
use metering::{AreaCode, UtcSecond, Window};

use super::days::ReadDay;
use super::period::{Period, PeriodDay};
use super::reread::Read;
use super::service::FiguresService;
use super::stretches::{Stretch, Told, Used};
use super::summary::{DaySummary, PartsOf, homes_of_most};
use super::when;

/// What the days of a series are rounded to, kWh a home.
const DAY_STEP_KWH: f64 = 0.1;

/// What months are rounded to, kWh a home.
const MONTH_STEP_KWH: f64 = 1.0;

/// Half-hours: 5 W for half an hour.
const HALF_HOUR_STEP_KWH: f64 = DisclosureRules::POWER_STEP_W / 2000.0;

/// The most half-hours that one answer has: a month of them.
const HALF_HOURS_MAX: i32 = 31 * 48;

/// Whose figures are said of an area.
#[derive(Clone, Copy)]
struct Speaker {
    /// The area that was asked for.
    area: usize,
    /// The area that the figures are of: the same, or one around it.
    of: usize,
    /// Whether too few homes were ever heard from the area to say even that it is silent.
    withheld: bool,
}

impl Speaker {
    fn value(self, value: Option<f64>, step: f64) -> SeriesValue {
        let Speaker { area, of, withheld } = self;
        SeriesValue { area, of, value, step, withheld }
    }
}

impl FiguresService {
    /// `GET /api/v1/areas/{code}/consumption`
    pub(super) async fn consumption_series(
        &self,
        area: AreaIndex,
        from: Option<&str>,
        to: Option<&str>,
        by: &str,
    ) -> Result<ConsumptionSeries, AppError> {
        // Where readings are older, the days that end with them.
        let today = self.calendar.date_of(self.clock.now());
        let last = self.newest_day().map_or(today, |newest| newest.min(today));
        let end = last.tomorrow().unwrap_or(last);
        let back = |span| end.checked_sub(span).unwrap_or(end);
        let (stretches, step) = match by {
            "half-hour" | "day" => {
                let period =
                    when::period(from, to, Period { from: back(7.days()), to: end }, &self.calendar)?;
                (self.day_stretches(period).await?, DAY_STEP_KWH)
            }
            "month" => {
                let first = back(12.months()).first_of_month();
                let period = when::period(from, to, Period { from: first, to: end }, &self.calendar)?;
                (self.month_stretches(period.whole_months(), Told::Month).await?, MONTH_STEP_KWH)
            }
            _ => return Err(AppError::refused("by", by, "allowed are half-hour, day and month")),
        };
        let told = self.told_of(area, &stretches);
        let series = if by == "half-hour" {
            let asked = |field, text| when::asked(field, text, &self.calendar);
            let (from, to) = (asked("from", from)?, asked("to", to)?);
            let mut half_hours = self.half_hours(told, &stretches).await?;
            half_hours.retain(|point| {
                from.is_none_or(|from| point.start.0 + WINDOW_S > from.0)
                    && to.is_none_or(|to| point.start < to)
            });
            half_hours
        } else {
            stretches.iter().map(|stretch| self.point(stretch, told, step)).collect()
        };
        let shown_for = (told.of != told.area).then(|| self.name(AreaIndex(told.of as u32)));
        Ok(ConsumptionSeries {
            area: self.geography.area(area).code.clone(),
            by: by.to_owned(),
            shown_for,
            series,
        })
    }

    fn point(&self, stretch: &Stretch, told: Speaker, step: f64) -> ConsumptionPoint {
        let (used, elapsed_s) = (&stretch.areas[told.of], stretch.elapsed_s(self.clock.now()));
        // The mean home's use while any was heard: what was not measured is not made up.
        let heard_s = used.heard_s.min(elapsed_s);
        let kwh = (used.meter_seconds > 0)
            .then(|| used.energy_mwh as f64 / 1e6 / used.meter_seconds as f64 * heard_s as f64);
        let point =
            consumption_point(stretch.start, stretch.shown.point(told.value(kwh, step), &self.nesting));
        // The half-hour that is under way is not missing yet.
        let is_missing = point.kwh_per_home.is_some() && heard_s + WINDOW_S < elapsed_s;
        let covered_percent = is_missing.then(|| (heard_s * 100 / elapsed_s) as u8);
        ConsumptionPoint { covered_percent, ..point }
    }

    /// Of the area asked for and those around it, the smallest that may be shown for most of the stretches in which
    /// it was heard. Where the one asked for was not heard at all, a wider one does not speak for it.
    fn told_of(&self, area: AreaIndex, stretches: &[Arc<Stretch>]) -> Speaker {
        let own = area.0 as usize;
        let told = Speaker { area: own, of: own, withheld: self.ever_heard.is_withheld(own) };
        let was_heard = |used: &Used| used.meter_seconds > 0 || used.together;
        if !told.withheld && !stretches.iter().any(|stretch| was_heard(&stretch.areas[own])) {
            return told;
        }
        let around = std::iter::successors(Some(own), |&a| self.nesting.parent(a));
        let mostly = |&a: &usize| {
            let heard = stretches.iter().filter(|stretch| stretch.areas[a].meter_seconds > 0);
            let (shown, all) = heard.fold((0, 0), |(shown, all), stretch| {
                (shown + usize::from(stretch.shown.is_shown(a)), all + 1)
            });
            shown * 2 > all
        };
        Speaker { of: around.into_iter().find(mostly).unwrap_or(own), ..told }
    }

    async fn day_stretches(&self, period: Period) -> Result<Vec<Arc<Stretch>>, AppError> {
        let mut stretches = Vec::new();
        for Read { value: ReadDay { summary, .. }, .. } in
            self.days.summaries(period.days()).await.map_err(unavailable)?
        {
            let day = Period { from: summary.date, to: summary.date.tomorrow().unwrap_or(summary.date) };
            stretches.extend(self.stretch(day, &[summary], Told::Day));
        }
        Ok(stretches)
    }

    async fn month_stretches(&self, period: Period, told: Told) -> Result<Vec<Arc<Stretch>>, AppError> {
        let mut by_month: BTreeMap<Date, Vec<Arc<DaySummary>>> = BTreeMap::new();
        for Read { value: ReadDay { summary, .. }, .. } in
            self.days.summaries(period.days()).await.map_err(unavailable)?
        {
            by_month.entry(summary.date.first_of_month()).or_default().push(summary);
        }
        let stretches = by_month.into_iter().filter_map(|(first, days)| {
            let month = Period { from: first, to: first.checked_add(1.month()).unwrap_or(first) };
            self.stretch(month, &days, told)
        });
        Ok(stretches.collect())
    }

    /// None where it has not begun.
    fn stretch(&self, period: Period, days: &[Arc<DaySummary>], told: Told) -> Option<Arc<Stretch>> {
        let work_out = || {
            let (start, end) = (self.calendar.midnight(period.from)?, self.calendar.midnight(period.to)?);
            if start >= self.clock.now() {
                return None;
            }
            let mut sums = PeriodDay::sums(days, &self.nesting, &self.rules);
            let homes: Vec<u32> = sums.iter_mut().map(|area| homes_of_most(&mut area.homes_by_day)).collect();
            let homes_min: Vec<u32> = sums
                .iter()
                .map(|area| match told {
                    Told::Day => self.rules.homes_min(FigureKind::Window),
                    Told::Month | Told::TypicalDays => self.rules.homes_min(area.kind()),
                })
                .collect();
            let is_long = sums.iter().any(|area| area.kind() == FigureKind::Period);
            let parts = if is_long { self.of_none_too_much(days, told) } else { Vec::new() };
            let parts: Vec<&dyn DayParts> = parts.iter().map(|parts| &**parts).collect();
            let shown = Shown::decide(&homes, &homes_min, &self.nesting, &parts);
            let used = |&PeriodDay { used, meter_seconds, heard_s, together, .. }: &PeriodDay| Used {
                energy_mwh: used.all,
                meter_seconds,
                heard_s,
                together,
            };
            Some(Stretch { start, end, shown, areas: sums.iter().map(used).collect() })
        };
        self.stretches.get((period, told), days, work_out)
    }

    /// What of some days no home may be too much of, if that is told of them.
    fn of_none_too_much<'a>(
        &'a self,
        days: &'a [Arc<DaySummary>],
        told: Told,
    ) -> Vec<Box<dyn DayParts + 'a>> {
        let of_kind = move |kind| days.iter().filter(move |day| self.calendar.day_type(day.date) == kind);
        match told {
            Told::Day => Vec::new(),
            Told::Month => vec![Box::new(PartsOf::days(days.iter()))],
            Told::TypicalDays => {
                let mut parts: Vec<Box<dyn DayParts + 'a>> = vec![Box::new(PartsOf::days(days.iter()))];
                for kind in DayType::ALL {
                    parts.push(Box::new(PartsOf::days(of_kind(kind))));
                    parts.push(Box::new(PartsOf::nights(of_kind(kind))));
                    parts.push(Box::new(PartsOf::evenings(of_kind(kind))));
                }
                parts
            }
        }
    }

    async fn half_hours(
        &self,
        told: Speaker,
        days: &[Arc<Stretch>],
    ) -> Result<Vec<ConsumptionPoint>, AppError> {
        let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(Vec::new()) };
        let from = first.start.window();
        let to = UtcSecond(last.start.0 + last.elapsed_s(self.clock.now())).window();
        if to.0 - from.0 > HALF_HOURS_MAX {
            let rule = "half-hours are answered for 31 days at most; ask for less, or by=day";
            return Err(AppError::refused("from", &first.start.to_string(), rule));
        }
        let windows = self.windows(AreaIndex(told.of as u32), from, to).await?;
        let need = self.rules.homes_min(FigureKind::Window);
        let mut points = Vec::with_capacity(windows.len());
        let mut day = 0;
        for (window, released) in windows {
            while days.get(day + 1).is_some_and(|next| next.start <= window.start()) {
                day += 1;
            }
            // The day decides about nesting; in the half-hour itself there must be enough homes, too.
            let kwh = released.mean_w().map(|watts| watts / 2000.0);
            let value = told.value(kwh, HALF_HOUR_STEP_KWH);
            let mut point = consumption_point(window.start(), days[day].shown.point(value, &self.nesting));
            if released.homes() < need && point.kwh_per_home.is_some() {
                point = ConsumptionPoint { status: Status::Suppressed, kwh_per_home: None, ..point };
            }
            points.push(point);
        }
        Ok(points)
    }

    /// What has been released of an area in the windows `from..to`.
    async fn windows(
        &self,
        area: AreaIndex,
        from: Window,
        to: Window,
    ) -> Result<Vec<(Window, Released)>, AppError> {
        let mut is_within = vec![false; self.nesting.len()];
        // Larger areas stand before those within them.
        for within in area.0 as usize..self.nesting.len() {
            is_within[within] = within == area.0 as usize
                || self.nesting.parent(within).is_some_and(|around| is_within[around]);
        }
        let mut windows: Vec<(Window, Released)> =
            (from.0..to.0).map(|window| (Window(window), Released::default())).collect();
        let span = self.days.span().await.map_err(unavailable)?;
        let is_known = |day: &i32| span.is_some_and(|span| (span.first_day..=span.last_day).contains(day));
        for day in (from.day()..=Window(to.0 - 1).day()).filter(is_known) {
            let ledger = self.days.released(day).await.map_err(unavailable)?;
            for of_day in 0..48 {
                let number = usize::try_from(Window::at(day, of_day).0 - from.0).ok();
                if let Some((_, sum)) = number.and_then(|number| windows.get_mut(number)) {
                    let parts = ledger.portions(of_day).filter(|&(area, _)| is_within[area]);
                    parts.for_each(|(_, released)| *sum += released);
                }
            }
        }
        Ok(windows)
    }

    /// `GET /api/v1/areas/{code}/profile`. How homes differ is waited for no longer than `patience`.
    pub async fn typical_day(
        &self,
        code: &AreaCode,
        month: Option<&str>,
        day: &str,
        patience: Duration,
    ) -> Result<Profile, AppError> {
        let area = self.area_of(code)?;
        let Some(kind) = DayType::ALL.into_iter().find(|kind| kind.as_str() == day) else {
            return Err(AppError::refused("day", day, "allowed are weekday, saturday and sunday"));
        };
        let first = match month {
            Some(month) => {
                format!("{month}-01").parse().ok().filter(|_| month.len() == 7).ok_or_else(|| {
                    AppError::refused("month", month, "allowed is a year and a month such as 2026-11")
                })?
            }
            None => self.typical_month().await?,
        };
        let end = first.checked_add(1.month()).unwrap_or(first);
        let stretches = self.month_stretches(Period { from: first, to: end }, Told::TypicalDays).await?;
        let told = self.told_of(area, &stretches);
        let around = self.around(area).map(|around| around.0 as usize);
        let together = async |area| self.typical.of(area, first, kind).await.map_err(unavailable);
        let mine = together(told.of).await?;
        let others = match around {
            Some(around) => together(around).await?.half_hours,
            None => Vec::new(),
        };
        let half_hours_of = |half_hours: Vec<Released>| {
            half_hours.into_iter().chain(std::iter::repeat(Released::default())).take(48)
        };
        let point = |told: Speaker, released: &Released| match stretches.first() {
            Some(stretch) => {
                let step = DisclosureRules::POWER_STEP_W;
                stretch.shown.point(told.value(released.mean_w(), step), &self.nesting)
            }
            None => Shown::nothing(),
        };
        let days = mine.days();
        // Days that are over, and of which most was heard.
        let heard = self.newest_day().and_then(|day| day.tomorrow().ok()).unwrap_or(first);
        let until = end.min(heard).min(self.calendar.date_of(self.clock.now()));
        let spread = match mine.half_hours.is_empty() || until <= first {
            true => None,
            false => self.spreads.get((told.of, first, kind), until, patience).await,
        };
        let figures: Vec<PublicFigure> =
            half_hours_of(mine.half_hours).map(|released| point(told, &released)).collect();
        let half_hours =
            figures.iter().zip(half_hours_of(others)).enumerate().map(|(half_hour, (figure, other))| {
                // Of homes of which no mean is shown nothing else is.
                let spread = spread.as_ref().filter(|_| figure.value().is_some());
                let Percentiles { p10, p50, p90 } =
                    spread.map(|spread| spread.half_hour(half_hour)).unwrap_or_default();
                ProfilePoint {
                    time: format!("{:02}:{:02}", half_hour / 2, half_hour % 2 * 30),
                    mean_w: figure.value(),
                    around_w: around.and_then(|of| point(Speaker { of, ..told }, &other).value()),
                    p10_w: p10,
                    p50_w: p50,
                    p90_w: p90,
                }
            });
        let statuses = || figures.iter().map(PublicFigure::status);
        let status = statuses().find(|&status| status != Status::NoData).unwrap_or(Status::NoData);
        Ok(Profile {
            area: self.geography.area(area).code.clone(),
            day: day.to_owned(),
            month: first.strftime("%Y-%m").to_string(),
            status,
            shown_for: (status == Status::Merged).then(|| self.name(AreaIndex(told.of as u32))),
            days,
            half_hours: half_hours.collect(),
        })
    }

    pub(super) async fn typical_month(&self) -> Result<Date, AppError> {
        let newest = self.newest_day().unwrap_or_else(|| self.calendar.date_of(self.clock.now()));
        let span = self.days.span().await.map_err(unavailable)?;
        let oldest = span.map(|span| self.calendar.date_of(Window::at(span.first_day, 24).start()));
        Ok(typical_month(newest, oldest))
    }
}

/// The month that a typical day is of if nobody says which, by its first day: the newest one with readings; in its
/// first days, which hardly have a Saturday and a Sunday yet, the one before, if that has any.
fn typical_month(newest: Date, oldest: Option<Date>) -> Date {
    let first = newest.first_of_month();
    let young = u32::from(newest.day().unsigned_abs()) <= DisclosureRules::PERIOD_DAYS_MIN;
    if young && oldest.is_some_and(|oldest| oldest < first) {
        return first.checked_sub(1.month()).unwrap_or(first);
    }
    first
}

fn consumption_point(start: UtcSecond, figure: PublicFigure) -> ConsumptionPoint {
    ConsumptionPoint { start, status: figure.status(), kwh_per_home: figure.value(), covered_percent: None }
}

/// The page is told that it may ask again; the log is told why.
pub(super) fn unavailable(error: engine::StoreError) -> AppError {
    tracing::error!(%error, "figures could not be read");
    AppError::Unavailable
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_young_month_leaves_the_typical_day_to_the_one_before() {
        let (november, december) = (date(2026, 11, 1), date(2026, 12, 1));
        for (newest, oldest, expected) in [
            (date(2026, 12, 7), Some(date(2026, 11, 30)), november),
            (date(2026, 12, 8), Some(date(2026, 11, 30)), december),
            (date(2026, 12, 1), Some(date(2026, 12, 1)), december),
            (date(2027, 1, 2), Some(date(2020, 1, 1)), december),
            (date(2026, 12, 1), None, december),
        ] {
            assert_eq!(typical_month(newest, oldest), expected, "{newest} {oldest:?}");
        }
    }
}
