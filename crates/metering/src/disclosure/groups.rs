//! Which homes are spoken of together.

use super::Nesting;

/// Homes of some areas, and what they used where that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Crowd {
    /// How many.
    pub homes: u32,
    /// What they used together, mWh.
    pub energy_mwh: i64,
    /// What the one of them used that used most, mWh.
    pub largest_mwh: i64,
}

impl Crowd {
    /// So many homes, of whose use nothing is known.
    pub const fn of(homes: u32) -> Self {
        Crowd { homes, energy_mwh: 0, largest_mwh: 0 }
    }

    /// Whether they are so many, and none of them used more than so much of all.
    pub const fn is_enough(&self, homes_min: u32, share_max_percent: u32) -> bool {
        let most = self.energy_mwh as i128 * share_max_percent as i128;
        self.homes >= homes_min && self.largest_mwh as i128 * 100 <= most
    }

    fn add(&mut self, other: &Crowd) {
        self.homes += other.homes;
        self.energy_mwh += other.energy_mwh;
        self.largest_mwh = self.largest_mwh.max(other.largest_mwh);
    }
}

/// Areas of the finest level whose homes are spoken of together, and of none of them alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The smallest area that all of them lie in.
    pub area: u32,
    /// Their numbers among the areas of the finest level, in order.
    pub leaves: Vec<u32>,
    /// Their homes when that was decided.
    pub homes: u32,
}

/// How the areas of the finest level are put together, so that each group has enough homes, and is as small as areas
/// allow. An area is in one group at most: in none where too few homes are left of all that it lies in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Groups {
    groups: Vec<Group>,
    of_leaf: Vec<Option<u32>>,
}

impl Groups {
    /// Decides from the homes of the finest level's areas. Of an area, first those within it that have enough are
    /// groups of their own, level by level; what is left of it is one together, or left for the area around it.
    pub fn decide(leaves: &[Crowd], nesting: &Nesting, is_enough: impl Fn(&Crowd) -> bool) -> Self {
        let first_leaf = nesting.len() - leaves.len();
        let mut left: Vec<(Crowd, Vec<u32>)> = vec![Default::default(); nesting.len()];
        for (leaf, crowd) in leaves.iter().enumerate().filter(|(_, crowd)| crowd.homes > 0) {
            left[first_leaf + leaf] = (*crowd, vec![leaf as u32]);
        }
        let mut groups = Vec::new();
        // Larger areas stand before those within them.
        for area in (0..nesting.len()).rev() {
            let (crowd, mut members) = std::mem::take(&mut left[area]);
            if is_enough(&crowd) {
                members.sort_unstable();
                groups.push(Group { area: area as u32, leaves: members, homes: crowd.homes });
            } else if let Some(around) = nesting.parent(area) {
                left[around].0.add(&crowd);
                left[around].1.append(&mut members);
            }
        }
        groups.reverse();
        Self::new(groups, leaves.len())
    }

    /// Of these, none of which share an area of the finest level, of which there are so many.
    pub(super) fn new(groups: Vec<Group>, leaves: usize) -> Self {
        let mut of_leaf = vec![None; leaves];
        for (number, group) in groups.iter().enumerate() {
            for &leaf in &group.leaves {
                of_leaf[leaf as usize] = Some(number as u32);
            }
        }
        Groups { groups, of_leaf }
    }

    /// All of them: larger areas' before those within, but for those that were added later.
    pub fn all(&self) -> &[Group] {
        &self.groups
    }

    /// None, of so many areas of the finest level.
    pub fn none(leaves: usize) -> Self {
        Self::new(Vec::new(), leaves)
    }

    /// These and some more, of areas that none of these has.
    pub(super) fn with(&self, more: &Groups, leaves: usize) -> Self {
        Self::new([&self.groups[..], &more.groups[..]].concat(), leaves)
    }

    /// Areas of the finest level.
    pub fn leaves(&self) -> usize {
        self.of_leaf.len()
    }

    /// The group that an area of the finest level is in.
    pub fn of_leaf(&self, leaf: usize) -> Option<usize> {
        self.of_leaf.get(leaf).copied().flatten().map(|group| group as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::small;
    use super::*;

    fn groups(leaves: [u32; 5], homes_min: u32) -> Vec<(u32, Vec<u32>)> {
        let groups = Groups::decide(&leaves.map(Crowd::of), &small(), |crowd| crowd.homes >= homes_min);
        groups.all().iter().map(|group| (group.area, group.leaves.clone())).collect()
    }

    #[test]
    fn homes_are_put_together_until_they_are_enough() {
        assert_eq!(groups([30; 5], 30), (0..5).map(|leaf| (3 + leaf, vec![leaf])).collect::<Vec<_>>());
        assert_eq!(groups([10, 10, 10, 15, 15], 30), [(1, vec![0, 1, 2]), (2, vec![3, 4])]);
        assert_eq!(groups([10, 40, 20, 15, 15], 30), [(1, vec![0, 2]), (2, vec![3, 4]), (4, vec![1])]);
        assert_eq!(
            groups([9, 10, 10, 15, 14], 30),
            [(0, vec![0, 1, 2, 3, 4])],
            "of both, for want of either"
        );
        assert_eq!(groups([9, 31, 10, 15, 14], 30), [(0, vec![0, 2, 3, 4]), (4, vec![1])]);
        assert_eq!(groups([9, 31, 1, 10, 9], 30), [(4, vec![1])], "29 are left: of them nothing is said");
        assert_eq!(groups([0, 31, 0, 29, 1], 30), [(2, vec![3, 4]), (4, vec![1])], "nobody needs no group");
        assert_eq!(groups([0; 5], 30), []);
    }

    #[test]
    fn one_home_does_not_stand_out_of_its_group() {
        let crowd = |homes, energy_mwh, largest_mwh| Crowd { homes, energy_mwh, largest_mwh };
        let enough = |crowd: &Crowd| crowd.is_enough(10, 15);
        assert!(enough(&crowd(10, 100, 15)) && !enough(&crowd(10, 100, 16)) && !enough(&crowd(9, 100, 15)));
        assert!(enough(&Crowd::of(10)), "homes that used nothing");
        let leaves =
            [crowd(12, 100, 16), crowd(12, 100, 15), crowd(1, 7, 7), Crowd::default(), Crowd::default()];
        let groups = Groups::decide(&leaves, &small(), enough);
        let found: Vec<_> = groups.all().iter().map(|group| (group.area, group.leaves.clone())).collect();
        assert_eq!(found, [(1, vec![0, 2]), (4, vec![1])], "together with others it does not");
        assert_eq!((groups.of_leaf(2), groups.of_leaf(1), groups.of_leaf(3)), (Some(0), Some(1), None));
    }
}
