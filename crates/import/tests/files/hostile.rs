//! No input makes a parser panic, hang or say more than the input holds.

use std::path::PathBuf;
use std::sync::LazyLock;

use crate::common::{content, read_as};
use import::{Format, Meters, ReadingOptions, Statistics, recognise};
use jiff::tz::TimeZone;
use proptest::prelude::*;

const READINGS: [Format; 5] =
    [Format::LowCarbonLondon, Format::StartValue, Format::Columns, Format::GreenButton, Format::WeekMatrix];

fn options() -> ReadingOptions {
    ReadingOptions { time_zone: Some(TimeZone::get("Europe/London").unwrap()), ..Default::default() }
}

fn everything(input: &[u8]) {
    let _ = recognise(input);
    for format in READINGS {
        let outcome = read_as(format, input, &options());
        let lines = input.iter().filter(|&&b| b == b'\n').count() + 1;
        assert!(outcome.readings.iter().all(|reading| reading.line as usize <= lines));
        // Nothing gives more than a value a byte.
        assert!(outcome.readings.len() + outcome.refused.len() <= input.len() + 1);
    }
    for format in [Format::MetersTable, Format::MetersJson] {
        if let Ok(meters) = Meters::new(format, input) {
            assert!(meters.count() <= input.len() + 1);
        }
    }
    if let Ok(statistics) = Statistics::new(input, Some(2019)) {
        assert!(statistics.count() <= 100 * (input.len() + 1));
    }
}

/// The beginnings of files of every format: real ones where they are carried.
static BEGINNINGS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let beginning = |name: &str, length: usize| content(&data.join(name))[..length].to_vec();
    vec![
        beginning("lcl_MAC000002_halfhourly.csv.gz", 3000),
        beginning("uk_hourly_2020_2022.csv.gz", 3000),
        beginning("sdge_greenbutton_2011.xml.gz", 6000),
        format!("7855756,w44{}\n", ",0.03".repeat(336)).into_bytes(),
        b"LCLid,stdorToU,DateTime,KWH/hh (per half hour) \r\nMAC000002,Std,2012-10-28 01:30:00.0000000, 0.1 \r\n".to_vec(),
        b"code,name,meters_n_2019,total_kWh_2019,mean_kWhpm_2019\nE01000001,City,2,10,5\n".to_vec(),
        b"meter_id,area,type,bedrooms\nA,E01,flat,2\n".to_vec(),
        b"{\"meters\":[\n{\"meter_id\":\"A\",\"area\":\"E01\"},\n{\"meter_id\":\"B\",\"lat\":1,\"lon\":2}]}".to_vec(),
    ]
});

/// What a disk, an editor or an attacker does to a file.
#[derive(Debug, Clone)]
enum Harm {
    Overwrite(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    CutOff(prop::sample::Index),
}

fn harm() -> impl Strategy<Value = Harm> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..8),
        prop::sample::select(vec![
            "-",
            "\"",
            ",,",
            "\n",
            "\r",
            "1e999",
            "99999999999999999999",
            "<",
            "</",
            "<value>",
            "&x;",
            "]]>",
            "\u{feff}",
            "NaN",
            "2013-03-31 01:30",
            "9999-12-31 23:59:59",
            "\0",
        ])
        .prop_map(|text: &str| text.as_bytes().to_vec()),
    ];
    prop_oneof![
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Harm::Overwrite(at, byte)),
        (any::<prop::sample::Index>(), piece).prop_map(|(at, piece)| Harm::Insert(at, piece)),
        (any::<prop::sample::Index>(), 1_usize..50).prop_map(|(at, count)| Harm::Remove(at, count)),
        any::<prop::sample::Index>().prop_map(Harm::CutOff),
    ]
}

fn harmed(mut file: Vec<u8>, harms: &[Harm]) -> Vec<u8> {
    for harm in harms {
        if file.is_empty() {
            break;
        }
        let length = file.len();
        match harm {
            Harm::Overwrite(at, byte) => file[at.index(length)] = *byte,
            Harm::Insert(at, piece) => {
                let at = at.index(length);
                file.splice(at..at, piece.iter().copied());
            }
            Harm::Remove(at, count) => {
                let at = at.index(length);
                file.drain(at..length.min(at + count));
            }
            Harm::CutOff(at) => file.truncate(at.index(length)),
        }
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(input in proptest::collection::vec(any::<u8>(), 0..2000)) {
        everything(&input);
    }

    #[test]
    fn random_text(input in "[-a-z0-9,;:.\"<>/=& \r\n]{0,400}") {
        everything(input.as_bytes());
    }

    #[test]
    fn harmed_files(file in any::<prop::sample::Index>(), harms in proptest::collection::vec(harm(), 1..6)) {
        let file = BEGINNINGS[file.index(BEGINNINGS.len())].clone();
        everything(&harmed(file, &harms));
    }
}
