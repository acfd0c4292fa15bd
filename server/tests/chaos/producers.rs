//! Others write to the topic, too: what is sound is counted as if it had come through the door, and everything else is a
//! dead letter that nothing waits behind.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::site::Site;
use crate::support::oracle::{Area, Counted, Sums};
use crate::support::program::run_command;

/// What a producer says that it sent.
#[derive(Default)]
struct Sent {
    areas: Vec<Area>,
    /// By meter and start, the last one; with its area.
    readings: BTreeMap<(String, i64), (Area, Counted)>,
    /// How many dead letters, by reason and partition.
    dead: BTreeMap<(String, u64), u64>,
}

/// A script of `end2end/producers`, who knows the brokers and the schema file.
fn python(script: &str) -> Command {
    let variable = |name| {
        std::env::var(name)
            .unwrap_or_else(|_| panic!("{name} is not set: `cargo xtask test engines` sets it"))
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut python = Command::new(variable("WATTMAP_TEST_PYTHON"));
    python.arg(root.join("end2end/producers").join(script));
    python.args(["--brokers", &variable("WATTMAP_KAFKA_BROKERS")]);
    python.arg("--proto").arg(root.join("crates/metering/proto/wattmap.proto"));
    python
}

impl Sent {
    /// Has `end2end/producers/produce.py` send.
    fn by_python(site: &Site, areas: &[&str], now: i64, compression: &str) -> Sent {
        let mut python = python("produce.py");
        python.args(["--topic", &format!("{}.readings", site.name()), "--compression", compression]);
        python.args(["--areas", &areas.join(","), "--now", &now.to_string()]);
        let areas = areas.iter().enumerate().map(|(number, code)| Area { number, code: (*code).to_owned() });
        let mut sent = Sent { areas: areas.collect(), ..Sent::default() };
        for line in run_command(python).lines() {
            sent.read(&serde_json::from_str(line).unwrap());
        }
        sent
    }

    fn read(&mut self, line: &Value) {
        let (reading, dead) = (&line["reading"], &line["dead"]);
        if reading.is_object() {
            let number = |name: &str| reading[name].as_i64().unwrap();
            let area = self.areas.iter().find(|area| reading["area"] == area.code.as_str()).unwrap().clone();
            let counted = Counted { duration_s: number("duration_s"), energy_mwh: number("energy_mwh") };
            let meter = reading["meter"].as_str().unwrap().to_owned();
            self.readings.insert((meter, number("start")), (area, counted));
        } else {
            let letter = (dead["reason"].as_str().unwrap().to_owned(), dead["partition"].as_u64().unwrap());
            *self.dead.entry(letter).or_default() += 1;
        }
    }

    /// What `end2end/producers/dead_letters.py` reads of the topic of dead letters: how many, by reason and partition.
    fn dead_letters_by_python(site: &Site) -> BTreeMap<(String, u64), u64> {
        let mut python = python("dead_letters.py");
        python.args(["--prefix", site.name()]);
        let mut told: BTreeMap<(String, u64), u64> = BTreeMap::new();
        for line in run_command(python).lines() {
            let letter: Value = serde_json::from_str(line).unwrap();
            let of = (letter["reason"].as_str().unwrap().to_owned(), letter["partition"].as_u64().unwrap());
            *told.entry(of).or_default() += 1;
        }
        told
    }

    fn sums(&self) -> Sums {
        let (mut sums, mut of, mut heard) = (Sums::default(), "", BTreeSet::new());
        for ((meter, start), (area, counted)) in &self.readings {
            if of != meter {
                (of, heard) = (meter, BTreeSet::new());
            }
            sums.count(area, *start, *counted, &mut heard);
        }
        sums
    }
}

mod engines {
    use std::time::SystemTime;

    use super::super::engines::turn;
    use super::super::load::settled;
    use super::*;
    use crate::support::Http;

    async fn dead_letters(http: &Http) -> BTreeMap<(String, u64), u64> {
        let page = http.operate("/dead-letters?limit=1000").await;
        assert!(page["next"].is_null(), "more than one page");
        let mut letters = BTreeMap::new();
        for letter in page["dead_letters"].as_array().unwrap() {
            let of = (letter["reason"].as_str().unwrap().to_owned(), letter["partition"].as_u64().unwrap());
            *letters.entry(of).or_default() += 1;
        }
        letters
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
    async fn what_others_write_counts_the_same_and_their_garbage_is_told() {
        let _turn = turn().await;
        let site = Site::new(4);
        let _owners = ["aggregate-0", "aggregate-1"].map(|name| site.aggregate(name, &[]));
        let (_serve, http) = site.serve("serve-0").await;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() as i64;
        let areas = ["E01000001", "E01000907", "E01002730", "E01004736"];
        let sent = Sent::by_python(&site, &areas, now, "lz4");
        let (expected, mut found) = (sent.sums(), Sums::default());
        settled(&http, &site).await;
        for area in &sent.areas {
            found.read(area, &http.operate(&format!("/areas/{}/exact?by=half-hour", area.code)).await);
        }
        assert!(found == expected, "{}", expected.differences(&found));
        assert_eq!(dead_letters(&http).await, sent.dead);
        assert_eq!(Sent::dead_letters_by_python(&site), sent.dead);
        let letters: u64 = sent.dead.values().sum();
        println!(
            "{} readings of others are {} aggregates; {letters} dead letters",
            sent.readings.len(),
            found.len()
        );
        assert!(found.len() > 50 && letters > 100, "that was no test");
        // And what comes through the door goes on.
        let meters = r#"{"meters":[{"meter_id":"at-the-door","area":"E01000001"}]}"#;
        assert_eq!(http.post("/meters", meters).await.unwrap().status, 200);
        settled(&http, &site).await;
    }
}
