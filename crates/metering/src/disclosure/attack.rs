//! The attacker: gathers everything that was ever released, and combines it as they please.
//!
//! What a home sent is a *contribution*: a part of a half-hour, or a correction of one. A released figure is a sum of
//! contributions, so all that can be worked out exactly is a combination of such sums. The attacker looks for one in
//! which fewer homes than ten have any part. Contributions that always stand in the same sums can't be told apart, so
//! they are taken together first: a combination has all of them or none.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::*;
use crate::aggregate::Totals;
use crate::{AreaCode, Energy, Position};

/// What the attacker knows of a figure: which contributions it is the sum of.
type Sum = BTreeSet<usize>;

/// Everything that was released of a world.
#[derive(Default)]
struct Gathered {
    /// Whose each contribution is.
    home_of: Vec<usize>,
    sums: Vec<Sum>,
}

/// A prime: numbers modulo it can be divided, and sums of ones and noughts rarely vanish by it alone.
const PRIME: u64 = (1 << 31) - 1;

impl Gathered {
    /// Homes of contributions that no sum tells apart, and for each sum which of those it has.
    fn together(&self) -> (Vec<BTreeSet<usize>>, Vec<Vec<u64>>) {
        let mut sums_of: Vec<Vec<usize>> = vec![Vec::new(); self.home_of.len()];
        let distinct: BTreeSet<&Sum> = self.sums.iter().collect();
        for (number, sum) in distinct.iter().enumerate() {
            sum.iter().for_each(|&contribution| sums_of[contribution].push(number));
        }
        let mut together: BTreeMap<&[usize], BTreeSet<usize>> = BTreeMap::new();
        for (sums, &home) in sums_of.iter().zip(&self.home_of).filter(|(sums, _)| !sums.is_empty()) {
            together.entry(sums).or_default().insert(home);
        }
        let mut rows = vec![vec![0; together.len()]; distinct.len()];
        for (column, sums) in together.keys().enumerate() {
            sums.iter().for_each(|&sum| rows[sum][column] = 1);
        }
        (together.into_values().collect(), rows)
    }

    /// Fewer homes than `fewer_than` of which something can be worked out that nobody else has a part in.
    fn isolated(&self, fewer_than: usize) -> Option<BTreeSet<usize>> {
        let (together, rows) = self.together();
        let few: Vec<&BTreeSet<usize>> = together.iter().filter(|homes| homes.len() < fewer_than).collect();
        let pairs = few.iter().enumerate().flat_map(|(i, a)| few[i..].iter().map(move |b| *a | *b));
        let candidates: BTreeSet<BTreeSet<usize>> = pairs.filter(|homes| homes.len() < fewer_than).collect();
        let known = rank(rows.clone());
        candidates.into_iter().find(|homes| {
            let others = |row: &Vec<u64>| {
                row.iter().zip(&together).map(|(&x, of)| if of.is_subset(homes) { 0 } else { x }).collect()
            };
            // Some combination has nothing of the others.
            rank(rows.iter().map(others).collect()) < known
        })
    }
}

fn rank(mut rows: Vec<Vec<u64>>) -> usize {
    let columns = rows.first().map_or(0, Vec::len);
    let mut rank = 0;
    for column in 0..columns {
        let Some(pivot) = (rank..rows.len()).find(|&row| rows[row][column] != 0) else { continue };
        rows.swap(rank, pivot);
        let inverse = power(rows[rank][column], PRIME - 2);
        let lead: Vec<u64> = rows[rank].iter().map(|x| x * inverse % PRIME).collect();
        for row in &mut rows[rank + 1..] {
            let factor = PRIME - row[column];
            if factor < PRIME {
                row.iter_mut().zip(&lead).for_each(|(x, l)| *x = (*x + factor * l) % PRIME);
            }
        }
        rank += 1;
    }
    rank
}

fn power(base: u64, exponent: u64) -> u64 {
    let half = |x: u64| power(x * x % PRIME, exponent / 2);
    match exponent {
        0 => 1,
        odd if odd % 2 == 1 => base * half(base) % PRIME,
        _ => half(base),
    }
}

/// Half-hours of a world's day.
const HALF_HOURS: usize = 5;
/// How often a world is looked at in each.
const LOOKS: usize = 6;

/// What is known of a part of the finest level in a half-hour.
type Cell = (usize, usize);

