//! Green Button files: ESPI in an Atom feed.
//!
//! What is read: the value of every IntervalReading, as energy of its timePeriod, if its ReadingType
//! says that it is electrical energy delivered to the home (`reading_type`). Times are seconds since
//! 1970, so no zone is needed. A file names no meter, only usage points: it may hold one home's readings,
//! and whose they are has to be said.

mod links;
mod reading_type;
mod xml;

use std::collections::{HashMap, VecDeque};
use std::io::BufRead;
use std::sync::Arc;

use metering::MeterId;

use crate::amount;
use crate::options::ReadingOptions;
use crate::problem::{ImportError, LineProblem, Reason, Rule, Trouble};
use crate::readings::{FieldNumbers, ParsedReading, interval};

use links::{EntryLinks, ReadingTypes};
use reading_type::ReadingType;
use xml::{Document, Field, Happening, Tag};

/// Readings whose type may come behind them, at most: eleven years of half-hours.
const MOST_WAITING: usize = 200_000;

/// The readings of a Green Button file.
pub(crate) struct GreenButtonReadings<R> {
    document: Document<R>,
    meter: Option<MeterId>,
    types: ReadingTypes,
    entry: EntryLinks,
    reading_type: ReadingType,
    block: Block,
    reading: RawReading,
    /// What kind of service each usage point is for; electricity is 0.
    services: HashMap<String, String>,
    usage_points: usize,
    /// The usage point that readings were given out of.
    home: Option<String>,
    waiting: Vec<(Block, RawReading)>,
    ready: VecDeque<Result<ParsedReading, Trouble>>,
    any: bool,
    ended: bool,
}

/// Where the readings of an IntervalBlock belong.
#[derive(Debug, Clone, Default)]
struct Block {
    meter_reading: Option<Arc<str>>,
    usage_point: Arc<str>,
}

/// An IntervalReading as written.
#[derive(Debug, Default)]
struct RawReading {
    line: u64,
    start: Option<String>,
    duration: Option<String>,
    value: Option<String>,
    quality: Option<String>,
}

impl<R: BufRead> GreenButtonReadings<R> {
    pub(crate) fn new(reader: R, options: &ReadingOptions) -> Self {
        GreenButtonReadings {
            document: Document::new(reader),
            meter: options.meter.clone(),
            types: ReadingTypes::default(),
            entry: EntryLinks::default(),
            reading_type: ReadingType::default(),
            block: Block::default(),
            reading: RawReading::default(),
            services: HashMap::new(),
            usage_points: 0,
            home: None,
            waiting: Vec::new(),
            ready: VecDeque::new(),
            any: false,
            ended: false,
        }
    }

