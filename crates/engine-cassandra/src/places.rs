//! Which partition of a table something lies in.

use engine::Edition;
use metering::wire::partition_of;
use metering::{AreaCode, MeterId, Position, UtcSecond, Window};

use crate::Sizing;

/// Dead letters of so many successive positions lie together.
const SLOT_BITS: u32 = 17;

impl Sizing {
    /// The group of a meter: by the producer's own hash, so that a bucket has one owner, and is found again when
    /// partitions are added.
    pub(crate) fn bucket(&self, meter: &MeterId) -> i32 {
        partition_of(meter.as_str().as_bytes(), self.buckets) as i32
    }

    /// The group of an area, in an edition.
    pub(crate) fn shard(&self, edition: Edition, area: &AreaCode) -> i32 {
        numbered(edition, partition_of(area.as_str().as_bytes(), self.shards))
    }

    pub(crate) fn all_buckets(&self) -> impl Iterator<Item = i32> + use<> {
        0..self.buckets as i32
    }

    pub(crate) fn all_shards(&self, edition: Edition) -> impl Iterator<Item = i32> + use<> {
        (0..self.shards).map(move |shard| numbered(edition, shard))
    }
}

/// The last number of an edition: there are fewer groups of areas, and partitions of a log.
pub(crate) const EDITION_LAST: u32 = 0xffff;

/// Numbers of an edition are apart from all others'; those of the first are as they are.
pub(crate) fn numbered(edition: Edition, number: u32) -> i32 {
    ((edition.0 << 16) | number) as i32
}

/// What a day has something of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Aggregates = 0,
    Readings = 1,
}

/// Where a partition's dead letter of this position lies.
pub(crate) fn slot(at: Position) -> i64 {
    at.stamp() >> SLOT_BITS
}

/// The stamp with which a partition's first window is written: the earlier it is, the later it seems, so that it wins.
pub(crate) fn first_stamp(window: Window) -> i64 {
    i64::from(i32::MAX) - i64::from(window.0) + 1
}

/// And its last window.
pub(crate) fn last_stamp(window: Window) -> i64 {
    i64::from(window.0) - i64::from(i32::MIN) + 1
}

/// The UTC day of an instant.
pub(crate) fn day_of(at: UtcSecond) -> i32 {
    at.window().day()
}

/// The UTC days that instants of `from..to` lie in.
pub(crate) fn days_of(from: UtcSecond, to: UtcSecond) -> impl Iterator<Item = i32> {
    let empty = to <= from;
    let (first, last) = (day_of(from), if empty { day_of(from) - 1 } else { day_of(UtcSecond(to.0 - 1)) });
    first..=last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_one_owner() {
        let sizing = Sizing::default();
        for n in 0..500 {
            let meter = MeterId::parse(&format!("meter-{n}")).unwrap();
            let bucket = sizing.bucket(&meter) as u32;
            for partitions in [1, 4, 12, 24, 48] {
                assert_eq!(bucket % partitions, partition_of(meter.as_str().as_bytes(), partitions));
            }
        }
    }

    #[test]
    fn editions_are_apart() {
        let sizing = Sizing::default();
        let first: Vec<i32> = sizing.all_shards(Edition(0)).collect();
        assert_eq!(first, (0..sizing.shards as i32).collect::<Vec<_>>());
        assert!(sizing.all_shards(Edition::LAST).all(|shard| shard > 0 && !first.contains(&shard)));
        let area = AreaCode::parse("E01000001").unwrap();
        assert!(sizing.all_shards(Edition(7)).any(|shard| shard == sizing.shard(Edition(7), &area)));
    }

    #[test]
    fn the_wider_extent_wins() {
        let windows = [i32::MIN, -1, 0, 1, 997_392, i32::MAX].map(Window);
        assert!(windows.iter().all(|&window| first_stamp(window) > 0 && last_stamp(window) > 0));
        assert!(windows.is_sorted_by_key(|&window| last_stamp(window)));
        assert!(windows.is_sorted_by_key(|&window| -first_stamp(window)));
    }

    #[test]
    fn days_of_a_stretch() {
        let day = |n: i64| UtcSecond(n * 86_400);
        let check = |from, to, expect: &[i32]| assert_eq!(days_of(from, to).collect::<Vec<_>>(), expect);
        check(day(3), day(5), &[3, 4]);
        check(day(3), UtcSecond(day(5).0 + 1), &[3, 4, 5]);
        check(day(3), day(3), &[]);
        check(day(5), day(3), &[]);
        check(UtcSecond(-1), day(0), &[-1]);
    }
}
