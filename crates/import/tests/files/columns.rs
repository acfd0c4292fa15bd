//! Tables that people write: names, units, zones, durations, and everything that can be wrong with a row.

use crate::common::{Outcome, read, read_as};
use import::{ColumnNames, Format, ReadingOptions, Stamp, Unit};
use jiff::tz::TimeZone;
use metering::MeterId;

fn zone(name: &str) -> Option<TimeZone> {
    Some(TimeZone::get(name).unwrap())
}

/// Readings as `meter start+duration mWh`.
fn shown(outcome: &Outcome) -> Vec<String> {
    let one = |reading: &import::ParsedReading| {
        let meter = reading.meter.as_ref().map_or("-", MeterId::as_str);
        format!("{meter} {:?} {}", reading.interval, reading.energy.mwh())
    };
    outcome.readings.iter().map(one).collect()
}

#[test]
fn what_breaks_while_the_duration_is_looked_for_breaks_behind_what_came_before() {
    struct Breaks;
    impl std::io::Read for Breaks {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("corrupt"))
        }
    }
    let stopped = |text: &'static str| {
        let reader = std::io::BufReader::new(std::io::Read::chain(text.as_bytes(), Breaks));
        let readings = import::Readings::new(Format::Columns, reader, &ReadingOptions::default());
        let all = readings.map(|readings| readings.map(|item| item.map_err(|error| error.to_string())));
        all.map(|all| all.collect::<Vec<_>>()).map_err(|error| error.to_string())
    };
    let all = stopped("start,kwh\n2023-01-01T00:00:00Z,1\n2023-01-01T00:30:00Z,2\n2023-01-01T01").unwrap();
    let energies: Vec<_> = all.iter().flatten().map(|reading| reading.energy.mwh()).collect();
    assert_eq!(energies, [1_000_000, 2_000_000]);
    assert_eq!(all[2..], [Err("reading failed behind line 3: corrupt".to_owned())]);
    // Where it came too early to see anything, that is what is wrong.
    let nothing = stopped("start,kwh\n2023-01-01T00:00:00Z,1\n");
    assert_eq!(nothing.unwrap_err(), "reading failed behind line 2: corrupt");
}

#[test]
fn names_that_are_usual_are_understood() {
    let check = |text: &str, options: &ReadingOptions, expect: &[&str]| {
        let outcome = read(text.as_bytes(), options);
        assert_eq!(shown(&outcome), expect, "{text} {outcome:?}");
        assert!(outcome.refused.is_empty() && outcome.stopped.is_none(), "{outcome:?}");
    };
    let utc = ReadingOptions { time_zone: zone("UTC"), ..Default::default() };
    check(
        "Consumption (kWh),Estimated Cost Inc. Tax (p), Start, End\n0.25,1,2023-01-01T00:00:00+00:00, 2023-01-01T00:30:00+00:00\n",
        &ReadingOptions::default(),
        &["- 2023-01-01T00:00:00Z+1800s 250000"],
    );
    check(
        "meter_id,start,duration_s,energy_wh\nA,2026-11-22T10:00:00Z,1800,212.5\nB,2026-11-22T10:00:00Z,900,1\n",
        &utc,
        &["A 2026-11-22T10:00:00Z+1800s 212500", "B 2026-11-22T10:00:00Z+900s 1000"],
    );
    // Sorted by time, meters in turn.
    let of_all = |time: &str| (0..40).map(|meter| format!("M{meter},{time},1\n")).collect::<String>();
    let in_turn =
        format!("meter_id,start,wh\n{}{}", of_all("2023-01-01T00:00:00Z"), of_all("2023-01-01T00:15:00Z"));
    let outcome = read(in_turn.as_bytes(), &ReadingOptions::default());
    assert_eq!(outcome.readings.len(), 80, "{outcome:?}");
    assert!(outcome.readings.iter().all(|reading| reading.interval.duration_s() == 900));
    // What `wattmap export readings` writes.
    check(
        "meter_id,start,duration_s,energy_mwh,area\nA,2026-11-22T10:00:00Z,1800,212500,E01000001\n",
        &ReadingOptions::default(),
        &["A 2026-11-22T10:00:00Z+1800s 212500"],
    );
    check(
        "Timestamp;kWh\r\n2023-01-01 00:00;0,25\r\n2023-01-01 00:15;1\r\n",
        &ReadingOptions { decimal_comma: true, ..utc.clone() },
        &["- 2023-01-01T00:00:00Z+900s 250000", "- 2023-01-01T00:15:00Z+900s 1000000"],
    );
    // Only the ends: the column's name says so.
    check(
        "interval_end\tusage_kwh\n2023-01-01 00:30\t0.5\n2023-01-01 01:00\t0.25\n",
        &utc,
        &["- 2023-01-01T00:00:00Z+1800s 500000", "- 2023-01-01T00:30:00Z+1800s 250000"],
    );
    // Newest first.
    check(
        "start,kwh\n2023-01-01 01:00,0.5\n2023-01-01 00:00,0.25\n",
        &utc,
        &["- 2023-01-01T01:00:00Z+3600s 500000", "- 2023-01-01T00:00:00Z+3600s 250000"],
    );
}

