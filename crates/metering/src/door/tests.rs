use proptest::prelude::*;

use super::*;

const RULES: Rules = Rules {
    // 2026-11-22T12:00:00Z
    now: UtcSecond(1_795_348_800),
    future_tolerance_s: 300,
    retention_s: 400 * 86_400,
    batch: 5,
};

fn reading(meter_id: &str, start: &str, duration_s: &str, energy_wh: &str) -> String {
    format!(
        r#"{{"meter_id":"{meter_id}","start":"{start}","duration_s":{duration_s},"energy_wh":{energy_wh}}}"#
    )
}

#[test]
fn what_is_refused_of_a_reading() {
    let check =
        |meter: &str, start: &str, duration: &str, energy: &str, code: &str, field: &str, says: &[&str]| {
            let body = format!("{{\"readings\":[{}]}}", reading(meter, start, duration, energy));
            let batch = readings(body.as_bytes(), Format::Json, &RULES).unwrap();
            assert!(batch.accepted.is_empty(), "{body} was accepted");
            let rejection = &batch.rejected[0];
            assert_eq!((&*rejection.code, &*rejection.field), (code, field), "{rejection:?}");
            for part in says {
                assert!(rejection.message.contains(part), "{part:?} is not in {:?}", rejection.message);
            }
        };
    let (ten, half) = ("2026-11-22T10:00:00Z", "1800");
    check("a b", ten, half, "1", "bad_meter_id", "meter_id", &["\"a b\"", "' '", "A-Z"]);
    check("", ten, half, "1", "bad_meter_id", "meter_id", &["0 bytes", "1 to 64"]);
    check("M", "2026-11-22 10:00", half, "1", "bad_start", "start", &["2026-11-22 10:00", "RFC 3339"]);
    check("M", "2026-11-22T10:00:00.5Z", half, "1", "bad_start", "start", &["whole seconds"]);
    check("M", ten, "7", "1", "bad_duration", "duration_s", &["7 s", "divisors of 1800"]);
    check("M", ten, "1800.5", "1", "bad_duration", "duration_s", &["1800.5", "whole number"]);
    check("M", ten, "-1800", "1", "bad_duration", "duration_s", &["-1800"]);
    check("M", ten, "1e99", "1", "bad_duration", "duration_s", &["1e99", "longer", "divisors of 1800"]);
    check(
        "M",
        ten,
        "18446744073709551616",
        "1",
        "bad_duration",
        "duration_s",
        &["1844674407", "divisors of 1800"],
    );
    check("M", ten, "1e-2", "1", "bad_duration", "duration_s", &["1e-2", "whole number"]);
    for start in ["2026-11-22T10:00:00+25:00", "2026-11-22T11:00:00+0100", "2026-11-22T10:00:00,000Z"] {
        check("M", start, half, "1", "bad_start", "start", &[start, "RFC 3339"]);
    }
    check("M", "2026-11-22T10:10:00Z", half, "1", "misaligned", "start", &["10:10", "1800 s"]);
    check("M", "2026-11-22T09:30:00Z", "3600", "1", "misaligned", "start", &["3600 s"]);
    check("M", ten, half, "-0.5", "negative_energy", "energy_wh", &["-0.5", "0 or more"]);
    check("M", ten, half, "-1e300", "negative_energy", "energy_wh", &["-1e300"]);
    check("M", ten, half, "300000", "implausible_energy", "energy_wh", &["300000", "1800 s", "249998.4"]);
    check("M", ten, half, "1e300", "implausible_energy", "energy_wh", &["1e300"]);
    check("M", ten, half, "1.2345", "bad_energy", "energy_wh", &["1.2345", "three decimals"]);
    check("M", "2026-11-22T12:00:00Z", half, "1", "too_far_in_future", "start", &["12:30:00Z", "300 s"]);
    check("M", "9999-12-31T23:30:00Z", half, "1", "too_far_in_future", "start", &["9999"]);
    check("M", "2025-01-01T00:00:00Z", half, "1", "too_old", "start", &["2025-01-01", "400 days"]);
    check("M", "1969-12-31T23:30:00Z", half, "1", "too_old", "start", &["1969", "1970"]);
}

