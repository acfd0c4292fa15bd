//! What a store's editions must do.

use std::sync::Arc;

use super::sample::{at, placed, plan, row, window};
use super::{Has, Reopen, soon};
use crate::{Edition, Editions, InEdition};
use metering::stored::FlushPlan;

type Store = dyn Editions;

const OTHER: Edition = Edition(3);

async fn write(store: &Arc<Store>, edition: Edition, energy: i64) {
    let rows = vec![placed("E01", window(1), row(5, energy)), placed("E02", window(2), row(5, energy + 1))];
    let plan = FlushPlan { rows, ..plan(1, 5) };
    soon(store.pipeline(&InEdition::new(edition)).flush(&plan)).await.unwrap();
}

/// The energy of all areas, each in its window.
async fn energies(store: &Arc<Store>, edition: &InEdition) -> Vec<i64> {
    let day = window(1).day();
    let days = soon(store.figures(edition).day(day)).await.unwrap();
    days.iter().map(|one| one.windows.iter().map(|totals| totals.energy.mwh()).sum()).collect()
}

pub(super) async fn each_has_its_own_aggregates(mut engine: impl Has<Store> + Reopen) {
    let store = engine.port();
    write(&store, Edition(0), 100).await;
    write(&store, OTHER, 200).await;
    let (first, other) = (InEdition::default(), InEdition::new(OTHER));
    assert_eq!(energies(&store, &first).await, [100, 101]);
    assert_eq!(energies(&store, &other).await, [200, 201]);
    let places = [placed("E01", window(1), row(0, 0)).place];
    let rows = soon(store.pipeline(&other).rows(1, &places)).await.unwrap();
    assert_eq!(rows, [Some(row(5, 200))]);
    let rows = soon(store.figures(&other).recent_rows(window(0), window(1))).await.unwrap();
    assert_eq!(rows, [(1, placed("E01", window(1), row(5, 200)))]);
    assert_eq!(soon(store.pipeline(&other).progress(2)).await.unwrap(), [None, Some(at(5))]);
    soon(store.write_out()).await.unwrap();
    drop(store);
    engine.reopen().await;
    let store = engine.port();
    assert_eq!(energies(&store, &first).await, [100, 101]);
    assert_eq!(energies(&store, &other).await, [200, 201]);
}

pub(super) async fn who_follows_is_where_it_is_told(engine: impl Has<Store>) {
    let store = engine.port();
    write(&store, Edition(0), 100).await;
    write(&store, OTHER, 200).await;
    let in_use = InEdition::default();
    let figures = store.figures(&in_use);
    let energy = async || {
        let days =
            soon(figures.area_days(&[placed("E02", window(2), row(0, 0)).place.area], 0, i32::MAX)).await;
        days.unwrap().iter().map(|one| one.windows[window(2).of_day()].energy.mwh()).sum::<i64>()
    };
    assert_eq!(energy().await, 101);
    in_use.set(OTHER);
    assert_eq!(energy().await, 201);
    in_use.set(Edition(0));
    assert_eq!(energy().await, 101);
}

pub(super) async fn one_is_removed_and_the_others_stay(engine: impl Has<Store>) {
    let store = engine.port();
    let editions = [Edition(0), OTHER, Edition(4)];
    for (edition, energy) in editions.into_iter().zip([100, 200, 300]) {
        write(&store, edition, energy).await;
    }
    soon(store.remove(OTHER)).await.unwrap();
    soon(store.remove(Edition(7))).await.unwrap();
    assert_eq!(energies(&store, &InEdition::default()).await, [100, 101]);
    assert!(energies(&store, &InEdition::new(OTHER)).await.is_empty());
    assert_eq!(energies(&store, &InEdition::new(Edition(4))).await, [300, 301]);
}

pub(super) async fn the_note_is_replaced_by_who_has_read_it(mut engine: impl Has<Store> + Reopen) {
    let store = engine.port();
    assert_eq!(soon(store.note()).await.unwrap(), None);
    assert!(!soon(store.replace_note(Some(b"x"), b"a".to_vec())).await.unwrap());
    assert!(soon(store.replace_note(None, b"a".to_vec())).await.unwrap());
    assert!(!soon(store.replace_note(None, b"b".to_vec())).await.unwrap());
    assert!(!soon(store.replace_note(Some(b"b"), b"c".to_vec())).await.unwrap());
    assert_eq!(soon(store.note()).await.unwrap().as_deref(), Some(&b"a"[..]));
    drop(store);
    engine.reopen().await;
    let note = soon(engine.port().note()).await.unwrap().unwrap();
    assert_eq!(note, b"a");
}
