//! What a store of figures must do. What it reads is written by flushes.

use std::sync::Arc;

use metering::stored::FlushPlan;
use metering::{AggregateRow, DeadReason, Energy, Position, Window};

use super::sample::{DAY, area, at, letter, meter, minute, placed, plan, registration, row, version, window};
use super::{Has, soon};
use crate::{DeadLetterFilter, FigureStore, PipelineStore, StoredSpan};

type Store = dyn PipelineStore;
type Figures = dyn FigureStore;

fn ports(engine: &(impl Has<Store> + Has<Figures>)) -> (Arc<Store>, Arc<Figures>) {
    (engine.port(), engine.port())
}

async fn flush(store: &Store, plan: FlushPlan) {
    soon(store.flush(&plan)).await.unwrap();
}

pub(super) async fn an_empty_one_has_nothing(engine: impl Has<Figures>) {
    let figures = engine.port();
    assert_eq!(soon(figures.span()).await.unwrap(), None);
    assert!(soon(figures.day(DAY)).await.unwrap().is_empty());
    assert!(soon(figures.area_days(&[area("E01")], 0, 99_999)).await.unwrap().is_empty());
    assert!(soon(figures.recent_rows(window(0), window(47))).await.unwrap().is_empty());
    assert!(soon(figures.registrations()).await.unwrap().is_empty());
    assert!(soon(figures.meters_ever_in(&[area("E01")])).await.unwrap().is_empty());
    assert_eq!(soon(figures.readings(&[meter("a")], minute(0), minute(9999))).await.unwrap(), [vec![]]);
    assert!(soon(figures.readings(&[], minute(0), minute(9999))).await.unwrap().is_empty());
    assert!(soon(figures.readings_of_day(DAY, None, 10)).await.unwrap().is_empty());
    let filter = DeadLetterFilter { limit: 10, ..DeadLetterFilter::default() };
    assert!(soon(figures.dead_letters(&filter)).await.unwrap().is_empty());
    assert!(soon(figures.dead_letter_counts()).await.unwrap().is_empty());
}

pub(super) async fn a_day_is_the_sum_of_its_partitions(engine: impl Has<Store> + Has<Figures>) {
    let (store, figures) = ports(&engine);
    let taken_back =
        AggregateRow { through: at(9), energy: Energy::from_mwh(-40), meters: -1, meter_seconds: -1800 };
    let rows = |partition, rows| FlushPlan { rows, ..plan(partition, 9) };
    flush(
        &*store,
        rows(0, vec![placed("E02", window(0), row(1, 100)), placed("E02", window(47), row(2, 7))]),
    )
    .await;
    flush(&*store, rows(1, vec![placed("E02", window(0), row(5, 23)), placed("E01", window(3), row(6, 1))]))
        .await;
    flush(&*store, rows(2, vec![placed("E02", window(0), taken_back)])).await;
    flush(&*store, rows(3, vec![placed("E02", Window::at(DAY + 1, 0), row(1, 5))])).await;
    flush(&*store, rows(3, vec![placed("E03", Window::at(DAY - 7, 47), row(1, 5))])).await;

    let day = soon(figures.day(DAY)).await.unwrap();
    assert_eq!(day.iter().map(|one| one.area.as_str()).collect::<Vec<_>>(), ["E01", "E02"]);
    let first = day[1].windows[0];
    assert_eq!((first.energy.mwh(), first.meters, first.meter_seconds), (83, 1, 1800));
    assert_eq!((day[1].windows[47].energy.mwh(), day[1].windows[1].meters), (7, 0));
    assert_eq!(soon(figures.day(DAY + 1)).await.unwrap()[0].windows[0].energy.mwh(), 5);
    assert!(soon(figures.day(DAY - 1)).await.unwrap().is_empty());
    assert_eq!(
        soon(figures.span()).await.unwrap(),
        Some(StoredSpan { first_day: DAY - 7, last_day: DAY + 1 })
    );
}

pub(super) async fn area_days_are_in_order(engine: impl Has<Store> + Has<Figures>) {
    let (store, figures) = ports(&engine);
    for day in 0..5 {
        let rows = ["E01", "E02", "E03"].map(|code| placed(code, Window::at(DAY + day, 1), row(1, 10)));
        flush(&*store, FlushPlan { rows: rows.into(), ..plan(day as u32, 9) }).await;
    }
    let asked = ["E03", "E01", "E99", "E03"].map(area);
    let days = soon(figures.area_days(&asked, DAY + 1, DAY + 3)).await.unwrap();
    let found: Vec<_> = days.iter().map(|one| (one.area.as_str(), one.day - DAY)).collect();
    assert_eq!(found, [("E01", 1), ("E01", 2), ("E01", 3), ("E03", 1), ("E03", 2), ("E03", 3)]);
    assert!(soon(figures.area_days(&asked, DAY + 3, DAY + 1)).await.unwrap().is_empty());
    assert!(soon(figures.area_days(&[], DAY, DAY + 9)).await.unwrap().is_empty());
}

