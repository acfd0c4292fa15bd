//! What a feed of live rows must do.

use metering::stored::HomeChange;
use tokio::sync::broadcast::error::RecvError;

use super::sample::{placed, row, window};
use super::{Has, soon};
use crate::{Edition, LiveBatch, LiveFeed, LiveNews};

type Live = dyn LiveFeed;

fn batch(n: i64) -> LiveBatch {
    LiveBatch {
        partition: (n % 4) as u32,
        edition: Edition(n as u32 % 3),
        rows: vec![placed("E01", window(1), row(n, n))],
        homes: vec![HomeChange { row: 0, home: n as u32, at: row(n, n).through }],
        newest_ms: n,
        oldest_ms: (n % 2 == 0).then_some(n + 1),
    }
}

pub(super) async fn everyone_who_listens_gets_everything(engine: impl Has<Live>) {
    let live = engine.port();
    let mut early = live.subscribe();
    soon(live.publish(batch(1))).await.unwrap();
    assert_eq!(*soon(early.recv()).await.unwrap(), LiveNews::Rows(batch(1)));
    let mut late = live.subscribe();
    soon(live.publish(batch(2))).await.unwrap();
    for receiver in [&mut early, &mut late] {
        assert_eq!(*soon(receiver.recv()).await.unwrap(), LiveNews::Rows(batch(2)));
    }
}

pub(super) async fn nobody_has_to_listen(engine: impl Has<Live>) {
    let live = engine.port();
    soon(live.publish(batch(1))).await.unwrap();
    drop(live.subscribe());
    soon(live.publish(batch(2))).await.unwrap();
}

pub(super) async fn who_falls_behind_is_told(engine: impl Has<Live>) {
    let live = engine.port();
    let mut slow = live.subscribe();
    let mut published = 0;
    // However much an engine holds for one who is slow, it is not without end.
    for _ in 0..1000 {
        // In order, but not each after the one before it: an engine may be far away.
        let together = (published + 1..=published + 100).map(|number| live.publish(batch(number)));
        for sent in soon(futures::future::join_all(together)).await {
            sent.unwrap();
        }
        published += 100;
        tokio::task::yield_now().await;
    }
    let mut seen = 0;
    let mut missed = 0;
    while seen < published {
        match soon(slow.recv()).await {
            Ok(news) => {
                let LiveNews::Rows(batch) = &*news else { panic!("nothing was lost on the way") };
                assert!(batch.newest_ms > seen);
                seen = batch.newest_ms;
            }
            Err(RecvError::Lagged(more)) => missed += more,
            Err(RecvError::Closed) => panic!("it ended"),
        }
    }
    assert!(missed > 0, "100,000 batches fit nowhere");
}
