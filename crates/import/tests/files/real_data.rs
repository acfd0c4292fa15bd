//! Real files that are too large to be carried with the tests, or not ours to pass on. They are in the
//! directory that `WATTMAP_TEST_DATA` names, by default `../shared/data` beside the repository.
//! `cargo xtask test real-data` runs these; they fail where the files are not there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use crate::common::{content, read};
use import::{Format, ReadingOptions, Statistics, recognise};
use metering::estimate::{Households, KnownHome};
use metering::outlook::{PublishedYear, outlook};
use metering::reading::{Dwelling, DwellingKind, Heating};
use metering::statistics::AreaStatistic;

const WHY: &str = "needs the directory of WATTMAP_TEST_DATA: cargo xtask test real-data";

fn given(name: &str) -> Vec<u8> {
    let directory = std::env::var_os("WATTMAP_TEST_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = directory.join(name);
    assert!(path.exists(), "{} is missing; {WHY}", path.display());
    content(&path)
}

fn statistics(name: &str) -> Vec<AreaStatistic> {
    let file = given(name);
    assert_eq!(recognise(&file[..import::HEAD]), Ok(Format::Statistics));
    Statistics::new(file.as_slice(), None).unwrap().map(|parsed| parsed.unwrap().statistic).collect()
}

#[test]
#[ignore = "needs the directory of WATTMAP_TEST_DATA: cargo xtask test real-data"]
fn swiss_households() {
    let file = given("swiss_15min_537_households_7weeks.csv.gz");
    assert_eq!(recognise(&file[..import::HEAD]), Ok(Format::WeekMatrix));
    let outcome = read(&file, &ReadingOptions::default());
    assert_eq!(outcome.stopped, None);
    assert_eq!(outcome.readings.len() + outcome.refused.len(), 2_526_048);
    assert_eq!(outcome.refused.len(), 15);
    assert_eq!(outcome.refused[0], "line 284, column 614: energy \"-6.37\" is below zero (negative_energy)");
    assert_eq!(
        outcome.refused[14],
        "line 3506, column 317: energy \"-6.51\" is below zero (negative_energy)"
    );
    assert_eq!(outcome.rounded(), 0);
    // The sum as floating-point numbers have it, less the negative values.
    let text = std::str::from_utf8(&file).unwrap();
    let values =
        text.lines().flat_map(|line| line.split(',').skip(2)).map(|value| value.parse::<f64>().unwrap());
    let sum: f64 = values.filter(|value| *value > 0.0).sum();
    assert!((outcome.total().kwh() - sum).abs() < 0.01, "{} {sum}", outcome.total());
    let meters: BTreeSet<_> = outcome.readings.iter().map(|reading| reading.meter.clone().unwrap()).collect();
    assert_eq!(meters.len(), 537);
    let first = outcome.readings.iter().map(|reading| reading.interval.start()).min().unwrap();
    let last = outcome.readings.iter().map(|reading| reading.interval.end()).max().unwrap();
    // Monday of week 44 to Monday of week 51, 2018, Central European Time.
    assert_eq!(
        (first.to_string().as_str(), last.to_string().as_str()),
        ("2018-10-28T23:00:00Z", "2018-12-16T23:00:00Z")
    );
}

#[test]
#[ignore = "needs the directory of WATTMAP_TEST_DATA: cargo xtask test real-data"]
fn london_areas_of_the_finest_level() {
    let statistics = statistics("london_lsoa_electricity_2010_2019.csv");
    assert_eq!(statistics.len(), 4_835 * 10);
    assert!(
        statistics
            .iter()
            .all(|statistic| statistic.area.as_str().starts_with("E01") && statistic.median_kwh.is_some())
    );
    let of_2019 = || statistics.iter().filter(|statistic| statistic.year == 2019);
    assert_eq!(of_2019().count(), 4_835);
    // London's mean of 2019 is 3,447 kWh a meter.
    let (meters, total) = of_2019().fold((0, 0.0), |(m, t), s| (m + u64::from(s.meters), t + s.total_kwh));
    assert_eq!((total / meters as f64).round(), 3_447.0);
}

#[test]
#[ignore = "needs the directory of WATTMAP_TEST_DATA: cargo xtask test real-data"]
fn london_areas_of_the_middle_level() {
    let statistics = statistics("london_msoa_domestic_electricity_2010_2018.csv");
    assert_eq!(statistics.len(), 8_847);
    let areas: BTreeSet<_> = statistics.iter().map(|statistic| &statistic.area).collect();
    assert_eq!(areas.len(), 983);
    assert!(areas.iter().all(|area| area.as_str().starts_with("E02")));
}

#[test]
#[ignore = "needs the directory of WATTMAP_TEST_DATA: cargo xtask test real-data"]
fn other_files_are_told_apart() {
    let format = |name: &str| {
        let file = given(name);
        recognise(&file[..file.len().min(import::HEAD)])
    };
    assert_eq!(format("london_msoa_2011.geojson"), Ok(Format::GeoJson));
    for name in [
        "bdew_h25.csv",
        "london_places.csv",
        "london_postcode_sectors.csv",
        "swiss_households_info.csv",
        "espi_4.0.xsd",
    ] {
        assert!(format(name).is_err(), "{name} is taken for {:?}", format(name));
    }
}

/// Fitted on the years to 2018, against saying that 2019 will be as 2018 was.
#[test]
#[ignore = "needs the directory of WATTMAP_TEST_DATA: cargo xtask test real-data"]
fn a_year_is_foretold_better_than_by_the_one_before_it() {
    let rows = statistics("london_lsoa_electricity_2010_2019.csv");
    let codes: BTreeSet<_> = rows.iter().map(|row| row.area.clone()).collect();
    let codes: Vec<_> = codes.into_iter().collect();
    assert_eq!(codes.len(), 4_835);
    let year = |year: u16| {
        let mut published = PublishedYear { mean_kwh: vec![None; codes.len()], meters: vec![0; codes.len()] };
        for row in rows.iter().filter(|row| row.year == year) {
            let area = codes.binary_search(&row.area).unwrap();
            (published.mean_kwh[area], published.meters[area]) = (Some(row.mean_kwh), row.meters);
        }
        published
    };
    let known: Vec<PublishedYear> = (2010..=2018).map(year).collect();
    let (last, came) = (&known[known.len() - 1], year(2019));
    let errors = |of: &dyn Fn(usize) -> f64| {
        let error = |area: usize| 100.0 * (of(area) / came.mean_kwh[area].unwrap() - 1.0).abs();
        let mut errors: Vec<f64> = (0..codes.len()).map(error).collect();
        errors.sort_unstable_by(f64::total_cmp);
        (errors[errors.len() / 2], errors[errors.len() * 9 / 10])
    };
    let foretold = outlook(&known);
    let naive = errors(&|area| last.mean_kwh[area].unwrap());
    let ours = errors(&|area| foretold[area].unwrap().mean_kwh);
    let is_within = |&area: &usize| {
        let (low, high) = foretold[area].unwrap().range_kwh.unwrap();
        (low..=high).contains(&came.mean_kwh[area].unwrap())
    };
    let within = 100.0 * (0..codes.len()).filter(is_within).count() as f64 / codes.len() as f64;
    println!(
        "2019, median and 90th percentile of absolute errors: as in 2018 {:.2} % and {:.2} %, foretold {:.2} % and {:.2} %; \
         {within:.1} % of areas within their own P10 to P90",
        naive.0, naive.1, ours.0, ours.1
    );
    assert!((2.1..2.2).contains(&naive.0) && (5.9..6.1).contains(&naive.1), "{naive:?}");
    assert!(ours.0 < naive.0 && ours.1 < naive.1, "{ours:?}");
    assert!((75.0..=85.0).contains(&within), "{within}");
}

/// What is known of the Swiss households, by meter.
fn swiss_dwellings() -> HashMap<String, Dwelling> {
    let text = String::from_utf8(given("swiss_households_info.csv")).unwrap();
    let household = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let kind = match fields[1] {
            "single family house" => Some(DwellingKind::Detached),
            "semidetached house" => Some(DwellingKind::SemiDetached),
            "teraced house" => Some(DwellingKind::Terraced),
            "multi-family house" => Some(DwellingKind::Flat),
            _ => None,
        };
        let heating = match fields[2] {
            "heat pump" | "heat pump and boiler" => Some(Heating::HeatPump),
            "electric heating" => Some(Heating::Electric),
            "other" => Some(Heating::Other),
            _ => None,
        };
        (fields[0].to_owned(), Dwelling { kind, heating, ..Dwelling::default() })
    };
    text.lines().skip(1).map(household).collect()
}

