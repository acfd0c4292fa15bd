//! Published statistics of areas: how many meters, how much they used in a year.
//!
//! Two shapes, told apart by the header: *wide*, a row an area with columns for every year
//! (`meters_n_2019,total_kWh_2019,mean_kWhpm_2019,median_kWhpm_2019`), and *long*, a row an area and year
//! (`year,msoa_code,meters,consumption_kwh,mean_kwh,median_kwh`). Where a row names areas of several levels,
//! its figures are those of the finest. The mean has to be the total divided by the meters.

use std::collections::BTreeMap;
use std::io::BufRead;

use metering::AreaCode;
use metering::statistics::AreaStatistic;

use crate::lines::{Line, Lines};
use crate::problem::{ImportError, LineProblem, Reason, Rule, Trouble};
use crate::table::{Header, Splitter, guess_delimiter, plain};

/// Columns that name an area, the finest level first; census years are cut off before comparing.
const AREA: &[&str] = &[
    "oacode",
    "oacd",
    "lsoacode",
    "lsoacd",
    "msoacode",
    "msoacd",
    "areacode",
    "area",
    "code",
    "ladcode",
    "ladcd",
    "lacode",
    "boroughcode",
];
pub(crate) const YEAR: &[&str] = &["year"];
const METERS: &[&str] =
    &["meters", "metersn", "domesticmeters", "numberofmeters", "noofmeters", "metercount"];
const TOTAL: &[&str] = &["total", "totalkwh", "consumptionkwh", "totalconsumptionkwh", "kwh"];
pub(crate) const MEAN: &[&str] =
    &["mean", "meankwh", "meankwhpm", "meankwhpermeter", "meanconsumptionkwhpermeter"];
const MEDIAN: &[&str] =
    &["median", "mediankwh", "mediankwhpm", "mediankwhpermeter", "medianconsumptionkwhpermeter"];

/// The years that statistics may be of.
const YEARS: std::ops::RangeInclusive<u16> = 1900..=2200;
/// How far the mean may be from total / meters: published figures are rounded.
const MEAN_TOLERANCE: f64 = 0.005;
/// kWh that a home uses in a year at most; no area's mean is near it.
const MOST_KWH_A_METER: f64 = 1e6;

/// Whether a plain column name is that of a wide table's figure, such as `meankwhpm2019`.
pub(crate) fn is_figure_of_a_year(name: &str) -> bool {
    split_year(name).is_some_and(|(stem, _)| MEAN.contains(&stem) || METERS.contains(&stem))
}

/// The stem and the year that a plain name ends with.
fn split_year(name: &str) -> Option<(&str, u16)> {
    let at = name.len().checked_sub(4)?;
    let year = name.get(at..)?.parse().ok().filter(|year| YEARS.contains(year))?;
    Some((&name[..at], year))
}

/// Where a year's figures stand in a row.
#[derive(Debug, Clone, Default)]
struct Columns {
    meters: Option<usize>,
    total: Option<usize>,
    mean: Option<usize>,
    median: Option<usize>,
}

impl Columns {
    fn set(&mut self, stem: &str, column: usize) {
        let known = [
            (METERS, &mut self.meters),
            (TOTAL, &mut self.total),
            (MEAN, &mut self.mean),
            (MEDIAN, &mut self.median),
        ];
        for (names, slot) in known {
            if names.contains(&stem) {
                slot.get_or_insert(column);
            }
        }
    }
}

enum Shape {
    Wide(Vec<(u16, Columns)>),
    Long { year: Option<usize>, given: Option<u16>, columns: Columns },
}

/// A figure as a file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedStatistic {
    /// What it says.
    pub statistic: AreaStatistic,
    /// The line it stands in, from 1.
    pub line: u64,
}

/// The statistics of a file, in the order of its rows.
pub struct Statistics<R> {
    lines: Lines<R>,
    row: Splitter,
    header: Header,
    area: usize,
    shape: Shape,
    /// The row at hand, and how many of its years were given out.
    line: u64,
    next: usize,
    stopped: bool,
}

impl<R: BufRead> Statistics<R> {
    /// Begins to read: the header says where everything is. `year` is that of a long table without one.
    pub fn new(reader: R, year: Option<u16>) -> Result<Self, ImportError> {
        let mut lines = Lines::new(reader);
        let (line, first) = match lines.next()?.ok_or(ImportError::Empty)? {
            (line, Line::Text(text)) => (line, text.to_owned()),
            (line, Line::Refused(_)) => {
                return Err(Header { line, names: Vec::new() }.lacks("the area", "--format"));
            }
        };
        let mut row = Splitter::new(guess_delimiter(&first));
        if row.split(line, &first).is_err() {
            return Err(Header { line, names: vec![first] }.lacks("the area", "--format"));
        }
        let header = Header::new(line, &row)?;
        let area =
            area_column(&header).ok_or_else(|| header.lacks("the area's code", "a column \"area\""))?;
        let shape = shape(&header, year)?;
        Ok(Statistics { lines, row, header, area, shape, line: 0, next: usize::MAX, stopped: false })
    }

