//! `wattmap export`: the operator's exact data, one file a UTC day.

mod table;

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use engine::{FigureStore, StoredSpan};
use metering::aggregate::Totals;
use metering::stored::RawVersion;
use metering::{MeterId, Window};

use self::table::{Format, Kind, Table, Value};
use super::engine::aggregation_of;
use crate::commands::say;
use crate::config::Config;
use crate::engines::{must_be_there, open};
use crate::roles::aggregate::drain;

/// Meters of a day that are held in memory at once.
const METERS_AT_ONCE: usize = 5000;

/// `wattmap export ...`
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// What to write
    what: What,
    /// How
    #[arg(long, default_value = "csv")]
    format: Format,
    /// Where: a directory; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Energy, meters and meter-seconds of every area of the finest level and half-hour
    Aggregates,
    /// The last version of every reading
    Readings,
}

/// Runs it. The server must not run: it has the data directory. What is in the log and not yet aggregated is
/// aggregated first.
pub async fn run(args: ExportArgs, config: Config) -> anyhow::Result<()> {
    must_be_there(&config)?;
    fs::create_dir_all(&args.out).with_context(|| format!("can't make {}", args.out.display()))?;
    let opened = open(&config).await?;
    let outcome = async {
        drain(aggregation_of(&opened, &config).await?, opened.ownership_of_command(), |_| ()).await?;
        let store = opened.ports.figures.clone();
        match store.span().await? {
            Some(span) => write_days(store.as_ref(), &args, span).await,
            None => Ok(Written::default()),
        }
    }
    .await;
    opened.close().await?;
    let Written { rows, files } = outcome?;
    say(format_args!("{rows} rows in {files} files in {}", args.out.display()))
}

#[derive(Default)]
struct Written {
    rows: u64,
    files: u32,
}

async fn write_days(store: &dyn FigureStore, args: &ExportArgs, span: StoredSpan) -> anyhow::Result<Written> {
    let mut written = Written::default();
    for day in span.first_day..=span.last_day {
        let date = &Window::at(day, 0).start().to_string()[..10];
        let (name, columns) = match args.what {
            What::Aggregates => ("aggregates", &AGGREGATES),
            What::Readings => ("readings", &READINGS),
        };
        let table = Table::new(&args.out, &format!("{name}-{date}"), args.format, columns)?;
        let rows = match args.what {
            What::Aggregates => aggregates(store, day, table).await?,
            What::Readings => readings(store, day, table).await?,
        };
        written.rows += rows;
        written.files += u32::from(rows > 0);
    }
    Ok(written)
}

const AGGREGATES: [(&str, Kind); 5] = [
    ("area", Kind::Text),
    ("start", Kind::Instant),
    ("energy_mwh", Kind::Whole),
    ("meters", Kind::Whole),
    ("meter_seconds", Kind::Whole),
];

async fn aggregates(store: &dyn FigureStore, day: i32, mut table: Table) -> anyhow::Result<u64> {
    for area_day in store.day(day).await? {
        for (of_day, sum) in area_day.windows.iter().enumerate().filter(|(_, sum)| **sum != Totals::default())
        {
            let Totals { energy, meters, meter_seconds } = *sum;
            table.row([
                Value::Text(area_day.area.as_str()),
                Value::Instant(Window::at(day, of_day).start()),
                Value::Whole(energy.mwh()),
                Value::Whole(meters),
                Value::Whole(meter_seconds),
            ])?;
        }
    }
    table.finish()
}

const READINGS: [(&str, Kind); 5] = [
    ("meter_id", Kind::Text),
    ("start", Kind::Instant),
    ("duration_s", Kind::Whole),
    ("energy_mwh", Kind::Whole),
    ("area", Kind::Text),
];

async fn readings(store: &dyn FigureStore, day: i32, mut table: Table) -> anyhow::Result<u64> {
    let mut from: Option<MeterId> = None;
    loop {
        let page = store.readings_of_day(day, from.as_ref(), METERS_AT_ONCE).await?;
        let last = page.last().map(|reading| reading.meter.clone());
        // A page begins with the meter that the one before it ended with.
        for reading in page.iter().filter(|reading| from.as_ref() != Some(&reading.meter)) {
            let RawVersion { meter, interval, energy, area, .. } = reading;
            table.row([
                Value::Text(meter.as_str()),
                Value::Instant(interval.start()),
                Value::Whole(interval.duration_s().into()),
                Value::Whole(energy.mwh()),
                Value::Text(area.as_str()),
            ])?;
        }
        if last.is_none() || last == from {
            return table.finish();
        }
        from = last;
    }
}
