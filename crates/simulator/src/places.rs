//! Where homes can be: the leaves of a geography, and the order in which they are filled.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use geography::reference::BoroughMean;
use geography::{AreaIndex, Geography};
use metering::AreaCode;

/// Homes that every leaf gets before any gets more.
pub const HOMES_A_LEAF_MIN: usize = 10;

/// Homes that every group of leaves (an MSOA) gets in that first round: below it, no live figure is shown.
pub const HOMES_A_GROUP_MIN: usize = 30;

/// What a home uses where nothing is published, kWh a year: the mean of London's boroughs in 2019,
/// rounded.
const MEAN_KWH: f64 = 3450.0;

/// A leaf of the geography.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) code: AreaCode,
    /// The area next above it: a group of leaves that is filled as a whole.
    pub(crate) group: u32,
    /// The coarsest area that it is in.
    pub(crate) borough: u32,
}

/// A group of neighbouring leaves.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) leaves: Vec<u32>,
    pub(crate) latitude_deg: f64,
    pub(crate) longitude_deg: f64,
}

/// A coarsest area with its published figures.
#[derive(Debug, Clone)]
pub(crate) struct Borough {
    /// Mean use of a home, kWh a year.
    pub(crate) mean_kwh: f64,
    /// Its weight among the boroughs when homes are handed out: its meters.
    pub(crate) weight: f64,
}

/// All of them.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) groups: Vec<Group>,
    pub(crate) boroughs: Vec<Borough>,
}

impl Places {
    /// Those of a geography, with the published figures of its coarsest areas.
    pub(crate) fn of(geography: &Geography, means: &[BoroughMean]) -> Self {
        let (mut groups, mut boroughs) = (Numbers::default(), Numbers::default());
        let mut places = Places { leaves: Vec::new(), groups: Vec::new(), boroughs: Vec::new() };
        for number in 0..geography.leaf_count() {
            let leaf = geography.leaf(number);
            // With a single level, each leaf is a group and a borough of its own.
            let (above, top) =
                (geography.parent(leaf).unwrap_or(leaf), geography.ancestors(leaf).last().unwrap_or(leaf));
            let (group, borough) = (groups.of(above), boroughs.of(top));
            if group as usize == places.groups.len() {
                let (latitude_deg, longitude_deg) = geography.label_position(above);
                places.groups.push(Group { leaves: Vec::new(), latitude_deg, longitude_deg });
            }
            if borough as usize == places.boroughs.len() {
                places.boroughs.push(published(geography.area(top).code.as_str(), means));
            }
            places.groups[group as usize].leaves.push(number);
            places.leaves.push(Leaf { code: geography.area(leaf).code.clone(), group, borough });
        }
        places
    }

    /// A number made of the leaves' codes.
    pub(crate) fn id(&self) -> u64 {
        // FNV-1a: it is compared with what an earlier run saved, so it must not change with a library.
        let bytes = self.leaves.iter().flat_map(|leaf| leaf.code.as_str().bytes().chain([0]));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }

    /// The middle of the groups.
    pub(crate) fn middle(&self) -> (f64, f64) {
        let n = self.groups.len().max(1) as f64;
        let mean = |of: fn(&Group) -> f64| self.groups.iter().map(of).sum::<f64>() / n;
        (mean(|g| g.latitude_deg), mean(|g| g.longitude_deg))
    }

    /// The groups by distance from the middle: any first few of them lie close together.
    pub(crate) fn outward(&self) -> Vec<u32> {
        let (latitude, longitude) = self.middle();
        let narrowing = latitude.to_radians().cos();
        let distance = |group: &Group| {
            let (dy, dx) = (group.latitude_deg - latitude, (group.longitude_deg - longitude) * narrowing);
            dx * dx + dy * dy
        };
        let mut order: Vec<u32> = (0..self.groups.len() as u32).collect();
        order.sort_by(|&a, &b| {
            let of = |n: u32| distance(&self.groups[n as usize]);
            of(a).total_cmp(&of(b)).then(a.cmp(&b))
        });
        order
    }

    /// The leaf of every home, by number. A home's leaf does not depend on how many homes there are,
    /// so that adding some moves none.
    ///
    /// First group after group, from the middle outward, each filled as a whole: a few homes then make a
    /// few areas that can be shown, not one home everywhere that can't. When all are filled, the rest go
    /// where there are most meters for each home so far (Sainte-Laguë's rule).
    pub(crate) fn allocate(&self, homes: usize) -> Vec<u32> {
        let mut leaf_of = Vec::with_capacity(homes);
        let mut counts = vec![0_u32; self.leaves.len()];
        for group in self.outward() {
            let leaves = &self.groups[group as usize].leaves;
            let each = HOMES_A_LEAF_MIN.max(HOMES_A_GROUP_MIN.div_ceil(leaves.len().max(1)));
            for &leaf in leaves {
                leaf_of.extend(std::iter::repeat_n(leaf, each));
                counts[leaf as usize] = each as u32;
            }
        }
        self.allocate_by_weight(homes, &mut leaf_of, &counts);
        leaf_of.truncate(homes);
        leaf_of
    }

    /// Homes in the first round.
    pub(crate) fn first_round(&self) -> usize {
        let group = |group: &Group| {
            let n = group.leaves.len();
            n * HOMES_A_LEAF_MIN.max(HOMES_A_GROUP_MIN.div_ceil(n.max(1)))
        };
        self.groups.iter().map(group).sum()
    }

    fn allocate_by_weight(&self, homes: usize, leaf_of: &mut Vec<u32>, counts: &[u32]) {
        let mut leaves_in = vec![0.0; self.boroughs.len()];
        for leaf in &self.leaves {
            leaves_in[leaf.borough as usize] += 1.0;
        }
        let claim = |leaf: u32, homes: u32| {
            let borough = self.leaves[leaf as usize].borough as usize;
            let weight = self.boroughs[borough].weight / leaves_in[borough];
            Claim { strength: weight / (2.0 * f64::from(homes) + 1.0), leaf, homes }
        };
        let mut claims: BinaryHeap<Claim> =
            counts.iter().enumerate().map(|(leaf, &homes)| claim(leaf as u32, homes)).collect();
        while leaf_of.len() < homes {
            let Some(next) = claims.pop() else { return };
            leaf_of.push(next.leaf);
            claims.push(claim(next.leaf, next.homes + 1));
        }
    }
}

fn published(code: &str, means: &[BoroughMean]) -> Borough {
    match means.iter().find(|mean| mean.code.as_str() == code) {
        Some(mean) => Borough { mean_kwh: f64::from(mean.mean_kwh), weight: f64::from(mean.meters) },
        None => Borough { mean_kwh: MEAN_KWH, weight: 1.0 },
    }
}

/// Areas by the order in which they were met.
#[derive(Default)]
struct Numbers(HashMap<AreaIndex, u32>);

impl Numbers {
    fn of(&mut self, area: AreaIndex) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(area).or_insert(next)
    }
}

/// A leaf's claim to the next home.
struct Claim {
    strength: f64,
    leaf: u32,
    homes: u32,
}

impl Ord for Claim {
    fn cmp(&self, other: &Self) -> Ordering {
        self.strength.total_cmp(&other.strength).then(other.leaf.cmp(&self.leaf))
    }
}

impl PartialOrd for Claim {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Claim {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Claim {}
