//! A world for the driver: a clock that runs when nothing else does, and a door that remembers.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use metering::{Energy, Interval, MeterId, Reading, Registration, UtcSecond};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::city::population;
use crate::{
    Accepted, Clock, Control, ReadingSink, Simulation, SimulatorError, SimulatorProgress, SimulatorState,
    SinkError, StateKeeper,
};

/// A Sunday in November, some minutes past ten.
pub(crate) const BEGINNING: &str = "2026-11-22T10:07:13Z";

/// tokio's time, which a paused runtime lets pass at once, as time of day.
#[derive(Clone, Copy)]
pub(crate) struct WorldClock {
    begun: Instant,
    begun_ms: i64,
}

impl WorldClock {
    pub(crate) fn now(&self) -> UtcSecond {
        UtcSecond(self.now_ms() / 1000)
    }
}

impl Clock for WorldClock {
    fn now_ms(&self) -> i64 {
        self.begun_ms + self.begun.elapsed().as_millis() as i64
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(time)
    }
}

/// What was accepted once.
#[derive(Debug, Clone)]
pub(crate) struct Receipt {
    pub(crate) at: UtcSecond,
    pub(crate) reading: Reading,
}

/// The door, and the cupboard for the state.
pub(crate) struct World {
    pub(crate) clock: WorldClock,
    pub(crate) receipts: Mutex<Vec<Receipt>>,
    pub(crate) registered: Mutex<HashMap<MeterId, Registration>>,
    pub(crate) saved: Mutex<Option<SimulatorState>>,
    /// How often the state was saved.
    pub(crate) saves: Mutex<usize>,
    pub(crate) calls: Mutex<usize>,
    /// Every so manieth call is answered with "busy".
    pub(crate) busy_every: usize,
    /// The door is closed after so many calls.
    pub(crate) closed_after: usize,
    pub(crate) control: watch::Sender<Control>,
    pub(crate) progress: watch::Sender<SimulatorProgress>,
}

impl World {
    pub(crate) fn new(control: Control) -> Self {
        let begun_ms = UtcSecond::parse(BEGINNING).unwrap().0 * 1000;
        World {
            clock: WorldClock { begun: Instant::now(), begun_ms },
            receipts: Mutex::default(),
            registered: Mutex::default(),
            saved: Mutex::default(),
            saves: Mutex::default(),
            calls: Mutex::default(),
            busy_every: usize::MAX,
            closed_after: usize::MAX,
            control: watch::Sender::new(control),
            progress: watch::Sender::new(SimulatorProgress::default()),
        }
    }

    /// Runs the simulation for so long. It is dropped where it stands: nothing is saved at the end.
    pub(crate) async fn run_for(
        self: &Arc<Self>,
        time: Duration,
        history_days: u16,
    ) -> Option<SimulatorError> {
        let never = CancellationToken::new();
        let running = self.simulation(history_days, never).run();
        tokio::time::timeout(time, running).await.ok().and_then(Result::err)
    }

    pub(crate) fn simulation(
        self: &Arc<Self>,
        days: u16,
        shutdown: CancellationToken,
    ) -> Simulation<WorldClock> {
        Simulation {
            population: population(10),
            sink: self.clone(),
            keeper: self.clone(),
            clock: self.clock,
            control: self.control.subscribe(),
            progress: self.progress.clone(),
            history_days: days,
            shutdown,
        }
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut Control)) {
        self.control.send_modify(change);
    }

    /// The last value of every reading, by meter. Fails if two that were accepted overlap.
    pub(crate) fn books(&self) -> BTreeMap<MeterId, BTreeMap<UtcSecond, (Interval, Energy)>> {
        let mut books: BTreeMap<MeterId, BTreeMap<UtcSecond, (Interval, Energy)>> = BTreeMap::new();
        for Receipt { reading, .. } in self.receipts.lock().unwrap().iter() {
            let book = books.entry(reading.meter.clone()).or_default();
            book.insert(reading.interval.start(), (reading.interval, reading.energy));
        }
        for (meter, book) in &books {
            let intervals: Vec<Interval> = book.values().map(|entry| entry.0).collect();
            for pair in intervals.windows(2) {
                assert!(pair[0].end() <= pair[1].start(), "{meter}: {:?} overlaps {:?}", pair[0], pair[1]);
            }
        }
        // The same start with another length is an overlap, too.
        for Receipt { reading, .. } in self.receipts.lock().unwrap().iter() {
            let kept = books[&reading.meter][&reading.interval.start()].0;
            assert_eq!(kept, reading.interval, "{}", reading.meter);
        }
        books
    }

    /// Checks that a home's readings follow each other without a gap, and are what the home has used.
    pub(crate) fn check_whole(&self, homes: std::ops::Range<u32>, from: &str, until_at_least: UtcSecond) {
        let (books, population) = (self.books(), population(homes.end as usize));
        for home in homes {
            let book = &books[&population.meter(home)];
            let mut at = UtcSecond::parse(from).unwrap();
            for &(interval, energy) in book.values() {
                assert_eq!(interval.start(), at, "home {home} has a gap");
                assert_eq!(energy, population.energy(home, interval), "home {home}, {interval:?}");
                at = interval.end();
            }
            assert!(at >= until_at_least, "home {home} ends at {at}, not {until_at_least}");
        }
    }

    fn answer(&self) -> Result<(), SinkError> {
        let mut calls = self.calls.lock().unwrap();
        *calls += 1;
        if *calls > self.closed_after {
            return Err(SinkError::Closed("the test is over".into()));
        }
        if calls.is_multiple_of(self.busy_every) {
            return Err(SinkError::Busy { retry_after: Duration::from_millis(700) });
        }
        Ok(())
    }
}

/// Before and after the deed: whoever is killed in between does not know whether it was done.
async fn some_time() {
    tokio::time::sleep(Duration::from_millis(15)).await;
}

#[async_trait]
impl ReadingSink for World {
    async fn register(&self, registrations: Vec<Registration>) -> Result<(), SinkError> {
        some_time().await;
        self.answer()?;
        let new = registrations.into_iter().map(|registration| (registration.meter.clone(), registration));
        self.registered.lock().unwrap().extend(new);
        some_time().await;
        Ok(())
    }

    async fn send(&self, readings: Vec<Reading>) -> Result<Accepted, SinkError> {
        some_time().await;
        self.answer()?;
        let at = self.clock.now();
        let mut accepted = Accepted::default();
        for reading in readings {
            assert!(reading.interval.end() <= at, "{reading:?} is of the future, it is {at}");
            if metering::wire::implausible(reading.energy, reading.interval) {
                accepted.rejected += 1;
                continue;
            }
            let known = self.registered.lock().unwrap().contains_key(&reading.meter);
            assert!(
                known || reading.meter.as_str().starts_with("SIMX"),
                "{reading:?} before its registration"
            );
            accepted.accepted += 1;
            self.receipts.lock().unwrap().push(Receipt { at, reading });
        }
        some_time().await;
        Ok(accepted)
    }
}

#[async_trait]
impl StateKeeper for World {
    async fn load(&self) -> Result<Option<SimulatorState>, SinkError> {
        Ok(self.saved.lock().unwrap().clone())
    }

    async fn save(&self, state: &SimulatorState) -> Result<(), SinkError> {
        some_time().await;
        *self.saves.lock().unwrap() += 1;
        // Through JSON, as it will be kept.
        let text = serde_json::to_string(state).unwrap();
        *self.saved.lock().unwrap() = Some(serde_json::from_str(&text).unwrap());
        some_time().await;
        Ok(())
    }
}
