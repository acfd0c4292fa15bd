//! Aggregates as the stored readings say them.
//!
//! Owners may go on meanwhile, so an aggregate is recomputed as of the position that its row has seen: of every
//! reading the last version up to there. For the readings that are needed for that are stored before progress has come
//! to that position (rule 3), it is waited for. Rows of the edition that is made carry the position that they are as of,
//! or that from which its owners go on, whichever is later; what those decide again up to there changes nothing (rule 2).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use engine::{Edition, FigureStore, InEdition, PipelineStore};
use metering::aggregate::{Totals, shares};
use metering::stored::{FlushPlan, PlacedRow, RawVersion};
use metering::wire::partition_of;
use metering::{AggregateRow, AreaCode, Generation, MeterId, Place, Position, Window};
use tokio::time::Instant;

use super::compared::Compared;
use crate::commands::remark;
use crate::config::PARTITIONS_MAX;
use crate::state::Ports;

/// Meters of a day that are held in memory at once.
const METERS_AT_ONCE: usize = 5000;

/// Rows that are written together.
const ROWS_AT_ONCE: usize = 20_000;

/// Progress that does not come to what is written already is nobody's.
const PROGRESS_COMES_WITHIN: Duration = Duration::from_secs(60);

/// How often it is said how far it is.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// Whether all partitions' progress stands in the last generation of those that are announced (rule 16).
fn is_within_the_last(generations: &[Generation], progress: &[Position]) -> bool {
    generations.last().is_some_and(|last| {
        let partitions = progress.get(..last.partitions as usize);
        partitions.is_some_and(|all| all.iter().all(|at| at.generation == last.generation))
    })
}

/// All versions of readings of one meter that start at one time.
type Versions = Vec<RawVersion>;

/// The same of many meters.
type ByMeter = BTreeMap<MeterId, Vec<Versions>>;

/// By area and window: what each partition has of it.
type Places<T> = BTreeMap<AreaCode, HashMap<Window, BTreeMap<u32, T>>>;

/// A recomputation.
pub(super) struct Recompute {
    figures: Arc<dyn FigureStore>,
    pipeline: Arc<dyn PipelineStore>,
    generations: Vec<Generation>,
    /// Where owners of the new edition go on.
    began: Vec<Position>,
    /// The days of which every reading is stored; the last one is today.
    days: Range<i32>,
    compared: Compared,
}

impl Recompute {
    /// Of an edition's aggregates, as they are from now on.
    pub(super) async fn of(
        ports: &Ports,
        edition: Edition,
        days: Range<i32>,
        compared: Compared,
    ) -> anyhow::Result<Self> {
        let edition = InEdition::new(edition);
        let pipeline = ports.editions.pipeline(&edition);
        // Before anything else (rule 4). A log that was made anew may have fewer partitions than one before.
        let progress = pipeline.progress(PARTITIONS_MAX).await?;
        let began: Vec<Position> =
            progress.into_iter().map(|at| at.unwrap_or(Position::BEFORE_ALL)).collect();
        let generations = ports.announcements.announced().await?;
        ensure!(
            is_within_the_last(&generations, &began),
            "partitions of the log are being added, or it was made anew, and not all that came before is aggregated: run it again \
             when it is"
        );
        Ok(Recompute {
            figures: ports.editions.figures(&edition),
            pipeline,
            generations,
            began,
            days,
            compared,
        })
    }

    /// Compares all days, and writes what the readings say to an edition, if there is one to write to.
    pub(super) async fn all(mut self, to: Option<&dyn PipelineStore>) -> anyhow::Result<Compared> {
        if let Some(span) = self.figures.span().await? {
            let mut said_at = Instant::now();
            // A day of which nothing is counted may have readings all the same.
            let last = span.last_day.max(self.days.end);
            for day in span.first_day..=last {
                if said_at.elapsed() > SAY_EVERY {
                    said_at = Instant::now();
                    let date = Window::at(day, 0).start();
                    remark(format_args!("{date}: {} days to go ...", last - day + 1));
                }
                let rows = self.rows_of(day).await?;
                if day < self.days.start {
                    self.carry_over(rows, to).await?;
                } else {
                    self.day(day, rows, to).await?;
                }
            }
        }
        if let Some(to) = to {
            self.write_progress(to).await?;
        }
        self.compared.reported()
    }

