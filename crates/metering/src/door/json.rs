//! The shape of a request: one list under one name, or one item a line, judged while it is read.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Batch, DoorError, Fault, Format, Rules};

/// An item of a request: its shape is its `Deserialize`, its rules are `judge`.
pub(super) trait Draft<'de>: Deserialize<'de> {
    /// What it becomes.
    type Made;
    /// The name of the list that it stands in.
    const LIST: &'static str;
    /// Makes it, or says what is wrong.
    fn judge(self, rules: &Rules) -> Result<Self::Made, Fault>;
}

/// A JSON number as it was written, so that decimals stay exact.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<'a>(pub(super) &'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Number<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let unexpected = match raw.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => return Ok(Number(raw)),
            Some(b'"') => Unexpected::Other("a string"),
            Some(b'n') => Unexpected::Other("null"),
            Some(b't' | b'f') => Unexpected::Other("a boolean"),
            Some(b'[') => Unexpected::Other("a list"),
            _ => Unexpected::Other("an object"),
        };
        Err(D::Error::invalid_type(unexpected, &"a number"))
    }
}

/// Reads a whole body.
pub(super) fn batch<'de, D: Draft<'de>>(
    body: &'de [u8],
    format: Format,
    rules: &Rules,
) -> Result<Batch<D::Made>, DoorError> {
    let mut intake = Intake::<D>::new(rules);
    match format {
        Format::Json if body.trim_ascii().is_empty() => return Err(empty(D::LIST)),
        Format::Json => {
            let mut deserializer = serde_json::Deserializer::from_slice(body);
            let read = Whole(&mut intake).deserialize(&mut deserializer).and_then(|()| deserializer.end());
            if intake.full {
                return Err(intake.too_many());
            }
            read.map_err(|error| malformed(&error, 0))?;
        }
        Format::Lines => {
            for (number, line) in body.split(|&byte| byte == b'\n').enumerate() {
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                if intake.count == rules.batch {
                    return Err(intake.too_many());
                }
                intake.take(serde_json::from_slice(line).map_err(|error| malformed(&error, number))?);
            }
        }
    }
    Ok(intake.batch)
}

fn empty(list: &str) -> DoorError {
    let message = format!("the body is empty, expected an object with the list {list:?}");
    DoorError::Malformed { line: 1, column: 1, message }
}

fn malformed(error: &serde_json::Error, lines_before: usize) -> DoorError {
    let text = error.to_string();
    // The place is told apart from the message.
    let message = match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    };
    // What is wrong with the first byte of a line is said before it is read: as if it were at column 0.
    let (line, column) = (error.line().max(1) + lines_before, error.column().max(1));
    DoorError::Malformed { line, column, message }
}

/// Items as they come.
struct Intake<'r, 'de, D: Draft<'de>> {
    rules: &'r Rules,
    batch: Batch<D::Made>,
    count: usize,
    full: bool,
    input: PhantomData<&'de ()>,
}

impl<'r, 'de, D: Draft<'de>> Intake<'r, 'de, D> {
    fn new(rules: &'r Rules) -> Self {
        let batch = Batch { accepted: Vec::new(), rejected: Vec::new() };
        Intake { rules, batch, count: 0, full: false, input: PhantomData }
    }

    fn take(&mut self, draft: D) {
        let index = self.count as u32;
        self.count += 1;
        match draft.judge(self.rules) {
            Ok(made) => self.batch.accepted.push((index, made)),
            Err(fault) => self.batch.rejected.push(fault.at(index)),
        }
    }

    fn too_many(&self) -> DoorError {
        DoorError::TooMany { limit: self.rules.batch, what: D::LIST }
    }
}

/// `{"readings": [...]}`
struct Whole<'i, 'r, 'de, D: Draft<'de>>(&'i mut Intake<'r, 'de, D>);

impl<'de, D: Draft<'de>> DeserializeSeed<'de> for Whole<'_, '_, 'de, D> {
    type Value = ();
    fn deserialize<T: Deserializer<'de>>(self, deserializer: T) -> Result<(), T::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, D: Draft<'de>> Visitor<'de> for Whole<'_, '_, 'de, D> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the list {:?}", D::LIST)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if name != D::LIST {
                return Err(A::Error::custom(format_args!(
                    "unknown field `{}`, expected `{}`",
                    name.escape_debug().take(64).collect::<String>(),
                    D::LIST
                )));
            }
            if found {
                return Err(A::Error::duplicate_field(D::LIST));
            }
            found = true;
            map.next_value_seed(List(self.0))?;
        }
        if found { Ok(()) } else { Err(A::Error::missing_field(D::LIST)) }
    }
}

/// `[...]`
struct List<'i, 'r, 'de, D: Draft<'de>>(&'i mut Intake<'r, 'de, D>);

impl<'de, D: Draft<'de>> DeserializeSeed<'de> for List<'_, '_, 'de, D> {
    type Value = ();
    fn deserialize<T: Deserializer<'de>>(self, deserializer: T) -> Result<(), T::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, D: Draft<'de>> Visitor<'de> for List<'_, '_, 'de, D> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {}", D::LIST)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(draft) = list.next_element::<D>()? {
            if self.0.count == self.0.rules.batch {
                self.0.full = true;
                return Err(A::Error::custom("too many"));
            }
            self.0.take(draft);
        }
        Ok(())
    }
}
