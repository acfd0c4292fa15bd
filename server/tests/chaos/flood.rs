//! Far more than can be taken: many head-end systems send large requests at once, each the next one as soon as it may,
//! whatever they are answered.

use std::iter::Sum;
use std::time::Duration;

use futures::future::join_all;
use metering::UtcSecond;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::Http;
use crate::support::http::PATIENCE;
use crate::support::oracle::{Counted, Readings};
use crate::support::reading;

/// Who sends at once.
const SENDERS: usize = 100;

/// Readings of a request.
const BATCH: i64 = 1000;

/// Readings are of five minutes, one after the other, long before anything else in the test: owners need look nothing up.
const DURATION_S: i64 = 300;
const FIRST_DAYS_AGO: i64 = 300;
const ENERGY_WH: i64 = 7;

/// Who is told to come later waits so long.
const COMES_AGAIN_AFTER: Duration = Duration::from_millis(300);

/// Where and what they send.
pub(super) struct Flood {
    area: &'static str,
    first: i64,
    /// Of each sender, how many readings are acknowledged.
    acknowledged: Vec<i64>,
}

/// How many requests were taken, and how many refused with the time to come again.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) taken: usize,
    pub(super) refused: usize,
}

impl Sum for Answers {
    fn sum<I: Iterator<Item = Answers>>(all: I) -> Answers {
        all.fold(Answers::default(), |sum, one| Answers {
            taken: sum.taken + one.taken,
            refused: sum.refused + one.refused,
        })
    }
}

impl Flood {
    /// Their meters are there, and have sent a first reading each.
    pub(super) async fn gathers(http: &Http, area: &'static str) -> Flood {
        let today = jiff::Timestamp::now().as_second() / 86_400 * 86_400;
        let meters: Vec<Value> =
            (0..SENDERS).map(|sender| json!({ "meter_id": meter(sender), "area": area })).collect();
        let registered =
            http.post("/meters", json!({ "meters": meters }).to_string()).await.expect("an answer");
        assert_eq!(registered.status, 200, "{}", registered.text());
        let mut flood =
            Flood { area, first: today - FIRST_DAYS_AGO * 86_400, acknowledged: vec![0; SENDERS] };
        let first: Vec<Value> = (0..SENDERS).map(|sender| flood.reading(sender, 0)).collect();
        let sent = http.post("/readings", json!({ "readings": first }).to_string()).await.expect("an answer");
        assert_eq!(sent.status, 200, "{}", sent.text());
        flood.acknowledged = vec![1; SENDERS];
        flood
    }

    /// Each sends a request of new readings, until it is taken.
    pub(super) async fn comes(&mut self, http: &Http) {
        let until = Instant::now() + PATIENCE;
        let sent = join_all((0..SENDERS).map(|sender| self.sends(sender, http, until, true))).await;
        let answers: Answers = sent.into_iter().sum();
        assert_eq!(answers.taken, SENDERS, "not all of it is taken: {answers:?}");
        self.acknowledged.iter_mut().for_each(|all| *all += BATCH);
        println!("{SENDERS} senders with {BATCH} readings a request: {answers:?}");
    }

    /// For a time each sends what it has sent already: it counts once, whatever becomes of it.
    pub(super) async fn comes_again(&self, http: &Http, time: Duration) -> Answers {
        let until = Instant::now() + time;
        let sent = join_all((0..SENDERS).map(|sender| self.sends(sender, http, until, false))).await;
        let answers: Answers = sent.into_iter().sum();
        println!("{SENDERS} senders with {BATCH} readings a request, again: {answers:?}");
        answers
    }

    /// All that was acknowledged.
    pub(super) fn readings(&self) -> Readings {
        let of = |(sender, count): (usize, &i64)| {
            let counted = Counted { duration_s: DURATION_S, energy_mwh: ENERGY_WH * 1000 };
            let at = move |number: i64| (meter(sender), self.first + number * DURATION_S);
            (0..*count).map(move |number| (at(number), (counted, self.area.to_owned())))
        };
        self.acknowledged.iter().enumerate().flat_map(of).collect()
    }

    fn reading(&self, sender: usize, number: i64) -> Value {
        let start = UtcSecond(self.first + number * DURATION_S);
        reading(&meter(sender), &start.to_string(), DURATION_S as u32, ENERGY_WH as f64)
    }

    /// Until then, or until the first request is taken.
    async fn sends(&self, sender: usize, http: &Http, until: Instant, is_new: bool) -> Answers {
        let from = if is_new { self.acknowledged[sender] } else { 0 };
        let batch: Vec<Value> = (from..from + BATCH).map(|number| self.reading(sender, number)).collect();
        let (body, mut answers) = (json!({ "readings": batch }).to_string(), Answers::default());
        while Instant::now() < until {
            let Some(answer) = http.post("/readings", body.clone()).await else { continue };
            if answer.status == 200 {
                answers.taken += 1;
                if is_new {
                    break;
                }
                continue;
            }
            let why = answer.problem(503);
            assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1, "{why}");
            answers.refused += 1;
            tokio::time::sleep(COMES_AGAIN_AFTER).await;
        }
        answers
    }
}

fn meter(sender: usize) -> String {
    format!("flood-{sender:03}")
}
