//! A table as a file: CSV, or Parquet with the same columns.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::ValueEnum;
use metering::UtcSecond;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Csv,
    Parquet,
}

/// What a column has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text,
    /// UTC.
    Instant,
    Whole,
}

/// A value of a column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Instant(UtcSecond),
    Whole(i64),
}

/// A file that has its name only when it is whole, and none without rows.
pub(super) struct Table {
    path: PathBuf,
    unfinished: PathBuf,
    rows: u64,
    writer: Writer,
}

enum Writer {
    Csv(BufWriter<File>),
    Parquet(Groups),
}

impl Table {
    /// `name` is the file's, without what says its format.
    pub(super) fn new(
        dir: &Path,
        name: &str,
        format: Format,
        columns: &[(&str, Kind)],
    ) -> anyhow::Result<Self> {
        let suffix = match format {
            Format::Csv => "csv",
            Format::Parquet => "parquet",
        };
        let path = dir.join(format!("{name}.{suffix}"));
        let unfinished = dir.join(format!("{name}.{suffix}.unfinished"));
        let file =
            File::create(&unfinished).with_context(|| format!("can't write {}", unfinished.display()))?;
        let writer = match format {
            Format::Csv => {
                let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
                let mut out = BufWriter::new(file);
                writeln!(out, "{}", names.join(","))?;
                Writer::Csv(out)
            }
            Format::Parquet => Writer::Parquet(Groups::new(file, columns)?),
        };
        Ok(Table { path, unfinished, rows: 0, writer })
    }

    /// Adds a row, with a value a column.
    pub(super) fn row<const COLUMNS: usize>(&mut self, values: [Value<'_>; COLUMNS]) -> anyhow::Result<()> {
        self.rows += 1;
        match &mut self.writer {
            Writer::Csv(out) => {
                for (n, value) in values.iter().enumerate() {
                    let before = if n == 0 { "" } else { "," };
                    match value {
                        // Neither names of meters nor codes of areas have commas or quotes.
                        Value::Text(text) => write!(out, "{before}{text}")?,
                        Value::Instant(at) => write!(out, "{before}{at}")?,
                        Value::Whole(number) => write!(out, "{before}{number}")?,
                    }
                }
                Ok(writeln!(out)?)
            }
            Writer::Parquet(groups) => groups.row(&values),
        }
    }

    /// Gives the file its name. How many rows it has.
    pub(super) fn finish(self) -> anyhow::Result<u64> {
        match self.writer {
            Writer::Csv(mut out) => out.flush()?,
            Writer::Parquet(groups) => groups.finish()?,
        }
        if self.rows == 0 {
            fs::remove_file(&self.unfinished)?;
        } else {
            fs::rename(&self.unfinished, &self.path)?;
        }
        Ok(self.rows)
    }
}

/// Rows of a group: some megabytes, which is what is held in memory.
const GROUP_ROWS: usize = 250_000;

/// A Parquet file, written a group of rows at a time.
struct Groups {
    writer: SerializedFileWriter<File>,
    /// Those of the group under way.
    columns: Vec<Column>,
    rows: usize,
}

enum Column {
    Text(Vec<ByteArray>),
    /// Whole numbers, and instants in milliseconds since 1970.
    Whole(Vec<i64>),
}

impl Groups {
    fn new(file: File, columns: &[(&str, Kind)]) -> anyhow::Result<Self> {
        let mut fields = Vec::new();
        for &(name, kind) in columns {
            let (physical, logical) = match kind {
                Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
                Kind::Instant => {
                    let is_utc = true;
                    (Physical::INT64, Some(LogicalType::timestamp(is_utc, TimeUnit::MILLIS)))
                }
                Kind::Whole => (Physical::INT64, None),
            };
            let field = Type::primitive_type_builder(name, physical)
                .with_repetition(Repetition::REQUIRED)
                .with_logical_type(logical);
            fields.push(Arc::new(field.build()?));
        }
        let schema = Type::group_type_builder("wattmap").with_fields(fields).build()?;
        let zstd = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder().set_compression(zstd).build();
        let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))?;
        let empty = |&(_, kind): &(&str, Kind)| match kind {
            Kind::Text => Column::Text(Vec::new()),
            Kind::Instant | Kind::Whole => Column::Whole(Vec::new()),
        };
        Ok(Groups { writer, columns: columns.iter().map(empty).collect(), rows: 0 })
    }

    fn row(&mut self, values: &[Value<'_>]) -> anyhow::Result<()> {
        for (column, value) in self.columns.iter_mut().zip(values) {
            match (column, *value) {
                (Column::Text(held), Value::Text(text)) => held.push(text.into()),
                (Column::Whole(held), Value::Instant(at)) => held.push(at.0 * 1000),
                (Column::Whole(held), Value::Whole(number)) => held.push(number),
                (Column::Text(_), _) | (Column::Whole(_), Value::Text(_)) => {
                    anyhow::bail!("{value:?} is not what its column has")
                }
            }
        }
        self.rows += 1;
        if self.rows == GROUP_ROWS { self.write() } else { Ok(()) }
    }

    /// Writes the group under way.
    fn write(&mut self) -> anyhow::Result<()> {
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            let mut out = group.next_column()?.context("as many columns as the schema has")?;
            match column {
                Column::Text(held) => {
                    out.typed::<ByteArrayType>().write_batch(held, None, None)?;
                    held.clear();
                }
                Column::Whole(held) => {
                    out.typed::<Int64Type>().write_batch(held, None, None)?;
                    held.clear();
                }
            }
            out.close()?;
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<()> {
        if self.rows > 0 {
            self.write()?;
        }
        self.writer.close()?;
        Ok(())
    }
}
