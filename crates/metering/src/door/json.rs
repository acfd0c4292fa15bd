//! The shape of a request: one list under one name, or one item a line, judged while it is read.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Batch, DoorError, Fault, Format, Rules};

/// An item of a request: its shape is its `Deserialize`, its rules are `judge`.
pub(super) trait Draft<'de>: Deserialize<'de> + Named {
    /// What it becomes.
    type Made;
    /// The name of the list that it stands in.
    const LIST: &'static str;
    /// Makes it, or says what is wrong.
    fn judge(self, rules: &Rules) -> Result<Self::Made, Unfit<'de>>;
}

/// What has a name that messages call it by.
pub(super) trait Named {
    const NAME: &'static str;
}

/// A JSON object, and not a list of its values without their names, which would do for `Deserialize`.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de> + Named> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Named> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// Why an item is not what it should be.
#[derive(Debug)]
pub(super) enum Unfit<'a> {
    /// A value that is not allowed: it costs the item.
    Fault(Fault),
    /// Something else where a number has to be: the body is malformed. As written, in the body.
    NoNumber(&'a str),
}

impl From<Fault> for Unfit<'_> {
    fn from(fault: Fault) -> Self {
        Unfit::Fault(fault)
    }
}

/// What stands where a number has to be, as it was written: so decimals stay exact, and what is none can
/// be found again in the body.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(transparent)]
pub(super) struct Written<'a>(#[serde(borrow)] &'a RawValue);

/// A JSON number as it was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<'a>(pub(super) &'a str);

impl<'a> Written<'a> {
    pub(super) fn number(self) -> Result<Number<'a>, Unfit<'a>> {
        match self.0.get().as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => Ok(Number(self.0.get())),
            _ => Err(Unfit::NoNumber(self.0.get())),
        }
    }
}

/// What a JSON value is that is no number.
fn kind(written: &str) -> &'static str {
    match written.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'n') => "null",
        Some(b't' | b'f') => "a boolean",
        Some(b'[') => "a list",
        _ => "an object",
    }
}

/// Reads a whole body.
pub(super) fn batch<'de, D: Draft<'de>>(
    body: &'de [u8],
    format: Format,
    rules: &Rules,
) -> Result<Batch<D::Made>, DoorError> {
    let mut intake = Intake::<D>::new(body, rules);
    if body.trim_ascii().is_empty() {
        return Err(empty(D::LIST, format));
    }
    match format {
        Format::Json => {
            let mut deserializer = serde_json::Deserializer::from_slice(body);
            let read = Whole(&mut intake).deserialize(&mut deserializer).and_then(|()| deserializer.end());
            if let Some(why) = intake.stopped {
                return Err(why);
            }
            read.map_err(|error| DoorError::malformed(&error, body, 0))?;
        }
        Format::Lines => {
            for (number, line) in body.split(|&byte| byte == b'\n').enumerate() {
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                if intake.count == rules.batch {
                    return Err(too_many::<D>(rules));
                }
                let draft = serde_json::from_slice::<Object<D>>(line);
                intake.take(draft.map_err(|error| DoorError::malformed(&error, line, number))?.0)?;
            }
        }
    }
    Ok(intake.batch)
}

fn empty(list: &str, format: Format) -> DoorError {
    let expected = match format {
        Format::Json => format!("an object with the list {list:?}"),
        Format::Lines => format!("a line for each of the {list}"),
    };
    DoorError::Malformed { line: 1, column: 1, message: format!("the body is empty, expected {expected}") }
}

fn too_many<'de, D: Draft<'de>>(rules: &Rules) -> DoorError {
    DoorError::TooMany { limit: rules.batch, what: D::LIST }
}

