//! `GET /api/v1/ops/dead-letters`

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use engine::DeadLetterFilter;
use metering::stored::DeadLetter;
use metering::wire::{self, Record};
use metering::{DeadReason, Generation, MeterId, Position};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::redrive::{LetterState, letter_states};
use crate::routes::QueryOf;
use crate::routes::authorised::Operator;
use crate::state::AppState;

/// Dead letters of one answer at most, and if nothing is said.
pub(crate) const LIMIT_MAX: usize = 1000;
const LIMIT: usize = 100;

/// Letters that are looked at for one page at most: where few are of the state that is asked for, a page has
/// fewer than it could, and `next` goes on.
const LOOKED_AT_MAX: usize = 20_000;

/// Up to so many letters in all, the open ones are counted.
const OPEN_COUNTED_MAX: u64 = 10_000;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct Filter {
    reason: Option<String>,
    meter: Option<String>,
    /// Only letters of that state: open, settled, unusable.
    state: Option<String>,
    /// `partition:generation:offset` of the last one seen, as `next` says it.
    after: Option<String>,
    limit: Option<String>,
}

#[derive(Serialize)]
pub(in crate::routes) struct Page {
    /// How many there are in all, by reason.
    counts: Vec<Count>,
    dead_letters: Vec<Letter>,
    /// What to ask for with `after` to go on; left out at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
struct Count {
    reason: DeadReason,
    count: u64,
    /// Of these, those that are open; left out where there are too many letters to look at all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<u64>,
}

#[derive(Serialize)]
struct Letter {
    partition: u32,
    generation: u32,
    offset: i64,
    reason: DeadReason,
    state: LetterState,
    detail: String,
    appended: String,
    key: String,
    /// What it says, where it says anything.
    record: Value,
}

pub(in crate::routes) async fn get(
    _: Operator,
    QueryOf(query): QueryOf<Filter>,
    State(state): State<AppState>,
) -> Result<Json<Page>, Problem> {
    let wanted = query.state.as_deref().map(letter_state).transpose()?;
    let filter = query.understood()?;
    let (letters, next) = page(&state, filter, wanted).await?;
    let counts = state.ports.figures.dead_letter_counts().await?;
    let open = match counts.iter().map(|&(_, count)| count).sum::<u64>() {
        0..=OPEN_COUNTED_MAX => Some(open_by_reason(&state).await?),
        _ => None,
    };
    let open_of = |reason| open.as_ref().map(|open| open.get(&reason).copied().unwrap_or_default());
    Ok(Json(Page {
        counts: counts
            .into_iter()
            .map(|(reason, count)| Count { reason, count, open: open_of(reason) })
            .collect(),
        dead_letters: letters.iter().map(|(letter, state)| Letter::new(letter, *state)).collect(),
        next,
    }))
}

/// Letters with their states, and where to go on.
async fn page(
    state: &AppState,
    mut filter: DeadLetterFilter,
    wanted: Option<LetterState>,
) -> Result<(Vec<(DeadLetter, LetterState)>, Option<String>), Problem> {
    let (mut found, mut looked_at) = (Vec::new(), 0);
    let limit = filter.limit;
    if wanted.is_some() {
        filter.limit = LIMIT_MAX;
    }
    loop {
        let letters = state.ports.figures.dead_letters(&filter).await?;
        let states = letter_states(state, &letters).await?;
        let (full, last) = (letters.len() == filter.limit, letters.last().map(place_of));
        looked_at += letters.len();
        filter.after = letters.last().map(|letter| (letter.partition, letter.at));
        for (letter, is) in letters.into_iter().zip(states) {
            if wanted.is_none_or(|wanted| wanted == is) {
                found.push((letter, is));
            }
            if found.len() == limit {
                let next = found.last().map(|(letter, _)| place_of(letter));
                return Ok((found, next));
            }
        }
        if !full || looked_at >= LOOKED_AT_MAX {
            return Ok((found, last.filter(|_| full)));
        }
    }
}

/// How many letters are open.
async fn open_by_reason(state: &AppState) -> Result<BTreeMap<DeadReason, u64>, Problem> {
    let mut open: BTreeMap<DeadReason, u64> = BTreeMap::new();
    let mut filter = DeadLetterFilter { limit: LIMIT_MAX, ..DeadLetterFilter::default() };
    loop {
        let letters = state.ports.figures.dead_letters(&filter).await?;
        let states = letter_states(state, &letters).await?;
        for (letter, is) in letters.iter().zip(states) {
            if is == LetterState::Open {
                *open.entry(letter.reason).or_default() += 1;
            }
        }
        if letters.len() < filter.limit {
            return Ok(open);
        }
        filter.after = letters.last().map(|letter| (letter.partition, letter.at));
    }
}

fn letter_state(text: &str) -> Result<LetterState, Problem> {
    LetterState::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
        let all = LetterState::ALL.map(LetterState::as_str).join(", ");
        Problem::parameter("state", text, &format!("allowed are {all}"))
    })
}

