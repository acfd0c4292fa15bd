//! Small scenes in which a store of one overwritten row a reading goes wrong, or one of one row a
//! meter, and the protocol does not. Offset 0 of the log is the generation's marker.

use std::collections::BTreeMap;
use std::rc::Weak;

use metering::stored::MeterState;
use metering::wire::Record;
use metering::{AreaCode, Dwelling, Energy, Interval, MeterId, Reading, Registration, UtcSecond};

use super::dropped::Dropped;
use super::oracle::Difference;
use super::topic::TOKEN;
use super::world::{Shared, T0, World};
use crate::{Answers, Decision, Decoded, HINT_STEP_S, Halt, Limits, Partition, PartitionConfig, Wants};
use metering::Generation;

pub(super) fn registration(meter: &str, area: &str) -> Record {
    let meter = MeterId::parse(meter).unwrap();
    let area = AreaCode::parse(area).unwrap();
    Record::Registration(Registration { meter, area, dwelling: Dwelling::default() }, None)
}

/// Start and duration in quarters of an hour.
pub(super) fn reading(meter: &str, start: i64, duration: i64, energy: i64) -> Record {
    let meter = MeterId::parse(meter).unwrap();
    let interval = Interval::new(UtcSecond(T0 + start * 900), duration * 900).unwrap();
    Record::Reading(Reading { meter, interval, energy: Energy::from_mwh(energy) }, None)
}

