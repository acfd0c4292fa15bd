use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use metering::{Interval, UtcSecond};
use tokio_util::sync::CancellationToken;

use super::city::population;
use super::world::{BEGINNING, World};
use crate::draws::{Draws, Subject};
use crate::{Control, Faults, METER_PREFIX, RunState, SimulatorError};

const MINUTE: Duration = Duration::from_secs(60);

fn control(homes: u32) -> Control {
    Control { homes, ..Control::default() }
}

fn at(text: &str) -> UtcSecond {
    UtcSecond::parse(text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn past_and_present_meet_without_a_gap() {
    let world = Arc::new(World::new(control(120)));
    assert_eq!(world.run_for(32 * MINUTE, 2).await, None);
    world.check_whole(0..120, "2026-11-20T00:00:00Z", at("2026-11-22T10:30:00Z"));
    assert_eq!(world.registered.lock().unwrap().len(), 120);
    let half_hours = |(interval, _): &(Interval, _)| interval.duration_s() == 1800;
    for book in world.books().values() {
        assert_eq!(book.values().filter(|entry| half_hours(entry)).count(), 2 * 48 + 20);
        assert!(
            book.range(at("2026-11-22T10:00:00Z")..).all(|(_, (interval, _))| interval.duration_s() == 300)
        );
    }
    // Nothing twice, and the figures are those of the books.
    let receipts = world.receipts.lock().unwrap().len();
    assert_eq!(receipts, world.books().values().map(|book| book.len()).sum::<usize>());
    let progress = world.progress.borrow().clone();
    assert_eq!(progress.live_sent + progress.history_sent, receipts as u64);
    assert_eq!((progress.history_left, progress.registered, progress.homes), (0, 120, 120));
    assert!((0.2..0.7).contains(&progress.live_per_s), "{}", progress.live_per_s);
}

#[tokio::test(start_paused = true)]
async fn history_comes_newest_day_first_and_area_by_area() {
    let world = Arc::new(World::new(control(120)));
    world.run_for(5 * MINUTE, 3).await;
    let receipts = world.receipts.lock().unwrap().clone();
    let history = receipts.iter().filter(|r| r.reading.interval.duration_s() == 1800);
    let days: Vec<i32> = history.clone().map(|r| r.reading.interval.first_window().day()).collect();
    assert!(days.is_sorted_by(|a, b| a >= b));
    let areas: Vec<_> = history
        .filter(|r| r.reading.interval.first_window().day() == days[0])
        .map(|r| world.registered.lock().unwrap()[&r.reading.meter].area.clone())
        .collect();
    let changes = areas.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(changes + 1, areas.iter().collect::<BTreeSet<_>>().len());
}

#[tokio::test(start_paused = true)]
async fn homes_report_at_their_own_moments() {
    let world = Arc::new(World::new(control(200)));
    world.run_for(20 * MINUTE, 0).await;
    let start = at("2026-11-22T10:15:00Z");
    let receipts = world.receipts.lock().unwrap().clone();
    let mut moments: Vec<i64> = receipts
        .iter()
        .filter(|r| r.reading.interval.start() == start)
        .map(|r| r.at.0 - r.reading.interval.end().0)
        .collect();
    moments.sort_unstable();
    assert_eq!(moments.len(), 200);
    assert!(moments[0] < 10 && moments[199] > 285 && moments[199] < 305, "{moments:?}");
    for quarter in 0..4_usize {
        let expect = 300 * quarter as i64 / 4;
        assert!((moments[50 * quarter] - expect).abs() < 40, "{quarter}: {}", moments[50 * quarter]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_taken_is_sent_again() {
    let mut world = World::new(control(120));
    world.busy_every = 3;
    let world = Arc::new(world);
    world.run_for(30 * MINUTE, 2).await;
    world.check_whole(0..120, "2026-11-20T00:00:00Z", at("2026-11-22T10:30:00Z"));
    let progress = world.progress.borrow().clone();
    assert!(progress.retries > 20, "{}", progress.retries);
    assert_eq!(progress.last_error.as_deref(), Some("busy; again in 700 ms"));
}

#[tokio::test(start_paused = true)]
async fn a_closed_door_ends_it() {
    let mut world = World::new(control(10));
    world.closed_after = 5;
    let ended = Arc::new(world).run_for(30 * MINUTE, 1).await;
    assert_eq!(ended, Some(SimulatorError::Closed("the test is over".into())));
}

#[tokio::test(start_paused = true)]
async fn without_homes_nothing_is_done_and_homes_that_come_later_begin_then() {
    let world = Arc::new(World::new(control(0)));
    let running = tokio::spawn(world.simulation(1, CancellationToken::new()).run());
    tokio::time::sleep(33 * MINUTE).await;
    assert_eq!((*world.calls.lock().unwrap(), *world.saves.lock().unwrap()), (0, 0));
    world.set(|control| control.homes = 40);
    tokio::time::sleep(30 * MINUTE).await;
    world.check_whole(0..40, "2026-11-21T00:00:00Z", at("2026-11-22T11:00:00Z"));
    // And when they are taken away again, what they had sent is noted, once.
    world.set(|control| control.homes = 0);
    tokio::time::sleep(20 * MINUTE).await;
    let (calls, saves) = (*world.calls.lock().unwrap(), *world.saves.lock().unwrap());
    assert_eq!(world.progress.borrow().homes, 0);
    tokio::time::sleep(300 * MINUTE).await;
    assert_eq!((*world.calls.lock().unwrap(), *world.saves.lock().unwrap()), (calls, saves));
    // What they used meanwhile is made up for when they are back.
    world.set(|control| control.homes = 40);
    tokio::time::sleep(20 * MINUTE).await;
    world.check_whole(0..40, "2026-11-21T00:00:00Z", at("2026-11-22T16:30:00Z"));
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn other_homes_under_the_same_names_are_refused() {
    let world = Arc::new(World::new(control(10)));
    world.run_for(MINUTE, 0).await;
    world.saved.lock().unwrap().as_mut().unwrap().seed = 8;
    let ended = world.run_for(MINUTE, 0).await;
    assert_eq!(ended, Some(SimulatorError::OtherHomes { stored_seed: 8, seed: 7 }));
}

#[tokio::test(start_paused = true)]
async fn after_a_shutdown_nothing_is_sent_twice_and_nothing_is_missing() {
    let world = Arc::new(World::new(control(60)));
    for _ in 0..3 {
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(world.simulation(2, shutdown.clone()).run());
        // Between two rounds' readings, when all that were due are sent.
        tokio::time::sleep(17 * MINUTE).await;
        shutdown.cancel();
        running.await.unwrap().unwrap();
        tokio::time::sleep(100 * MINUTE).await;
    }
    world.run_for(20 * MINUTE, 2).await;
    world.check_whole(0..60, "2026-11-20T00:00:00Z", at("2026-11-22T16:05:00Z"));
    let kept: usize = world.books().values().map(|book| book.len()).sum();
    let receipts = world.receipts.lock().unwrap().len();
    // At most the round that was under way comes again, each time.
    assert!(receipts - kept <= 3 * 60, "{receipts} {kept}");
}

/// Killed at any moment, with anything changed in between: no overlap, no gap, every value right.
#[tokio::test(start_paused = true)]
async fn killed_at_any_moment_it_goes_on_as_if_nothing_had_happened() {
    for case in 0..40 {
        let mut draws = Draws::new(case, Subject::Fault, 0, 0);
        let mut world = World::new(control(30));
        world.busy_every = [usize::MAX, 7][draws.below(2)];
        let world = Arc::new(world);
        for _ in 0..6 {
            let interval_s = draws.choose(&[(300, 3.0), (60, 1.0), (900, 1.0), (1800, 1.0), (20, 1.0)]);
            world.set(|control| {
                control.interval_s = interval_s;
                control.homes = 30 + 15 * draws.below(3) as u32;
            });
            let lives_ms = draws.choose(&[(100, 1.0), (2000, 2.0), (400_000, 2.0), (2_000_000, 1.0)]);
            let lives = Duration::from_millis(draws.below(lives_ms) as u64);
            assert_eq!(world.run_for(lives, 2).await, None, "case {case}");
            let dead_s = draws.choose(&[(1, 2.0), (100, 2.0), (3000, 2.0), (30_000, 1.0)]);
            tokio::time::sleep(Duration::from_secs(draws.below(dead_s) as u64)).await;
        }
        world.set(|control| (control.homes, control.interval_s) = (60, 300));
        world.run_for(70 * MINUTE, 2).await;
        let books = world.books();
        assert_eq!(books.len(), 60, "case {case}");
        let homes = population(60);
        for home in 0..60 {
            let book = &books[&homes.meter(home)];
            let pairs = book.values().zip(book.values().skip(1));
            for ((before, _), (after, _)) in pairs {
                assert_eq!(before.end(), after.start(), "case {case}, home {home} has a gap");
            }
            for &(interval, energy) in book.values() {
                assert_eq!(energy, homes.energy(home, interval), "case {case}, home {home}");
            }
            let last = book.values().next_back().unwrap().0.end();
            assert!(last.0 > world.clock.now().0 - 700, "case {case}, home {home} ends at {last}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_absence_longer_than_the_history_leaves_what_is_older_out() {
    let world = Arc::new(World::new(control(10)));
    world.run_for(10 * MINUTE, 1).await;
    tokio::time::sleep(Duration::from_secs(10 * 86_400)).await;
    world.run_for(10 * MINUTE, 1).await;
    let books = world.books();
    let book = &books[&population(10).meter(3)];
    let intervals: Vec<Interval> = book.values().map(|entry| entry.0).collect();
    let gaps: Vec<_> = intervals.windows(2).filter(|pair| pair[0].end() != pair[1].start()).collect();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0][1].start(), at("2026-12-01T00:00:00Z"));
}

#[tokio::test(start_paused = true)]
async fn more_homes_and_fewer_homes() {
    let world = Arc::new(World::new(control(20)));
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(world.simulation(1, shutdown.clone()).run());
    tokio::time::sleep(20 * MINUTE).await;
    world.set(|control| control.homes = 50);
    tokio::time::sleep(20 * MINUTE).await;
    world.set(|control| control.homes = 10);
    tokio::time::sleep(40 * MINUTE).await;
    world.set(|control| control.homes = 40);
    tokio::time::sleep(20 * MINUTE).await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
    // All that send have whole books: of those that were silent, the gap was filled.
    world.check_whole(0..40, "2026-11-21T00:00:00Z", at("2026-11-22T11:35:00Z"));
    world.check_whole(40..50, "2026-11-21T00:00:00Z", at("2026-11-22T10:40:00Z"));
    let population = population(50);
    let last = *world.books()[&population.meter(45)].keys().next_back().unwrap();
    assert!(last < at("2026-11-22T10:55:00Z"), "{last}");
}

#[tokio::test(start_paused = true)]
async fn readings_come_as_often_as_is_asked_for() {
    let world = Arc::new(World::new(control(20)));
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(world.simulation(0, shutdown.clone()).run());
    for interval_s in [300, 10, 60, 1800, 300] {
        world.set(|control| control.interval_s = interval_s);
        tokio::time::sleep(Duration::from_secs(if interval_s == 1800 { 6000 } else { 2000 })).await;
    }
    shutdown.cancel();
    running.await.unwrap().unwrap();
    world.check_whole(0..20, "2026-11-22T10:00:00Z", at("2026-11-22T13:50:00Z"));
    let books = world.books();
    let durations: BTreeSet<u16> = books.values().flatten().map(|(_, entry)| entry.0.duration_s()).collect();
    assert_eq!(durations, BTreeSet::from([10, 60, 300, 1800]));
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_made_up_for_and_a_stop_is_not() {
    for (state, gaps_expected) in [(RunState::Paused, 0), (RunState::Stopped, 1)] {
        let world = Arc::new(World::new(control(20)));
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(world.simulation(1, shutdown.clone()).run());
        tokio::time::sleep(12 * MINUTE).await;
        world.set(|control| control.state = state);
        tokio::time::sleep(MINUTE).await;
        let before = world.receipts.lock().unwrap().len();
        tokio::time::sleep(80 * MINUTE).await;
        assert_eq!(world.receipts.lock().unwrap().len(), before, "{state:?}");
        assert_eq!(world.progress.borrow().state, state);
        world.set(|control| control.state = RunState::Running);
        tokio::time::sleep(10 * MINUTE).await;
        shutdown.cancel();
        running.await.unwrap().unwrap();
        for (meter, book) in world.books() {
            let intervals: Vec<Interval> = book.values().map(|entry| entry.0).collect();
            let gaps = intervals.windows(2).filter(|pair| pair[0].end() != pair[1].start()).count();
            assert_eq!(gaps, gaps_expected, "{state:?} {meter}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn faults_befall_readings_and_the_right_values_come_in_the_end() {
    let faults = Faults {
        silent_share: 0.2,
        duplicates_share: 0.1,
        late_batches: 0.1,
        corrections_share: 0.1,
        implausible_share: 0.1,
        unknown_meters: 3,
    };
    let world = Arc::new(World::new(Control { faults, ..control(100) }));
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(world.simulation(0, shutdown.clone()).run());
    tokio::time::sleep(60 * MINUTE).await;
    // All that was held back is sent when homes pause.
    world.set(|control| control.state = RunState::Paused);
    tokio::time::sleep(MINUTE).await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
    let (books, homes) = (world.books(), population(100));
    let known = books.keys().filter(|meter| !meter.as_str().starts_with("SIMX")).count();
    assert_eq!(books.len() - known, 3);
    let silent = (0..100).filter(|&home| faults.silences(7, home)).count();
    assert_eq!(known, 100 - silent);
    assert!((10..30).contains(&silent));
    for home in (0..100).filter(|&home| !faults.silences(7, home)) {
        let book = &books[&homes.meter(home)];
        assert!(book.len() >= 11);
        for (interval, energy) in book.values() {
            assert_eq!(*energy, homes.energy(home, *interval), "{home} {interval:?}");
        }
    }
    assert!(world.progress.borrow().rejected > 50);
    assert!(books.keys().all(|meter| meter.as_str().starts_with(METER_PREFIX)));
    let kept: usize = books.values().map(|book| book.len()).sum();
    assert!(world.receipts.lock().unwrap().len() > kept + 100);
}

#[test]
fn what_an_operator_asks_for_is_checked() {
    let check = |change: fn(&mut Control), expect: &str| {
        let mut control = Control::default();
        change(&mut control);
        assert_eq!(control.check().map_err(|e| e.to_string()), Err(expect.to_owned()));
    };
    assert_eq!(Control::default().check(), Ok(()));
    check(|c| c.homes = 3_000_000, "homes is 3000000; allowed are 0 to 2000000");
    check(|c| c.interval_s = 7, "interval_s is 7; allowed are the divisors of 1800 from 10 up");
    check(|c| c.interval_s = 3600, "interval_s is 3600; allowed are the divisors of 1800 from 10 up");
    check(|c| c.faults.late_batches = 1.5, "faults.late_batches is 1.5; allowed is a share from 0 to 1");
    check(|c| c.faults.silent_share = f64::NAN, "faults.silent_share is NaN; allowed is a share from 0 to 1");
    check(
        |c| c.history_per_s_max = Some(0),
        "history_per_s_max is 0; allowed is 1 or more, or none for no limit",
    );
    assert!(at(BEGINNING) > at("2026-11-22T10:00:00Z"));
    let stored: Control = serde_json::from_str(r#"{"state":"paused","homes":10}"#).unwrap();
    assert_eq!(stored, Control { state: RunState::Paused, ..control(10) });
}
