//! Parts beside each other: those on Kafka and Cassandra wait for half of their time, for a node that comes back or a
//! partition that is taken over, and others can work meanwhile.

use anyhow::Result;

use super::outcome::Outcome;
use super::{Part, outcome_of};
use crate::{binary, say, site};

/// With whom a part may run at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// With nobody: it takes both cores, waits no longer than a person would, or builds what others need.
    Alone,
    /// It waits for engines more than it works.
    Waits,
    /// It works, and needs no engines.
    Works,
}

/// Does the parts: first those that run alone, then the two lanes beside each other, if there is something for both.
pub(super) fn run(parts: &[Part], one: impl Fn(Part) -> Outcome + Sync) -> Vec<Outcome> {
    let of = |lane| parts.iter().copied().filter(move |part| part.lane() == lane).collect::<Vec<_>>();
    let (alone, waiting, working) = (of(Lane::Alone), of(Lane::Waits), of(Lane::Works));
    if waiting.is_empty() || working.is_empty() {
        return parts.iter().copied().map(one).collect();
    }
    let mut outcomes: Vec<Outcome> = alone.into_iter().map(&one).collect();
    let mut prepared = outcome_of("prepare".to_owned(), |outcome| {
        outcome.count("what both lanes need is built", built().is_ok());
        Ok(())
    });
    if prepared.failed > 0 {
        // Each of them would fail at it once more.
        prepared.fail(format!("{} parts did not run", waiting.len() + working.len()));
        outcomes.push(prepared);
        return outcomes;
    }
    let one = &one;
    let lane = |parts: Vec<Part>| move || parts.into_iter().map(one).collect::<Vec<_>>();
    outcomes.extend(say::at_once([("waits", lane(waiting)), ("works", lane(working))]).into_iter().flatten());
    outcomes
}

/// Else whoever comes first would build while the other runs what is built.
fn built() -> Result<()> {
    let built = site::build().and_then(|_| binary::for_tests());
    built.map(|_| ()).inspect_err(say::error)
}
