//! Names of meters and areas. Short ones (up to 24 bytes, so nearly all) live without an allocation.

use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize};

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Empty, or longer than allowed.
    #[error("is {length} bytes long; allowed are 1 to {longest}")]
    Length {
        /// Bytes that were given.
        length: usize,
        /// Bytes that are allowed.
        longest: usize,
    },
    /// A character outside the allowed set.
    #[error("contains {found:?}; allowed are A-Z a-z 0-9 and {allowed}")]
    Character {
        /// The first one that is not allowed.
        found: char,
        /// What is, besides letters and digits.
        allowed: &'static str,
    },
}

fn parse(text: &str, longest: usize, allowed: &'static str) -> Result<CompactString, IdError> {
    if text.is_empty() || text.len() > longest {
        return Err(IdError::Length { length: text.len(), longest });
    }
    match text.chars().find(|&c| !c.is_ascii_alphanumeric() && !allowed.contains(c)) {
        Some(found) => Err(IdError::Character { found, allowed }),
        None => Ok(CompactString::new(text)),
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, longest $longest:literal, besides $allowed:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(CompactString);

        impl $name {
            /// Bytes at most.
            pub const LONGEST: usize = $longest;

            /// Parses; the error says what is wrong with the text.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                parse(text, $longest, $allowed).map(Self)
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = CompactString::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

identifier! {
    /// A metering point's name, for example `MAC000002`: 1 to 64 of `A-Z a-z 0-9 . _ : -`.
    MeterId, longest 64, besides "._:-"
}

identifier! {
    /// An area's code, for example `E01000001`: 1 to 32 of `A-Z a-z 0-9 . _ : -`.
    AreaCode, longest 32, besides "._:-"
}

impl MeterId {
    /// A number that is always this one's: of two meters it is the same once in four billions. FNV-1a, folded.
    pub fn number(&self) -> u32 {
        let hash = self.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        (hash >> 32) as u32 ^ hash as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_identifier() {
        assert_eq!(MeterId::parse("MAC000002").unwrap().as_str(), "MAC000002");
        assert_eq!(MeterId::parse(""), Err(IdError::Length { length: 0, longest: 64 }));
        assert_eq!(MeterId::parse(&"x".repeat(65)), Err(IdError::Length { length: 65, longest: 64 }));
        assert_eq!(MeterId::parse("a b"), Err(IdError::Character { found: ' ', allowed: "._:-" }));
        assert!(AreaCode::parse("é").is_err());
        assert_eq!(serde_json::from_str::<AreaCode>("\"E01000001\"").unwrap().as_str(), "E01000001");
        assert!(serde_json::from_str::<AreaCode>("\"a/b\"").is_err());
    }

    #[test]
    fn meters_have_numbers_of_their_own() {
        let number = |name: &str| MeterId::parse(name).unwrap().number();
        assert_eq!(number("MAC000002"), number("MAC000002"));
        let numbers: std::collections::HashSet<u32> =
            (0..10_000).map(|n| number(&format!("MAC{n:06}"))).collect();
        assert_eq!(numbers.len(), 10_000);
    }
}
