//! The messages of the log, in protobuf. `proto/wattmap.proto` is their published schema; a test keeps
//! the two in step. Messages are what was sent; [`decode`] makes of them what is true of every record.

mod borrowed;
mod dead;
mod live;

use bytes::Bytes;
use prost::Message;

pub use borrowed::{ReadingRef, RecordRef, decode_ref};
pub use dead::encode_dead_letter;
pub use live::{LiveMessage, LiveRowMessage, LiveRowsMessage, decode_live, encode_live};

use crate::reading::{DwellingKind, Heating};
use crate::{
    AreaCode, Dwelling, Energy, Generation, Interval, MeterId, Position, Reading, Registration, UtcSecond,
};

/// `wattmap.v1.Record`
#[derive(Clone, PartialEq, Message)]
pub struct RecordMessage {
    /// What it says.
    #[prost(oneof = "BodyMessage", tags = "1, 2, 3")]
    pub body: Option<BodyMessage>,
    /// Only in a redriven record: it replaces nothing that came after this.
    #[prost(message, optional, tag = "4")]
    pub redriven_from: Option<PositionMessage>,
}

/// The body of a `wattmap.v1.Record`.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum BodyMessage {
    /// Consumption.
    #[prost(message, tag = "1")]
    Reading(ReadingMessage),
    /// A registration.
    #[prost(message, tag = "2")]
    Registration(RegistrationMessage),
    /// A generation's marker.
    #[prost(message, tag = "3")]
    GenerationBegins(GenerationBeginsMessage),
}

/// `wattmap.v1.Reading`
#[derive(Clone, PartialEq, Message)]
pub struct ReadingMessage {
    /// Whose.
    #[prost(string, tag = "1")]
    pub meter_id: String,
    /// Seconds since 1970.
    #[prost(int64, tag = "2")]
    pub start: i64,
    /// Seconds.
    #[prost(uint32, tag = "3")]
    pub duration_s: u32,
    /// mWh.
    #[prost(int64, tag = "4")]
    pub energy_mwh: i64,
}

/// `wattmap.v1.Registration`
#[derive(Clone, PartialEq, Message)]
pub struct RegistrationMessage {
    /// Whose.
    #[prost(string, tag = "1")]
    pub meter_id: String,
    /// An area of the finest level.
    #[prost(string, tag = "2")]
    pub area: String,
    /// The home.
    #[prost(message, optional, tag = "3")]
    pub dwelling: Option<DwellingMessage>,
}

/// `wattmap.v1.Dwelling`
#[derive(Clone, Copy, PartialEq, Message)]
pub struct DwellingMessage {
    /// A [`DwellingKind`]'s number, or 0.
    #[prost(int32, tag = "1")]
    pub kind: i32,
    /// Bedrooms.
    #[prost(uint32, optional, tag = "2")]
    pub bedrooms: Option<u32>,
    /// People.
    #[prost(uint32, optional, tag = "3")]
    pub occupants: Option<u32>,
    /// A [`Heating`]'s number, or 0.
    #[prost(int32, tag = "4")]
    pub heating: i32,
}

/// `wattmap.v1.GenerationBegins`
#[derive(Clone, Copy, PartialEq, Message)]
pub struct GenerationBeginsMessage {
    /// From 1.
    #[prost(uint32, tag = "1")]
    pub generation: u32,
    /// Partitions of the log in it.
    #[prost(uint32, tag = "2")]
    pub partitions: u32,
    /// As whoever announced it drew it.
    #[prost(fixed64, tag = "3")]
    pub token: u64,
}

/// `wattmap.v1.Position`
#[derive(Clone, Copy, PartialEq, Message)]
pub struct PositionMessage {
    /// From 1.
    #[prost(uint32, tag = "1")]
    pub generation: u32,
    /// From 0.
    #[prost(int64, tag = "2")]
    pub offset: i64,
}

impl From<Position> for PositionMessage {
    fn from(at: Position) -> Self {
        PositionMessage { generation: at.generation, offset: at.offset }
    }
}

impl From<PositionMessage> for Position {
    fn from(at: PositionMessage) -> Self {
        Position::new(at.generation, at.offset)
    }
}