    /// How many figures a row holds.
    fn figures(&self) -> usize {
        match &self.shape {
            Shape::Wide(years) => years.len(),
            Shape::Long { .. } => 1,
        }
    }

    fn advance(&mut self) -> Option<Result<ParsedStatistic, Trouble>> {
        while self.next >= self.figures() {
            let (line, text) = match self.lines.next() {
                Err(error) => return Some(Err(Trouble::Stopped(error))),
                Ok(None) => return None,
                Ok(Some((_, Line::Refused(problem)))) => return Some(Err(problem.into())),
                Ok(Some((line, Line::Text(text)))) => (line, text),
            };
            if let Err(problem) = self.row.split(line, text).and_then(|()| self.header.holds(line, &self.row))
            {
                return Some(Err(problem.into()));
            }
            (self.line, self.next) = (line, 0);
        }
        let at = self.next;
        self.next += 1;
        let statistic = match &self.shape {
            Shape::Wide(years) => self.statistic(years[at].0, &years[at].1),
            Shape::Long { year, given, columns } => {
                self.year(*year, *given).and_then(|year| self.statistic(year, columns))
            }
        };
        let line = self.line;
        Some(statistic.map(|statistic| ParsedStatistic { statistic, line }).map_err(Trouble::from))
    }

    fn problem(&self, column: usize, code: Rule, message: &str) -> LineProblem {
        let name = self.header.names.get(column).map_or("", String::as_str);
        let value = self.row.get(column).unwrap_or_default();
        LineProblem::new(self.line, name, value, Reason::new(code, message)).in_column(column + 1)
    }

    fn year(&self, column: Option<usize>, given: Option<u16>) -> Result<u16, LineProblem> {
        let Some(column) = column else { return Ok(given.unwrap_or_default()) };
        let year =
            self.row.get(column).and_then(|text| text.parse().ok()).filter(|year| YEARS.contains(year));
        year.ok_or_else(|| self.problem(column, Rule::BadYear, "is not a year"))
    }

    fn statistic(&self, year: u16, columns: &Columns) -> Result<AreaStatistic, LineProblem> {
        let text = self.row.get(self.area).unwrap_or_default();
        let area = AreaCode::parse(text)
            .map_err(|error| self.problem(self.area, Rule::BadArea, &error.to_string()))?;
        let amount = |column: Option<usize>| -> Result<Option<f64>, LineProblem> {
            let Some(column) = column else { return Ok(None) };
            let text = self.row.get(column).unwrap_or_default();
            let number = text.replace(',', "").parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
            number.map(Some).ok_or_else(|| self.problem(column, Rule::BadFigure, "is not a number from 0 up"))
        };
        let meters_column = columns.meters.unwrap_or(self.area);
        let meters = match amount(columns.meters)? {
            Some(meters) if meters >= 1.0 && meters.fract() == 0.0 && meters <= f64::from(u32::MAX) => meters,
            _ => {
                return Err(self.problem(
                    meters_column,
                    Rule::BadFigure,
                    "is not a whole number of meters from 1 up",
                ));
            }
        };
        let (total, mean) = match (amount(columns.total)?, amount(columns.mean)?) {
            (Some(total), Some(mean)) => (total, mean),
            (Some(total), None) => (total, total / meters),
            (None, Some(mean)) => (mean * meters, mean),
            (None, None) => {
                return Err(self.problem(meters_column, Rule::BadFigure, "has no consumption beside it"));
            }
        };
        let mean_column = columns.mean.or(columns.total).unwrap_or(self.area);
        if (total / meters - mean).abs() > mean * MEAN_TOLERANCE + 0.5 {
            return Err(self.problem(mean_column, Rule::BadFigure, "is not the total divided by the meters"));
        }
        if mean > MOST_KWH_A_METER {
            return Err(self.problem(mean_column, Rule::BadFigure, "is more than any home uses in a year"));
        }
        // Where the median is withheld, the rest still says something.
        let median_kwh = match columns.median.and_then(|column| self.row.get(column)) {
            None | Some("") => None,
            Some(_) => amount(columns.median)?,
        };
        Ok(AreaStatistic { area, year, meters: meters as u32, total_kwh: total, mean_kwh: mean, median_kwh })
    }
}

impl<R: BufRead> Iterator for Statistics<R> {
    type Item = Result<ParsedStatistic, Trouble>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.stopped {
            return None;
        }
        let next = self.advance();
        self.stopped = matches!(next, None | Some(Err(Trouble::Stopped(_))));
        next
    }
}

/// The column of the finest area; `LSOA11CD` and `lsoa_code` are the same.
fn area_column(header: &Header) -> Option<usize> {
    let names: Vec<String> = header
        .names
        .iter()
        .map(|name| plain(name).chars().filter(|c| !c.is_ascii_digit()).collect())
        .collect();
    AREA.iter().find_map(|wanted| names.iter().position(|name| name == wanted))
}