/// Half of them register and report; the others are estimated, and compared with what they used.
#[test]
#[ignore = "needs the directory of WATTMAP_TEST_DATA: cargo xtask test real-data"]
fn households_that_do_not_report_are_estimated_with_an_honest_range() {
    const SPLITS: u64 = 40;
    /// Nobody lives where less is used in the seven weeks: half a kilowatt-hour a day.
    const LIVED_IN_KWH: f64 = 24.5;
    let outcome = read(&given("swiss_15min_537_households_7weeks.csv.gz"), &ReadingOptions::default());
    let mut kwh: BTreeMap<String, f64> = BTreeMap::new();
    for reading in &outcome.readings {
        *kwh.entry(reading.meter.clone().unwrap().to_string()).or_default() += reading.energy.kwh();
    }
    let dwellings = swiss_dwellings();
    let mut homes: Vec<(Dwelling, f64)> = kwh
        .into_iter()
        .filter(|&(_, kwh)| kwh >= LIVED_IN_KWH)
        .map(|(meter, kwh)| (dwellings.get(&meter).copied().unwrap_or_default(), kwh))
        .collect();
    let (mut within, mut errors, mut naive) = (0, Vec::new(), Vec::new());
    let mut seed = 1_u64;
    for _ in 0..SPLITS {
        for last in (1..homes.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            homes.swap(last, (seed >> 33) as usize % (last + 1));
        }
        let (report, others) = homes.split_at(homes.len() / 2);
        let mean = report.iter().map(|(_, kwh)| kwh).sum::<f64>() / report.len() as f64;
        let known = report.iter().map(|&(dwelling, kwh)| KnownHome { dwelling, over_mean: kwh / mean });
        let households = Households::fitted(&known.collect::<Vec<_>>());
        assert_eq!(households.homes(), report.len());
        for (dwelling, kwh) in others {
            let estimate = households.estimate(dwelling, mean, 0.0);
            within += usize::from((estimate.low_kwh..=estimate.high_kwh).contains(kwh));
            errors.push((estimate.kwh / kwh - 1.0).abs());
            naive.push((mean / kwh - 1.0).abs());
        }
    }
    let median = |errors: &mut Vec<f64>| {
        errors.sort_unstable_by(f64::total_cmp);
        100.0 * errors[errors.len() / 2]
    };
    let (ours, mean) = (median(&mut errors), median(&mut naive));
    let within = 100.0 * within as f64 / errors.len() as f64;
    println!(
        "{} homes, half of them estimated, {SPLITS} times: {within:.1} % within their P10 to P90; median error {ours:.1} %, of \
         the mean home's use {mean:.1} %",
        homes.len()
    );
    assert!((75.0..=85.0).contains(&within), "{within}");
    assert!(ours < mean, "{ours} {mean}");
}
