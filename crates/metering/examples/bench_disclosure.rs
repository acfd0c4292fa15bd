//! What it costs to say something of now: a look at the newest half-hours of a map as large as London's, and the release of
//! what may be shown of it.
//!
//! Prints a JSON object a line.

use std::sync::Arc;
use std::time::Instant;

use metering::aggregate::Totals;
use metering::api::Measure;
use metering::disclosure::{
    ChangedHome, Course, Crowd, DayLedger, DisclosureRules, ExactFigure, FigureKind, Groups, Look, Nesting,
    Release, Seen,
};
use metering::{Energy, Position};

/// Boroughs, neighbourhoods and streets of London.
const LEVELS: [usize; 3] = [33, 983, 4_835];

/// Homes of each of the finest level's areas.
const HOMES: u32 = 20;

/// Half-hours that are looked at each time.
const HALF_HOURS: usize = 6;

const TICKS: usize = 200;

/// What a tick may cost, ms.
const TICK_MS: f64 = 20.0;

fn main() {
    let [boroughs, middles, leaves] = LEVELS;
    let within = |areas: usize, of: usize, first: usize| {
        (0..areas).map(|area| Some((first + area * of / areas) as u32)).collect::<Vec<_>>()
    };
    let nesting = Nesting::new(vec![
        vec![None; boroughs],
        within(middles, boroughs, 0),
        within(leaves, middles, boroughs),
    ]);
    let rules = DisclosureRules::default();
    let homes_min = rules.homes_min(FigureKind::Period);
    let crowds = vec![Crowd::of(HOMES); leaves];
    let groups = Groups::decide(&crowds, &nesting, |crowd| crowd.homes >= homes_min);
    let mut ledger = DayLedger::new(Arc::new(groups));
    let mut took_ms: Vec<f64> = (0..TICKS).map(|tick| one(&mut ledger, &nesting, &rules, tick)).collect();
    took_ms.sort_unstable_by(f64::total_cmp);
    for (figure, value, against) in
        [("tick_p50", took_ms[TICKS / 2], TICK_MS), ("tick_p99", took_ms[TICKS * 99 / 100], TICK_MS)]
    {
        let value = (value * 1000.0).round() / 1000.0;
        println!(
            r#"{{"bench":"disclosure","figure":"{figure}","value":{value},"unit":"ms","against":{against}}}"#
        );
    }
}

/// A second of readings: every home has covered ten seconds more of each half-hour, and is told of.
fn one(ledger: &mut DayLedger, nesting: &Nesting, rules: &DisclosureRules, tick: usize) -> f64 {
    let covered = tick as i64 * 10;
    let totals = Totals {
        energy: Energy::from_mwh(covered * i64::from(HOMES) * 100),
        meters: i64::from(HOMES),
        meter_seconds: covered * i64::from(HOMES),
    };
    let exact = vec![totals; LEVELS[2]];
    let expected = vec![Totals { meter_seconds: i64::from(HOMES) * 1_000_000, ..totals }; LEVELS[2]];
    let at = Position::new(1, tick as i64);
    let seen = Seen::from([(0, at)]);
    let home =
        |leaf: usize, home: u32| ChangedHome { leaf, home: leaf as u32 * HOMES + home, partition: 0, at };
    let changed: Vec<ChangedHome> =
        (0..LEVELS[2]).flat_map(|leaf| (0..HOMES).map(move |number| home(leaf, number))).collect();
    let began = Instant::now();
    let mut releases = Vec::new();
    for of_day in 0..HALF_HOURS {
        // What arrives is of the newest half-hour; of the others now and then something.
        let changed = if of_day == HALF_HOURS - 1 { &changed[..] } else { &changed[..100] };
        ledger.release(&Look {
            of_day,
            exact: &exact,
            changed: Some(changed),
            seen: &seen,
            course: Course::Open(&expected),
        });
        let figure = |released: &metering::disclosure::Released| ExactFigure {
            homes: released.homes(),
            kind: FigureKind::Window,
            value: released.mean_w(),
            ..ExactFigure::default()
        };
        let mut figures: Vec<ExactFigure> = ledger.areas(of_day, nesting).iter().map(figure).collect();
        for area in ledger.together(|of| of == of_day, nesting) {
            figures[area as usize].together = true;
        }
        releases.push(Release::decide(&figures, &[], nesting, Measure::Now, rules));
    }
    std::hint::black_box(Release::newest(&releases, nesting, |_, _| true));
    began.elapsed().as_secs_f64() * 1000.0
}