/// What an owner does next.
enum Act {
    /// Decides everything up to and with this offset.
    Upto(&'static str, i64),
    Flush(&'static str),
}
use Act::{Flush, Upto};

fn read(shared: &mut Shared, wants: &Wants) -> Answers {
    let Shared { cluster, dice, .. } = shared;
    let meters = wants
        .meters
        .iter()
        .map(|id| MeterState { registrations: cluster.registrations(dice, id), hint: None });
    let mut meters: Vec<_> = meters.collect();
    for (state, id) in meters.iter_mut().zip(&wants.meters) {
        state.hint = cluster.hint(dice, id);
    }
    let raw =
        wants.raw.iter().map(|range| cluster.raw(dice, &range.meter, range.from.0, range.to.0)).collect();
    let rows = wants.places.iter().map(|place| cluster.row(dice, 0, place, 0)).collect();
    Answers { meters, raw, rows }
}

/// How the store differs from the truth at the end, and what each owner made of each offset.
fn play(
    records: &[Record],
    script: &[Act],
    dropped: Dropped,
) -> (Vec<Difference>, BTreeMap<(&'static str, i64), Decision>) {
    let mut decisions = BTreeMap::new();
    let mut world = World::quiet(dropped, records.to_vec());
    let log = world.shared.topics[0].partitions[0].clone();
    let mut owners: BTreeMap<&'static str, Partition> = BTreeMap::new();
    for act in script {
        let (Upto(who, _) | Flush(who)) = act;
        let owner = owners.entry(who).or_insert_with(|| {
            let progress = world.shared.cluster.progress(&mut world.shared.dice, 0, 0);
            let config = PartitionConfig {
                partition: 0,
                generations: vec![Generation { generation: 1, partitions: 1, token: TOKEN }],
                retention_s: 1_000_000,
                ahead_s: 1_000_000,
                areas: world.shared.areas.clone(),
                hint_step_s: HINT_STEP_S,
                limits: Limits::default(),
            };
            Partition::restore_with(dropped.rules, config, progress).unwrap()
        });
        match act {
            Upto(_, offset) => {
                while owner.next_offset() <= *offset {
                    let next = owner.next_offset();
                    match owner.apply(&Decoded::new(log[next as usize].at(next))) {
                        Ok(decision) => {
                            decisions.insert((*who, next), decision);
                            owner.end_batch();
                        }
                        Err(Halt::Missing(wants)) => {
                            let answers = read(&mut world.shared, &wants);
                            owner.supply(&wants, answers).unwrap();
                        }
                        Err(halt) => panic!("{halt}"),
                    }
                }
            }
            Flush(_) => {
                let Some(flush) = owner.take_flush() else { continue };
                let cluster = &mut world.shared.cluster;
                let mut writes = cluster.writes(&dropped, 0, &flush.plan);
                writes.extend(super::cluster::Cluster::live(0, 0, &flush.live.rows));
                writes.push(cluster.progress_write(&dropped, 0, &flush.plan));
                for write in writes {
                    world.shared.cluster.send(write, Weak::new());
                    world.arrive();
                }
                owner.flushed(flush.id);
                owner.end_batch();
            }
        }
    }
    (world.compare().into_iter().collect(), decisions)
}

/// With the protocol the scene comes out right; without `rule` it does not.
fn check(records: &[Record], script: &[Act], without: fn(&mut Dropped)) {
    assert_eq!(play(records, script, Dropped::NOTHING).0, []);
    let mut dropped = Dropped::NOTHING;
    without(&mut dropped);
    let (differences, _) = play(records, script, dropped);
    assert!(differences.contains(&Difference::Sums), "only {differences:?}");
}

fn without_raw_versions(dropped: &mut Dropped) {
    dropped.raw_versions = true;
    dropped.rules.raw_versions = false;
}

#[test]
fn a_meter_that_moved_is_corrected_and_the_slow_owner_knows_where_the_old_value_was_counted() {
    let records = [
        registration("m0", "X"),
        registration("m1", "X"),
        reading("m0", 0, 2, 100),
        registration("m0", "Y"),
        reading("m0", 0, 2, 150),
        registration("m0", "Z"),
        reading("m0", 0, 2, 170),
        reading("m1", 0, 2, 1),
    ];
    let script = [
        Upto("slow", 3),
        Flush("slow"),
        Upto("fast", 7),
        Flush("fast"),
        Upto("slow", 8),
        Flush("slow"),
        Upto("last", 8),
        Flush("last"),
    ];
    check(&records, &script, without_raw_versions);
}

#[test]
fn a_retry_after_a_move_is_a_duplicate_for_everybody() {
    let records = [
        registration("m0", "X"),
        reading("m0", 0, 2, 100),
        registration("m0", "Y"),
        reading("m0", 0, 2, 100),
        registration("m0", "X"),
        reading("m0", 0, 2, 120),
    ];
    let script = [
        Upto("slow", 3),
        Flush("slow"),
        Upto("fast", 6),
        Flush("fast"),
        Upto("slow", 4),
        Flush("slow"),
        Upto("last", 6),
        Flush("last"),
    ];
    let (differences, decisions) = play(&records, &script, Dropped::NOTHING);
    assert_eq!(differences, []);
    assert_eq!(decisions[&("slow", 4)], Decision::Duplicate);
    // Without versions it is taken for a correction, which here does no harm: a correction stays where
    // it was counted, and that row has seen it.
    let mut dropped = Dropped::NOTHING;
    without_raw_versions(&mut dropped);
    let (differences, decisions) = play(&records, &script, dropped);
    assert_eq!(differences, []);
    assert_eq!(decisions[&("slow", 4)], Decision::Corrected);
}

#[test]
fn a_duration_is_corrected_and_what_overlapped_then_is_still_a_dead_letter() {
    let records = [
        registration("m0", "X"),
        reading("m0", 0, 4, 10),
        reading("m0", 2, 2, 5),
        reading("m0", 0, 2, 7),
        reading("m0", 2, 2, 6),
    ];
    let script = [
        Upto("slow", 2),
        Upto("fast", 4),
        Flush("fast"),
        Flush("slow"),
        Upto("slow", 4),
        Flush("slow"),
        Upto("last", 5),
        Flush("last"),
    ];
    check(&records, &script, without_raw_versions);
}

#[test]
fn a_reading_before_its_registration_stays_a_dead_letter() {
    let records = [reading("m0", 0, 2, 10), registration("m0", "X")];
    let script = [Upto("slow", 0), Upto("fast", 2), Flush("fast"), Upto("slow", 2), Flush("slow")];
    check(&records, &script, |dropped| {
        dropped.area_history = true;
        dropped.rules.area_history = false;
    });
}
