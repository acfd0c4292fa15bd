//! What has been released of each UTC day: the ledger that every public figure of homes' use is made of, one for all nodes.
//!
//! Who looks at a day goes on from what is kept of it, decides what may be released besides, and keeps that before anybody
//! hears of it. Where another node was quicker, what it released stands, and is gone on from.

mod kept;

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use engine::{DocumentStore, StoreError};
use geography::{AreaIndex, Geography};
use metering::AreaCode;
use metering::disclosure::{AreaNames, Crowd, DayLedger, DisclosureRules, Look, Nesting, Part};
use tokio::sync::{Mutex as AsyncMutex, MutexGuard};

use kept::{Kept, Open};
pub use kept::{KeptLook, ReleasedDay};

/// Totals that are kept in memory, of all days together: 100 MB. Of London a few weeks where every area is heard.
const TOTALS_KEPT: usize = 4 << 20;

/// How often it is tried again where other nodes are quicker.
const TRIES: usize = 5;

/// The ledgers of all days.
pub(super) struct Ledgers {
    kept: Kept,
    nesting: Arc<Nesting>,
    homes_min: u32,
    days: Mutex<HashMap<i32, Slot>>,
    /// Homes by number of the finest level's areas, once that is settled: before that, nobody is put together with others.
    homes: RwLock<Option<Arc<[u32]>>>,
    /// What they use, and one of them at most, likewise, as far as that is known: who is put together with others is not most
    /// of what they use.
    usual: RwLock<Option<Arc<[Part]>>>,
}

struct Slot {
    open: Arc<AsyncMutex<Option<Open>>>,
    used: Instant,
    totals: usize,
}

impl Ledgers {
    /// Nothing read yet.
    pub(super) fn new(
        documents: Arc<dyn DocumentStore>,
        geography: Arc<Geography>,
        nesting: Arc<Nesting>,
        homes_min: u32,
    ) -> Result<Self, getrandom::Error> {
        let kept = Kept::new(documents, geography)?;
        Ok(Ledgers {
            kept,
            nesting,
            homes_min,
            days: Mutex::default(),
            homes: RwLock::default(),
            usual: RwLock::default(),
        })
    }

    /// How many homes there are in each area of the finest level.
    pub(super) fn there_are(&self, homes: &[u32]) {
        *self.homes.write().unwrap_or_else(PoisonError::into_inner) = Some(homes.into());
    }

    /// What homes use, and one of them at most, by area of the finest level.
    pub(super) fn usually(&self, usual: &[Part]) {
        *self.usual.write().unwrap_or_else(PoisonError::into_inner) = Some(usual.into());
    }

    /// How many homes there are to be put together, by area of the finest level, of those that are registered and those that
    /// were heard: of homes that are not known yet to be registered, enough have to be heard.
    pub(super) fn homes_of(&self, registered: &[u32], heard: &[u32]) -> Vec<u32> {
        let of = |(&registered, &heard): (&u32, &u32)| match heard {
            _ if heard <= registered => registered,
            _ if heard >= self.homes_min => heard,
            _ => 0,
        };
        registered.iter().zip(heard).map(of).collect()
    }

