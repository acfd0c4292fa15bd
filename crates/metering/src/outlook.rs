//! What a year is expected to be like, from the years that were published of it and its neighbours.
//!
//! Of each area the mean use of a home is published a year. Two things move it: what moves all areas alike (milder
//! winters, better appliances), and chance, which one year puts an area above its level and the next year below it. So
//! an area's level, relative to all areas, is a mean of its years in which a year counts the less the longer ago it is
//! (exponential smoothing), and all areas go on as they went in the mean of the last years. How much the newest year
//! counts is what would have foretold the published years best. How far off that would have been, of this area and
//! of all, is the range.

/// How many of the last changes of all areas together are taken to go on.
const DRIFT_YEARS: usize = 5;

/// Years that are needed before one is foretold, when it is tried out how well that works.
const YEARS_BEFORE: usize = 3;

/// How often it must have been tried out before a range is said.
const TRIALS_MIN: usize = 2;

/// How much the newest year counts is one of these, in tenths.
const ALPHA_TENTHS: std::ops::RangeInclusive<u32> = 3..=10;

/// As many trials of the typical area are added to an area's own when it is judged how well it is foretold: a few
/// lucky years make no area certain.
const TYPICAL_TRIALS: f64 = 10.0;

/// One published year, of all areas in one order.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedYear {
    /// Mean use of a home, kWh, where it is published.
    pub mean_kwh: Vec<Option<f64>>,
    /// Homes that it is the mean of.
    pub meters: Vec<u32>,
}

/// The year after the published ones, of one area.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// Mean use of a home, kWh.
    pub mean_kwh: f64,
    /// It will be below this in one case of ten, and above that in another, as far as the published years tell; none where
    /// these are too few.
    pub range_kwh: Option<(f64, f64)>,
}

/// What areas are expected to use in the year after some published ones, which follow each other. None where the newest
/// one says nothing.
pub fn outlook(years: &[PublishedYear]) -> Vec<Option<Outlook>> {
    let areas = years.iter().map(|year| year.mean_kwh.len()).max().unwrap_or(0);
    let published = Published::new(years, areas);
    let trials = YEARS_BEFORE.min(years.len())..years.len();
    let alpha = ALPHA_TENTHS
        .map(|tenths| f64::from(tenths) / 10.0)
        .min_by(|&a, &b| {
            let missed =
                |alpha| published.misses(alpha, trials.clone()).map(|(_, miss)| miss.abs()).sum::<f64>();
            missed(a).total_cmp(&missed(b))
        })
        .filter(|_| !trials.is_empty())
        .unwrap_or(1.0);
    let spread = Spread::new(published.misses(alpha, trials), areas);
    let foretold = published.foretold(alpha, years.len());
    foretold
        .into_iter()
        .enumerate()
        .map(|(area, log)| {
            let log = log?;
            let range = spread.as_ref().map(|spread| spread.of(area));
            let range_kwh = range.map(|(low, high)| ((log + low).exp(), (log + high).exp()));
            let range_kwh = range_kwh.filter(|(low, high)| low.is_finite() && high.is_finite());
            log.is_finite().then(|| Outlook { mean_kwh: log.exp(), range_kwh })
        })
        .collect()
}

/// Logarithms of what was published: what moves areas does so by shares.
struct Published {
    /// By year: all areas together.
    all: Vec<f64>,
    /// By area and year: how far the area is above them.
    above: Vec<Vec<Option<f64>>>,
}

impl Published {
    fn new(years: &[PublishedYear], areas: usize) -> Self {
        // What is published of another area from some year on moves no other.
        let mut all = Vec::with_capacity(years.len());
        for (number, year) in years.iter().enumerate() {
            all.push(match number.checked_sub(1) {
                None => mean_of(year, year).ln(),
                Some(before) => {
                    all[before] + (mean_of(year, &years[before]) / mean_of(&years[before], year)).ln()
                }
            });
        }
        // Years that have no area in common say nothing of what moves them.
        let mut last = 0.0;
        for log in &mut all {
            last = if log.is_finite() { *log } else { last };
            *log = last;
        }
        let above = |area: usize| {
            let of = |(year, all): (&PublishedYear, &f64)| {
                let mean = year.mean_kwh.get(area).copied().flatten().filter(|&mean| mean > 0.0)?;
                Some(mean.ln() - all)
            };
            years.iter().zip(&all).map(of).collect()
        };
        Published { above: (0..areas).map(above).collect(), all }
    }

    /// What is foretold of a year by those before it, by area.
    fn foretold(&self, alpha: f64, year: usize) -> Vec<Option<f64>> {
        let Some(newest) = year.checked_sub(1) else { return Vec::new() };
        let first = newest.saturating_sub(DRIFT_YEARS);
        let drift = (self.all[newest] - self.all[first]) / (newest - first).max(1) as f64;
        let level = |above: &Vec<Option<f64>>| {
            above[newest]?;
            let smooth = |level: f64, above: f64| alpha * above + (1.0 - alpha) * level;
            above[..year].iter().flatten().copied().reduce(smooth)
        };
        self.above.iter().map(|above| level(above).map(|level| level + self.all[newest] + drift)).collect()
    }

    /// How far areas were from what would have been foretold of them.
    fn misses(&self, alpha: f64, trials: std::ops::Range<usize>) -> impl Iterator<Item = (usize, f64)> {
        trials.flat_map(move |year| {
            let miss = |(area, foretold): (usize, Option<f64>)| {
                Some((area, self.above[area][year]? + self.all[year] - foretold?))
            };
            self.foretold(alpha, year).into_iter().enumerate().filter_map(miss).collect::<Vec<_>>()
        })
    }
}

