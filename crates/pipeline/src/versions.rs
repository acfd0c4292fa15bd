//! Accepted values of readings: those that an owner has decided and must not forget yet, and those that
//! it has looked up.

use std::collections::VecDeque;

use metering::{Energy, Interval};

use crate::areas::AreaIx;
use crate::meters::MeterIx;
use crate::stamp::Stamp;

/// One accepted value of one reading of a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) interval: Interval,
    pub(crate) at: Stamp,
    pub(crate) energy: Energy,
    pub(crate) area: AreaIx,
}

impl Version {
    pub(crate) fn start(&self) -> i64 {
        self.interval.start().0
    }

    fn key(&self) -> (i64, Stamp) {
        (self.start(), self.at)
    }
}

/// A version that this owner decided, in the ring of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnVersion {
    pub(crate) meter: MeterIx,
    pub(crate) version: Version,
    /// The number of the same meter's version before this one.
    previous: u64,
}

/// What this owner has decided and may not forget yet (rule 9): a ring in which every version names
/// the one before it of the same meter, so that neither a decision nor a look-up searches.
#[derive(Debug)]
pub(crate) struct OwnVersions {
    ring: VecDeque<OwnVersion>,
    /// The number of the oldest one in the ring. Numbers begin at 1: 0 is no version's.
    first: u64,
}

/// Room in the ring that is kept: what a flush every other second takes, at 4 MB.
const KEPT_CAPACITY: usize = 65_536;

impl OwnVersions {
    pub(crate) fn new() -> Self {
        OwnVersions { ring: VecDeque::new(), first: 1 }
    }

    /// The number that the next version will have.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.ring.len() as u64
    }

    /// Whether a version of that number is still here.
    pub(crate) fn has(&self, number: u64) -> bool {
        number >= self.first
    }

    /// Adds a version; `newest` is its meter's newest one so far, and afterwards this one.
    pub(crate) fn push(&mut self, meter: MeterIx, newest: &mut u64, version: Version) {
        let number = self.end();
        self.ring.push_back(OwnVersion { meter, version, previous: *newest });
        *newest = number;
    }

    /// A meter's own versions, newest first.
    pub(crate) fn of_meter(&self, newest: u64) -> impl Iterator<Item = &Version> {
        let mut number = newest;
        std::iter::from_fn(move || {
            let own = self.ring.get(usize::try_from(number.checked_sub(self.first)?).ok()?)?;
            number = own.previous;
            Some(&own.version)
        })
    }

    /// Those numbered from `from` on.
    pub(crate) fn since(&self, from: u64) -> impl ExactSizeIterator<Item = &OwnVersion> {
        self.ring.range((from.max(self.first) - self.first) as usize..)
    }

    pub(crate) fn forget_before(&mut self, number: u64) {
        let gone = number.saturating_sub(self.first).min(self.ring.len() as u64);
        self.ring.drain(..gone as usize);
        self.first += gone;
        // A burst, while the store is away for example, need not be paid for ever.
        if self.ring.capacity() > 4 * self.ring.len() + KEPT_CAPACITY {
            self.ring.shrink_to(2 * self.ring.len());
        }
    }
}

/// A stretch of time of which every version of one meter is known, and stays known, because what is
/// decided is added.
#[derive(Debug, Clone, Default)]
pub(crate) struct Span {
    from: i64,
    to: i64,
    /// In order of (start, position).
    versions: Vec<Version>,
}

/// The stretches of time of which a meter's versions are known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spans {
    spans: Vec<Span>,
    /// Whether the batch under way has used them.
    pub(crate) touched: bool,
}

impl Spans {
    pub(crate) fn len(&self) -> usize {
        self.spans.iter().map(|span| span.versions.len()).sum()
    }

    pub(crate) fn cover(&self, from: i64, to: i64) -> bool {
        self.spans.iter().any(|span| span.from <= from && to <= span.to)
    }

    /// All versions that start in a stretch. None where the stretch is not known.
    pub(crate) fn known(&self, from: i64, to: i64) -> Option<&[Version]> {
        let span = self.spans.iter().find(|span| span.from <= from && to <= span.to)?;
        let first = span.versions.partition_point(|v| v.start() < from);
        let last = span.versions.partition_point(|v| v.start() < to);
        span.versions.get(first..last)
    }

    /// Adds a stretch with all that the store and this owner's own memory have of it.
    pub(crate) fn learn(&mut self, from: i64, to: i64, versions: impl Iterator<Item = Version>) {
        let mut new =
            Span { from, to, versions: versions.filter(|v| from <= v.start() && v.start() < to).collect() };
        self.spans.retain_mut(|span| {
            let apart = span.to < new.from || new.to < span.from;
            if !apart {
                new.from = new.from.min(span.from);
                new.to = new.to.max(span.to);
                new.versions.append(&mut span.versions);
            }
            apart
        });
        new.versions.sort_unstable_by_key(Version::key);
        new.versions.dedup_by_key(|version| version.key());
        self.spans.push(new);
    }

    /// Adds a version that was decided. One of the same position says the same.
    pub(crate) fn add(&mut self, version: Version) {
        for span in &mut self.spans {
            if span.from <= version.start() && version.start() < span.to {
                match span.versions.binary_search_by_key(&version.key(), Version::key) {
                    Ok(at) => {
                        // The attacker breaks rules, and finds such twins itself.
                        debug_assert!(cfg!(test) || span.versions[at] == version, "I1: {version:?}");
                        span.versions[at] = version;
                    }
                    Err(at) => span.versions.insert(at, version),
                }
            }
        }
    }

    /// Of each start in a stretch, the last version before a position. None where the stretch is not known.
    pub(crate) fn before(
        &self,
        from: i64,
        to: i64,
        at: Option<Stamp>,
    ) -> Option<impl Iterator<Item = &Version>> {
        let near = self.known(from, to)?;
        let visible = move |v: &Version| at.is_none_or(|at| v.at < at);
        Some(near.iter().enumerate().filter_map(move |(n, version)| {
            let replaced =
                near.get(n + 1).is_some_and(|next| next.start() == version.start() && visible(next));
            (visible(version) && !replaced).then_some(version)
        }))
    }
}
