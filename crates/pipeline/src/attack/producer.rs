//! What stands in the logs: registrations, readings new and old, repeated, corrected and misrouted, what
//! no decoder takes, and dead letters that somebody redrives.

use metering::wire::Record;
use metering::{
    AreaCode, Dwelling, Energy, Generation, Interval, MeterId, Position, Reading, Registration, UtcSecond,
};

use super::cluster::Key;
use super::dice::Dice;
use super::topic::{Entry, Meant, Topic};
use super::world::{Shared, T0, World};

/// In quarters of an hour.
const DURATIONS: [i64; 3] = [1, 2, 4];

/// What somebody writes who knows the schema: of this generation, or of the next one as it may come to be.
fn forged_marker(dice: &mut Dice, last: Generation) -> Vec<u8> {
    let generation = last.generation + dice.below(2) as u32;
    let partitions = last.partitions + dice.below(2) as u32;
    Record::GenerationBegins(Generation { generation, partitions, token: 0 }).encode()
}

impl World {
    pub(super) fn migrate(&mut self, generation: u32, grow: bool) {
        if grow {
            let more = self.shared.dice.choice(&[0, 1]);
            self.last_topic().grow(more);
        } else {
            let partitions = self.shared.dice.choice(&[1, 2]);
            self.shared.topics.push(Topic::new(generation, partitions));
        }
        self.a_generation_is_announced();
    }

    /// And its markers are not written yet: an edition is made within one generation (rule 16).
    pub(super) fn a_generation_is_announced(&mut self) {
        if self.shared.dropped.rules.a_generation_ends_what_is_made {
            self.shared.note = self.shared.note.given_up();
        }
    }

    fn append(&mut self, meter: &MeterId, record: Record, misroute: bool) {
        let key = meter.as_str();
        self.append_entry(meter, |appended_ms| Entry::new(key, record, appended_ms), misroute);
    }

    fn append_entry(&mut self, meter: &MeterId, entry: impl FnOnce(i64) -> Entry, misroute: bool) {
        let entry = entry((T0 + self.shared.log_time * 900) * 1000);
        let topic = self.last_topic();
        let home = topic.home(meter, topic.last().generation);
        let partition = (home + usize::from(misroute)) % topic.partitions.len();
        topic.partitions[partition].push(entry);
    }

    fn register(&mut self, meter: &MeterId) {
        let unknown = self.shared.dice.chance(self.shared.day.nonsense);
        let n = self.shared.dice.below(self.shared.areas.len());
        let area =
            if unknown { AreaCode::parse("nowhere").expect("a code") } else { self.shared.areas[n].clone() };
        let dwelling = Dwelling::default();
        let misroute = self.shared.dice.chance(self.shared.day.misroutes);
        let registration = Registration { meter: meter.clone(), area, dwelling };
        self.append(meter, Record::Registration(registration, None), misroute);
    }

    pub(super) fn produce(&mut self, count: usize) {
        self.readings.clear();
        for meter in self.shared.meters.clone() {
            if self.shared.dice.chance(0.9) {
                self.register(&meter);
            }
        }
        self.produce_more(count);
    }

    pub(super) fn produce_more(&mut self, count: usize) {
        let clock = self.shared.log_time;
        for _ in 0..count {
            let n = self.shared.dice.below(self.shared.meters.len());
            let meter = self.shared.meters[n].clone();
            self.shared.log_time += self.shared.dice.choice(&[0, 0, 1]);
            let last = self.last_topic().last();
            let Shared { dice, day, log_time, .. } = &mut self.shared;
            if dice.chance(day.moves) {
                self.register(&meter);
            } else if dice.chance(day.nonsense) {
                let bytes = if dice.chance(0.5) { vec![7; dice.below(3)] } else { forged_marker(dice, last) };
                let nonsense = Entry {
                    appended_ms: 0,
                    key: meter.as_str().to_owned().into(),
                    value: bytes.into(),
                    meant: Meant::Nonsense,
                };
                self.append_entry(&meter, |appended_ms| Entry { appended_ms, ..nonsense }, false);
            } else if !self.readings.is_empty() && dice.chance(day.repeats) {
                let mut again = self.readings[dice.below(self.readings.len())].clone();
                match dice.choice(&["nothing", "energy", "energy", "duration"]) {
                    "energy" => again.energy = Energy::from_mwh(1 + dice.below(49) as i64),
                    "duration" => {
                        let start = again.interval.start();
                        let possible = DURATIONS.map(|d| Interval::new(start, d * 900).ok());
                        let possible: Vec<Interval> = possible.into_iter().flatten().collect();
                        again.interval = dice.choice(&possible);
                    }
                    _ => {}
                }
                self.append(&again.meter.clone(), Record::Reading(again, None), false);
            } else {
                let duration = dice.choice(&DURATIONS);
                let late = dice.below(day.hours * 4) as i64;
                let around = if dice.chance(0.5) { (*log_time - late).max(0) } else { clock + late };
                let start = UtcSecond(T0 + around / duration * duration * 900);
                let reading = Reading {
                    meter: meter.clone(),
                    interval: Interval::new(start, duration * 900).expect("aligned"),
                    energy: Energy::from_mwh(1 + dice.below(49) as i64),
                };
                self.readings.push(reading.clone());
                let misroute = dice.chance(day.misroutes);
                self.append(&meter, Record::Reading(reading, None), misroute);
            }
        }
    }

    /// Somebody redrives a dead letter.
    pub(super) fn redrive(&mut self) {
        let letters: Vec<(u32, Position)> = self
            .shared
            .cluster
            .rows()
            .filter_map(|(key, _)| match key {
                Key::Dead(partition, at) => Some((*partition, *at)),
                _ => None,
            })
            .collect();
        if letters.is_empty() {
            return;
        }
        let (partition, at) = self.shared.dice.choice(&letters);
        let topics = self.shared.topics.iter().filter(|topic| topic.first_generation() <= at.generation);
        let topic = topics.max_by_key(|topic| topic.first_generation()).expect("the log that it was in");
        let entry = topic.partitions.get(partition as usize).and_then(|log| log.get(at.offset as usize));
        let Some(Meant::Record(record)) = entry.map(|entry| &entry.meant) else { return };
        let (meter, redriven_from) = match record {
            Record::Reading(reading, redriven_from) => (reading.meter.clone(), *redriven_from),
            Record::Registration(registration, redriven_from) => (registration.meter.clone(), *redriven_from),
            Record::GenerationBegins(_) => return,
        };
        // What was misrouted replaces nothing of its generation.
        let known = topic.generations.iter().any(|g| g.generation == at.generation);
        let at_home = known && topic.home(&meter, at.generation) == partition as usize;
        let origin = redriven_from.unwrap_or(if at_home { at } else { Position::new(at.generation, -1) });
        let again = match record.clone() {
            Record::Reading(reading, _) => Record::Reading(reading, Some(origin)),
            Record::Registration(registration, _) => Record::Registration(registration, Some(origin)),
            marker @ Record::GenerationBegins(_) => marker,
        };
        self.append(&meter, again, false);
    }
}
