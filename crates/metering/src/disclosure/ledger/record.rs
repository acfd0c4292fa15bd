//! A ledger as it is kept: what was said stays said, whatever becomes of the process that said it.
//!
//! Two kinds of record, in protobuf: who is spoken of together on a day, and what has been released of some of them, in some
//! half-hours of it. Read in the order in which they were written they make the ledger that wrote them. Areas are told by
//! their codes, for their numbers are another map's tomorrow.

use std::sync::Arc;

use prost::Message;

use super::{DayLedger, Seen, WINDOWS};
use crate::aggregate::Totals;
use crate::disclosure::{Group, Groups};
use crate::time::WINDOW_S;
use crate::{AreaCode, Energy, Position};

/// How areas are called.
pub trait AreaNames {
    /// An area's code, by its number among all.
    fn code(&self, area: u32) -> AreaCode;
    /// Its number among all; none of another map's.
    fn number(&self, code: &AreaCode) -> Option<u32>;
}

/// Why a record is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// Not one of these messages.
    #[error("it is not a ledger's record: {0}")]
    Undecodable(String),
    /// It contradicts itself, or the ledger that it is read into.
    #[error("{field} is {value}; {rule}")]
    Wrong {
        /// What is wrong.
        field: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        rule: &'static str,
    },
}

#[derive(Clone, PartialEq, Message)]
struct GroupsRecord {
    #[prost(message, repeated, tag = "1")]
    groups: Vec<GroupRecord>,
}

#[derive(Clone, PartialEq, Message)]
struct GroupRecord {
    #[prost(string, tag = "1")]
    area: String,
    /// Codes of areas of the finest level.
    #[prost(string, repeated, tag = "2")]
    leaves: Vec<String>,
    #[prost(uint32, tag = "3")]
    homes: u32,
}

/// What is released of some groups in a half-hour, as it is now, in columns; and how far it has seen the log.
#[derive(Clone, PartialEq, Message)]
struct PortionsRecord {
    #[prost(uint32, tag = "1")]
    of_day: u32,
    /// Groups by their number in the record of groups, in order.
    #[prost(uint32, repeated, tag = "2")]
    groups: Vec<u32>,
    #[prost(sint64, repeated, tag = "3")]
    energy_mwh: Vec<i64>,
    #[prost(sint64, repeated, tag = "4")]
    meters: Vec<i64>,
    /// Covered besides a half-hour of each of these meters: mostly nothing.
    #[prost(sint64, repeated, tag = "5")]
    more_seconds: Vec<i64>,
    #[prost(uint32, repeated, tag = "6")]
    partitions: Vec<u32>,
    /// The last position that was seen of each.
    #[prost(int64, repeated, tag = "7")]
    seen: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct ReleasedRecord {
    #[prost(message, repeated, tag = "1")]
    portions: Vec<PortionsRecord>,
}

impl PortionsRecord {
    fn new(of_day: usize, released: impl Iterator<Item = (u32, Totals)>, seen: &Seen) -> Self {
        let mut record = PortionsRecord { of_day: of_day as u32, ..Self::default() };
        for (group, totals) in released {
            record.groups.push(group);
            record.energy_mwh.push(totals.energy.mwh());
            record.meters.push(totals.meters);
            record.more_seconds.push(totals.meter_seconds.wrapping_sub(totals.meters.wrapping_mul(WINDOW_S)));
        }
        (record.partitions, record.seen) = seen.iter().map(|(partition, at)| (partition, at.stamp())).unzip();
        record
    }

