//! `wattmap replay`: recomputes every aggregate from the stored readings, and compares.

use std::collections::{BTreeMap, HashMap};
use std::process::ExitCode;

use engine::FigureStore;
use metering::aggregate::{Totals, shares};
use metering::{AreaCode, MeterId, Window};

use super::engine::aggregation_of;
use crate::commands::say;
use crate::config::Config;
use crate::engines::{must_be_there, open};
use crate::roles::aggregate::drain;

/// Meters of a day that are held in memory at once.
const METERS_AT_ONCE: usize = 5000;

/// Differences that are told in full.
const TOLD: u64 = 20;

/// Runs it: exit 1 if any aggregate is not what the readings say. What is in the log and not yet
/// aggregated is aggregated first.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    must_be_there(&config)?;
    let opened = open(&config).await?;
    let outcome = async {
        let aggregation = aggregation_of(&opened, &config).await?;
        drain(aggregation, opened.ownership_of_command(), |_| ()).await?;
        compare(opened.ports.figures.as_ref()).await
    }
    .await;
    opened.close().await?;
    let Compared { days, readings, places, different } = outcome?;
    say(format_args!(
        "{readings} readings of {days} days recomputed; {places} aggregates compared, {different} differ"
    ))?;
    Ok(if different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Compared {
    days: u32,
    readings: u64,
    places: u64,
    different: u64,
}

/// What readings say of one UTC day, by area and window of the day.
type Day = BTreeMap<AreaCode, HashMap<Window, Totals>>;

async fn compare(store: &dyn FigureStore) -> anyhow::Result<Compared> {
    let mut compared = Compared::default();
    let Some(span) = store.span().await? else { return Ok(compared) };
    // The second window of an hourly reading may be in the next day.
    let mut carried = Day::new();
    for day in span.first_day - 1..=span.last_day {
        let mut recomputed = std::mem::take(&mut carried);
        compared.readings += recompute(store, day, &mut recomputed, &mut carried).await?;
        compared.days += u32::from(!recomputed.is_empty());
        compare_day(store, day, recomputed, &mut compared).await?;
    }
    Ok(compared)
}

async fn recompute(
    store: &dyn FigureStore,
    day: i32,
    today: &mut Day,
    tomorrow: &mut Day,
) -> anyhow::Result<u64> {
    let mut readings = 0;
    let mut from: Option<MeterId> = None;
    loop {
        let page = store.readings_of_day(day, from.as_ref(), METERS_AT_ONCE).await?;
        let last = page.last().map(|reading| reading.meter.clone());
        let mut heard: HashMap<(&AreaCode, Window), &MeterId> = HashMap::new();
        for reading in page.iter().filter(|reading| from.as_ref() != Some(&reading.meter)) {
            readings += 1;
            for (window, energy, seconds) in shares(reading.interval, reading.energy) {
                let of = if window.day() == day { &mut *today } else { &mut *tomorrow };
                let sum = of.entry(reading.area.clone()).or_default().entry(window).or_default();
                sum.energy += energy;
                sum.meter_seconds += seconds;
                // Readings come by meter, so a meter was heard here before if it was the last one heard.
                if heard.insert((&reading.area, window), &reading.meter) != Some(&reading.meter) {
                    sum.meters += 1;
                }
            }
        }
        if last.is_none() || last == from {
            return Ok(readings);
        }
        from = last;
    }
}

async fn compare_day(
    store: &dyn FigureStore,
    day: i32,
    mut recomputed: Day,
    compared: &mut Compared,
) -> anyhow::Result<()> {
    for area_day in store.day(day).await? {
        let mut expected = recomputed.remove(&area_day.area).unwrap_or_default();
        for (of_day, stored) in area_day.windows.iter().enumerate() {
            let window = Window::at(day, of_day);
            let expected = expected.remove(&window).unwrap_or_default();
            compared.note(&area_day.area, window, *stored, expected)?;
        }
    }
    for (area, windows) in recomputed {
        for (window, expected) in windows {
            compared.note(&area, window, Totals::default(), expected)?;
        }
    }
    Ok(())
}

impl Compared {
    fn note(
        &mut self,
        area: &AreaCode,
        window: Window,
        stored: Totals,
        expected: Totals,
    ) -> anyhow::Result<()> {
        if stored == Totals::default() && expected == Totals::default() {
            return Ok(());
        }
        self.places += 1;
        if stored != expected {
            self.different += 1;
            if self.different <= TOLD {
                say(format_args!(
                    "{area} {}: stored {}, the readings say {}",
                    window.start(),
                    describe(stored),
                    describe(expected)
                ))?;
            }
        }
        Ok(())
    }
}

fn describe(totals: Totals) -> String {
    let Totals { energy, meters, meter_seconds } = totals;
    format!("{} mWh of {meters} meters over {meter_seconds} s", energy.mwh())
}
