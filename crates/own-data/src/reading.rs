//! From the bytes of a file to what it comes to, a part at a time: the page goes on answering meanwhile.

use std::cell::Cell;
use std::io::{BufRead, Read};
use std::rc::Rc;

use import::{Content, Format, ImportError, ReadingOptions, Trouble, Unit, recognise};
use jiff::tz::TimeZone;
use metering::MeterId;

use crate::own_use::{About, DAYS_MIN, OwnUse, Readings};

/// A larger file is not one home's.
pub(crate) const MB_MAX: usize = 64;

/// Lines that are told of that were refused.
const REFUSALS_TOLD: usize = 5;

/// Meters of a file that one can choose from.
const METERS_MAX: usize = 200;

/// Why nothing can be said of a file. The sentences are for the page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nothing in it.
    #[error("The file is empty.")]
    Empty,
    /// More than one home's.
    #[error(
        "The file has {0} MB; up to {MB_MAX} are read here. Ask your supplier for the readings of your home alone."
    )]
    TooLarge(usize),
    /// None of the known kinds.
    #[error(
        "This is not a kind of file that is read here: Green Button (XML), a table with a column for the time and one for the \
         energy in kWh or Wh (CSV, as British suppliers give it), or Low Carbon London’s."
    )]
    Unknown,
    /// Of a known kind that has no readings.
    #[error("This file holds no readings of a meter.")]
    NoReadings,
    /// What the parser says.
    #[error("The file can’t be read: {0}.")]
    Broken(String),
    /// Every line was refused.
    #[error("None of its {count} lines could be read. The first: {first}.")]
    AllRefused {
        /// How many.
        count: u64,
        /// Why the first was.
        first: String,
    },
    /// A year can't be told from so few.
    #[error("The readings cover {0} days; a year can be told from {DAYS_MIN} or more.")]
    TooShort(u32),
}

impl From<ImportError> for Unreadable {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Empty => Unreadable::Empty,
            ImportError::Unrecognised(_) => Unreadable::Unknown,
            ImportError::NothingInside { .. } => Unreadable::NoReadings,
            other => Unreadable::Broken(without_options(&other.to_string())),
        }
    }
}

/// What a sentence says without the options of a command, which nobody has here.
fn without_options(sentence: &str) -> String {
    let end = [". Say ", ": say ", " (--", "; say "].iter().filter_map(|joint| sentence.find(joint)).min();
    sentence[..end.unwrap_or(sentence.len())].to_owned()
}

/// Bytes of which it is known how many were read.
struct Counted {
    bytes: Rc<[u8]>,
    at: Rc<Cell<usize>>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let taken = self.fill_buf()?.read(into)?;
        self.consume(taken);
        Ok(taken)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        Ok(&self.bytes[self.at.get()..])
    }

    fn consume(&mut self, taken: usize) {
        self.at.set((self.at.get() + taken).min(self.bytes.len()));
    }
}

/// A file that is being read.
pub struct FileReader {
    parsed: import::Readings<Counted>,
    size: usize,
    at: Rc<Cell<usize>>,
    zone: TimeZone,
    meter: Option<MeterId>,
    readings: Readings,
    about: About,
}

impl FileReader {
    /// Begins to read: the readings of a meter, or of the first one in the file. Local times are of the zone.
    pub fn new(file: &str, bytes: Rc<[u8]>, meter: Option<&str>, zone: TimeZone) -> Result<Self, Unreadable> {
        if bytes.len() > MB_MAX << 20 {
            return Err(Unreadable::TooLarge(bytes.len() >> 20));
        }
        let head = &bytes[..bytes.len().min(import::HEAD)];
        if head.iter().all(u8::is_ascii_whitespace) {
            return Err(Unreadable::Empty);
        }
        let format = recognise(head).map_err(|_| Unreadable::Unknown)?;
        if format.content() != Content::Readings {
            return Err(Unreadable::NoReadings);
        }
        let begin = |unit| {
            let at = Rc::new(Cell::new(0));
            // The other kinds say themselves what their times are.
            let time_zone = (format == Format::Columns).then(|| zone.clone());
            let options = ReadingOptions { unit, time_zone, ..ReadingOptions::default() };
            let source = Counted { bytes: bytes.clone(), at: at.clone() };
            import::Readings::new(format, source, &options).map(|parsed| (parsed, at))
        };
        let mut about = About { file: file.to_owned(), ..About::default() };
        let (parsed, at) = match begin(None) {
            Err(ImportError::UnknownUnit { column }) => {
                about.assumptions.push(format!("{column} is in kWh, as bills are"));
                begin(Some(Unit::KWh))?
            }
            begun => begun?,
        };
        let meter = meter.and_then(|meter| MeterId::parse(meter).ok());
        Ok(FileReader { parsed, size: bytes.len(), at, zone, meter, readings: Readings::new(), about })
    }

