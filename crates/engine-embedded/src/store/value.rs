//! The values of the store, except blocks of raw versions ([`super::block`]). What does not decode is
//! `None`: whoever asked says which key it was.

use bytes::Bytes;
use metering::reading::{DwellingKind, Heating};
use metering::stored::{DeadLetter, Hint, RegistrationVersion};
use metering::{AggregateRow, AreaCode, DeadReason, Dwelling, Energy, MeterId, Position, UtcSecond};

use crate::varint::{put, put_bytes, put_signed, take, take_bytes, take_signed};

/// The form of a value. Another one, in a later version of the project, is told apart by it.
const FORM: u8 = 1;
const WINDOWS: usize = 48;

/// One partition's rows of an area's day, by number of the window in the day.
pub(crate) type DayRows = [Option<AggregateRow>; WINDOWS];

pub(crate) fn put_position(out: &mut Vec<u8>, at: Position) {
    put(out, u64::from(at.generation));
    put_signed(out, at.offset);
}

pub(crate) fn take_position(rest: &mut &[u8]) -> Option<Position> {
    Some(Position::new(u32::try_from(take(rest)?).ok()?, take_signed(rest)?))
}

fn begin(value: &[u8]) -> Option<&[u8]> {
    value.split_first().filter(|&(&form, _)| form == FORM).map(|(_, rest)| rest)
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    std::str::from_utf8(take_bytes(rest)?).ok()
}

/// A bit a window, the newest `through`, then each row: how far its `through` is behind the newest,
/// and what it says. Meter-seconds are mostly meters times half an hour: what differs is written.
pub(crate) fn encode_rows(rows: &DayRows) -> Vec<u8> {
    let mut out = vec![FORM];
    let present = rows.iter().enumerate().filter(|(_, row)| row.is_some());
    let bits = present.fold(0_u64, |bits, (n, _)| bits | 1 << n);
    out.extend_from_slice(&bits.to_le_bytes()[..6]);
    let newest = rows.iter().flatten().map(|row| row.through).max().unwrap_or_default();
    put_position(&mut out, newest);
    for row in rows.iter().flatten() {
        put(&mut out, u64::from(newest.generation - row.through.generation));
        put_signed(&mut out, newest.offset.wrapping_sub(row.through.offset));
        put_signed(&mut out, row.energy.mwh());
        put_signed(&mut out, row.meters);
        put_signed(&mut out, row.meter_seconds.wrapping_sub(row.meters.wrapping_mul(1800)));
    }
    out
}

pub(crate) fn decode_rows(value: &[u8]) -> Option<DayRows> {
    let (bits, mut rest) = begin(value)?.split_first_chunk::<6>()?;
    let bits = bits.iter().rev().fold(0_u64, |bits, &byte| bits << 8 | u64::from(byte));
    let newest = take_position(&mut rest)?;
    let mut rows = [None; WINDOWS];
    for (n, row) in rows.iter_mut().enumerate() {
        if bits & 1 << n == 0 {
            continue;
        }
        let generation = newest.generation.checked_sub(u32::try_from(take(&mut rest)?).ok()?)?;
        let offset = newest.offset.wrapping_sub(take_signed(&mut rest)?);
        let energy = Energy::from_mwh(take_signed(&mut rest)?);
        let meters = take_signed(&mut rest)?;
        let meter_seconds = take_signed(&mut rest)?.wrapping_add(meters.wrapping_mul(1800));
        *row =
            Some(AggregateRow { through: Position::new(generation, offset), energy, meters, meter_seconds });
    }
    rest.is_empty().then_some(rows)
}

pub(crate) fn encode_registration(registration: &RegistrationVersion) -> Vec<u8> {
    let mut out = vec![FORM];
    put_bytes(&mut out, registration.area.as_str().as_bytes());
    let dwelling = registration.dwelling;
    out.push(dwelling.kind.map_or(0, |kind| kind as u8));
    out.push(dwelling.heating.map_or(0, |heating| heating as u8));
    put(&mut out, dwelling.bedrooms.map_or(0, |n| u64::from(n) + 1));
    put(&mut out, dwelling.occupants.map_or(0, |n| u64::from(n) + 1));
    out
}

