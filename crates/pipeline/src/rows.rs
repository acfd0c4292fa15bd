//! Aggregate rows of one partition: a cache, and what of it is to be written and published.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use metering::stored::{HomeChange, PlacedRow, Windows};
use metering::{AggregateRow, Energy, Place, Window};
use smallvec::SmallVec;

use crate::areas::{AreaIx, Areas};
use crate::rules::Rules;
use crate::stamp::Stamp;

/// Where something is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PlaceIx {
    pub(crate) area: AreaIx,
    pub(crate) window: Window,
}

/// What a record changes about a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Change {
    pub(crate) energy: Energy,
    pub(crate) meters: i64,
    pub(crate) seconds: i64,
}

#[derive(Debug, Default)]
struct Row {
    through: Stamp,
    energy: Energy,
    meters: i64,
    seconds: i64,
    /// To be written.
    changed: bool,
    /// To be published.
    unpublished: bool,
    /// Used since the last sweep.
    touched: bool,
    /// The last flush that took it.
    flush: u32,
}

/// The rows that an owner remembers.
#[derive(Debug)]
pub(crate) struct Rows {
    rows: HashMap<PlaceIx, Row, FixedState>,
    /// Windows in which the store may have rows from before this owner, and those of which it has forgotten some itself.
    /// In all others it remembers every row there is.
    elsewhere: [Windows; 2],
    changed: Vec<PlaceIx>,
    unpublished: Vec<PlaceIx>,
    /// Homes that changed rows that are to be published in part, and when they last did.
    partly: HashMap<PlaceIx, SmallVec<[(u32, Stamp); 4]>, FixedState>,
}

/// Of those, so many of a row at most: whoever counts them wants to know whether they are ten, and rows go in messages.
const HOMES_OF_A_ROW: usize = 16;

impl Default for Rows {
    fn default() -> Self {
        Rows {
            rows: HashMap::default(),
            elsewhere: [Windows::ALL, Windows::NONE],
            changed: Vec::new(),
            unpublished: Vec::new(),
            partly: HashMap::default(),
        }
    }
}

impl Rows {
    /// The store has rows from before this owner in these windows alone.
    pub(crate) fn are_in(&mut self, windows: Windows) {
        self.elsewhere[0] = windows;
    }

    /// Whether the row is known: it is remembered, or there is none.
    pub(crate) fn has(&self, place: PlaceIx) -> bool {
        !self.elsewhere.iter().any(|windows| windows.contain(place.window)) || self.rows.contains_key(&place)
    }

    /// Takes a row of the store; one in memory is as good or better.
    pub(crate) fn learn(&mut self, place: PlaceIx, stored: AggregateRow) {
        self.rows.entry(place).or_insert_with(|| Row {
            through: stored.through.into(),
            energy: stored.energy,
            meters: stored.meters,
            seconds: stored.meter_seconds,
            touched: true,
            ..Row::default()
        });
    }

    /// Counts a change, unless the row has seen it (rule 1). What is skipped counts as changed (rule 13). `partly` is the
    /// home that makes it, if it is of a part of the half-hour.
    pub(crate) fn count(
        &mut self,
        place: PlaceIx,
        change: Change,
        partly: Option<u32>,
        at: Stamp,
        rules: Rules,
    ) {
        let row = self.rows.entry(place).or_default();
        let skip = row.through >= at && rules.skip_by_through();
        row.touched = true;
        if !skip {
            row.through = row.through.max(at);
            row.energy += change.energy;
            row.meters += change.meters;
            row.seconds += change.seconds;
            if let Some(home) = partly {
                note(self.partly.entry(place).or_default(), home, at);
            }
        }
        if !skip || rules.skipped_counts_as_changed() {
            if !row.changed {
                row.changed = true;
                self.changed.push(place);
            }
            if !row.unpublished {
                row.unpublished = true;
                self.unpublished.push(place);
            }
        }
    }

    /// The rows to be written, which they then no longer are.
    pub(crate) fn take_changed(&mut self, areas: &Areas, flush: u32) -> Vec<PlacedRow> {
        let mut places = std::mem::take(&mut self.changed);
        self.take(&mut places, areas, |row| {
            row.changed = false;
            row.flush = flush;
        })
    }

    /// The rows to be published, which they then no longer are, and the homes that changed them in part.
    pub(crate) fn take_unpublished(&mut self, areas: &Areas) -> (Vec<PlacedRow>, Vec<HomeChange>) {
        let mut places = std::mem::take(&mut self.unpublished);
        let taken = self.take(&mut places, areas, |row| row.unpublished = false);
        let mut homes = Vec::new();
        if !self.partly.is_empty() {
            for (row, place) in (0..).zip(&places) {
                let of_row = self.partly.remove(place).unwrap_or_default();
                homes.extend(of_row.into_iter().map(|(home, at)| HomeChange { row, home, at: at.into() }));
            }
        }
        (taken, homes)
    }

    /// Grouped by area, then window: rows of one area and day lie together in a store.
    fn take(&mut self, places: &mut [PlaceIx], areas: &Areas, mark: impl Fn(&mut Row)) -> Vec<PlacedRow> {
        places.sort_unstable();
        let mut taken = Vec::with_capacity(places.len());
        for &mut place in places {
            if let Some(row) = self.rows.get_mut(&place) {
                mark(row);
                taken.push(PlacedRow {
                    place: Place { area: areas.code(place.area).clone(), window: place.window },
                    row: AggregateRow {
                        through: row.through.into(),
                        energy: row.energy,
                        meters: row.meters,
                        meter_seconds: row.seconds,
                    },
                });
            }
        }
        taken
    }

    /// This row is to be published after all, and which of the homes changed it in part.
    pub(crate) fn publish_again(
        &mut self,
        place: PlaceIx,
        published: AggregateRow,
        homes: impl Iterator<Item = HomeChange>,
    ) {
        self.learn(place, published);
        for HomeChange { home, at, .. } in homes {
            note(self.partly.entry(place).or_default(), home, at.into());
        }
        if let Some(row) = self.rows.get_mut(&place)
            && !row.unpublished
        {
            row.unpublished = true;
            self.unpublished.push(place);
        }
    }

    /// Forgets rows that the store has, those not used since the last sweep first. One that is on its
    /// way to the store stays: it must not be read there before it arrives.
    pub(crate) fn sweep(&mut self, limit: usize, under_way: Option<u32>, rules: Rules) {
        for all in [false, true] {
            if self.rows.len() > limit {
                let forgotten = &mut self.elsewhere[1];
                self.rows.retain(|place, row| {
                    let needed = row.changed || row.unpublished || Some(row.flush) == under_way;
                    let stays = needed || (row.touched && !all);
                    row.touched = false;
                    if !stays && rules.note_what_is_forgotten() {
                        *forgotten = forgotten.with(place.window);
                    }
                    stays
                });
            }
        }
    }
}

fn note(homes: &mut SmallVec<[(u32, Stamp); 4]>, home: u32, at: Stamp) {
    if let Some((_, last)) = homes.iter_mut().find(|(known, _)| *known == home) {
        *last = at.max(*last);
    } else if homes.len() < HOMES_OF_A_ROW {
        homes.push((home, at));
    }
}
