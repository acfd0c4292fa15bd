//! The past: the backlog at half-hours, newest day first, area after area, behind live readings.

use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use metering::{Interval, Reading};

use super::clock::Clock;
use super::outbox::Closed;
use super::state::Backlog;
use super::{Driver, RunState};
use crate::population::{Diary, Population};

/// Readings in a batch, about: whole days of some homes.
const BATCH: usize = 1500;

/// Batches under way at once, so that those who write in groups have a group to write.
const BATCHES_AT_ONCE: usize = 4;

/// History waits while live readings are later than this, seconds.
const LIVE_LATE_MAX_S: i64 = 5;

/// How long to wait then, and with nothing to do.
const PAUSE: Duration = Duration::from_millis(500);

/// Readings after which the state is saved: what a crash makes us send again at most.
const SAVE_EVERY: u64 = 50_000;

/// What is known about the backlog's day, for all its homes.
struct Page {
    backlog: Backlog,
    homes: Vec<u32>,
    day: crate::Day,
    pieces: Vec<Interval>,
}

impl<C: Clock> Driver<C> {
    /// Sends the backlog, whenever there is one. Never returns but with an error.
    pub(super) async fn send_history(&self) -> Result<(), Closed> {
        let mut page: Option<Page> = None;
        let mut unsaved = 0;
        loop {
            let next = self.out.state().next_backlog();
            let (running, late_s) = {
                let progress = self.out.progress.borrow();
                (progress.state == RunState::Running, progress.live_late_s)
            };
            let Some(backlog) = next.filter(|_| running && late_s <= LIVE_LATE_MAX_S) else {
                self.out.clock.sleep(PAUSE).await;
                continue;
            };
            let population = self.population();
            let here = match page.take() {
                Some(page) if (page.backlog.id, page.backlog.day) == (backlog.id, backlog.day) => page,
                before => turn_to(&population, backlog, before),
            };
            let sent = self.send_some(&population, &here, backlog.homes_done as usize).await?;
            page = Some(here);
            unsaved += sent;
            let finished = self.out.state().next_backlog().is_none();
            if unsaved >= SAVE_EVERY || finished {
                self.out.save().await?;
                unsaved = 0;
            }
            self.pace(sent).await;
        }
    }

    /// Sends a few batches of a day; returns how many readings that were.
    async fn send_some(&self, population: &Population, page: &Page, done: usize) -> Result<u64, Closed> {
        let homes_a_batch = (BATCH / page.pieces.len().max(1)).max(1);
        let homes = &page.homes[done.min(page.homes.len())..];
        let homes = &homes[..homes.len().min(homes_a_batch * BATCHES_AT_ONCE)];
        let mut diary = Diary::default();
        let batches = homes.chunks(homes_a_batch).map(|homes| {
            let mut readings: Vec<Reading> = Vec::with_capacity(homes.len() * page.pieces.len());
            for &home in homes {
                population.readings(home, &page.day, &page.pieces, &mut diary, &mut readings);
            }
            self.out.send(readings)
        });
        let sent: usize = try_join_all(batches).await?.iter().map(|accepted| accepted.accepted).sum();
        let almanac = population.almanac();
        self.out.state().backlog_sent(page.backlog.id, homes.len() as u32, almanac);
        let readings = (homes.len() * page.pieces.len()) as u64;
        self.out.progress.send_modify(|progress| {
            progress.history_sent += sent as u64;
            progress.history_left = progress.history_left.saturating_sub(readings);
        });
        Ok(readings)
    }

    async fn pace(&self, readings: u64) {
        let most = self.control.borrow().history_per_s_max;
        if let Some(most) = most {
            let wait = readings as f64 / f64::from(most);
            self.out.clock.sleep(Duration::from_secs_f64(wait)).await;
        }
    }
}

fn turn_to(population: &Arc<Population>, backlog: Backlog, before: Option<Page>) -> Page {
    let homes = match before {
        Some(page) if page.backlog.id == backlog.id => page.homes,
        _ => {
            let wanted = backlog.first..backlog.end;
            population.by_area().into_iter().filter(|home| wanted.contains(home)).collect()
        }
    };
    let day = population.almanac().day_numbered(backlog.day);
    let within = day.start..day.end;
    let pieces = backlog.pieces().filter(|piece| within.contains(&piece.start())).collect();
    Page { backlog, homes, day, pieces }
}
