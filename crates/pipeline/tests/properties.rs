//! Random histories against an oracle that recomputes everything from the log, with restarts at every step.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[expect(dead_code, reason = "other tests use the rest of the desk")]
mod desk;

use std::collections::BTreeMap;

use bytes::Bytes;
use desk::{Desk, Entry};
use metering::wire::Record;
use metering::{
    AreaCode, DeadReason, Dwelling, Energy, Generation, Interval, MeterId, Place, Reading, Registration,
    UtcSecond, Window,
};
use pipeline::Limits;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

/// A full hour; half an hour before midnight comes 47 hours later, so that days change in most histories.
const T0: i64 = 1_700_000_000 / 86_400 * 86_400 - 2 * 3600;
const RETENTION_S: i64 = 6 * 3600;
const AREAS: [&str; 3] = ["A1", "A2", "A3"];

/// What happens in a history.
#[derive(Debug, Clone)]
enum Event {
    Register {
        meter: usize,
        area: usize,
        bedrooms: u8,
    },
    Read {
        meter: usize,
        slot: i64,
        duration_s: i64,
        energy: i64,
    },
    /// An earlier record of the history again, with another energy or as it was.
    Again {
        which: usize,
        energy: Option<i64>,
    },
    /// Bytes of another producer.
    Noise {
        meter: usize,
        value: Vec<u8>,
    },
    /// The log's clock goes on.
    Wait {
        minutes: i64,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let meter = 0_usize..4;
    let duration = prop_oneof![
        4 => Just(1800_i64), 2 => Just(3600_i64), 2 => Just(900_i64), 2 => Just(300_i64),
        1 => Just(10_i64), 1 => Just(600_i64), 1 => Just(120_i64)
    ];
    prop_oneof![
        3 => (meter.clone(), 0_usize..4, 0_u8..2)
            .prop_map(|(meter, area, bedrooms)| Event::Register { meter, area, bedrooms }),
        12 => (meter.clone(), 0_i64..16, duration, 0_i64..1000)
            .prop_map(|(meter, slot, duration_s, energy)| Event::Read { meter, slot, duration_s, energy }),
        5 => (any::<prop::sample::Index>(), prop::option::of(0_i64..1000))
            .prop_map(|(which, energy)| Event::Again { which: which.index(1000), energy }),
        1 => (meter, prop::collection::vec(any::<u8>(), 0..4))
            .prop_map(|(meter, value)| Event::Noise { meter, value }),
        2 => (1_i64..120).prop_map(|minutes| Event::Wait { minutes }),
    ]
}

fn meter(n: usize) -> MeterId {
    MeterId::parse(&format!("meter-{n}")).unwrap()
}

/// The log of a history, its marker first.
fn log(events: &[Event]) -> Vec<Entry> {
    let mut now_ms = (T0 + 2 * 3600) * 1000;
    let mut log = vec![Entry::new(
        "",
        &Record::GenerationBegins(Generation { generation: 1, partitions: 1, token: 0 }),
        now_ms,
    )];
    let mut readings: Vec<Reading> = Vec::new();
    for event in events {
        match event {
            Event::Register { meter: n, area, bedrooms } => {
                let area = AreaCode::parse(AREAS.get(*area).unwrap_or(&"nowhere")).unwrap();
                let dwelling = Dwelling { bedrooms: Some(*bedrooms), ..Dwelling::default() };
                let record = Record::Registration(Registration { meter: meter(*n), area, dwelling }, None);
                log.push(Entry::new(meter(*n).as_str(), &record, now_ms));
            }
            Event::Read { meter: n, slot, duration_s, energy } => {
                let start = (T0 + slot * 900).div_euclid(*duration_s) * duration_s;
                let interval = Interval::new(UtcSecond(start), *duration_s).unwrap();
                let reading = Reading { meter: meter(*n), interval, energy: Energy::from_mwh(*energy) };
                log.push(Entry::new(meter(*n).as_str(), &Record::Reading(reading.clone(), None), now_ms));
                readings.push(reading);
            }
            Event::Again { which, energy } if !readings.is_empty() => {
                let mut again = readings[which % readings.len()].clone();
                again.energy = energy.map_or(again.energy, Energy::from_mwh);
                log.push(Entry::new(again.meter.as_str(), &Record::Reading(again.clone(), None), now_ms));
            }
            Event::Again { .. } => {}
            Event::Noise { meter: n, value } => log.push(Entry {
                appended_ms: now_ms,
                key: Bytes::copy_from_slice(meter(*n).as_str().as_bytes()),
                value: value.clone().into(),
            }),
            Event::Wait { minutes } => now_ms += minutes * 60_000,
        }
    }
    log
}

type Sums = BTreeMap<Place, (i64, i64, i64)>;

/// What is true of a log: sums over seconds, so that no share of anything has to be trusted.
fn truth(log: &[Entry]) -> (Sums, BTreeMap<i64, DeadReason>) {
    let mut areas: BTreeMap<MeterId, AreaCode> = BTreeMap::new();
    let mut accepted: Vec<(MeterId, Interval, Energy, AreaCode)> = Vec::new();
    let mut dead = BTreeMap::new();
    for (offset, entry) in log.iter().enumerate() {
        let mut bury = |reason| {
            dead.insert(offset as i64, reason);
        };
        let reading = match metering::wire::decode(&entry.key, &entry.value) {
            Err(_) => {
                bury(DeadReason::Undecodable);
                continue;
            }
            Ok(Record::GenerationBegins(_)) => continue,
            Ok(Record::Registration(registration, _)) => {
                if AREAS.contains(&registration.area.as_str()) {
                    areas.insert(registration.meter, registration.area);
                } else {
                    bury(DeadReason::UnknownArea);
                }
                continue;
            }
            Ok(Record::Reading(reading, _)) => reading,
        };
        let Reading { meter, interval, energy } = reading;
        let same = |other: &&mut (MeterId, Interval, Energy, AreaCode)| {
            other.0 == meter && other.1.start() == interval.start()
        };
        let covers = |other: &(MeterId, Interval, Energy, AreaCode)| {
            other.0 == meter && other.1.start() != interval.start() && other.1.overlaps(interval)
        };
        if (interval.start().0 + RETENTION_S) * 1000 < entry.appended_ms {
            bury(DeadReason::BeyondRetention);
        } else if !areas.contains_key(&meter) {
            bury(DeadReason::UnknownMeter);
        } else if accepted.iter().any(|other| (&other.0, other.1, other.2) == (&meter, interval, energy)) {
            // A duplicate.
        } else if accepted.iter().any(covers) {
            bury(DeadReason::Overlap);
        } else if let Some(old) = accepted.iter_mut().find(same) {
            (old.1, old.2) = (interval, energy);
        } else {
            let area = areas[&meter].clone();
            accepted.push((meter, interval, energy, area));
        }
    }
    let mut sums: Sums = BTreeMap::new();
    let mut heard: std::collections::BTreeSet<(MeterId, Place)> = Default::default();
    for (meter, interval, energy, area) in accepted {
        let windows: Vec<Window> =
            (interval.start().0..interval.end().0).map(|s| UtcSecond(s).window()).collect();
        let (first, last) = (windows[0], windows[windows.len() - 1]);
        for window in if first == last { vec![first] } else { vec![first, last] } {
            let seconds = windows.iter().filter(|w| **w == window).count() as i64;
            let odd = if first == last { 0 } else { energy.mwh() % 2 };
            let share = (energy.mwh() - odd) * seconds / windows.len() as i64;
            let place = Place { area: area.clone(), window };
            let sum = sums.entry(place.clone()).or_default();
            sum.0 += share + if window == first { odd } else { 0 };
            sum.1 += i64::from(heard.insert((meter.clone(), place)));
            sum.2 += seconds;
        }
    }
    sums.retain(|_, sum| *sum != (0, 0, 0));
    (sums, dead)
}

fn config(cases: u32) -> ProptestConfig {
    // What has failed once is tried first, for ever.
    let regressions = FileFailurePersistence::WithSource("regressions");
    ProptestConfig { cases, failure_persistence: Some(Box::new(regressions)), ..ProptestConfig::default() }
}

fn areas() -> Vec<AreaCode> {
    AREAS.map(|area| AreaCode::parse(area).unwrap()).to_vec()
}

fn limits(forgetful: bool) -> Limits {
    if forgetful { Limits { meters: 1, rows: 1, versions: 4 } } else { Limits::default() }
}

/// How a run goes: how many records a batch has, whether it prefetches, and after which batches it
/// publishes, flushes or crashes.
#[derive(Debug, Clone)]
struct Step {
    records: usize,
    prefetch: bool,
    flush: bool,
    publish: bool,
    crash: bool,
}

fn step() -> impl Strategy<Value = Step> {
    (1_usize..12, any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.3)).prop_map(
        |(records, prefetch, flush, publish, crash)| Step { records, prefetch, flush, publish, crash },
    )
}

