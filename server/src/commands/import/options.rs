//! The command's options, as clap reads them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};
use import::{ColumnNames, Format, ReadingOptions, Stamp, Unit, parse_duration_s};
use jiff::tz::TimeZone;
use metering::{AreaCode, MeterId};

/// `wattmap import ...`
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    #[command(subcommand)]
    pub(super) what: What,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum What {
    /// Meters: CSV (meter_id, area or lat and lon, type, bedrooms, occupants, heating), or JSON as the API takes it.
    Meters(MeterArgs),
    /// Readings: Low Carbon London, other CSV, Green Button, weeks in rows. Packed files are unpacked.
    Readings(Box<ReadingArgs>),
    /// Published statistics of areas and years: the modelled figures rest on them.
    Statistics(StatisticsArgs),
    /// Areas from GeoJSON, made ready for `wattmap run --geography`.
    Geography(GeographyArgs),
}

/// What all imports have.
#[derive(Debug, Clone, Args)]
pub(super) struct Common {
    /// The files; .gz and .zst are unpacked.
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) files: Vec<PathBuf>,
    /// The format, where it is not to be recognised.
    #[arg(long, value_parser = format)]
    pub(super) format: Option<Format>,
    /// Read and check everything, write nothing; the report is the same.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Write everything that is refused to this file, as CSV.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) rejects: Option<PathBuf>,
    #[command(flatten)]
    pub(super) through: Through,
    /// Exit with code 3 if anything was refused, not only if nothing could be used.
    #[arg(long)]
    pub(super) strict: bool,
}

/// Through which server.
#[derive(Debug, Clone, Args)]
pub(super) struct Through {
    /// Send to a running server instead of opening the data directory.
    #[arg(long, value_name = "URL", requires = "key")]
    pub(super) server: Option<String>,
    /// How long a server that is away or busy is tried again: seconds, or 2m, 1h.
    #[arg(long, value_name = "DURATION", value_parser = patience, default_value = "2m")]
    pub(super) patience: Duration,
    /// The key for the server.
    #[arg(long, env = "WATTMAP_KEY", hide_env_values = true)]
    pub(super) key: Option<String>,
}

impl Through {
    /// The server and the key for it, if it goes through one.
    pub(super) fn server_and_key(&self) -> Option<(&str, &str)> {
        self.server.as_deref().zip(self.key.as_deref())
    }
}

impl Common {
    /// What is said after a stop in the middle: how to go on, unless nothing was written.
    pub(super) fn to_go_on(&self, how: &'static str) -> &'static str {
        if self.dry_run { super::dry::NOTE } else { how }
    }
}

#[derive(Debug, Clone, Args)]
pub(super) struct MeterArgs {
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Debug, Clone, Args)]
pub(super) struct StatisticsArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// The year, where the file does not say it.
    #[arg(long)]
    pub(super) year: Option<u16>,
    /// Whom to name wherever the figures are shown, as their terms ask for.
    #[arg(long, value_name = "TEXT", value_parser = crate::statistics::parse_attribution)]
    pub(super) attribution: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct GeographyArgs {
    /// The finest areas, as GeoJSON in WGS84.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "london")]
    pub(super) file: Option<PathBuf>,
    /// Go back to London, which comes with the program: what was imported is forgotten.
    #[arg(long, conflicts_with_all = ["file", "out", "code", "name", "near", "parent", "levels", "title", "attribution", "tz", "leave_out"])]
    pub(super) london: bool,
    #[command(flatten)]
    pub(super) through: Through,
    /// Write a file for --geography instead of storing it in the data directory.
    #[arg(long, conflicts_with = "server", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) out: Option<PathBuf>,
    /// The property that holds an area's code; guessed where its name is usual.
    #[arg(long, value_name = "PROPERTY")]
    pub(super) code: Option<String>,
    /// The property that holds an area's name.
    #[arg(long, value_name = "PROPERTY")]
    pub(super) name: Option<String>,
    /// The property that holds the nearest place that people know.
    #[arg(long, value_name = "PROPERTY")]
    pub(super) near: Option<String>,
    /// Properties that hold the codes of the areas around it, the nearest first; name theirs as CODE:NAME.
    #[arg(long, value_name = "CODE[:NAME]", value_delimiter = ',')]
    pub(super) parent: Vec<String>,
    /// How the levels are called in URLs, the coarsest first.
    #[arg(long, value_name = "NAME[:SINGULAR:PLURAL]", value_delimiter = ',')]
    pub(super) levels: Vec<String>,
    /// What the geography is called.
    #[arg(long)]
    pub(super) title: Option<String>,
    /// Whom the data is from, as its terms ask for.
    #[arg(long)]
    pub(super) attribution: Option<String>,
    /// The time zone of its days; UTC if left out.
    #[arg(long, value_name = "ZONE")]
    pub(super) tz: Option<String>,
    /// Leave out areas that can't be used instead of refusing all.
    #[arg(long)]
    pub(super) leave_out: bool,
    /// Read and check everything, write nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct ReadingArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// The meter, where the file names none.
    #[arg(long, value_name = "ID", value_parser = MeterId::parse)]
    pub(super) meter: Option<MeterId>,
    /// Register the meters of the file in this area first.
    #[arg(long, value_name = "CODE", value_parser = AreaCode::parse)]
    pub(super) area: Option<AreaCode>,
    /// The column of the time.
    #[arg(long, value_name = "NAME")]
    start_column: Option<String>,
    /// The column of the energy.
    #[arg(long, value_name = "NAME")]
    energy_column: Option<String>,
    /// The column of the meter.
    #[arg(long, value_name = "NAME")]
    meter_column: Option<String>,
    /// The column of the duration, in seconds.
    #[arg(long, value_name = "NAME")]
    duration_column: Option<String>,
    /// How long each reading lasts: seconds, or 30m, 1h.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    duration: Option<i64>,
    /// The unit of the energy: Wh or kWh.
    #[arg(long, value_parser = unit)]
    unit: Option<Unit>,
    /// The zone of times without an offset, such as Europe/London.
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    tz: Option<TimeZone>,
    /// The form of the times, as strptime has it: "%d/%m/%Y %H:%M".
    #[arg(long, value_name = "FORM")]
    time_format: Option<String>,
    /// Whether times are the start of a reading or its end.
    #[arg(long, value_name = "start|end", value_parser = stamp)]
    stamp: Option<Stamp>,
    /// What separates the columns.
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// Amounts have a comma for the decimal point.
    #[arg(long)]
    decimal_comma: bool,
    /// The year, where the file only numbers weeks.
    #[arg(long)]
    year: Option<i16>,
}