/// A few neighbourhoods with homes that report, late or in parts, correct what they reported, move away and arrive; and
/// processes that die.
struct World {
    dice: TestRng,
    nesting: Nesting,
    leaves: usize,
    /// Where each home is.
    homes: Vec<usize>,
    /// How much of each half-hour a home has covered.
    covered: HashMap<(usize, usize), i64>,
    exact: [Vec<Totals>; HALF_HOURS],
    /// The contributions to each.
    contributions: HashMap<Cell, Vec<usize>>,
    heard: BTreeSet<(usize, Cell)>,
    /// Of how many changes in two it is told whose they are.
    tells: usize,
    /// Where homes changed something in a half-hour, as far as the ledger hears of it and has not yet.
    told: HashMap<usize, Vec<ChangedHome>>,
    gathered: Gathered,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut dice = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut below = |n: usize| (dice.next_u32() as usize) % n;
        let boroughs = 1 + below(2);
        let msoas: Vec<Option<u32>> =
            (0..boroughs as u32).flat_map(|borough| vec![Some(borough); 1 + below(3)]).collect();
        let leaves_of = |(msoa, _)| vec![Some((boroughs + msoa) as u32); 1 + below(4)];
        let leaves: Vec<Option<u32>> = msoas.iter().enumerate().flat_map(leaves_of).collect();
        let sizes = [0, 1, 3, 8, 9, 10, 11, 14, 25, 31, 44];
        let homes = (0..leaves.len()).flat_map(|leaf| vec![leaf; sizes[below(sizes.len())]]).collect();
        let (count, tells) = (leaves.len(), below(3));
        World {
            tells,
            nesting: Nesting::new(vec![vec![None; boroughs], msoas, leaves]),
            leaves: count,
            homes,
            covered: HashMap::new(),
            exact: std::array::from_fn(|_| vec![Totals::default(); count]),
            contributions: HashMap::new(),
            heard: BTreeSet::new(),
            told: HashMap::new(),
            gathered: Gathered::default(),
            dice,
        }
    }

    fn below(&mut self, n: usize) -> usize {
        (self.dice.next_u32() as usize) % n
    }

    /// A home says what it used in some more seconds of a half-hour, or corrects what it said.
    fn contribute(&mut self, home: usize, half_hour: usize, seconds: i64) {
        let covered = self.covered.entry((home, half_hour)).or_default();
        let seconds = seconds.min(1800 - *covered);
        *covered += seconds;
        let (leaf, mwh) = (self.homes[home], 1 + i64::from(self.dice.next_u32()));
        let totals = &mut self.exact[half_hour][leaf];
        totals.energy += Energy::from_mwh(mwh);
        totals.meter_seconds += seconds;
        totals.meters += i64::from(self.heard.insert((home, (leaf, half_hour))));
        self.contributions.entry((leaf, half_hour)).or_default().push(self.gathered.home_of.len());
        self.gathered.home_of.push(home);
        if self.below(2) < self.tells {
            let (home, at) = (home as u32, Position::new(1, self.gathered.home_of.len() as i64));
            self.told.entry(half_hour).or_default().push(ChangedHome { leaf, home, partition: 0, at });
        }
    }

    /// Some time passes in a half-hour.
    fn live(&mut self, half_hour: usize, part: usize) {
        let seconds = [300, 300, 600, 1800][self.below(4)];
        for home in 0..self.homes.len() {
            match self.below(40) {
                0 => self.homes[home] = self.below(self.leaves),
                1 => {
                    let late = self.below(half_hour + 1);
                    self.contribute(home, late, 1800);
                }
                2 if self.covered.contains_key(&(home, half_hour)) => self.contribute(home, half_hour, 0),
                3..=9 => {}
                _ if seconds < 1800 || part == LOOKS - 1 => self.contribute(home, half_hour, seconds),
                _ => {}
            }
        }
        if self.below(3) == 0 {
            let leaf = self.below(self.leaves);
            self.homes.push(leaf);
        }
    }

    /// Notes everything that a ledger shows of a half-hour.
    fn look(&mut self, shown: &mut Shown, half_hour: usize, is_over: bool) {
        let before = shown.ledger.clone();
        let told = self.told.remove(&half_hour).unwrap_or_default();
        let expected = &self.exact[half_hour.saturating_sub(1)];
        let course = if is_over { Course::Over } else { Course::Open(expected) };
        let seen = Seen::from([(0, Position::new(1, self.gathered.home_of.len() as i64))]);
        let exact = &self.exact[half_hour];
        let look = Look { of_day: half_hour, exact, changed: Some(&told), seen: &seen, course };
        let released = shown.ledger.release(&look);
        shown.keep(half_hour, &released);
        if self.below(6) == 0 {
            shown.begin_again(self.leaves);
        }
        let groups = shown.ledger.groups().clone();
        for (number, group) in groups.all().iter().enumerate() {
            if shown.ledger.of_group(number, half_hour) != before.of_group(number, half_hour) {
                let of = |&leaf: &u32| self.contributions.get(&(leaf as usize, half_hour)).cloned();
                shown
                    .sums
                    .insert((number, half_hour), group.leaves.iter().filter_map(of).flatten().collect());
            }
        }
        for area in 0..self.nesting.len() {
            let within = |group: &Group| {
                std::iter::successors(Some(group.area as usize), |&a| self.nesting.parent(a))
                    .any(|a| a == area)
            };
            let parts = groups.all().iter().enumerate().filter(|(_, group)| within(group));
            let sum: Sum = parts
                .filter_map(|(number, _)| shown.sums.get(&(number, half_hour)))
                .flatten()
                .copied()
                .collect();
            if !sum.is_empty() {
                self.gathered.sums.push(sum);
            }
        }
    }

    /// Nothing but a day: how homes are grouped is decided when it begins.
    fn day(&mut self, grouped: impl Fn(&Crowd) -> bool) {
        let mut expected = vec![Crowd::default(); self.leaves];
        self.homes.iter().for_each(|&leaf| expected[leaf].homes += 1);
        let groups = Groups::decide(&expected, &self.nesting, grouped);
        let ledger = DayLedger::new(std::sync::Arc::new(groups));
        let first_leaf = (self.nesting.len() - self.leaves) as u32;
        let mut shown = Shown { kept: Kept::of(&ledger, first_leaf), ledger, sums: HashMap::new() };
        for half_hour in 0..HALF_HOURS {
            for part in 0..LOOKS {
                self.live(half_hour, part);
                self.look(&mut shown, half_hour, false);
                let late = self.below(half_hour + 1);
                self.look(&mut shown, late, late < half_hour);
            }
        }
        (0..HALF_HOURS).for_each(|half_hour| self.look(&mut shown, half_hour, true));
    }
}

