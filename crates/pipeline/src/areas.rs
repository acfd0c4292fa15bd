//! Areas as small numbers.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use metering::AreaCode;

/// An area's number among [`Areas`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct AreaIx(pub(crate) u32);

/// The areas that an owner has met. Stored rows may name some that the geography no longer has.
#[derive(Debug)]
pub(crate) struct Areas {
    codes: Vec<AreaCode>,
    by_code: HashMap<AreaCode, AreaIx, FixedState>,
    /// The first ones are those of the geography.
    known: u32,
}

impl Areas {
    pub(crate) fn new(known: &[AreaCode]) -> Self {
        let mut areas = Areas {
            codes: Vec::with_capacity(known.len()),
            by_code: HashMap::with_capacity_and_hasher(known.len(), FixedState::default()),
            known: 0,
        };
        for code in known {
            areas.intern(code);
        }
        areas.known = areas.codes.len() as u32;
        areas
    }

    pub(crate) fn intern(&mut self, code: &AreaCode) -> AreaIx {
        if let Some(&area) = self.by_code.get(code) {
            return area;
        }
        let area = AreaIx(self.codes.len() as u32);
        self.codes.push(code.clone());
        self.by_code.insert(code.clone(), area);
        area
    }

    /// The area, if it is one of the geography.
    pub(crate) fn of_geography(&self, code: &AreaCode) -> Option<AreaIx> {
        self.by_code.get(code).copied().filter(|area| area.0 < self.known)
    }

    pub(crate) fn code(&self, area: AreaIx) -> &AreaCode {
        &self.codes[area.0 as usize]
    }
}
