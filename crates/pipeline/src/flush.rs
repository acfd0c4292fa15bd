//! What is to be written and published, and what is known to be written.

use metering::stored::{FlushPlan, Hint, HomeChange, PlacedRow, RawVersion};
use metering::{MeterId, Position, UtcSecond};

use crate::partition::Partition;
use crate::rows::PlaceIx;

/// The name of a flush, for its acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlushId(u32);

/// Rows for the live topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveRows {
    /// Absolute, in order of place.
    pub rows: Vec<PlacedRow>,
    /// Homes that changed some of them in part since they were published last, in order of the rows.
    pub homes: Vec<HomeChange>,
    /// The log's append time of the newest record that they cover, milliseconds since 1970.
    pub newest_ms: i64,
}

/// A flush. Send `live` (and all that [`Partition::take_live`] gave before) and see it acknowledged;
/// then write `plan`; then say [`Partition::flushed`]. Whatever fails may be done again, any number of times.
#[derive(Debug, Clone)]
pub struct Flush {
    /// For [`Partition::flushed`].
    pub id: FlushId,
    /// Changed rows that were not published yet.
    pub live: LiveRows,
    /// What to write.
    pub plan: FlushPlan,
}

/// The flush under way, if there is one.
#[derive(Debug)]
pub(crate) struct FlushState {
    /// Flushes that were taken.
    count: u32,
    /// Its name, the first own version after it, and its progress.
    under_way: Option<(FlushId, u64, Position)>,
    /// Progress that is acknowledged.
    progress: Option<Position>,
}

impl FlushState {
    pub(crate) fn new(progress: Option<Position>) -> Self {
        FlushState { count: 0, under_way: None, progress }
    }

    /// The number of the flush under way.
    pub(crate) fn under_way(&self) -> Option<u32> {
        self.under_way.map(|(FlushId(number), ..)| number)
    }
}

impl Partition {
    /// Decided and not yet in a flush: readings, registrations and dead letters, of which a long one counts for several. How
    /// urgent a flush is, and how much memory it takes: about 250 bytes each.
    pub fn unflushed(&self) -> usize {
        (self.own.end() - self.unflushed) as usize + self.registrations.len() + self.dead_weight
    }

    /// Progress as far as the store has acknowledged it.
    pub fn progress(&self) -> Option<Position> {
        self.flush.progress
    }

    /// Changed rows that were not published yet. What can't be sent goes back with
    /// [`Partition::publish_again`].
    pub fn take_live(&mut self) -> LiveRows {
        let (rows, homes) = self.rows.take_unpublished(&self.areas);
        LiveRows { rows, homes, newest_ms: self.newest_ms }
    }

    /// These rows could not be sent: they will come with the next ones, as they are by then.
    pub fn publish_again(&mut self, live: LiveRows) {
        let mut homes = live.homes.into_iter().peekable();
        for (number, PlacedRow { place, row }) in (0..).zip(live.rows) {
            let place = PlaceIx { area: self.areas.intern(&place.area), window: place.window };
            let of_row = std::iter::from_fn(|| homes.next_if(|change| change.row <= number));
            self.rows.publish_again(place, row, of_row);
        }
    }

    /// Everything that has been decided since the last flush was taken. None while one is under way, and
    /// where nothing has been decided.
    pub fn take_flush(&mut self) -> Option<Flush> {
        let progress = self.done?;
        if self.flush.under_way.is_some() || self.flush.progress == Some(progress) {
            return None;
        }
        let live = self.take_live();
        self.flush.count += 1;
        let number = self.flush.count;
        let rows = self.rows.take_changed(&self.areas, number);
        let hints = self.take_hints(number);
        for registration in &self.registrations {
            if let Some(ix) = self.meters.find(registration.meter.as_str()) {
                self.meters[ix].flush = number;
            }
        }
        let raw = self.own.since(self.unflushed).map(|own| RawVersion {
            meter: self.meters[own.meter].id.clone(),
            interval: own.version.interval,
            at: own.version.at.into(),
            energy: own.version.energy,
            area: self.areas.code(own.version.area).clone(),
        });
        let plan = FlushPlan {
            partition: self.config.partition,
            rows,
            raw: raw.collect(),
            registrations: std::mem::take(&mut self.registrations),
            hints,
            dead: std::mem::take(&mut self.dead),
            progress,
        };
        debug_assert!(plan.raw.iter().all(|version| version.at <= progress), "I3");
        self.dead_weight = 0;
        let id = FlushId(number);
        self.unflushed = self.own.end();
        self.flush.under_way = Some((id, self.unflushed, progress));
        if !self.rules.keep_until_acknowledged() {
            self.own.forget_before(self.unflushed);
        }
        Some(Flush { id, live, plan })
    }

    fn take_hints(&mut self, flush: u32) -> Vec<(MeterId, Hint)> {
        let mut hints = Vec::with_capacity(self.hinted.len());
        for ix in std::mem::take(&mut self.hinted) {
            let meter = &mut self.meters[ix];
            meter.hint_changed = false;
            meter.flush = flush;
            let hint = Hint { at: meter.hint_at.into(), end: UtcSecond(meter.hint_end) };
            hints.push((meter.id.clone(), hint));
        }
        hints
    }

    /// The store has acknowledged all of a flush. What it covers is forgotten when the batch ends.
    pub fn flushed(&mut self, id: FlushId) {
        let Some((_, end, progress)) = self.flush.under_way.take_if(|(flush, ..)| *flush == id) else {
            return;
        };
        self.acknowledged = end;
        self.flush.progress = Some(progress);
        if !self.rules.forget_between_batches() {
            self.own.forget_before(end);
        }
    }
}