/// A ledger, and the contributions that each of its released figures is the sum of.
struct Shown {
    ledger: DayLedger,
    sums: HashMap<Cell, Sum>,
    kept: Kept,
}

/// What outlasts a process: who is spoken of together, all that was released until some time, and each look since.
struct Kept {
    groups: Vec<u8>,
    half_hours: Vec<u8>,
    looks: Vec<Vec<u8>>,
    first_leaf: u32,
}

impl Kept {
    fn of(ledger: &DayLedger, first_leaf: u32) -> Self {
        Kept {
            groups: ledger.record_of_groups(&Numbered, first_leaf),
            half_hours: ledger.record_of_half_hours(0..HALF_HOURS),
            looks: Vec::new(),
            first_leaf,
        }
    }
}

/// Areas that are called by their numbers.
struct Numbered;

impl AreaNames for Numbered {
    fn code(&self, area: u32) -> AreaCode {
        AreaCode::parse(&format!("A{area}")).unwrap()
    }

    fn number(&self, code: &AreaCode) -> Option<u32> {
        code.as_str().strip_prefix('A')?.parse().ok()
    }
}

impl Shown {
    /// What a look released is kept before anybody hears of it.
    fn keep(&mut self, half_hour: usize, released: &[usize]) {
        self.kept.looks.push(self.ledger.record_of_look(&[(half_hour, released.to_vec())]));
    }

    /// The process dies, and another one goes on with what was kept.
    fn begin_again(&mut self, leaves: usize) {
        let Kept { groups, half_hours, looks, first_leaf } = &self.kept;
        let mut ledger = DayLedger::read(groups, &Numbered, *first_leaf, leaves).unwrap();
        ledger.read_released(half_hours, |_| true).unwrap();
        looks.iter().for_each(|look| ledger.read_released(look, |_| true).unwrap());
        assert_eq!(ledger.groups(), self.ledger.groups());
        let released = |ledger: &DayLedger| {
            let cells = |group: usize| (0..48).map(move |of_day| (group, of_day));
            let all = (0..ledger.groups().all().len()).flat_map(cells);
            all.map(|(group, of_day)| ledger.of_group(group, of_day)).collect::<Vec<_>>()
        };
        assert_eq!(released(&ledger), released(&self.ledger));
        self.kept = Kept::of(&ledger, *first_leaf);
        self.ledger = ledger;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_of_fewer_than_ten_homes_can_be_worked_out(seed: u64) {
        let mut world = World::new(seed);
        world.day(|crowd| crowd.is_enough(30, 100));
        let (together, _) = world.gathered.together();
        let fewest = together.iter().map(BTreeSet::len).min();
        prop_assert!(fewest.is_none_or(|homes| homes >= 10), "{fewest:?}");
        prop_assert_eq!(world.gathered.isolated(10), None);
    }
}

#[test]
fn the_attacker_finds_what_careless_publishers_say() {
    let isolated = |sums: &[&[usize]]| {
        let sums = sums.iter().map(|sum| sum.iter().copied().collect()).collect();
        Gathered { home_of: (0..40).collect(), sums }.isolated(10)
    };
    let all: Vec<usize> = (0..40).collect();
    let homes = |homes: std::ops::Range<usize>| Some(homes.collect::<BTreeSet<_>>());
    assert_eq!(isolated(&[&all]), None);
    assert_eq!(isolated(&[&all, &all[..30]]), None);
    assert_eq!(isolated(&[&all, &all[1..]]), homes(0..1), "one home more");
    assert_eq!(isolated(&[&all, &all[..15], &all[15..31]]), homes(31..40), "a hidden sibling");
    assert_eq!(
        isolated(&[&all[..20], &all[10..], &all[..10], &all[20..39]]),
        homes(39..40),
        "by three steps"
    );
    assert_eq!(isolated(&[&all[..20], &all[5..25]]), None, "5 homes on either side are 10 together");
    assert_eq!(isolated(&[&all[..20], &all[..25], &all[5..25]]), homes(0..5));
}
