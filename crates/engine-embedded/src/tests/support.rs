//! What tests have in common.

use std::time::Duration;

use bytes::Bytes;
use engine::Envelope;
use metering::stored::{FlushPlan, PlacedRow, RawVersion};
use metering::wire::Record;
use metering::{AggregateRow, AreaCode, Energy, Interval, MeterId, Place, Position, Reading, UtcSecond};

use crate::EmbeddedConfig;

/// Small, so that everything happens soon.
pub(crate) fn config() -> EmbeddedConfig {
    EmbeddedConfig {
        disk_reserve_bytes: 0,
        segment_bytes: 64 << 10,
        memtable_bytes: 256 << 10,
        checkpoint_every: Duration::from_millis(300),
        pack_after_quiet: Duration::from_secs(5),
        ..EmbeddedConfig::default()
    }
}

pub(crate) fn reading(meter: &str, n: i64) -> Reading {
    Reading {
        meter: MeterId::parse(meter).unwrap(),
        interval: Interval::new(UtcSecond(1_795_341_600 + 1800 * n), 1800).unwrap(),
        energy: Energy::from_mwh(1000 + n),
    }
}

pub(crate) fn envelope(meter: &str, n: i64) -> Envelope {
    let value = Bytes::from(Record::Reading(reading(meter, n), None).encode());
    Envelope { key: Bytes::copy_from_slice(meter.as_bytes()), value }
}

/// One reading, decided at an offset.
pub(crate) fn plan(partition: u32, meter: &str, offset: i64) -> FlushPlan {
    let reading = reading(meter, offset);
    let (at, area) = (Position::new(1, offset), AreaCode::parse("E01000001").unwrap());
    FlushPlan {
        partition,
        rows: vec![PlacedRow {
            place: Place { area: area.clone(), window: reading.interval.first_window() },
            row: AggregateRow { through: at, energy: reading.energy, meters: 1, meter_seconds: 1800 },
        }],
        raw: vec![RawVersion {
            meter: reading.meter,
            interval: reading.interval,
            at,
            energy: reading.energy,
            area,
        }],
        registrations: vec![],
        hints: vec![],
        dead: vec![],
        progress: at,
    }
}
