//! Which figures of a map are shown, and of which larger area the others are.

use super::dominance::{DayParts, dominated, dominated_residuals};
use super::{DisclosureRules, FigureKind, Nesting};
use crate::api::{Basis, Measure, Status};
use crate::numerals::grouped;

/// An exact figure of one area. Not public.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ExactFigure {
    /// Homes that contributed.
    pub homes: u32,
    /// How much time they cover.
    pub kind: FigureKind,
    /// The figure, if any home contributed.
    pub value: Option<f64>,
    /// The days that it rests on.
    pub basis: Option<Basis>,
    /// Where no home contributed to it: whether there are homes all the same that are spoken of with others, or are so few that
    /// nothing is said of them alone, not even whether they are silent.
    pub together: bool,
    /// What published statistics make of it, where there are any.
    pub modelled: Option<f64>,
}

/// A figure that may be shown: only a [`Release`] makes one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PublicFigure {
    status: Status,
    value: Option<f64>,
    shown_for: Option<u32>,
    basis: Option<Basis>,
}

impl PublicFigure {
    const NOTHING: PublicFigure =
        PublicFigure { status: Status::NoData, value: None, shown_for: None, basis: None };

    /// What kind of figure it is.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The figure, rounded; None where nothing may be said.
    pub const fn value(&self) -> Option<f64> {
        self.value
    }

    /// For a figure over days that was measured, here or around: the days that it rests on.
    pub const fn basis(&self) -> Option<Basis> {
        self.basis
    }

    /// For a merged figure: the larger area that it is of.
    pub const fn shown_for(&self) -> Option<usize> {
        match self.shown_for {
            Some(area) => Some(area as usize),
            None => None,
        }
    }
}

/// The decision for a whole map.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    figures: Vec<PublicFigure>,
    shown: Shown,
}

/// Which areas' own figures may be shown, without the figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown(Vec<bool>);

impl Shown {
    /// Decides from the homes in each area's figure, the homes that it needs, and all of which one of them may not be too much
    /// (rules 1 and 2).
    pub fn decide(homes: &[u32], homes_min: &[u32], nesting: &Nesting, parts: &[&dyn DayParts]) -> Self {
        assert!(homes.len() == nesting.len() && homes_min.len() == nesting.len());
        let of_any = |of: &dyn Fn(&dyn DayParts) -> Vec<bool>| {
            let mut is_of_one = vec![false; homes.len()];
            for parts in parts {
                is_of_one.iter_mut().zip(of(*parts)).for_each(|(is, too)| *is |= too);
            }
            is_of_one
        };
        let is_of_one = of_any(&|parts| dominated(parts, nesting));
        let mut shown: Vec<bool> = homes
            .iter()
            .zip(homes_min)
            .zip(is_of_one)
            .map(|((have, need), of_one)| have >= need && !of_one)
            .collect();
        for level in (0..nesting.levels().saturating_sub(1)).rev() {
            // One area is hidden for each that needs it, until none does.
            loop {
                // Homes of an area that no shown area within it accounts for.
                let residual = residuals(homes, nesting, &shown);
                let told_with = nesting.told_with(&shown);
                let is_of_one = of_any(&|parts| dominated_residuals(parts, &told_with));
                let smallest = smallest_within(homes, nesting, &shown, &told_with);
                let mut hidden = false;
                for area in nesting.level(level) {
                    // What is left is partly of the children's kind: the stricter number counts.
                    let need = nesting.children(area).map(|child| homes_min[child]).max().unwrap_or(0);
                    let too_few = (1..need.max(homes_min[area])).contains(&residual[area]);
                    if let Some(smallest) =
                        smallest[area].filter(|_| shown[area] && (too_few || is_of_one[area]))
                    {
                        hide_with_all_within(smallest, nesting, &mut shown);
                        hidden = true;
                    }
                }
                if !hidden {
                    break;
                }
            }
        }
        Shown(shown)
    }

    /// Whether an area's own figure may be shown.
    pub fn is_shown(&self, area: usize) -> bool {
        self.0[area]
    }

    /// The nearest larger area whose figure may be shown.
    pub fn merged_into(&self, area: usize, nesting: &Nesting) -> Option<usize> {
        std::iter::successors(nesting.parent(area), |&a| nesting.parent(a)).find(|&a| self.0[a])
    }
}