pub(crate) fn decode_registration(meter: MeterId, at: Position, value: &[u8]) -> Option<RegistrationVersion> {
    let mut rest = begin(value)?;
    let area = AreaCode::parse(text(&mut rest)?).ok()?;
    let (&[kind, heating], mut rest) = rest.split_first_chunk::<2>()?;
    let mut count = || Some(take(&mut rest)?.checked_sub(1).map(|n| n as u8));
    let (bedrooms, occupants) = (count()?, count()?);
    let kind = DwellingKind::ALL.into_iter().find(|&k| k as u8 == kind);
    let heating = Heating::ALL.into_iter().find(|&h| h as u8 == heating);
    Some(RegistrationVersion { meter, at, area, dwelling: Dwelling { kind, bedrooms, occupants, heating } })
}

pub(crate) fn encode_hint(hint: &Hint) -> Vec<u8> {
    let mut out = vec![FORM];
    put_position(&mut out, hint.at);
    put_signed(&mut out, hint.end.0);
    out
}

pub(crate) fn decode_hint(value: &[u8]) -> Option<Hint> {
    let mut rest = begin(value)?;
    let at = take_position(&mut rest)?;
    // Older ones go on with areas.
    let end = UtcSecond(take_signed(&mut rest)?);
    Some(Hint { at, end })
}

pub(crate) fn encode_dead(letter: &DeadLetter) -> Vec<u8> {
    let mut out = vec![FORM, letter.reason as u8];
    put_signed(&mut out, letter.appended_ms);
    put_bytes(&mut out, letter.detail.as_bytes());
    put_bytes(&mut out, &letter.key);
    put_bytes(&mut out, &letter.value);
    out
}

pub(crate) fn decode_dead(partition: u32, at: Position, value: &[u8]) -> Option<DeadLetter> {
    let (&reason, mut rest) = begin(value)?.split_first()?;
    Some(DeadLetter {
        partition,
        at,
        reason: DeadReason::from_number(reason)?,
        appended_ms: take_signed(&mut rest)?,
        detail: text(&mut rest)?.to_owned(),
        key: Bytes::copy_from_slice(take_bytes(&mut rest)?),
        value: Bytes::copy_from_slice(take_bytes(&mut rest)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row() -> impl Strategy<Value = AggregateRow> {
        (1..5_u32, 0..1_i64 << 42, any::<i64>(), -9..9_i64, any::<i64>()).prop_map(
            |(generation, offset, energy, meters, meter_seconds)| AggregateRow {
                through: Position::new(generation, offset),
                energy: Energy::from_mwh(energy),
                meters,
                meter_seconds,
            },
        )
    }

    proptest! {
        #[test]
        fn rows_come_back(some in proptest::collection::vec((0..WINDOWS, row()), 0..60)) {
            let mut rows = [None; WINDOWS];
            for (n, row) in some {
                rows[n] = Some(row);
            }
            prop_assert_eq!(decode_rows(&encode_rows(&rows)), Some(rows));
        }

        #[test]
        fn nothing_panics(value in any::<Vec<u8>>()) {
            let at = Position::default();
            let _ = (decode_rows(&value), decode_hint(&value), decode_dead(0, at, &value));
            let _ = decode_registration(MeterId::parse("m").unwrap(), at, &value);
        }
    }

    #[test]
    fn the_others_come_back() {
        let at = Position::new(3, 77);
        let (meter, area) = (MeterId::parse("MAC1").unwrap(), AreaCode::parse("E01").unwrap());
        let dwelling = Dwelling {
            kind: Some(DwellingKind::Bungalow),
            bedrooms: Some(255),
            occupants: None,
            heating: Some(Heating::HeatPump),
        };
        let registration = RegistrationVersion { meter: meter.clone(), at, area: area.clone(), dwelling };
        assert_eq!(decode_registration(meter, at, &encode_registration(&registration)), Some(registration));
        let hint = Hint { at, end: UtcSecond(9) };
        let encoded = encode_hint(&hint);
        assert_eq!(decode_hint(&encoded), Some(hint));
        let with_areas = [&encoded[..], &[1, 3], area.as_str().as_bytes()].concat();
        assert_eq!(decode_hint(&with_areas), Some(hint));
        let letter = DeadLetter {
            partition: 2,
            at,
            reason: DeadReason::Overlap,
            detail: "why".into(),
            appended_ms: -4,
            key: Bytes::from_static(b"k"),
            value: Bytes::from_static(b"\xff"),
        };
        assert_eq!(decode_dead(2, at, &encode_dead(&letter)), Some(letter));
    }
}
