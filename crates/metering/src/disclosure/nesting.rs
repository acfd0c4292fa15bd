//! How areas nest.

use std::ops::Range;

/// How areas nest: every area's parent, and every level's range. Levels come coarsest first, and so do
/// areas, so that a parent has a smaller number than its children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nesting {
    parents: Vec<Option<u32>>,
    children: Vec<Vec<u32>>,
    levels: Vec<Range<usize>>,
}

impl Nesting {
    /// From every area's parent, level by level, coarsest first.
    ///
    /// # Panics
    /// If a parent is not in the level above: geographies are checked before they come here.
    pub fn new(levels: Vec<Vec<Option<u32>>>) -> Self {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut parents = Vec::new();
        for level in levels {
            let above = ranges.last().cloned().unwrap_or(0..0);
            let begin = parents.len();
            for parent in level {
                assert!(
                    parent.is_none_or(|p| above.contains(&(p as usize))),
                    "a parent is in the level above"
                );
                parents.push(parent);
            }
            ranges.push(begin..parents.len());
        }
        let mut children = vec![Vec::new(); parents.len()];
        for (area, parent) in parents.iter().enumerate() {
            if let Some(parent) = *parent {
                children[parent as usize].push(area as u32);
            }
        }
        Nesting { parents, children, levels: ranges }
    }

    /// Areas of all levels.
    pub fn len(&self) -> usize {
        self.parents.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    /// An area's parent.
    pub fn parent(&self, area: usize) -> Option<usize> {
        self.parents[area].map(|parent| parent as usize)
    }

    /// Of each area, the shown one that its own homes are told with: the area itself, or the nearest around it.
    pub(super) fn told_with(&self, shown: &[bool]) -> Vec<Option<usize>> {
        let mut told_with: Vec<Option<usize>> = Vec::with_capacity(shown.len());
        for (area, is_shown) in shown.iter().enumerate() {
            let around = || self.parent(area).and_then(|parent| told_with[parent]);
            told_with.push(if *is_shown { Some(area) } else { around() });
        }
        told_with
    }

    /// The next finer areas in an area.
    pub fn children(&self, area: usize) -> impl Iterator<Item = usize> {
        self.children[area].iter().map(|&child| child as usize)
    }

    /// Levels.
    pub fn levels(&self) -> usize {
        self.levels.len()
    }

    /// The areas of a level.
    pub fn level(&self, level: usize) -> Range<usize> {
        self.levels[level].clone()
    }
}
