//! What a user may say about a file that does not say it itself.

use jiff::tz::TimeZone;
use metering::MeterId;

use crate::amount::Unit;
use crate::clock::Stamp;
use crate::problem::ImportError;

/// All that can be said about a file of readings. What is left out is seen from the file, or has the
/// default of its format; what was taken for granted is in [`crate::Readings::assumptions`].
#[derive(Debug, Clone, Default)]
pub struct ReadingOptions {
    /// Whose the readings are, where the file names no meter.
    pub meter: Option<MeterId>,
    /// Columns by name.
    pub columns: ColumnNames,
    /// The unit of the amounts.
    pub unit: Option<Unit>,
    /// How long each reading lasts, seconds.
    pub duration_s: Option<i64>,
    /// The zone of times that have no offset.
    pub time_zone: Option<TimeZone>,
    /// The form of the times, as `strptime` takes it.
    pub time_format: Option<String>,
    /// Whether times are starts or ends.
    pub stamp: Option<Stamp>,
    /// What separates the columns.
    pub delimiter: Option<u8>,
    /// Whether amounts have a comma for the decimal point.
    pub decimal_comma: bool,
    /// The year of a file that numbers weeks only.
    pub year: Option<i16>,
}

/// Columns of a table, by the names in its header.
#[derive(Debug, Clone, Default)]
pub struct ColumnNames {
    /// The time.
    pub start: Option<String>,
    /// The energy.
    pub energy: Option<String>,
    /// The meter.
    pub meter: Option<String>,
    /// How long the reading lasts, seconds.
    pub duration: Option<String>,
}

impl ReadingOptions {
    /// Whether the options make sense by themselves; said before a file is opened.
    pub fn check(&self) -> Result<(), ImportError> {
        if let Some(seconds) = self.duration_s
            && metering::Interval::new(metering::UtcSecond(0), seconds).is_err()
        {
            return Err(ImportError::BadOption {
                option: "--duration",
                value: seconds.to_string(),
                rule: "is not a duration of a reading: divisors of 1800 s from 10 up, and 3600",
            });
        }
        if let Some(delimiter) = self.delimiter
            && (!delimiter.is_ascii() || delimiter.is_ascii_alphanumeric() || b"\"\r\n".contains(&delimiter))
        {
            return Err(ImportError::BadOption {
                option: "--delimiter",
                value: char::from(delimiter).to_string(),
                rule: "can't separate columns: one of , ; | or a tab",
            });
        }
        if self.decimal_comma && self.delimiter == Some(b',') {
            return Err(ImportError::BadOption {
                option: "--decimal-comma",
                value: "with --delimiter ,".to_owned(),
                rule: "leaves no way to tell columns from decimals",
            });
        }
        Ok(())
    }
}

/// Parses a duration: seconds, or a number with `s`, `m` or `h`.
pub fn parse_duration_s(text: &str) -> Option<i64> {
    let (digits, factor) = match text.as_bytes().last()? {
        b's' => (&text[..text.len() - 1], 1),
        b'm' => (&text[..text.len() - 1], 60),
        b'h' => (&text[..text.len() - 1], 3600),
        _ => (text, 1),
    };
    digits.parse::<u32>().ok().map(|number| i64::from(number) * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, expect) in [
            ("1800", Some(1800)),
            ("30m", Some(1800)),
            ("1h", Some(3600)),
            ("15s", Some(15)),
            ("", None),
            ("h", None),
            ("-1", None),
        ] {
            assert_eq!(parse_duration_s(text), expect, "{text}");
        }
    }

    #[test]
    fn options_that_make_no_sense() {
        let refused = |options: ReadingOptions, expect: &str| {
            let sentence = options.check().unwrap_err().to_string();
            assert!(sentence.contains(expect), "{sentence}");
        };
        refused(ReadingOptions { duration_s: Some(7), ..Default::default() }, "--duration \"7\"");
        refused(ReadingOptions { delimiter: Some(b'"'), ..Default::default() }, "--delimiter");
        refused(
            ReadingOptions { delimiter: Some(b','), decimal_comma: true, ..Default::default() },
            "--decimal-comma",
        );
        assert!(ReadingOptions { duration_s: Some(900), ..Default::default() }.check().is_ok());
    }
}