/// The mean of all areas of a year that are published in another as well, each weighted with what both years together have of
/// homes. Not a number where there are none.
fn mean_of(year: &PublishedYear, other: &PublishedYear) -> f64 {
    let homes = |year: &PublishedYear, area: usize| year.meters.get(area).copied().map_or(0.0, f64::from);
    let (mut energy, mut all) = (0.0, 0.0);
    for (area, mean) in year.mean_kwh.iter().enumerate() {
        if let (Some(mean), Some(Some(_))) = (mean, other.mean_kwh.get(area)) {
            let weight = homes(year, area) + homes(other, area);
            energy += mean * weight;
            all += weight;
        }
    }
    energy / all
}

/// How far off an area's year may be, as a logarithm.
struct Spread {
    by_area: Vec<f64>,
    /// In one case of ten the miss, over the area's own spread, is below this, and in another above that.
    low: f64,
    high: f64,
}

impl Spread {
    fn new(misses: impl Iterator<Item = (usize, f64)>, areas: usize) -> Option<Self> {
        let mut of_area: Vec<Vec<f64>> = vec![Vec::new(); areas];
        misses.for_each(|(area, miss)| of_area[area].push(miss));
        let squares = |misses: &Vec<f64>| misses.iter().map(|miss| miss * miss).sum::<f64>();
        let tried = || of_area.iter().filter(|misses| misses.len() >= TRIALS_MIN);
        let mut means: Vec<f64> = tried().map(|misses| squares(misses) / misses.len() as f64).collect();
        let typical = *quantile(&mut means, 0.5)?;
        let by_area: Vec<f64> = of_area
            .iter()
            .map(|misses| {
                ((squares(misses) + TYPICAL_TRIALS * typical) / (misses.len() as f64 + TYPICAL_TRIALS)).sqrt()
            })
            .collect();
        let mut relative: Vec<f64> = of_area
            .iter()
            .zip(&by_area)
            .flat_map(|(misses, spread)| misses.iter().map(move |miss| miss / spread))
            .collect();
        let (low, high) = (*quantile(&mut relative, 0.1)?, *quantile(&mut relative, 0.9)?);
        Some(Spread { by_area, low, high })
    }

    fn of(&self, area: usize) -> (f64, f64) {
        (self.low * self.by_area[area], self.high * self.by_area[area])
    }
}

fn quantile(values: &mut [f64], share: f64) -> Option<&f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get(((values.len().max(1) - 1) as f64 * share).round() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn years(of: &[&[f64]]) -> Vec<PublishedYear> {
        let year = |means: &&[f64]| PublishedYear {
            mean_kwh: means.iter().map(|&mean| (mean > 0.0).then_some(mean)).collect(),
            meters: vec![500; means.len()],
        };
        of.iter().map(year).collect()
    }

    #[test]
    fn one_year_goes_on_as_it_is() {
        let expected = Outlook { mean_kwh: 3000.0, range_kwh: None };
        let found = outlook(&years(&[&[3000.0, 0.0]]));
        assert!((found[0].unwrap().mean_kwh - 3000.0).abs() < 1e-6);
        assert_eq!((found[0].unwrap().range_kwh, found[1]), (expected.range_kwh, None));
        assert_eq!(outlook(&[]), []);
    }

    #[test]
    fn what_moves_all_areas_goes_on() {
        let year = |factor: f64| [4000.0 * factor, 2000.0 * factor];
        let all: Vec<[f64; 2]> = (0..6).map(|n| year(0.98_f64.powi(n))).collect();
        let found = outlook(&years(&all.iter().map(|year| &year[..]).collect::<Vec<_>>()));
        for (outlook, level) in found.into_iter().zip([4000.0, 2000.0]) {
            let outlook = outlook.unwrap();
            let expected = level * 0.98_f64.powi(6);
            assert!((outlook.mean_kwh / expected - 1.0).abs() < 1e-9, "{outlook:?}");
        }
    }

    #[test]
    fn chance_does_not_and_is_the_range() {
        // Up and down by two per cent, in turn, and against each other.
        let year = |n: i32| {
            let up = if n % 2 == 0 { 1.02 } else { 0.98 };
            [3000.0 * up, 3000.0 * (2.0 - up)]
        };
        let all: Vec<[f64; 2]> = (0..9).map(year).collect();
        let found = outlook(&years(&all.iter().map(|year| &year[..]).collect::<Vec<_>>()));
        let Outlook { mean_kwh, range_kwh } = found[0].unwrap();
        let (low, high) = range_kwh.unwrap();
        assert!((2980.0..3025.0).contains(&mean_kwh), "the last year was 3060, the mean is 3000: {mean_kwh}");
        assert!(low < 2985.0 && high > 3015.0 && high - low < 200.0, "{low} to {high}");
    }

    #[test]
    fn an_area_without_its_newest_year_is_not_foretold() {
        let found = outlook(&years(&[&[3000.0, 2000.0], &[3000.0, 0.0]]));
        assert!((found[0].unwrap().mean_kwh - 3000.0).abs() < 1e-6, "what is gone moves no other: {found:?}");
        assert_eq!(found[1], None);
        let found = outlook(&years(&[&[3000.0, 0.0], &[3000.0, 2000.0]]));
        assert!((found[0].unwrap().mean_kwh - 3000.0).abs() < 1e-6, "nor what is new: {found:?}");
        assert!((found[1].unwrap().mean_kwh - 2000.0).abs() < 1e-6, "of one year that is what is known");
        let found = outlook(&years(&[&[3000.0], &[0.0], &[3000.0], &[3000.0], &[3000.0], &[3000.0]]));
        assert!((found[0].unwrap().mean_kwh - 3000.0).abs() < 1e-6, "a year without anything: {found:?}");
    }
}
