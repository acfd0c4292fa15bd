//! Meters: a table `meter_id,area|lat,lon,type,bedrooms,occupants,heating`, or the JSON of the door.

mod json;

use std::io::BufRead;

use metering::door::{DraftPlace, MeterDraft, ROOMS_MAX};
use metering::{AreaCode, Dwelling, MeterId};
use serde::Deserialize;

use crate::lines::{Line, Lines};
use crate::problem::{ImportError, LineProblem, Reason, Rule, Trouble};
use crate::readings::wrong_content;
use crate::recognise::{Content, Format};
use crate::table::{Header, Splitter, guess_delimiter};
use json::{from_json, is_document, read_document};

pub(crate) const METER: &[&str] = &["meterid", "meter", "lclid", "mpan", "nmi"];
pub(crate) const AREA: &[&str] = &["area", "areacode", "lsoa", "lsoacode", "lsoa11cd", "lsoa21cd"];
pub(crate) const LATITUDE: &[&str] = &["lat", "latitude"];
const LONGITUDE: &[&str] = &["lon", "lng", "long", "longitude"];
const KIND: &[&str] = &["type", "dwelling", "dwellingtype"];
const BEDROOMS: &[&str] = &["bedrooms"];
const OCCUPANTS: &[&str] = &["occupants", "people"];
const HEATING: &[&str] = &["heating"];

/// A meter as a file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedMeter {
    /// What it says, as at the door.
    pub draft: MeterDraft,
    /// The line it stands in, from 1.
    pub line: u64,
}

/// The meters of a file. After [`Trouble::Stopped`] there are no more.
pub struct Meters<R> {
    source: Source<R>,
    stopped: bool,
}

enum Source<R> {
    Table(Box<MeterTable<R>>),
    Lines(Lines<R>),
    Document(std::vec::IntoIter<Result<ParsedMeter, LineProblem>>),
}

impl<R: BufRead> Meters<R> {
    /// Begins to read. A JSON document is read whole, everything else line by line.
    pub fn new(format: Format, mut reader: R) -> Result<Self, ImportError> {
        let source = match format {
            Format::MetersTable => Source::Table(Box::new(MeterTable::new(reader)?)),
            Format::MetersJson if is_document(reader.fill_buf()?) => {
                Source::Document(read_document(reader)?.into_iter())
            }
            Format::MetersJson => Source::Lines(Lines::new(reader)),
            other => return Err(wrong_content(other, Content::Meters)),
        };
        Ok(Meters { source, stopped: false })
    }
}

impl<R: BufRead> Iterator for Meters<R> {
    type Item = Result<ParsedMeter, Trouble>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.stopped {
            return None;
        }
        let next = match &mut self.source {
            Source::Table(table) => table.next(),
            Source::Document(meters) => meters.next().map(|meter| meter.map_err(Trouble::from)),
            Source::Lines(lines) => match lines.next() {
                Err(error) => Some(Err(Trouble::Stopped(error))),
                Ok(None) => None,
                Ok(Some((_, Line::Refused(problem)))) => Some(Err(problem.into())),
                Ok(Some((line, Line::Text(text)))) => Some(from_json(line, text).map_err(Trouble::from)),
            },
        };
        self.stopped = matches!(next, None | Some(Err(Trouble::Stopped(_))));
        next
    }
}

struct MeterTable<R> {
    lines: Lines<R>,
    row: Splitter,
    header: Header,
    meter: usize,
    area: Option<usize>,
    point: Option<(usize, usize)>,
    kind: Option<usize>,
    bedrooms: Option<usize>,
    occupants: Option<usize>,
    heating: Option<usize>,
}

impl<R: BufRead> MeterTable<R> {
    fn new(reader: R) -> Result<Self, ImportError> {
        let mut lines = Lines::new(reader);
        let (line, first) = match lines.next()?.ok_or(ImportError::Empty)? {
            (line, Line::Text(text)) => (line, text.to_owned()),
            (line, Line::Refused(_)) => {
                return Err(Header { line, names: Vec::new() }.lacks("the meter", "a column \"meter_id\""));
            }
        };
        let mut row = Splitter::new(guess_delimiter(&first));
        if row.split(line, &first).is_err() {
            return Err(Header { line, names: vec![first] }.lacks("the meter", "a column \"meter_id\""));
        }
        let header = Header::new(line, &row)?;
        let meter = header.find(METER).ok_or_else(|| header.lacks("the meter", "a column \"meter_id\""))?;
        let area = header.find(AREA);
        let point = header.find(LATITUDE).zip(header.find(LONGITUDE));
        if area.is_none() && point.is_none() {
            return Err(header.lacks("where the meter is", "a column \"area\", or \"lat\" and \"lon\""));
        }
        Ok(MeterTable {
            meter,
            area,
            point,
            kind: header.find(KIND),
            bedrooms: header.find(BEDROOMS),
            occupants: header.find(OCCUPANTS),
            heating: header.find(HEATING),
            lines,
            row,
            header,
        })
    }

