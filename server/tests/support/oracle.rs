//! What aggregates have to be, from readings alone; and how differences are told.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A counted reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) duration_s: i64,
    pub(crate) energy_mwh: i64,
}

/// Readings of a meter by area and start.
pub(crate) type Readings = BTreeMap<(String, i64), (Counted, String)>;

/// Energy in mWh, meters and meter-seconds.
pub(crate) type Sum = (i64, i64, i64);

/// An area by its number among those of the test, which is quicker to look up than its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) number: usize,
    pub(crate) code: String,
}

/// Sums by area and start of the window.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Sums(BTreeMap<(usize, i64), Sum>);

impl Sums {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds what one meter's reading makes; `heard` has the areas and windows that it was heard in before.
    pub(crate) fn count(
        &mut self,
        area: &Area,
        start: i64,
        counted: Counted,
        heard: &mut BTreeSet<(usize, i64)>,
    ) {
        let window = start - start.rem_euclid(1800);
        let Counted { duration_s, energy_mwh } = counted;
        let parts = if duration_s == 3600 {
            // The odd mWh goes to the first window.
            let second = energy_mwh / 2;
            vec![(window, energy_mwh - second, 1800), (window + 1800, second, 1800)]
        } else {
            vec![(window, energy_mwh, duration_s)]
        };
        for (window, energy, seconds) in parts {
            let place = (area.number, window);
            let sum = self.0.entry(place).or_default();
            sum.0 += energy;
            sum.1 += i64::from(heard.insert(place));
            sum.2 += seconds;
        }
    }

    /// Takes the answer about an area.
    pub(crate) fn read(&mut self, area: &Area, answer: &Value) {
        for point in answer["series"].as_array().unwrap_or_else(|| panic!("{answer}")) {
            let number = |name: &str| point[name].as_i64().unwrap();
            let start = metering::UtcSecond::parse(point["start"].as_str().unwrap()).unwrap().0;
            let sum = (number("energy_mwh"), number("meters"), number("meter_seconds"));
            self.0.insert((area.number, start), sum);
        }
    }

    /// Adds what a file of `wattmap export aggregates` says; areas that are not there yet are given numbers.
    pub(crate) fn read_export(&mut self, text: &str, areas: &mut BTreeMap<String, Area>) {
        for line in text.lines().skip(1) {
            let [code, start, energy, meters, seconds] =
                line.split(',').collect::<Vec<_>>().try_into().unwrap();
            let next = Area { number: areas.len(), code: code.to_owned() };
            let area = areas.entry(code.to_owned()).or_insert(next);
            let start = metering::UtcSecond::parse(start).unwrap().0;
            let [energy, meters, seconds] = [energy, meters, seconds].map(|text| text.parse().unwrap());
            let before = self.0.insert((area.number, start), (energy, meters, seconds));
            assert_eq!(before, None, "{line}");
        }
    }

    /// Those of one area, by window.
    pub(crate) fn of_area(&self, area: &Area) -> BTreeMap<i64, Sum> {
        let own = self.0.iter().filter(|((number, _), _)| *number == area.number);
        own.map(|((_, window), sum)| (*window, *sum)).collect()
    }

    /// Those of some areas.
    pub(crate) fn of(&self, areas: &[Area]) -> Sums {
        let has = |number: usize| areas.iter().any(|area| area.number == number);
        Sums(self.0.iter().filter(|((number, _), _)| has(*number)).map(|(&key, &sum)| (key, sum)).collect())
    }

    /// Where there is less now: meters, time that they cover, or energy if it can't be corrected. A line each.
    pub(crate) fn shrunk(&self, now: &Sums, energy_only_grows: bool) -> Vec<String> {
        let is_less = |before: &Sum, now: &Sum| {
            now.1 < before.1 || now.2 < before.2 || energy_only_grows && now.0 < before.0
        };
        let found = |key| now.0.get(key).copied().unwrap_or_default();
        let shrunk = self.0.iter().filter(|(key, before)| is_less(before, &found(*key)));
        shrunk.map(|(key, before)| format!("{key:?}: {before:?} became {:?}", found(key))).collect()
    }

    /// The first differences, a line each.
    pub(crate) fn differences(&self, found: &Sums) -> String {
        let keys: BTreeSet<_> = self.0.keys().chain(found.0.keys()).collect();
        let different: Vec<String> = keys
            .into_iter()
            .filter(|key| self.0.get(key) != found.0.get(key))
            .map(|key| format!("{key:?}: expected {:?}, found {:?}", self.0.get(key), found.0.get(key)))
            .collect();
        let shown = different.iter().take(15).cloned().collect::<Vec<_>>().join("\n");
        format!("{} of {} differ:\n{shown}", different.len(), self.0.len())
    }
}

/// Adds what a file of `wattmap export readings` says.
pub(crate) fn read_export(text: &str, readings: &mut Readings) {
    for line in text.lines().skip(1) {
        let [meter, start, duration_s, energy_mwh, area] =
            line.split(',').collect::<Vec<_>>().try_into().unwrap();
        let start = metering::UtcSecond::parse(start).unwrap().0;
        let counted =
            Counted { duration_s: duration_s.parse().unwrap(), energy_mwh: energy_mwh.parse().unwrap() };
        let before = readings.insert((meter.to_owned(), start), (counted, area.to_owned()));
        assert_eq!(before, None, "{line}");
    }
}

pub(crate) fn assert_same_readings(found: &Readings, expected: &Readings) {
    let keys: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let different: Vec<_> = keys
        .into_iter()
        .filter(|key| expected.get(key) != found.get(key))
        .map(|key| (key, expected.get(key), found.get(key)))
        .collect();
    assert!(
        different.is_empty(),
        "{} readings are not as acknowledged; (which, expected, found): {:?}",
        different.len(),
        &different[..different.len().min(10)]
    );
}

#[test]
fn sums_that_went_back_are_told() {
    let of = |sum: Sum| Sums([((0, 1800), sum)].into());
    let check = |now: Sums, energy_only_grows, expect: usize| {
        assert_eq!(of((100, 2, 600)).shrunk(&now, energy_only_grows).len(), expect);
    };
    check(of((100, 2, 600)), true, 0);
    check(of((99, 2, 600)), false, 0);
    check(of((99, 2, 600)), true, 1);
    check(of((101, 1, 600)), false, 1);
    check(of((101, 2, 300)), false, 1);
    check(Sums::default(), false, 1);
}
