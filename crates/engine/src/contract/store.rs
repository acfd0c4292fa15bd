//! What a pipeline's store must do.

use std::sync::Arc;

use metering::stored::{FlushPlan, MeterState};
use metering::{AggregateRow, DeadReason, Energy, Position};

use super::model::Model;
use super::sample::{
    DAY, Numbers, area, at, hint, letter, meter, minute, place, placed, plan, registration, row, version,
    window,
};
use super::{Has, Reopen, soon};
use crate::{FigureStore, PipelineStore, RawQuery};

type Store = dyn PipelineStore;
type Figures = dyn FigureStore;

fn query(name: &str, from: i64, to: i64) -> RawQuery {
    RawQuery { meter: meter(name), from: minute(from), to: minute(to) }
}

async fn flush(store: &Store, plan: FlushPlan) {
    soon(store.flush(&plan)).await.unwrap();
}

pub(super) async fn an_empty_one_has_nothing(engine: impl Has<Store>) {
    let store = engine.port();
    assert_eq!(soon(store.progress(3)).await.unwrap(), [None, None, None]);
    assert_eq!(soon(store.meters(&[meter("a"), meter("b")])).await.unwrap(), vec![MeterState::default(); 2]);
    assert_eq!(soon(store.raw(&[query("a", 0, 1440)])).await.unwrap(), [vec![]]);
    assert_eq!(soon(store.rows(0, &[place("E01", window(0))])).await.unwrap(), [None]);
    assert!(soon(store.meters(&[])).await.unwrap().is_empty());
    assert!(soon(store.raw(&[])).await.unwrap().is_empty());
    assert!(soon(store.rows(0, &[])).await.unwrap().is_empty());
}

/// A plan with something of everything.
fn something_of_everything() -> FlushPlan {
    FlushPlan {
        rows: vec![
            placed("E01000001", window(4), row(12, 500)),
            placed("E01000002", window(5), row(13, 600)),
        ],
        raw: vec![version("a", 120, 30, 12, 500), version("b", 150, 30, 13, 600)],
        registrations: vec![registration("a", 10, "E01000001"), registration("b", 11, "E01000002")],
        hints: vec![(meter("a"), hint(12, 150)), (meter("b"), hint(13, 180))],
        dead: vec![letter(1, 14, "c", DeadReason::UnknownMeter)],
        ..plan(1, 14)
    }
}

async fn has_something_of_everything(store: &Store) {
    let wrote = something_of_everything();
    assert_eq!(soon(store.progress(2)).await.unwrap(), [None, Some(at(14))]);
    let states = soon(store.meters(&[meter("b"), meter("a")])).await.unwrap();
    assert_eq!(states[0].hint.as_ref(), Some(&wrote.hints[1].1));
    assert_eq!(states[1].registrations, wrote.registrations[..1]);
    let raw = soon(store.raw(&[query("b", 0, 1440), query("a", 0, 1440)])).await.unwrap();
    assert_eq!(raw, [wrote.raw[1..].to_vec(), wrote.raw[..1].to_vec()]);
    let rows = soon(store.rows(1, &[wrote.rows[1].place.clone()])).await.unwrap();
    assert_eq!(rows, [Some(wrote.rows[1].row)]);
}

pub(super) async fn a_flush_is_there_at_once_and_after_a_restart(mut engine: impl Has<Store> + Reopen) {
    flush(&*engine.port(), something_of_everything()).await;
    has_something_of_everything(&*engine.port()).await;
    for _ in 0..3 {
        engine.reopen().await;
        has_something_of_everything(&*engine.port()).await;
    }
}

pub(super) async fn progress_is_of_each_partition_and_never_goes_back(mut engine: impl Has<Store> + Reopen) {
    let store = engine.port();
    flush(&*store, plan(2, 5)).await;
    flush(&*store, plan(0, 7)).await;
    flush(&*store, plan(2, 4)).await;
    flush(&*store, plan(0, 8)).await;
    drop(store);
    for _ in 0..2 {
        let store = engine.port();
        assert_eq!(soon(store.progress(4)).await.unwrap(), [Some(at(8)), None, Some(at(5)), None]);
        assert_eq!(soon(store.progress(1)).await.unwrap(), [Some(at(8))]);
        drop(store);
        engine.reopen().await;
    }
}

