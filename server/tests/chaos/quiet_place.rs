//! A place of which nothing is heard any more: the figures on its card stay as they are, whatever happens elsewhere.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use geography::Geography;
use metering::{AreaCode, UtcSecond};
use serde_json::{Value, json};

use super::load::{LastWords, Load, settled};
use crate::support::http::PATIENCE;
use crate::support::oracle::{Counted, Readings};
use crate::support::{Http, reading};

/// More than figures over days need.
const HOMES: u32 = 12;
/// Whole ones, before today.
const DAYS: i64 = 10;

/// What every home uses, always.
const HOURLY_WH: i64 = 400;

/// An age is the difference of two whole seconds, one of which is a difference already.
const ROUNDED_BY: Duration = Duration::from_secs(2);

/// A place with homes that have sent all that they ever will.
pub(super) struct QuietPlace {
    code: String,
    readings: Readings,
    before: Vec<Value>,
}

impl QuietPlace {
    /// Homes come, send, and fall silent, far from where these send.
    pub(super) async fn settle(http: &Http, who: &impl LastWords, load: &Load) -> QuietPlace {
        let place = far_from(load);
        let mut readings = Readings::new();
        let homes: Vec<String> = (0..HOMES).map(|number| format!("quiet-{number}")).collect();
        let meters: Vec<Value> =
            homes.iter().map(|home| json!({ "meter_id": home, "area": place })).collect();
        accepted(http, "/meters", json!({ "meters": meters })).await;
        let today = jiff::Timestamp::now().as_second() / 86_400 * 86_400;
        for home in &homes {
            let starts: Vec<i64> = (1..=DAYS * 24).map(|hour| today - hour * 3600).collect();
            let at = |start: &i64| reading(home, &UtcSecond(*start).to_string(), 3600, HOURLY_WH as f64);
            let sent: Vec<Value> = starts.iter().map(at).collect();
            accepted(http, "/readings", json!({ "readings": sent })).await;
            let counted = Counted { duration_s: 3600, energy_mwh: HOURLY_WH * 1000 };
            readings.extend(starts.iter().map(|&start| ((home.clone(), start), (counted, place.clone()))));
        }
        settled(http, who).await;
        // Whoever asks first has the days read: later than all of it was stored, by more than ages are rounded by.
        let began = Instant::now();
        tokio::time::sleep(2 * ROUNDED_BY).await;
        loop {
            let (before, age) = card(http, &place).await;
            // All of its days: the newest may have been looked at before it had enough homes.
            let is_whole = |figure: &Value| figure[1] == "measured" && figure[3] == DAYS;
            if !before.is_empty() && before.iter().all(is_whole) && age + ROUNDED_BY < began.elapsed() {
                return QuietPlace { code: place, readings, before };
            }
            assert!(began.elapsed() < PATIENCE, "nothing is said of {place}: {before:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// The same is said of it; gives how long ago it was so, as the card says. Its days and its typical day, which others
    /// have a say in, are answered.
    pub(super) async fn is_as_before(&self, http: &Http) -> Duration {
        for what in ["/consumption?by=day", "/profile"] {
            ask(http, &self.code, what).await;
        }
        let (now, age) = card(http, &self.code).await;
        assert_eq!(now, self.before, "the figures of {}", self.code);
        age
    }

    /// The same comes to be said of it by a process that has just begun.
    pub(super) async fn comes_to_be_as_before(&self, http: &Http) {
        let began = Instant::now();
        loop {
            let (now, _) = card(http, &self.code).await;
            if now == self.before {
                return;
            }
            let Self { code, before, .. } = self;
            assert!(began.elapsed() < PATIENCE, "the figures of {code}: {now:?}, not {before:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Its area.
    pub(super) fn code(&self) -> &str {
        &self.code
    }

    /// All that its homes sent.
    pub(super) fn readings(&self) -> Readings {
        self.readings.clone()
    }
}

async fn accepted(http: &Http, path: &str, body: Value) {
    let answer = http.post(path, body.to_string()).await.expect("an answer");
    assert_eq!((answer.status.as_u16(), answer.json()["rejected"].clone()), (200, json!([])));
}

/// An area in a borough in which nobody else counts: what is said of one rests on all that are heard around it.
fn far_from(load: &Load) -> String {
    let geography = Geography::london();
    let borough = |code: &str| {
        let area = geography.index_of(&AreaCode::parse(code).unwrap()).unwrap();
        geography.ancestors(area).last().unwrap()
    };
    let taken: BTreeSet<_> = load.areas().iter().map(|area| borough(&area.code)).collect();
    let mut leaves = geography.areas_of(geography.finest()).iter();
    leaves.find(|leaf| !taken.contains(&borough(leaf.code.as_str()))).unwrap().code.to_string()
}

/// The figures over days: measure, status, value and the days that it rests on; and how old they are.
async fn card(http: &Http, place: &str) -> (Vec<Value>, Duration) {
    let card = ask(http, place, "").await;
    let figures = card["figures"].as_array().unwrap_or_else(|| panic!("{card}")).iter();
    let over_days = figures.filter(|figure| figure["measure"] != "now");
    let said = over_days
        .map(|figure| json!([figure["measure"], figure["status"], figure["value"], figure["basis"]["days"]]))
        .collect();
    let as_of = UtcSecond::parse(card["as_of"].as_str().unwrap_or_else(|| panic!("{card}"))).unwrap();
    let age_s = jiff::Timestamp::now().as_second() - as_of.0;
    assert!(age_s >= 0, "it is of a time to come: {card}");
    (said, Duration::from_secs(age_s as u64))
}

async fn ask(http: &Http, place: &str, what: &str) -> Value {
    let answer = http.get(&format!("/api/v1/areas/{place}{what}")).await;
    assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    answer.json()
}