/// Runs a history in batches, with crashes, and compares.
fn check(events: &[Event], steps: &[Step], forgetful: bool) -> Result<(), TestCaseError> {
    let log = log(events);
    let mut desk = Desk::new(areas(), RETENTION_S, limits(forgetful));
    let mut steps = steps.iter().cycle();
    let mut crashes = 0;
    while desk.next_offset() < log.len() {
        let step = steps.next().unwrap();
        desk.batch(&log, step.records, step.prefetch, step.publish);
        if step.flush {
            desk.flush();
        }
        // What is never flushed is never done, so some day crashes must end.
        if step.crash && crashes < 40 {
            crashes += 1;
            desk.crash();
        }
    }
    desk.flush();
    let (sums, dead) = truth(&log);
    prop_assert_eq!(desk.sums(), sums.clone());
    prop_assert_eq!(desk.live_sums(), sums);
    prop_assert_eq!(desk.dead(), dead);
    Ok(())
}

proptest! {
    #![proptest_config(config(3000))]

    #[test]
    fn any_history_in_any_batches_with_any_crashes_is_the_truth(
        events in prop::collection::vec(event(), 1..60),
        steps in prop::collection::vec(step(), 1..12),
        forgetful in any::<bool>(),
    ) {
        check(&events, &steps, forgetful)?;
    }
}

