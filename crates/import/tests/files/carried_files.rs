//! The real files that are carried with the tests, counted and added up independently of the parsers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::common::{content, read, read_as};
use import::{FieldNumbers, Format, ParsedReading, ReadingOptions, recognise};
use metering::{Energy, MeterId};

fn carried(name: &str) -> Vec<u8> {
    content(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name))
}

/// The sum of a column in mWh, with floating-point numbers and rounding: another way than the parsers'.
fn naive_sum_mwh(content: &[u8]) -> i64 {
    let text = std::str::from_utf8(content).unwrap();
    let value = |line: &str| line.split_once(',').unwrap().1.parse::<f64>().unwrap();
    text.lines().skip(1).map(|line| (value(line) * 1e6).round() as i64).sum()
}

#[test]
fn low_carbon_london_household() {
    let file = carried("lcl_MAC000002_halfhourly.csv.gz");
    assert_eq!(recognise(&file), Ok(Format::StartValue));
    let meter = MeterId::parse("MAC000002").unwrap();
    let options = ReadingOptions { meter: Some(meter.clone()), ..Default::default() };
    let outcome = read(&file, &options);
    assert_eq!(
        (outcome.readings.len(), outcome.refused.len(), outcome.stopped.as_deref()),
        (22_536, 0, None)
    );
    assert_eq!(outcome.total().mwh(), naive_sum_mwh(&file));
    assert_eq!((outcome.total().kwh() * 10.0).round() / 10.0, 5558.5);
    assert_eq!(outcome.rounded(), 96, "values with seven decimals");
    assert!(outcome.readings.iter().all(|reading| reading.meter.as_ref() == Some(&meter)));
    assert!(outcome.readings.iter().all(|reading| reading.interval.duration_s() == 1800));
    let (first, last) = (&outcome.readings[0], &outcome.readings[22_535]);
    assert_eq!(first.interval.start().to_string(), "2012-10-12T00:30:00Z");
    assert_eq!(last.interval.start().to_string(), "2014-01-25T06:30:00Z");
    assert_eq!((first.line, last.line), (2, 22_537));
    // Fifteen midnights stand there twice, with the same value each time.
    let mut distinct = BTreeMap::new();
    for reading in &outcome.readings {
        let before = distinct.insert(reading.interval.start(), reading.energy);
        assert!(before.is_none_or(|before| before == reading.energy), "{reading:?}");
    }
    assert_eq!(distinct.len(), 22_536 - 15);
}

#[test]
fn low_carbon_london_own_columns_give_the_same_readings() {
    let file = carried("lcl_MAC000002_halfhourly.csv.gz");
    let text = std::str::from_utf8(&file).unwrap();
    let mut original = "LCLid,stdorToU,DateTime,KWH/hh (per half hour) \r\n".to_owned();
    for line in text.lines().skip(1) {
        let (time, value) = line.split_once(',').unwrap();
        original += &format!("MAC000002,Std,{time}.0000000, {value} \r\n");
    }
    original += "MAC000002,Std,2012-12-18 15:13:41.0000000,Null\r\n";
    assert_eq!(recognise(&original.as_bytes()[..1000]), Ok(Format::LowCarbonLondon));
    let as_original = read(original.as_bytes(), &ReadingOptions::default());
    let meter = MeterId::parse("MAC000002").unwrap();
    let as_start_value = read(&file, &ReadingOptions { meter: Some(meter), ..Default::default() });
    // The same but for where they stand.
    let placeless = |readings: Vec<ParsedReading>| -> Vec<ParsedReading> {
        readings.into_iter().map(|one| ParsedReading { columns: FieldNumbers::default(), ..one }).collect()
    };
    assert_eq!(placeless(as_original.readings), placeless(as_start_value.readings));
    assert_eq!(
        as_original.refused,
        ["line 22538, column 4: KWH/hh (per half hour) \"Null\" is no value (no_value)"]
    );
}

#[test]
fn british_hours() {
    let file = carried("uk_hourly_2020_2022.csv.gz");
    let outcome = read(&file, &ReadingOptions::default());
    assert_eq!((outcome.readings.len(), outcome.refused.len(), outcome.stopped), (23_508, 0, None));
    assert!(outcome.readings.iter().all(|reading| reading.interval.duration_s() == 3600));
    let starts: Vec<i64> = outcome.readings.iter().map(|reading| reading.interval.start().0).collect();
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == 3600));
    assert_eq!(outcome.readings[0].interval.start().to_string(), "2020-04-01T01:00:00Z");
    // Every value is of three decimals, whatever the floating-point numbers in the file look like.
    assert!(outcome.readings.iter().all(|reading| reading.energy.mwh() % 1000 == 0));
    let total: Energy = outcome.readings.iter().map(|reading| reading.energy).sum();
    assert_eq!(total.mwh(), naive_sum_mwh(&file));
    assert_eq!((total.kwh() * 10.0).round() / 10.0, 3789.6);
}

#[test]
fn green_button_of_a_year() {
    let file = carried("sdge_greenbutton_2011.xml.gz");
    let outcome = read(&file, &ReadingOptions::default());
    assert_eq!((outcome.readings.len(), outcome.refused.len(), outcome.stopped), (8_727, 0, None));
    let total: Energy = outcome.readings.iter().map(|reading| reading.energy).sum();
    assert_eq!(total, Energy::from_mwh(5_089_595_000));
    let (first, last) = (&outcome.readings[0], &outcome.readings[8_726]);
    assert_eq!(first.interval.start().to_string(), "2011-02-01T08:00:00Z");
    assert_eq!(last.interval.start().to_string(), "2012-01-31T07:00:00Z");
    // The line of its IntervalReading, as grep -n gives it.
    let text = std::str::from_utf8(&file).unwrap();
    let lines: Vec<u64> = (1..)
        .zip(text.lines())
        .filter(|(_, line)| line.contains("<IntervalReading>"))
        .map(|(n, _)| n)
        .collect();
    assert_eq!(outcome.readings.iter().map(|reading| reading.line).collect::<Vec<_>>(), lines);
}

#[test]
fn a_file_that_is_cut_off_anywhere_says_so_or_ends_at_a_row() {
    let file = carried("sdge_greenbutton_2011.xml.gz");
    for cut in [100, 1000, 50_000, file.len() - 10] {
        let outcome = read_as(Format::GreenButton, &file[..cut], &ReadingOptions::default());
        assert!(outcome.stopped.is_some(), "{cut}");
    }
}
