//! What becomes of each kind of record, one small log at a time.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[expect(dead_code, reason = "other tests use the rest of the desk")]
mod desk;

use bytes::Bytes;
use desk::{AHEAD_S, Desk, Entry};
use metering::stored::MeterState;
use metering::wire::{Record, partition_of};
use metering::{
    AreaCode, DeadReason, Dwelling, Energy, Generation, Interval, MeterId, Place, Position, Reading,
    Registration, UtcSecond, Window,
};
use pipeline::Decision::{
    self, Corrected, Counted, Dead, Duplicate, GenerationBegins, Registered, Superseded,
};
use pipeline::{
    Answers, Barrier, Decoded, HINT_STEP_S, Halt, Limits, LogRecordRef, Partition, PartitionConfig,
    RestoreError,
};

/// A full hour.
const T0: i64 = 1_795_341_600;
const RETENTION_S: i64 = 86_400;

/// Of every generation that is announced here.
const TOKEN: u64 = 0;

fn area(code: &str) -> AreaCode {
    AreaCode::parse(code).unwrap()
}

fn marker(generation: u32, partitions: u32) -> Entry {
    marker_with(generation, partitions, TOKEN)
}

fn marker_with(generation: u32, partitions: u32, token: u64) -> Entry {
    let generation = Generation { generation, partitions, token };
    Entry::new("", &Record::GenerationBegins(generation), T0 * 1000)
}

fn register(meter: &str, code: &str) -> Entry {
    let (id, area) = (MeterId::parse(meter).unwrap(), area(code));
    let record = Record::Registration(Registration { meter: id, area, dwelling: Dwelling::default() }, None);
    Entry::new(meter, &record, T0 * 1000)
}

fn reading(meter: &str, minutes: i64, duration_s: i64, mwh: i64) -> Reading {
    Reading {
        meter: MeterId::parse(meter).unwrap(),
        interval: Interval::new(UtcSecond(T0 + minutes * 60), duration_s).unwrap(),
        energy: Energy::from_mwh(mwh),
    }
}

/// Minutes after T0, seconds, mWh.
fn read(meter: &str, minutes: i64, duration_s: i64, mwh: i64) -> Entry {
    Entry::new(meter, &Record::Reading(reading(meter, minutes, duration_s, mwh), None), T0 * 1000)
}

fn redriven(meter: &str, minutes: i64, mwh: i64, from: i64) -> Entry {
    let record = Record::Reading(reading(meter, minutes, 1800, mwh), Some(Position::new(1, from)));
    Entry::new(meter, &record, T0 * 1000)
}

