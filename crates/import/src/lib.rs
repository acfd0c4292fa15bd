//! Files that people have, made into readings, meters and statistics.
//!
//! Pure: a parser reads from any [`std::io::BufRead`], line by line, in memory that does not grow with the
//! file, and builds for the browser as well as for the server. It yields what it understood, and what it
//! refused with the line, the field, the value and the rule ([`LineProblem`]): nothing is dropped in silence.
//! What the file does not say and was taken for granted is told as well ([`Readings::assumptions`]).
//!
//! ```
//! let file = "start,value\n2012-10-12 00:30:00,0.143\n2012-10-12 01:00:00,-1\n";
//! let format = import::recognise(file.as_bytes())?;
//! let mut readings = import::Readings::new(format, file.as_bytes(), &import::ReadingOptions::default())?;
//! assert_eq!(readings.next().unwrap().unwrap().energy.mwh(), 143_000);
//! assert_eq!(readings.next().unwrap().unwrap_err().to_string(),
//!     "line 3, column 2: value \"-1\" is below zero (negative_energy)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | format | what it is | what its times mean |
//! | --- | --- | --- |
//! | `lcl` | Low Carbon London: `LCLid,tstp,energy(kWh/hh)` or `LCLid,stdorToU,DateTime,KWH/hh (per half hour)` | see below |
//! | `start-value` | `start,value` in kWh | starts; UTC where they have no offset |
//! | `csv` | a table with named columns | starts unless said otherwise; the zone has to be said where they have no offset |
//! | `green-button` | ESPI XML | starts, seconds since 1970 |
//! | `week-matrix` | `id,week,v1,v2,...` | Monday 00:00 in standard time, without a gap from there |
//! | `area-statistics` | published figures of areas and years, wide or long | |
//! | `meters-csv`, `meters-json` | meters, where they are and what homes they serve | |
//!
//! **Low Carbon London's times** are UTC all year: no hour is missing on the last Sunday of March and none is
//! double on that of October, and the habits of a home move by an hour in summer (the evening peak of MAC000002
//! is at 20:00 in winter and at 19:00 in summer). Whether a time is the start or the end of its half-hour, the
//! published descriptions do not say; here it is the start, as in the `start,value` form of the same data,
//! unless [`ReadingOptions::stamp`] says otherwise. A `Null` for the energy is refused (`no_value`), and the
//! midnights that the files repeat about once a month are readings like others: where readings are counted,
//! doubles count once.
//!
//! Amounts finer than a mWh are rounded half to even, and [`ParsedReading::rounded`] says so.

mod amount;
mod clock;
mod columns;
mod green_button;
mod lines;
mod meters;
mod options;
mod problem;
mod readings;
mod recognise;
mod statistics;
mod table;
mod week_matrix;

pub use amount::Unit;
pub use clock::Stamp;
pub use meters::{Meters, ParsedMeter};
pub use options::{ColumnNames, ReadingOptions, parse_duration_s};
pub use problem::{ImportError, LineProblem, Rule, Trouble};
pub use readings::{FieldNumbers, ParsedReading, Readings};
pub use recognise::{Content, Format, HEAD, Unrecognised, recognise};
pub use statistics::{ParsedStatistic, Statistics};
