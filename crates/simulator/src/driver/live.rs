//! The present: round after round of readings, each home at its own moment after the interval's end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metering::{Interval, Reading, UtcSecond};

use super::clock::Clock;
use super::control::{Control, RunState};
use super::outbox::Closed;
use super::{Driver, history_from};
use crate::draws::{Draws, Subject};
use crate::faults::{Numbered, Outcome};
use crate::population::{Diary, Population};

/// Readings in a batch at most.
const BATCH: usize = 1500;

/// Registrations in a batch.
const REGISTRATIONS: usize = 1000;

/// Homes that report within this time are sent together.
const TICK: Duration = Duration::from_secs(1);

/// An intention is saved for at least this time ahead, so that short intervals don't save all the time.
const INTEND_S: i64 = 300;

/// What the live half remembers from round to round.
#[derive(Default)]
pub(super) struct Live {
    /// The beginning of the next round's interval. None while homes don't send.
    at: Option<UtcSecond>,
    homes: u32,
    /// Up to here, readings of another interval may have been sent in a former life.
    unsure_until: UtcSecond,
    /// Up to here, sending is noted as intended.
    intended: UtcSecond,
    interval_s: u16,
    /// Homes in the order in which they report, each with its moment within the interval, of 2^16 parts.
    order: Vec<(u16, u32)>,
    /// What is held back, by when it is due (ms).
    later: BTreeMap<i64, Vec<Reading>>,
    /// Readings of this minute and the last, for the rate.
    counted: (i64, u64, u64),
}

/// How a round ended.
#[derive(PartialEq)]
enum Round {
    Done,
    /// The control's state changed in the middle.
    Interrupted,
}

impl<C: Clock> Driver<C> {
    /// Sends live readings. Never returns but with an error.
    pub(super) async fn send_live(&self) -> Result<(), Closed> {
        let mut live = Live::default();
        let mut control = self.control.clone();
        loop {
            let wanted = control.borrow_and_update().sound();
            // Without homes there are no rounds to wait in: they would follow each other at once, for ever.
            if wanted.state != RunState::Running || wanted.homes == 0 {
                self.rest(&mut live, &wanted).await?;
                if control.changed().await.is_err() {
                    // Nobody is left to say otherwise.
                    std::future::pending::<()>().await;
                }
                continue;
            }
            if live.at.is_none() || live.homes != wanted.homes {
                self.begin(&mut live, wanted.homes, wanted.interval_s).await?;
            }
            let Some(at) = live.at else { continue };
            let next = self.out.state().round(at, wanted.interval_s, live.unsure_until);
            let Some(interval) = next else {
                return Err(Closed(format!("no reading can begin at {at}")));
            };
            self.intend(&mut live, interval).await?;
            if self.round(&mut live, interval).await? == Round::Done {
                live.at = Some(interval.end());
                self.out.state().round_done(live.homes, interval.end());
            } else {
                // Some homes have sent, some have not: this much and no more may have been sent.
                self.out.state().intend(live.homes, interval.end(), interval.duration_s());
                live.intended = interval.end();
            }
        }
    }

    /// Homes go silent: what is under way is sent, and how far they are is saved.
    async fn rest(&self, live: &mut Live, wanted: &Control) -> Result<(), Closed> {
        self.out.progress.send_modify(|progress| {
            (progress.state, progress.live_late_s, progress.live_per_s) = (wanted.state, 0, 0.0);
            if wanted.homes == 0 {
                progress.homes = 0;
            }
        });
        if wanted.state == RunState::Stopped {
            self.out.state().stopped = true;
        }
        live.at = None;
        self.send_later(live, i64::MAX).await?;
        self.save_if_any().await
    }

    /// Homes start to send, or more or fewer of them do.
    async fn begin(&self, live: &mut Live, homes: u32, interval_s: u16) -> Result<(), Closed> {
        self.grow(homes);
        let population = self.population();
        self.register(&population, homes).await?;
        let now = UtcSecond(self.out.clock.now_ms().div_euclid(1000));
        {
            let mut state = self.out.state();
            let at = live.at.unwrap_or_else(|| state.resume_at(homes, now, interval_s));
            if live.at.is_some() {
                // In the midst of it all: nothing after `at` was sent, whatever was intended.
                state.intend(live.homes, at, live.interval_s);
            }
            let from = history_from(population.almanac(), at, self.history_days);
            let unsure_until = state.go_live(homes, at, interval_s, from, population.almanac());
            *live = Live {
                at: Some(at),
                homes,
                unsure_until,
                intended: at,
                interval_s,
                order: order(&population, homes),
                later: std::mem::take(&mut live.later),
                counted: live.counted,
            };
            let left = state.backlog.iter().map(|b| b.readings_left(population.almanac())).sum();
            self.out.progress.send_modify(|progress| {
                progress.state = RunState::Running;
                progress.homes = homes;
                progress.history_left = left;
            });
        }
        self.out.save().await
    }

    async fn register(&self, population: &Population, homes: u32) -> Result<(), Closed> {
        let mut registered = self.out.state().registered;
        while registered < homes {
            let end = homes.min(registered + REGISTRATIONS as u32);
            let batch = (registered..end).map(|home| population.registration(home)).collect();
            self.out.register(batch).await?;
            registered = end;
            self.out.state().registered = registered;
            self.out.progress.send_modify(|progress| progress.registered = registered);
        }
        Ok(())
    }