pub(super) async fn rows_are_in_the_windows_that_are_told(mut engine: impl Has<Store> + Reopen) {
    let store = engine.port();
    let row = |number, offset| placed("E01", window(number), row(offset, 1));
    flush(&*store, FlushPlan { rows: vec![row(10, 5)], ..plan(1, 5) }).await;
    flush(&*store, FlushPlan { rows: vec![row(12, 7), row(4, 7)], ..plan(1, 7) }).await;
    // One that comes late, and one without any.
    flush(&*store, FlushPlan { rows: vec![row(20, 6)], ..plan(1, 6) }).await;
    flush(&*store, plan(1, 9)).await;
    drop(store);
    for _ in 0..2 {
        let windows = soon(engine.port().windows(1)).await.unwrap();
        for number in [4, 10, 12, 20] {
            assert!(windows.contain(window(number)), "{number} is not in {windows:?}");
        }
        engine.reopen().await;
    }
}

pub(super) async fn a_row_changes_only_forward(engine: impl Has<Store>) {
    let store = engine.port();
    let places = [place("E01", window(1)), place("E01", window(2)), place("E02", window(1))];
    let rows = |a: (i64, i64), b: (i64, i64)| FlushPlan {
        rows: vec![placed("E01", window(1), row(a.0, a.1)), placed("E01", window(2), row(b.0, b.1))],
        ..plan(0, 99)
    };
    flush(&*store, rows((10, 100), (20, 200))).await;
    // One of the two is newer, the other one older than what is there: row by row.
    flush(&*store, rows((11, 111), (19, 999))).await;
    flush(&*store, rows((9, 999), (21, 222))).await;
    let expected = [Some(row(11, 111)), Some(row(21, 222)), None];
    assert_eq!(soon(store.rows(0, &places)).await.unwrap(), expected);
}

pub(super) async fn a_generation_counts_before_an_offset(engine: impl Has<Store>) {
    let store = engine.port();
    let write = |generation, offset, mwh| {
        let at = Position::new(generation, offset);
        let mut plan = plan(0, 0);
        plan.progress = at;
        plan.rows = vec![placed("E01", window(1), AggregateRow { through: at, ..row(0, mwh) })];
        plan.hints = vec![(meter("a"), hint(0, mwh))];
        plan.hints[0].1.at = at;
        plan.raw = vec![version("a", 30, 30, 0, mwh)];
        plan.raw[0].at = at;
        plan
    };
    flush(&*store, write(2, 3, 30)).await;
    flush(&*store, write(1, 1_000_000, 60)).await;
    flush(&*store, write(2, 2, 90)).await;
    assert_eq!(soon(store.progress(1)).await.unwrap(), [Some(Position::new(2, 3))]);
    let rows = soon(store.rows(0, &[place("E01", window(1))])).await.unwrap();
    assert_eq!(rows[0].unwrap().energy, Energy::from_mwh(30));
    assert_eq!(soon(store.meters(&[meter("a")])).await.unwrap()[0].hint.as_ref().unwrap().end, minute(30));
    let raw = soon(store.raw(&[query("a", 0, 1440)])).await.unwrap();
    let order: Vec<_> = raw[0].iter().map(|version| version.energy.mwh()).collect();
    assert_eq!(order, [60, 90, 30], "in order of position");
}

pub(super) async fn rows_are_of_each_partition_in_the_order_asked(engine: impl Has<Store>) {
    let store = engine.port();
    for partition in 0..3 {
        let rows =
            (0..48).map(|n| placed("E01", window(n), row(n as i64, 1000 * i64::from(partition) + n as i64)));
        flush(&*store, FlushPlan { rows: rows.collect(), ..plan(partition, 50) }).await;
    }
    let asked = [47, 0, 47, 13, 0].map(|n| place("E01", window(n)));
    let rows = soon(store.rows(2, &asked)).await.unwrap();
    let energies: Vec<_> = rows.iter().map(|row| row.unwrap().energy.mwh()).collect();
    assert_eq!(energies, [2047, 2000, 2047, 2013, 2000]);
    let other_day = metering::Window::at(DAY + 1, 0);
    assert_eq!(soon(store.rows(1, &[place("E01", other_day)])).await.unwrap(), [None]);
    assert_eq!(soon(store.rows(7, &asked)).await.unwrap(), [None; 5]);
}

pub(super) async fn hints_change_only_forward(engine: impl Has<Store>) {
    let store = engine.port();
    let hints = [hint(5, 30), hint(9, 60), hint(7, 90)];
    for hint in hints {
        flush(&*store, FlushPlan { hints: vec![(meter("a"), hint)], ..plan(0, 9) }).await;
    }
    assert_eq!(soon(store.meters(&[meter("a")])).await.unwrap()[0].hint.as_ref(), Some(&hints[1]));
}

