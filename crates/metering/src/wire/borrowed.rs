//! Readings decoded without an allocation. Nearly all of a log is readings as every protobuf encoder
//! writes them: fields once each, in order. Those are read here; all else, and everything that is
//! wrong, goes the general way, so that there is one opinion on what a record means.

use super::{
    Energy, Generation, Interval, MeterId, Position, Record, Registration, UtcSecond, WireError, decode,
    implausible,
};

/// A reading as it lies in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadingRef<'a> {
    /// Whose: a valid [`MeterId`], and the record's key.
    pub meter: &'a str,
    /// When.
    pub interval: Interval,
    /// How much. Never negative.
    pub energy: Energy,
    /// Of a redriven record, what it may replace: nothing that came after this.
    pub redriven_from: Option<Position>,
}

/// A record of the log that is well formed, with its reading borrowed.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordRef<'a> {
    /// Consumption.
    Reading(ReadingRef<'a>),
    /// A registration, and of a redriven one the same.
    Registration(Registration, Option<Position>),
    /// A new log begins here, or partitions were added.
    GenerationBegins(Generation),
}

/// As [`decode`], without an allocation for a reading.
pub fn decode_ref<'a>(key: &'a [u8], value: &[u8]) -> Result<RecordRef<'a>, WireError> {
    if let Some(reading) = quick_reading(key, value) {
        return Ok(RecordRef::Reading(reading));
    }
    Ok(match decode(key, value)? {
        Record::Reading(reading, redriven_from) => RecordRef::Reading(ReadingRef {
            // What decodes has its meter's name as its key, and such a name is ASCII.
            meter: std::str::from_utf8(key).unwrap_or_default(),
            interval: reading.interval,
            energy: reading.energy,
            redriven_from,
        }),
        Record::Registration(registration, redriven_from) => {
            RecordRef::Registration(registration, redriven_from)
        }
        Record::GenerationBegins(generation) => RecordRef::GenerationBegins(generation),
    })
}

/// A sound reading in its usual form, or nothing.
fn quick_reading<'a>(key: &'a [u8], value: &[u8]) -> Option<ReadingRef<'a>> {
    let mut record = Fields(value);
    let mut reading = Fields(record.message(0x0a)?);
    let redriven_from = if record.0.is_empty() {
        None
    } else {
        let mut position = Fields(record.message(0x22)?);
        let generation = u32::try_from(position.number(0x08)?).ok()?;
        let offset = position.number(0x10)?;
        position.0.is_empty().then_some(())?;
        Some(Position::new(generation, offset))
    };
    record.0.is_empty().then_some(())?;
    let meter = reading.message(0x0a)?;
    let start = reading.number(0x10)?;
    let duration_s = reading.number(0x18)?;
    let energy = Energy::from_mwh(reading.number(0x20)?);
    if !reading.0.is_empty() || meter != key || !is_meter_id(key) {
        return None;
    }
    let interval = Interval::new(UtcSecond(start), duration_s).ok()?;
    if implausible(energy, interval) {
        return None;
    }
    Some(ReadingRef { meter: std::str::from_utf8(key).ok()?, interval, energy, redriven_from })
}

fn is_meter_id(key: &[u8]) -> bool {
    (1..=MeterId::LONGEST).contains(&key.len())
        && key.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-'))
}

/// The fields of a message that are left to read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// A field of a known length, which must be the next one and shorter than 128 bytes, as all are.
    fn message(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&[found, length], rest) = self.0.split_first_chunk()?;
        if found != tag || length >= 128 {
            return None;
        }
        let (content, rest) = rest.split_at_checked(usize::from(length))?;
        self.0 = rest;
        Some(content)
    }

    /// A number that is not negative; zero where the next field is another one, for zeros are not sent.
    fn number(&mut self, tag: u8) -> Option<i64> {
        if self.0.first() != Some(&tag) {
            return Some(0);
        }
        let mut number = 0_u64;
        // Nine bytes hold every number that is not negative; a negative one takes ten.
        for (n, &byte) in self.0.iter().skip(1).take(9).enumerate() {
            number |= u64::from(byte & 0x7f) << (7 * n);
            if byte < 0x80 {
                self.0 = &self.0[n + 2..];
                return i64::try_from(number).ok();
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{BodyMessage, PositionMessage, ReadingMessage, RecordMessage};
    use super::*;
    use crate::Reading;

    fn reading() -> Record {
        let reading = Reading {
            meter: MeterId::parse("MAC000002").unwrap(),
            interval: Interval::new(UtcSecond(1_795_341_600), 1800).unwrap(),
            energy: Energy::from_mwh(212_500),
        };
        Record::Reading(reading, Some(Position::new(2, 7)))
    }

    /// Both decoders say the same of these bytes.
    fn agree(key: &[u8], value: &[u8]) -> Result<(), TestCaseError> {
        let general = decode(key, value);
        if let Some(quick) = quick_reading(key, value) {
            let Ok(Record::Reading(reading, redriven_from)) = &general else {
                return Err(TestCaseError::fail(format!("{quick:?} is {general:?}")));
            };
            prop_assert_eq!(quick.meter, reading.meter.as_str());
            prop_assert_eq!(
                (quick.interval, quick.energy, quick.redriven_from),
                (reading.interval, reading.energy, *redriven_from)
            );
        }
        prop_assert_eq!(decode_ref(key, value).is_ok(), general.is_ok());
        Ok(())
    }

    #[test]
    fn usual_readings_take_the_quick_way() {
        assert!(quick_reading(b"MAC000002", &reading().encode()).is_some());
        let Record::Reading(plain, _) = reading() else { unreachable!() };
        assert!(quick_reading(b"MAC000002", &Record::Reading(plain, None).encode()).is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn the_quick_decoder_agrees_with_the_general_one_on_any_reading(
            meter in "[A-Za-z0-9._:/ -]{0,70}", keyed in prop::bool::weighted(0.9),
            start in prop_oneof![0_i64..10_000_000, (0_i64..1_000_000).prop_map(|n| n * 1800), any::<i64>()],
            duration_s in prop_oneof![Just(1800_u32), Just(3600), Just(300), any::<u32>()],
            energy_mwh in prop_oneof![0_i64..1_000_000, any::<i64>()],
            redriven in prop::option::of((any::<u32>(), any::<i64>())),
        ) {
            let value = prost::Message::encode_to_vec(&RecordMessage {
                body: Some(BodyMessage::Reading(ReadingMessage { meter_id: meter.clone(), start, duration_s, energy_mwh })),
                redriven_from: redriven.map(|(generation, offset)| PositionMessage { generation, offset }),
            });
            agree(if keyed { meter.as_bytes() } else { b"other" }, &value)?;
        }

        #[test]
        fn and_on_damaged_ones(damage in prop::collection::vec((0_usize..60, any::<u8>()), 0..3), cut in 0_usize..60) {
            let mut value = reading().encode();
            for (at, byte) in damage {
                let length = value.len();
                value[at % length] = byte;
            }
            value.truncate(cut.max(1));
            agree(b"MAC000002", &value)?;
        }

        #[test]
        fn and_on_noise(value in prop::collection::vec(any::<u8>(), 0..40)) {
            agree(b"a", &value)?;
        }
    }
}
