//! Who sends readings that are all different, and knows which were acknowledged.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::support::{Answer, Http};

/// Where its meter is.
pub(crate) const AREA: &str = "E01000001";
/// A half-hour of 2023.
const FIRST: i64 = 1_700_000_000 - 1_700_000_000 % 1800;
/// Readings of a request.
const BATCH: i64 = 100;

/// The readings of one meter, every half-hour after the other.
pub(crate) struct Sender {
    meter: String,
    next: i64,
    /// mWh by start.
    pub(crate) acknowledged: BTreeMap<i64, i64>,
    /// Sent, with no answer: there or not.
    pub(crate) unknown: BTreeMap<i64, i64>,
}

impl Sender {
    /// Registers its meter.
    pub(crate) async fn register(meter: &str, http: &Http) -> Sender {
        let body = json!({ "meters": [{ "meter_id": meter, "area": AREA }] });
        let answer = http.post("/meters", body.to_string()).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.json()["accepted"].as_i64()), (200, Some(1)));
        Sender { meter: meter.to_owned(), next: 0, acknowledged: BTreeMap::new(), unknown: BTreeMap::new() }
    }

    /// Sends the next readings. They are acknowledged, refused as a whole, or nothing is heard.
    pub(crate) async fn send(&mut self, http: &Http) -> Option<Answer> {
        let batch: BTreeMap<i64, i64> = (self.next..self.next + BATCH)
            .map(|number| (FIRST + number * 1800, (number * 7919 + self.meter.len() as i64) % 999_983))
            .collect();
        let items: Vec<_> = batch
            .iter()
            .map(|(&start, &mwh)| {
                let (start, energy_wh) = (metering::UtcSecond(start), mwh as f64 / 1000.0);
                json!({ "meter_id": self.meter, "start": start, "duration_s": 1800, "energy_wh": energy_wh })
            })
            .collect();
        let answer = http.post("/readings", json!({ "readings": items }).to_string()).await;
        match &answer {
            Some(answer) if answer.status == 200 => {
                assert_eq!(answer.json()["accepted"].as_i64(), Some(BATCH), "{}", answer.json());
                self.acknowledged.extend(batch);
                self.next += BATCH;
            }
            // Sent again, or not: nothing of it is there.
            Some(answer) => assert_eq!(answer.status, 503, "{}", String::from_utf8_lossy(&answer.body)),
            None => {
                self.unknown.extend(batch);
                self.next += BATCH;
            }
        }
        answer
    }

    /// Sends until there is no answer.
    pub(crate) async fn send_until_nobody_answers(mut self, http: Http) -> Sender {
        while let Some(answer) = self.send(&http).await {
            if answer.status == 503 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        self
    }
}

/// That the area's half-hours are what was acknowledged of one meter each, and nothing else but what may
/// have been under way: all of a request, or none.
pub(crate) async fn assert_exact(http: &Http, senders: &[Sender]) {
    http.settled().await;
    let answer = http.operate(&format!("/areas/{AREA}/exact?by=half-hour")).await;
    let mut found: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for point in answer["series"].as_array().unwrap() {
        let start = metering::UtcSecond::parse(point["start"].as_str().unwrap()).unwrap().0;
        let number = |name: &str| point[name].as_i64().unwrap();
        found.insert(start, (number("energy_mwh"), number("meters")));
    }
    let sum = |with_unknown: usize| {
        let mut sums: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        for (number, sender) in senders.iter().enumerate() {
            let unknown = (with_unknown >> number) & 1 == 1;
            let more = sender.unknown.iter().filter(|_| unknown);
            for (&start, &mwh) in sender.acknowledged.iter().chain(more) {
                let sum = sums.entry(start).or_default();
                *sum = (sum.0 + mwh, sum.1 + 1);
            }
        }
        sums
    };
    // Every combination of requests that may have been taken.
    let possible = (0..1 << senders.len()).any(|with_unknown| sum(with_unknown) == found);
    let acknowledged = sum(0);
    let lacking: Vec<_> =
        acknowledged.iter().filter(|(start, _)| !found.contains_key(start)).take(5).collect();
    assert!(
        possible,
        "{} half-hours were acknowledged, {} are there; for example lacking: {lacking:?}",
        acknowledged.len(),
        found.len()
    );
}
