//! Who shows figures: it reads the store, follows what is published, and hears sooner or later that
//! another edition is in use.

use std::collections::BTreeMap;
use std::rc::Weak;

use metering::{AggregateRow, Place, Window};

use super::cluster::{Cluster, Key, Message, Value};
use super::dice::Dice;
use super::editions::Edition;
use super::world::{FIRST_WINDOW, LAST_WINDOW, Shared};
use crate::rules::Rules;

#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) edition: Edition,
    /// Of each row the newest, and its stamp.
    held: BTreeMap<(Place, u32), (i64, AggregateRow)>,
    /// Published rows of an edition that it had not heard of, their stamps, and whether their senders live.
    passed_over: Vec<(Key, i64, Weak<()>)>,
    /// What was passed over is to be read.
    again: bool,
    /// It lacked, once, what was stored.
    pub(super) lacked: bool,
}

impl Reader {
    /// Something was published.
    pub(super) fn take(&mut self, message: &Message, rules: Rules) {
        let write = &message.write;
        let (Key::Live(edition, place, partition), Value::Row(row)) = (&write.key, &write.value) else {
            return;
        };
        if *edition == self.edition || !rules.readers_pass_over_other_editions {
            self.learn(place.clone(), *partition, write.stamp, *row);
        } else if *edition > self.edition {
            let key = Key::Row(*edition, place.clone(), *partition);
            self.passed_over.push((key, write.stamp, message.sender.clone()));
        }
    }

    fn learn(&mut self, place: Place, partition: u32, stamp: i64, row: AggregateRow) {
        let held = self.held.entry((place, partition)).or_insert((stamp, row));
        if held.0 <= stamp {
            *held = (stamp, row);
        }
    }

    /// Hears which edition is in use, and reads it, if it is another one.
    pub(super) fn hear(&mut self, shared: &mut Shared) {
        if shared.note.in_use == self.edition {
            return;
        }
        self.edition = shared.note.in_use;
        self.held.clear();
        self.read(shared);
        let edition = self.edition;
        self.passed_over.retain(|(key, ..)| matches!(key, Key::Row(of, ..) if *of >= edition));
        self.again = shared.dropped.rules.readers_look_again;
    }

    /// Reads once more when everybody has heard, and has stored what was decided until then.
    pub(super) fn look_again(&mut self, shared: &mut Shared) {
        let (edition, cluster) = (self.edition, &shared.cluster);
        let waits = self.passed_over.iter().any(|(key, stamp, sender)| {
            let of_this = matches!(key, Key::Row(of, ..) if *of == edition);
            of_this && sender.strong_count() > 0 && cluster.stored(key) < Some(*stamp)
        });
        if self.again && !waits {
            self.read(shared);
            self.passed_over.retain(|(key, ..)| matches!(key, Key::Row(of, ..) if *of > edition));
            self.again = false;
        }
    }

    fn read(&mut self, shared: &mut Shared) {
        let Shared { cluster, dice, areas, .. } = shared;
        for area in areas.iter() {
            for (window, partition, row) in rows_of(cluster, dice, self.edition, area) {
                let place = Place { area: area.clone(), window };
                self.learn(place, partition, row.through.stamp(), row);
            }
        }
    }

    /// What is stored up to progress was told before: it is here, too.
    pub(super) fn look_whether_anything_lacks(&mut self, shared: &Shared) {
        if self.again || self.edition != shared.note.in_use || shared.damaged == Some(self.edition) {
            return;
        }
        let mut progress: BTreeMap<u32, i64> = BTreeMap::new();
        for (key, value) in shared.cluster.rows() {
            match (key, value) {
                (Key::Progress(of, partition), Value::Progress(at)) if *of == self.edition => {
                    progress.insert(*partition, at.stamp());
                }
                _ => {}
            }
        }
        for (key, value) in shared.cluster.rows() {
            let (Key::Row(of, place, partition), Value::Row(row)) = (key, value) else { continue };
            let stored = progress.get(partition).is_some_and(|at| row.through.stamp() <= *at);
            if *of == self.edition && stored {
                let held = self.held.get(&(place.clone(), *partition)).map(|(stamp, _)| *stamp);
                self.lacked |= held < Some(row.through.stamp());
            }
        }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (&Place, &AggregateRow)> {
        self.held.iter().map(|((place, _), (_, row))| (place, row))
    }
}

fn rows_of(
    cluster: &Cluster,
    dice: &mut Dice,
    edition: Edition,
    area: &metering::AreaCode,
) -> Vec<(Window, u32, AggregateRow)> {
    cluster.page(dice, edition, area, (FIRST_WINDOW, None), LAST_WINDOW, usize::MAX)
}
