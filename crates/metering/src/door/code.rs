//! What may be wrong with an item of a request, for programs.

use std::borrow::Cow;

/// Why one item may not pass. `docs/CODES.md` has them all, each with its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// Not a meter's name.
    BadMeterId,
    /// Not an instant in RFC 3339 with its offset, in whole seconds.
    BadStart,
    /// Not a duration that readings may have.
    BadDuration,
    /// A start that is no multiple of the duration.
    Misaligned,
    /// Not a number with at most three decimals.
    BadEnergy,
    /// Less than nothing.
    NegativeEnergy,
    /// More than a home can use.
    ImplausibleEnergy,
    /// Ends farther in the future than clocks differ.
    TooFarInFuture,
    /// Longer ago than readings are kept.
    TooOld,
    /// No area's code, or none where one is needed.
    BadArea,
    /// Not a latitude and a longitude.
    BadPosition,
    /// Not a description of a home.
    BadDwelling,
    /// A place that is in no area of the map.
    UnknownArea,
}

impl Code {
    /// All of them.
    pub const ALL: [Code; 13] = [
        Self::BadMeterId,
        Self::BadStart,
        Self::BadDuration,
        Self::Misaligned,
        Self::BadEnergy,
        Self::NegativeEnergy,
        Self::ImplausibleEnergy,
        Self::TooFarInFuture,
        Self::TooOld,
        Self::BadArea,
        Self::BadPosition,
        Self::BadDwelling,
        Self::UnknownArea,
    ];

    /// As the answer has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadMeterId => "bad_meter_id",
            Self::BadStart => "bad_start",
            Self::BadDuration => "bad_duration",
            Self::Misaligned => "misaligned",
            Self::BadEnergy => "bad_energy",
            Self::NegativeEnergy => "negative_energy",
            Self::ImplausibleEnergy => "implausible_energy",
            Self::TooFarInFuture => "too_far_in_future",
            Self::TooOld => "too_old",
            Self::BadArea => "bad_area",
            Self::BadPosition => "bad_position",
            Self::BadDwelling => "bad_dwelling",
            Self::UnknownArea => "unknown_area",
        }
    }
}

impl From<Code> for Cow<'static, str> {
    fn from(code: Code) -> Self {
        Cow::Borrowed(code.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_in_the_list() {
        for (place, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, place);
        }
        assert_eq!(Code::UnknownArea as usize + 1, Code::ALL.len(), "the last one");
    }
}