#[test]
fn names_can_be_given() {
    let options = ReadingOptions {
        columns: ColumnNames {
            start: Some("wann".into()),
            energy: Some("Menge".into()),
            meter: Some("Zähler".into()),
            duration: None,
        },
        unit: Some(Unit::Wh),
        duration_s: Some(900),
        time_zone: zone("Europe/Zurich"),
        time_format: Some("%d.%m.%Y %H:%M".into()),
        stamp: Some(Stamp::End),
        ..Default::default()
    };
    let text = "Zähler;wann;Menge\nCH1;01.02.2023 00:15;12.5\n";
    let outcome = read_as(Format::Columns, text.as_bytes(), &options);
    assert_eq!(shown(&outcome), ["CH1 2023-01-31T23:00:00Z+900s 12500"], "{outcome:?}");
}

#[test]
fn a_year_of_local_time_loses_nothing() {
    for (name, stamp) in [
        ("Europe/London", Stamp::Start),
        ("Europe/London", Stamp::End),
        ("Australia/Sydney", Stamp::Start),
        ("Australia/Sydney", Stamp::End),
    ] {
        let zone = TimeZone::get(name).unwrap();
        let first = 1_672_531_200; // 2023-01-01T00:00:00Z
        let mut text = "start,kwh\n".to_owned();
        for half_hour in 0..365 * 48 {
            let at = first + half_hour * 1800 + if stamp == Stamp::End { 1800 } else { 0 };
            let local = zone.to_datetime(jiff::Timestamp::from_second(at).unwrap());
            text += &format!("{},0.001\n", local.strftime("%Y-%m-%d %H:%M"));
        }
        let options = ReadingOptions { time_zone: Some(zone), stamp: Some(stamp), ..Default::default() };
        let outcome = read(text.as_bytes(), &options);
        assert_eq!((outcome.refused.len(), outcome.stopped.as_deref()), (0, None), "{name}");
        let starts: Vec<i64> = outcome.readings.iter().map(|reading| reading.interval.start().0).collect();
        let expected: Vec<i64> = (0..365 * 48).map(|half_hour| first + half_hour * 1800).collect();
        assert_eq!(starts, expected, "{name} {stamp:?}");
    }
}

#[test]
fn every_refused_line_has_its_number_and_its_rule() {
    let text = "meter_id,start,kwh\n\
                A,2023-01-01 00:00,0.5\n\
                A,2023-01-01 00:30,-0.5\n\
                A,2023-01-01 01:00\n\
                A B,2023-01-01 01:30,1\n\
                ,2023-01-01 01:30,1\n\
                \n\
                A,yesterday,1\n\
                A,2023-01-01 02:10,1\n\
                A,2023-03-26 01:30,1\n\
                A,2023-01-01 02:30,many\n\
                A,1969-12-31 23:30,1\n\
                \"A,2023-01-01 03:00,1\n\
                A,2023-01-01 03:30,1,extra\n\
                A,31/12/2023 03:30,1\n";
    let outcome =
        read(text.as_bytes(), &ReadingOptions { time_zone: zone("Europe/London"), ..Default::default() });
    assert_eq!(shown(&outcome), ["A 2023-01-01T00:00:00Z+1800s 500000"]);
    assert_eq!(
        outcome.refused,
        [
            "line 3, column 3: kwh \"-0.5\" is below zero (negative_energy)",
            "line 4, column 3: kwh \"\" is missing: the row ends after 2 fields (missing_field)",
            "line 5, column 1: meter_id \"A B\" contains ' '; allowed are A-Z a-z 0-9 and ._:- (bad_meter_id)",
            "line 6, column 1: meter_id \"\" is 0 bytes long; allowed are 1 to 64 (bad_meter_id)",
            "line 8, column 2: start \"yesterday\" is not a time, such as 2026-11-22T10:00:00Z or 2026-11-22 10:00 (bad_start)",
            "line 9, column 2: start \"2023-01-01 02:10\" is not a multiple of the duration of 1800 s (misaligned)",
            "line 10, column 2: start \"2023-03-26 01:30\" does not exist: the clocks went forward over it (nonexistent_time)",
            "line 11, column 3: kwh \"many\" is not a decimal number (bad_energy)",
            "line 12, column 2: start \"1969-12-31 23:30\" is outside the years 1970 to 9999 (bad_start)",
            "line 13: line \"\\\"A,2023-01-01 03:00,1\" has a quotation mark that is not closed (unclosed_quote)",
            "line 14, column 4: row \"extra\" is one field more than the 3 columns: a comma in a number needs quotation marks, \
             or ; between the fields (wrong_width)",
            "line 15, column 2: start \"31/12/2023 03:30\" may be day or month first: say which with --time-format, such as \"%d/%m/%Y %H:%M\" (bad_start)",
        ]
    );
}

