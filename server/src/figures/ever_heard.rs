//! How many homes an area was ever heard from: what tells *hidden* from *never measured*.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use geography::Geography;
use metering::disclosure::Nesting;
use metering::stored::PlacedRow;

use super::days::{LeafDay, leaf_of};

/// By area of the finest level, in the geography's order.
pub(super) struct EverHeard {
    leaves: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// The most homes of any day that was looked at.
    on_a_day: Vec<u32>,
    /// The most of any window that the feed told of, by partition: a meter is always of the same one, so
    /// partitions may be added up.
    in_a_window: HashMap<u32, Vec<u32>>,
}

impl EverHeard {
    /// Nothing heard yet.
    pub(super) fn new(leaves: usize) -> Self {
        EverHeard { leaves, held: Mutex::new(Held { on_a_day: vec![0; leaves], ..Held::default() }) }
    }

    /// Notes a day, which is one of the stored ones.
    pub(super) fn note_day(&self, leaves: &[LeafDay]) {
        for (held, day) in self.lock().on_a_day.iter_mut().zip(leaves) {
            *held = (*held).max(day.homes);
        }
    }

    /// Notes what the feed tells of, however long ago it was.
    pub(super) fn note_rows(&self, partition: u32, rows: &[PlacedRow], geography: &Geography) {
        let mut held = self.lock();
        let by_leaf = held.in_a_window.entry(partition).or_insert_with(|| vec![0; self.leaves]);
        for PlacedRow { place, row } in rows {
            if let Some(held) = leaf_of(geography, &place.area).and_then(|leaf| by_leaf.get_mut(leaf)) {
                *held = (*held).max(u32::try_from(row.meters).unwrap_or(0));
            }
        }
    }

    /// Of the finest level.
    pub(super) fn by_leaf(&self) -> Vec<u32> {
        let held = self.lock();
        let in_a_window = |leaf: usize| held.in_a_window.values().map(|by_leaf| by_leaf[leaf]).sum();
        held.on_a_day.iter().enumerate().map(|(leaf, &homes)| homes.max(in_a_window(leaf))).collect()
    }

    /// Of all areas, the finest level summed up to larger ones.
    pub(super) fn by_area(&self, nesting: &Nesting) -> Vec<u32> {
        let mut areas = vec![0; nesting.len() - self.leaves];
        areas.extend(self.by_leaf());
        for area in (0..areas.len()).rev() {
            if let Some(parent) = nesting.parent(area) {
                areas[parent] += areas[area];
            }
        }
        areas
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