fn shape(header: &Header, given: Option<u16>) -> Result<Shape, ImportError> {
    let mut wide: BTreeMap<u16, Columns> = BTreeMap::new();
    let mut long = Columns::default();
    for (column, name) in header.names.iter().map(|name| plain(name)).enumerate() {
        long.set(&name, column);
        if let Some((stem, year)) = split_year(&name) {
            let mut columns = Columns::default();
            columns.set(stem, column);
            if columns.meters.or(columns.total).or(columns.mean).or(columns.median).is_some() {
                wide.entry(year).or_default().set(stem, column);
            }
        }
    }
    if !wide.is_empty() {
        return Ok(Shape::Wide(wide.into_iter().collect()));
    }
    let year = header.find(YEAR);
    if year.is_none() && given.is_none() {
        return Err(header.lacks("the year", "--year"));
    }
    if long.meters.is_none() || long.total.or(long.mean).is_none() {
        return Err(header.lacks("meters and their consumption", "columns \"meters\" and \"mean_kwh\""));
    }
    Ok(Shape::Long { year, given, columns: long })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Result<AreaStatistic, String>> {
        let statistics = Statistics::new(text.as_bytes(), None).unwrap();
        let items = statistics.map(|item| item.map(|parsed| parsed.statistic).map_err(|t| t.to_string()));
        items.collect()
    }

    const WIDE: &str = "LSOA11CD,LSOA11NM,MSOA11CD,meters_n_2018,total_kWh_2018,mean_kWhpm_2018,median_kWhpm_2018,meters_n_2019,total_kWh_2019,mean_kWhpm_2019,median_kWhpm_2019\n";

    #[test]
    fn a_wide_table_has_an_area_and_all_its_years_in_a_row() {
        let statistics = read(&format!(
            "{WIDE}E01000001,City,E02000001,1058,4411243.5,4169.417,3542.05,1059.0,4298383,4058.9,\n"
        ));
        let [first, second] = statistics.as_slice() else { panic!("{statistics:?}") };
        let first = first.as_ref().unwrap();
        assert_eq!((first.area.as_str(), first.year, first.meters), ("E01000001", 2018, 1058));
        assert_eq!((first.total_kwh, first.mean_kwh, first.median_kwh), (4411243.5, 4169.417, Some(3542.05)));
        let second = second.as_ref().unwrap();
        assert_eq!((second.year, second.meters, second.median_kwh), (2019, 1059, None));
    }

    #[test]
    fn a_long_table_has_a_row_an_area_and_year() {
        let text = "year,la_name,la_code,msoa_name,msoa_code,meters,consumption_kwh,mean_kwh,median_kwh\n\
                    2010,City,E09000001,City 001,E02000001,5893,26802330,4548.163923,3355.4\n";
        let statistics = read(text);
        let only = statistics[0].as_ref().unwrap();
        assert_eq!(
            (only.area.as_str(), only.year, only.meters, only.mean_kwh),
            ("E02000001", 2010, 5893, 4548.163923)
        );
    }

    #[test]
    fn a_table_of_one_year_is_told_its_year() {
        let text =
            "borough_code,borough,domestic_meters,mean_kwh_per_meter\nE09000001,City of London,6959,3957\n";
        assert!(matches!(
            Statistics::new(text.as_bytes(), None),
            Err(ImportError::NoColumn { what: "the year", .. })
        ));
        let only = Statistics::new(text.as_bytes(), Some(2019)).unwrap().next().unwrap().unwrap();
        assert_eq!(only.line, 2);
        let only = only.statistic;
        assert_eq!((only.year, only.total_kwh), (2019, 6959.0 * 3957.0));
    }

    #[test]
    fn what_is_refused_says_where() {
        let check = |row: &str, expect: &str| {
            let problems: Vec<String> =
                read(&format!("{WIDE}{row}\n")).into_iter().filter_map(Result::err).collect();
            assert_eq!(problems.first().map(String::as_str), Some(expect));
        };
        let good_2018 = "1058,4411243.5,4169.417,3542.05";
        check(
            &format!("E01000001,C,E,{good_2018},0,0,0,0"),
            "line 2, column 8: meters_n_2019 \"0\" is not a whole number of meters from 1 up (bad_figure)",
        );
        check(
            &format!("E01000001,C,E,{good_2018},1059,4298383,40589,1"),
            "line 2, column 10: mean_kWhpm_2019 \"40589\" is not the total divided by the meters (bad_figure)",
        );
        check(
            &format!("E01000001,C,E,{good_2018},1059,-1,4058,1"),
            "line 2, column 9: total_kWh_2019 \"-1\" is not a number from 0 up (bad_figure)",
        );
        check(
            &format!("E01/1,C,E,{good_2018},{good_2018}"),
            "line 2, column 1: LSOA11CD \"E01/1\" contains '/'; allowed are A-Z a-z 0-9 and ._:- (bad_area)",
        );
        check("E01000001,C", "line 2, column 4: meters_n_2018 \"\" is not a number from 0 up (bad_figure)");
    }
}
