//! The keys of the store: one tree holds everything, so that one batch writes everything at once.
//!
//! The first byte is the kind. Days and positions are big-endian with the sign turned, so that keys
//! sort as what they stand for; names end with a zero byte, which no name contains, so that `AB` does
//! not stand among the keys of `A`.
//!
//! | kind | key | value | why so |
//! | --- | --- | --- | --- |
//! | `a` | edition, day, area, partition | the day's 48 windows | a day of all areas is one short scan; a flush touches few keys |
//! | `r` | day, meter, number | a block of versions | the end of retention is one range; a meter's day is one place; nothing is read to write |
//! | `g` | meter, position | a registration | versions, found by meter |
//! | `h` | meter | a hint | |
//! | `p` | partition | progress | |
//! | `d` | partition, position | a dead letter | pages in order |
//! | `c` | reason | dead letters of it | |
//! | `k` | kind, name | a document | |
//! | `u` | day | nothing: the day has blocks that are not packed | |

use engine::Edition;
use metering::{AreaCode, MeterId, Position};

fn sortable32(number: i32) -> [u8; 4] {
    ((number as u32) ^ (1 << 31)).to_be_bytes()
}

fn sortable64(number: i64) -> [u8; 8] {
    ((number as u64) ^ (1 << 63)).to_be_bytes()
}

fn named(mut key: Vec<u8>, name: &str) -> Vec<u8> {
    key.extend_from_slice(name.as_bytes());
    key.push(0);
    key
}

fn put_position(key: &mut Vec<u8>, at: Position) {
    key.extend_from_slice(&at.generation.to_be_bytes());
    key.extend_from_slice(&sortable64(at.offset));
}

/// Everything of a day and kind.
pub(crate) fn day(kind: u8, day: i32) -> Vec<u8> {
    let mut key = Vec::with_capacity(40);
    key.push(kind);
    key.extend_from_slice(&sortable32(day));
    key
}

/// The day in a key of [`day`]'s form.
pub(crate) fn day_of(key: &[u8]) -> Option<i32> {
    let bytes = key.get(1..5)?.try_into().ok()?;
    Some((u32::from_be_bytes(bytes) ^ (1 << 31)) as i32)
}

/// The name that follows the day.
pub(crate) fn name_after_day(key: &[u8]) -> Option<&str> {
    let rest = key.get(5..)?;
    let end = rest.iter().position(|&b| b == 0)?;
    std::str::from_utf8(&rest[..end]).ok()
}

const AGGREGATE: u8 = b'a';
pub(crate) const RAW: u8 = b'r';
pub(crate) const REGISTRATION: u8 = b'g';
pub(crate) const DEAD: u8 = b'd';
pub(crate) const DEAD_COUNT: u8 = b'c';
pub(crate) const PROGRESS: u8 = b'p';
pub(crate) const UNPACKED: u8 = b'u';

/// All aggregates of an edition.
pub(crate) fn aggregates(edition: Edition) -> Vec<u8> {
    let mut key = Vec::with_capacity(40);
    key.push(AGGREGATE);
    key.extend_from_slice(&edition.0.to_be_bytes());
    key
}

/// All partitions' rows of a day.
pub(crate) fn aggregates_of_day(edition: Edition, day_number: i32) -> Vec<u8> {
    let mut key = aggregates(edition);
    key.extend_from_slice(&sortable32(day_number));
    key
}

/// All partitions' rows of an area's day.
pub(crate) fn area_day(edition: Edition, day_number: i32, area: &AreaCode) -> Vec<u8> {
    named(aggregates_of_day(edition, day_number), area.as_str())
}

pub(crate) fn aggregate(edition: Edition, day_number: i32, area: &AreaCode, partition: u32) -> Vec<u8> {
    let mut key = area_day(edition, day_number, area);
    key.extend_from_slice(&partition.to_be_bytes());
    key
}

/// Bytes of an aggregate's key before its day.
const BEFORE_DAY: usize = 4;

/// The day of an aggregate's key.
pub(crate) fn day_of_aggregate(key: &[u8]) -> Option<i32> {
    day_of(key.get(BEFORE_DAY..)?)
}

/// The area of an aggregate's key.
pub(crate) fn area_of_aggregate(key: &[u8]) -> Option<&str> {
    name_after_day(key.get(BEFORE_DAY..)?)
}

/// The partition at the end of a key.
pub(crate) fn partition_of(key: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(*key.last_chunk()?))
}

/// All blocks of a meter's day.
pub(crate) fn meter_day(day_number: i32, meter: &MeterId) -> Vec<u8> {
    named(day(RAW, day_number), meter.as_str())
}

/// One block of a meter's day. The number only has to be another one than every other block's:
/// it is that of the batch that writes it, and 48 bits of it last for ever.
pub(crate) fn block(mut meter_day: Vec<u8>, number: u64) -> Vec<u8> {
    meter_day.extend_from_slice(&number.to_be_bytes()[2..]);
    meter_day
}

/// All registrations of a meter.
pub(crate) fn registrations(meter: &MeterId) -> Vec<u8> {
    named(vec![REGISTRATION], meter.as_str())
}

pub(crate) fn registration(meter: &MeterId, at: Position) -> Vec<u8> {
    let mut key = registrations(meter);
    put_position(&mut key, at);
    key
}

pub(crate) fn hint(meter: &MeterId) -> Vec<u8> {
    named(vec![b'h'], meter.as_str())
}

pub(crate) fn progress(partition: u32) -> Vec<u8> {
    let mut key = vec![PROGRESS];
    key.extend_from_slice(&partition.to_be_bytes());
    key
}

pub(crate) fn dead(partition: u32, at: Position) -> Vec<u8> {
    let mut key = vec![DEAD];
    key.extend_from_slice(&partition.to_be_bytes());
    put_position(&mut key, at);
    key
}

pub(crate) fn dead_count(reason: u8) -> Vec<u8> {
    vec![DEAD_COUNT, reason]
}

/// All documents of a kind.
pub(crate) fn documents(kind: &str) -> Vec<u8> {
    named(vec![b'k'], kind)
}

pub(crate) fn document(kind: &str, id: &str) -> Vec<u8> {
    let mut key = documents(kind);
    key.extend_from_slice(id.as_bytes());
    key
}

/// The position at the end of a key.
pub(crate) fn position_at_end(key: &[u8]) -> Option<Position> {
    let bytes: &[u8; 12] = key.last_chunk()?;
    let (generation, offset) = bytes.split_first_chunk::<4>()?;
    let offset = u64::from_be_bytes(*offset.first_chunk()?) ^ (1 << 63);
    Some(Position::new(u32::from_be_bytes(*generation), offset as i64))
}

/// The partition of a dead letter's key.
pub(crate) fn dead_partition(key: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(key.get(1..5)?.try_into().ok()?))
}