    /// A day whose readings may be gone: nothing in the log changes it any more.
    async fn carry_over(
        &mut self,
        rows: Places<AggregateRow>,
        to: Option<&dyn PipelineStore>,
    ) -> anyhow::Result<()> {
        self.compared.carried_over += u32::from(!rows.is_empty());
        let Some(to) = to else { return Ok(()) };
        let mut written: BTreeMap<u32, Vec<PlacedRow>> = BTreeMap::new();
        for (area, windows) in rows {
            for (window, by_partition) in windows {
                for (partition, row) in by_partition {
                    let through = row.through.max(self.began_at(partition));
                    let place = Place { area: area.clone(), window };
                    let row = PlacedRow { place, row: AggregateRow { through, ..row } };
                    written.entry(partition).or_default().push(row);
                }
            }
        }
        self.write(written, to).await
    }

    /// A day whose readings are all there. No interval reaches into the next one: each is aligned to its duration.
    async fn day(
        &mut self,
        day: i32,
        rows: Places<AggregateRow>,
        to: Option<&dyn PipelineStore>,
    ) -> anyhow::Result<()> {
        self.wait_for_progress(&rows).await?;
        let mut recomputed = Places::<Totals>::new();
        let (mut from, last_generation) = (None, self.generations.iter().map(|one| one.generation).max());
        loop {
            let page = self.figures.versions_of_day(day, from.as_ref(), METERS_AT_ONCE).await?;
            if page.is_empty() && from.is_none() && !rows.is_empty() {
                // Where readings are let go by whole days, this is one of those.
                return self.carry_over(rows, to).await;
            }
            anyhow::ensure!(
                page.iter().all(|version| Some(version.at.generation) <= last_generation),
                "partitions were added to the log meanwhile: begin again"
            );
            let last = page.last().map(|version| version.meter.clone());
            for (meter, readings) in by_meter(page) {
                // The first of a page is the last of the page before.
                if from.as_ref() != Some(&meter) {
                    self.compared.readings += readings.len() as u64;
                    self.add(&rows, &readings, &mut recomputed);
                }
            }
            if last.is_none() || last == from {
                break;
            }
            from = last;
        }
        self.compared.days += u32::from(!recomputed.is_empty());
        let written = self.compare(rows, recomputed)?;
        match to {
            Some(to) => self.write(written, to).await,
            None => Ok(()),
        }
    }

    /// Adds what a meter's readings are.
    fn add(&self, rows: &Places<AggregateRow>, readings: &[Versions], recomputed: &mut Places<Totals>) {
        // A meter counts once, with however many readings.
        let mut heard: Vec<(AreaCode, Window)> = Vec::new();
        for versions in readings {
            for place in places_of(versions) {
                let (area, window) = &place;
                let seen = |version: &&RawVersion| {
                    let partition = self.partition_of(version);
                    let row = row_at(rows, area, *window, partition);
                    version.at
                        <= row.map_or(Position::BEFORE_ALL, |row| row.through).max(self.began_at(partition))
                };
                let Some(version) = versions.iter().rev().find(seen).filter(|one| one.area == *area) else {
                    continue;
                };
                let share = shares(version.interval, version.energy).find(|(of, ..)| of == window);
                let Some((_, energy, seconds)) = share else { continue };
                let windows = recomputed.entry(area.clone()).or_default();
                let sum = windows.entry(*window).or_default().entry(self.partition_of(version)).or_default();
                sum.energy += energy;
                sum.meter_seconds += seconds;
                if !heard.contains(&place) {
                    sum.meters += 1;
                    heard.push(place);
                }
            }
        }
    }

    /// Compares, and gives the rows of the new edition: one for each of the former ones, whatever it is now, for what
    /// is decided again up to its position is in it.
    fn compare(
        &mut self,
        mut rows: Places<AggregateRow>,
        recomputed: Places<Totals>,
    ) -> anyhow::Result<BTreeMap<u32, Vec<PlacedRow>>> {
        let mut written: BTreeMap<u32, Vec<PlacedRow>> = BTreeMap::new();
        let mut expected = recomputed;
        let areas: BTreeSet<AreaCode> = rows.keys().chain(expected.keys()).cloned().collect();
        for area in areas {
            let mut stored = rows.remove(&area).unwrap_or_default();
            let mut expected = expected.remove(&area).unwrap_or_default();
            let mut windows: Vec<Window> = stored.keys().chain(expected.keys()).copied().collect();
            windows.sort();
            windows.dedup();
            for window in windows {
                let stored = stored.remove(&window).unwrap_or_default();
                let expected = expected.remove(&window).unwrap_or_default();
                let mut sum = Totals::default();
                stored.values().for_each(|row| sum.add(row));
                let mut recomputed = Totals::default();
                expected.values().for_each(|totals| recomputed += *totals);
                self.compared.note(&area, window, sum, recomputed)?;
                let partitions: BTreeSet<u32> = stored.keys().chain(expected.keys()).copied().collect();
                for partition in partitions {
                    let seen = stored.get(&partition).map_or(Position::BEFORE_ALL, |row| row.through);
                    let Totals { energy, meters, meter_seconds } =
                        expected.get(&partition).copied().unwrap_or_default();
                    let through = seen.max(self.began_at(partition));
                    let place = Place { area: area.clone(), window };
                    let row = AggregateRow { through, energy, meters, meter_seconds };
                    written.entry(partition).or_default().push(PlacedRow { place, row });
                }
            }
        }
        Ok(written)
    }

