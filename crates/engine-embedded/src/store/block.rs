//! A block: versions of one meter's readings that start in one UTC day, in order of (start, position).
//!
//! ```text
//! form | areas: count, names | runs:  length, start, duration, generation, area,
//!                                     then a version: offset, energy
//! ```
//! A run is a stretch of readings that follow each other without a gap and agree in duration,
//! generation and area. Starts are counted in tens of seconds from where the run before ended,
//! offsets from the version before. A day of half-hourly readings is one run of 48: about 6 bytes each.

use metering::stored::RawVersion;
use metering::{AreaCode, Energy, Interval, MeterId, Position, UtcSecond};

use crate::varint::{put, put_bytes, put_signed, take, take_bytes, take_signed};

const FORM: u8 = 1;
const DAY_S: i64 = 86_400;
/// Every start and every duration is a multiple of it.
const GRAIN_S: i64 = 10;

/// In the order of a block, each once.
pub(crate) fn in_order(versions: &mut Vec<RawVersion>) {
    versions.sort_by_key(|version| (version.interval.start(), version.at));
    versions.dedup_by_key(|version| (version.interval.start(), version.at));
}

/// Whether a version can stand in the run of the one before it.
fn follows(before: &RawVersion, version: &RawVersion) -> bool {
    version.interval.start() == before.interval.end()
        && version.interval.duration_s() == before.interval.duration_s()
        && version.at.generation == before.at.generation
        && version.area == before.area
}

/// Encodes versions that are [`in_order`].
pub(crate) fn encode(day: i32, versions: &[RawVersion]) -> Vec<u8> {
    let mut areas: Vec<&AreaCode> = versions.iter().map(|version| &version.area).collect();
    areas.sort();
    areas.dedup();
    let mut out = Vec::with_capacity(24 + 7 * versions.len());
    out.push(FORM);
    put(&mut out, areas.len() as u64);
    for area in &areas {
        put_bytes(&mut out, area.as_str().as_bytes());
    }
    let (mut expected, mut offset) = (i64::from(day) * DAY_S, 0);
    for run in versions.chunk_by(follows) {
        let Some(first) = run.first() else { continue };
        put(&mut out, run.len() as u64);
        put_signed(&mut out, (first.interval.start().0 - expected) / GRAIN_S);
        put(&mut out, u64::from(first.interval.duration_s()) / GRAIN_S as u64);
        put(&mut out, u64::from(first.at.generation));
        put(&mut out, areas.binary_search(&&first.area).unwrap_or_default() as u64);
        for version in run {
            put_signed(&mut out, version.at.offset.wrapping_sub(offset));
            put_signed(&mut out, version.energy.mwh());
            offset = version.at.offset;
            expected = version.interval.end().0;
        }
    }
    out
}

/// Adds a block's versions to `out`. None: the bytes are no block.
pub(crate) fn decode(day: i32, meter: &MeterId, value: &[u8], out: &mut Vec<RawVersion>) -> Option<()> {
    let (_, mut rest) = value.split_first().filter(|&(&form, _)| form == FORM)?;
    let areas = (0..take(&mut rest)?)
        .map(|_| AreaCode::parse(std::str::from_utf8(take_bytes(&mut rest)?).ok()?).ok())
        .collect::<Option<Vec<_>>>()?;
    let (mut expected, mut offset) = (i64::from(day) * DAY_S, 0_i64);
    while !rest.is_empty() {
        let length = take(&mut rest)?;
        let mut start = expected.checked_add(take_signed(&mut rest)?.checked_mul(GRAIN_S)?)?;
        let duration = i64::try_from(take(&mut rest)?).ok()?.checked_mul(GRAIN_S)?;
        let generation = u32::try_from(take(&mut rest)?).ok()?;
        let area = areas.get(usize::try_from(take(&mut rest)?).ok()?)?;
        for _ in 0..length {
            offset = offset.wrapping_add(take_signed(&mut rest)?);
            let energy = Energy::from_mwh(take_signed(&mut rest)?);
            let interval = Interval::new(UtcSecond(start), duration).ok()?;
            let at = Position::new(generation, offset);
            out.push(RawVersion { meter: meter.clone(), interval, at, energy, area: area.clone() });
            start = interval.end().0;
        }
        expected = start;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(start: i64, duration: i64, offset: i64, energy: i64, area: &str) -> Option<RawVersion> {
        Some(RawVersion {
            meter: MeterId::parse("MAC000002").unwrap(),
            interval: Interval::new(UtcSecond(start), duration).ok()?,
            at: Position::new(1 + (offset % 2) as u32, offset),
            energy: Energy::from_mwh(energy),
            area: AreaCode::parse(area).unwrap(),
        })
    }

    proptest! {
        #[test]
        fn a_block_comes_back(
            some in proptest::collection::vec((0..288_i64, 0..4_usize, 0..1_i64 << 42, any::<i64>(), 0..2_usize), 0..99)
        ) {
            let day = 20_000;
            let mut versions: Vec<_> = some.into_iter().filter_map(|(n, duration, offset, energy, area)| {
                let duration = [300, 900, 1800, 3600][duration];
                version(day * DAY_S + n * 300, duration, offset, energy, ["E01", "E02"][area])
            }).collect();
            in_order(&mut versions);
            let mut out = Vec::new();
            decode(day as i32, &MeterId::parse("MAC000002").unwrap(), &encode(day as i32, &versions), &mut out);
            prop_assert_eq!(out, versions);
        }

        #[test]
        fn nothing_panics(value in any::<Vec<u8>>()) {
            let _ = decode(1, &MeterId::parse("m").unwrap(), &value, &mut Vec::new());
        }
    }

    #[test]
    fn a_regular_day_is_small() {
        let day: Vec<_> = (0..48)
            .filter_map(|n| version(n * 1800, 1800, 2 * n * 6_250, 212_500 + 7 * n, "E01000001"))
            .collect();
        assert!(encode(0, &day).len() < 48 * 8, "{}", encode(0, &day).len());
    }
}
