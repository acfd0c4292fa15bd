//! The state behind the public figures.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::Context;
use engine::{DocumentStore, FigureStore, InEdition, StoreError};
use geography::{AreaIndex, Geography};
use jiff::ToSpan;
use jiff::civil::Date;
use metering::api::Measure;
use metering::disclosure::{DisclosureRules, FigureKind, Nesting, Release};
use metering::estimate::Households;
use metering::tariff::Tariffs;
use metering::{MeterId, UtcSecond};
use tokio::sync::Notify;

use super::calendar::Calendar;
use super::changed::Changed;
use super::costs::FlatPrice;
use super::days::{Days, Reader, Stored};
use super::ever_heard::EverHeard;
use super::holidays::Holidays;
use super::ledgers::{Ledgers, ReleasedDay};
use super::model::Model;
use super::period::{self, Grounds, Period};
use super::recent::Recent;
use super::releases::{DatedRelease, MadeOf, Releases};
use super::spread::Spreads;
use super::standing::Standing;
use super::stretches::Stretches;
use super::summary::WorkedOutOf;
use super::told::Told;
use super::typical::TypicalDays;
use super::weights::Weights;
use crate::clock::Clock;

/// The days of the default period: a year.
const DEFAULT_DAYS: i32 = 365;

/// How long a release stands while days of it are weighed.
const WEIGHED_WITHIN: Duration = Duration::from_secs(90);

/// What the figures are made from.
pub struct Sources {
    /// The areas.
    pub geography: Arc<Geography>,
    /// Exact data.
    pub store: Arc<dyn FigureStore>,
    /// How far it is.
    pub stored: Stored,
    /// When the log took its newest record, as far as that is known.
    pub arrived: Option<UtcSecond>,
    /// Which edition of the aggregates is in use.
    pub in_use: InEdition,
    /// Where published statistics are.
    pub documents: Arc<dyn DocumentStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Days that count as Sundays.
    pub holidays: Holidays,
    /// The numbers of disclosure control in force.
    pub rules: DisclosureRules,
    /// What electricity costs, where that is known.
    pub tariffs: Option<Tariffs>,
    /// Whether a meter is a simulated one.
    pub simulated: fn(&MeterId) -> bool,
    /// A tile layer, if one is configured: its URL template and its attribution.
    pub tiles: Option<(String, String)>,
}

/// What sets the homes of an area apart is told to a twentieth.
const FACTOR_PARTS: f64 = 20.0;

/// How many meters are registered.
#[derive(Debug, Clone, Default)]
pub(super) struct Registered {
    /// In all.
    pub(super) meters: u64,
    /// Of them, simulated.
    pub(super) simulated: u64,
    /// Besides, in areas that the map does not have: of another geography.
    pub(super) elsewhere: u64,
    /// By number of the leaf.
    pub(super) by_leaf: Vec<u32>,
    /// Of them, simulated.
    pub(super) simulated_by_leaf: Vec<u32>,
    /// Of those that said what kind of home they are: how many, and what sets them apart from the mean home, as factors that
    /// are added up.
    pub(super) described_by_leaf: Vec<(u32, f64)>,
}

impl Registered {
    /// Meters in an area.
    pub(super) fn meters_in(&self, leaves: Range<u32>) -> u32 {
        sum_of(&self.by_leaf, leaves)
    }

    /// What sets the homes of an area apart from the mean home, as a factor that tells nothing of one of them; 1 where too
    /// few said what they are.
    pub(super) fn factor_in(&self, leaves: Range<u32>, rules: &DisclosureRules) -> f64 {
        let described =
            self.described_by_leaf.get(leaves.start as usize..leaves.end as usize).unwrap_or_default();
        let (homes, factors) =
            described.iter().fold((0, 0.0), |(homes, sum), (more, factors)| (homes + more, sum + factors));
        if homes < rules.homes_min(FigureKind::Period) {
            return 1.0;
        }
        (factors / f64::from(homes) * FACTOR_PARTS).round() / FACTOR_PARTS
    }

    /// Of them, simulated.
    pub(super) fn simulated_in(&self, leaves: Range<u32>) -> u32 {
        sum_of(&self.simulated_by_leaf, leaves)
    }
}

fn sum_of(by_leaf: &[u32], leaves: Range<u32>) -> u32 {
    by_leaf.get(leaves.start as usize..leaves.end as usize).map_or(0, |meters| meters.iter().sum())
}

