//! Dead letters, as the topic of them carries them.

use prost::Message;

use super::DeadLetterMessage;
use crate::stored::DeadLetter;

/// A dead letter, as bytes for its topic.
pub fn encode_dead_letter(letter: &DeadLetter) -> Vec<u8> {
    let DeadLetter { partition, at, reason, detail, appended_ms, key, value } = letter;
    DeadLetterMessage {
        partition: *partition,
        position: Some((*at).into()),
        reason: reason.as_str().to_owned(),
        detail: detail.clone(),
        appended_ms: *appended_ms,
        key: key.clone(),
        value: value.clone(),
    }
    .encode_to_vec()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{DeadReason, Position};

    #[test]
    fn a_letter_says_all_that_the_store_knows() {
        let letter = DeadLetter {
            partition: 3,
            at: Position::new(2, 41),
            reason: DeadReason::UnknownMeter,
            detail: "nobody registered MAC1".to_owned(),
            appended_ms: 1_795_000_000_000,
            key: Bytes::from_static(b"MAC1"),
            value: Bytes::from_static(b"\x01"),
        };
        let message = DeadLetterMessage::decode(&encode_dead_letter(&letter)[..]).unwrap();
        assert_eq!(
            (message.partition, message.position.map(Position::from)),
            (3, Some(Position::new(2, 41)))
        );
        assert_eq!((message.reason.as_str(), &message.detail), ("unknown_meter", &letter.detail));
        assert_eq!(
            (message.key, message.value, message.appended_ms),
            (letter.key, letter.value, letter.appended_ms)
        );
    }
}
