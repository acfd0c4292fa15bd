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