/// `wattmap.v1.DeadLetter`
#[derive(Clone, PartialEq, Message)]
pub struct DeadLetterMessage {
    /// The log's partition.
    #[prost(uint32, tag = "1")]
    pub partition: u32,
    /// Where in it.
    #[prost(message, optional, tag = "2")]
    pub position: Option<PositionMessage>,
    /// A [`crate::DeadReason`] as text.
    #[prost(string, tag = "3")]
    pub reason: String,
    /// For a person.
    #[prost(string, tag = "4")]
    pub detail: String,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "5")]
    pub appended_ms: i64,
    /// The record's key.
    #[prost(bytes = "bytes", tag = "6")]
    pub key: Bytes,
    /// The record's value.
    #[prost(bytes = "bytes", tag = "7")]
    pub value: Bytes,
}

/// A record of the log that is well formed.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// Consumption, and for a redriven one what it may replace: nothing that came after this.
    Reading(Reading, Option<Position>),
    /// A registration; likewise.
    Registration(Registration, Option<Position>),
    /// A new log begins here, or partitions were added.
    GenerationBegins(Generation),
}

/// Why bytes are not a record. Another producer's mistakes end here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Not protobuf, or not this message.
    #[error("not a wattmap.v1.Record: {0}")]
    NotProtobuf(String),
    /// Protobuf, but none of the three bodies.
    #[error("a record without a reading, a registration or a generation marker")]
    Empty,
    /// Longer than any record is.
    #[error("key and value are {bytes} bytes; a record has at most {RECORD_BYTES_MAX}")]
    TooLong {
        /// Of both.
        bytes: usize,
    },
    /// A field whose value is not allowed.
    #[error("{field} {problem}")]
    Field {
        /// Its name in the schema.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The key names another meter than the value.
    #[error("the key {key:?} is not the meter_id {meter_id:?}")]
    KeyMismatch {
        /// The record's key.
        key: String,
        /// The meter in its value.
        meter_id: String,
    },
}

fn field(field: &'static str, problem: impl ToString) -> WireError {
    WireError::Field { field, problem: problem.to_string() }
}

/// The longest record, key and value, bytes: ten times what the longest names and all fields come to. What is longer is a
/// dead letter that holds its beginning.
pub const RECORD_BYTES_MAX: usize = 4096;

/// The most energy that a reading may have for each second that it covers, mWh: a mean power of
/// 500 kW. No home draws as much; but a house of many flats behind one meter does come near it, and the
/// largest value in the real files that imports are tested with is a quarter-hour at 461 kW.
pub const ENERGY_PER_SECOND_MAX_MWH: i64 = 500_000_000 / 3600;

/// Whether no home can have used as much in that time.
pub const fn implausible(energy: Energy, interval: Interval) -> bool {
    energy.mwh() > ENERGY_PER_SECOND_MAX_MWH * interval.duration_s() as i64
}

/// Decodes and checks a record of the log as the door would have: what this returns is sound.
pub fn decode(key: &[u8], value: &[u8]) -> Result<Record, WireError> {
    if key.len() + value.len() > RECORD_BYTES_MAX {
        return Err(WireError::TooLong { bytes: key.len() + value.len() });
    }
    let message = RecordMessage::decode(value).map_err(|e| WireError::NotProtobuf(e.to_string()))?;
    let redriven_from = message.redriven_from.map(Position::from);
    match message.body.ok_or(WireError::Empty)? {
        BodyMessage::Reading(reading) => {
            let meter = keyed(key, &reading.meter_id)?;
            let interval = Interval::new(UtcSecond(reading.start), i64::from(reading.duration_s))
                .map_err(|e| field("start or duration_s", e))?;
            let energy = Energy::from_mwh(reading.energy_mwh);
            if energy < Energy::ZERO {
                return Err(field("energy_mwh", "is negative"));
            }
            if implausible(energy, interval) {
                return Err(field("energy_mwh", "is more than a home can use"));
            }
            Ok(Record::Reading(Reading { meter, interval, energy }, redriven_from))
        }
        BodyMessage::Registration(registration) => {
            let meter = keyed(key, &registration.meter_id)?;
            let area = AreaCode::parse(&registration.area).map_err(|e| field("area", e))?;
            let dwelling = registration.dwelling.map(dwelling).transpose()?.unwrap_or_default();
            Ok(Record::Registration(Registration { meter, area, dwelling }, redriven_from))
        }
        BodyMessage::GenerationBegins(marker) if marker.generation > 0 && marker.partitions > 0 => {
            let GenerationBeginsMessage { generation, partitions, token } = marker;
            Ok(Record::GenerationBegins(Generation { generation, partitions, token }))
        }
        BodyMessage::GenerationBegins(_) => Err(field("generation or partitions", "is 0")),
    }
}