    fn read_into(&self, ledger: &mut DayLedger) -> Result<(), BadRecord> {
        let Self { of_day, groups, energy_mwh, meters, more_seconds, partitions, seen } = self;
        let of_day = usize::try_from(*of_day).ok().filter(|&of_day| of_day < WINDOWS);
        let of_day =
            of_day.ok_or_else(|| wrong("of_day", self.of_day, "allowed are the 48 half-hours of a day"))?;
        if [energy_mwh.len(), meters.len(), more_seconds.len()] != [groups.len(); 3] {
            return Err(wrong("portions", groups.len(), "each column must be as long"));
        }
        if partitions.len() != seen.len() {
            return Err(wrong("partitions", partitions.len(), "as many must have been seen"));
        }
        for (number, &group) in groups.iter().enumerate() {
            let there = ledger.groups.all().get(group as usize).zip(ledger.released.get_mut(group as usize));
            let (there, released) =
                there.ok_or_else(|| wrong("group", group, "the day has no such group"))?;
            if there.leaves.is_empty() {
                // Of another map.
                continue;
            }
            released[of_day] = Totals {
                energy: Energy::from_mwh(energy_mwh[number]),
                meters: meters[number],
                meter_seconds: more_seconds[number].wrapping_add(meters[number].wrapping_mul(WINDOW_S)),
            };
            ledger.changed.remove(&(group as usize, of_day));
        }
        for (&partition, &stamp) in partitions.iter().zip(seen) {
            let seen = ledger.seen[of_day].entry(partition).or_default();
            *seen = Position::from_stamp(stamp).max(*seen);
        }
        Ok(())
    }
}

fn wrong(field: &'static str, value: impl ToString, rule: &'static str) -> BadRecord {
    BadRecord::Wrong { field, value: value.to_string(), rule }
}

fn decoded<T: Message + Default>(bytes: &[u8]) -> Result<T, BadRecord> {
    T::decode(bytes).map_err(|error| BadRecord::Undecodable(error.to_string()))
}

impl DayLedger {
    /// Who is spoken of together.
    pub fn record_of_groups(&self, names: &impl AreaNames, first_leaf: u32) -> Vec<u8> {
        let group = |group: &Group| GroupRecord {
            area: names.code(group.area).to_string(),
            leaves: group.leaves.iter().map(|leaf| names.code(first_leaf + leaf).to_string()).collect(),
            homes: group.homes,
        };
        GroupsRecord { groups: self.groups.all().iter().map(group).collect() }.encode_to_vec()
    }

    /// All that has been released of some half-hours.
    pub fn record_of_half_hours(&self, of_day: impl IntoIterator<Item = usize>) -> Vec<u8> {
        let portions = of_day.into_iter().map(|of_day| {
            let released =
                self.released.iter().zip(0_u32..).map(|(released, group)| (group, released[of_day]));
            let released = released.filter(|(_, totals)| *totals != Totals::default());
            PortionsRecord::new(of_day, released, &self.seen[of_day])
        });
        ReleasedRecord { portions: portions.collect() }.encode_to_vec()
    }

    /// What has been released of groups in half-hours, after that.
    pub fn record_of_look(&self, released: &[(usize, Vec<usize>)]) -> Vec<u8> {
        let portions = released.iter().map(|(of_day, groups)| {
            let now = groups.iter().map(|&group| (group as u32, self.released[group][*of_day]));
            PortionsRecord::new(*of_day, now, &self.seen[*of_day])
        });
        ReleasedRecord { portions: portions.collect() }.encode_to_vec()
    }

    /// The ledger that wrote a record of groups, as it was before it released anything. A group with an area that this map
    /// does not have is of another map: nothing is said of it any more, and nobody is put together with others on that day
    /// again, so that its areas are in no other group.
    pub fn read(
        groups: &[u8],
        names: &impl AreaNames,
        first_leaf: u32,
        leaves: usize,
    ) -> Result<DayLedger, BadRecord> {
        let GroupsRecord { groups } = decoded(groups)?;
        let number = |code: &String| {
            let code =
                AreaCode::parse(code).map_err(|_| wrong("area", code, "it must be the code of an area"))?;
            Ok(names.number(&code))
        };
        let mut taken = vec![false; leaves];
        let mut read = Vec::with_capacity(groups.len());
        for GroupRecord { area, leaves, homes } in &groups {
            let area = number(area)?;
            let known: Vec<Option<u32>> = leaves
                .iter()
                .map(|leaf| Ok(number(leaf)?.and_then(|area| area.checked_sub(first_leaf))))
                .collect::<Result<_, BadRecord>>()?;
            for &leaf in known.iter().flatten() {
                let taken = taken.get_mut(leaf as usize);
                let taken = taken.ok_or_else(|| wrong("leaf", leaf, "the map has no such area"))?;
                if std::mem::replace(taken, true) {
                    return Err(wrong("leaf", leaf, "an area is in one group"));
                }
            }
            let all: Option<Vec<u32>> = known.iter().copied().collect();
            // Of another map: it keeps its number, and has nobody.
            read.push(match (area, all) {
                (Some(area), Some(leaves)) => Group { area, leaves, homes: *homes },
                _ => Group { area: 0, leaves: Vec::new(), homes: 0 },
            });
        }
        let is_of_this_map = read.iter().all(|group| !group.leaves.is_empty());
        Ok(DayLedger { may_grow: is_of_this_map, ..DayLedger::new(Arc::new(Groups::new(read, leaves))) })
    }

