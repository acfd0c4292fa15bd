//! A ledger as it is kept: what was said stays said, whatever becomes of the process that said it.
//!
//! Three kinds of record, in protobuf: who is spoken of together on a day, what has been released of them in a half-hour
//! of it, and what one look released, which follows from the look before. Read in the order in which they were written they
//! make the ledger that wrote them. Areas are told by their codes, for their numbers are another map's tomorrow.

use std::sync::Arc;

use prost::Message;

use super::{Cell, DayLedger, WINDOWS};
use crate::aggregate::Totals;
use crate::disclosure::{Group, Groups};
use crate::{AreaCode, Energy};

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

/// What is released of some groups in a half-hour, as it is now: five columns.
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
    #[prost(sint64, repeated, tag = "5")]
    meter_seconds: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct LookRecord {
    #[prost(message, repeated, tag = "1")]
    portions: Vec<PortionsRecord>,
}

impl PortionsRecord {
    fn new(of_day: usize, released: impl Iterator<Item = (u32, Totals)>) -> Self {
        let mut record = PortionsRecord { of_day: of_day as u32, ..Self::default() };
        for (group, totals) in released {
            record.groups.push(group);
            record.energy_mwh.push(totals.energy.mwh());
            record.meters.push(totals.meters);
            record.meter_seconds.push(totals.meter_seconds);
        }
        record
    }

    fn read_into(&self, ledger: &mut DayLedger) -> Result<(), BadRecord> {
        let Self { of_day, groups, energy_mwh, meters, meter_seconds } = self;
        let of_day = usize::try_from(*of_day).ok().filter(|&of_day| of_day < WINDOWS);
        let of_day =
            of_day.ok_or_else(|| wrong("of_day", self.of_day, "allowed are the 48 half-hours of a day"))?;
        if [energy_mwh.len(), meters.len(), meter_seconds.len()] != [groups.len(); 3] {
            return Err(wrong("portions", groups.len(), "each column must be as long"));
        }
        for (number, &group) in groups.iter().enumerate() {
            let there = ledger.groups.all().get(group as usize).zip(ledger.cells.get_mut(group as usize));
            let (there, cells) = there.ok_or_else(|| wrong("group", group, "the day has no such group"))?;
            if there.leaves.is_empty() {
                // Of another map.
                continue;
            }
            let released = Totals {
                energy: Energy::from_mwh(energy_mwh[number]),
                meters: meters[number],
                meter_seconds: meter_seconds[number],
            };
            cells[of_day] = Cell { released, ..Cell::default() };
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

    /// All that has been released of a half-hour.
    pub fn record_of_half_hour(&self, of_day: usize) -> Vec<u8> {
        let released = self.cells.iter().zip(0_u32..).map(|(cells, group)| (group, cells[of_day].released));
        PortionsRecord::new(of_day, released.filter(|(_, totals)| *totals != Totals::default()))
            .encode_to_vec()
    }

    /// What one look released, after it.
    pub fn record_of_look(&self, released: &[(usize, usize)]) -> Vec<u8> {
        let mut sorted: Vec<(usize, usize)> = released.to_vec();
        sorted.sort_unstable_by_key(|&(group, of_day)| (of_day, group));
        let portions = sorted.chunk_by(|a, b| a.1 == b.1).map(|of_half_hour| {
            let of_day = of_half_hour[0].1;
            let now = |&(group, _): &(usize, usize)| (group as u32, self.cells[group][of_day].released);
            PortionsRecord::new(of_day, of_half_hour.iter().map(now))
        });
        LookRecord { portions: portions.collect() }.encode_to_vec()
    }

    /// The ledger that wrote a record of groups, as it was before it released anything. A group with an area that this map
    /// does not have is of another map: nothing is said of it any more, and its areas are in no other group of that day.
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
        Ok(DayLedger::new(Arc::new(Groups::new(read, leaves))))
    }

    /// Reads all that had been released of a half-hour.
    pub fn read_half_hour(&mut self, bytes: &[u8]) -> Result<(), BadRecord> {
        decoded::<PortionsRecord>(bytes)?.read_into(self)
    }

    /// Reads what one look released, which was written after what this ledger has.
    pub fn read_look(&mut self, bytes: &[u8]) -> Result<(), BadRecord> {
        let LookRecord { portions } = decoded(bytes)?;
        portions.iter().try_for_each(|portions| portions.read_into(self))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Crowd;
    use super::super::super::tests::small;
    use super::super::Course;
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
        ledger.release(5, &[40, 0, 0, 15, 15].map(of), &[], Course::Over);
        ledger.release(47, &[40, 0, 20, 0, 9].map(of), &[], Course::Over);
        ledger
    }

    fn read(names: &Names) -> DayLedger {
        let written = ledger();
        let groups = written.record_of_groups(&Names(None), FIRST_LEAF);
        let mut read = DayLedger::read(&groups, names, FIRST_LEAF, 5).unwrap();
        read.read_half_hour(&written.record_of_half_hour(5)).unwrap();
        read.read_look(&written.record_of_look(&[(1, 47)])).unwrap();
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
        let read = read(&Names(Some(7)));
        assert_eq!([3, 6, 7].map(|area| read.groups().of_leaf(area - 3)), [Some(1), None, None]);
        assert_eq!(read.of_group(0, 5), Totals::default());
        assert_eq!(read.of_group(1, 5), ledger().of_group(1, 5));
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
            let mut record = PortionsRecord::decode(&ledger().record_of_half_hour(5)[..]).unwrap();
            edit(&mut record);
            let error = ledger().read_half_hour(&record.encode_to_vec()).unwrap_err();
            assert_eq!(error.to_string(), expect);
        };
        check(|portions| portions.of_day = 48, "of_day is 48; allowed are the 48 half-hours of a day");
        check(|portions| _ = portions.meters.pop(), "portions is 2; each column must be as long");
        check(|portions| portions.groups[0] = 2, "group is 2; the day has no such group");
    }
}
