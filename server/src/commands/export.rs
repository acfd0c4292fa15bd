//! `wattmap export`: the operator's exact data, one file a UTC day.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use engine::{FigureStore, StoredSpan};
use metering::aggregate::Totals;
use metering::stored::RawVersion;
use metering::{AreaCode, MeterId, Window};

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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Parquet,
}

/// Runs it. The server must not run: it has the data directory. What is in the log and not yet aggregated is
/// aggregated first.
pub async fn run(args: ExportArgs, config: Config) -> anyhow::Result<()> {
    if args.format == Format::Parquet {
        bail!("parquet can't be written yet; --format csv can");
    }
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
        let rows = match args.what {
            What::Aggregates => {
                let path = args.out.join(format!("aggregates-{date}.csv"));
                aggregates(store, day, &path).await?
            }
            What::Readings => readings(store, day, &args.out.join(format!("readings-{date}.csv"))).await?,
        };
        written.rows += rows;
        written.files += u32::from(rows > 0);
    }
    Ok(written)
}

/// A file that has its name only when it is whole.
struct Sheet {
    path: PathBuf,
    unfinished: PathBuf,
    out: BufWriter<File>,
    rows: u64,
}

impl Sheet {
    fn new(path: &Path, header: &str) -> anyhow::Result<Self> {
        let unfinished = path.with_extension("csv.unfinished");
        let file =
            File::create(&unfinished).with_context(|| format!("can't write {}", unfinished.display()))?;
        let mut out = BufWriter::new(file);
        writeln!(out, "{header}")?;
        Ok(Sheet { path: path.to_owned(), unfinished, out, rows: 0 })
    }

    fn finish(mut self) -> anyhow::Result<u64> {
        self.out.flush()?;
        if self.rows == 0 {
            fs::remove_file(&self.unfinished)?;
        } else {
            fs::rename(&self.unfinished, &self.path)?;
        }
        Ok(self.rows)
    }

    fn aggregate(&mut self, area: &AreaCode, window: Window, sum: &Totals) -> std::io::Result<()> {
        self.rows += 1;
        let (start, Totals { energy, meters, meter_seconds }) = (window.start(), sum);
        writeln!(self.out, "{area},{start},{},{meters},{meter_seconds}", energy.mwh())
    }

    fn reading(&mut self, reading: &RawVersion) -> std::io::Result<()> {
        self.rows += 1;
        let RawVersion { meter, interval, energy, area, .. } = reading;
        let (start, duration_s) = (interval.start(), interval.duration_s());
        writeln!(self.out, "{meter},{start},{duration_s},{},{area}", energy.mwh())
    }
}

async fn aggregates(store: &dyn FigureStore, day: i32, path: &Path) -> anyhow::Result<u64> {
    let mut sheet = Sheet::new(path, "area,start,energy_mwh,meters,meter_seconds")?;
    for area_day in store.day(day).await? {
        for (of_day, sum) in area_day.windows.iter().enumerate() {
            if *sum != Totals::default() {
                sheet.aggregate(&area_day.area, Window::at(day, of_day), sum)?;
            }
        }
    }
    sheet.finish()
}

async fn readings(store: &dyn FigureStore, day: i32, path: &Path) -> anyhow::Result<u64> {
    let mut sheet = Sheet::new(path, "meter_id,start,duration_s,energy_mwh,area")?;
    let mut from: Option<MeterId> = None;
    loop {
        let page = store.readings_of_day(day, from.as_ref(), METERS_AT_ONCE).await?;
        let last = page.last().map(|reading| reading.meter.clone());
        // A page begins with the meter that the one before it ended with.
        for reading in page.iter().filter(|reading| from.as_ref() != Some(&reading.meter)) {
            sheet.reading(reading)?;
        }
        if last.is_none() || last == from {
            return sheet.finish();
        }
        from = last;
    }
}