pub(super) async fn many_areas_are_as_right_as_few(engine: impl Has<Store> + Has<Figures>) {
    let (store, figures) = ports(&engine);
    let codes: Vec<String> = (0..1500).map(|n| format!("E{n:05}")).collect();
    for day in 0..2 {
        let rows = codes.iter().map(|code| placed(code, Window::at(DAY + day, 1), row(1, 10))).collect();
        flush(&*store, FlushPlan { rows, ..plan(0, i64::from(day)) }).await;
    }
    let some: Vec<_> = codes.iter().skip(7).step_by(2).map(|code| area(code)).collect();
    let together = soon(figures.area_days(&some, DAY, DAY + 1)).await.unwrap();
    let mut apart = Vec::new();
    for few in some.chunks(50) {
        apart.extend(soon(figures.area_days(few, DAY, DAY + 1)).await.unwrap());
    }
    assert_eq!(together.len(), 2 * some.len());
    assert_eq!(together, apart);
}

pub(super) async fn recent_rows_are_by_partition(engine: impl Has<Store> + Has<Figures>) {
    let (store, figures) = ports(&engine);
    let mut expected = Vec::new();
    for partition in 0..3 {
        let windows = [window(46), window(47), Window::at(DAY + 1, 0), Window::at(DAY + 1, 1)];
        let rows: Vec<_> = windows
            .map(|window| placed("E01", window, row(i64::from(partition), 1 + i64::from(window.0))))
            .into();
        expected.extend(rows[1..3].iter().map(|row| (partition, row.clone())));
        flush(&*store, FlushPlan { rows, ..plan(partition, 9) }).await;
    }
    let mut found = soon(figures.recent_rows(window(47), Window::at(DAY + 1, 0))).await.unwrap();
    found.sort_by_key(|(partition, row)| (*partition, row.place.window));
    assert_eq!(found, expected);
}

pub(super) async fn the_last_registration_of_every_meter(engine: impl Has<Store> + Has<Figures>) {
    let (store, figures) = ports(&engine);
    let registrations =
        vec![registration("b", 9, "E02"), registration("a", 4, "E01"), registration("b", 300, "E03")];
    flush(&*store, FlushPlan { registrations, ..plan(0, 300) }).await;
    let late = vec![registration("b", 8, "E09"), registration("ab", 2, "E01")];
    flush(&*store, FlushPlan { registrations: late, ..plan(0, 300) }).await;
    let expected = [registration("a", 4, "E01"), registration("ab", 2, "E01"), registration("b", 300, "E03")];
    assert_eq!(soon(figures.registrations()).await.unwrap(), expected);
    // Where a meter was once counts, too.
    for (areas, meters) in
        [(&["E01"][..], &["a", "ab"][..]), (&["E02", "E09"], &["b"]), (&["E01", "E03"], &["a", "ab", "b"])]
    {
        let areas: Vec<_> = areas.iter().map(|code| area(code)).collect();
        let meters: Vec<_> = meters.iter().map(|id| meter(id)).collect();
        assert_eq!(soon(figures.meters_ever_in(&areas)).await.unwrap(), meters, "{areas:?}");
    }
    assert!(soon(figures.meters_ever_in(&[area("E04")])).await.unwrap().is_empty());
}

pub(super) async fn readings_are_last_versions_in_order(engine: impl Has<Store> + Has<Figures>) {
    let (store, figures) = ports(&engine);
    let days = [-2880, -1440, 0, 1440, 43_200];
    let raw = days.iter().map(|&start| version("a", start, 30, start + 5000, 1)).collect();
    flush(&*store, FlushPlan { raw, ..plan(0, 1) }).await;
    let raw = vec![version("a", 0, 60, 90_000, 2), version("a", 1440, 30, 4, 3), version("b", 0, 30, 5, 4)];
    flush(&*store, FlushPlan { raw, ..plan(0, 2) }).await;
    let check = async |from, to, expected: &[(i64, i64)]| {
        let found = soon(figures.readings(&[meter("a")], minute(from), minute(to))).await.unwrap();
        let found: Vec<_> = found[0]
            .iter()
            .map(|one| ((one.interval.start().0 - minute(0).0) / 60, one.energy.mwh()))
            .collect();
        assert_eq!(found, expected, "{from}..{to}");
    };
    check(-9999, 99_999, &[(-2880, 1), (-1440, 1), (0, 2), (1440, 1), (43_200, 1)]).await;
    check(-1440, 1440, &[(-1440, 1), (0, 2)]).await;
    check(1, 1440, &[]).await;
    check(5, 5, &[]).await;
    // Of several meters: a list each, as they were asked for.
    let several = [meter("b"), meter("c"), meter("a")];
    let found = soon(figures.readings(&several, minute(-9999), minute(99_999))).await.unwrap();
    let found: Vec<Vec<i64>> =
        found.iter().map(|one| one.iter().map(|version| version.energy.mwh()).collect()).collect();
    assert_eq!(found, [vec![4], vec![], vec![1, 1, 2, 1, 1]]);
}

