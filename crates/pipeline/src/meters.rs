//! What an owner knows of its meters.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use metering::{Dwelling, MeterId};
use smallvec::SmallVec;

use crate::areas::AreaIx;
use crate::stamp::Stamp;
use crate::versions::Spans;

/// A meter's number among [`Meters`], for as long as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MeterIx(u32);

/// One registration of a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Registered {
    pub(crate) at: Stamp,
    pub(crate) area: AreaIx,
    pub(crate) dwelling: Dwelling,
}

/// What an owner knows of a meter. There is one for each, so its size matters.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) id: MeterId,
    /// The hint, as the store has it or will have it: the last record that advanced it,
    pub(crate) hint_at: Stamp,
    /// and the end of a step (but in older stores) after which no accepted reading ends.
    pub(crate) hint_end: i64,
    /// The instant after which none ends, as far as it is known here: the end of the hint's step, or before that.
    pub(crate) newest_end: i64,
    /// The areas that the meter was heard in during the window before that.
    pub(crate) heard_in: SmallVec<[AreaIx; 4]>,
    /// In order of position.
    pub(crate) registrations: SmallVec<[Registered; 1]>,
    /// The number of its newest own version.
    pub(crate) newest_own: u64,
    /// What was looked up.
    pub(crate) spans: Option<Box<Spans>>,
    /// Whether hint and registrations are what the store has, and more.
    pub(crate) loaded: bool,
    /// The hint is to be written.
    pub(crate) hint_changed: bool,
    /// Used since the last sweep.
    pub(crate) touched: bool,
    /// The last flush that took its hint or a registration.
    pub(crate) flush: u32,
}

impl Meter {
    fn new(id: MeterId) -> Self {
        Meter {
            id,
            hint_at: Stamp::BEFORE_ALL,
            hint_end: 0,
            newest_end: 0,
            heard_in: SmallVec::new(),
            registrations: SmallVec::new(),
            newest_own: 0,
            spans: None,
            loaded: false,
            hint_changed: false,
            touched: true,
            flush: 0,
        }
    }

    /// The last registration before a position, or the last of all.
    pub(crate) fn registered(&self, before: Option<Stamp>) -> Option<&Registered> {
        self.registrations.iter().rev().find(|r| before.is_none_or(|at| r.at < at))
    }

    /// Adds a registration where it belongs. One of the same position says the same.
    pub(crate) fn register(&mut self, registered: Registered) {
        match self.registrations.binary_search_by_key(&registered.at, |r| r.at) {
            Ok(at) => {
                debug_assert!(cfg!(test) || self.registrations[at] == registered, "I1: {registered:?}");
                self.registrations[at] = registered;
            }
            Err(at) => self.registrations.insert(at, registered),
        }
    }
}

/// Meters in a chunk: so that growing copies nothing and wastes little.
const CHUNK: usize = 1024;

/// The meters that an owner remembers.
#[derive(Debug)]
pub(crate) struct Meters {
    chunks: Vec<Vec<Option<Meter>>>,
    vacant: Vec<MeterIx>,
    by_id: HashTable<MeterIx>,
    hasher: FixedState,
}

impl Meters {
    pub(crate) fn new() -> Self {
        Meters {
            chunks: Vec::new(),
            vacant: Vec::new(),
            by_id: HashTable::new(),
            hasher: FixedState::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn find(&self, id: &str) -> Option<MeterIx> {
        let hash = self.hasher.hash_one(id.as_bytes());
        self.by_id.find(hash, |&ix| self[ix].id.as_str() == id).copied()
    }

    /// The meter, remembered from now on.
    pub(crate) fn intern(&mut self, id: &MeterId) -> MeterIx {
        if let Some(ix) = self.find(id.as_str()) {
            return ix;
        }
        let meter = Some(Meter::new(id.clone()));
        let ix = match self.vacant.pop() {
            Some(ix) => {
                self.chunks[ix.0 as usize / CHUNK][ix.0 as usize % CHUNK] = meter;
                ix
            }
            None => {
                if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
                    self.chunks.push(Vec::with_capacity(CHUNK));
                }
                let chunk = self.chunks.len() - 1;
                self.chunks[chunk].push(meter);
                MeterIx((chunk * CHUNK + self.chunks[chunk].len() - 1) as u32)
            }
        };
        let (chunks, hasher) = (&self.chunks, &self.hasher);
        let hash = |id: &MeterId| hasher.hash_one(id.as_str().as_bytes());
        self.by_id.insert_unique(hash(id), ix, |&ix| hash(&at(chunks, ix).id));
        ix
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Meter> {
        self.chunks.iter_mut().flatten().flatten()
    }

    /// Forgets those that need not be kept.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&mut Meter) -> bool) {
        let Meters { chunks, vacant, by_id, .. } = self;
        by_id.retain(|&mut ix| {
            let slot = &mut chunks[ix.0 as usize / CHUNK][ix.0 as usize % CHUNK];
            let stays = slot.as_mut().is_some_and(&mut keep);
            if !stays {
                *slot = None;
                vacant.push(ix);
            }
            stays
        });
    }
}

fn at(chunks: &[Vec<Option<Meter>>], ix: MeterIx) -> &Meter {
    chunks[ix.0 as usize / CHUNK][ix.0 as usize % CHUNK]
        .as_ref()
        .expect("numbers of meters are of remembered ones")
}

impl std::ops::Index<MeterIx> for Meters {
    type Output = Meter;
    fn index(&self, ix: MeterIx) -> &Meter {
        at(&self.chunks, ix)
    }
}

impl std::ops::IndexMut<MeterIx> for Meters {
    fn index_mut(&mut self, ix: MeterIx) -> &mut Meter {
        self.chunks[ix.0 as usize / CHUNK][ix.0 as usize % CHUNK]
            .as_mut()
            .expect("numbers of meters are of remembered ones")
    }
}