impl DoorError {
    /// What is wrong with a JSON text that stands `lines_before` lines behind the beginning of its body.
    pub fn malformed(error: &serde_json::Error, text: &[u8], lines_before: usize) -> Self {
        let said = error.to_string();
        // The place is told apart from the message.
        let message = said.rfind(" at line ").map_or(said.as_str(), |end| &said[..end]).to_owned();
        let line = error.line().max(1);
        let column = match text.split(|&byte| byte == b'\n').nth(line - 1) {
            // What has the wrong type is read first: it is found where it begins.
            Some(bytes) if message.starts_with("invalid type") => begin_of_value(bytes, error.column()),
            _ => error.column(),
        };
        // What is wrong with the first byte of a line is said before it is read: as if it were at column 0.
        DoorError::Malformed { line: line + lines_before, column: column.max(1), message }
    }

    /// What is wrong with a value that stands in `body`.
    fn no_number(written: &str, body: &[u8]) -> Self {
        let before = (written.as_ptr().addr()).saturating_sub(body.as_ptr().addr()).min(body.len());
        let (line, column) = place_behind(&body[..before]);
        let message = format!("invalid type: {}, expected a number", kind(written));
        DoorError::Malformed { line, column, message }
    }
}

/// The line and the column, both from 1, of what follows these bytes.
pub fn place_behind(read: &[u8]) -> (usize, usize) {
    let line = 1 + read.iter().filter(|&&byte| byte == b'\n').count();
    let column = 1 + read.iter().rev().take_while(|&&byte| byte != b'\n').count();
    (line, column)
}

/// The column, from 1, where the value begins that the reader had just read, or was about to, when it had
/// read so many bytes of a line.
fn begin_of_value(line: &[u8], read: usize) -> usize {
    let (before, after) = line.split_at(read.min(line.len()));
    match before.last() {
        // Within a string, quotation marks stand behind an odd number of backslashes.
        Some(b'"') => {
            let inside = &before[..before.len() - 1];
            let opens = (0..inside.len()).rev().find(|&at| {
                let backslashes = inside[..at].iter().rev().take_while(|&&byte| byte == b'\\').count();
                inside[at] == b'"' && backslashes.is_multiple_of(2)
            });
            opens.map_or(read, |at| at + 1)
        }
        Some(byte) if byte.is_ascii_alphanumeric() => {
            let of_word = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
            before.len() - before.iter().rev().take_while(of_word).count() + 1
        }
        // Lists and objects are refused before they are read.
        _ => match after.iter().position(|byte| !byte.is_ascii_whitespace()) {
            Some(blanks) if matches!(after[blanks], b'[' | b'{') => read + blanks + 1,
            _ => read,
        },
    }
}

/// Items as they come.
struct Intake<'r, 'de, D: Draft<'de>> {
    body: &'de [u8],
    rules: &'r Rules,
    batch: Batch<D::Made>,
    count: usize,
    /// Why the rest is not read.
    stopped: Option<DoorError>,
}

impl<'r, 'de, D: Draft<'de>> Intake<'r, 'de, D> {
    fn new(body: &'de [u8], rules: &'r Rules) -> Self {
        let batch = Batch { accepted: Vec::new(), rejected: Vec::new() };
        Intake { body, rules, batch, count: 0, stopped: None }
    }

    fn take(&mut self, draft: D) -> Result<(), DoorError> {
        let index = self.count as u32;
        self.count += 1;
        match draft.judge(self.rules) {
            Ok(made) => self.batch.accepted.push((index, made)),
            Err(Unfit::Fault(fault)) => self.batch.rejected.push(fault.at(index)),
            Err(Unfit::NoNumber(written)) => return Err(DoorError::no_number(written, self.body)),
        }
        Ok(())
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
        while let Some(Object(draft)) = list.next_element::<Object<D>>()? {
            let taken = match self.0.count == self.0.rules.batch {
                true => Err(too_many::<D>(self.0.rules)),
                false => self.0.take(draft),
            };
            if let Err(why) = taken {
                self.0.stopped = Some(why);
                return Err(A::Error::custom("the rest is not read"));
            }
        }
        Ok(())
    }
}