/// The public figures of one node.
pub struct FiguresService {
    pub(super) geography: Arc<Geography>,
    pub(super) nesting: Arc<Nesting>,
    pub(super) calendar: Calendar,
    pub(super) store: Arc<dyn FigureStore>,
    pub(super) documents: Arc<dyn DocumentStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) rules: DisclosureRules,
    pub(super) tariffs: Option<Tariffs>,
    /// The flat one of them, if there is one.
    pub(super) flat: Option<FlatPrice>,
    pub(super) tiles: Option<(String, String)>,
    pub(super) simulated: fn(&MeterId) -> bool,
    pub(super) days: Arc<Days>,
    pub(super) typical: Arc<TypicalDays>,
    pub(super) spreads: Arc<Spreads>,
    pub(super) stretches: Stretches,
    pub(super) recent: Recent,
    pub(super) ledgers: Arc<Ledgers>,
    pub(super) weights: Arc<Weights>,
    pub(super) ever_heard: Arc<EverHeard>,
    pub(super) model: RwLock<Arc<Model>>,
    pub(super) registered: RwLock<Arc<Registered>>,
    /// How households differ.
    pub(super) households: RwLock<Arc<Households>>,
    releases: Releases,
    /// The end of the newest window that any meter was heard in.
    pub(super) newest: AtomicI64,
    /// When readings of now last arrived; before any did, the newest window that is known, about.
    pub(super) heard: AtomicI64,
    /// When the log had taken its newest record before the start: a stored window tells no more than that something
    /// arrived in its half-hour.
    pub(super) arrived: Option<UtcSecond>,
    /// All that the log took until then is stored; where others do that, as far as is known.
    whole_until: AtomicI64,
    /// Counts batches of rows that changed something.
    pub(super) changes: AtomicU64,
    standing: Standing,
    pub(super) recent_changed: Notify,
    pub(super) in_use: InEdition,
    /// Says that what was read of the store is of other aggregates, and gone.
    pub(super) forgotten: Notify,
}

impl FiguresService {
    /// Of sources; nothing is read yet.
    pub fn new(sources: Sources) -> anyhow::Result<Self> {
        let Sources { geography, store, stored, arrived, in_use, documents, clock, holidays, .. } = sources;
        let (rules, simulated) = (sources.rules, sources.simulated);
        let (tariffs, tiles) = (sources.tariffs, sources.tiles);
        if let Some(tariffs) = &tariffs {
            metering::format::costs_are_in(&tariffs.currency);
        }
        let zone = geography.time_zone();
        let calendar = Calendar::new(zone, holidays)
            .with_context(|| format!("the time zone {zone:?} of the geography is not known"))?;
        let nesting = Arc::new(nesting_of(&geography));
        let leaves = geography.leaf_count() as usize;
        let homes_min = rules.homes_min(FigureKind::Period);
        let ever_heard = Arc::new(EverHeard::new(nesting.clone(), leaves, homes_min));
        let ledgers =
            Arc::new(Ledgers::new(documents.clone(), geography.clone(), nesting.clone(), homes_min)?);
        let weights = Weights::new(geography.clone(), calendar.clone(), store.clone(), documents.clone())?;
        let weights = Arc::new(weights);
        let days = Arc::new(Days::new(Reader {
            weights: weights.clone(),
            told: Told::default(),
            geography: geography.clone(),
            nesting: nesting.clone(),
            calendar: calendar.clone(),
            clock: clock.clone(),
            store: store.clone(),
            stored,
            ledgers: ledgers.clone(),
            ever_heard: ever_heard.clone(),
            changed: Changed::default(),
        }));
        let typical = TypicalDays::new(nesting.clone(), calendar.clone(), days.clone());
        let spreads =
            Spreads::new(geography.clone(), calendar.clone(), store.clone(), documents.clone(), rules);
        Ok(FiguresService {
            days,
            spreads,
            typical: Arc::new(typical),
            stretches: Stretches::default(),
            recent: Recent::new(geography.clone(), nesting.clone(), rules),
            ledgers,
            weights,
            ever_heard,
            model: RwLock::new(Arc::new(Model::new(&geography, &BTreeMap::new()))),
            registered: RwLock::default(),
            households: RwLock::new(Arc::new(Households::published())),
            releases: Releases::default(),
            newest: AtomicI64::new(i64::MIN),
            heard: AtomicI64::new(i64::MIN),
            arrived,
            whole_until: AtomicI64::new(i64::MAX),
            changes: AtomicU64::new(0),
            standing: Standing::default(),
            recent_changed: Notify::new(),
            in_use,
            forgotten: Notify::new(),
            geography,
            nesting,
            calendar,
            store,
            documents,
            clock,
            rules,
            flat: tariffs.as_ref().and_then(FlatPrice::of),
            tariffs,
            tiles,
            simulated,
        })
    }

    /// Resolves when what may be said of now may have changed.
    pub async fn recent_change(&self) {
        self.recent_changed.notified().await;
    }

    /// What may be said of now.
    pub fn now_release(&self) -> Arc<Release> {
        self.recent.release(self.clock.now())
    }

    /// What was published when, by UTC day, so many days at most, the newest first.
    pub async fn released_days(&self, limit: usize) -> Result<Vec<ReleasedDay>, StoreError> {
        let Some(span) = self.days.span().await? else { return Ok(Vec::new()) };
        self.ledgers.released_days(span.first_day..=span.last_day, limit).await
    }

    /// The numbers of disclosure control in force.
    pub fn rules(&self) -> DisclosureRules {
        self.rules
    }

