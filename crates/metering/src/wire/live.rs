//! The messages of the live topic.

use prost::Message;

use super::{PositionMessage, WireError, field};
use crate::stored::{HomeChange, PlacedRow};
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
    /// Rows of the same moment follow.
    #[prost(bool, tag = "5")]
    pub more: bool,
    /// Milliseconds since 1970; 0 if it is not known.
    #[prost(int64, tag = "6")]
    pub oldest_ms: i64,
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
    /// Homes that changed it in part.
    #[prost(fixed32, repeated, tag = "7")]
    pub homes: Vec<u32>,
    /// How far before `through` they did.
    #[prost(uint64, repeated, tag = "8")]
    pub homes_before: Vec<u64>,
}

/// As bytes for the live topic.
pub fn encode_live(live: &LiveMessage) -> Vec<u8> {
    let LiveMessage { partition, edition, rows, homes, newest_ms, oldest_ms, more } = live;
    let mut homes = homes.iter().peekable();
    let mut message = LiveRowsMessage {
        partition: *partition,
        newest_ms: *newest_ms,
        rows: Vec::with_capacity(rows.len()),
        edition: *edition,
        more: *more,
        oldest_ms: oldest_ms.unwrap_or(0),
    };
    for (number, PlacedRow { place, row }) in (0..).zip(rows) {
        let mut of_row = LiveRowMessage {
            area: place.area.as_str().to_owned(),
            window: place.window.0,
            through: Some(row.through.into()),
            energy_mwh: row.energy.mwh(),
            meters: row.meters,
            meter_seconds: row.meter_seconds,
            ..LiveRowMessage::default()
        };
        while let Some(HomeChange { home, at, .. }) = homes.next_if(|change| change.row <= number) {
            of_row.homes.push(*home);
            of_row.homes_before.push((row.through.stamp() - at.stamp()).max(0) as u64);
        }
        message.rows.push(of_row);
    }
    message.encode_to_vec()
}

/// What a live message says: one partition's changed rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveMessage {
    /// Whose rows.
    pub partition: u32,
    /// Of which edition of the aggregates.
    pub edition: u32,
    /// The rows.
    pub rows: Vec<PlacedRow>,
    /// Homes that changed some of them in part, in order of the rows.
    pub homes: Vec<HomeChange>,
    /// The append time of the newest record in them.
    pub newest_ms: i64,
    /// And of the oldest that they tell of for the first time.
    pub oldest_ms: Option<i64>,
    /// Rows of the same moment follow.
    pub more: bool,
}

/// From the bytes of the live topic.
pub fn decode_live(value: &[u8]) -> Result<LiveMessage, WireError> {
    let message =
        LiveRowsMessage::decode(value).map_err(|error| WireError::NotProtobuf(error.to_string()))?;
    let LiveRowsMessage { partition, newest_ms, rows, edition, more, oldest_ms } = message;
    let mut decoded = LiveMessage {
        partition,
        edition,
        rows: Vec::with_capacity(rows.len()),
        homes: Vec::new(),
        newest_ms,
        oldest_ms: Some(oldest_ms).filter(|&ms| ms > 0),
        more,
    };
    for (number, row) in (0..).zip(rows) {
        let area = AreaCode::parse(&row.area).map_err(|error| field("area", error))?;
        let through = row.through.map(Position::from).ok_or_else(|| field("through", "is missing"))?;
        if row.homes.len() != row.homes_before.len() {
            return Err(field("homes_before", "has another length than homes"));
        }
        for (&home, before) in row.homes.iter().zip(row.homes_before) {
            let before = i64::try_from(before).ok().filter(|&before| before <= through.stamp());
            let before = before.ok_or_else(|| field("homes_before", "is before the log"))?;
            let at = Position::from_stamp(through.stamp() - before);
            decoded.homes.push(HomeChange { row: number, home, at });
        }
        decoded.rows.push(PlacedRow {
            place: Place { area, window: Window(row.window) },
            row: AggregateRow {
                through,
                energy: Energy::from_mwh(row.energy_mwh),
                meters: row.meters,
                meter_seconds: row.meter_seconds,
            },
        });
    }
    Ok(decoded)
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
        let at = |offset: i64| Position::new(3, (1 << 40) - offset);
        let homes = [(0, 7, 0), (0, u32::MAX, 5), (1, 7, 2)].map(|(row, home, back)| HomeChange {
            row,
            home,
            at: at(back),
        });
        let mut message = LiveMessage {
            partition: 7,
            edition: 2,
            rows,
            homes: homes.to_vec(),
            newest_ms: 1_795_000_000_000,
            oldest_ms: Some(1_794_999_999_000),
            more: true,
        };
        assert_eq!(decode_live(&encode_live(&message)), Ok(message.clone()));
        message.oldest_ms = None;
        assert_eq!(decode_live(&encode_live(&message)), Ok(message));
        assert!(decode_live(b"\xff").is_err());
    }

    #[test]
    fn homes_of_no_position_are_refused() {
        let through = Some(PositionMessage { generation: 1, offset: 4 });
        let row = LiveRowMessage { area: "E01".into(), through, homes: vec![1], ..LiveRowMessage::default() };
        let refused = |homes_before: Vec<u64>| {
            let rows = vec![LiveRowMessage { homes_before, ..row.clone() }];
            decode_live(&LiveRowsMessage { rows, ..LiveRowsMessage::default() }.encode_to_vec()).is_err()
        };
        assert!(!refused(vec![5]));
        assert!(refused(vec![]) && refused(vec![u64::MAX]) && refused(vec![1 << 43]));
    }
}