fn place_of(letter: &DeadLetter) -> String {
    format!("{}:{}:{}", letter.partition, letter.at.generation, letter.at.offset)
}

impl Filter {
    fn understood(self) -> Result<DeadLetterFilter, Problem> {
        let limit = super::limit(self.limit.as_deref(), LIMIT, LIMIT_MAX)?;
        Ok(DeadLetterFilter {
            reason: self.reason.as_deref().map(reason).transpose()?,
            meter: self.meter.as_deref().map(meter).transpose()?,
            after: self.after.as_deref().map(after).transpose()?,
            limit,
        })
    }
}

pub(super) fn reason(text: &str) -> Result<DeadReason, Problem> {
    DeadReason::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or_else(|| {
        let all = DeadReason::ALL.map(DeadReason::as_str).join(", ");
        Problem::parameter("reason", text, &format!("allowed are {all}"))
    })
}

pub(super) fn meter(text: &str) -> Result<MeterId, Problem> {
    MeterId::parse(text).map_err(|rule| Problem::parameter("meter", text, &format!("it {rule}")))
}

fn after(text: &str) -> Result<(u32, Position), Problem> {
    let parts: Vec<&str> = text.split(':').collect();
    let understood = match parts.as_slice() {
        [partition, generation, offset] => partition
            .parse()
            .ok()
            .zip(generation.parse().ok().zip(offset.parse().ok()))
            .map(|(partition, (generation, offset))| (partition, Position::new(generation, offset))),
        _ => None,
    };
    understood.ok_or_else(|| Problem::parameter("after", text, "allowed is what `next` of a page said"))
}

impl Letter {
    fn new(letter: &DeadLetter, state: LetterState) -> Self {
        let appended =
            jiff::Timestamp::from_millisecond(letter.appended_ms).map_or(String::new(), |at| at.to_string());
        Letter {
            partition: letter.partition,
            generation: letter.at.generation,
            offset: letter.at.offset,
            reason: letter.reason,
            state,
            detail: letter.detail.clone(),
            appended,
            key: String::from_utf8_lossy(&letter.key).into_owned(),
            record: record(letter),
        }
    }
}

fn record(letter: &DeadLetter) -> Value {
    // A misrouted record is sound in itself; one that isn't is shown as bytes.
    match wire::decode(&letter.key, &letter.value) {
        Ok(Record::Reading(reading, redriven_from)) => json!({
            "meter_id": reading.meter,
            "start": reading.interval.start(),
            "duration_s": reading.interval.duration_s(),
            "energy_mwh": reading.energy,
            "redriven_from": redriven_from,
        }),
        Ok(Record::Registration(registration, redriven_from)) => json!({
            "redriven_from": redriven_from,
            "meter_id": registration.meter,
            "area": registration.area,
            "dwelling": registration.dwelling,
        }),
        Ok(Record::GenerationBegins(Generation { generation, partitions, .. })) => {
            json!({ "generation": generation, "partitions": partitions })
        }
        Err(_) => {
            let shown = letter.value.iter().take(256).map(|byte| format!("{byte:02x}")).collect::<String>();
            json!({ "bytes": letter.value.len(), "hex": shown })
        }
    }
}