    /// The next reading, or what is wrong with it or with the file.
    pub(crate) fn next(&mut self) -> Option<Result<ParsedReading, Trouble>> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if self.ended {
                return None;
            }
            if let Err(error) = self.step() {
                self.ended = true;
                return Some(Err(error.into()));
            }
        }
    }

    fn step(&mut self) -> Result<(), ImportError> {
        match self.document.next()? {
            Happening::Began { tag, line } => self.began(tag, line),
            Happening::Linked(link) => self.entry.add(&link.rel, link.href),
            Happening::Ended { tag, within, text } => self.finished(tag, within, text)?,
            Happening::EndOfFile => self.end()?,
        }
        Ok(())
    }

    fn began(&mut self, tag: Tag, line: u64) {
        match tag {
            Tag::Entry => self.entry = EntryLinks::default(),
            Tag::UsagePoint => self.usage_points += 1,
            Tag::ReadingType => self.reading_type = ReadingType::default(),
            Tag::IntervalBlock => {
                let meter_reading = self.entry.meter_reading();
                let usage_point = match meter_reading.and_then(links::usage_point) {
                    Some(link) => link.to_owned(),
                    None => self.usage_point_by_order(),
                };
                self.block =
                    Block { meter_reading: meter_reading.map(Into::into), usage_point: usage_point.into() };
            }
            Tag::IntervalReading => self.reading = RawReading { line, ..RawReading::default() },
            _ => {}
        }
    }

    /// A name for the usage point that was described last, in files without links.
    fn usage_point_by_order(&self) -> String {
        format!("no. {}", self.usage_points)
    }

    fn finished(&mut self, tag: Tag, within: Tag, text: String) -> Result<(), ImportError> {
        let line = self.document.line();
        match (tag, within) {
            (Tag::Field(field), Tag::ReadingType) => self.reading_type.set(field, text),
            (Tag::Field(Field::Start), Tag::TimePeriod) => self.reading.start = Some(text),
            (Tag::Field(Field::Duration), Tag::TimePeriod) => self.reading.duration = Some(text),
            (Tag::Field(Field::Value), Tag::IntervalReading) => self.reading.value = Some(text),
            (Tag::Field(Field::Quality), Tag::ReadingQuality) => self.reading.quality = Some(text),
            (Tag::Field(Field::Kind), Tag::ServiceCategory) => {
                let own = self.entry.own.as_deref().and_then(links::usage_point).map(str::to_owned);
                let usage_point = own.unwrap_or_else(|| self.usage_point_by_order());
                if self.services.len() < MOST_WAITING {
                    self.services.insert(usage_point, text);
                }
            }
            (Tag::ReadingType, _) => {
                let reading_type = std::mem::take(&mut self.reading_type);
                self.types.add(line, reading_type, self.entry.own.clone())?;
            }
            (Tag::MeterReading, _) => {
                if let Some(own) = self.entry.own.clone() {
                    self.types.add_meter_reading(line, own, std::mem::take(&mut self.entry.related))?;
                }
            }
            (Tag::IntervalReading, Tag::IntervalBlock) => self.reading_came(line)?,
            _ => {}
        }
        Ok(())
    }

    fn reading_came(&mut self, line: u64) -> Result<(), ImportError> {
        self.any = true;
        let reading = std::mem::take(&mut self.reading);
        match self.types.known(self.block.meter_reading.as_deref()) {
            Some(reading_type) => {
                let scale = reading_type.scale();
                let block = self.block.clone();
                self.give(&block, reading, scale);
            }
            None if self.waiting.len() >= MOST_WAITING => {
                let what = "interval readings before their reading type";
                return Err(ImportError::TooMany { line, what, bound: MOST_WAITING });
            }
            None => self.waiting.push((self.block.clone(), reading)),
        }
        Ok(())
    }

    fn give(&mut self, block: &Block, reading: RawReading, scale: Result<i32, Reason>) {
        let (line, value) = (reading.line, reading.value.clone().unwrap_or_default());
        let meter = self.meter.clone();
        let parsed =
            scale.map_err(|reason| LineProblem::new(line, "value", &value, reason)).and_then(|scale| {
                self.is_of_the_home(block)
                    .map_err(|reason| LineProblem::new(line, "value", &value, reason))?;
                reading.parse(scale, meter)
            });
        if parsed.is_ok() && self.home.is_none() {
            self.home = Some(block.usage_point.to_string());
        }
        self.ready.push_back(parsed.map_err(Trouble::from));
    }

    /// A file of several metering points can't be imported as one meter's.
    fn is_of_the_home(&self, block: &Block) -> Result<(), Reason> {
        if let Some(kind) = self.services.get(&*block.usage_point).filter(|kind| kind.as_str() != "0") {
            let shown: String = kind.chars().take(20).collect();
            let message =
                format_args!("is of a usage point for service {shown:?}; electricity is 0").to_string();
            return Err(Reason::new(Rule::WrongKind, message));
        }
        match self.home.as_deref() {
            Some(home) if home != &*block.usage_point => Err(Reason::new(
                Rule::OtherMeter,
                format_args!("is of a second usage point; the first is {home:?}"),
            )),
            _ => Ok(()),
        }
    }

    /// Decides what had to wait for the end of the file.
    fn end(&mut self) -> Result<(), ImportError> {
        self.ended = true;
        if !self.any {
            return Err(ImportError::NothingInside {
                what: "IntervalReading of the namespace http://naesb.org/espi",
            });
        }
        for (block, reading) in std::mem::take(&mut self.waiting) {
            let scale = match self.types.at_last(block.meter_reading.as_deref()) {
                Some(reading_type) => reading_type.scale(),
                None => Err(Reason::new(Rule::WrongKind, "is of no reading type that the file describes")),
            };
            self.give(&block, reading, scale);
        }
        Ok(())
    }
}

impl RawReading {
    fn parse(self, scale: i32, meter: Option<MeterId>) -> Result<ParsedReading, LineProblem> {
        let line = self.line;
        let refuse = |field: &str, text: &Option<String>, code: Rule, message: &str| {
            LineProblem::new(line, field, text.as_deref().unwrap_or_default(), Reason::new(code, message))
        };
        match self.quality.as_deref() {
            Some("12") => return Err(refuse("quality", &self.quality, Rule::NotMeasured, "is a projection")),
            Some("15") => {
                return Err(refuse(
                    "quality",
                    &self.quality,
                    Rule::NotMeasured,
                    "is adjusted for the weather",
                ));
            }
            _ => {}
        }
        let number = |field: &str, text: &Option<String>, code: Rule| {
            let parsed = text.as_deref().and_then(|text| text.parse::<i64>().ok());
            parsed.ok_or_else(|| refuse(field, text, code, "is not a whole number of seconds"))
        };
        let start = number("start", &self.start, Rule::BadStart)?;
        let duration = number("duration", &self.duration, Rule::BadDuration)?;
        let interval = interval(start, duration).map_err(|reason| {
            let (field, text) = match reason.code {
                Rule::BadDuration => ("duration", &self.duration),
                _ => ("start", &self.start),
            };
            refuse(field, text, reason.code, &reason.message)
        })?;
        let text = self.value.as_deref().unwrap_or_default();
        if !text.is_empty() && text.parse::<i64>().is_err() {
            return Err(refuse("value", &self.value, Rule::BadEnergy, "is not a whole number"));
        }
        let amount = amount::parse(text, scale)
            .map_err(|reason| refuse("value", &self.value, reason.code, &reason.message))?;
        Ok(ParsedReading {
            meter,
            interval,
            energy: amount.energy,
            line,
            columns: FieldNumbers::default(),
            rounded: amount.rounded,
        })
    }
}