    /// Saves that the interval's readings are going to be sent, before the first of them is.
    async fn intend(&self, live: &mut Live, interval: Interval) -> Result<(), Closed> {
        let round_s = interval.duration_s();
        if interval.end() <= live.intended && live.interval_s == round_s {
            return Ok(());
        }
        let rounds = INTEND_S.div_euclid(i64::from(round_s)).max(1);
        let until = UtcSecond(interval.start().0 + rounds * i64::from(round_s));
        let until =
            if live.unsure_until > interval.start() { live.unsure_until.max(interval.end()) } else { until };
        self.out.state().intend(live.homes, until, round_s);
        (live.intended, live.interval_s) = (until, round_s);
        self.out.progress.send_modify(|progress| progress.interval_s = round_s);
        self.out.save().await
    }

    /// Sends one interval of all homes, each home when it is due.
    async fn round(&self, live: &mut Live, interval: Interval) -> Result<Round, Closed> {
        let population = self.population();
        let day = population.almanac().day_of(interval.start());
        let end_ms = interval.end().0 * 1000;
        let (mut next, mut diary) = (0, Diary::default());
        while next < live.order.len() {
            let (state, wanted_s, faults) = {
                let control = self.control.borrow().sound();
                (control.state, control.interval_s, control.faults)
            };
            if state != RunState::Running {
                return Ok(Round::Interrupted);
            }
            // Spread over the interval that follows; less, where readings are to come more often from now on.
            let spread_ms = 1000 * i64::from(interval.duration_s().min(wanted_s));
            let due_ms = |n: usize| end_ms + ((i64::from(live.order[n].0) * spread_ms) >> 16);
            let now_ms = self.out.clock.now_ms();
            let first = next;
            while next < live.order.len() && next - first < BATCH && due_ms(next) <= now_ms {
                next += 1;
            }
            if next == first {
                let wait = Duration::from_millis((due_ms(next) - now_ms).max(1) as u64);
                self.wait(live, wait.max(TICK)).await?;
                continue;
            }
            let late_s = (now_ms - due_ms(first)) / 1000;
            let batch = readings(&population, &day, interval, &live.order[first..next], &mut diary);
            let Outcome { now, later } = faults.apply(population.seed(), batch);
            for (delay_s, readings) in later {
                live.later.entry(now_ms + delay_s * 1000).or_default().extend(readings);
            }
            let sent = self.out.send(now).await?.accepted;
            self.note(live, sent, late_s);
            self.send_later(live, now_ms).await?;
        }
        let faults = self.control.borrow().faults;
        self.out.send(faults.strangers(population.seed(), interval)).await?;
        Ok(Round::Done)
    }

    /// Waits, at most until the control is changed.
    async fn wait(&self, live: &mut Live, time: Duration) -> Result<(), Closed> {
        let mut control = self.control.clone();
        control.mark_unchanged();
        tokio::select! {
            () = self.out.clock.sleep(time) => {}
            Ok(()) = control.changed() => {}
        }
        let now_ms = self.out.clock.now_ms();
        self.note(live, 0, 0);
        self.send_later(live, now_ms).await
    }

    /// Sends what was held back and is due.
    async fn send_later(&self, live: &mut Live, until_ms: i64) -> Result<(), Closed> {
        while let Some(entry) = live.later.first_entry().filter(|entry| *entry.key() <= until_ms) {
            let readings = entry.remove();
            for batch in readings.chunks(BATCH) {
                self.out.send(batch.to_vec()).await?;
            }
        }
        Ok(())
    }

    /// Counts what was sent, for the rate and for how late it was.
    fn note(&self, live: &mut Live, sent: usize, late_s: i64) {
        const MINUTE_MS: i64 = 60_000;
        let now_ms = self.out.clock.now_ms();
        let (minute, this, last) = live.counted;
        live.counted = match now_ms / MINUTE_MS - minute {
            0 => (minute, this + sent as u64, last),
            1 => (minute + 1, sent as u64, this),
            _ => (now_ms / MINUTE_MS, sent as u64, 0),
        };
        // All of this minute so far, and of the last one as much as makes a minute.
        let (_, this, last) = live.counted;
        let gone = (now_ms % MINUTE_MS) as f64 / MINUTE_MS as f64;
        let per_s = (this as f64 + last as f64 * (1.0 - gone)) / 60.0;
        self.out.progress.send_modify(|progress| {
            progress.live_sent += sent as u64;
            (progress.live_late_s, progress.live_per_s) = (late_s, per_s);
        });
    }
}

fn readings(
    population: &Arc<Population>,
    day: &crate::Day,
    interval: Interval,
    homes: &[(u16, u32)],
    diary: &mut Diary,
) -> Vec<Numbered> {
    let mut readings = Vec::with_capacity(homes.len());
    for &(_, home) in homes {
        population.readings(home, day, &[interval], diary, &mut readings);
    }
    homes.iter().map(|&(_, home)| home).zip(readings).collect()
}

/// The homes in the order of their moments.
fn order(population: &Population, homes: u32) -> Vec<(u16, u32)> {
    let moment = |home: u32| {
        let mut draws = Draws::new(population.seed(), Subject::Stagger, u64::from(home), 0);
        (draws.below(1 << 16) as u16, home)
    };
    let mut order: Vec<(u16, u32)> = (0..homes).map(moment).collect();
    order.sort_unstable();
    order
}