#[test]
fn what_passes() {
    let check = |body: &str, format, expect: &[(u32, i64, u16, i64)]| {
        let batch = readings(body.as_bytes(), format, &RULES).unwrap();
        let accepted: Vec<_> = batch
            .accepted
            .iter()
            .map(|(index, made)| {
                (*index, made.interval.start().0, made.interval.duration_s(), made.energy.mwh())
            })
            .collect();
        assert_eq!(accepted, expect, "{:?}", batch.rejected);
    };
    let one = reading("MAC000002", "2026-11-22T10:00:00Z", "1800", "212.5");
    check(&format!("{{\"readings\":[{one}]}}"), Format::Json, &[(0, 1_795_341_600, 1800, 212_500)]);
    check("{\"readings\":[]}", Format::Json, &[]);
    for whole in ["1800.0", "1.8e3", "18000e-1"] {
        check(&one.replace("1800", whole), Format::Lines, &[(0, 1_795_341_600, 1800, 212_500)]);
    }
    let escaped = one.replace("MAC", "\\u004dAC").replace("\"start\"", " \"sta\\u0072t\" ");
    check(&escaped, Format::Lines, &[(0, 1_795_341_600, 1800, 212_500)]);
    let bad = reading("M", "2026-11-22T10:00:00Z", "7", "1");
    let late = reading("M", "2026-11-22T13:30:00+02:00", "3600", "0");
    check(&format!("\n{bad}\r\n\n{one}\n{late}\n"), Format::Lines, &[(1, 1_795_341_600, 1800, 212_500)]);
    // The end of a reading may lie as far ahead as clocks differ.
    let soon = reading("M", "2026-11-22T12:00:00Z", "300", "-0.0");
    check(&soon, Format::Lines, &[(0, 1_795_348_800, 300, 0)]);
}

