//! The messages of the live topic.

use prost::Message;

use super::{PositionMessage, WireError, field};
use crate::stored::PlacedRow;
use crate::{AggregateRow, AreaCode, Energy, Place, Position, Window};

/// `wattmap.v1.LiveRows`
#[derive(Clone, PartialEq, Message)]
pub struct LiveRowsMessage {
    /// Whose.
    #[prost(uint32, tag = "1")]
    pub partition: u32,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "2")]
    pub newest_ms: i64,
    /// What changed.
    #[prost(message, repeated, tag = "3")]
    pub rows: Vec<LiveRowMessage>,
    /// Which edition of the aggregates they are of.
    #[prost(uint32, tag = "4")]
    pub edition: u32,
}

/// `wattmap.v1.LiveRow`
#[derive(Clone, PartialEq, Message)]
pub struct LiveRowMessage {
    /// The area.
    #[prost(string, tag = "1")]
    pub area: String,
    /// Half-hours since 1970.
    #[prost(sint32, tag = "2")]
    pub window: i32,
    /// The last position that changed it.
    #[prost(message, optional, tag = "3")]
    pub through: Option<PositionMessage>,
    /// mWh.
    #[prost(sint64, tag = "4")]
    pub energy_mwh: i64,
    /// Meters heard from.
    #[prost(sint64, tag = "5")]
    pub meters: i64,
    /// Meter-seconds.
    #[prost(sint64, tag = "6")]
    pub meter_seconds: i64,
}

/// One partition's changed rows, as bytes for the live topic.
pub fn encode_live(partition: u32, edition: u32, rows: &[PlacedRow], newest_ms: i64) -> Vec<u8> {
    let rows = rows.iter().map(|PlacedRow { place, row }| LiveRowMessage {
        area: place.area.as_str().to_owned(),
        window: place.window.0,
        through: Some(row.through.into()),
        energy_mwh: row.energy.mwh(),
        meters: row.meters,
        meter_seconds: row.meter_seconds,
    });
    LiveRowsMessage { partition, newest_ms, rows: rows.collect(), edition }.encode_to_vec()
}

/// What a live message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedLive {
    /// Whose rows.
    pub partition: u32,
    /// Of which edition of the aggregates.
    pub edition: u32,
    /// The rows.
    pub rows: Vec<PlacedRow>,
    /// The append time of the newest record in them.
    pub newest_ms: i64,
}

/// From the bytes of the live topic.
pub fn decode_live(value: &[u8]) -> Result<DecodedLive, WireError> {
    let message =
        LiveRowsMessage::decode(value).map_err(|error| WireError::NotProtobuf(error.to_string()))?;
    let LiveRowsMessage { partition, newest_ms, rows, edition } = message;
    let rows = rows.into_iter().map(|row| {
        let area = AreaCode::parse(&row.area).map_err(|error| field("area", error))?;
        let through = row.through.map(Position::from).ok_or_else(|| field("through", "is missing"))?;
        Ok(PlacedRow {
            place: Place { area, window: Window(row.window) },
            row: AggregateRow {
                through,
                energy: Energy::from_mwh(row.energy_mwh),
                meters: row.meters,
                meter_seconds: row.meter_seconds,
            },
        })
    });
    let rows = rows.collect::<Result<_, WireError>>()?;
    Ok(DecodedLive { partition, edition, rows, newest_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back() {
        let row = |code: &str, window, mwh| PlacedRow {
            place: Place { area: AreaCode::parse(code).unwrap(), window: Window(window) },
            row: AggregateRow {
                through: Position::new(3, 1 << 40),
                energy: Energy::from_mwh(mwh),
                meters: -1,
                meter_seconds: -1800,
            },
        };
        let rows = vec![row("E01000001", 997_392, -5), row("E01000002", -1, i64::MAX)];
        let encoded = encode_live(7, 2, &rows, 1_795_000_000_000);
        let expected = DecodedLive { partition: 7, edition: 2, rows, newest_ms: 1_795_000_000_000 };
        assert_eq!(decode_live(&encoded), Ok(expected));
        assert!(decode_live(b"\xff").is_err());
    }
}
