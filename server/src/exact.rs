//! Exact sums for operators: what was counted, to the mWh.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use geography::{AreaIndex, Geography};
use jiff::tz::TimeZone;
use metering::aggregate::{Totals, shares};
use metering::{AreaCode, Energy, UtcSecond, Window};
use serde::Serialize;

use crate::problem::Problem;
use crate::state::Node;

/// Rows of an area and a day that are read at once: each holds 48 windows, 1.2 kB.
const AREA_DAYS_AT_ONCE: usize = 20_000;

/// Meters whose readings are read at once: of a year's half-hours these are 35 MB.
const METERS_AT_ONCE: usize = 20;

/// What a series is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Windows.
    HalfHour,
    /// Local days.
    Day,
    /// Local months.
    Month,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// Of any level.
    pub area: AreaIndex,
    /// The first instant; all there is if left out.
    pub from: Option<UtcSecond>,
    /// The first instant that is not asked for.
    pub to: Option<UtcSecond>,
    /// In what steps.
    pub by: By,
}

/// The answer. Steps in which nothing was heard are left out.
#[derive(Debug, Clone, Serialize)]
pub struct ExactSeries {
    /// Whose.
    pub area: AreaCode,
    /// In what steps.
    pub by: &'static str,
    /// In order of time.
    pub series: Vec<ExactPoint>,
}

/// One step of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExactPoint {
    /// When it begins.
    pub start: UtcSecond,
    /// What was used.
    pub energy_mwh: Energy,
    /// Distinct meters that were heard from.
    pub meters: i64,
    /// Time that they covered.
    pub meter_seconds: i64,
}

impl By {
    /// From a query.
    pub fn parse(text: &str) -> Option<Self> {
        [By::HalfHour, By::Day, By::Month].into_iter().find(|by| by.name() == text)
    }

    /// As in a query.
    pub const fn name(self) -> &'static str {
        match self {
            By::HalfHour => "half-hour",
            By::Day => "day",
            By::Month => "month",
        }
    }
}

/// The geography's time zone.
pub fn time_zone(geography: &Geography) -> Result<TimeZone, Problem> {
    TimeZone::get(geography.time_zone()).map_err(|error| Problem::internal(&error))
}

/// The windows that begin in a stretch of time.
#[derive(Clone, Copy)]
struct Stretch {
    first: Window,
    /// Not in it any more.
    end: Window,
}

impl Stretch {
    fn has(self, window: Window) -> bool {
        self.first <= window && window < self.end
    }
}

/// Adds up what the question asks for.
pub async fn exact(node: &Node, question: &Question) -> Result<ExactSeries, Problem> {
    let geography = &node.geography;
    let leaves: Vec<AreaCode> = geography
        .leaves(question.area)
        .map(|number| geography.area(geography.leaf(number)).code.clone())
        .collect();
    let area = geography.area(question.area).code.clone();
    let steps = Steps { by: question.by, zone: time_zone(geography)? };
    let Some(stretch) = stretch(node, question).await? else {
        return Ok(ExactSeries { area, by: question.by.name(), series: Vec::new() });
    };
    let mut sums = totals(node, &leaves, stretch, &steps).await?;
    if question.by != By::HalfHour {
        // A meter that was heard from in many windows is one meter: it takes the readings to know.
        for sum in sums.values_mut() {
            sum.meters = 0;
        }
        count_meters(node, &leaves, stretch, &steps, &mut sums).await?;
    }
    let series = sums
        .into_iter()
        .map(|(start, sum)| ExactPoint {
            start,
            energy_mwh: sum.energy,
            meters: sum.meters,
            meter_seconds: sum.meter_seconds,
        })
        .collect();
    Ok(ExactSeries { area, by: question.by.name(), series })
}

async fn stretch(node: &Node, question: &Question) -> Result<Option<Stretch>, Problem> {
    let Some(span) = node.ports.figures.span().await? else { return Ok(None) };
    let (all_first, all_end) = (Window::at(span.first_day, 0), Window::at(span.last_day + 1, 0));
    // The first window that begins at an instant or after it.
    let at_or_after = |instant: UtcSecond| {
        let window = instant.window();
        if window.start() == instant { window } else { window.next() }
    };
    let first = question.from.map_or(all_first, |from| at_or_after(from).max(all_first));
    let end = question.to.map_or(all_end, |to| at_or_after(to).min(all_end));
    Ok((first < end).then_some(Stretch { first, end }))
}

async fn totals(
    node: &Node,
    leaves: &[AreaCode],
    stretch: Stretch,
    steps: &Steps,
) -> Result<BTreeMap<UtcSecond, Totals>, Problem> {
    let mut sums: BTreeMap<UtcSecond, Totals> = BTreeMap::new();
    let days_at_once = (AREA_DAYS_AT_ONCE / leaves.len().max(1)).max(1) as i32;
    let (mut day, last_day) = (stretch.first.day(), Window(stretch.end.0 - 1).day());
    while day <= last_day {
        let until = last_day.min(day + days_at_once - 1);
        let mut by_window: BTreeMap<Window, Totals> = BTreeMap::new();
        for area_day in node.ports.figures.area_days(leaves, day, until).await? {
            for (of_day, totals) in area_day.windows.iter().enumerate() {
                let window = Window::at(area_day.day, of_day);
                if stretch.has(window) && *totals != Totals::default() {
                    *by_window.entry(window).or_default() += *totals;
                }
            }
        }
        for (window, totals) in by_window {
            *sums.entry(steps.start_of(window)?).or_default() += totals;
        }
        day = until + 1;
    }
    Ok(sums)
}

/// Counts the distinct meters of every step.
async fn count_meters(
    node: &Node,
    leaves: &[AreaCode],
    stretch: Stretch,
    steps: &Steps,
    sums: &mut BTreeMap<UtcSecond, Totals>,
) -> Result<(), Problem> {
    // Meters with any registration in these areas: a reading is counted where its meter was registered when
    // it came, so none is missed.
    let meters = node.ports.figures.meters_ever_in(leaves).await?;
    let leaves: HashSet<&AreaCode> = leaves.iter().collect();
    // An hourly reading that begins before the stretch may reach into it.
    let (from, to) = (UtcSecond(stretch.first.start().0 - 3600), stretch.end.start());
    // A million readings fall into a few hundred windows.
    let mut starts: HashMap<Window, UtcSecond> = HashMap::new();
    for some in meters.chunks(METERS_AT_ONCE) {
        for readings in node.ports.figures.readings(some, from, to).await? {
            let mut heard_in = BTreeSet::new();
            for version in readings.iter().filter(|version| leaves.contains(&version.area)) {
                for (window, ..) in shares(version.interval, version.energy) {
                    if stretch.has(window) {
                        heard_in.insert(match starts.get(&window) {
                            Some(&start) => start,
                            None => *starts.entry(window).or_insert(steps.start_of(window)?),
                        });
                    }
                }
            }
            for start in heard_in {
                sums.entry(start).or_default().meters += 1;
            }
        }
    }
    Ok(())
}

/// Which step a window is in.
struct Steps {
    by: By,
    zone: TimeZone,
}

impl Steps {
    fn start_of(&self, window: Window) -> Result<UtcSecond, Problem> {
        if self.by == By::HalfHour {
            return Ok(window.start());
        }
        let date = self.zone.to_datetime(window.start().to_jiff()).date();
        let first = if self.by == By::Month { date.first_of_month() } else { date };
        let midnight = first.to_zoned(self.zone.clone()).map_err(|error| Problem::internal(&error))?;
        Ok(UtcSecond(midnight.timestamp().as_second()))
    }
}