pub(super) async fn registrations_are_versions(engine: impl Has<Store>) {
    let store = engine.port();
    for offset in [5, 300, 2, 70_000, 5] {
        let registrations = vec![registration("a", offset, &format!("E{offset}"))];
        flush(&*store, FlushPlan { registrations, ..plan(0, offset) }).await;
    }
    let stored = &soon(store.meters(&[meter("a")])).await.unwrap()[0].registrations;
    let expected = [2, 5, 300, 70_000].map(|offset| registration("a", offset, &format!("E{offset}")));
    assert_eq!(stored[..], expected);
}

pub(super) async fn raw_versions_are_found_by_meter_and_start(engine: impl Has<Store>) {
    let store = engine.port();
    // A half-hour that begins before midnight, an hour, five minutes and ten seconds; two versions of one.
    let raw = vec![
        version("a", -30, 30, 1, 10),
        version("a", 0, 60, 2, 20),
        version("a", 60, 5, 3, 30),
        version("a", 65, 5, 6, 40),
        version("a", 65, 5, 4, 50),
        version("a", 1410, 30, 5, 60),
        version("b", 0, 30, 7, 70),
    ];
    flush(&*store, FlushPlan { raw, ..plan(0, 7) }).await;
    let check = async |name: &str, from, to, expected: &[i64]| {
        let found = soon(store.raw(&[query(name, from, to)])).await.unwrap();
        let energies: Vec<_> = found[0].iter().map(|version| version.energy.mwh()).collect();
        assert_eq!(energies, expected, "{name} {from}..{to}");
    };
    check("a", -1440, 2880, &[10, 20, 30, 50, 40, 60]).await;
    check("a", -30, 0, &[10]).await;
    check("a", -29, 1, &[20]).await;
    check("a", 0, 0, &[]).await;
    check("a", 10, 5, &[]).await;
    check("a", 60, 66, &[30, 50, 40]).await;
    check("a", 1410, 1411, &[60]).await;
    check("a", 1411, 9999, &[]).await;
    check("b", -1440, 2880, &[70]).await;
    let queries = [query("b", 0, 60), query("c", 0, 60), query("a", 0, 60), query("b", 0, 60)];
    let counts: Vec<_> = soon(store.raw(&queries)).await.unwrap().iter().map(Vec::len).collect();
    assert_eq!(counts, [1, 0, 1, 1], "in the order of the queries");
}

pub(super) async fn raw_versions_are_stored_once_however_they_are_grouped(engine: impl Has<Store>) {
    let store = engine.port();
    let all: Vec<_> = (0..48).map(|n| version("a", 30 * n, 30, 100 + n, 1000 + n)).collect();
    for group in [5, 48, 7, 1] {
        for (n, raw) in all.chunks(group).enumerate() {
            flush(&*store, FlushPlan { raw: raw.to_vec(), ..plan(0, n as i64) }).await;
        }
    }
    assert_eq!(soon(store.raw(&[query("a", 0, 1440)])).await.unwrap(), [all]);
}

pub(super) async fn a_repeated_flush_changes_nothing(mut engine: impl Has<Store> + Has<Figures> + Reopen) {
    let mut model = Model::default();
    model.flush(&something_of_everything());
    for _ in 0..3 {
        flush(&*Has::<Store>::port(&engine), something_of_everything()).await;
        let (store, figures): (Arc<Store>, Arc<Figures>) = (engine.port(), engine.port());
        model.compare(&*store, &*figures, &mut Numbers(1)).await;
        drop((store, figures));
        engine.reopen().await;
    }
}

pub(super) async fn a_late_flush_adds_versions_and_undoes_nothing(engine: impl Has<Store>) {
    let store = engine.port();
    let write = |offset: i64| FlushPlan {
        rows: vec![placed("E01", window(1), row(offset, 10 * offset))],
        raw: vec![version("a", 30, 30, offset, 10 * offset)],
        registrations: vec![registration("a", offset, "E01")],
        hints: vec![(meter("a"), hint(offset, offset))],
        ..plan(0, offset)
    };
    flush(&*store, write(8)).await;
    flush(&*store, write(3)).await;
    assert_eq!(soon(store.progress(1)).await.unwrap(), [Some(at(8))]);
    assert_eq!(soon(store.rows(0, &[place("E01", window(1))])).await.unwrap(), [Some(row(8, 80))]);
    let state = &soon(store.meters(&[meter("a")])).await.unwrap()[0];
    assert_eq!(state.hint, Some(hint(8, 8)));
    assert_eq!(state.registrations.len(), 2);
    let raw = &soon(store.raw(&[query("a", 0, 60)])).await.unwrap()[0];
    assert_eq!(raw[..], [version("a", 30, 30, 3, 30), version("a", 30, 30, 8, 80)]);
}