/// Rows as area, window after T0, energy, meters, seconds.
type Sum = (&'static str, i32, i64, i64, i64);

/// The log, a marker before it, is decided like this and sums up to that.
fn check(log: &[Entry], expect: &[Decision], sums: &[Sum]) {
    let mut with_marker = vec![marker(1, 1)];
    with_marker.extend_from_slice(log);
    let mut desk = Desk::new(vec![area("X"), area("Y")], RETENTION_S, Limits::default());
    let decisions = desk.batch(&with_marker, usize::MAX, true, false);
    desk.flush();
    assert_eq!(decisions[0], GenerationBegins);
    assert_eq!(&decisions[1..], expect);
    let first = UtcSecond(T0).window().0;
    let expect = sums.iter().map(|&(code, window, mwh, meters, seconds)| {
        (Place { area: area(code), window: Window(first + window) }, (mwh, meters, seconds))
    });
    assert_eq!(desk.sums(), expect.collect());
}

#[test]
fn readings_are_counted_once_and_corrected() {
    let log = [
        register("m", "X"),
        read("m", 0, 1800, 100),
        read("m", 0, 1800, 100),
        read("m", 0, 1800, 150),
        read("m", 30, 1800, 7),
        read("m", 0, 1800, 150),
    ];
    let expect = [Registered, Counted, Duplicate, Corrected, Counted, Duplicate];
    check(&log, &expect, &[("X", 0, 150, 1, 1800), ("X", 1, 7, 1, 1800)]);
}

#[test]
fn homes_that_change_a_row_in_part_are_told_of_once() {
    let log = [
        marker(1, 1),
        register("m", "X"),
        register("n", "X"),
        read("m", 0, 600, 100),
        read("n", 0, 1800, 100),
        read("m", 10, 600, 100),
        read("m", 30, 600, 100),
        read("n", 0, 1800, 150),
    ];
    let mut desk = Desk::new(vec![area("X")], RETENTION_S, Limits::default());
    let number = |meter: &str| MeterId::parse(meter).unwrap().number();
    let mut told = |records, again| {
        desk.batch(&log, records, true, false);
        let homes = desk.live(again).homes.into_iter();
        homes.map(|change| (change.row, change.home, change.at.offset)).collect::<Vec<_>>()
    };
    let (m, n) = (number("m"), number("n"));
    assert_eq!(told(5, false), [(0, m, 3)], "a whole half-hour shows in what is covered");
    assert_eq!(told(2, true), [(0, m, 5), (1, m, 6)]);
    assert_eq!(told(1, false), [(0, m, 5), (0, n, 7), (1, m, 6)], "what was not sent comes with the next");
    assert_eq!(told(0, false), []);
}

#[test]
fn an_hour_is_spread_over_two_windows_and_the_odd_mwh_goes_to_the_first() {
    let log = [register("m", "X"), read("m", 0, 3600, 101), read("m", 60, 3600, 0)];
    let sums = [("X", 0, 51, 1, 1800), ("X", 1, 50, 1, 1800), ("X", 2, 0, 1, 1800), ("X", 3, 0, 1, 1800)];
    check(&log, &[Registered, Counted, Counted], &sums);
}

#[test]
fn short_readings_share_a_window_and_the_meter_is_heard_once() {
    let log = [
        register("m", "X"),
        read("m", 5, 300, 3),
        read("m", 0, 300, 2),
        read("m", 10, 10, 1),
        read("m", 15, 900, 9),
    ];
    check(&log, &[Registered, Counted, Counted, Counted, Counted], &[("X", 0, 15, 1, 1510)]);
}

#[test]
fn an_hour_corrected_to_half_an_hour_is_no_longer_heard_in_its_second_window() {
    let log = [register("m", "X"), read("m", 0, 3600, 10), read("m", 0, 1800, 4), read("m", 30, 1800, 6)];
    let sums = [("X", 0, 4, 1, 1800), ("X", 1, 6, 1, 1800)];
    check(&log, &[Registered, Counted, Corrected, Counted], &sums);
}

#[test]
fn a_meter_that_moves_keeps_its_past_where_it_was() {
    let log = [
        register("m", "X"),
        read("m", 0, 900, 1),
        register("m", "Y"),
        read("m", 15, 900, 2),
        read("m", 0, 900, 5),
    ];
    let sums = [("X", 0, 5, 1, 900), ("Y", 0, 2, 1, 900)];
    check(&log, &[Registered, Counted, Registered, Counted, Corrected], &sums);
}

#[test]
fn a_registration_that_says_nothing_new_is_a_duplicate() {
    let log = [register("m", "X"), register("m", "X"), register("m", "Y"), register("m", "X")];
    check(&log, &[Registered, Duplicate, Registered, Registered], &[]);
}

#[test]
fn what_cannot_be_counted_is_a_dead_letter_with_its_reason() {
    let nonsense = Entry { value: Bytes::from_static(b"\xff"), ..read("m", 0, 1800, 1) };
    let other_key = Entry { key: Bytes::from_static(b"n"), ..read("m", 0, 1800, 1) };
    let log = [
        read("m", 0, 1800, 1),
        register("m", "nowhere"),
        read("m", 0, 1800, 1),
        register("m", "X"),
        register("m", "nowhere"),
        read("m", 30, 1800, 2),
        read("m", 0, 3600, 3),
        nonsense,
        other_key,
        read("m", -24 * 60 - 30, 1800, 4),
        read("m", -24 * 60, 1800, 5),
    ];
    let expect = [
        Dead(DeadReason::UnknownMeter),
        Dead(DeadReason::UnknownArea),
        Dead(DeadReason::UnknownMeter),
        Registered,
        Dead(DeadReason::UnknownArea),
        Counted,
        Dead(DeadReason::Overlap),
        Dead(DeadReason::Undecodable),
        Dead(DeadReason::Undecodable),
        Dead(DeadReason::BeyondRetention),
        Counted,
    ];
    check(&log, &expect, &[("X", 1, 2, 1, 1800), ("X", -48, 5, 1, 1800)]);
}

#[test]
fn a_redriven_record_replaces_only_what_was_before_it() {
    let log = [
        read("m", 0, 1800, 1),
        register("m", "X"),
        read("m", 0, 1800, 2),
        redriven("m", 0, 1, 1),
        read("m", 30, 1800, 3),
        redriven("m", 30, 4, 6),
    ];
    let expect = [Dead(DeadReason::UnknownMeter), Registered, Counted, Superseded, Counted, Corrected];
    check(&log, &expect, &[("X", 0, 2, 1, 1800), ("X", 1, 4, 1, 1800)]);
}

#[test]
fn a_redriven_registration_moves_no_meter_back() {
    let redriven = |code, from| {
        let registration = Registration {
            meter: MeterId::parse("m").unwrap(),
            area: area(code),
            dwelling: Dwelling::default(),
        };
        Entry::new("m", &Record::Registration(registration, Some(Position::new(1, from))), T0 * 1000)
    };
    let log =
        [register("m", "X"), redriven("Y", 1), redriven("X", 1), redriven("X", -1), read("m", 0, 1800, 2)];
    let expect = [Registered, Registered, Superseded, Superseded, Counted];
    check(&log, &expect, &[("Y", 0, 2, 1, 1800)]);
}

#[test]
fn markers_that_cannot_stand_there_are_dead_letters() {
    let log = [marker(1, 1), marker(1, 2), marker(3, 1), marker(401, 1), marker_with(1, 1, 8)];
    let dead = Dead(DeadReason::Undecodable);
    check(&log, &[GenerationBegins, dead, dead, dead, dead], &[]);
}

#[test]
fn a_generation_begins_when_it_was_announced_and_its_marker_is_not_forged() {
    let mut partition = Partition::restore(config(0, &[(1, 1)]), None).unwrap();
    partition.apply(&at(0, &marker(1, 1))).unwrap();
    let (forged, genuine) = (marker_with(2, 2, 8), marker(2, 2));
    // What is not known is asked for, and then decided.
    assert!(matches!(partition.apply(&at(1, &forged)), Err(Halt::Unannounced(found)) if found.token == 8));
    partition.announced(&config(0, &[(1, 1)]).generations);
    assert_eq!(partition.apply(&at(1, &forged)).unwrap(), Dead(DeadReason::Undecodable));
    assert!(matches!(partition.apply(&at(2, &genuine)), Err(Halt::Unannounced(_))));
    partition.announced(&config(0, &[(1, 1), (2, 2)]).generations);
    assert_eq!(partition.apply(&at(2, &genuine)).unwrap(), GenerationBegins);
    // Whoever knows already decides the same.
    let mut later = Partition::restore(config(0, &[(1, 1), (2, 2)]), Some(Position::new(1, 0))).unwrap();
    assert_eq!(later.apply(&at(1, &forged)).unwrap(), Dead(DeadReason::Undecodable));
    assert_eq!(later.apply(&at(2, &genuine)).unwrap(), GenerationBegins);
}

#[test]
fn a_reading_from_the_future_is_a_dead_letter_by_the_logs_own_time() {
    let minutes = AHEAD_S / 60;
    let log = [register("m", "X"), read("m", minutes - 30, 1800, 1), read("m", minutes, 1800, 2)];
    let last = (minutes / 30 - 1) as i32;
    check(&log, &[Registered, Counted, Dead(DeadReason::Undecodable)], &[("X", last, 1, 1, 1800)]);
}

fn config(partition: u32, generations: &[(u32, u32)]) -> PartitionConfig {
    let announced =
        |&(generation, partitions): &(u32, u32)| Generation { generation, partitions, token: TOKEN };
    PartitionConfig {
        partition,
        generations: generations.iter().map(announced).collect(),
        retention_s: RETENTION_S,
        ahead_s: AHEAD_S,
        areas: vec![area("X")],
        hint_step_s: HINT_STEP_S,
        limits: Limits::default(),
    }
}

fn at(offset: i64, entry: &Entry) -> Decoded<'_> {
    let Entry { appended_ms, key, value } = entry;
    Decoded::new(LogRecordRef { offset, appended_ms: *appended_ms, key, value })
}

