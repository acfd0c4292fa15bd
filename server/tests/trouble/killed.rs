//! What a killed program leaves in the log is counted by whoever opens the directory next.

use std::collections::BTreeMap;

use super::sender::{AREA, Sender};
use crate::support::Program;
use crate::support::program::output;

/// Nothing goes to the store while it lives.
const NEVER_STORED: [(&str, &str); 2] = [("WATTMAP_FLUSH_MS", "60000"), ("WATTMAP_CHECKPOINT_MS", "600000")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_has_what_only_the_log_had() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(dir.path(), &NEVER_STORED).await;
    let mut sender = Sender::register("M", &program.http).await;
    for _ in 0..5 {
        assert_eq!(sender.send(&program.http).await.unwrap().status, 200);
    }
    let lag = program.http.operate("/ingestion").await["lag_records"].as_i64().unwrap();
    assert!(lag >= sender.acknowledged.len() as i64, "only {lag} records wait for the store");
    program.kill();
    let out = dir.path().join("out");
    for what in ["aggregates", "readings"] {
        let ended = output(dir.path(), &["export", what, "--out", out.to_str().unwrap()]);
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    let (mut aggregates, mut readings) = (BTreeMap::new(), BTreeMap::new());
    for entry in std::fs::read_dir(&out).unwrap() {
        let path = entry.unwrap().path();
        let of_areas = path.file_name().unwrap().to_str().unwrap().starts_with("aggregates");
        for line in std::fs::read_to_string(path).unwrap().lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let start = metering::UtcSecond::parse(fields[1]).unwrap().0;
            // area,start,energy_mwh,... and meter_id,start,duration_s,energy_mwh,...
            let (into, name, energy) =
                if of_areas { (&mut aggregates, AREA, fields[2]) } else { (&mut readings, "M", fields[3]) };
            assert_eq!(fields[0], name);
            assert_eq!(into.insert(start, energy.parse().unwrap()), None, "{line}");
        }
    }
    assert_eq!(readings, sender.acknowledged);
    assert_eq!(aggregates, sender.acknowledged);
}