/// A value of a series on its way out: which area's it is, and what it is rounded to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeriesValue {
    /// The area that was asked for.
    pub area: usize,
    /// The area that the value is of: the same, or one around it.
    pub of: usize,
    /// The exact value; None where nothing was heard.
    pub value: Option<f64>,
    /// What it is rounded to.
    pub step: f64,
    /// Whether so few homes were ever heard from the area asked for that nothing of its own is said: not even
    /// that it is silent.
    pub withheld: bool,
}

impl Shown {
    /// What is said where nothing was heard.
    pub const fn nothing() -> PublicFigure {
        PublicFigure::NOTHING
    }

    /// What may be said of one point of a series.
    pub fn point(&self, point: SeriesValue, nesting: &Nesting) -> PublicFigure {
        let SeriesValue { area, of, value, step, withheld } = point;
        let nothing = PublicFigure::NOTHING;
        let around = std::iter::successors(Some(area), |&a| nesting.parent(a)).any(|a| a == of);
        match value {
            None if withheld && of == area => PublicFigure { status: Status::Suppressed, ..nothing },
            None => nothing,
            Some(_) if !around || !self.is_shown(of) => {
                PublicFigure { status: Status::Suppressed, ..nothing }
            }
            Some(value) if of == area => {
                PublicFigure { status: Status::Measured, value: Some(rounded(value, step)), ..nothing }
            }
            Some(value) => PublicFigure {
                status: Status::Merged,
                value: Some(rounded(value, step)),
                shown_for: Some(of as u32),
                basis: None,
            },
        }
    }
}

/// Homes in each area that are in no shown area strictly within it.
fn residuals(homes: &[u32], nesting: &Nesting, shown: &[bool]) -> Vec<u32> {
    let mut accounted = vec![0_u32; homes.len()];
    for area in (0..homes.len()).rev() {
        if let Some(parent) = nesting.parent(area) {
            accounted[parent] += if shown[area] { homes[area] } else { accounted[area] };
        }
    }
    homes.iter().zip(accounted).map(|(&all, known)| all.saturating_sub(known)).collect()
}

/// Of each shown area, the one with the fewest homes of the shown areas within it, of those that lie in no other such.
fn smallest_within(
    homes: &[u32],
    nesting: &Nesting,
    shown: &[bool],
    told_with: &[Option<usize>],
) -> Vec<Option<usize>> {
    let mut smallest: Vec<Option<usize>> = vec![None; homes.len()];
    for area in (0..homes.len()).filter(|&area| shown[area]) {
        if let Some(around) = nesting.parent(area).and_then(|parent| told_with[parent]) {
            let before = smallest[around].filter(|&before| (homes[before], before) < (homes[area], area));
            smallest[around] = before.or(Some(area));
        }
    }
    smallest
}

fn hide_with_all_within(area: usize, nesting: &Nesting, shown: &mut [bool]) {
    shown[area] = false;
    for child in nesting.children(area) {
        hide_with_all_within(child, nesting, shown);
    }
}

/// Rounds to a step, half away from zero. Steps below one are one over a whole number: divided by that, a figure is
/// the nearest one to its decimals, and is written with no more of them.
fn rounded(value: f64, step: f64) -> f64 {
    let steps = (value / step).round();
    if step < 1.0 { steps / step.recip().round() } else { steps * step }
}

/// Rounds a measure's value as rule 4 says.
pub fn rounded_measure(measure: Measure, value: f64) -> f64 {
    match measure {
        Measure::Annual | Measure::Cost => rounded(value, DisclosureRules::ANNUAL_STEP_KWH),
        Measure::Daily => rounded(value, DisclosureRules::DAILY_STEP_KWH),
        Measure::Now => rounded(value, DisclosureRules::POWER_STEP_W),
        Measure::NightShare | Measure::EveningShare => rounded(value, 1.0),
    }
}

/// A number of homes as a band, "30 to 39": never the number.
pub fn homes_band(homes: u32, rules: &DisclosureRules) -> Option<String> {
    let from = homes / DisclosureRules::HOMES_BAND * DisclosureRules::HOMES_BAND;
    let to = from + DisclosureRules::HOMES_BAND - 1;
    (homes >= rules.homes_min(FigureKind::Period)).then(|| format!("{} to {}", grouped(from), grouped(to)))
}

