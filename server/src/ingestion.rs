//! How far each partition is, as its owner says: read by operators, by `/readyz` and by `/metrics`.

mod latency;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Instant;

use engine::{LogError, StoreError};
use metering::stored::DeadLetter;
use metering::{DeadReason, UtcSecond};
use serde::Serialize;

pub use self::latency::{Latency, LatencyStatus};
use crate::clock::Clock;
use crate::state::Ports;

/// A partition of which something waits for longer than a flush and a hand-over take, and of which nothing was stored for as
/// many looks as are remembered, is one that nobody works on.
const WAITS_AT_MOST: f64 = 20.0;
const REMEMBERED: usize = 10;

/// What an owner is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "because", rename_all = "snake_case")]
pub enum Condition {
    /// Owned by another process, or by nobody just now.
    Elsewhere,
    /// The same, and nothing of what waits is stored any more.
    Stalled,
    /// Reading what it left behind.
    Restoring,
    /// Following the log.
    Running,
    /// Trying again after a failure that may pass.
    Waiting(String),
    /// Ended, and somebody has to look.
    Stopped(String),
}

/// One partition's gauges, written by its owner.
#[derive(Debug)]
pub struct PartitionGauges {
    /// The first offset that the store does not have yet.
    progress: AtomicI64,
    /// The first offset that is not decided yet.
    decided: AtomicI64,
    /// Records a second, as bits of an `f64`.
    rate: AtomicU64,
    condition: Mutex<Condition>,
    /// What does not succeed now, and why.
    troubles: Mutex<BTreeMap<&'static str, String>>,
    /// (when, decided), about once a second, the last ten.
    history: Mutex<VecDeque<(Instant, i64)>>,
    /// Counts up as long as the owner lives.
    signs_of_life: AtomicU64,
}

/// Of all partitions.
#[derive(Debug)]
pub struct Ingestion {
    /// As many as have been asked for: partitions may be added while this runs.
    partitions: RwLock<Vec<Arc<PartitionGauges>>>,
    latency: Latency,
    /// Why it is not known how far the partitions of others are, if it isn't.
    others_unknown: Mutex<Option<String>>,
    /// By partition: when the record was appended that was the oldest to wait when the log last said so.
    oldest: Mutex<HashMap<u32, i64>>,
    /// Dead letters that owners of this process have stored.
    dead: Mutex<BTreeMap<DeadReason, u64>>,
    /// Whether an owner of this process has ended before everything was stored that it had decided.
    is_left_to_the_log: AtomicBool,
}

/// One partition, as an operator sees it.
#[derive(Debug, Clone, Serialize)]
pub struct PartitionStatus {
    /// Which.
    pub partition: u32,
    /// The offset that the next record will have.
    pub head: i64,
    /// The first offset that the store does not have yet: all before it is counted for good.
    pub progress: i64,
    /// The first offset that is not decided yet: all before it is on the live map.
    pub decided: i64,
    /// Records between head and progress.
    pub lag_records: i64,
    /// How long the oldest of them has waited, seconds; none where the log has never said.
    pub lag_s: Option<f64>,
    /// Records decided a second, over the last ten seconds.
    pub rate_per_s: f64,
    /// What its owner is doing.
    #[serde(flatten)]
    pub condition: Condition,
}

impl Ingestion {
    /// Of so many partitions that this process will own, none restored yet.
    pub fn of_own(partitions: u32) -> Self {
        let ingestion = Ingestion::of_others();
        for gauges in ingestion.first(partitions) {
            gauges.is(Condition::Restoring);
        }
        ingestion
    }

    /// Of partitions that others own, as far as nothing else is said.
    pub fn of_others() -> Self {
        Ingestion {
            partitions: RwLock::default(),
            latency: Latency::default(),
            others_unknown: Mutex::default(),
            oldest: Mutex::default(),
            dead: Mutex::default(),
            is_left_to_the_log: AtomicBool::new(false),
        }
    }

    /// One partition's gauges.
    pub fn partition(&self, partition: u32) -> Arc<PartitionGauges> {
        if let Some(gauges) = self.all().get(partition as usize) {
            return gauges.clone();
        }
        let mut all = self.partitions.write().unwrap_or_else(PoisonError::into_inner);
        while all.len() <= partition as usize {
            all.push(Arc::new(PartitionGauges::elsewhere()));
        }
        all[partition as usize].clone()
    }

    fn first(&self, partitions: u32) -> impl Iterator<Item = Arc<PartitionGauges>> {
        (0..partitions).map(|partition| self.partition(partition))
    }

    fn all(&self) -> RwLockReadGuard<'_, Vec<Arc<PartitionGauges>>> {
        self.partitions.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads from the store how far the partitions are that others own. To be called about once a second.
    pub async fn look_at_others(&self, ports: &Ports) -> Result<(), StoreError> {
        let partitions = ports.log.partitions();
        if self.first(partitions).all(|gauges| !gauges.is_elsewhere()) {
            return Ok(());
        }
        let read = ports.progress(partitions).await;
        *lock(&self.others_unknown) = read.as_ref().err().map(StoreError::to_string);
        let progress = read?;
        for (gauges, progress) in self.first(partitions).zip(progress) {
            if gauges.is_elsewhere() {
                gauges.stored(progress);
                gauges.decided(progress);
                gauges.tick();
            }
        }
        Ok(())
    }

