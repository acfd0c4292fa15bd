//! What is looked at again and again while a test goes on.

use std::future::Future;
use std::panic::resume_unwind;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::Http;
use crate::support::oracle::{Area, Sums};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Somebody who looks.
pub(super) trait Eye: Send + 'static {
    /// Once more.
    fn look(&mut self, http: &Http) -> impl Future<Output = ()> + Send;
}

/// An eye that is open.
pub(super) struct Watch<E> {
    until: CancellationToken,
    task: JoinHandle<E>,
}

impl<E: Eye> Watch<E> {
    /// Looks from now on.
    pub(super) fn over(http: &Http, mut eye: E) -> Watch<E> {
        let (until, http) = (CancellationToken::new(), http.clone());
        let ends = until.clone();
        let task = tokio::spawn(async move {
            while !ends.is_cancelled() {
                eye.look(&http).await;
                tokio::time::sleep(PAUSE).await;
            }
            eye.look(&http).await;
            eye
        });
        Watch { until, task }
    }

    /// Looks for the last time, and gives what was seen.
    pub(super) async fn end(self) -> E {
        self.until.cancel();
        self.task.await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
    }
}

/// How long a partition that has something to do stood still: that long its progress stayed where it was. A node hears
/// of it about once a second.
#[derive(Default)]
pub(super) struct Standstill {
    pub(super) longest: Duration,
    /// By partition: where it was, and since when.
    since: Vec<(i64, Instant)>,
}

impl Eye for Standstill {
    async fn look(&mut self, http: &Http) {
        // As old as the answer may be.
        let asked = Instant::now();
        let status = http.operate_patiently("/ingestion").await;
        self.see(status["partitions"].as_array().unwrap(), asked);
    }
}

impl Standstill {
    fn see(&mut self, partitions: &[Value], now: Instant) {
        for (number, one) in partitions.iter().enumerate() {
            let progress = one["progress"].as_i64().unwrap();
            if self.since.len() == number {
                self.since.push((progress, now));
            }
            let (before, since) = self.since[number];
            let is_idle = one["lag_records"] == 0;
            if !is_idle {
                self.longest = self.longest.max(now - since);
            }
            if is_idle || progress != before {
                self.since[number] = (progress, now);
            }
        }
    }
}

/// Exact sums that never go back: no meters, no time that was covered, and where nobody corrects, no energy.
pub(super) struct Totals {
    /// With whether anybody corrects there.
    areas: Vec<(Area, bool)>,
    before: Vec<Sums>,
    /// Comparisons of a window with what it was.
    pub(super) compared: usize,
}

impl Totals {
    pub(super) fn of(areas: Vec<(Area, bool)>) -> Totals {
        let before = areas.iter().map(|_| Sums::default()).collect();
        Totals { areas, before, compared: 0 }
    }
}

impl Eye for Totals {
    async fn look(&mut self, http: &Http) {
        for ((area, corrects), before) in self.areas.iter().zip(&mut self.before) {
            let mut now = Sums::default();
            now.read(
                area,
                &http.operate_patiently(&format!("/areas/{}/exact?by=half-hour", area.code)).await,
            );
            let shrunk = before.shrunk(&now, !corrects);
            assert!(shrunk.is_empty(), "sums of {} went back: {shrunk:?}", area.code);
            self.compared += before.len();
            *before = now;
        }
    }
}

/// What everybody may ask for is answered.
pub(super) async fn pages_are_there(http: &Http) {
    for path in ["/", "/api/v1/map?level=borough&measure=now", "/readyz"] {
        let answer = http.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
}

/// What everybody and what operators are told: the former always, the latter of an area's exact figures nearly always.
pub(super) struct Answered {
    area: Area,
    pub(super) asked: usize,
    /// Longest that exact figures were not to be had.
    pub(super) longest_without: Duration,
    without_since: Option<Instant>,
}

impl Answered {
    pub(super) fn of(area: Area) -> Answered {
        Answered { area, asked: 0, longest_without: Duration::ZERO, without_since: None }
    }
}

impl Eye for Answered {
    async fn look(&mut self, http: &Http) {
        pages_are_there(http).await;
        let asked = Instant::now();
        let answer = http.ask(&format!("/areas/{}/exact?by=half-hour", self.area.code)).await;
        if answer.status == 200 {
            self.without_since = None;
        } else {
            assert_eq!(answer.status, 503, "{}", answer.text());
            let since = *self.without_since.get_or_insert(asked);
            self.longest_without = self.longest_without.max(since.elapsed());
        }
        self.asked += 1;
    }
}

#[test]
fn a_partition_stands_still_only_while_it_has_something_to_do() {
    let (began, mut standstill) = (Instant::now(), Standstill::default());
    let mut longest = |at_s, progress: i64, head: i64| {
        let status = serde_json::json!([{ "progress": progress, "lag_records": head - progress }]);
        standstill.see(status.as_array().unwrap(), began + Duration::from_secs(at_s));
        standstill.longest.as_secs()
    };
    let idle = [longest(0, 5, 5), longest(10, 5, 5)];
    let stands = [longest(11, 5, 8), longest(14, 5, 9)];
    let goes_on = [longest(16, 7, 9), longest(20, 8, 9), longest(30, 9, 9)];
    assert_eq!((idle, stands, goes_on), ([0, 0], [1, 4], [6, 6, 6]));
}