    fn next(&mut self) -> Option<Result<ParsedMeter, Trouble>> {
        let line = match self.lines.next() {
            Err(error) => return Some(Err(Trouble::Stopped(error))),
            Ok(None) => return None,
            Ok(Some((_, Line::Refused(problem)))) => return Some(Err(problem.into())),
            Ok(Some((line, Line::Text(text)))) => match self.row.split(line, text) {
                Ok(()) => line,
                Err(problem) => return Some(Err(problem.into())),
            },
        };
        Some(self.meter(line).map_err(Trouble::from))
    }

    fn meter(&self, line: u64) -> Result<ParsedMeter, LineProblem> {
        self.header.holds(line, &self.row)?;
        let field = |column: usize| self.row.get(column).unwrap_or_default();
        let refuse = |column: usize, code: Rule, message: &str| {
            let name = self.header.names.get(column).map_or("", String::as_str);
            LineProblem::new(line, name, field(column), Reason::new(code, message)).in_column(column + 1)
        };
        let meter = MeterId::parse(field(self.meter))
            .map_err(|error| refuse(self.meter, Rule::BadMeterId, &error.to_string()))?;
        let place = match (self.area, self.point) {
            (Some(area), _) if !field(area).is_empty() => {
                let code = AreaCode::parse(field(area));
                DraftPlace::Area(code.map_err(|error| refuse(area, Rule::BadArea, &error.to_string()))?)
            }
            // A row that says nothing of where it is: the one or the other was meant.
            (Some(area), Some((lat, lon))) if field(lat).is_empty() && field(lon).is_empty() => {
                return Err(refuse(
                    area,
                    Rule::BadPlace,
                    "is empty, and so is the position: where is the meter?",
                ));
            }
            (_, Some((lat, lon))) => {
                let degrees = |column: usize, most: f64| {
                    let number = field(column).parse::<f64>().ok().filter(|n| n.abs() <= most);
                    number.ok_or_else(|| {
                        refuse(
                            column,
                            Rule::BadPlace,
                            &format!("is not a number of degrees from -{most} to {most}"),
                        )
                    })
                };
                DraftPlace::Point { lat: degrees(lat, 90.0)?, lon: degrees(lon, 180.0)? }
            }
            (area, None) => {
                let column = area.unwrap_or(self.meter);
                return Err(refuse(column, Rule::BadPlace, "is empty: where is the meter?"));
            }
        };
        let word = |column: Option<usize>| column.filter(|&column| !field(column).is_empty());
        let count = |column: Option<usize>| match word(column) {
            None => Ok(None),
            Some(column) => {
                field(column).parse::<u8>().ok().filter(|&count| count <= ROOMS_MAX).map(Some).ok_or_else(
                    || {
                        let rule = format!("is not a whole number from 0 to {ROOMS_MAX}");
                        refuse(column, Rule::BadDwelling, &rule)
                    },
                )
            }
        };
        let dwelling = Dwelling {
            kind: self.named(
                line,
                word(self.kind),
                "flat, terraced, semi_detached, detached, bungalow, other",
            )?,
            bedrooms: count(self.bedrooms)?,
            occupants: count(self.occupants)?,
            heating: self.named(line, word(self.heating), "gas, electric, heat_pump, district, other")?,
        };
        Ok(ParsedMeter { draft: MeterDraft { meter, place, dwelling }, line })
    }