    /// Which of the partitions that this process owns have given no sign of life since: numbers that were once said.
    pub fn signs_of_life(&self) -> HashMap<u32, u64> {
        let all = self.all();
        let owned = (0_u32..).zip(&*all).filter(|(_, gauges)| gauges.is_at_work());
        owned.map(|(partition, gauges)| (partition, gauges.signs_of_life.load(Ordering::Relaxed))).collect()
    }

    /// Notes that an owner ends before everything is stored that it has decided.
    pub fn left_to_the_log(&self) {
        self.is_left_to_the_log.store(true, Ordering::Relaxed);
    }

    /// Whether one has.
    pub fn is_left_to_the_log(&self) -> bool {
        self.is_left_to_the_log.load(Ordering::Relaxed)
    }

    /// Notes dead letters that are stored.
    pub fn buried(&self, letters: &[DeadLetter]) {
        let mut dead = lock(&self.dead);
        letters.iter().for_each(|letter| *dead.entry(letter.reason).or_default() += 1);
    }

    /// How many were, of every reason.
    pub fn dead_letters(&self) -> impl Iterator<Item = (DeadReason, u64)> {
        let dead = lock(&self.dead).clone();
        DeadReason::ALL.into_iter().map(move |reason| (reason, dead.get(&reason).copied().unwrap_or(0)))
    }

    /// From durable to live.
    pub fn latency(&self) -> &Latency {
        &self.latency
    }

    /// All partitions against their log.
    pub async fn status(&self, ports: &Ports, clock: &dyn Clock) -> Result<Vec<PartitionStatus>, LogError> {
        let mut all = self.positions(ports).await?;
        let waiting = waiting(&all);
        let appended = match ports.log.appended_ms(&waiting).await {
            Ok(appended) => appended,
            Err(_) => vec![None; waiting.len()],
        };
        let mut oldest = lock(&self.oldest);
        oldest.retain(|partition, _| waiting.iter().any(|(waits, _)| waits == partition));
        for ((partition, _), appended_ms) in waiting.into_iter().zip(appended) {
            let known = known_oldest(&mut oldest, partition, appended_ms);
            if let Some(of) = all.get_mut(partition as usize) {
                of.lag_s = known.map(|ms| clock.now_ms().saturating_sub(ms).max(0) as f64 / 1000.0);
            }
        }
        drop(oldest);
        let others_unknown = lock(&self.others_unknown).clone();
        for one in all.iter_mut().filter(|one| one.condition == Condition::Elsewhere) {
            let waits = one.lag_s.is_some_and(|waits| waits > WAITS_AT_MOST);
            if let Some(why) = &others_unknown {
                one.condition = Condition::Waiting(format!("how far it is stored can't be looked up: {why}"));
            } else if waits && self.partition(one.partition).stands_still() {
                one.condition = Condition::Stalled;
            }
        }
        Ok(all)
    }

    /// The same without the age of what waits.
    pub async fn positions(&self, ports: &Ports) -> Result<Vec<PartitionStatus>, LogError> {
        let log = ports.log.as_ref();
        let mut all = Vec::new();
        for (partition, gauges) in (0_u32..).zip(self.first(log.partitions())) {
            // Progress first: read the other way round it could be ahead of the head.
            let (progress, decided) =
                (gauges.progress.load(Ordering::Acquire), gauges.decided.load(Ordering::Acquire));
            let head = log.head(partition).await?;
            let lag_records = (head - progress).max(0);
            all.push(PartitionStatus {
                partition,
                head,
                progress,
                decided,
                lag_records,
                lag_s: Some(0.0),
                rate_per_s: f64::from_bits(gauges.rate.load(Ordering::Relaxed)),
                condition: gauges.condition(),
            });
        }
        Ok(all)
    }

    /// Until when all that the log took is stored, as of now: until now itself if nothing waits. None where the log can't say
    /// how old what waits is.
    pub async fn whole_until(&self, ports: &Ports, now: UtcSecond) -> Result<Option<UtcSecond>, LogError> {
        let waiting = waiting(&self.positions(ports).await?);
        let appended: Option<Vec<i64>> = ports.log.appended_ms(&waiting).await?.into_iter().collect();
        Ok(appended
            .map(|all| all.into_iter().min().map_or(now, |ms| UtcSecond(ms.div_euclid(1000)).min(now))))
    }

    /// Of the partitions that this process owns: which are not restored yet, wait, or have stopped.
    pub fn missing(&self) -> Vec<String> {
        let all = self.all();
        (0_u32..)
            .zip(&*all)
            .filter_map(|(partition, gauges)| match gauges.condition() {
                Condition::Running | Condition::Elsewhere | Condition::Stalled => None,
                Condition::Restoring => Some(format!("partition {partition} is being restored")),
                Condition::Waiting(why) => Some(format!("partition {partition} waits: {why}")),
                Condition::Stopped(why) => Some(format!("partition {partition} has stopped: {why}")),
            })
            .collect()
    }
}

