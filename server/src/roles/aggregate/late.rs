//! Records of producers that had not heard of new partitions yet.
//!
//! When partitions are added, a producer goes on for a moment with the number that it knows. What it sends after the
//! new generation's marker is where its meter no longer is: a dead letter. Nothing is wrong with it, so it is sent on to
//! where its meter is now, before the letter is stored, so that a crash in between sends it twice rather than never.

use engine::{AppendError, Envelope, StoreError};
use metering::stored::DeadLetter;
use metering::wire::partition_of;
use metering::{DeadReason, Generation};

use crate::redrive::{Newest, revived};
use crate::state::Ports;

/// Sends on what would have been right in a former generation of the log.
pub(super) async fn send_on(ports: &Ports, letters: &[DeadLetter]) -> Result<(), StoreError> {
    let generations = ports.log.generations();
    let late: Vec<&DeadLetter> = letters.iter().filter(|letter| came_late(letter, &generations)).collect();
    let Some(newest) = late.iter().map(|letter| letter.at.generation).max() else { return Ok(()) };
    if ports.log.generation() < newest {
        // Sent by a number of partitions that we have not heard of either, it would come back.
        return Err(StoreError::Unavailable(format!("generation {newest} of the log is not known here yet")));
    }
    let revived: Vec<_> = late.into_iter().filter_map(|letter| revived(letter, &generations)).collect();
    let mut newest = Newest::default();
    revived.iter().for_each(|one| newest.note(one));
    let records: Vec<Envelope> = revived.iter().filter_map(|one| newest.sends_for(one)).collect();
    tracing::info!(records = records.len(), "sent on: their producers had not heard of new partitions");
    ports.log.append(records).await.map_err(|error| match error {
        AppendError::Busy { .. } | AppendError::Unavailable { .. } => {
            StoreError::Unavailable(error.to_string())
        }
    })
}

/// Whether a letter is where its meter was in a former generation. One that is sent on does not come back: it goes to
/// where its meter is in the last one.
fn came_late(letter: &DeadLetter, generations: &[Generation]) -> bool {
    let former = generations.iter().filter(|one| one.generation < letter.at.generation);
    letter.reason == DeadReason::Misrouted
        && former.into_iter().any(|one| partition_of(&letter.key, one.partitions) == letter.partition)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use metering::Position;

    use super::*;

    #[test]
    fn only_what_was_right_before_is_late() {
        let generations = [
            Generation { generation: 1, partitions: 3, token: 0 },
            Generation { generation: 2, partitions: 8, token: 0 },
        ];
        let key = Bytes::from_static(b"MAC000002");
        let before = partition_of(&key, 3);
        let letter = |partition, generation, reason| DeadLetter {
            partition,
            at: Position::new(generation, 40),
            reason,
            detail: String::new(),
            appended_ms: 0,
            key: key.clone(),
            value: Bytes::new(),
        };
        let check = |letter, expect| assert_eq!(came_late(&letter, &generations), expect);
        check(letter(before, 2, DeadReason::Misrouted), true);
        check(letter(before, 2, DeadReason::Overlap), false);
        check(letter(before + 1, 2, DeadReason::Misrouted), false);
        check(letter(before + 1, 1, DeadReason::Misrouted), false);
    }
}