    /// The areas, nested.
    pub fn nesting(&self) -> &Nesting {
        &self.nesting
    }

    /// The areas.
    pub fn geography(&self) -> &Geography {
        &self.geography
    }

    /// The clock that figures are dated with.
    pub fn now(&self) -> UtcSecond {
        self.clock.now()
    }

    /// Notes that others have stored all that the log took until then. While that can't be known, figures are of then.
    pub fn is_whole_until(&self, at: UtcSecond) {
        self.whole_until.store(at.0, Ordering::Relaxed);
    }

    pub(super) fn whole_until(&self) -> UtcSecond {
        UtcSecond(self.whole_until.load(Ordering::Relaxed))
    }

    pub(super) fn model(&self) -> Arc<Model> {
        self.model.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn registered(&self) -> Arc<Registered> {
        self.registered.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The end of the newest window that any meter was heard in.
    pub(super) fn newest(&self) -> Option<UtcSecond> {
        let newest = self.newest.load(Ordering::Relaxed);
        (newest != i64::MIN).then_some(UtcSecond(newest.min(self.clock.now().0)))
    }

    /// Seconds since a reading of now last arrived. Where none did since the start it is a bound: the stored window's
    /// begin tells no more.
    pub fn heard_s(&self) -> Option<i64> {
        self.heard().map(|heard| (self.clock.now().0 - heard.0).max(0))
    }

    /// When that was.
    pub(super) fn heard(&self) -> Option<UtcSecond> {
        let heard = self.heard.load(Ordering::Relaxed);
        (heard != i64::MIN).then_some(UtcSecond(heard))
    }

    /// The newest local day on which enough homes were heard to speak of it; a few homes that report later than all
    /// others do not move the figures of all. Where there is none: the newest day on which any home was heard.
    pub(super) fn newest_day(&self) -> Option<Date> {
        let any = || self.newest().map(|newest| self.calendar.date_of(UtcSecond(newest.0 - 1)));
        self.ever_heard.newest().or_else(any)
    }

    /// The year that ended last midnight; where readings are older, the year that ends with them.
    pub(super) fn default_period(&self) -> Period {
        let today = self.calendar.date_of(self.clock.now());
        let to = self.newest_day().map_or(today, |day| day.tomorrow().unwrap_or(day).min(today));
        Period { from: to.checked_sub(DEFAULT_DAYS.days()).unwrap_or(to), to }
    }

    /// The release of a measure over days: the last one, or a new one where readings changed it since.
    pub(super) async fn period_release(
        &self,
        measure: Measure,
        period: Period,
    ) -> Result<DatedRelease, StoreError> {
        let changes = self.changes.load(Ordering::Relaxed);
        let held = self.releases.get(measure, period);
        let fresh = self.make_release(measure, period, changes, held.clone());
        match held {
            None => fresh.await,
            Some(held) if held.stands(changes) => Ok(held),
            Some(held) => self.standing.or(held, fresh).await,
        }
    }

    async fn make_release(
        &self,
        measure: Measure,
        period: Period,
        changes: u64,
        held: Option<DatedRelease>,
    ) -> Result<DatedRelease, StoreError> {
        let began = Instant::now();
        let (mut days, mut as_of, mut is_behind) = (Vec::new(), began, false);
        let mut is_to_be_weighed = false;
        for day in self.days.summaries(period.days()).await? {
            is_to_be_weighed |= day.value.is_to_be_weighed;
            as_of = as_of.min(day.as_of);
            is_behind |= day.is_behind;
            days.push(day.value.summary);
        }
        // Else figures would be hidden for the seconds that it takes to find out that nobody is too much of them.
        if let Some(held) =
            held.as_ref().filter(|held| is_to_be_weighed && held.began.elapsed() < WEIGHED_WITHIN)
        {
            return Ok(held.clone());
        }
        let (model, ever) = (self.model(), self.ever_heard.by_area());
        let (release, of) = match held.filter(|held| held.of.is(&days, &model, &ever)) {
            Some(same) => (same.release, same.of),
            None => {
                let Self { nesting, rules, calendar, .. } = self;
                let grounds = Grounds { nesting, model: &model, ever: &ever, rules, calendar };
                let release = period::release(&days, measure, &grounds);
                let days = WorkedOutOf::days(&days);
                (Arc::new(release), Arc::new(MadeOf { days, model, ever }))
            }
        };
        let dated = DatedRelease {
            release,
            of,
            period,
            as_of: UtcSecond(self.clock.now().0 - as_of.elapsed().as_secs() as i64),
            began,
            made: Instant::now(),
            changes,
            settled: !is_behind && !self.days.changed().has_between(period.from, period.to),
        };
        Ok(self.releases.keep(measure, dated))
    }
}

/// How a geography's areas nest, in its own order.
fn nesting_of(geography: &Geography) -> Nesting {
    let parent = |area: AreaIndex| geography.parent(area).map(|parent| parent.0);
    Nesting::new(geography.levels().iter().map(|level| level.indices().map(parent).collect()).collect())
}
