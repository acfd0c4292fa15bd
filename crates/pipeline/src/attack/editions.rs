//! Which edition of the aggregates is in use, by a note that several who try cannot both write (rule 16).

use crate::rules::Rules;

/// A number in the keys of aggregate rows and of progress.
pub(super) type Edition = u32;

/// What is noted of editions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Note {
    pub(super) in_use: Edition,
    /// The one that is being made, or was when its maker died.
    pub(super) making: Option<Edition>,
    /// Those that are to be removed.
    pub(super) left: Vec<Edition>,
    /// The last number that was given.
    last: Edition,
}

impl Note {
    /// Another one begins. What its maker has left is removed.
    pub(super) fn begun(&self, rules: Rules) -> Note {
        let Note { in_use, making, mut left, last } = self.clone();
        left.extend(making);
        let to = if rules.no_number_twice { last + 1 } else { 1 - in_use };
        if !rules.no_number_twice {
            left = vec![to];
        }
        Note { in_use, making: Some(to), left, last: to }
    }

    /// The one that is made is in use.
    pub(super) fn put_in_use(&self) -> Note {
        let left = self.left.iter().copied().chain([self.in_use]).collect();
        Note { in_use: self.last, making: None, left, last: self.last }
    }

    /// The one that is made never will be.
    pub(super) fn given_up(&self) -> Note {
        let left = self.left.iter().copied().chain(self.making).collect();
        Note { making: None, left, ..self.clone() }
    }

    /// What was left is removed.
    pub(super) fn removed(&self) -> Note {
        Note { left: Vec::new(), ..self.clone() }
    }

    /// Writes another note if this is still the one that was `read`. Says whether it was.
    pub(super) fn replace(&mut self, read: &Note, by: Note, rules: Rules) -> bool {
        let same = *self == *read || !rules.the_note_is_compared;
        if same {
            *self = by;
        }
        same
    }
}
