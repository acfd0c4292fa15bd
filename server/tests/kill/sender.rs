//! One head-end system: it knows what was acknowledged, and sends again what was not.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::AREAS;
use crate::process::{Http, Process};

/// Meters of a sender.
const METERS: usize = 12;

/// What meters send: one duration each.
const DURATIONS_S: [i64; 4] = [300, 900, 1800, 3600];

/// How far back readings go, seconds: four days, so that some come after newer ones.
const BACK_S: i64 = 4 * 86_400;

/// A counted reading.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) duration_s: i64,
    pub(crate) energy_mwh: i64,
    pub(crate) area: usize,
}

/// A meter, as its acknowledged records leave it.
pub(crate) struct Meter {
    name: String,
    duration_s: i64,
    /// Where it is registered, if it is. The last meter of a sender never is.
    area: Option<usize>,
    pub(crate) readings: BTreeMap<i64, Counted>,
}

/// What one request says of its meters: applied when it is acknowledged.
enum Effect {
    Registered {
        meter: usize,
        area: usize,
    },
    Read {
        meter: usize,
        start: i64,
        energy_mwh: i64,
    },
    /// A dead letter.
    Nothing,
}

struct Request {
    path: &'static str,
    body: String,
    count: usize,
    effects: Vec<Effect>,
}

pub(crate) struct Sender {
    pub(crate) meters: Vec<Meter>,
    random: StdRng,
    /// Sent, and not acknowledged: it may or may not be in the log.
    under_way: Option<Request>,
    acknowledged: u64,
    now: i64,
}

impl Sender {
    pub(crate) fn new(number: usize, seed: u64) -> Sender {
        let meter = |meter: usize| Meter {
            name: format!("K{number}-{meter}"),
            duration_s: DURATIONS_S[meter % DURATIONS_S.len()],
            area: None,
            readings: BTreeMap::new(),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        Sender {
            meters: (0..METERS).map(meter).collect(),
            random: StdRng::seed_from_u64(seed),
            under_way: None,
            acknowledged: 0,
            now: now - now % 3600,
        }
    }

    /// Records that were acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Sends what is under way until it is acknowledged.
    pub(crate) async fn send_again(&mut self, process: &Process) {
        if self.under_way.is_some() {
            assert!(self.try_once(&process.client()).await, "a node that nobody killed does not answer");
        }
    }

    /// Sends something new; false if there was no answer.
    pub(crate) async fn send_next(&mut self, http: &Http) -> bool {
        let request = self.invent();
        self.under_way = Some(request);
        self.try_once(http).await
    }

    /// Sends what is under way; all of it is acknowledged, or nothing was heard.
    async fn try_once(&mut self, http: &Http) -> bool {
        let Some(request) = &self.under_way else { return true };
        let Some((status, receipt)) = http.post(request.path, request.body.clone()).await else {
            return false;
        };
        if status == 503 {
            return true;
        }
        assert_eq!((status, receipt["accepted"].as_u64()), (200, Some(request.count as u64)), "{receipt}");
        self.acknowledged += request.count as u64;
        if let Some(request) = self.under_way.take() {
            request.effects.into_iter().for_each(|effect| self.apply(effect));
        }
        true
    }

    fn apply(&mut self, effect: Effect) {
        match effect {
            Effect::Registered { meter, area } => self.meters[meter].area = Some(area),
            Effect::Read { meter, start, energy_mwh } => {
                let meter = &mut self.meters[meter];
                let Some(here) = meter.area else { return };
                // A correction stays in the area of what it corrects.
                let area = meter.readings.get(&start).map_or(here, |before| before.area);
                meter.readings.insert(start, Counted { duration_s: meter.duration_s, energy_mwh, area });
            }
            Effect::Nothing => {}
        }
    }

    /// A request whose effect is the same whether it is taken once or twice: so it may be sent again.
    fn invent(&mut self) -> Request {
        if self.random.random_bool(0.1) || self.meters[..METERS - 1].iter().any(|meter| meter.area.is_none())
        {
            return self.registrations();
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

    fn registrations(&mut self) -> Request {
        let area = self.random.random_range(0..AREAS.len());
        let all = self.meters[..METERS - 1].iter().any(|meter| meter.area.is_none());
        let one = self.random.random_range(0..METERS - 1);
        let which = if all { 0..METERS - 1 } else { one..one + 1 };
        let items: Vec<Value> = which
            .clone()
            .map(|meter| json!({ "meter_id": self.meters[meter].name, "area": AREAS[area] }))
            .collect();
        Request {
            path: "/meters",
            count: items.len(),
            body: json!({ "meters": items }).to_string(),
            effects: which.map(|meter| Effect::Registered { meter, area }).collect(),
        }
    }

    fn reading(&mut self) -> (Value, Effect) {
        let meter = self.random.random_range(0..METERS);
        let Meter { name, duration_s, readings, .. } = &self.meters[meter];
        let known = self.random.random_range(0..readings.len().max(1));
        let known = readings.iter().nth(known).map(|(&start, counted)| (start, *counted));
        let item = |start: i64, duration_s: i64, energy_mwh: i64| {
            let start = metering::UtcSecond(start);
            let energy_wh = energy_mwh as f64 / 1000.0;
            json!({ "meter_id": name, "start": start, "duration_s": duration_s, "energy_wh": energy_wh })
        };
        match (self.random.random_range(0..10), known) {
            // The same again.
            (0, Some((start, counted))) => {
                let energy_mwh = counted.energy_mwh;
                (item(start, *duration_s, energy_mwh), Effect::Read { meter, start, energy_mwh })
            }
            // Another value.
            (1, Some((start, _))) => {
                let energy_mwh = self.random.random_range(0..1_000_000);
                (item(start, *duration_s, energy_mwh), Effect::Read { meter, start, energy_mwh })
            }
            // Over what is there, from another start: a dead letter.
            (2, Some((start, _))) if start % 1800 != 0 => {
                (item(start - start % 1800, 1800, 5), Effect::Nothing)
            }
            _ => {
                let slots = BACK_S / duration_s;
                let start = self.now - self.random.random_range(1..=slots) * duration_s;
                let energy_mwh = self.random.random_range(0..1_000_000);
                (item(start, *duration_s, energy_mwh), Effect::Read { meter, start, energy_mwh })
            }
        }
    }
}
