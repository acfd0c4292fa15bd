//! The truth, from the log alone, one record after the other; nothing incremental about the sums.

use std::collections::{BTreeMap, BTreeSet};

use metering::aggregate::shares;
use metering::wire::Record;
use metering::{AggregateRow, AreaCode, DeadReason, Energy, Interval, MeterId, Place, Position};

use super::cluster::{Key, Value};
use super::reader::Reader;
use super::topic::{Entry, Meant, Topic};
use super::world::World;

type Sums = BTreeMap<Place, (i64, i64, i64)>;
/// An accepted value: who said it, when it was, how much, where.
type Accepted = (Position, Interval, Energy, AreaCode);
type Raw = BTreeMap<(MeterId, i64), Accepted>;

#[derive(Debug, Default, PartialEq)]
pub(super) struct Truth {
    pub(super) sums: Sums,
    raw: Raw,
    dead: BTreeMap<(u32, Position), DeadReason>,
    registrations: BTreeMap<(MeterId, Position), AreaCode>,
}

/// Ways in which the store may differ from the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Difference {
    Sums,
    Live,
    Raw,
    Dead,
    Registrations,
    /// One stamp, two contents: a symptom, not a loss.
    Twins,
}

impl World {
    pub(super) fn truth(&self) -> Truth {
        let mut truth = Truth::default();
        let mut area_of: BTreeMap<MeterId, AreaCode> = BTreeMap::new();
        let mut accepted: BTreeMap<MeterId, BTreeMap<i64, Accepted>> = BTreeMap::new();
        for topic in &self.shared.topics {
            for (at, partition, entry) in in_order(topic) {
                let letter = (partition as u32, at);
                let Meant::Record(record) = &entry.meant else {
                    truth.dead.insert(letter, DeadReason::Undecodable);
                    continue;
                };
                match record {
                    Record::GenerationBegins(_) => {}
                    Record::Registration(registration, redriven_from) => {
                        let (meter, area) = (&registration.meter, &registration.area);
                        let is_since = |from: &Position| {
                            truth.registrations.keys().any(|(of, at)| of == meter && at > from)
                        };
                        if topic.home(meter, at.generation) != partition {
                            truth.dead.insert(letter, DeadReason::Misrouted);
                        } else if !self.shared.areas.contains(area) {
                            truth.dead.insert(letter, DeadReason::UnknownArea);
                        } else if redriven_from.as_ref().is_some_and(is_since) {
                            // Another one came after it.
                        } else if area_of.get(meter) != Some(area) {
                            area_of.insert(meter.clone(), area.clone());
                            truth.registrations.insert((meter.clone(), at), area.clone());
                        }
                    }
                    Record::Reading(reading, redriven_from) => {
                        let (meter, interval, energy) = (&reading.meter, reading.interval, reading.energy);
                        let start = interval.start().0;
                        let mine = accepted.entry(meter.clone()).or_default();
                        let old = mine.get(&start);
                        if topic.home(meter, at.generation) != partition {
                            truth.dead.insert(letter, DeadReason::Misrouted);
                        } else if (start + self.shared.day.retention * 900) * 1000 < entry.appended_ms {
                            truth.dead.insert(letter, DeadReason::BeyondRetention);
                        } else if (interval.end().0 - self.shared.day.ahead * 900) * 1000 > entry.appended_ms
                        {
                            truth.dead.insert(letter, DeadReason::Undecodable);
                        } else if !area_of.contains_key(meter) {
                            truth.dead.insert(letter, DeadReason::UnknownMeter);
                        } else if old.is_some_and(|old| redriven_from.is_some_and(|from| old.0 > from))
                            || old.is_some_and(|old| (old.1, old.2) == (interval, energy))
                        {
                            // Replaced since, or a duplicate.
                        } else if mine.iter().any(|(&s, other)| s != start && other.1.overlaps(interval)) {
                            truth.dead.insert(letter, DeadReason::Overlap);
                        } else {
                            let area = old.map_or(&area_of[meter], |old| &old.3).clone();
                            mine.insert(start, (at, interval, energy, area));
                        }
                    }
                }
            }
        }
        self.sum_up(accepted, &mut truth);
        truth
    }

