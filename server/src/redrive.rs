//! Dead letters, sent once more: after their meter was registered, for example.
//!
//! A redriven record carries the position of its first dead letter and yields to everything that came
//! after it, so redriving an old letter, or one letter twice, undoes nothing.

use std::collections::HashSet;

use bytes::Bytes;
use engine::{DeadLetterFilter, Envelope};
use metering::stored::DeadLetter;
use metering::wire::{BodyMessage, RecordMessage};
use metering::{DeadReason, MeterId, Position};
use prost::Message;
use serde::Serialize;

use crate::problem::Problem;
use crate::state::Ports;

/// Letters that are read and sent together.
const AT_ONCE: usize = 1000;

/// What a redrive did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Redriven {
    /// Whether nothing was sent.
    pub dry_run: bool,
    /// Letters that were looked at.
    pub matching: u64,
    /// Records that were sent.
    pub redriven: u64,
    /// Letters that can't be: they are no record, or stand for one that was redriven before and is
    /// among the others, or register a meter that was registered again since.
    pub left: u64,
}

/// Sends the records of dead letters once more.
pub async fn redrive(
    ports: &Ports,
    reason: Option<DeadReason>,
    meter: Option<MeterId>,
    dry_run: bool,
) -> Result<Redriven, Problem> {
    let mut done = Redriven { dry_run, ..Redriven::default() };
    let mut filter = DeadLetterFilter { reason, meter, after: None, limit: AT_ONCE };
    // A letter that died twice is there twice, with one first position: it is sent once. What dies
    // again while this runs comes after the end that is fixed here, partition by partition.
    let mut sent: HashSet<(u32, Position)> = HashSet::new();
    let mut ends = Vec::new();
    for partition in 0..ports.log.partitions() {
        ends.push(Position::new(ports.log.generation(), ports.log.head(partition).await?));
    }
    loop {
        let letters = ports.figures.dead_letters(&filter).await?;
        let full = letters.len() == filter.limit;
        filter.after = letters.last().map(|letter| (letter.partition, letter.at));
        let mut envelopes = Vec::new();
        for letter in letters {
            if ends.get(letter.partition as usize).is_some_and(|&end| letter.at >= end) {
                continue;
            }
            done.matching += 1;
            let revived = match revived(&letter) {
                Some(revived) if revived.registers && has_moved_on(ports, &letter, &revived).await? => None,
                other => other,
            };
            match revived.filter(|revived| sent.insert((letter.partition, revived.first))) {
                Some(revived) => envelopes.push(revived.envelope),
                None => done.left += 1,
            }
        }
        done.redriven += envelopes.len() as u64;
        if !dry_run && !envelopes.is_empty() {
            ports.log.append(envelopes).await?;
        }
        if !full {
            return Ok(done);
        }
    }
}

/// A letter's record, ready to be sent.
struct Revived {
    /// Where it died first.
    first: Position,
    registers: bool,
    meter: MeterId,
    envelope: Envelope,
}

/// The record of a letter, with the position of its first death. Its key is its meter's, whatever it
/// had: so it goes to its meter's partition.
fn revived(letter: &DeadLetter) -> Option<Revived> {
    let mut record = RecordMessage::decode(letter.value.clone()).ok()?;
    let (name, registers) = match record.body.as_ref()? {
        BodyMessage::Reading(reading) => (&reading.meter_id, false),
        BodyMessage::Registration(registration) => (&registration.meter_id, true),
        BodyMessage::GenerationBegins(_) => return None,
    };
    let meter = MeterId::parse(name).ok()?;
    let first = record.redriven_from.map_or(letter.at, Position::from);
    record.redriven_from = Some(first.into());
    let (key, value) =
        (Bytes::copy_from_slice(meter.as_str().as_bytes()), Bytes::from(record.encode_to_vec()));
    // What no owner could decode would only die again.
    metering::wire::decode(&key, &value).ok()?;
    Some(Revived { first, registers, meter, envelope: Envelope { key, value } })
}

/// Whether a registration's meter was registered again since: the last registration in the log wins, so
/// the old one must not come after it.
async fn has_moved_on(ports: &Ports, letter: &DeadLetter, revived: &Revived) -> Result<bool, Problem> {
    let states = ports.pipeline.meters(std::slice::from_ref(&revived.meter)).await?;
    Ok(states.iter().flat_map(|state| &state.registrations).any(|registration| registration.at > letter.at))
}
