//! Figures over days: a year's use, the night's share, the evening peak's.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use metering::api::{Basis, Measure};
use metering::disclosure::{DayParts, DisclosureRules, ExactFigure, FigureKind, Nesting, Release};
use metering::time::WINDOW_S;

use super::calendar::Calendar;
use super::model::Model;
use super::nested::with_parts;
use super::summary::{ByPart, DaySummary, DayUse, PartsOf, homes_of_most};

/// Local days, `from` included and `to` not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Period {
    /// The first day.
    pub from: Date,
    /// The day after the last one.
    pub to: Date,
}

impl Period {
    /// The months that it has any part in.
    pub(super) fn whole_months(self) -> Self {
        let last = self.to.yesterday().unwrap_or(self.to).first_of_month();
        Period { from: self.from.first_of_month(), to: last.checked_add(1.month()).unwrap_or(self.to) }
    }

    /// Its days, in order.
    pub(super) fn days(self) -> impl Iterator<Item = Date> {
        std::iter::successors(Some(self.from), |date| date.tomorrow().ok())
            .take_while(move |&date| date < self.to)
    }
}

/// What an area used over a period.
#[derive(Clone, Default)]
pub(super) struct PeriodDay {
    /// Energy.
    pub used: ByPart,
    /// Meter-seconds covered.
    pub meter_seconds: i64,
    home_years: f64,
    /// Seconds of it in which any home was heard.
    pub heard_s: i64,
    /// Whether, on some day, homes of it were spoken of with those of other areas.
    pub together: bool,
    /// Homes and meter-seconds of each day.
    pub homes_by_day: Vec<(u32, i64)>,
    /// Days on which enough homes were heard, the first and the last of them.
    well_heard: Option<WellHeard>,
}

#[derive(Clone, Copy)]
struct WellHeard {
    days: u32,
    first: Date,
    last: Date,
}

impl PeriodDay {
    /// What every area used on some days together.
    pub(super) fn sums(days: &[Arc<DaySummary>], nesting: &Nesting, rules: &DisclosureRules) -> Vec<Self> {
        let mut areas = vec![PeriodDay::default(); nesting.len()];
        let enough = rules.homes_min(FigureKind::Period);
        for summary in days.iter().filter(|summary| !summary.areas.is_empty()) {
            for (sum, day) in areas.iter_mut().zip(by_area(summary, nesting)) {
                if day.meter_seconds > 0 {
                    sum.add(&day);
                }
                if day.homes >= enough {
                    sum.add_well_heard(summary.date);
                }
            }
            summary.together.iter().for_each(|&area| areas[area as usize].together = true);
        }
        areas
    }

    /// Whether it covers enough days for a figure over a period.
    pub(super) fn kind(&self) -> FigureKind {
        if self.homes_by_day.len() >= DisclosureRules::PERIOD_DAYS_MIN as usize {
            FigureKind::Period
        } else {
            FigureKind::Window
        }
    }

    fn add(&mut self, day: &DayUse) {
        self.used = self.used.and(day.used);
        self.meter_seconds += day.meter_seconds;
        self.home_years += day.home_years;
        self.heard_s += i64::from(day.heard.count_ones()) * WINDOW_S;
        self.homes_by_day.push((day.homes, day.meter_seconds));
    }

    fn add_well_heard(&mut self, date: Date) {
        let heard = self.well_heard.get_or_insert(WellHeard { days: 0, first: date, last: date });
        heard.days += 1;
        heard.first = heard.first.min(date);
        heard.last = heard.last.max(date);
    }

    /// The days that a figure of it rests on.
    fn basis(&self, calendar: &Calendar) -> Option<Basis> {
        let WellHeard { days, first, last } = self.well_heard?;
        Some(Basis { days, from: calendar.midnight(first)?, to: calendar.midnight(last.tomorrow().ok()?)? })
    }

    fn value(&self, measure: Measure) -> Option<f64> {
        let ByPart { all, night, evening } = self.used;
        let share = |part: i64| (all > 0).then(|| 100.0 * part as f64 / all as f64);
        match measure {
            Measure::Annual => (self.home_years > 0.0).then(|| all as f64 / 1e6 / self.home_years),
            Measure::NightShare => share(night),
            Measure::EveningShare => share(evening),
            Measure::Daily => {
                (self.meter_seconds > 0).then(|| all as f64 / 1e6 / (self.meter_seconds as f64 / 86_400.0))
            }
            Measure::Now | Measure::Cost => None,
        }
    }
}

/// Every area's part of one day, areas summed up to larger ones.
fn by_area(summary: &DaySummary, nesting: &Nesting) -> Vec<DayUse> {
    let mut own = vec![DayUse::default(); nesting.len()];
    summary.areas.iter().for_each(|&(area, day)| own[area as usize] = day);
    with_parts(own, nesting, |whole, part| {
        whole.used = whole.used.and(part.used);
        whole.meter_seconds += part.meter_seconds;
        whole.home_years += part.home_years;
        whole.heard |= part.heard;
        whole.homes += part.homes;
    })
}

/// What figures over days are decided from, besides the days.
pub(super) struct Grounds<'a> {
    /// How areas nest.
    pub nesting: &'a Nesting,
    /// What was published.
    pub model: &'a Model,
    /// Homes that were heard on any day, by area.
    pub ever: &'a [u32],
    /// The numbers in force.
    pub rules: &'a DisclosureRules,
    /// Local days.
    pub calendar: &'a Calendar,
}

/// What may be said of a measure over days.
pub(super) fn release(days: &[Arc<DaySummary>], measure: Measure, grounds: &Grounds<'_>) -> Release {
    let Grounds { nesting, model, ever, rules, calendar } = *grounds;
    let figure = |(area, mut sum): (usize, PeriodDay)| ExactFigure {
        kind: sum.kind(),
        basis: sum.basis(calendar),
        homes: homes_of_most(&mut sum.homes_by_day),
        value: sum.value(measure),
        modelled: model
            .annual(area)
            .filter(|_| measure == Measure::Annual)
            .map(|published| published.mean_kwh),
        together: sum.together || (1..rules.homes_min(FigureKind::Period)).contains(&ever[area]),
    };
    let figures: Vec<ExactFigure> =
        PeriodDay::sums(days, nesting, rules).into_iter().enumerate().map(figure).collect();
    let (all, nights, evenings) =
        (PartsOf::days(days.iter()), PartsOf::nights(days.iter()), PartsOf::evenings(days.iter()));
    let parts: &[&dyn DayParts] = match measure {
        _ if figures.iter().all(|figure| figure.kind == FigureKind::Window) => &[],
        Measure::NightShare => &[&all, &nights],
        Measure::EveningShare => &[&all, &evenings],
        _ => &[&all],
    };
    Release::decide(&figures, parts, nesting, measure, rules)
}
