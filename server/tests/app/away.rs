//! A store that is away for those who read figures, while everything else goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use axum::http::Method;
use engine::{AreaDay, DeadLetterFilter, FigureStore, StoreError, StoredSpan};
use metering::stored::{DeadLetter, PlacedRow, RawVersion, RegistrationVersion};
use metering::{AreaCode, DeadReason, MeterId, UtcSecond, Window};

use crate::support::{AREA, App, NEIGHBOUR, reading};

struct Away {
    inner: Arc<dyn FigureStore>,
    is_away: AtomicBool,
}

impl Away {
    fn there(&self) -> Result<&dyn FigureStore, StoreError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("it is away".into()));
        }
        Ok(&*self.inner)
    }
}

#[async_trait]
impl FigureStore for Away {
    async fn span(&self) -> Result<Option<StoredSpan>, StoreError> {
        self.there()?.span().await
    }
    async fn day(&self, day: i32) -> Result<Vec<AreaDay>, StoreError> {
        self.there()?.day(day).await
    }
    async fn area_days(&self, areas: &[AreaCode], first: i32, last: i32) -> Result<Vec<AreaDay>, StoreError> {
        self.there()?.area_days(areas, first, last).await
    }
    async fn recent_rows(&self, first: Window, last: Window) -> Result<Vec<(u32, PlacedRow)>, StoreError> {
        self.there()?.recent_rows(first, last).await
    }
    async fn registrations(&self) -> Result<Vec<RegistrationVersion>, StoreError> {
        self.there()?.registrations().await
    }
    async fn meters_ever_in(&self, areas: &[AreaCode]) -> Result<Vec<MeterId>, StoreError> {
        self.there()?.meters_ever_in(areas).await
    }
    async fn readings(
        &self,
        meters: &[MeterId],
        from: UtcSecond,
        to: UtcSecond,
    ) -> Result<Vec<Vec<RawVersion>>, StoreError> {
        self.there()?.readings(meters, from, to).await
    }
    async fn versions_of_day(
        &self,
        day: i32,
        from: Option<&MeterId>,
        limit: usize,
    ) -> Result<Vec<RawVersion>, StoreError> {
        self.there()?.versions_of_day(day, from, limit).await
    }
    async fn dead_letters(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetter>, StoreError> {
        self.there()?.dead_letters(filter).await
    }
    async fn dead_letter_counts(&self) -> Result<Vec<(DeadReason, u64)>, StoreError> {
        self.there()?.dead_letter_counts().await
    }
}

/// A head-end system that is connected again sends what it kept; the store goes away at that moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reading_of_long_ago_takes_no_page_away_while_the_store_is() {
    let mut store = None;
    let app = App::behind(&[], |ports| {
        let away = Arc::new(Away { inner: ports.figures.clone(), is_away: AtomicBool::new(false) });
        ports.figures = away.clone();
        store = Some(away);
    })
    .await;
    let store = store.unwrap();
    app.register("old", NEIGHBOUR).await;
    for number in 0..12 {
        let meter = format!("home-{number}");
        app.register(&meter, AREA).await;
        let days = (12..22).map(|day| reading(&meter, &format!("2026-11-{day}T00:00:00Z"), 3600, 400.0));
        let body = serde_json::json!({ "readings": days.collect::<Vec<_>>() });
        assert_eq!(app.post("/readings", body.to_string()).await.status, 200);
    }
    app.settle().await;
    let pages = [
        format!("/api/v1/areas/{AREA}"),
        format!("/api/v1/areas/{AREA}/profile"),
        format!("/api/v1/areas/{AREA}/consumption?by=day"),
        format!("/api/v1/areas/{AREA}/consumption?by=month&from=2026-10-01"),
    ];
    for page in &pages {
        assert_eq!(app.get(page).await.status, 200, "{page}");
    }
    app.read("old", "2026-02-01T00:00:00Z", 3600, 100.0).await;
    // A day of the month that pages show, too: until then there was nothing of it.
    app.read("old", "2026-11-03T00:00:00Z", 3600, 100.0).await;
    app.settle().await;
    store.is_away.store(true, Ordering::SeqCst);
    // Exact sums are read of it each time: who asks for them is told so.
    let exact = format!("/areas/{AREA}/exact?by=day");
    let answer = app.operate(Method::GET, &exact, &serde_json::Value::Null).await;
    assert_eq!(answer.status, 503, "the store is not away");
    for page in &pages {
        let answer = app.get(page).await;
        assert_eq!(answer.status, 200, "{page}: {}", answer.text());
    }
}
