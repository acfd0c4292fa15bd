//! One head-end system: it knows what was acknowledged, and sends again what was not.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::oracle::{Area, Counted, Readings, Sums};
use crate::support::{Answer, Http};

/// Meters of a sender.
const METERS: usize = 12;

/// What meters send: one duration each.
const DURATIONS_S: [i64; 4] = [300, 900, 1800, 3600];

/// How far back readings go, seconds: some come a month late.
const BACK_S: i64 = 31 * 86_400;

/// Between two requests, at most.
const PAUSE_MS_MAX: u64 = 15;

/// A meter, as its acknowledged records leave it.
#[derive(Clone)]
struct Meter {
    name: String,
    duration_s: i64,
    /// Where it is registered, if it is. The last meter of a sender never is.
    area: Option<usize>,
    /// By start: what counts, and where.
    readings: BTreeMap<i64, (Counted, usize)>,
    /// The reading that follows those that it sent in order, as a number of durations from the beginning.
    next: i64,
}

/// What one request says of its meters: applied when it is acknowledged, and harmless if that is done twice.
#[derive(Clone, Copy)]
enum Effect {
    Registered { meter: usize, area: usize },
    Read { meter: usize, start: i64, energy_mwh: i64 },
    Dead,
}

struct Request {
    path: &'static str,
    body: String,
    count: usize,
    effects: Vec<Effect>,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    Acknowledged,
    /// A node says that it can't take it now, and when to come again.
    Refused,
    /// There was no answer, or that of a proxy whose node did not answer.
    Nothing,
}

/// How many dead letters there have to be: more than the least, where what was sent again may have been
/// taken the first time, too.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DeadLetters {
    pub(crate) least: u64,
    pub(crate) most: u64,
}

pub(crate) struct Sender {
    areas: Vec<Area>,
    meters: Vec<Meter>,
    random: StdRng,
    /// Sent, and not acknowledged: it may or may not be in the log.
    under_way: Option<Request>,
    pub(crate) dead: DeadLetters,
    acknowledged: u64,
    /// The beginning of the time that is sent about.
    first: i64,
    /// Whether a reading may come again with another value.
    corrects: bool,
}

impl Sender {
    pub(crate) fn new(number: usize, areas: Vec<Area>, seed: u64) -> Sender {
        let meter = |meter: usize| Meter {
            name: format!("K{number}-{meter}"),
            duration_s: DURATIONS_S[meter % DURATIONS_S.len()],
            area: None,
            readings: BTreeMap::new(),
            next: 0,
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        Sender {
            areas,
            meters: (0..METERS).map(meter).collect(),
            random: StdRng::seed_from_u64(seed),
            under_way: None,
            dead: DeadLetters::default(),
            acknowledged: 0,
            first: now - now % 3600 - BACK_S,
            corrects: true,
        }
    }

    /// From now on another value is never sent for what was: sums only grow.
    pub(crate) fn never_correct(&mut self) {
        assert_eq!(self.acknowledged, 0, "it may have corrected already");
        self.corrects = false;
    }

    pub(crate) fn corrects(&self) -> bool {
        self.corrects
    }

    /// What it invents from now on follows from this.
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.random = StdRng::seed_from_u64(seed);
    }

    /// Records that were acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Whether something was sent of which nobody has heard yet.
    pub(crate) fn has_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Sends what is under way until it is acknowledged.
    pub(crate) async fn send_again(&mut self, http: &Http) {
        if self.has_under_way() {
            let heard = self.try_once(http).await;
            assert_eq!(heard, Heard::Acknowledged, "a node that nobody killed does not take it");
        }
    }