#[test]
fn a_record_in_a_partition_that_is_not_its_meters_is_misrouted() {
    let home = partition_of(b"m", 2);
    let mut partition = Partition::restore(config(1 - home, &[(1, 2)]), None).unwrap();
    partition.apply(&at(0, &marker(1, 2))).unwrap();
    for (offset, entry) in [(1, register("m", "X")), (2, read("m", 0, 1800, 1))] {
        assert_eq!(partition.apply(&at(offset, &entry)).unwrap(), Dead(DeadReason::Misrouted));
    }
    let dead = partition.take_flush().unwrap().plan.dead;
    assert_eq!(dead.len(), 2);
    assert_eq!(dead[0].detail, format!("is in partition {}, its meter's is {home}", 1 - home));
}

#[test]
fn records_come_in_order_and_answers_in_full() {
    let mut partition = Partition::restore(config(0, &[(1, 1)]), None).unwrap();
    let entry = marker(1, 1);
    assert!(matches!(partition.apply(&at(1, &entry)), Err(Halt::OutOfOrder { expected: 0, found: 1 })));
    partition.apply(&at(0, &entry)).unwrap();
    let entry = register("m", "X");
    let Err(Halt::Missing(wants)) = partition.apply(&at(1, &entry)) else { panic!("nothing is missing") };
    let error = partition.supply(&wants, Answers::default()).unwrap_err();
    assert_eq!(error.to_string(), "1 meters were asked for, 0 came");
    // What was read before the batch ended is of no use afterwards.
    let answers = Answers { meters: vec![MeterState::default()], ..Answers::default() };
    partition.end_batch();
    partition.supply(&wants, answers.clone()).unwrap();
    let Err(Halt::Missing(wants)) = partition.apply(&at(1, &entry)) else { panic!("it was taken") };
    partition.supply(&wants, answers).unwrap();
    assert_eq!(partition.apply(&at(1, &entry)).unwrap(), Registered);
}

