//! `/api/v1/ops`: for operators. Every handler begins with the [`Operator`](super::authorised::Operator) extractor.

pub(super) mod dead_letters;
pub(super) mod exact;
pub(super) mod geography;
pub(super) mod ingestion;
pub(super) mod meters;
mod packed;
pub(super) mod redrive;
pub(super) mod releases;
pub(super) mod simulator;
pub(super) mod statistics;

use crate::problem::Problem;

/// How many an answer has at most: as many as are asked for, of so many at most, or `or`.
fn limit(text: Option<&str>, or: usize, most: usize) -> Result<usize, Problem> {
    let Some(text) = text else { return Ok(or) };
    text.parse().ok().filter(|limit| (1..=most).contains(limit)).ok_or_else(|| {
        Problem::parameter("limit", text, &format!("allowed is a whole number from 1 to {most}"))
    })
}