/// Where the oldest record stands that is not stored, of each partition that has one.
fn waiting(all: &[PartitionStatus]) -> Vec<(u32, i64)> {
    all.iter().filter(|one| one.lag_records > 0).map(|one| (one.partition, one.progress)).collect()
}

/// When the oldest waiting record of a partition was appended. While the log does not say, it is as old as the one that it
/// spoke of last, or younger: what waits goes on to age, and does not look new when it is worst.
fn known_oldest(oldest: &mut HashMap<u32, i64>, partition: u32, said_ms: Option<i64>) -> Option<i64> {
    if let Some(ms) = said_ms {
        oldest.insert(partition, ms);
    }
    oldest.get(&partition).copied()
}

impl PartitionGauges {
    fn elsewhere() -> Self {
        PartitionGauges {
            progress: AtomicI64::new(0),
            decided: AtomicI64::new(0),
            rate: AtomicU64::new(0),
            condition: Mutex::new(Condition::Elsewhere),
            troubles: Mutex::default(),
            history: Mutex::default(),
            signs_of_life: AtomicU64::new(0),
        }
    }

    fn is_elsewhere(&self) -> bool {
        *lock(&self.condition) == Condition::Elsewhere
    }

    fn is_at_work(&self) -> bool {
        matches!(*lock(&self.condition), Condition::Running | Condition::Restoring | Condition::Waiting(_))
    }

    /// The owner gives a sign of life.
    pub fn lives(&self) {
        self.signs_of_life.fetch_add(1, Ordering::Relaxed);
    }

    /// What the owner is doing now.
    pub fn is(&self, condition: Condition) {
        *lock(&self.condition) = condition;
    }

    /// Notes that something does not succeed now; it will be tried again.
    pub fn fails(&self, what: &'static str, why: &str) {
        lock(&self.troubles).insert(what, why.to_owned());
    }

    /// Notes that it has succeeded.
    pub fn succeeds(&self, what: &'static str) {
        lock(&self.troubles).remove(what);
    }

    /// What the owner is doing.
    pub fn condition(&self) -> Condition {
        let condition = lock(&self.condition).clone();
        match (&condition, lock(&self.troubles).iter().next()) {
            (Condition::Running | Condition::Restoring, Some((what, why))) => {
                Condition::Waiting(format!("{what}: {why}"))
            }
            _ => condition,
        }
    }

    /// All before `offset` is in the store.
    pub fn stored(&self, offset: i64) {
        self.progress.store(offset, Ordering::Release);
    }

    /// All before `offset` is decided.
    pub fn decided(&self, offset: i64) {
        self.decided.store(offset, Ordering::Release);
    }

    /// Whether it is where it was at every look that is remembered.
    fn stands_still(&self) -> bool {
        let history = lock(&self.history);
        history.len() == REMEMBERED
            && history.iter().all(|(_, at)| Some(*at) == history.front().map(|(_, at)| *at))
    }

    /// To be called about once a second: works out the rate.
    pub fn tick(&self) {
        let (now, decided) = (Instant::now(), self.decided.load(Ordering::Acquire));
        let mut history = lock(&self.history);
        history.push_back((now, decided));
        if history.len() > REMEMBERED {
            history.pop_front();
        }
        if let Some(&(then, before)) = history.front() {
            let seconds = now.duration_since(then).as_secs_f64();
            let rate = if seconds > 0.0 { (decided - before) as f64 / seconds } else { 0.0 };
            self.rate.store(rate.to_bits(), Ordering::Relaxed);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_ages_while_the_log_does_not_say() {
        let mut oldest = HashMap::new();
        assert_eq!(known_oldest(&mut oldest, 3, None), None);
        assert_eq!(known_oldest(&mut oldest, 3, Some(1000)), Some(1000));
        assert_eq!(known_oldest(&mut oldest, 3, None), Some(1000));
        assert_eq!(known_oldest(&mut oldest, 2, None), None);
        assert_eq!(known_oldest(&mut oldest, 3, Some(7000)), Some(7000));
    }

    #[test]
    fn rates_and_conditions() {
        let ingestion = Ingestion::of_own(1);
        let gauges = ingestion.partition(0);
        gauges.tick();
        gauges.decided(1000);
        std::thread::sleep(std::time::Duration::from_millis(100));
        gauges.tick();
        let rate = f64::from_bits(gauges.rate.load(Ordering::Relaxed));
        assert!((1000.0..=10_000.0).contains(&rate), "{rate}");
        (0..REMEMBERED - 1).for_each(|_| {
            assert!(!gauges.stands_still());
            gauges.tick();
        });
        assert!(gauges.stands_still());
        assert_eq!(ingestion.missing(), ["partition 0 is being restored"]);
        gauges.is(Condition::Running);
        assert!(ingestion.missing().is_empty());
        gauges.fails("reading the log", "it is away");
        assert_eq!(ingestion.missing(), ["partition 0 waits: reading the log: it is away"]);
        gauges.succeeds("reading the log");
        assert!(ingestion.missing().is_empty());
    }
}