impl Release {
    /// Decides for every area of every level: `figures` in the nesting's order, of no `parts` of which one home may be too much.
    pub fn decide(
        figures: &[ExactFigure],
        parts: &[&dyn DayParts],
        nesting: &Nesting,
        measure: Measure,
        rules: &DisclosureRules,
    ) -> Self {
        let homes: Vec<u32> = figures.iter().map(|f| if f.value.is_some() { f.homes } else { 0 }).collect();
        let homes_min: Vec<u32> = figures.iter().map(|f| rules.homes_min(f.kind)).collect();
        let shown = Shown::decide(&homes, &homes_min, nesting, parts);
        let round = |value: f64| rounded_measure(measure, value);
        let public = (0..figures.len())
            .map(|area| {
                let figure = &figures[area];
                let nothing = PublicFigure::NOTHING;
                if shown.is_shown(area) {
                    return PublicFigure {
                        status: Status::Measured,
                        value: figure.value.map(round),
                        basis: figure.basis,
                        ..nothing
                    };
                }
                if figure.value.is_none() && !figure.together {
                    return match figure.modelled {
                        Some(value) => {
                            PublicFigure { status: Status::Modelled, value: Some(round(value)), ..nothing }
                        }
                        None => nothing,
                    };
                }
                match shown.merged_into(area, nesting) {
                    Some(larger) => PublicFigure {
                        status: Status::Merged,
                        value: figures[larger].value.map(round),
                        shown_for: Some(larger as u32),
                        basis: figures[larger].basis,
                    },
                    None => PublicFigure { status: Status::Suppressed, ..nothing },
                }
            })
            .collect();
        Release { figures: public, shown }
    }

    /// Of several releases of one measure, the newest first, each area's newest own figure for which
    /// `enough(release, area)` holds; else what is shown for it. Every figure in it stands in one of
    /// the releases, so it says nothing that they do not say together.
    pub fn newest(releases: &[Release], nesting: &Nesting, enough: impl Fn(usize, usize) -> bool) -> Self {
        let own = |area: usize| {
            let of = |(number, release): (usize, &Release)| {
                let figure = release.figures[area];
                (figure.status == Status::Measured && enough(number, area)).then_some(figure)
            };
            releases.iter().enumerate().find_map(of)
        };
        let own: Vec<Option<PublicFigure>> = (0..nesting.len()).map(own).collect();
        let nothing = PublicFigure::NOTHING;
        let figures = (0..nesting.len())
            .map(|area| {
                if let Some(figure) = own[area] {
                    return figure;
                }
                let heard = releases.iter().any(|release| release.figures[area].status != Status::NoData);
                if !heard {
                    return nothing;
                }
                let larger = std::iter::successors(nesting.parent(area), |&a| nesting.parent(a));
                match larger.into_iter().find_map(|a| own[a].map(|figure| (a, figure))) {
                    Some((a, figure)) => {
                        PublicFigure { status: Status::Merged, shown_for: Some(a as u32), ..figure }
                    }
                    None => PublicFigure { status: Status::Suppressed, ..nothing },
                }
            })
            .collect();
        Release { figures, shown: Shown(own.iter().map(Option::is_some).collect()) }
    }

    /// Another measure, of what is said already: it tells no more.
    pub fn derived(&self, measure: Measure, of: impl Fn(f64) -> f64) -> Self {
        let figure = |figure: &PublicFigure| {
            let value = figure.value.map(|value| rounded_measure(measure, of(value)));
            PublicFigure { value, ..*figure }
        };
        Release { figures: self.figures.iter().map(figure).collect(), shown: self.shown.clone() }
    }

    /// One area's figure.
    pub fn figure(&self, area: usize) -> PublicFigure {
        self.figures[area]
    }

