//! What is summed up. A figure is the sum of the partitions' rows for its place.

use std::ops::AddAssign;

use crate::{AreaCode, Energy, Interval, Position, Window};

/// Where something is counted: an area of the finest level, in a window.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The area.
    pub area: AreaCode,
    /// The half-hour.
    pub window: Window,
}

/// One partition's part of a place: the truth as of `through`, the last position that changed it.
/// Signed, because a correction may be decided in another partition than what it corrects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AggregateRow {
    /// The last position that changed the row.
    pub through: Position,
    /// Energy.
    pub energy: Energy,
    /// Meters heard from.
    pub meters: i64,
    /// Meter-seconds covered.
    pub meter_seconds: i64,
}

/// A sum over partitions, windows or areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Energy.
    pub energy: Energy,
    /// Meters heard from, added up over what was summed.
    pub meters: i64,
    /// Meter-seconds covered.
    pub meter_seconds: i64,
}

impl Totals {
    /// Adds one partition's row.
    pub fn add(&mut self, row: &AggregateRow) {
        self.energy += row.energy;
        self.meters += row.meters;
        self.meter_seconds += row.meter_seconds;
    }

    /// Mean power of a home, in watts: energy over covered time. None where nothing is covered.
    pub fn mean_w(&self) -> Option<f64> {
        (self.meter_seconds > 0).then(|| self.energy.mwh() as f64 * 3.6 / self.meter_seconds as f64)
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Totals) {
        self.energy += other.energy;
        self.meters += other.meters;
        self.meter_seconds += other.meter_seconds;
    }
}

/// What an interval puts into each window that it touches: energy and seconds. One share, or two.
pub fn shares(interval: Interval, energy: Energy) -> impl Iterator<Item = (Window, Energy, i64)> {
    let (first, last) = (interval.first_window(), interval.last_window());
    let seconds = i64::from(interval.duration_s());
    let parts = if first == last {
        [Some((first, energy, seconds)), None]
    } else {
        let (a, b) = energy.halves();
        [Some((first, a, seconds / 2)), Some((last, b, seconds / 2))]
    };
    parts.into_iter().flatten()
}
