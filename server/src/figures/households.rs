//! How households differ, fitted to homes that are measured and said what kind of home they are.
//!
//! What is fitted is of a hundred homes or more of all areas together, and is made anew some times a day; an estimate rounds it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use engine::StoreError;
use geography::reference::{H25, h25};
use metering::aggregate::shares;
use metering::api::Measure;
use metering::estimate::{FITTED_HOMES_MIN, Households, KnownHome};
use metering::reading::Dwelling;
use metering::stored::RawVersion;
use metering::time::WINDOW_S;
use metering::{MeterId, UtcSecond, Window};

use super::service::FiguresService;
use super::summary::leaf_of;

/// Homes that are looked at, at most: more would tell hardly more.
const HOMES_MAX: usize = 600;

/// Of each, the last days, and at least so much of them.
const DAYS: i64 = 28;
const COVERED_S_MIN: i64 = 7 * 86_400;

/// Homes whose readings are read at once: of four weeks' half-hours these are some MB.
const AT_ONCE: usize = 20;

/// When the first look is, and how long a fit stands.
const FIRST_AFTER: Duration = Duration::from_secs(60);
const STANDS_FOR: Duration = Duration::from_secs(6 * 3600);

/// When it is tried again, where that failed or there were too few homes.
const AGAIN_AFTER: Duration = Duration::from_secs(600);

/// What one home used, and what the standard shape sees in the time: energy over that is a year's use.
#[derive(Default)]
struct Used {
    kwh: f64,
    home_years: f64,
    covered_s: i64,
}

impl FiguresService {
    /// How households differ, as far as is known.
    pub(super) fn households(&self) -> Arc<Households> {
        self.households.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) async fn fit_now_and_then(self: Arc<Self>) {
        let mut wait = FIRST_AFTER;
        loop {
            tokio::time::sleep(wait).await;
            wait = match self.fit_households().await {
                Ok(homes) if homes > 0 => STANDS_FOR,
                Ok(_) => AGAIN_AFTER,
                Err(error) => {
                    tracing::warn!(%error, "what sets households apart could not be fitted; trying again");
                    AGAIN_AFTER
                }
            };
        }
    }

    /// Fits them to what is stored. Gives the homes that it rests on; none where they are too few.
    pub async fn fit_households(&self) -> Result<usize, StoreError> {
        let homes = self.known_homes().await?;
        let fitted = Households::fitted(&homes);
        let rests_on = fitted.homes();
        *self.households.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fitted);
        Ok(rests_on)
    }

    async fn known_homes(&self) -> Result<Vec<KnownHome>, StoreError> {
        let mut described: Vec<(u64, MeterId, Dwelling, usize)> = Vec::new();
        for registration in self.store.registrations().await? {
            let leaf = leaf_of(&self.geography, &registration.area);
            if let Some(leaf) = leaf.filter(|_| registration.dwelling != Dwelling::default()) {
                described.push((lot(&registration.meter), registration.meter, registration.dwelling, leaf));
            }
        }
        if described.len() < FITTED_HOMES_MIN {
            return Ok(Vec::new());
        }
        // Any homes, but the same ones each time.
        described.sort_unstable_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        described.truncate(HOMES_MAX);
        let means = self.period_release(Measure::Annual, self.default_period()).await?.release;
        let first_leaf = self.nesting.len() - self.geography.leaf_count() as usize;
        let to = self.newest().unwrap_or_else(|| self.clock.now());
        let from = UtcSecond(to.0 - DAYS * 86_400);
        let (shape, mut standard) = (h25(), HashMap::new());
        let mut homes = Vec::new();
        for some in described.chunks(AT_ONCE) {
            let meters: Vec<MeterId> = some.iter().map(|(_, meter, ..)| meter.clone()).collect();
            let readings = self.store.readings(&meters, from, to).await?;
            for ((.., dwelling, leaf), versions) in some.iter().zip(readings) {
                let used = self.used(&versions, shape, &mut standard);
                let mean = means.figure(first_leaf + leaf).value().filter(|&mean| mean > 0.0);
                if let Some(mean) = mean.filter(|_| used.covered_s >= COVERED_S_MIN && used.home_years > 0.0)
                {
                    let over_mean = used.kwh / used.home_years / mean;
                    homes.push(KnownHome { dwelling: *dwelling, over_mean });
                }
            }
        }
        Ok(homes)
    }

    /// `standard` is what the standard shape sees in a window: of many homes, once.
    fn used(&self, versions: &[RawVersion], shape: &H25, standard: &mut HashMap<Window, f64>) -> Used {
        let mut used = Used::default();
        for version in versions {
            for (window, energy, seconds) in shares(version.interval, version.energy) {
                let share = standard.entry(window).or_insert_with(|| {
                    let local = self.calendar.local(window);
                    let kind = self.calendar.day_type(local.date);
                    shape.share(local.date.month() as u8, kind, local.half_hour)
                });
                used.kwh += energy.kwh();
                used.home_years += *share * seconds as f64 / WINDOW_S as f64;
                used.covered_s += seconds;
            }
        }
        used
    }
}

/// By which homes are drawn.
pub(super) fn lot(meter: &MeterId) -> u64 {
    let mut hasher = DefaultHasher::new();
    meter.hash(&mut hasher);
    hasher.finish()
}