    /// Which areas' own figures are shown.
    pub fn shown(&self) -> &Shown {
        &self.shown
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::dominance::Part;
    use super::super::tests::small;
    use super::*;
    use crate::UtcSecond;

    fn shown(leaves: [u32; 5], homes_min: u32) -> Vec<usize> {
        let [a, b, c, d, e] = leaves;
        let homes = [a + b + c + d + e, a + b + c, d + e, a, b, c, d, e];
        let shown = Shown::decide(&homes, &[homes_min; 8], &small(), &[]);
        (0..8).filter(|&area| shown.is_shown(area)).collect()
    }

    #[test]
    fn a_hidden_child_hides_its_smallest_sibling() {
        assert_eq!(shown([10, 10, 10, 10, 10], 10), [0, 1, 2, 3, 4, 5, 6, 7], "all have enough");
        assert_eq!(shown([9, 12, 11, 10, 10], 10), [0, 1, 2, 4, 6, 7], "the smaller sibling goes, too");
        assert_eq!(shown([0, 12, 11, 10, 10], 10), [0, 1, 2, 4, 5, 6, 7], "no homes: nothing to protect");
        assert_eq!(shown([9, 9, 9, 10, 10], 10), [0, 1, 2, 6, 7], "three hidden ones protect each other");
        assert_eq!(shown([1, 0, 0, 10, 10], 10), [0], "else the borough less its MSOA gives the home");
        assert_eq!(shown([1, 0, 0, 0, 0], 10), [] as [usize; 0]);
    }

    #[test]
    fn one_home_is_hidden_in_all_that_would_tell_of_it() {
        let homes = [66, 40, 26, 12, 14, 14, 13, 13];
        let shown = |largest: i64| {
            let part = |area: usize| {
                let largest_mwh = if area == 3 { largest } else { 10 };
                (area, Part { energy_mwh: i64::from(homes[area]) * 8, largest_mwh })
            };
            let days = vec![(3..8).map(part).collect::<Vec<_>>()];
            let shown = Shown::decide(&homes, &[10; 8], &small(), &[&days]);
            (0..8).filter(|&area| shown.is_shown(area)).collect::<Vec<_>>()
        };
        assert_eq!(shown(14), [0, 1, 2, 3, 4, 5, 6, 7], "14 of 96 is no more than 15 %");
        assert_eq!(shown(15), [0, 1, 2, 5, 6, 7], "of what is left it is 15 of 208");
        assert_eq!(shown(32), [0, 1, 2, 6, 7], "with one more it would be 32 of 208");
        assert_eq!(
            shown(60),
            [0],
            "it is 60 of 320 in its neighbourhood, and would be in what is left of the borough"
        );
        assert_eq!(shown(90), [2, 4, 5, 6, 7], "no figure has its 90, not even that of all");
    }

    #[test]
    fn merged_upward_or_not_shown() {
        let figure = |homes, value| ExactFigure {
            homes,
            kind: FigureKind::Period,
            value: Some(value),
            basis: Some(Basis { days: homes, from: UtcSecond(0), to: UtcSecond(86_400) }),
            modelled: Some(3000.0),
            together: false,
        };
        let figures = [
            figure(45, 3333.3),
            figure(25, 3100.0),
            figure(20, 3600.0),
            figure(5, 1.0),
            figure(10, 2.0),
            figure(10, 3.0),
            ExactFigure { modelled: Some(2904.0), ..ExactFigure::default() },
            ExactFigure { together: true, modelled: Some(2904.0), ..ExactFigure::default() },
        ];
        let rules = DisclosureRules::default();
        let release = Release::decide(&figures, &[], &small(), Measure::Annual, &rules);
        let check = |area, status, value, shown_for| {
            let figure = release.figure(area);
            assert_eq!(
                (figure.status(), figure.value(), figure.shown_for()),
                (status, value, shown_for),
                "{area}"
            );
            // Days tell of homes, too: those of the area whose figure it is, and of no other.
            let shown = shown_for.or((status == Status::Measured).then_some(area));
            assert_eq!(figure.basis(), shown.and_then(|shown: usize| figures[shown].basis), "{area}");
        };
        check(0, Status::Measured, Some(3330.0), None);
        check(3, Status::Merged, Some(3100.0), Some(1));
        check(4, Status::Merged, Some(3100.0), Some(1));
        check(5, Status::Measured, Some(0.0), None);
        check(6, Status::Modelled, Some(2900.0), None);
        check(7, Status::Merged, Some(3600.0), Some(2));
    }

    #[test]
    fn rules_are_only_raised() {
        assert!(DisclosureRules::raised(10, 30).is_ok());
        assert_eq!(DisclosureRules::raised(9, 30).unwrap_err().name, "homes_min_period");
        assert_eq!(DisclosureRules::raised(12, 29).unwrap_err().least, 30);
        assert_eq!(homes_band(34, &DisclosureRules::default()).as_deref(), Some("30 to 39"));
        assert_eq!(homes_band(9, &DisclosureRules::default()), None);
    }

    /// Random nestings of three levels, with the homes of their leaves.
    fn worlds() -> impl Strategy<Value = (Nesting, Vec<u32>)> {
        let leaves = prop::collection::vec(prop_oneof![Just(0), 1..12_u32, 8..40_u32], 1..6);
        let msoas = prop::collection::vec(leaves, 1..6);
        prop::collection::vec(msoas, 1..4).prop_map(|boroughs| {
            let (mut level1, mut level2, mut homes2) = (Vec::new(), Vec::new(), Vec::new());
            let first1 = boroughs.len() as u32;
            let first2 = first1 + boroughs.iter().map(Vec::len).sum::<usize>() as u32;
            let (mut homes0, mut homes1) = (Vec::new(), Vec::new());
            for (number, msoas) in boroughs.iter().enumerate() {
                homes0.push(msoas.iter().flatten().sum());
                for leaves in msoas {
                    level1.push(Some(number as u32));
                    homes1.push(leaves.iter().sum());
                    for &homes in leaves {
                        level2.push(Some(first1 + homes1.len() as u32 - 1));
                        homes2.push(homes);
                    }
                }
            }
            assert_eq!(first2 as usize, homes0.len() + homes1.len());
            let homes = [homes0, homes1, homes2].concat();
            (Nesting::new(vec![vec![None; boroughs.len()], level1, level2]), homes)
        })
    }

    /// Row-reduces over the rationals as f64: which unit combinations of leaves do the shown sums span?
    fn spans(rows: &[Vec<f64>], target: &[f64]) -> bool {
        let rank = |mut m: Vec<Vec<f64>>| {
            let (mut rank, columns) = (0, target.len());
            for column in 0..columns {
                let Some(pivot) = (rank..m.len()).find(|&r| m[r][column].abs() > 1e-9) else { continue };
                m.swap(rank, pivot);
                let lead = m[rank].clone();
                for (r, row) in m.iter_mut().enumerate() {
                    if r != rank && row[column].abs() > 1e-9 {
                        let factor = row[column] / lead[column];
                        row.iter_mut().zip(&lead).for_each(|(x, l)| *x -= factor * l);
                    }
                }
                rank += 1;
            }
            rank
        };
        let mut more = rows.to_vec();
        more.push(target.to_vec());
        rank(rows.to_vec()) == rank(more)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        /// The attacker knows every shown area's sum and combines them as they please. No set of leaves
        /// that holds homes, but fewer than the rule asks for, comes out.
        #[test]
        fn no_combination_isolates_too_few_homes((nesting, homes) in worlds()) {
            const HOMES_MIN: u32 = 10;
            let shown = Shown::decide(&homes, &vec![HOMES_MIN; homes.len()], &nesting, &[]);
            let leaves: Vec<usize> = nesting.level(2).filter(|&leaf| homes[leaf] > 0).collect();
            let within = |leaf: usize, area: usize| {
                std::iter::successors(Some(leaf), |&a| nesting.parent(a)).any(|a| a == area)
            };
            let row = |area: usize| leaves.iter().map(|&l| f64::from(u8::from(within(l, area)))).collect::<Vec<_>>();
            let known: Vec<Vec<f64>> = (0..nesting.len()).filter(|&a| shown.is_shown(a)).map(row).collect();
            // All sets of one or two leaves, and all sets of leaves of one MSOA.
            let mut sets: Vec<Vec<usize>> = Vec::new();
            for a in 0..leaves.len() {
                sets.extend((a + 1..leaves.len()).map(|b| vec![a, b]));
            }
            for msoa in nesting.level(1) {
                let members: Vec<usize> = (0..leaves.len()).filter(|&l| within(leaves[l], msoa)).collect();
                sets.extend((1_u32..1 << members.len()).map(|subset| {
                    (0..members.len()).filter(|b| subset >> b & 1 == 1).map(|b| members[b]).collect()
                }));
            }
            for chosen in sets {
                let total: u32 = chosen.iter().map(|&l| homes[leaves[l]]).sum();
                if total < HOMES_MIN {
                    let mut target = vec![0.0; leaves.len()];
                    chosen.iter().for_each(|&l| target[l] = 1.0);
                    prop_assert!(!spans(&known, &target), "{total} homes isolated: {chosen:?} of {homes:?}");
                }
            }
        }
    }
}