#[test]
fn what_stops_an_import_names_the_option() {
    let check = |text: &str, options: &ReadingOptions, expect: &str| {
        let outcome = read_as(Format::Columns, text.as_bytes(), options);
        let sentence = outcome.stopped.unwrap_or_default();
        assert!(sentence.contains(expect), "{text}: {sentence}");
        assert!(outcome.readings.is_empty());
    };
    let none = ReadingOptions::default();
    check("", &none, "empty");
    check("a,b\n1,2\n", &none, "--start-column");
    check("start,b\n1,2\n", &none, "--energy-column");
    check("start,value\n2023-01-01T00:00:00Z,1\n", &none, "--unit");
    check("start,kwh\n2023-01-01 00:00,1\n", &none, "--tz");
    check("start,kwh\n2023-01-01T00:00:00Z,1\n", &none, "--duration");
    check("start,kwh\n2023-01-01T00:00:00Z,1\n2023-01-02T00:00:00Z,1\n", &none, "86400");
    let columns = ColumnNames { start: Some("when".into()), ..Default::default() };
    check("start,kwh\n", &ReadingOptions { columns, ..Default::default() }, "\"when\"");
    check("start,kwh\n", &ReadingOptions { duration_s: Some(1000), ..Default::default() }, "--duration");
}

#[test]
fn a_file_without_end_is_read_in_bounded_memory() {
    /// A line that never ends, of a hundred megabytes.
    struct Endless(u64);
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = buffer.len().min(self.0 as usize);
            buffer[..count].fill(b'"');
            self.0 -= count as u64;
            Ok(count)
        }
    }
    use std::io::Read;
    let head = "start,kwh\n2023-01-01T00:00:00Z,1\n";
    let tail = "\n2023-01-01T00:30:00Z,1\n";
    let reader = head.as_bytes().chain(Endless(100_000_000)).chain(tail.as_bytes());
    let options = ReadingOptions { duration_s: Some(1800), ..Default::default() };
    let readings = import::Readings::new(Format::Columns, std::io::BufReader::new(reader), &options).unwrap();
    let items: Vec<String> =
        readings.map(|item| item.map_or_else(|t| t.to_string(), |r| r.line.to_string())).collect();
    assert_eq!(items, ["2", "line 3: line \"\" is longer than 64 KiB (too_long)", "4"]);
}

#[test]
fn half_of_a_number_is_no_number() {
    let text = "start,kwh\n2024-01-01T00:00:00Z,1,263\n2024-01-01T00:30:00Z,2,\n2024-01-01T01:00:00Z,\"1,5\"\n\
                2024-01-01T01:30:00Z,0.5\n";
    let outcome = read(
        text.as_bytes(),
        &ReadingOptions { meter: Some(MeterId::parse("m").unwrap()), ..Default::default() },
    );
    // A delimiter at a row's end says nothing, and a quoted comma is not a decimal point where others are.
    let refused = &outcome.refused[0];
    for part in ["line 2, column 3", "\"263\"", "wrong_width", "a comma in a number needs quotation marks"] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    let energies: Vec<_> =
        outcome.readings.iter().map(|reading| (reading.line, reading.energy.mwh())).collect();
    assert!(energies.contains(&(3, 2_000_000)) && energies.contains(&(5, 500_000)), "{energies:?}");
    assert!(energies.iter().all(|(line, _)| *line != 2), "{energies:?}");
}