impl ReadingArgs {
    /// Whether it is a server, later, that decides which of the meters it knows.
    pub(super) fn is_decided_elsewhere(&self) -> bool {
        self.common.through.server.is_some() && !self.common.dry_run && self.area.is_none()
    }

    /// The format, where it was said: who names the columns has said that it is a table.
    pub(super) fn format(&self) -> Option<Format> {
        let columns = self.start_column.is_some() || self.energy_column.is_some();
        self.common.format.or_else(|| columns.then_some(Format::Columns))
    }

    /// As the parsers take them.
    pub(super) fn reading_options(&self) -> ReadingOptions {
        ReadingOptions {
            meter: self.meter.clone(),
            columns: ColumnNames {
                start: self.start_column.clone(),
                energy: self.energy_column.clone(),
                meter: self.meter_column.clone(),
                duration: self.duration_column.clone(),
            },
            unit: self.unit,
            duration_s: self.duration,
            time_zone: self.tz.clone(),
            time_format: self.time_format.clone(),
            stamp: self.stamp,
            delimiter: self.delimiter,
            decimal_comma: self.decimal_comma,
            year: self.year,
        }
    }
}

fn format(text: &str) -> Result<Format, String> {
    Format::parse(text).ok_or_else(|| {
        let all: Vec<&str> = Format::ALL.iter().map(|format| format.as_str()).collect();
        format!("allowed are {}", all.join(", "))
    })
}

fn duration(text: &str) -> Result<i64, String> {
    parse_duration_s(text).ok_or_else(|| "allowed are seconds, or a number with s, m or h".to_owned())
}

fn patience(text: &str) -> Result<Duration, String> {
    let seconds = duration(text)?;
    u64::try_from(seconds).map(Duration::from_secs).map_err(|_| "allowed are 0 seconds and more".to_owned())
}

fn unit(text: &str) -> Result<Unit, String> {
    Unit::parse(text).ok_or_else(|| "allowed are Wh and kWh".to_owned())
}

fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text)
        .map_err(|_| "is no zone of the IANA database, such as Europe/London or UTC".to_owned())
}

fn stamp(text: &str) -> Result<Stamp, String> {
    Stamp::parse(text).ok_or_else(|| "allowed are start and end".to_owned())
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" | b"tab" => Ok(b'\t'),
        [one] => Ok(*one),
        _ => Err("is not one character; a tab is written tab".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    #[derive(Debug, Parser)]
    struct Alone {
        #[command(flatten)]
        import: ImportArgs,
    }

    #[test]
    fn the_options_hold_together() {
        Alone::command().debug_assert();
        let parse = |line: &str| Alone::try_parse_from(line.split(' '));
        let parsed =
            parse("import readings a.csv --meter MAC000002 --duration 30m --tz Europe/London --unit kwh")
                .unwrap();
        let What::Readings(args) = parsed.import.what else { panic!("{parsed:?}") };
        assert_eq!(args.reading_options().duration_s, Some(1800));
        assert_eq!((args.common.through.patience, args.common.strict), (Duration::from_secs(120), false));
        for wrong in [
            "import readings",
            "import readings a --meter a/b",
            "import readings a --tz Mars/Olympus",
            "import readings a --unit J",
            "import readings a --duration long",
            "import readings a --format xls",
            "import readings a --server http://localhost",
            "import readings a --patience soon",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
