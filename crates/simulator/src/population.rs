//! All homes of a place under one seed.

use std::sync::Arc;

use geography::Geography;
use geography::reference::{self, BoroughMean, H25};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use metering::{Energy, Interval, MeterId, Reading, Registration, UtcSecond};

use crate::almanac::{Almanac, Day};
use crate::draws::{Draws, Subject};
use crate::home::{DayPlan, Expectations, Household, Neighbourhood};
use crate::places::Places;
use crate::shape::Shape;

/// What every simulated meter's name begins with.
pub const METER_PREFIX: &str = "SIM";

/// The spread of the logarithm of use among groups of areas, and among areas of a group.
const GROUP_SPREAD: f64 = 0.10;
const LEAF_SPREAD: f64 = 0.05;

/// Which homes to make.
#[derive(Debug, Clone)]
pub struct PopulationConfig {
    /// How many.
    pub homes: usize,
    /// All that they are and do follows from it.
    pub seed: u64,
    /// Whose clock they live by.
    pub time_zone: TimeZone,
}

/// What does not depend on how many homes there are.
#[derive(Debug)]
struct Setting {
    seed: u64,
    almanac: Almanac,
    shape: Shape,
    places: Places,
    neighbourhoods: Vec<Neighbourhood>,
    expectations: Expectations,
    /// By borough: what makes its homes use the published mean.
    scales: Vec<f64>,
}

/// Homes, numbered from 0. A home's number decides what it is, where it is and what it does: a
/// population of more homes begins with the same ones.
#[derive(Debug, Clone)]
pub struct Population {
    setting: Arc<Setting>,
    households: Vec<Household>,
}

/// Room to work out a day in, used again for one home after the other.
#[derive(Debug, Default)]
pub struct Diary(DayPlan);

/// The published figures that homes are made to agree with.
#[derive(Debug, Clone, Copy)]
pub struct Reference<'a> {
    /// When homes use what they use.
    pub h25: &'a H25,
    /// What the homes of a borough use on average.
    pub borough_means: &'a [BoroughMean],
}

impl Reference<'static> {
    /// Those that come with the geography crate.
    pub fn published() -> Self {
        Reference { h25: reference::h25(), borough_means: reference::borough_means() }
    }
}

impl Population {
    /// Homes in the leaves of a geography.
    pub fn new(geography: &Geography, reference: &Reference<'_>, config: PopulationConfig) -> Self {
        Self::from_places(Places::of(geography, reference.borough_means), reference.h25, config)
    }

    pub(crate) fn from_places(places: Places, h25: &H25, config: PopulationConfig) -> Self {
        let PopulationConfig { homes, seed, time_zone } = config;
        let (latitude, longitude) = places.middle();
        let almanac = Almanac::new(seed, time_zone, latitude, longitude);
        let mut setting = Setting {
            seed,
            shape: Shape::new(h25),
            neighbourhoods: neighbourhoods(seed, &places),
            expectations: Expectations::new(&almanac),
            scales: vec![1.0; places.boroughs.len()],
            almanac,
            places,
        };
        setting.calibrate();
        let setting = Arc::new(setting);
        let households = setting.households(homes);
        Population { setting, households }
    }

    /// The same place and seed with another number of homes.
    pub fn with_homes(&self, homes: usize) -> Self {
        Population { setting: self.setting.clone(), households: self.setting.households(homes) }
    }

    /// What all of it follows from.
    pub fn seed(&self) -> u64 {
        self.setting.seed
    }

    /// A number that other places would not have: home 7 of another geography is another home.
    pub(crate) fn places_id(&self) -> u64 {
        self.setting.places.id()
    }

    /// How many homes.
    pub fn len(&self) -> usize {
        self.households.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.households.is_empty()
    }

    /// All of them, in order of their numbers.
    pub fn households(&self) -> &[Household] {
        &self.households
    }

    /// The calendar that they live by.
    pub fn almanac(&self) -> &Almanac {
        &self.setting.almanac
    }

    /// The name of a home's meter.
    pub fn meter(&self, home: u32) -> MeterId {
        meter_id(METER_PREFIX, home)
    }

    /// Where a home is, and what it is.
    ///
    /// # Panics
    /// When there is no home of that number.
    pub fn registration(&self, home: u32) -> Registration {
        let household = &self.households[home as usize];
        let leaf = &self.setting.places.leaves[household.leaf as usize];
        Registration { meter: self.meter(home), area: leaf.code.clone(), dwelling: household.dwelling() }
    }

    /// The number of the coarsest area that a home is in, in the geography's order.
    pub fn borough(&self, home: u32) -> u32 {
        let household = &self.households[home as usize];
        self.setting.places.leaves[household.leaf as usize].borough
    }

    /// What a home is expected to use in a mean year.
    pub fn expected_kwh_a_year(&self, home: u32) -> f64 {
        self.setting.expectations.kwh_a_year(&self.households[home as usize])
    }

