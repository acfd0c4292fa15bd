//! How many homes an area was ever heard from, and when enough of them last were: what tells *hidden* from *never
//! measured*, and *never measured* from *not measured lately*.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use geography::Geography;
use jiff::civil::Date;
use metering::disclosure::Nesting;
use metering::stored::PlacedRow;

use super::nested::summed_up;
use super::summary::leaf_of;

/// By area of the finest level, in the geography's order.
pub(super) struct EverHeard {
    nesting: Arc<Nesting>,
    leaves: usize,
    /// Homes on a day that are enough to speak of it.
    enough: u32,
    held: Mutex<Held>,
}

struct Held {
    /// The most homes of any day that was looked at.
    on_a_day: Vec<u32>,
    /// And of any that was over.
    on_a_whole_day: Vec<u32>,
    /// The most of any window that the feed told of, by partition: a meter is always of the same one, so
    /// partitions may be added up.
    in_a_window: HashMap<u32, Vec<u32>>,
    /// By area of all levels: the newest day that was looked at on which enough homes were heard.
    last_enough: Vec<Option<Date>>,
    /// The same for all areas together.
    newest: Option<Date>,
    /// Homes of all areas, once somebody has asked since that changed.
    by_area: Option<Arc<[u32]>>,
}

impl Held {
    fn by_leaf(&self) -> Vec<u32> {
        let mut by_leaf = vec![0; self.on_a_day.len()];
        for of_partition in self.in_a_window.values() {
            by_leaf.iter_mut().zip(of_partition).for_each(|(sum, &homes)| *sum += homes);
        }
        by_leaf.iter_mut().zip(&self.on_a_day).for_each(|(homes, &on_a_day)| *homes = on_a_day.max(*homes));
        by_leaf
    }
}

impl EverHeard {
    /// Nothing heard yet.
    pub(super) fn new(nesting: Arc<Nesting>, leaves: usize, enough: u32) -> Self {
        let held = Held {
            on_a_day: vec![0; leaves],
            on_a_whole_day: vec![0; leaves],
            in_a_window: HashMap::new(),
            last_enough: vec![None; nesting.len()],
            newest: None,
            by_area: None,
        };
        EverHeard { nesting, leaves, enough, held: Mutex::new(held) }
    }

    /// Notes a day, which is one of the stored ones, and how many homes were heard on it, by area of the finest level.
    pub(super) fn note_day(&self, date: Date, homes: &[u32], is_over: bool) {
        let raise =
            |most: &mut [u32]| most.iter_mut().zip(homes).for_each(|(most, &homes)| *most = homes.max(*most));
        let mut held = self.lock();
        held.by_area = None;
        raise(&mut held.on_a_day);
        if is_over {
            raise(&mut held.on_a_whole_day);
        }
        let by_area = summed_up(homes, &self.nesting, |whole, part| *whole += part);
        for (last, &homes) in held.last_enough.iter_mut().zip(&by_area) {
            if homes >= self.enough {
                *last = (*last).max(Some(date));
            }
        }
        if homes.iter().sum::<u32>() >= self.enough {
            held.newest = held.newest.max(Some(date));
        }
    }

    /// Notes what the feed tells of, however long ago it was.
    pub(super) fn note_rows(&self, partition: u32, rows: &[PlacedRow], geography: &Geography) {
        let Held { in_a_window, by_area, .. } = &mut *self.lock();
        let by_leaf = in_a_window.entry(partition).or_insert_with(|| vec![0; self.leaves]);
        for PlacedRow { place, row } in rows {
            let meters = u32::try_from(row.meters).unwrap_or(0);
            let most = leaf_of(geography, &place.area).and_then(|leaf| by_leaf.get_mut(leaf));
            if let Some(most) = most.filter(|most| **most < meters) {
                (*most, *by_area) = (meters, None);
            }
        }
    }

    /// Of the homes that are registered, by area of the finest level, as many as ever were heard on a day: the others may
    /// never be. All of them where none was heard yet.
    pub(super) fn as_many_of(&self, registered: &[u32]) -> Vec<u32> {
        let heard = &self.lock().on_a_whole_day;
        let of =
            |(&registered, &heard): (&u32, &u32)| if heard > 0 { heard.min(registered) } else { registered };
        registered.iter().zip(heard).map(of).collect()
    }

    /// The newest day on which enough homes were heard, all areas together.
    pub(super) fn newest(&self) -> Option<Date> {
        self.lock().newest
    }

    /// The newest day on which enough homes of an area were heard.
    pub(super) fn last_enough(&self, area: usize) -> Option<Date> {
        self.lock().last_enough[area]
    }

    /// Homes of the finest level's areas.
    pub(super) fn by_leaf(&self) -> Vec<u32> {
        self.lock().by_leaf()
    }

    /// Homes of all areas, the finest level summed up to larger ones.
    pub(super) fn by_area(&self) -> Arc<[u32]> {
        let mut held = self.lock();
        if let Some(known) = &held.by_area {
            return known.clone();
        }
        let summed: Arc<[u32]> =
            summed_up(&held.by_leaf(), &self.nesting, |whole, part| *whole += part).into();
        held.by_area = Some(summed.clone());
        summed
    }

    /// Whether so few homes of an area were ever heard that nothing of its own may be said.
    pub(super) fn is_withheld(&self, area: usize) -> bool {
        (1..self.enough).contains(&self.by_area()[area])
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_few_homes_do_not_move_the_newest_day() {
        let nesting = Arc::new(Nesting::new(vec![vec![None], vec![Some(0), Some(0)]]));
        let ever = EverHeard::new(nesting, 2, 10);
        ever.note_day(date(2018, 12, 17), &[4, 12], true);
        ever.note_day(date(2026, 11, 22), &[1, 0], true);
        assert_eq!(ever.newest(), Some(date(2018, 12, 17)));
        assert_eq!(ever.last_enough(0), Some(date(2018, 12, 17)));
        assert_eq!((ever.last_enough(1), ever.last_enough(2)), (None, Some(date(2018, 12, 17))));
        assert_eq!(*ever.by_area(), [16, 4, 12]);
        ever.note_day(date(2026, 11, 23), &[5, 5], false);
        assert_eq!(ever.newest(), Some(date(2026, 11, 23)), "two areas together may be enough");
        assert_eq!(ever.as_many_of(&[5, 50]), [4, 12], "that day is not over");
    }
}
