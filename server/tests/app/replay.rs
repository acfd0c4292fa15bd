//! What the readings do not say is found and mended.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use metering::stored::{FlushPlan, RawVersion};
use metering::{AreaCode, Energy, Interval, MeterId, UtcSecond};
use server::config::Config;
use server::engines::open;

use crate::support::program::{output, run};
use crate::support::{AREA, Program};

/// 2026-11-20T00:00:00Z, a midnight.
const DAY: i64 = 20_777 * 86_400;

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// All aggregates, as they are exported.
fn exported(dir: &Path) -> BTreeMap<String, String> {
    let out = dir.join("out");
    let _ = std::fs::remove_dir_all(&out);
    run(dir, &["export", "aggregates", "--out", out.to_str().unwrap()]);
    let files = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// Stores a reading that no aggregate has counted.
async fn smuggle(dir: &Path, meter: &str, start: i64, mwh: i64) {
    let data = dir.join("data");
    let settings = [("data", data.to_str().unwrap()), ("disk-reserve-mb", "1")];
    let opened = open(&Config::with(&settings).unwrap()).await.unwrap();
    let meter = MeterId::parse(meter).unwrap();
    let partition = metering::wire::partition_of(meter.as_str().as_bytes(), opened.ports.log.partitions());
    let progress = opened.ports.pipeline.progress(partition + 1).await.unwrap();
    let at = progress[partition as usize].unwrap();
    let version = RawVersion {
        meter,
        interval: Interval::new(UtcSecond(start), 3600).unwrap(),
        at,
        energy: Energy::from_mwh(mwh),
        area: AreaCode::parse(AREA).unwrap(),
    };
    let plan = FlushPlan { raw: vec![version], ..FlushPlan::of_nothing(partition, at) };
    opened.ports.pipeline.flush(&plan).await.unwrap();
    opened.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_counted_wrong_is_found_and_mended() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let file = dir.join("a.csv");
    let row = |meter: u32, half_hour: u32| {
        format!(
            "M{meter},2026-11-20T{:02}:{:02}:00Z,0.{meter}{half_hour}\n",
            half_hour / 2,
            half_hour % 2 * 30
        )
    };
    let rows: String =
        (1..7).flat_map(|meter| (10..20).map(move |half_hour| row(meter, half_hour))).collect();
    std::fs::write(&file, format!("meter_id,start,kwh\n{rows}")).unwrap();
    run(dir, &["import", "readings", file.to_str().unwrap(), "--area", AREA]);
    let honest = exported(dir);
    let said = run(dir, &["replay"]);
    assert!(said.contains("60 readings of 1 days recomputed; 10 aggregates compared, 0 differ"), "{said}");
    assert!(said.contains("nothing has changed"), "{said}");
    assert_eq!(exported(dir), honest);

    // An hour: the aggregates of two windows lack it.
    smuggle(dir, "M3", DAY + 23 * 3600, 500).await;
    for _ in 0..2 {
        let looked = output(dir, &["replay", "--compare"]);
        let said = stdout(&looked);
        assert_eq!(looked.status.code(), Some(1), "{said}");
        assert!(said.contains(", 2 differ") && said.contains("2026-11-20T23:30:00Z"), "{said}");
        assert!(
            said.contains("stored 0 mWh of 0 meters over 0 s, the readings say 250 mWh of 1 meters"),
            "{said}"
        );
        assert_eq!(exported(dir), honest);
    }
    let report = dir.join("differences.csv");
    let mended = output(dir, &["replay", "--report", report.to_str().unwrap()]);
    assert_eq!(mended.status.code(), Some(1), "{}", stdout(&mended));
    let lines = std::fs::read_to_string(&report).unwrap();
    let differences: Vec<&str> = lines.lines().skip(1).collect();
    let row = |start| format!("{AREA},{start},0,0,0,250,1,1800");
    assert_eq!(differences, [row("2026-11-20T23:00:00Z"), row("2026-11-20T23:30:00Z")], "{lines}");
    let again = output(dir, &["replay", "--compare", "--report", report.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("differences.csv"), "it is not written over");
    assert!(stdout(&mended).contains("2 are mended"), "{}", stdout(&mended));
    let said = run(dir, &["replay"]);
    assert!(said.contains("61 readings of 1 days recomputed; 12 aggregates compared, 0 differ"), "{said}");
    assert_ne!(exported(dir), honest);

    // Whoever dies before the new ones are in use has changed nothing; whoever dies after that has done it.
    for (step, reading, differ) in
        [("replay-made", DAY + 3600, " 2 differ"), ("replay-in-use", DAY + 7200, " 0 differ")]
    {
        smuggle(dir, "M4", reading, 100).await;
        let mut command = crate::support::program::wattmap(dir, &["replay"]);
        let died = command.env("FAILPOINTS", format!("{step}=return")).output().unwrap();
        assert_eq!(died.status.code(), None, "{step}: {}", stdout(&died));
        assert!(stdout(&output(dir, &["replay", "--compare"])).contains(differ), "{step}");
        output(dir, &["replay"]);
    }
    assert!(run(dir, &["replay", "--compare"]).contains(" 0 differ"));
}

/// Where readings are let go, the aggregates that were made of them stay, whatever the one who replays is told of how
/// long they were kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_outlived_its_readings_stays() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let file = dir.join("a.csv");
    std::fs::write(&file, "meter_id,start,kwh\nA,2010-06-01T10:00:00Z,0.25\nA,2026-11-20T10:00:00Z,0.5\n")
        .unwrap();
    run(dir, &["import", "readings", file.to_str().unwrap(), "--area", AREA, "--duration", "30m"]);
    let honest = exported(dir);
    let said = run(dir, &["replay", "--compare"]);
    assert!(said.contains("2 readings of 2 days recomputed; 2 aggregates compared, 0 differ"), "{said}");
    let short = [("WATTMAP_RETENTION_DAYS", "3650"), ("WATTMAP_PACK_AFTER_S", "1")];
    let began = Instant::now();
    loop {
        let server = Program::start(dir, &short).await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        server.stop().await;
        if run(dir, &["replay", "--compare"]).contains("1 readings of 1 days") {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "readings past their retention stay");
    }
    for _ in 0..2 {
        let said = run(dir, &["replay"]);
        assert!(said.contains(" 0 differ; 1 days are past the retention of their readings"), "{said}");
        assert_eq!(exported(dir), honest);
    }
}