#[test]
fn where_a_body_is_malformed() {
    let check = |body: &str, format, line, column, says: &str| match readings(body.as_bytes(), format, &RULES)
    {
        Err(DoorError::Malformed { line: at_line, column: at_column, message }) => {
            assert_eq!((at_line, at_column), (line, column), "{body}: {message}");
            assert!(message.contains(says), "{says:?} is not in {message:?}");
        }
        other => panic!("{body}: {other:?}"),
    };
    check("", Format::Json, 1, 1, "the body is empty, expected an object with the list \"readings\"");
    check(" \r\n\t", Format::Json, 1, 1, "the body is empty");
    check("", Format::Lines, 1, 1, "the body is empty, expected a line for each of the readings");
    check("\r\n\n ", Format::Lines, 1, 1, "the body is empty");
    check("{", Format::Json, 1, 1, "EOF");
    check("[]", Format::Json, 1, 1, "an object with the list \"readings\"");
    check("{}", Format::Json, 1, 2, "missing field `readings`");
    check("{\"reading\":[]}", Format::Json, 1, 10, "unknown field `reading`");
    check("{\"readings\":[],\"readings\":[]}", Format::Json, 1, 25, "duplicate field");
    check("{\"readings\":[]} x", Format::Json, 1, 17, "trailing");
    check("{\"readings\":[\n 5]}", Format::Json, 2, 2, "a reading");
    let one = reading("M", "2026-11-22T10:00:00Z", "1800", "1");
    check(&one.replace("1800", "\"1800\""), Format::Lines, 1, 61, "a string, expected a number");
    check(&one.replace(":1}", ":null}"), Format::Lines, 1, 78, "null, expected a number");
    check(&one.replace(":1}", ": [1, 2] }"), Format::Lines, 1, 79, "a list, expected a number");
    check(&one.replace("1800", "{\"s\":1800}"), Format::Lines, 1, 61, "an object, expected a number");
    check(&format!("{one}\n{}", one.replace("1800", "true")), Format::Lines, 2, 61, "a boolean");
    check(
        &format!("{{\"readings\":[{one},\n {}]}}", one.replace("1800", "\"\"")),
        Format::Json,
        2,
        62,
        "a string",
    );
    check(&one.replace("\"M\"", "-12.5e3"), Format::Lines, 1, 13, "floating point `-12500.0`, expected");
    check(&one.replace("\"M\"", "null"), Format::Lines, 1, 13, "null, expected");
    check(&one.replace("\"M\"", "[\"M\"]"), Format::Lines, 1, 13, "sequence, expected");
    check(r#"{"readings":[ "a \\\" b" ]}"#, Format::Json, 1, 15, "a reading");
    // A list of values is no reading, whatever their order.
    let values = r#"["M","2026-11-22T10:00:00Z",1800,1]"#;
    check(values, Format::Lines, 1, 1, "sequence, expected a reading");
    check(&format!("{{\"readings\":[{values}]}}"), Format::Json, 1, 14, "sequence, expected a reading");
    check(r#"{"readings": "a"}"#, Format::Json, 1, 14, "a list of readings");
    check(&one.replace("meter_id", "meter"), Format::Lines, 1, 8, "unknown field `meter`");
    check(&format!("{one}\n{}", &one[..20]), Format::Lines, 2, 20, "EOF");
    check(&one.replace("\"M\"", "5"), Format::Lines, 1, 13, "integer `5`, expected");
    check(&format!("{}{}", "[".repeat(300), "]".repeat(300)), Format::Lines, 1, 1, "");
    check(&"[".repeat(300), Format::Json, 1, 1, "an object with the list");
    check("\n\n5", Format::Lines, 3, 1, "a reading");
}

#[test]
fn the_number_of_items_is_bounded() {
    let one = reading("M", "2026-11-22T10:00:00Z", "1800", "1");
    let six = vec![one; 6];
    let too_many = Err(DoorError::TooMany { limit: 5, what: "readings" });
    let body = format!("{{\"readings\":[{}]}}", six.join(","));
    assert_eq!(readings(body.as_bytes(), Format::Json, &RULES), too_many);
    assert_eq!(readings(six.join("\n").as_bytes(), Format::Lines, &RULES), too_many);
    assert_eq!(readings(six[..5].join("\n").as_bytes(), Format::Lines, &RULES).unwrap().accepted.len(), 5);
}

#[test]
fn meters_are_judged() {
    let refused = |line: &str, code: &str, field: &str, says: &str| {
        let batch = meters(line.as_bytes(), Format::Lines, &RULES).unwrap();
        let rejection = &batch.rejected[0];
        assert_eq!((&*rejection.code, &*rejection.field), (code, field), "{rejection:?}");
        assert!(rejection.message.contains(says), "{says:?} is not in {:?}", rejection.message);
    };
    refused(r#"{"meter_id":"M"}"#, "bad_area", "area", "missing");
    refused(r#"{"meter_id":"M","area":"a/b"}"#, "bad_area", "area", "\"a/b\"");
    refused(r#"{"meter_id":"M","area":"A","lat":1}"#, "bad_area", "area", "the one or the other");
    refused(r#"{"meter_id":"M","lat":1}"#, "bad_position", "lon", "missing");
    refused(r#"{"meter_id":"M","lat":91,"lon":0}"#, "bad_position", "lat", "91");
    refused(r#"{"meter_id":"é","area":"A"}"#, "bad_meter_id", "meter_id", "é");
    let dwelling = |text: &str| format!(r#"{{"meter_id":"M","area":"A","dwelling":{{{text}}}}}"#);
    refused(&dwelling(r#""type":"castle""#), "bad_dwelling", "dwelling.type", "castle");
    refused(&dwelling(r#""heating":"peat""#), "bad_dwelling", "dwelling.heating", "peat");
    refused(&dwelling(r#""bedrooms":51"#), "bad_dwelling", "dwelling.bedrooms", "0 to 50");
    refused(&dwelling(r#""occupants":-1"#), "bad_dwelling", "dwelling.occupants", "-1");

    let body = r#"{"meters":[{"meter_id":"MAC000002","area":"E01000001","dwelling":
        {"type":"flat","bedrooms":2,"occupants":2,"heating":"gas"}},{"meter_id":"M2","lat":51.5,"lon":-0.1}]}"#;
    let batch = meters(body.as_bytes(), Format::Json, &RULES).unwrap();
    assert!(batch.rejected.is_empty());
    let home = Dwelling {
        kind: Some(crate::reading::DwellingKind::Flat),
        bedrooms: Some(2),
        occupants: Some(2),
        heating: Some(crate::reading::Heating::Gas),
    };
    assert_eq!(batch.accepted[0].1.dwelling, home);
    assert_eq!(batch.accepted[1].1.place, DraftPlace::Point { lat: 51.5, lon: -0.1 });
    let whole = meters(dwelling(r#""bedrooms":2.0"#).as_bytes(), Format::Lines, &RULES).unwrap();
    assert_eq!(whole.accepted[0].1.dwelling.bedrooms, Some(2));
    for (format, empty) in [(Format::Json, ""), (Format::Lines, ""), (Format::Lines, "\n \r\n")] {
        assert!(matches!(
            meters(empty.as_bytes(), format, &RULES),
            Err(DoorError::Malformed { line: 1, column: 1, .. })
        ));
    }
    let listed = dwelling("").replace("{}", r#"["flat",2,2,"gas"]"#);
    let refused = meters(listed.as_bytes(), Format::Lines, &RULES).unwrap_err().to_string();
    assert!(refused.contains("sequence, expected a dwelling"), "{refused}");
    let mistyped = dwelling(r#""bedrooms":"2""#);
    let Err(DoorError::Malformed { column, message, .. }) =
        meters(mistyped.as_bytes(), Format::Lines, &RULES)
    else {
        panic!("{mistyped} is taken");
    };
    assert_eq!(
        (&mistyped[column - 1..column + 2], &*message),
        ("\"2\"", "invalid type: a string, expected a number")
    );
    assert!(meters(dwelling(r#""rooms":1"#).as_bytes(), Format::Lines, &RULES).is_err());
}

#[test]
fn typed_readings_are_judged_by_the_same_rules() {
    let check = |start: i64, duration, mwh, expect: Option<&str>| {
        let interval = crate::Interval::new(UtcSecond(start), duration).unwrap();
        let meter = MeterId::parse("M").unwrap();
        let batch = judge(vec![Reading { meter, interval, energy: crate::Energy::from_mwh(mwh) }], &RULES);
        assert_eq!(batch.rejected.first().map(|rejection| &*rejection.code), expect);
        assert_eq!(batch.accepted.len(), usize::from(expect.is_none()));
    };
    check(1_795_341_600, 1800, 212_500, None);
    check(1_795_341_600, 1800, -1, Some("negative_energy"));
    check(1_795_341_600, 1800, 300_000_000, Some("implausible_energy"));
    check(1_795_348_800, 1800, 1, Some("too_far_in_future"));
    check(0, 1800, 1, Some("too_old"));
}

#[test]
fn kinds_are_spelt_as_they_are_printed() {
    for kind in crate::reading::DwellingKind::ALL {
        let text = serde_json::to_string(&kind).unwrap();
        let line = format!(r#"{{"meter_id":"M","area":"A","dwelling":{{"type":{text}}}}}"#);
        let batch = meters(line.as_bytes(), Format::Lines, &RULES).unwrap();
        assert_eq!(batch.accepted[0].1.dwelling.kind, Some(kind));
    }
    for heating in crate::reading::Heating::ALL {
        let text = serde_json::to_string(&heating).unwrap();
        let line = format!(r#"{{"meter_id":"M","area":"A","dwelling":{{"heating":{text}}}}}"#);
        let batch = meters(line.as_bytes(), Format::Lines, &RULES).unwrap();
        assert_eq!(batch.accepted[0].1.dwelling.heating, Some(heating));
    }
}

/// Whoever looks where an error is said to be finds something there, or the end of the line.
fn place_exists(error: Option<DoorError>, body: &[u8]) {
    if let Some(DoorError::Malformed { line, column, .. }) = error {
        let text = body.split(|&byte| byte == b'\n').nth(line - 1).expect("the line");
        assert!((1..=text.len() + 1).contains(&column), "line {line}, column {column}: {body:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in [Format::Json, Format::Lines] {
            for error in [readings(&body, format, &RULES).err(), meters(&body, format, &RULES).err()] {
                place_exists(error, &body);
            }
        }
    }

    #[test]
    fn no_damage_to_a_sound_body_makes_it_panic(at in 0_usize..160, with in any::<u8>(), cut in 0_usize..160) {
        let mut body = format!("{{\"readings\":[{0},{0}]}}", reading("M", "2026-11-22T10:00:00Z", "1800", "1")).into_bytes();
        let at = at % body.len();
        body[at] = with;
        place_exists(readings(&body, Format::Json, &RULES).err(), &body);
        body.truncate(cut);
        place_exists(readings(&body, Format::Json, &RULES).err(), &body);
    }

    #[test]
    fn every_item_has_its_index_once(bad in proptest::collection::vec(any::<bool>(), 1..5)) {
        let items: Vec<String> = bad
            .iter()
            .map(|&bad| reading("M", "2026-11-22T10:00:00Z", if bad { "7" } else { "1800" }, "1"))
            .collect();
        let json = readings(format!("{{\"readings\":[{}]}}", items.join(",")).as_bytes(), Format::Json, &RULES).unwrap();
        let lines = readings(items.join("\n").as_bytes(), Format::Lines, &RULES).unwrap();
        prop_assert_eq!(&json, &lines);
        for (index, &bad) in bad.iter().enumerate() {
            let rejected = json.rejected.iter().filter(|item| item.index == index as u32).count();
            let accepted = json.accepted.iter().filter(|item| item.0 == index as u32).count();
            prop_assert_eq!((accepted, rejected), if bad { (0, 1) } else { (1, 0) });
        }
    }
}
