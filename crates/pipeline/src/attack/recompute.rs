//! Aggregates as the stored readings say them: the arithmetic of `wattmap replay`, as it is in the server.

use std::collections::{BTreeMap, BTreeSet};

use metering::aggregate::{Totals, shares};
use metering::stored::{PlacedRow, RawVersion};
use metering::wire::partition_of;
use metering::{AggregateRow, Generation, Place, Position};

use crate::rules::Rules;

/// By place, what each partition has of it.
pub(super) type Places<T> = BTreeMap<Place, BTreeMap<u32, T>>;

/// What a recomputation rests on, besides rows and versions.
#[derive(Debug)]
pub(super) struct Basis {
    /// Of the log, as announced when it began.
    pub(super) generations: Vec<Generation>,
    /// Where owners of the new edition go on, by partition.
    pub(super) began: Vec<Position>,
}

impl Basis {
    pub(super) fn began_at(&self, partition: u32) -> Position {
        self.began.get(partition as usize).copied().unwrap_or(Position::BEFORE_ALL)
    }

    /// The partition that a version came from.
    fn partition_of(&self, version: &RawVersion) -> u32 {
        let of = self.generations.iter().find(|one| one.generation == version.at.generation);
        let partitions = of.or(self.generations.first()).map_or(1, |one| one.partitions);
        partition_of(version.meter.as_str().as_bytes(), partitions)
    }

    /// The position that a row is recomputed as of.
    fn as_of(&self, rows: &Places<AggregateRow>, place: &Place, partition: u32) -> Position {
        let row = rows.get(place).and_then(|of| of.get(&partition));
        row.map_or(Position::BEFORE_ALL, |row| row.through).max(self.began_at(partition))
    }

    /// What a meter's readings are: in order of start, and of each the versions in order of position.
    pub(super) fn add(
        &self,
        rules: Rules,
        rows: &Places<AggregateRow>,
        readings: &[Vec<RawVersion>],
        recomputed: &mut Places<Totals>,
    ) {
        // A meter counts once, with however many readings.
        let mut heard: BTreeSet<Place> = BTreeSet::new();
        for versions in readings {
            for place in places_of(versions) {
                let seen = |version: &&RawVersion| {
                    let of = self.partition_of(version);
                    version.at <= self.as_of(rows, &place, of) || !rules.recomputed_as_of_the_stamp
                };
                let last = versions.iter().rev().find(seen).filter(|one| one.area == place.area);
                let Some(version) = last else { continue };
                let share =
                    shares(version.interval, version.energy).find(|(window, ..)| *window == place.window);
                let Some((_, energy, seconds)) = share else { continue };
                let of = recomputed.entry(place.clone()).or_default();
                let sum = of.entry(self.partition_of(version)).or_default();
                sum.energy += energy;
                sum.meter_seconds += seconds;
                sum.meters += i64::from(heard.insert(place));
            }
        }
    }

    /// The rows of the new edition: one for each of the former ones, whatever it is now, by partition.
    pub(super) fn rows(
        &self,
        rules: Rules,
        rows: &Places<AggregateRow>,
        recomputed: &Places<Totals>,
    ) -> BTreeMap<u32, Vec<PlacedRow>> {
        let of = |place: &Place| {
            let stored = rows.get(place).into_iter().flat_map(BTreeMap::keys);
            let expected = recomputed.get(place).into_iter().flat_map(BTreeMap::keys);
            stored.chain(expected).copied().collect::<BTreeSet<u32>>()
        };
        let mut written: BTreeMap<u32, Vec<PlacedRow>> = BTreeMap::new();
        let places: BTreeSet<&Place> = rows.keys().chain(recomputed.keys()).collect();
        for place in places {
            for partition in of(place) {
                let sum = recomputed.get(place).and_then(|of| of.get(&partition)).copied();
                let Totals { energy, meters, meter_seconds } = sum.unwrap_or_default();
                let through = self.stamp(rules, rows, place, partition);
                let row = AggregateRow { through, energy, meters, meter_seconds };
                written.entry(partition).or_default().push(PlacedRow { place: place.clone(), row });
            }
        }
        written
    }

    /// Rows whose readings may be gone: nothing in the log changes them any more.
    pub(super) fn carried_over(
        &self,
        rules: Rules,
        rows: &Places<AggregateRow>,
    ) -> BTreeMap<u32, Vec<PlacedRow>> {
        let mut written: BTreeMap<u32, Vec<PlacedRow>> = BTreeMap::new();
        for (place, of) in rows {
            for (partition, row) in of {
                let through = self.stamp(rules, rows, place, *partition);
                let row = AggregateRow { through, ..*row };
                written.entry(*partition).or_default().push(PlacedRow { place: place.clone(), row });
            }
        }
        written
    }

    fn stamp(&self, rules: Rules, rows: &Places<AggregateRow>, place: &Place, partition: u32) -> Position {
        if rules.stamps_reach_progress {
            return self.as_of(rows, place, partition);
        }
        let row = rows.get(place).and_then(|of| of.get(&partition));
        row.map_or(Position::BEFORE_ALL, |row| row.through)
    }
}

/// Where any of them counts, or did.
fn places_of(versions: &[RawVersion]) -> BTreeSet<Place> {
    let of = |version: &RawVersion| {
        let area = version.area.clone();
        shares(version.interval, version.energy)
            .map(move |(window, ..)| Place { area: area.clone(), window })
            .collect::<Vec<_>>()
    };
    versions.iter().flat_map(of).collect()
}

/// Versions of one meter in order of (start, position), grouped.
pub(super) fn by_start(versions: Vec<RawVersion>) -> Vec<Vec<RawVersion>> {
    let mut grouped: Vec<Vec<RawVersion>> = Vec::new();
    for version in versions {
        match grouped.last_mut() {
            Some(same) if same[0].interval.start() == version.interval.start() => same.push(version),
            _ => grouped.push(vec![version]),
        }
    }
    grouped
}
