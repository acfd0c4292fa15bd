//! Stopping and starting.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use server::config::Config;
use server::engines::open;

use crate::support::{AREA, App, reading};

/// Senders send until the node is gone; what was acknowledged, and nothing else but what may have been
/// under way, is there after the next start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_loses_nothing() {
    let app = Arc::new(App::start().await);
    app.register("A", AREA).await;
    let stopping = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..4_i64)
        .map(|sender| {
            let (app, stopping) = (app.clone(), stopping.clone());
            tokio::spawn(async move {
                let (mut acknowledged, mut sent) = (BTreeMap::new(), BTreeMap::new());
                // Each has its own days, so that no two send the same.
                for number in 0_i64.. {
                    let at = 1_700_000_000 - 1_700_000_000 % 1800 - (number * 4 + sender) * 1800;
                    let start = metering::UtcSecond(at).to_string();
                    let body = json!({ "readings": [reading("A", &start, 1800, 1.0)] }).to_string();
                    sent.insert(start.clone(), 1000);
                    if stopping.load(Ordering::SeqCst) {
                        break;
                    }
                    if app.try_post("/readings", body).await == Some(200) {
                        acknowledged.insert(start, 1000);
                    }
                }
                (acknowledged, sent)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(3)).await;
    app.running.stopper().cancel();
    tokio::time::sleep(Duration::from_millis(300)).await;
    stopping.store(true, Ordering::SeqCst);
    let (mut acknowledged, mut sent) = (BTreeMap::new(), BTreeMap::new());
    for sender in senders {
        let (more_acknowledged, more_sent) = sender.await.unwrap();
        acknowledged.extend(more_acknowledged);
        sent.extend(more_sent);
    }
    let app = Arc::into_inner(app).unwrap();
    let began = Instant::now();
    let dir = app.stop().await;
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(acknowledged.len() > 50, "only {} readings were sent", acknowledged.len());

    let app = App::in_dir(dir, &[]).await;
    app.settle().await;
    let stored: BTreeMap<String, i64> = app
        .exact(AREA, "by=half-hour")
        .await
        .into_iter()
        .map(|(start, energy, ..)| (start, energy))
        .collect();
    for (start, energy) in &acknowledged {
        assert_eq!(stored.get(start), Some(energy), "{start} was acknowledged");
    }
    for (start, energy) in &stored {
        assert_eq!(sent.get(start), Some(energy), "{start} was never sent");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_has_one_process() {
    let app = App::start().await;
    let data = app.dir.path().join("data");
    let config = Config::with(&[("data", data.to_str().unwrap())]).unwrap();
    let error = open(&config).await.err().unwrap().to_string();
    assert!(error.contains("in use by another process") && error.contains("data"), "{error}");
    let dir = app.stop().await;
    App::in_dir(dir, &[]).await.stop().await;
}
