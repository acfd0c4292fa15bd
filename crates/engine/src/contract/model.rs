//! A store in memory, as plain as can be: what every engine has to agree with.

use std::collections::{BTreeMap, BTreeSet};

use metering::aggregate::Totals;
use metering::stored::{DeadLetter, FlushPlan, Hint, PlacedRow, RawVersion, RegistrationVersion};
use metering::{AggregateRow, AreaCode, MeterId, Place, Position, UtcSecond};

use super::sample::{self, Numbers};
use super::soon;
use crate::{AreaDay, DeadLetterFilter, FigureStore, PipelineStore, RawQuery};

#[derive(Default)]
pub(super) struct Model {
    rows: BTreeMap<(Place, u32), AggregateRow>,
    raw: BTreeMap<(MeterId, UtcSecond, Position), RawVersion>,
    registrations: BTreeMap<(MeterId, Position), RegistrationVersion>,
    hints: BTreeMap<MeterId, Hint>,
    dead: BTreeMap<(u32, Position), DeadLetter>,
    progress: BTreeMap<u32, Position>,
}

impl Model {
    pub(super) fn flush(&mut self, plan: &FlushPlan) {
        for PlacedRow { place, row } in &plan.rows {
            let stored = self.rows.entry((place.clone(), plan.partition)).or_insert(*row);
            if stored.through < row.through {
                *stored = *row;
            }
        }
        for version in &plan.raw {
            let key = (version.meter.clone(), version.interval.start(), version.at);
            self.raw.insert(key, version.clone());
        }
        for registration in &plan.registrations {
            self.registrations.insert((registration.meter.clone(), registration.at), registration.clone());
        }
        for (meter, hint) in &plan.hints {
            let stored = self.hints.entry(meter.clone()).or_insert(*hint);
            if stored.at < hint.at {
                *stored = *hint;
            }
        }
        for letter in &plan.dead {
            self.dead.insert((letter.partition, letter.at), letter.clone());
        }
        let progress = self.progress.entry(plan.partition).or_insert(plan.progress);
        *progress = plan.progress.max(*progress);
    }

    fn versions(&self, query: &RawQuery) -> Vec<RawVersion> {
        let of_meter = self
            .raw
            .iter()
            .filter(|((meter, start, _), _)| *meter == query.meter && (query.from..query.to).contains(start));
        of_meter.map(|(_, version)| version.clone()).collect()
    }

    /// Of versions in order, the last of each start.
    fn last(versions: impl IntoIterator<Item = RawVersion>) -> Vec<RawVersion> {
        let mut last = BTreeMap::new();
        for version in versions {
            last.insert((version.meter.clone(), version.interval.start()), version);
        }
        last.into_values().collect()
    }

    fn area_days(&self) -> Vec<AreaDay> {
        let mut days: BTreeMap<(AreaCode, i32), Box<[Totals; 48]>> = BTreeMap::new();
        for ((place, _), row) in &self.rows {
            let day = days
                .entry((place.area.clone(), place.window.day()))
                .or_insert_with(|| Box::new([Totals::default(); 48]));
            day[place.window.of_day()].add(row);
        }
        days.into_iter().map(|((area, day), windows)| AreaDay { area, day, windows }).collect()
    }

    /// Asks a store for everything, in every way there is, and compares.
    pub(super) async fn compare(
        &self,
        store: &dyn PipelineStore,
        figures: &dyn FigureStore,
        numbers: &mut Numbers,
    ) {
        self.compare_pipeline(store, numbers).await;
        self.compare_figures(figures).await;
    }

    async fn compare_pipeline(&self, store: &dyn PipelineStore, numbers: &mut Numbers) {
        let progress: Vec<_> = (0..9).map(|partition| self.progress.get(&partition).copied()).collect();
        assert_eq!(soon(store.progress(9)).await.unwrap(), progress);

        let mut meters: BTreeSet<MeterId> = self.raw.keys().map(|(meter, ..)| meter.clone()).collect();
        meters.extend(self.hints.keys().cloned());
        meters.extend(self.registrations.keys().map(|(meter, _)| meter.clone()));
        meters.insert(sample::meter("nobody"));
        let mut meters: Vec<_> = meters.into_iter().collect();
        meters.reverse();
        for (meter, state) in meters.iter().zip(soon(store.meters(&meters)).await.unwrap()) {
            assert_eq!(state.hint.as_ref(), self.hints.get(meter), "{meter}");
            let registrations = self.registrations.values().filter(|one| one.meter == *meter).cloned();
            assert_eq!(state.registrations, registrations.collect::<Vec<_>>(), "{meter}");
        }

        let query = |meter: &MeterId| {
            let from = sample::minute(5 * numbers.below(900) as i64 - 1500);
            let to = UtcSecond(from.0 + 300 * numbers.below(500) as i64);
            RawQuery { meter: meter.clone(), from, to }
        };
        let queries: Vec<_> = meters.iter().chain(&meters).chain(&meters).map(query).collect();
        let expected: Vec<_> = queries.iter().map(|query| self.versions(query)).collect();
        assert_eq!(soon(store.raw(&queries)).await.unwrap(), expected);

        for partition in 0..9 {
            let mut places: Vec<_> = self.rows.keys().map(|(place, _)| place.clone()).collect();
            places.reverse();
            let expected: Vec<_> =
                places.iter().map(|place| self.rows.get(&(place.clone(), partition)).copied()).collect();
            assert_eq!(soon(store.rows(partition, &places)).await.unwrap(), expected);
        }
    }

    async fn compare_figures(&self, figures: &dyn FigureStore) {
        let all = self.area_days();
        let days: BTreeSet<i32> = all.iter().map(|day| day.day).collect();
        let span = soon(figures.span()).await.unwrap().map(|span| (span.first_day, span.last_day));
        assert_eq!(span, days.first().copied().zip(days.last().copied()));
        for day in days.first().map_or(0, |first| first - 1)..=days.last().map_or(0, |last| last + 1) {
            let expected: Vec<_> = all.iter().filter(|one| one.day == day).cloned().collect();
            assert_eq!(soon(figures.day(day)).await.unwrap(), expected);
            let raw = self.raw.values().filter(|one| one.interval.start().window().day() == day).cloned();
            assert_eq!(soon(figures.readings_of_day(day, None, 10_000)).await.unwrap(), Self::last(raw));
        }
        let areas: Vec<_> = all.iter().map(|one| one.area.clone()).collect();
        assert_eq!(soon(figures.area_days(&areas, i32::MIN / 48, i32::MAX / 48)).await.unwrap(), all);

        let mut last = BTreeMap::new();
        for registration in self.registrations.values() {
            last.insert(&registration.meter, registration.clone());
        }
        assert_eq!(soon(figures.registrations()).await.unwrap(), last.into_values().collect::<Vec<_>>());

        let filter = DeadLetterFilter { limit: 100_000, ..DeadLetterFilter::default() };
        assert_eq!(
            soon(figures.dead_letters(&filter)).await.unwrap(),
            self.dead.values().cloned().collect::<Vec<_>>()
        );
        let mut counts = BTreeMap::new();
        for letter in self.dead.values() {
            *counts.entry(letter.reason).or_insert(0) += 1;
        }
        let counted = soon(figures.dead_letter_counts()).await.unwrap();
        assert_eq!(counted.into_iter().collect::<BTreeMap<_, _>>(), counts);
    }
}