pub(super) async fn a_day_of_readings_in_pages(engine: impl Has<Store> + Has<Figures>) {
    let (store, figures) = ports(&engine);
    let names: Vec<String> = (0..25).map(|n| format!("meter-{n:02}")).collect();
    for round in 0..3 {
        let raw = names.iter().flat_map(|name| {
            (0..48).map(move |n| version(name, 30 * n + 1440 * (n % 2), 30, 100 * round + n, round))
        });
        flush(&*store, FlushPlan { raw: raw.collect(), ..plan(0, round) }).await;
    }
    let whole = soon(figures.readings_of_day(DAY, None, 1000)).await.unwrap();
    assert_eq!(whole.len(), 25 * 24);
    assert!(whole.is_sorted_by_key(|one| (one.meter.clone(), one.interval.start())));
    assert!(whole.iter().all(|one| one.energy.mwh() == 2), "last versions");
    let mut paged = Vec::new();
    for first in names.iter().step_by(7) {
        paged.extend(soon(figures.readings_of_day(DAY, Some(&meter(first)), 7)).await.unwrap());
    }
    assert_eq!(paged, whole);
    // A page may begin at a meter that is not there.
    let after = soon(figures.readings_of_day(DAY, Some(&meter("meter-23x")), 9)).await.unwrap();
    assert_eq!(after, whole[24 * 24..]);
    assert!(soon(figures.readings_of_day(DAY, None, 0)).await.unwrap().is_empty());
}

pub(super) async fn dead_letters_in_pages(engine: impl Has<Store> + Has<Figures>) {
    let (store, figures) = ports(&engine);
    let reason = |offset: i64| DeadReason::ALL[(offset % 5) as usize];
    for partition in [2, 0, 1] {
        let dead =
            (0..40).rev().map(|n| letter(partition, 10 * n, &format!("m{}", n % 3), reason(n))).collect();
        flush(&*store, FlushPlan { dead, ..plan(partition, 400) }).await;
    }
    let pages = async |filter: DeadLetterFilter| {
        let (mut found, mut filter) = (Vec::new(), filter);
        loop {
            let page = soon(figures.dead_letters(&filter)).await.unwrap();
            assert!(page.len() <= filter.limit);
            let Some(last) = page.last() else { return found };
            filter.after = Some((last.partition, last.at));
            found.extend(page);
        }
    };
    let all = pages(DeadLetterFilter { limit: 1000, ..DeadLetterFilter::default() }).await;
    assert_eq!(all.len(), 120);
    assert!(all.is_sorted_by_key(|letter| (letter.partition, letter.at)));
    assert_eq!(all[41], letter(1, 10, "m1", reason(1)), "as it was written");
    assert_eq!(pages(DeadLetterFilter { limit: 7, ..DeadLetterFilter::default() }).await, all);

    let wanted = DeadLetterFilter {
        reason: Some(DeadReason::Overlap),
        meter: Some(meter("m2")),
        after: Some((1, Position::BEFORE_ALL)),
        limit: 2,
    };
    let some = pages(wanted.clone()).await;
    let expected = all
        .iter()
        .filter(|letter| letter.partition >= 1 && letter.reason == DeadReason::Overlap && letter.key == "m2");
    assert!(some.len() > 2);
    assert_eq!(some, expected.cloned().collect::<Vec<_>>());
    assert!(soon(figures.dead_letters(&DeadLetterFilter { limit: 0, ..wanted })).await.unwrap().is_empty());
}

pub(super) async fn dead_letters_count_once(engine: impl Has<Store> + Has<Figures>) {
    let (store, figures) = ports(&engine);
    let dead = vec![
        letter(0, 1, "a", DeadReason::Overlap),
        letter(0, 2, "a", DeadReason::Misrouted),
        letter(0, 3, "a", DeadReason::Overlap),
    ];
    for _ in 0..3 {
        flush(&*store, FlushPlan { dead: dead.clone(), ..plan(0, 3) }).await;
    }
    flush(&*store, FlushPlan { dead: vec![letter(1, 1, "b", DeadReason::Overlap)], ..plan(1, 3) }).await;
    let mut counts = soon(figures.dead_letter_counts()).await.unwrap();
    counts.sort();
    assert_eq!(counts, [(DeadReason::Overlap, 3), (DeadReason::Misrouted, 1)]);
}