    /// Reads so many readings more. Gives how much of the file that makes in all, up to 1; none when all of it was read.
    pub fn step(&mut self, readings: usize) -> Result<Option<f64>, Unreadable> {
        for _ in 0..readings {
            match self.parsed.next() {
                None => return Ok(None),
                Some(Ok(reading)) => {
                    if !self.is_mine(reading.meter.as_ref()) {
                        continue;
                    }
                    let interval = reading.interval;
                    let value = (i64::from(interval.duration_s()), reading.energy.mwh());
                    // Of several of one time the last counts, as where suppliers correct themselves.
                    if self.readings.insert(interval.start().0, value).is_some() {
                        self.about.repeated += 1;
                    }
                }
                Some(Err(Trouble::Refused(problem))) => {
                    self.about.refused += 1;
                    if self.about.refusals.len() < REFUSALS_TOLD {
                        self.about.refusals.push(problem.to_string());
                    }
                }
                Some(Err(Trouble::Stopped(error))) => return Err(error.into()),
            }
        }
        Ok(Some(self.at.get() as f64 / self.size.max(1) as f64))
    }

    /// Notes a reading's meter, and says whether it is the one that is wanted: the first, if nobody said which.
    fn is_mine(&mut self, meter: Option<&MeterId>) -> bool {
        let Some(meter) = meter else { return true };
        let about = &mut self.about;
        if about.meters.last().is_none_or(|last| last != meter.as_str())
            && about.meters.len() < METERS_MAX
            && !about.meters.iter().any(|known| known == meter.as_str())
        {
            about.meters.push(meter.to_string());
        }
        self.meter.get_or_insert_with(|| meter.clone()) == meter
    }