pub(super) async fn names_that_begin_alike_are_kept_apart(engine: impl Has<Store> + Has<Figures>) {
    let (store, figures): (Arc<Store>, Arc<Figures>) = (engine.port(), engine.port());
    let names = ["M", "M-", "M.1", "M1", "M10", "M:", "m", &"M".repeat(64)];
    let mut model = Model::default();
    for (n, name) in names.iter().enumerate() {
        let (offset, code) = (n as i64 + 1, &name[..name.len().min(32)]);
        let plan = FlushPlan {
            rows: vec![placed(code, window(n), row(offset, offset))],
            raw: vec![version(name, 30 * offset, 30, offset, offset)],
            registrations: vec![registration(name, offset, code)],
            hints: vec![(meter(name), hint(offset, offset))],
            ..plan(0, offset)
        };
        flush(&*store, plan.clone()).await;
        model.flush(&plan);
    }
    model.compare(&*store, &*figures, &mut Numbers(3)).await;
}

pub(super) async fn flushes_at_once_are_all_there(engine: impl Has<Store> + Has<Figures>) {
    let (store, figures): (Arc<Store>, Arc<Figures>) = (engine.port(), engine.port());
    let mut model = Model::default();
    let mut running = Vec::new();
    for partition in 0..6_u32 {
        let mut numbers = Numbers(u64::from(partition));
        let plans: Vec<_> = (0..20).map(|n| random_plan(&mut numbers, partition, 50 * n)).collect();
        plans.iter().for_each(|plan| model.flush(plan));
        let store = store.clone();
        running.push(tokio::spawn(async move {
            for plan in plans {
                flush(&*store, plan).await;
            }
        }));
    }
    for task in running {
        soon(task).await.unwrap();
    }
    model.compare(&*store, &*figures, &mut Numbers(3)).await;
}

/// A plan of positions from `offset` on. What it writes at a position follows from the position and
/// partition alone, as in the protocol.
fn random_plan(numbers: &mut Numbers, partition: u32, offset: i64) -> FlushPlan {
    let mut plan = plan(partition, offset + 49);
    for at in offset..offset + 50 {
        let mut here = Numbers((u64::from(partition) << 40) + at as u64);
        let name = format!("meter-{partition}-{}", here.below(5));
        let code = format!("E0{}", here.below(4));
        match here.below(8) {
            0 => plan.registrations.push(registration(&name, at, &code)),
            1 => plan.dead.push(letter(partition, at, &name, DeadReason::ALL[here.below(6) as usize])),
            2 => plan.hints.push((meter(&name), hint(at, at))),
            3 | 4 => {
                let window = metering::Window::at(DAY + here.below(3) as i32 - 1, here.below(48) as usize);
                plan.rows.push(placed(&code, window, row(at, here.next() as i64 >> 20)));
            }
            _ => {
                let length = [5, 15, 30, 60][here.below(4) as usize];
                let start = length * (here.below(2880 / length as u64) as i64) - 1440;
                let mut version = version(&name, start, length, at, here.below(1 << 30) as i64);
                version.area = area(&code);
                plan.raw.push(version);
            }
        }
    }
    // The newest of a plan's own rows and hints is what it writes, once.
    let mut seen = std::collections::HashSet::new();
    plan.rows.reverse();
    plan.rows.retain(|row| seen.insert(row.place.clone()));
    let mut seen = std::collections::HashSet::new();
    plan.hints.reverse();
    plan.hints.retain(|(meter, _)| seen.insert(meter.clone()));
    // Where a flush ends is another time elsewhere.
    if numbers.below(4) == 0 {
        plan.raw.reverse();
    }
    plan
}

pub(super) async fn random_flushes_agree_with_a_model(mut engine: impl Has<Store> + Has<Figures> + Reopen) {
    let mut numbers = Numbers(2026);
    let mut model = Model::default();
    let mut next = [0_i64; 4];
    for _ in 0..6 {
        for _ in 0..30 {
            let partition = numbers.below(4) as u32;
            let next = &mut next[partition as usize];
            // Often again, or late; but nobody begins behind what is not stored (I3).
            let again = numbers.below(2) * numbers.below(*next as u64 + 1);
            let offset = *next - again as i64;
            *next = (offset + 50).max(*next);
            let plan = random_plan(&mut numbers, partition, offset);
            model.flush(&plan);
            flush(&*Has::<Store>::port(&engine), plan).await;
        }
        let (store, figures): (Arc<Store>, Arc<Figures>) = (engine.port(), engine.port());
        model.compare(&*store, &*figures, &mut numbers).await;
        drop((store, figures));
        engine.reopen().await;
    }
    let (store, figures): (Arc<Store>, Arc<Figures>) = (engine.port(), engine.port());
    model.compare(&*store, &*figures, &mut numbers).await;
}