    /// Rows, a partition's together.
    async fn write(&self, rows: BTreeMap<u32, Vec<PlacedRow>>, to: &dyn PipelineStore) -> anyhow::Result<()> {
        for (partition, rows) in rows {
            anyhow::ensure!(
                self.began_at(partition) != Position::BEFORE_ALL,
                "there are aggregates of partition {partition}, with which nobody has begun: start `wattmap aggregate`"
            );
            for some in rows.chunks(ROWS_AT_ONCE) {
                to.flush(&self.plan(partition, some.to_vec())).await?;
            }
        }
        Ok(())
    }

    /// Where owners of the new edition go on.
    async fn write_progress(&self, to: &dyn PipelineStore) -> anyhow::Result<()> {
        for (partition, progress) in (0..).zip(&self.began) {
            // An owner begins with a partition that nobody has begun with.
            if *progress != Position::BEFORE_ALL {
                to.flush(&self.plan(partition, Vec::new())).await?;
            }
        }
        Ok(())
    }

    fn plan(&self, partition: u32, rows: Vec<PlacedRow>) -> FlushPlan {
        FlushPlan { rows, ..FlushPlan::of_nothing(partition, self.began_at(partition)) }
    }

    async fn rows_of(&self, day: i32) -> anyhow::Result<Places<AggregateRow>> {
        let mut places = Places::new();
        for (partition, PlacedRow { place, row }) in
            self.figures.recent_rows(Window::at(day, 0), Window::at(day, 47)).await?
        {
            let windows: &mut HashMap<_, BTreeMap<_, _>> = places.entry(place.area).or_default();
            windows.entry(place.window).or_default().insert(partition, row);
        }
        Ok(places)
    }

    /// Until everything is stored that these rows have seen.
    async fn wait_for_progress(&self, rows: &Places<AggregateRow>) -> anyhow::Result<()> {
        let mut seen: BTreeMap<u32, Position> = BTreeMap::new();
        for (partition, row) in rows.values().flat_map(HashMap::values).flatten() {
            let newest = seen.entry(*partition).or_insert(row.through);
            *newest = row.through.max(*newest);
        }
        let partitions = seen.keys().max().map_or(0, |last| last + 1);
        let since = Instant::now();
        loop {
            let progress = self.pipeline.progress(partitions).await?;
            let behind = seen.iter().find(|(partition, newest)| {
                progress.get(**partition as usize).copied().flatten() < Some(**newest)
            });
            let Some((partition, _)) = behind else { return Ok(()) };
            anyhow::ensure!(
                since.elapsed() < PROGRESS_COMES_WITHIN,
                "aggregates of partition {partition} were written by somebody who did not end: start `wattmap aggregate`"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn began_at(&self, partition: u32) -> Position {
        self.began.get(partition as usize).copied().unwrap_or(Position::BEFORE_ALL)
    }

    /// The partition that a version came from.
    fn partition_of(&self, version: &RawVersion) -> u32 {
        let of = self.generations.iter().find(|one| one.generation == version.at.generation);
        let partitions = of.or(self.generations.first()).map_or(1, |one| one.partitions);
        partition_of(version.meter.as_str().as_bytes(), partitions)
    }
}

fn row_at<'a>(
    rows: &'a Places<AggregateRow>,
    area: &AreaCode,
    window: Window,
    partition: u32,
) -> Option<&'a AggregateRow> {
    rows.get(area)?.get(&window)?.get(&partition)
}

/// Versions in order of (meter, start, position), grouped.
fn by_meter(versions: Vec<RawVersion>) -> ByMeter {
    let mut grouped = ByMeter::new();
    for version in versions {
        let readings = grouped.entry(version.meter.clone()).or_default();
        match readings.last_mut() {
            Some(same) if same.iter().any(|one| one.interval.start() == version.interval.start()) => {
                same.push(version);
            }
            _ => readings.push(vec![version]),
        }
    }
    grouped
}

/// Where any of them counts, or did.
fn places_of(versions: &[RawVersion]) -> Vec<(AreaCode, Window)> {
    let mut places: Vec<(AreaCode, Window)> = Vec::new();
    for version in versions {
        for (window, ..) in shares(version.interval, version.energy) {
            let place = (version.area.clone(), window);
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places
}