    fn sum_up(&self, accepted: BTreeMap<MeterId, BTreeMap<i64, Accepted>>, truth: &mut Truth) {
        for (meter, mine) in accepted {
            let mut heard = BTreeSet::new();
            for (start, version) in mine {
                for (window, energy, seconds) in shares(version.1, version.2) {
                    let place = Place { area: version.3.clone(), window };
                    let sum = truth.sums.entry(place.clone()).or_default();
                    *sum = (sum.0 + energy.mwh(), sum.1 + i64::from(heard.insert(place)), sum.2 + seconds);
                }
                if start >= self.expired_before {
                    truth.raw.insert((meter.clone(), start), version);
                }
            }
        }
    }

    /// How the store differs from the truth.
    pub(super) fn compare(&self) -> BTreeSet<Difference> {
        let truth = self.truth();
        let in_use = self.shared.note.in_use;
        let (mut sums, mut raw) = (Sums::new(), Raw::new());
        let (mut dead, mut registrations) = (BTreeMap::new(), BTreeMap::new());
        for (key, value) in self.shared.cluster.rows() {
            match (key, value) {
                (Key::Row(edition, place, _), Value::Row(row)) if *edition == in_use => {
                    add(&mut sums, place, row);
                }
                (Key::Raw(meter, start, _), Value::Raw(version)) if *start >= self.expired_before => {
                    let newest = (version.at, version.interval, version.energy, version.area.clone());
                    raw.insert((meter.clone(), *start), newest);
                }
                (Key::Dead(partition, at), Value::Dead(letter)) => {
                    dead.insert((*partition, *at), letter.reason);
                }
                (Key::Registration(meter, _), Value::Registration(version)) => {
                    registrations.insert((meter.clone(), version.at), version.area.clone());
                }
                _ => {}
            }
        }
        sums.retain(|_, sum| *sum != (0, 0, 0));
        let is_wrong = |reader: &Reader| {
            let mut live = Sums::new();
            reader.rows().for_each(|(place, row)| add(&mut live, place, row));
            live.retain(|_, sum| *sum != (0, 0, 0));
            reader.lacked || live != truth.sums
        };
        let twins = self.shared.cluster.twins.iter().any(|(write, _)| match write.key {
            // What is wrong or removed has no truth of its own.
            Key::Row(of, ..) | Key::Live(of, ..) => of == in_use && self.shared.damaged != Some(of),
            _ => true,
        });
        let wrong = [
            (Difference::Sums, sums != truth.sums),
            (Difference::Live, self.readers.iter().any(is_wrong)),
            (Difference::Raw, raw != truth.raw),
            (Difference::Dead, dead != truth.dead),
            (Difference::Registrations, registrations != truth.registrations),
            (Difference::Twins, twins),
        ];
        wrong.into_iter().filter(|(_, wrong)| *wrong).map(|(kind, _)| kind).collect()
    }
}

fn add(sums: &mut Sums, place: &Place, row: &AggregateRow) {
    let sum = sums.entry(place.clone()).or_default();
    *sum = (sum.0 + row.energy.mwh(), sum.1 + row.meters, sum.2 + row.meter_seconds);
}

/// The records of a log: generation by generation, partition by partition, for no meter is in two
/// partitions in one generation.
fn in_order(topic: &Topic) -> impl Iterator<Item = (Position, usize, &Entry)> {
    let mut records: Vec<(Position, usize, &Entry)> = Vec::new();
    for (partition, log) in topic.partitions.iter().enumerate() {
        let mut generation = topic.first_generation();
        for (offset, entry) in log.iter().enumerate() {
            generation = entry.begins().unwrap_or(generation);
            records.push((Position::new(generation, offset as i64), partition, entry));
        }
    }
    records.sort_by_key(|(at, partition, _)| (at.generation, *partition, at.offset));
    records.into_iter()
}