proptest! {
    #![proptest_config(config(30))]

    #[test]
    fn so_is_a_long_one(
        events in prop::collection::vec(event(), 600..900),
        steps in prop::collection::vec(step(), 1..12),
        forgetful in any::<bool>(),
    ) {
        check(&events, &steps, forgetful)?;
    }
}

proptest! {
    #![proptest_config(config(300))]

    /// After every record: a crash with and without a flush, and every prefix is the truth.
    #[test]
    fn a_restart_at_every_step_changes_nothing(events in prop::collection::vec(event(), 1..40), lost in any::<u64>()) {
        let log = log(&events);
        let mut desk = Desk::new(areas(), RETENTION_S, limits(false));
        for offset in 0..log.len() {
            while desk.next_offset() <= offset {
                desk.batch(&log, 1, offset % 2 == 0, false);
            }
            if lost >> (offset % 64) & 1 == 1 {
                desk.crash(); // all that it did since the last flush is done again
                continue;
            }
            desk.flush();
            desk.crash();
            let (sums, dead) = truth(&log[..=offset]);
            prop_assert_eq!(desk.sums(), sums, "after {}", offset);
            prop_assert_eq!(desk.dead(), dead, "after {}", offset);
        }
    }

    /// A second owner that is behind, decides the same and writes it again, changes nothing.
    #[test]
    fn a_slow_second_owner_changes_nothing(
        events in prop::collection::vec(event(), 1..40),
        pace in prop::collection::vec((1_usize..8, 0_usize..6), 1..10),
    ) {
        let log = log(&events);
        let mut fast = Desk::new(areas(), RETENTION_S, limits(false));
        let mut slow = fast.second_owner();
        let mut pace = pace.iter().cycle();
        while slow.next_offset() < log.len() {
            let (ahead, behind) = *pace.next().unwrap();
            fast.batch(&log, ahead, true, false);
            fast.flush();
            slow.batch(&log, behind + 1, behind % 2 == 0, behind == 3);
            slow.flush();
        }
        while fast.next_offset() < log.len() {
            fast.batch(&log, 8, true, false);
        }
        fast.flush();
        let (sums, dead) = truth(&log);
        prop_assert_eq!(slow.sums(), sums.clone());
        prop_assert_eq!(slow.live_sums(), sums);
        prop_assert_eq!(slow.dead(), dead);
    }
}
