//! How the parts of a Green Button file belong together.
//!
//! Entries of the Atom feed link to each other: an IntervalBlock stands below its MeterReading, and the
//! MeterReading is related to its ReadingType, which may come before or behind the block. Files without
//! links are read in document order: a block's type is the last one before it, or else the only one there is.

use std::collections::HashMap;

use crate::problem::ImportError;

use super::reading_type::ReadingType;

/// Reading types, meter readings and usage points of a file at most, each.
const MOST_PARTS: usize = 10_000;

/// The links of one entry.
#[derive(Debug, Default)]
pub(super) struct EntryLinks {
    pub(super) own: Option<String>,
    pub(super) up: Option<String>,
    pub(super) related: Vec<String>,
}

/// Related links of an entry that are kept.
const MOST_RELATED: usize = 16;

impl EntryLinks {
    pub(super) fn add(&mut self, rel: &str, href: String) {
        match rel {
            "self" => self.own = Some(href),
            "up" => self.up = Some(href),
            "related" if self.related.len() < MOST_RELATED => self.related.push(href),
            _ => {}
        }
    }

    /// The MeterReading that a block of this entry stands below.
    pub(super) fn meter_reading(&self) -> Option<&str> {
        let above = |href: &str| href.rfind("/IntervalBlock");
        let own = self.own.as_deref().and_then(|href| above(href).map(|at| &href[..at]));
        own.or_else(|| self.up.as_deref().and_then(|href| above(href).map(|at| &href[..at])))
    }
}

/// The usage point that a link leads to or below.
pub(super) fn usage_point(href: &str) -> Option<&str> {
    let name = "UsagePoint/";
    let from = href.find(name)? + name.len();
    let end = href[from..].find('/').map_or(href.len(), |at| from + at);
    Some(&href[..end])
}

/// The reading types of a file, and who is of which.
#[derive(Debug, Default)]
pub(super) struct ReadingTypes {
    types: Vec<ReadingType>,
    by_link: HashMap<String, usize>,
    /// Of each MeterReading, the links to what it is related to.
    of_meter_reading: HashMap<String, Vec<String>>,
}

impl ReadingTypes {
    pub(super) fn add(
        &mut self,
        line: u64,
        reading_type: ReadingType,
        link: Option<String>,
    ) -> Result<(), ImportError> {
        self.room(line, self.types.len(), "reading types")?;
        if let Some(link) = link {
            self.by_link.insert(link, self.types.len());
        }
        self.types.push(reading_type);
        Ok(())
    }

    pub(super) fn add_meter_reading(
        &mut self,
        line: u64,
        link: String,
        related: Vec<String>,
    ) -> Result<(), ImportError> {
        self.room(line, self.of_meter_reading.len(), "meter readings")?;
        self.of_meter_reading.insert(link, related);
        Ok(())
    }

    fn room(&self, line: u64, count: usize, what: &'static str) -> Result<(), ImportError> {
        match count < MOST_PARTS {
            true => Ok(()),
            false => Err(ImportError::TooMany { line, what, bound: MOST_PARTS }),
        }
    }

    /// The type of a block while the file is being read, if that is certain already.
    pub(super) fn known(&self, meter_reading: Option<&str>) -> Option<&ReadingType> {
        match meter_reading {
            Some(link) => self.linked(link),
            None => self.types.last(),
        }
    }

    /// The type of a block once the file has been read.
    pub(super) fn at_last(&self, meter_reading: Option<&str>) -> Option<&ReadingType> {
        let only = || if self.types.len() == 1 { self.types.first() } else { None };
        meter_reading.and_then(|link| self.linked(link)).or_else(only)
    }

    fn linked(&self, meter_reading: &str) -> Option<&ReadingType> {
        let related = self.of_meter_reading.get(meter_reading)?;
        related.iter().find_map(|link| self.by_link.get(link)).map(|&at| &self.types[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_meter_readings_and_usage_points() {
        let mut entry = EntryLinks::default();
        assert_eq!(entry.meter_reading(), None);
        entry.add("up", "R/1/UsagePoint/1/MeterReading/2/IntervalBlock".to_string());
        assert_eq!(entry.meter_reading(), Some("R/1/UsagePoint/1/MeterReading/2"));
        entry.add("self", "R/1/UsagePoint/1/MeterReading/3/IntervalBlock/0173".to_string());
        assert_eq!(entry.meter_reading(), Some("R/1/UsagePoint/1/MeterReading/3"));
        assert_eq!(usage_point("R/1/UsagePoint/1/MeterReading/3"), Some("R/1/UsagePoint/1"));
        assert_eq!(usage_point("R/1/UsagePoint/17"), Some("R/1/UsagePoint/17"));
        assert_eq!(usage_point("R/1"), None);
    }
}
