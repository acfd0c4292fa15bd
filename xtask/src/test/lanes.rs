//! Parts beside each other. A browser keeps one processor busy and its tests are a row, so that what compilers have to say of the
//! source is had meanwhile. Those on Kafka and Cassandra wait for half of their time, for a node that comes back or a partition
//! that is taken over, and others can work meanwhile.

use anyhow::Result;

use super::outcome::Outcome;
use super::{Part, outcome_of};
use crate::{binary, say, site};

/// With whom a part may run at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// With nobody: it takes both processors, or builds what others need.
    Alone,
    /// A person would wait no longer than its tests do: only what can wait may run beside it.
    Browses,
    /// It can wait.
    Reads,
    /// It waits for engines more than it works.
    Waits,
    /// It works, and needs no engines.
    Works,
}

impl Lane {
    /// The two that run beside each other, one such pair after the other, and what their lines begin with then.
    const PAIRS: [[(&str, Lane); 2]; 2] = [
        [("browses", Lane::Browses), ("reads", Lane::Reads)],
        [("waits", Lane::Waits), ("works", Lane::Works)],
    ];
}

/// Does the parts: first those that run alone, then the pairs of lanes, beside each other where there is something for both.
pub(super) fn run(parts: &[Part], one: impl Fn(Part) -> Outcome + Sync) -> Vec<Outcome> {
    let of = |lane| parts.iter().copied().filter(|part| part.lane() == lane).collect::<Vec<_>>();
    let pairs = Lane::PAIRS.map(|pair| pair.map(|(name, lane)| (name, of(lane))));
    let mut outcomes: Vec<Outcome> = of(Lane::Alone).into_iter().map(&one).collect();
    if pairs.iter().any(are_both) {
        let mut prepared = outcome_of("prepare".to_owned(), |outcome| {
            outcome.count("what both lanes need is built", built().is_ok());
            Ok(())
        });
        if prepared.failed > 0 {
            // Each of them would fail at it once more.
            let waiting: usize = pairs.iter().flatten().map(|(_, parts)| parts.len()).sum();
            prepared.fail(format!("{waiting} parts did not run"));
            outcomes.push(prepared);
            return outcomes;
        }
    }
    let one = &one;
    for pair in pairs {
        if are_both(&pair) {
            let lane = |parts: Vec<Part>| move || parts.into_iter().map(one).collect::<Vec<_>>();
            outcomes
                .extend(say::at_once(pair.map(|(name, parts)| (name, lane(parts)))).into_iter().flatten());
        } else {
            outcomes.extend(pair.into_iter().flat_map(|(_, parts)| parts).map(one));
        }
    }
    outcomes
}

/// Whether there is something for both lanes.
fn are_both(pair: &[(&str, Vec<Part>); 2]) -> bool {
    pair.iter().all(|(_, parts)| !parts.is_empty())
}

/// Else whoever comes first would build while the other runs what is built.
fn built() -> Result<()> {
    let built = site::build().and_then(|_| binary::for_tests());
    built.map(|_| ()).inspect_err(say::error)
}
