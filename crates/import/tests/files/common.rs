//! What the tests of real files share.

use std::io::{BufReader, Read};
use std::path::Path;

use import::{Format, ParsedReading, ReadingOptions, Readings, Trouble, recognise};
use metering::Energy;

/// The content of a file, unpacked if it is packed.
pub(crate) fn content(path: &Path) -> Vec<u8> {
    let packed = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if !packed.starts_with(b"\x1f\x8b") {
        return packed;
    }
    let mut unpacked = Vec::new();
    flate2::read::MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
    unpacked
}

/// What an import of a file comes to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) readings: Vec<ParsedReading>,
    pub(crate) refused: Vec<String>,
    pub(crate) stopped: Option<String>,
}

impl Outcome {
    pub(crate) fn total(&self) -> Energy {
        self.readings.iter().map(|reading| reading.energy).sum()
    }

    pub(crate) fn rounded(&self) -> usize {
        self.readings.iter().filter(|reading| reading.rounded).count()
    }
}

/// Reads all that a file holds, through a buffer so small that everything crosses its end.
pub(crate) fn read_as(format: Format, content: &[u8], options: &ReadingOptions) -> Outcome {
    let mut outcome = Outcome::default();
    match Readings::new(format, BufReader::with_capacity(61, content), options) {
        Err(error) => outcome.stopped = Some(error.to_string()),
        Ok(readings) => {
            for item in readings {
                match item {
                    Ok(reading) => outcome.readings.push(reading),
                    Err(Trouble::Refused(problem)) => outcome.refused.push(problem.to_string()),
                    Err(Trouble::Stopped(error)) => outcome.stopped = Some(error.to_string()),
                }
            }
        }
    }
    outcome
}

/// The same, of whatever format it is recognised to be.
pub(crate) fn read(content: &[u8], options: &ReadingOptions) -> Outcome {
    read_as(recognise(&content[..content.len().min(import::HEAD)]).unwrap(), content, options)
}
