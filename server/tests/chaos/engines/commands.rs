//! Commands do on Kafka and Cassandra what they do elsewhere.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::super::load::settled;
use super::super::site::Site;
use super::{are_added_up, moment, readings_are, replay_agrees, seed, turn};
use crate::support::oracle::{Counted, Readings};
use crate::support::program::{Killed, run_command, said};

const AREA: &str = "E01004736";
const METERS: usize = 10;
const READINGS_A_METER: i64 = 15_000;
const DURATION_S: i64 = 300;

/// A half-hour of 2026.
const FIRST: i64 = 1_780_000_200;

/// How often the import dies.
const DEATHS: u64 = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn an_import_dies_and_is_begun_again_and_check_says_how_it_stands() {
    let _turn = turn().await;
    let mut random = StdRng::seed_from_u64(seed());
    let mut site = Site::not_migrated(4);
    let before = site.command(&["check"]).output().unwrap();
    assert_eq!(before.status.code(), Some(1), "{}", said(&before));
    says_in_order(
        &said(&before),
        &[
            "ok    Kafka: 127.",
            "FAIL  topics: ",
            "FAIL  Cassandra: ",
            "wattmap migrate",
            "FAIL  migrated: not looked at, because Cassandra can't be",
            "not looked into: keys, log, store and geography",
        ],
    );
    site.migrate();
    site.make_keys();
    let sound = run_command(site.command(&["check"]));
    says_in_order(&sound, &EVERYTHING);
    assert!(!sound.contains("data directory"), "there is none: {sound}");
    let mut lost = site.command(&["check"]);
    let lost = lost.env("WATTMAP_KAFKA_BROKERS", "127.0.0.1:9").output().unwrap();
    assert_eq!(lost.status.code(), Some(1), "{}", said(&lost));
    says_in_order(
        &said(&lost),
        &["FAIL  Kafka: ", "FAIL  topics: not looked at", "ok    Cassandra: ", "ok    migrated: "],
    );

    let _owner = site.aggregate("aggregate-0", &[]);
    let (file, readings) = (site.path().join("many.csv"), write_file(&site));
    let import = ["import", "readings", file.to_str().unwrap(), "--area", AREA, "--duration", "300s"];
    for death in 1..=DEATHS {
        let mut command = site.command(&import);
        let mut dies = Killed(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        tokio::time::sleep(moment(&mut random, 500..2500)).await;
        println!("death {death}: it had ended: {:?}", dies.0.try_wait().unwrap());
    }
    run_command(site.command(&import));
    let (_serve, http) = site.serve("serve-0").await;
    settled(&http, &site).await;
    readings_are(&site, &readings);
    are_added_up(&site, &readings);
    replay_agrees(&site);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = run_command(site.command(&["check"]));
    says_in_order(&after, &EVERYTHING);
    assert!(after.contains("ok    store: 0 records are still to be aggregated"), "{after}");
}

/// What `check` says of a system that is there, migrated and at rest.
const EVERYTHING: [&str; 9] = [
    "ok    Kafka: 127.",
    "ok    topics: ",
    "ok    Cassandra: 127.",
    "ok    migrated: generation 1 of the log, with 4 partitions",
    "ok    keys: 2 valid",
    "ok    log: 4 partitions, ",
    "ok    store: ",
    "ok    geography: ",
    "site: ",
];

fn says_in_order(said: &str, sentences: &[&str]) {
    let mut rest = said;
    for sentence in sentences {
        let (_, after) =
            rest.split_once(sentence).unwrap_or_else(|| panic!("not {sentence:?} in its place: {said}"));
        rest = after;
    }
}

/// Writes the file, and gives what it says.
fn write_file(site: &Site) -> Readings {
    let (mut text, mut readings) = ("meter_id,start,kwh\n".to_owned(), Readings::new());
    for number in 0..READINGS_A_METER {
        for meter in 0..METERS {
            let (meter, start) = (format!("FILE-{meter}"), FIRST + number * DURATION_S);
            let energy_mwh = (number * 7919 + start) % 1_999_993;
            let (whole, rest) = (energy_mwh / 1_000_000, energy_mwh % 1_000_000);
            writeln!(text, "{meter},{},{whole}.{rest:06}", metering::UtcSecond(start)).unwrap();
            let counted = Counted { duration_s: DURATION_S, energy_mwh };
            readings.insert((meter, start), (counted, AREA.to_owned()));
        }
    }
    std::fs::write(site.path().join("many.csv"), text).unwrap();
    readings
}