    /// What the file comes to.
    pub fn finish(mut self) -> Result<OwnUse, Unreadable> {
        if self.readings.is_empty() && self.about.refused > 0 {
            let first = self.about.refusals.swap_remove(0);
            return Err(Unreadable::AllRefused { count: self.about.refused, first });
        }
        if self.readings.is_empty() {
            return Err(Unreadable::NoReadings);
        }
        let mut about = self.about;
        about.assumptions.extend(self.parsed.assumptions().iter().map(|said| without_options(said)));
        about.meter = self.meter.map(|meter| meter.to_string());
        if about.meters.len() < 2 {
            about.meters.clear();
        }
        OwnUse::of(&self.readings, &self.zone, about).map_err(Unreadable::TooShort)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    fn read(file: &str, meter: Option<&str>) -> Result<OwnUse, Unreadable> {
        let zone = TimeZone::posix("GMT0BST,M3.5.0/1,M10.5.0").unwrap();
        let mut reader = FileReader::new("file.csv", file.as_bytes().into(), meter, zone)?;
        let mut before = 0.0;
        while let Some(share) = reader.step(100)? {
            assert!((before..=1.0).contains(&share), "{before} {share}");
            before = share;
        }
        reader.finish()
    }

    /// Half-hours of two weeks of July, as `line` writes them: the number, and the local date and time.
    fn table(head: &str, line: impl Fn(usize, &str) -> String) -> String {
        let mut file = format!("{head}\n");
        for number in 0..14 * 48 {
            let (day, half_hour) = (number / 48 + 1, number % 48);
            let local = format!("2025-07-{day:02}T{:02}:{:02}:00", half_hour / 2, half_hour % 2 * 30);
            writeln!(file, "{}", line(number, &local)).unwrap();
        }
        file
    }

    #[test]
    fn a_supplier_s_table_in_local_time() {
        // As one of the largest British suppliers writes it: ends and starts with offsets, and the money besides.
        let with_offsets =
            table("Consumption (kwh), Estimated Cost Inc. Tax (p), Start, End", |number, local| {
                let kwh = if number % 48 == 36 { 1.25 } else { 0.25 };
                let hour: usize = local[11..13].parse().unwrap();
                let end = match &local[14..16] {
                    "00" => format!("{}30:00", &local[..14]),
                    _ if hour == 23 => return format!("{kwh}, 6.1, {local}+01:00, "),
                    _ => format!("{}{:02}:00:00", &local[..11], hour + 1),
                };
                format!("{kwh}, 6.1, {local}+01:00, {end}+01:00")
            });
        // And without: it is the zone's time, and the evening is where it is by the clock.
        let without = table("Start,kWh", |number, local| {
            format!("{local},{}", if number % 48 == 36 { 1.25 } else { 0.25 })
        });
        let own = read(&without, None).unwrap();
        assert_eq!((own.days, own.refused, own.meters.len()), (14, 0, 0));
        let july = own.year().day(6, metering::time::DayType::Weekday).to_vec();
        assert!((july[36] - 1.25).abs() < 1e-6 && (july[35] - 0.25).abs() < 1e-6, "{july:?}");
        let own = read(&with_offsets, None).unwrap();
        assert_eq!(own.refused, 14, "{:?}", own.refusals);
        let july = own.year().day(6, metering::time::DayType::Weekday).to_vec();
        assert!((july[36] - 1.25).abs() < 1e-6, "{july:?}");
    }

    #[test]
    fn of_several_meters_one_is_read() {
        let file = table("LCLid,tstp,energy(kWh/hh)", |number, local| {
            let at = local.replace('T', " ");
            let (meter, kwh) = if number % 2 == 0 { ("MAC000002", 0.1) } else { ("MAC000003", 0.3) };
            format!("{meter},{at}.0000000,{kwh}")
        });
        let first = read(&file, None).unwrap();
        assert_eq!(first.meter.as_deref(), Some("MAC000002"));
        assert_eq!((first.meters.len(), first.readings), (2, 14 * 24));
        let other = read(&file, Some("MAC000003")).unwrap();
        assert!(other.year().kwh() > 2.0 * first.year().kwh());
    }

    #[test]
    fn a_column_without_a_unit_is_in_kwh_and_that_is_said() {
        let own = read(&table("start,consumption", |_, local| format!("{local},0.2")), None).unwrap();
        assert_eq!(own.assumptions[0], "consumption is in kWh, as bills are");
        assert!((own.year().day(6, metering::time::DayType::Sunday)[3] - 0.2).abs() < 1e-9);
    }

    #[test]
    fn what_can_t_be_read_is_said() {
        let says = |file: &str, sentence: &str| {
            let said = read(file, None).unwrap_err().to_string();
            assert!(said.contains(sentence), "{said}");
            assert!(!said.contains("--"), "{said}");
        };
        says("", "empty");
        says(" \n\n", "empty");
        says("Dear customer,\nplease find attached", "not a kind of file");
        says("%PDF-1.7 ...", "not a kind of file");
        says("{\"meters\":[{\"meter_id\":\"a\",\"area\":\"E01000001\"}]}", "no readings");
        says(&table("Start,kWh", |_, local| format!("{local},much")), "None of its 672 lines could be read");
        let short = table("Start,kWh", |_, local| format!("{local},1"));
        let short: String = short.lines().take(1 + 96).map(|line| format!("{line}\n")).collect();
        says(&short, "cover 2 days");
        let zone = TimeZone::UTC;
        let large: Rc<[u8]> = vec![b' '; (MB_MAX << 20) + (1 << 20)].into();
        assert_eq!(FileReader::new("x", large, None, zone).err(), Some(Unreadable::TooLarge(MB_MAX + 1)));
    }

    #[test]
    fn lines_that_are_refused_are_told_of() {
        let file =
            table(
                "Start,kWh",
                |number, local| {
                    if number == 3 { format!("{local},-1") } else { format!("{local},0.3") }
                },
            );
        let own = read(&file, None).unwrap();
        assert_eq!((own.refused, own.readings), (1, 14 * 48 - 1));
        assert!(
            own.refusals[0].starts_with("line 5, column 2: kWh \"-1\" is below zero"),
            "{:?}",
            own.refusals
        );
    }
}