    /// Reads what had been released when it was written, of some half-hours of the day, which was after what this ledger has of
    /// them.
    pub fn read_released(&mut self, bytes: &[u8], is_of: impl Fn(usize) -> bool) -> Result<(), BadRecord> {
        let ReleasedRecord { portions } = decoded(bytes)?;
        let mut of_them = portions.iter().filter(|portions| is_of(portions.of_day as usize));
        of_them.try_for_each(|portions| portions.read_into(self))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Crowd;
    use super::super::super::tests::small;
    use super::super::{Course, Look};
    use super::*;

    /// The areas of a small nesting, of which one can be missing.
    struct Names(Option<u32>);

    impl AreaNames for Names {
        fn code(&self, area: u32) -> AreaCode {
            AreaCode::parse(&format!("E0{area}")).unwrap()
        }

        fn number(&self, code: &AreaCode) -> Option<u32> {
            let number = code.as_str().strip_prefix("E0")?.parse().ok()?;
            (Some(number) != self.0).then_some(number)
        }
    }

    const FIRST_LEAF: u32 = 3;

    fn ledger() -> DayLedger {
        let homes = [40, 0, 20, 15, 15].map(Crowd::of);
        let groups = Groups::decide(&homes, &small(), |crowd| crowd.homes >= 30);
        let mut ledger = DayLedger::new(Arc::new(groups));
        let of = |homes: i64| Totals {
            energy: Energy::from_mwh(homes * 77),
            meters: homes,
            meter_seconds: homes * 1800,
        };
        let seen = Seen::from([(0, Position::new(2, 7)), (5, Position::new(1, 1 << 40))]);
        for (of_day, homes) in [(5, [40, 0, 0, 15, 15]), (47, [40, 0, 20, 0, 9])] {
            let exact = &homes.map(of);
            ledger.release(&Look { of_day, exact, changed: None, seen: &seen, course: Course::Over });
        }
        ledger
    }

    fn read(names: &Names) -> DayLedger {
        let written = ledger();
        let groups = written.record_of_groups(&Names(None), FIRST_LEAF);
        let mut read = DayLedger::read(&groups, names, FIRST_LEAF, 5).unwrap();
        read.read_released(&written.record_of_half_hours([5, 47]), |of_day| of_day == 5).unwrap();
        assert_eq!(read.of_group(1, 47), Totals::default(), "that was not asked for");
        read.read_released(&written.record_of_look(&[(47, vec![1])]), |_| true).unwrap();
        read
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        assert_eq!(ledger().groups().all().len(), 2);
        assert_eq!(ledger().of_group(0, 47), Totals::default(), "that would be of nine homes");
        assert_eq!(read(&Names(None)), ledger());
    }

    #[test]
    fn a_group_of_another_map_is_not_spoken_of() {
        let mut read = read(&Names(Some(7)));
        assert_eq!([3, 6, 7].map(|area| read.groups().of_leaf(area - 3)), [Some(1), None, None]);
        assert_eq!(read.of_group(0, 5), Totals::default());
        assert_eq!(read.of_group(1, 5), ledger().of_group(1, 5));
        let homes = [0, 0, 0, 40, 0].map(Crowd::of);
        assert!(!read.add_groups(&homes, &small(), |crowd| crowd.homes >= 30), "they were spoken of before");
    }

    #[test]
    fn groups_that_contradict_themselves_are_refused() {
        let check = |edit: fn(&mut GroupsRecord), expect: &str| {
            let written = ledger().record_of_groups(&Names(None), FIRST_LEAF);
            let mut record = GroupsRecord::decode(&written[..]).unwrap();
            edit(&mut record);
            let error = DayLedger::read(&record.encode_to_vec(), &Names(None), FIRST_LEAF, 5).unwrap_err();
            assert_eq!(error.to_string(), expect);
        };
        check(|day| day.groups[1].leaves.push("E06".into()), "leaf is 3; an area is in one group");
        check(|day| day.groups[1].leaves.push("E08".into()), "leaf is 5; the map has no such area");
        check(|day| day.groups[1].area = "a b".into(), "area is a b; it must be the code of an area");
        let cut = |bytes: Vec<u8>| DayLedger::read(&bytes[..bytes.len() - 1], &Names(None), FIRST_LEAF, 5);
        assert!(cut(ledger().record_of_groups(&Names(None), FIRST_LEAF)).is_err());
    }

    #[test]
    fn portions_that_contradict_the_day_are_refused() {
        let check = |edit: fn(&mut PortionsRecord), expect: &str| {
            let mut record = ReleasedRecord::decode(&ledger().record_of_half_hours([5])[..]).unwrap();
            edit(&mut record.portions[0]);
            let error = ledger().read_released(&record.encode_to_vec(), |_| true).unwrap_err();
            assert_eq!(error.to_string(), expect);
        };
        check(|portions| portions.of_day = 48, "of_day is 48; allowed are the 48 half-hours of a day");
        check(|portions| _ = portions.meters.pop(), "portions is 2; each column must be as long");
        check(|portions| portions.groups[0] = 2, "group is 2; the day has no such group");
        check(|portions| _ = portions.seen.pop(), "partitions is 2; as many must have been seen");
    }
}
