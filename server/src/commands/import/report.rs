//! What an import came to: what was taken, what was refused, where and why.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::csv::quoted;
use anyhow::Context;
use import::LineProblem;
use metering::door::Rejection;
use metering::numerals::grouped;
use serde::{Deserialize, Serialize};

/// Refused lines that are shown; all of them go to `--rejects`.
const SHOWN: usize = 10;

/// Counts that a resumed import goes on with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    /// Taken, and durable.
    pub(super) accepted: u64,
    /// Of these, rounded to the mWh.
    pub(super) rounded: u64,
    /// Refused, by code.
    pub(super) refused: BTreeMap<String, u64>,
}

impl Counts {
    /// Refused in all.
    pub(super) fn refused_in_all(&self) -> u64 {
        self.refused.values().sum()
    }
}

/// The report of one file.
#[derive(Debug)]
pub(super) struct Report {
    file: String,
    /// What is counted: readings, meters, figures.
    what: &'static str,
    pub(super) counts: Counts,
    first: Vec<String>,
    /// Refused since the last batch was taken.
    refused: Vec<Refusal>,
    assumptions: Vec<String>,
}

impl Report {
    pub(super) fn new(file: String, what: &'static str, counts: Counts) -> Self {
        Report { file, what, counts, first: Vec::new(), refused: Vec::new(), assumptions: Vec::new() }
    }

    /// Notes what was taken for granted.
    pub(super) fn assumes(&mut self, assumptions: Vec<String>) {
        self.assumptions.extend(assumptions);
    }

    /// Notes a refusal: by the parser, or of what stands in the batch.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.refused.push(refusal);
    }

    /// How many refusals wait for their batch.
    pub(super) fn waiting(&self) -> usize {
        self.refused.len()
    }

    /// All of a batch is known, whoever refused it: counts it and writes it down, line by line.
    pub(super) fn settle(&mut self, rejects: &mut Rejects) -> anyhow::Result<()> {
        self.refused.sort_by_key(|refusal| (refusal.line, refusal.column));
        for refusal in self.refused.drain(..) {
            *self.counts.refused.entry(refusal.code.clone()).or_default() += 1;
            if self.first.len() < SHOWN {
                self.first.push(refusal.to_string());
            }
            rejects.write(&self.file, &refusal)?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { file, what, counts, first, assumptions, .. } = self;
        write!(
            f,
            "{file}: {} {what} accepted, {} refused",
            grouped(counts.accepted),
            grouped(counts.refused_in_all())
        )?;
        if counts.rounded > 0 {
            write!(f, "; {} were finer than a mWh and were rounded", grouped(counts.rounded))?;
        }
        for assumption in assumptions {
            write!(f, "\n  taken for granted: {assumption}")?;
        }
        for (code, count) in &counts.refused {
            write!(f, "\n  refused, {code}: {}", grouped(*count))?;
        }
        for problem in first {
            write!(f, "\n    {problem}")?;
        }
        let more = counts.refused_in_all().saturating_sub(first.len() as u64);
        if more > 0 && !first.is_empty() {
            write!(f, "\n    and {} more; --rejects FILE writes all of them down", grouped(more))?;
        }
        Ok(())
    }
}

/// What ended the import of a file before its end, with what had come of it until then and how to go on.
pub(super) fn stopped(file: &Path, why: &dyn fmt::Display, report: &Report, to_go_on: &str) -> anyhow::Error {
    let file = file.display();
    // There is nothing to go on behind.
    if report.counts == Counts::default() {
        return anyhow::anyhow!("{file}: {why:#}\n{report}");
    }
    anyhow::anyhow!("{file}: {why:#}\nit stopped in the middle. Until then {report}\n{to_go_on}")
}

/// Something refused, by the parser, by the door's rules, or by a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) line: u64,
    pub(super) column: Option<u32>,
    pub(super) field: String,
    /// What stands there, where the message does not say it.
    pub(super) value: Option<String>,
    pub(super) code: String,
    pub(super) message: String,
}

