//! What cases are made of.

use bytes::Bytes;
use metering::reading::{DwellingKind, Heating};
use metering::stored::{DeadLetter, FlushPlan, Hint, PlacedRow, RawVersion, RegistrationVersion};
use metering::{
    AggregateRow, AreaCode, DeadReason, Dwelling, Energy, Interval, MeterId, Place, Position, UtcSecond,
    Window,
};

/// A midnight: 2026-11-22T00:00:00Z.
pub(super) const DAY: i32 = 20_779;

/// Random numbers that are the same every time (SplitMix64, as published by Steele, Lea and Flood).
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

pub(super) fn meter(name: &str) -> MeterId {
    MeterId::parse(name).unwrap()
}

pub(super) fn area(code: &str) -> AreaCode {
    AreaCode::parse(code).unwrap()
}

pub(super) fn at(offset: i64) -> Position {
    Position::new(1, offset)
}

/// An instant: minutes after the midnight of [`DAY`].
pub(super) fn minute(minute: i64) -> UtcSecond {
    UtcSecond(i64::from(DAY) * 86_400 + 60 * minute)
}

pub(super) fn window(of_day: usize) -> Window {
    Window::at(DAY, of_day)
}

/// A plan that writes nothing but progress.
pub(super) fn plan(partition: u32, progress: i64) -> FlushPlan {
    FlushPlan::of_nothing(partition, at(progress))
}

pub(super) fn place(code: &str, window: Window) -> Place {
    Place { area: area(code), window }
}

pub(super) fn row(through: i64, mwh: i64) -> AggregateRow {
    AggregateRow { through: at(through), energy: Energy::from_mwh(mwh), meters: 1, meter_seconds: 1800 }
}

pub(super) fn placed(code: &str, window: Window, row: AggregateRow) -> PlacedRow {
    PlacedRow { place: place(code, window), row }
}

/// A version: minutes after midnight, minutes long.
pub(super) fn version(name: &str, start: i64, minutes: i64, offset: i64, mwh: i64) -> RawVersion {
    RawVersion {
        meter: meter(name),
        interval: Interval::new(minute(start), 60 * minutes).unwrap(),
        at: at(offset),
        energy: Energy::from_mwh(mwh),
        area: area("E01000001"),
    }
}

pub(super) fn registration(name: &str, offset: i64, code: &str) -> RegistrationVersion {
    let dwelling = Dwelling {
        kind: Some(DwellingKind::Flat),
        bedrooms: Some((offset % 9) as u8),
        occupants: None,
        heating: Some(Heating::HeatPump),
    };
    RegistrationVersion { meter: meter(name), at: at(offset), area: area(code), dwelling }
}

pub(super) fn hint(offset: i64, end: i64) -> Hint {
    Hint { at: at(offset), end: minute(end) }
}

pub(super) fn letter(partition: u32, offset: i64, name: &str, reason: DeadReason) -> DeadLetter {
    DeadLetter {
        partition,
        at: at(offset),
        reason,
        detail: format!("why {offset} is one"),
        appended_ms: 1_795_000_000_000 + offset,
        key: Bytes::copy_from_slice(name.as_bytes()),
        value: Bytes::from(vec![offset as u8; 40]),
    }
}
