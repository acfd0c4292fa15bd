//! Figures over days: a year's use, the night's share, the evening peak's.

use std::sync::Arc;

use jiff::civil::Date;
use metering::api::Measure;
use metering::disclosure::{DisclosureRules, ExactFigure, FigureKind, Nesting, Release};

use super::days::{DaySummary, LeafDay, homes_of_most};
use super::model::Model;

/// Local days, `from` included and `to` not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Period {
    /// The first day.
    pub from: Date,
    /// The day after the last one.
    pub to: Date,
}

impl Period {
    /// Its days, in order.
    pub(super) fn days(self) -> impl Iterator<Item = Date> {
        std::iter::successors(Some(self.from), |date| date.tomorrow().ok())
            .take_while(move |&date| date < self.to)
    }
}

/// What an area used over a period.
#[derive(Clone, Default)]
pub(super) struct PeriodDay {
    /// Energy, mWh.
    pub energy_mwh: i64,
    night_mwh: i64,
    evening_mwh: i64,
    /// Meter-seconds covered.
    pub meter_seconds: i64,
    home_years: f64,
    /// Homes and meter-seconds of each day.
    pub homes_by_day: Vec<(u32, i64)>,
}

impl PeriodDay {
    /// What every area used on some days together.
    pub(super) fn sums(days: &[Arc<DaySummary>], nesting: &Nesting) -> Vec<Self> {
        let mut areas = vec![PeriodDay::default(); nesting.len()];
        for summary in days {
            for (sum, day) in areas.iter_mut().zip(by_area(summary, nesting)) {
                if day.meter_seconds > 0 {
                    sum.add(&day);
                }
            }
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

    fn add(&mut self, day: &LeafDay) {
        self.energy_mwh += day.energy_mwh;
        self.night_mwh += day.night_mwh;
        self.evening_mwh += day.evening_mwh;
        self.meter_seconds += day.meter_seconds;
        self.home_years += day.home_years;
        self.homes_by_day.push((day.homes, day.meter_seconds));
    }

    fn value(&self, measure: Measure) -> Option<f64> {
        let share = |part: i64| (self.energy_mwh > 0).then(|| 100.0 * part as f64 / self.energy_mwh as f64);
        match measure {
            Measure::Annual => {
                (self.home_years > 0.0).then(|| self.energy_mwh as f64 / 1e6 / self.home_years)
            }
            Measure::NightShare => share(self.night_mwh),
            Measure::EveningShare => share(self.evening_mwh),
            Measure::Now => None,
        }
    }
}

/// Every area's part of one day, leaves summed up to larger areas.
fn by_area(summary: &DaySummary, nesting: &Nesting) -> Vec<LeafDay> {
    let mut areas = vec![LeafDay::default(); nesting.len()];
    let first_leaf = areas.len() - summary.leaves.len();
    areas[first_leaf..].copy_from_slice(&summary.leaves);
    for area in (0..areas.len()).rev() {
        if let Some(parent) = nesting.parent(area) {
            let part = areas[area];
            let whole = &mut areas[parent];
            whole.energy_mwh += part.energy_mwh;
            whole.night_mwh += part.night_mwh;
            whole.evening_mwh += part.evening_mwh;
            whole.meter_seconds += part.meter_seconds;
            whole.home_years += part.home_years;
            whole.homes += part.homes;
        }
    }
    areas
}

/// What may be said of a measure over days. `ever` counts the homes that were heard on any day, by area.
pub(super) fn release(
    days: &[Arc<DaySummary>],
    measure: Measure,
    nesting: &Nesting,
    model: &Model,
    ever: &[u32],
    rules: &DisclosureRules,
) -> Release {
    let figure = |(area, mut sum): (usize, PeriodDay)| ExactFigure {
        kind: sum.kind(),
        homes: homes_of_most(&mut sum.homes_by_day),
        value: sum.value(measure),
        modelled: model
            .annual(area)
            .filter(|_| measure == Measure::Annual)
            .map(|published| published.mean_kwh),
        withheld: (1..rules.homes_min(FigureKind::Period)).contains(&ever[area]),
    };
    let figures: Vec<ExactFigure> =
        PeriodDay::sums(days, nesting).into_iter().enumerate().map(figure).collect();
    Release::decide(&figures, nesting, measure, rules)
}