impl From<LineProblem> for Refusal {
    fn from(problem: LineProblem) -> Self {
        let LineProblem { line, column, field, value, code, message } = problem;
        // Of a whole line that can't be shown there is nothing to show.
        let value = (field != "line" || !value.is_empty()).then_some(value);
        Refusal { line, column, field, value, code: code.to_string(), message }
    }
}

impl Refusal {
    /// Of what the door or a destination refused: its message names the field and the value.
    pub(super) fn at(line: u64, column: Option<u32>, rejection: Rejection) -> Self {
        let Rejection { field, code, message, .. } = rejection;
        Refusal { line, column, field: field.into_owned(), value: None, code: code.into_owned(), message }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        match &self.value {
            None => write!(f, ": {} ({})", self.message, self.code),
            Some(value) => write!(f, ": {} {value:?} {} ({})", self.field, self.message, self.code),
        }
    }
}

/// Where all refusals are written down, if somewhere: CSV.
#[derive(Debug, Default)]
pub(super) struct Rejects(Option<BufWriter<File>>);

impl Rejects {
    /// A new file, or an old one to go on in.
    pub(super) fn open(path: Option<&Path>, go_on: bool) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Rejects(None)) };
        let cannot = || format!("{} can't be written", path.display());
        let old = go_on && path.exists();
        let mut options = File::options();
        options.create(true).write(true).append(old).truncate(!old);
        let mut writer = BufWriter::new(options.open(path).with_context(cannot)?);
        if !old {
            writeln!(writer, "file,line,column,field,value,code,message").with_context(cannot)?;
        }
        Ok(Rejects(Some(writer)))
    }

    fn write(&mut self, file: &str, refusal: &Refusal) -> anyhow::Result<()> {
        let Some(writer) = &mut self.0 else { return Ok(()) };
        let column = refusal.column.map(|column| column.to_string()).unwrap_or_default();
        let value = refusal.value.as_deref().unwrap_or_default();
        let texts = [&refusal.field, value, &refusal.code, &refusal.message].map(quoted);
        writeln!(writer, "{},{},{column},{}", quoted(file), refusal.line, texts.join(","))
            .context("the rejects can't be written down")
    }

    /// Everything so far is in the file.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        match &mut self.0 {
            Some(writer) => writer.flush().context("the rejects can't be written down"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: u64, value: &str) -> Refusal {
        Refusal {
            line,
            column: Some(3),
            field: "energy".to_owned(),
            value: Some(value.to_owned()),
            code: "negative_energy".to_owned(),
            message: "is below zero".to_owned(),
        }
    }

    #[test]
    fn a_report_counts_and_shows_the_first() {
        let mut report = Report::new("a.csv".to_owned(), "readings", Counts::default());
        report.counts.accepted = 1_234_567;
        for line in [12, 1, 3, 2, 4, 5, 6, 7, 8, 9, 11, 10] {
            report.refuse(refusal(line, "-1"));
        }
        report.settle(&mut Rejects::default()).unwrap();
        let text = report.to_string();
        assert!(text.starts_with("a.csv: 1,234,567 readings accepted, 12 refused\n"), "{text}");
        assert!(text.contains("  refused, negative_energy: 12\n"), "{text}");
        assert!(
            text.contains("    line 10, column 3: energy \"-1\" is below zero (negative_energy)\n"),
            "{text}"
        );
        assert!(
            !text.contains("line 11") && text.ends_with("and 2 more; --rejects FILE writes all of them down"),
            "{text}"
        );
    }

    #[test]
    fn all_refusals_are_written_down_and_added_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rejects.csv");
        let mut report = Report::new("a,b.csv".to_owned(), "readings", Counts::default());
        for (line, go_on) in [(1, false), (2, true)] {
            let mut rejects = Rejects::open(Some(&path), go_on).unwrap();
            report.refuse(refusal(line, "=1+1"));
            report.settle(&mut rejects).unwrap();
            rejects.flush().unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "file,line,column,field,value,code,message\n\
             \"a,b.csv\",1,3,energy,'=1+1,negative_energy,is below zero\n\
             \"a,b.csv\",2,3,energy,'=1+1,negative_energy,is below zero\n"
        );
    }
}