    /// Homes in order of their areas, so that what is sent in this order completes one area after the other.
    pub fn by_area(&self) -> Vec<u32> {
        let places = &self.setting.places;
        let mut rank = vec![0_u32; places.groups.len()];
        for (n, group) in places.outward().into_iter().enumerate() {
            rank[group as usize] = n as u32;
        }
        let mut order: Vec<u32> = (0..self.households.len() as u32).collect();
        order.sort_by_key(|&home| {
            let leaf = self.households[home as usize].leaf;
            (rank[places.leaves[leaf as usize].group as usize], leaf, home)
        });
        order
    }

    /// What a home uses over an interval: the same whenever and in whatever pieces it is asked for.
    pub fn energy(&self, home: u32, interval: Interval) -> Energy {
        let mut diary = Diary::default();
        let (mut from, mut sum) = (interval.start(), Energy::ZERO);
        // An hour may begin on one local day and end on the next, where the offset is not of whole hours.
        while from < interval.end() {
            let day = self.setting.almanac.day_of(from);
            let to = interval.end().min(day.end);
            self.open(&mut diary, home, &day);
            sum += diary.0.until(&day, to) - diary.0.until(&day, from);
            from = to;
        }
        sum
    }

    /// Adds a home's readings of a day for the given intervals, each of which begins in that day.
    pub fn readings(&self, home: u32, day: &Day, of: &[Interval], diary: &mut Diary, to: &mut Vec<Reading>) {
        let meter = self.meter(home);
        self.open(diary, home, day);
        // Intervals mostly follow each other: the end of one is the beginning of the next.
        let mut known = (UtcSecond(i64::MIN), Energy::ZERO);
        for &interval in of {
            let energy = if interval.end() <= day.end {
                if interval.start() != known.0 {
                    known.1 = diary.0.until(day, interval.start());
                }
                let until_end = diary.0.until(day, interval.end());
                let energy = until_end - known.1;
                known = (interval.end(), until_end);
                energy
            } else {
                self.energy(home, interval)
            };
            to.push(Reading { meter: meter.clone(), interval, energy });
        }
    }

    /// What a home uses on a day.
    pub fn day_energy(&self, home: u32, day: &Day, diary: &mut Diary) -> Energy {
        self.open(diary, home, day);
        diary.0.until(day, day.end)
    }

    fn open(&self, diary: &mut Diary, home: u32, day: &Day) {
        let household = &self.households[home as usize];
        diary.0.fill(self.setting.seed, household, day, &self.setting.shape);
    }

    /// The local day of a date.
    pub fn day(&self, date: Date) -> Day {
        self.setting.almanac.day(date)
    }
}

pub(crate) fn meter_id(prefix: &str, number: u32) -> MeterId {
    let name = format!("{prefix}{number:07}");
    MeterId::parse(&name).expect("a prefix and digits are a meter's name")
}

impl Setting {
    fn households(&self, homes: usize) -> Vec<Household> {
        let leaf_of = self.places.allocate(homes);
        leaf_of.into_iter().enumerate().map(|(number, leaf)| self.household(number as u32, leaf)).collect()
    }

    fn household(&self, number: u32, leaf: u32) -> Household {
        let mut household = Household::draw(self.seed, number, leaf, self.neighbourhoods[leaf as usize]);
        household.gain *= self.scales[self.places.leaves[leaf as usize].borough as usize] as f32;
        household
    }

    /// Sets the boroughs' scales so that the homes of the first round are expected to use their borough's
    /// published mean. Always from all of that round, so that a home is the same in every population.
    fn calibrate(&mut self) {
        let mut sums = vec![(0.0, 0.0); self.places.boroughs.len()];
        for household in self.households(self.places.first_round()) {
            let sum = &mut sums[self.places.leaves[household.leaf as usize].borough as usize];
            sum.0 += self.expectations.kwh_a_year(&household);
            sum.1 += 1.0;
        }
        for ((scale, borough), (kwh, homes)) in self.scales.iter_mut().zip(&self.places.boroughs).zip(sums) {
            if homes > 0.0 {
                *scale = borough.mean_kwh * homes / kwh;
            }
        }
    }
}

fn neighbourhoods(seed: u64, places: &Places) -> Vec<Neighbourhood> {
    let mut of_group = vec![Neighbourhood { urban: 0.5, thrift: 1.0 }; places.groups.len()];
    let outward = places.outward();
    for (rank, &group) in outward.iter().enumerate() {
        let mut draws = Draws::new(seed, Subject::Neighbourhood, u64::from(group), -1);
        let middle = 1.0 - (rank as f64 + 0.5) / outward.len() as f64;
        of_group[group as usize] = Neighbourhood {
            urban: draws.about(middle, 0.25).clamp(0.0, 1.0),
            thrift: (GROUP_SPREAD * draws.normal()).exp(),
        };
    }
    let leaf = |(n, leaf): (usize, &crate::places::Leaf)| {
        let mut draws = Draws::new(seed, Subject::Neighbourhood, n as u64, 0);
        let group = of_group[leaf.group as usize];
        Neighbourhood {
            urban: draws.about(group.urban, 0.2).clamp(0.0, 1.0),
            thrift: group.thrift * (LEAF_SPREAD * draws.normal()).exp(),
        }
    };
    places.leaves.iter().enumerate().map(leaf).collect()
}