#[test]
fn offsets_that_the_log_used_itself_are_passed_over() {
    let mut partition = Partition::restore(config(0, &[(1, 1)]), None).unwrap();
    partition.apply(&at(0, &marker(1, 1))).unwrap();
    partition.pass_over(2);
    assert_eq!(partition.apply(&at(3, &marker(1, 1))).unwrap(), GenerationBegins);
    assert_eq!(partition.done(), Some(Position::new(1, 3)));
}

#[test]
fn a_letter_of_what_is_too_long_holds_its_beginning() {
    let mut partition = Partition::restore(config(0, &[(1, 1)]), None).unwrap();
    let long = Entry { value: vec![8; 1 << 20].into(), ..read("m", 0, 1800, 1) };
    assert_eq!(partition.apply(&at(0, &long)).unwrap(), Dead(DeadReason::Undecodable));
    let letter = &partition.take_flush().unwrap().plan.dead[0];
    assert_eq!((&letter.key[..], letter.value.len()), (&b"m"[..], 4096));
    assert_eq!(letter.detail, "key and value are 1048577 bytes; a record has at most 4096");
}

#[test]
fn behind_a_marker_an_owner_waits_for_the_former_partitions() {
    let mut partition = Partition::restore(config(0, &[(1, 2), (2, 3)]), None).unwrap();
    let log = [marker(1, 2), marker(2, 3), marker(2, 3)];
    partition.apply(&at(0, &log[0])).unwrap();
    partition.apply(&at(1, &log[1])).unwrap();
    let barrier = Barrier { generation: 2, former_partitions: 2 };
    assert!(matches!(partition.apply(&at(2, &log[2])), Err(Halt::Barrier(found)) if found == barrier));
    // Its own marker is decided, so that a flush can say so.
    assert_eq!(partition.take_flush().unwrap().plan.progress, Position::new(2, 1));
    let (old, new) = (Some(Position::new(1, 7)), Some(Position::new(2, 8)));
    for (progress, expect) in [(vec![new, old], false), (vec![new, None], false), (vec![new], false)] {
        assert_eq!(partition.former_progress(&progress), expect);
    }
    assert!(partition.former_progress(&[new, new]));
    assert_eq!(partition.apply(&at(2, &log[2])).unwrap(), GenerationBegins);

    // The same after a restore: progress may stand on the marker.
    let restored = Partition::restore(config(0, &[(1, 2), (2, 3)]), Some(Position::new(2, 1))).unwrap();
    assert_eq!(restored.barrier(), Some(barrier));
}

#[test]
fn an_owner_begins_only_where_it_can() {
    let check = |generations: &[(u32, u32)], progress, expect: Result<i64, &str>| {
        let restored = Partition::restore(config(0, generations), progress);
        let found = restored.map(|partition| partition.next_offset()).map_err(|error| match error {
            RestoreError::LogReplaced { .. } => "replaced",
            RestoreError::Generations { .. } => "generations",
        });
        assert_eq!(found, expect, "{generations:?} {progress:?}");
    };
    check(&[(1, 1)], None, Ok(0));
    check(&[(1, 1)], Some(Position::new(1, 5)), Ok(6));
    // A log that was created anew begins at its beginning; one that was replaced does not begin.
    check(&[(2, 1)], Some(Position::new(1, 5)), Ok(0));
    check(&[(1, 1)], Some(Position::new(2, 5)), Err("replaced"));
    check(&[], None, Err("generations"));
    check(&[(1, 1), (3, 1)], None, Err("generations"));
    check(&[(1, 0)], None, Err("generations"));
    check(&[(0, 1)], None, Err("generations"));
    check(&[(401, 1)], None, Err("generations"));
}
