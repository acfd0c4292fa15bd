//! Which homes changed half-hours that are no longer followed, as owners told: a correction of energy shows in nothing else.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use geography::Geography;
use metering::disclosure::ChangedHome;
use metering::stored::{HomeChange, PlacedRow};
use metering::{Position, Window};

use super::summary::leaf_of;

/// Homes that are held at most, of 24 bytes: those of days that nobody looks at. What is dropped counts as if nobody had told.
const HELD_MAX: usize = 500_000;

/// Homes that changed what is stored of a half-hour, until somebody looks at that.
#[derive(Default)]
pub(super) struct Told(Mutex<Held>);

#[derive(Default)]
struct Held {
    windows: HashMap<Window, Vec<ChangedHome>>,
    homes: usize,
}

impl Told {
    /// Notes who changed a partition's rows, of windows before `left_until`. Homes are in order of their rows.
    pub(super) fn note(
        &self,
        partition: u32,
        rows: &[PlacedRow],
        homes: &[HomeChange],
        geography: &Geography,
        left_until: Window,
    ) {
        if homes.is_empty() {
            return;
        }
        let mut held = self.held();
        for &HomeChange { row, home, at } in homes {
            let place = rows.get(row as usize).map(|row| &row.place);
            let Some(place) = place.filter(|place| place.window < left_until) else { continue };
            let Some(leaf) = leaf_of(geography, &place.area).filter(|_| held.homes < HELD_MAX) else {
                continue;
            };
            held.windows.entry(place.window).or_default().push(ChangedHome { leaf, home, partition, at });
            held.homes += 1;
        }
    }

    /// Takes those of a window whose changes are stored.
    pub(super) fn take(&self, window: Window, stored: &[Option<Position>]) -> Vec<ChangedHome> {
        let mut held = self.held();
        let Some(homes) = held.windows.remove(&window) else { return Vec::new() };
        let is_stored = |change: &ChangedHome| {
            stored.get(change.partition as usize).is_some_and(|stored| *stored >= Some(change.at))
        };
        let (taken, left): (Vec<_>, Vec<_>) = homes.into_iter().partition(is_stored);
        held.homes -= taken.len();
        if !left.is_empty() {
            held.windows.insert(window, left);
        }
        taken
    }

    /// They could not be looked at.
    pub(super) fn put_back(&self, window: Window, homes: Vec<ChangedHome>) {
        if !homes.is_empty() {
            let mut held = self.held();
            held.homes += homes.len();
            held.windows.entry(window).or_default().extend(homes);
        }
    }

    /// They are of other aggregates.
    pub(super) fn forget(&self) {
        *self.held() = Held::default();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use metering::{AggregateRow, AreaCode, Place};

    use super::*;

    #[test]
    fn who_is_told_of_is_taken_once_and_not_before_it_is_stored() {
        let (geography, told) = (Geography::london(), Told::default());
        let area = AreaCode::parse("E01000001").unwrap();
        let row = |window| PlacedRow {
            place: Place { area: area.clone(), window: Window(window) },
            row: AggregateRow::default(),
        };
        let rows = [row(10), row(20)];
        let change = |row, home, at| HomeChange { row, home, at: Position::new(1, at) };
        told.note(1, &rows, &[change(0, 7, 5), change(0, 8, 9), change(1, 7, 5)], &geography, Window(15));
        let stored = |at| [None, Some(Position::new(1, at))];
        let homes = |taken: &[ChangedHome]| taken.iter().map(|change| change.home).collect::<Vec<_>>();
        assert_eq!(homes(&told.take(Window(10), &stored(4))), [] as [u32; 0]);
        let taken = told.take(Window(10), &stored(5));
        assert_eq!(homes(&taken), [7]);
        told.put_back(Window(10), taken);
        assert_eq!(homes(&told.take(Window(10), &stored(9))), [8, 7]);
        assert_eq!(homes(&told.take(Window(10), &stored(9))), [] as [u32; 0]);
        assert_eq!(homes(&told.take(Window(20), &stored(9))), [] as [u32; 0], "that one is followed");
        assert_eq!(told.held().homes, 0);
    }
}