    /// A value that has a name of its own in the domain, such as `semi_detached`.
    fn named<T: for<'de> Deserialize<'de>>(
        &self,
        line: u64,
        column: Option<usize>,
        allowed: &str,
    ) -> Result<Option<T>, LineProblem> {
        let Some(column) = column else { return Ok(None) };
        let text = self.row.get(column).unwrap_or_default();
        let name = text.to_ascii_lowercase().replace([' ', '-'], "_");
        serde_json::from_value(serde_json::Value::String(name)).map(Some).map_err(|_| {
            let reason = Reason::new(Rule::BadDwelling, format_args!("is none of {allowed}"));
            LineProblem::new(line, &self.header.names[column], text, reason).in_column(column + 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metering::reading::{DwellingKind, Heating};

    fn read(format: Format, text: &str) -> Vec<Result<ParsedMeter, String>> {
        Meters::new(format, text.as_bytes()).unwrap().map(|item| item.map_err(|t| t.to_string())).collect()
    }

    #[test]
    fn a_table_of_meters() {
        let text = "meter_id,area,lat,lon,type,bedrooms,occupants,heating\n\
                    MAC000002,E01000001,,,Semi-detached,2,2,gas\n\
                    A,,51.5,-0.1,,,,\n\
                    B,,91,0,,,,\n\
                    C,E01,,,castle,,,\n\
                    D,E01,,,flat,many,,\n\
                    E,,,,,,,\n\
                    F G,E01,,,,,,\n";
        let meters = read(Format::MetersTable, text);
        let first = meters[0].as_ref().unwrap();
        assert_eq!(first.draft.place, DraftPlace::Area(AreaCode::parse("E01000001").unwrap()));
        assert_eq!(
            first.draft.dwelling,
            Dwelling {
                kind: Some(DwellingKind::SemiDetached),
                bedrooms: Some(2),
                occupants: Some(2),
                heating: Some(Heating::Gas),
            }
        );
        let second = meters[1].as_ref().unwrap();
        assert_eq!((&second.draft.place, second.line), (&DraftPlace::Point { lat: 51.5, lon: -0.1 }, 3));
        assert_eq!(second.draft.dwelling, Dwelling::default());
        let refused: Vec<&str> = meters[2..].iter().map(|m| m.as_ref().unwrap_err().as_str()).collect();
        assert_eq!(
            refused,
            [
                "line 4, column 3: lat \"91\" is not a number of degrees from -90 to 90 (bad_place)",
                "line 5, column 5: type \"castle\" is none of flat, terraced, semi_detached, detached, bungalow, other (bad_dwelling)",
                "line 6, column 6: bedrooms \"many\" is not a whole number from 0 to 50 (bad_dwelling)",
                "line 7, column 2: area \"\" is empty, and so is the position: where is the meter? (bad_place)",
                "line 8, column 1: meter_id \"F G\" contains ' '; allowed are A-Z a-z 0-9 and ._:- (bad_meter_id)",
            ]
        );
    }

    #[test]
    fn meters_as_the_door_takes_them() {
        let text = "{\"meters\":[\n\
            {\"meter_id\":\"MAC000002\",\"area\":\"E01000001\",\"dwelling\":{\"type\":\"flat\"}},\n\n\
            {\"meter_id\":\"A\",\"lat\":51.5,\"lon\":-0.1},\n\
            {\"meter_id\":\"B\"}]}";
        let check = |meters: Vec<Result<ParsedMeter, String>>, lines: [u64; 2], refused: &str| {
            assert_eq!(meters.len(), 3);
            assert_eq!(meters[0].as_ref().unwrap().draft.dwelling.kind, Some(DwellingKind::Flat));
            assert_eq!([meters[0].as_ref().unwrap().line, meters[1].as_ref().unwrap().line], lines);
            assert!(meters[2].as_ref().unwrap_err().starts_with(refused), "{meters:?}");
        };
        check(read(Format::MetersJson, text), [2, 4], "line 5: area");
        let lines = "{\"meter_id\":\"MAC000002\",\"area\":\"E01000001\",\"dwelling\":{\"type\":\"flat\"}}\n\
            {\"meter_id\":\"A\",\"lat\":51.5,\"lon\":-0.1}\nnonsense\n";
        check(read(Format::MetersJson, lines), [1, 2], "line 3: meter \"nonsense\" is not a meter");
        assert!(matches!(
            Meters::new(Format::MetersJson, "{\"meters\":[{\"meter_id\":".as_bytes()),
            Err(ImportError::Json { line: 1, .. })
        ));
        assert!(matches!(Meters::new(Format::GeoJson, "".as_bytes()), Err(ImportError::BadOption { .. })));
    }
}