    /// Forgets what is held in memory, and who was told of: it is read again as it was kept.
    pub(super) fn forget(&self) {
        self.days.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How many homes there are, by area of the finest level; none as long as that is not settled.
    pub(super) fn homes(&self) -> Option<Arc<[u32]>> {
        self.homes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What has been released of a day; of none that nobody has looked at.
    pub(super) async fn day(&self, day: i32) -> Result<Arc<DayLedger>, StoreError> {
        let open = self.open(day);
        let mut held = open.lock().await;
        let there = match held.take() {
            Some(there) => there,
            None => self.kept.read(day).await?,
        };
        Ok(self.hold(day, held, there))
    }

    /// Looks at some half-hours of a day, and releases what may be. Homes that are in no group yet are put together with
    /// others, if it is said how many there are. Gives the day as it is then.
    pub(super) async fn look(
        &self,
        day: i32,
        looks: &[Look<'_>],
        homes: Option<&[u32]>,
    ) -> Result<Arc<DayLedger>, StoreError> {
        let open = self.open(day);
        let mut held = open.lock().await;
        let mut is_in_doubt = false;
        for _ in 0..TRIES {
            // Taken out: what is not kept is forgotten, whatever becomes of this.
            let mut there = match held.take() {
                Some(there) => self.kept.catch_up(day, there).await?,
                None => self.kept.read(day).await?,
            };
            let ledger = Arc::make_mut(&mut there.ledger);
            let more = homes.is_some_and(|homes| self.add_groups(ledger, homes));
            let released: Vec<(usize, Vec<usize>)> = looks
                .iter()
                .map(|look| (look.of_day, ledger.release(look)))
                .filter(|(_, groups)| !groups.is_empty())
                .collect();
            if !more && released.is_empty() {
                return Ok(self.hold(day, held, there));
            }
            match self.kept.keep(day, &mut there, &released, more).await {
                Ok(true) => return Ok(self.hold(day, held, there)),
                Ok(false) => {}
                // Whether it was kept is not known where stores of several nodes did not agree in time: once more, from what
                // is kept now.
                Err(StoreError::Unavailable(_)) if !is_in_doubt => is_in_doubt = true,
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Unavailable("what is released goes on being released by others".to_owned()))
    }

    /// Of some days those that anything was released of, so many at most, the newest first.
    pub(super) async fn released_days(
        &self,
        days: RangeInclusive<i32>,
        limit: usize,
    ) -> Result<Vec<ReleasedDay>, StoreError> {
        self.kept.days(days, limit).await
    }

    fn add_groups(&self, ledger: &mut DayLedger, homes: &[u32]) -> bool {
        let usual = self.usual.read().unwrap_or_else(PoisonError::into_inner).clone();
        let crowd = |(leaf, &homes): (usize, &u32)| {
            let usual = usual.as_ref().and_then(|usual| usual.get(leaf)).copied().unwrap_or_default();
            Crowd { homes, energy_mwh: usual.energy_mwh, largest_mwh: usual.largest_mwh }
        };
        let crowds: Vec<Crowd> = homes.iter().enumerate().map(crowd).collect();
        let share_max = DisclosureRules::LARGEST_SHARE_MAX_PERCENT;
        ledger.add_groups(&crowds, &self.nesting, |crowd| crowd.is_enough(self.homes_min, share_max))
    }

    fn open(&self, day: i32) -> Arc<AsyncMutex<Option<Open>>> {
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        let slot =
            days.entry(day).or_insert_with(|| Slot { open: Arc::default(), used: Instant::now(), totals: 0 });
        slot.used = Instant::now();
        slot.open.clone()
    }

    /// Holds a day as it is now, for whoever asks next.
    fn hold(&self, day: i32, mut held: MutexGuard<'_, Option<Open>>, there: Open) -> Arc<DayLedger> {
        let ledger = there.ledger.clone();
        *held = Some(there);
        drop(held);
        self.note_use(day, &ledger);
        ledger
    }

    /// Notes how much a day takes, and forgets those that nobody has asked for the longest.
    fn note_use(&self, day: i32, ledger: &DayLedger) {
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = days.get_mut(&day) {
            slot.totals = ledger.groups().all().len() * 48 + ledger.groups().leaves();
        }
        while days.values().map(|slot| slot.totals).sum::<usize>() > TOTALS_KEPT {
            let idle = days.iter().filter(|&(&of, slot)| of != day && Arc::strong_count(&slot.open) == 1);
            let Some(oldest) = idle.min_by_key(|(_, slot)| slot.used).map(|(&of, _)| of) else { return };
            days.remove(&oldest);
        }
    }
}

/// Areas of a map, by their codes.
struct Names<'a>(&'a Geography);

impl AreaNames for Names<'_> {
    fn code(&self, area: u32) -> AreaCode {
        self.0.area(AreaIndex(area)).code.clone()
    }

    fn number(&self, code: &AreaCode) -> Option<u32> {
        self.0.index_of(code).map(|area| area.0)
    }
}

#[cfg(test)]
mod tests {
    use metering::Energy;
    use metering::aggregate::Totals;
    use metering::disclosure::{Course, Seen};

    use super::*;
    use crate::memory::Memory;

    const DAY: i32 = 20_779;
    const HOMES: u32 = 40;

    /// Homes of an area of London, looked at in a half-hour in which each covers so many seconds.
    async fn look(ledgers: &Ledgers, leaves: usize, of_day: usize, seconds: i64) -> Arc<DayLedger> {
        let (mut exact, mut homes) = (vec![Totals::default(); leaves], vec![0; leaves]);
        homes[7] = HOMES;
        exact[7] = Totals {
            energy: Energy::from_mwh(seconds * 100),
            meters: i64::from(HOMES),
            meter_seconds: i64::from(HOMES) * seconds,
        };
        let look = Look { of_day, exact: &exact, changed: None, seen: &Seen::new(), course: Course::Over };
        ledgers.look(DAY, &[look], Some(&homes)).await.unwrap()
    }

    #[tokio::test]
    async fn a_day_is_read_as_it_was_kept_however_often_it_was_written_together() {
        let (documents, geography) = (Arc::new(Memory::default()), Geography::london());
        let nesting =
            Arc::new(Nesting::new(vec![vec![None], vec![Some(0); geography.leaf_count() as usize]]));
        let leaves = geography.leaf_count() as usize;
        // Names of areas are all that is asked of the map; of two nodes each goes on from what the other kept.
        let node = |_| Ledgers::new(documents.clone(), geography.clone(), nesting.clone(), 10).unwrap();
        let nodes = [0, 1].map(node);
        let mut last = None;
        for number in 0..200_usize {
            let (of_day, seconds) = (number / 7 % 48, 500 * (number % 7) as i64 + 500);
            last = Some(look(&nodes[number / 5 % 2], leaves, of_day, seconds).await);
        }
        let (last, read) = (last.unwrap(), node(2).day(DAY).await.unwrap());
        for of_day in 0..48 {
            assert!(last.portions(of_day).eq(read.portions(of_day)), "half-hour {of_day}");
        }
    }
}