fn keyed(key: &[u8], meter_id: &str) -> Result<MeterId, WireError> {
    if key != meter_id.as_bytes() {
        return Err(WireError::KeyMismatch {
            key: String::from_utf8_lossy(key).into_owned(),
            meter_id: meter_id.to_owned(),
        });
    }
    MeterId::parse(meter_id).map_err(|e| field("meter_id", e))
}

fn dwelling(message: DwellingMessage) -> Result<Dwelling, WireError> {
    let small = |name, value: Option<u32>| {
        value.map(|v| u8::try_from(v).map_err(|_| field(name, "is more than 255"))).transpose()
    };
    // A kind or heating of a later schema is "not known", not an error.
    Ok(Dwelling {
        kind: DwellingKind::ALL.into_iter().find(|&k| k as i32 == message.kind),
        bedrooms: small("bedrooms", message.bedrooms)?,
        occupants: small("occupants", message.occupants)?,
        heating: Heating::ALL.into_iter().find(|&h| h as i32 == message.heating),
    })
}

impl From<Dwelling> for DwellingMessage {
    fn from(dwelling: Dwelling) -> Self {
        DwellingMessage {
            kind: dwelling.kind.map_or(0, |kind| kind as i32),
            bedrooms: dwelling.bedrooms.map(u32::from),
            occupants: dwelling.occupants.map(u32::from),
            heating: dwelling.heating.map_or(0, |heating| heating as i32),
        }
    }
}

impl Record {
    /// As bytes for the log.
    pub fn encode(&self) -> Vec<u8> {
        let (body, redriven_from) = match self {
            Record::Reading(reading, redriven_from) => (
                BodyMessage::Reading(ReadingMessage {
                    meter_id: reading.meter.as_str().to_owned(),
                    start: reading.interval.start().0,
                    duration_s: u32::from(reading.interval.duration_s()),
                    energy_mwh: reading.energy.mwh(),
                }),
                redriven_from.map(PositionMessage::from),
            ),
            Record::Registration(registration, redriven_from) => (
                BodyMessage::Registration(RegistrationMessage {
                    meter_id: registration.meter.as_str().to_owned(),
                    area: registration.area.as_str().to_owned(),
                    dwelling: Some(registration.dwelling.into()),
                }),
                redriven_from.map(PositionMessage::from),
            ),
            &Record::GenerationBegins(Generation { generation, partitions, token }) => {
                let marker = GenerationBeginsMessage { generation, partitions, token };
                (BodyMessage::GenerationBegins(marker), None)
            }
        };
        RecordMessage { body: Some(body), redriven_from }.encode_to_vec()
    }
}

/// The partition of a key among `partitions`: murmur2 as Kafka's Java client computes it, so that any
/// producer that hashes as Java does by default puts a meter where we would.
pub fn partition_of(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % partitions
}

/// Austin Appleby's MurmurHash2, 32 bits, with the seed of Kafka's Java client.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut h: u32 = 0x9747_b28c ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k ^= k >> 24;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        for (n, &byte) in rest.iter().enumerate() {
            h ^= u32::from(byte) << (8 * n);
        }
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur2_as_in_java() {
        // From Kafka's own UtilsTest.
        let check = |text: &str, expect: i32| assert_eq!(murmur2(text.as_bytes()) as i32, expect, "{text}");
        check("21", -973_932_308);
        check("foobar", -790_332_482);
        check("a-little-bit-long-string", -985_981_536);
        check("a-little-bit-longer-string", -1_486_304_829);
        check("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971);
        check("abc", 479_470_107);
    }

    #[test]
    fn a_record_comes_back() {
        let reading = Reading {
            meter: MeterId::parse("MAC000002").unwrap(),
            interval: Interval::new(UtcSecond(1_795_341_600), 1800).unwrap(),
            energy: Energy::from_mwh(212_500),
        };
        let record = Record::Reading(reading, Some(Position::new(2, 7)));
        assert_eq!(decode(b"MAC000002", &record.encode()), Ok(record.clone()));
        assert!(matches!(decode(b"MAC000003", &record.encode()), Err(WireError::KeyMismatch { .. })));
        assert_eq!(decode(b"", b""), Err(WireError::Empty));
        assert!(matches!(decode(b"x", b"\xff\xff"), Err(WireError::NotProtobuf(_))));
        let marker = Record::GenerationBegins(Generation { generation: 1, partitions: 4, token: 7 });
        assert_eq!(decode(b"", &marker.encode()), Ok(marker));
    }
}