    /// Sends one request after the other, what was not acknowledged first, until there is no answer.
    pub(crate) async fn send_until_nobody_answers(mut self, http: Http) -> Sender {
        loop {
            if self.under_way.is_none() {
                self.under_way = Some(self.invent());
            }
            if self.try_once(&http).await != Heard::Acknowledged {
                return self;
            }
            let pause = self.random.random_range(0..=PAUSE_MS_MAX);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// Sends what is under way, or else something new. Of what was not acknowledged some may have been taken all the same.
    pub(crate) async fn send_once(&mut self, http: &Http) -> Heard {
        if self.under_way.is_none() {
            self.under_way = Some(self.invent());
        }
        let heard = self.try_once(http).await;
        if let Some(request) = &self.under_way {
            self.dead.most += request.dead();
        }
        heard
    }

    /// Sends what is under way.
    async fn try_once(&mut self, http: &Http) -> Heard {
        let Some(request) = self.under_way.take() else { return Heard::Acknowledged };
        let Some(answer) = http.post(request.path, request.body.clone()).await else {
            self.under_way = Some(request);
            return Heard::Nothing;
        };
        if matches!(answer.status.as_u16(), 502..=504) {
            self.under_way = Some(request);
            return of_failure(&answer);
        }
        let (status, receipt) = (answer.status.as_u16(), answer.json());
        assert_eq!((status, receipt["accepted"].as_u64()), (200, Some(request.count as u64)), "{receipt}");
        self.acknowledged += request.count as u64;
        self.dead.least += request.dead();
        self.dead.most += request.dead();
        self.apply(&request.effects);
        Heard::Acknowledged
    }

    fn apply(&mut self, effects: &[Effect]) {
        for &effect in effects {
            match effect {
                Effect::Registered { meter, area } => self.meters[meter].area = Some(area),
                Effect::Read { meter, start, energy_mwh } => {
                    let meter = &mut self.meters[meter];
                    let here = meter.area.expect("only registered meters' readings are counted");
                    // A correction stays in the area of what it corrects.
                    let area = meter.readings.get(&start).map_or(here, |before| before.1);
                    meter
                        .readings
                        .insert(start, (Counted { duration_s: meter.duration_s, energy_mwh }, area));
                }
                Effect::Dead => {}
            }
        }
    }

    /// Compares the sender's areas with what they have to be: with what was under way, all of it, or
    /// without. It will be sent again in either case: a sender can't know.
    pub(crate) fn judge(&mut self, found: &Sums) {
        let found = found.of(&self.areas);
        let without = self.sums();
        let Some(request) = self.under_way.take() else {
            assert!(without == found, "nothing was under way: {}", without.differences(&found));
            return;
        };
        let before = self.meters.clone();
        self.apply(&request.effects);
        let with = self.sums();
        assert!(
            found == with || found == without,
            "with what was under way, {}\nand without it, {}",
            with.differences(&found),
            without.differences(&found)
        );
        if found != with {
            self.meters = before;
        }
        // What changes no sum may have been taken, too.
        self.dead.least += if found == without { 0 } else { request.dead() };
        self.dead.most += if found == with { request.dead() } else { 0 };
        self.under_way = Some(request);
    }

    fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for meter in &self.meters {
            let mut heard = BTreeSet::new();
            for (&start, &(counted, area)) in &meter.readings {
                sums.count(&self.areas[area], start, counted, &mut heard);
            }
        }
        sums
    }

    /// Adds all readings that count.
    pub(crate) fn readings(&self, all: &mut Readings) {
        for Meter { name, readings, .. } in &self.meters {
            for (&start, &(counted, area)) in readings {
                all.insert((name.clone(), start), (counted, self.areas[area].code.clone()));
            }
        }
    }

    /// A request whose effect is the same whether it is taken once or twice: so it may be sent again.
    fn invent(&mut self) -> Request {
        let registered = self.meters[..METERS - 1].iter().all(|meter| meter.area.is_some());
        if !registered || self.random.random_bool(0.1) {
            return self.registrations(!registered);
        }
        let count = self.random.random_range(1..60);
        let (mut items, mut effects) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let (item, effect) = self.reading();
            items.push(item);
            effects.push(effect);
        }
        Request { path: "/readings", body: json!({ "readings": items }).to_string(), count, effects }
    }

    /// Registers all meters, or moves one.
    fn registrations(&mut self, all: bool) -> Request {
        let area = self.random.random_range(0..self.areas.len());
        let one = self.random.random_range(0..METERS - 1);
        let which = if all { 0..METERS - 1 } else { one..one + 1 };
        let items: Vec<Value> = which
            .clone()
            .map(|meter| json!({ "meter_id": self.meters[meter].name, "area": self.areas[area].code }))
            .collect();
        Request {
            path: "/meters",
            count: items.len(),
            body: json!({ "meters": items }).to_string(),
            effects: which.map(|meter| Effect::Registered { meter, area }).collect(),
        }
    }

    fn reading(&mut self) -> (Value, Effect) {
        let number = self.random.random_range(0..METERS);
        let (kind, energy_mwh) = (self.random.random_range(0..20), self.random.random_range(0..1_000_000));
        let meter = &self.meters[number];
        let duration_s = meter.duration_s;
        let (slots, known) = (BACK_S / duration_s, self.random.random_range(0..meter.readings.len().max(1)));
        let known = meter.readings.iter().nth(known).map(|(&start, &(counted, _))| (start, counted));
        let (start, energy_mwh) = match (kind, known) {
            // The same again.
            (0..2, Some((start, counted))) => (start, counted.energy_mwh),
            // Another value.
            (2..4, Some((start, _))) => (start, energy_mwh),
            // Over what is there, from another start.
            (4, Some((start, _))) if start % 1800 != 0 => {
                return (self.item(number, start - start % 1800, 1800, 5), Effect::Dead);
            }
            // Late, or early.
            (5..9, _) => (self.first + self.random.random_range(0..slots) * duration_s, energy_mwh),
            // The one that follows, and from the beginning again after the last.
            _ => {
                self.meters[number].next += 1;
                (self.first + (self.meters[number].next % slots) * duration_s, energy_mwh)
            }
        };
        let energy_mwh = if self.corrects { energy_mwh } else { the_only_value(number, start) };
        let item = self.item(number, start, duration_s, energy_mwh);
        match self.meters[number].area {
            Some(_) => (item, Effect::Read { meter: number, start, energy_mwh }),
            None => (item, Effect::Dead),
        }
    }

    fn item(&self, meter: usize, start: i64, duration_s: i64, energy_mwh: i64) -> Value {
        let (name, start) = (&self.meters[meter].name, metering::UtcSecond(start));
        let energy_wh = energy_mwh as f64 / 1000.0;
        json!({ "meter_id": name, "start": start, "duration_s": duration_s, "energy_wh": energy_wh })
    }
}

impl Request {
    fn dead(&self) -> u64 {
        self.effects.iter().filter(|effect| matches!(effect, Effect::Dead)).count() as u64
    }
}

/// What a meter that never corrects reads at a time.
fn the_only_value(meter: usize, start: i64) -> i64 {
    (start / 300 * 7919 + meter as i64 * 104_729) % 1_000_000
}

/// What a 502, 503 or 504 means: if a node says it itself, it is a 503 that says when to come again.
fn of_failure(answer: &Answer) -> Heard {
    if answer.header("content-type") != "application/problem+json" {
        return Heard::Nothing;
    }
    let detail = answer.problem(503);
    let retry_after_s: Option<u64> = answer.header("retry-after").parse().ok();
    assert!(retry_after_s >= Some(1), "it does not say when to come again: {:?}: {detail}", answer.headers);
    Heard::Refused
}
