//! What was refused, where and why; and what ends an import.

use std::fmt;

use serde::Serialize;

use crate::recognise::Unrecognised;

/// The rule that a line broke. As text they are the codes of the door where the door has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rule {
    /// Not a meter's name.
    BadMeterId,
    /// Not a time that is understood.
    BadStart,
    /// A local time that the clocks skipped.
    NonexistentTime,
    /// Not an allowed duration.
    BadDuration,
    /// The start is not a multiple of the duration.
    Misaligned,
    /// Not an amount of energy.
    BadEnergy,
    /// Nothing where the amount of energy should be.
    NoValue,
    /// An amount below zero.
    NegativeEnergy,
    /// A field that the row should have and does not.
    MissingField,
    /// A row of another width than the table's.
    WrongWidth,
    /// Not UTF-8.
    NotText,
    /// Longer than a line of such a file ever is.
    TooLong,
    /// A quotation mark that is not closed in its line.
    UnclosedQuote,
    /// Not a week of the ISO calendar.
    BadWeek,
    /// Energy of another kind than what a home draws from the grid.
    WrongKind,
    /// Not a measurement: a projection, for example.
    NotMeasured,
    /// Of another metering point than the rest of the file.
    OtherMeter,
    /// Not an area's code.
    BadArea,
    /// Not a year.
    BadYear,
    /// A published figure that cannot be one.
    BadFigure,
    /// Neither an area nor a place on earth.
    BadPlace,
    /// Not a description of a home.
    BadDwelling,
    /// Not the JSON that is expected.
    BadJson,
}

impl Rule {
    /// All of them.
    pub const ALL: [Rule; 23] = [
        Rule::BadMeterId,
        Rule::BadStart,
        Rule::NonexistentTime,
        Rule::BadDuration,
        Rule::Misaligned,
        Rule::BadEnergy,
        Rule::NoValue,
        Rule::NegativeEnergy,
        Rule::MissingField,
        Rule::WrongWidth,
        Rule::NotText,
        Rule::TooLong,
        Rule::UnclosedQuote,
        Rule::BadWeek,
        Rule::WrongKind,
        Rule::NotMeasured,
        Rule::OtherMeter,
        Rule::BadArea,
        Rule::BadYear,
        Rule::BadFigure,
        Rule::BadPlace,
        Rule::BadDwelling,
        Rule::BadJson,
    ];

    /// As in a report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Rule::BadMeterId => "bad_meter_id",
            Rule::BadStart => "bad_start",
            Rule::NonexistentTime => "nonexistent_time",
            Rule::BadDuration => "bad_duration",
            Rule::Misaligned => "misaligned",
            Rule::BadEnergy => "bad_energy",
            Rule::NoValue => "no_value",
            Rule::NegativeEnergy => "negative_energy",
            Rule::MissingField => "missing_field",
            Rule::WrongWidth => "wrong_width",
            Rule::NotText => "not_text",
            Rule::TooLong => "too_long",
            Rule::UnclosedQuote => "unclosed_quote",
            Rule::BadWeek => "bad_week",
            Rule::WrongKind => "wrong_kind",
            Rule::NotMeasured => "not_measured",
            Rule::OtherMeter => "other_meter",
            Rule::BadArea => "bad_area",
            Rule::BadYear => "bad_year",
            Rule::BadFigure => "bad_figure",
            Rule::BadPlace => "bad_place",
            Rule::BadDwelling => "bad_dwelling",
            Rule::BadJson => "bad_json",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Characters of a refused value that a report keeps.
const LONGEST_VALUE: usize = 60;

/// One thing that was refused. The rest of the file is read on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineProblem {
    /// The line, from 1.
    pub line: u64,
    /// The number of the field in its line, from 1; none where a format has no such thing, and for a whole line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The field, as the file names it.
    pub field: String,
    /// What stands there, shortened.
    pub value: String,
    /// The rule.
    pub code: Rule,
    /// The rule in words, to be read after the value.
    pub message: String,
}

impl LineProblem {
    pub(crate) fn new(line: u64, field: &str, value: &str, reason: Reason) -> Self {
        LineProblem {
            line,
            column: None,
            field: shortened(field),
            value: shortened(value),
            code: reason.code,
            message: reason.message,
        }
    }

    pub(crate) fn in_column(mut self, column: usize) -> Self {
        self.column = u32::try_from(column).ok();
        self
    }
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {} {:?} {} ({})", self.field, self.value, self.message, self.code)
    }
}

/// A rule with the words for it, before it is known where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) code: Rule,
    pub(crate) message: String,
}

impl Reason {
    pub(crate) fn new(code: Rule, message: impl fmt::Display) -> Self {
        Reason { code, message: message.to_string() }
    }
}

/// The beginning of a text, without control characters: it is going to be printed on a terminal.
fn shortened(text: &str) -> String {
    let mut kept: String =
        text.chars().take(LONGEST_VALUE).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST_VALUE).is_some() {
        kept.push('…');
    }
    kept
}

/// Why a parser has nothing to give for a line, or nothing more to give at all.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// This line, or this value of it. The next call goes on behind it.
    #[error("{0}")]
    Refused(LineProblem),
    /// The whole file. There is nothing behind it.
    #[error(transparent)]
    Stopped(#[from] ImportError),
}

impl From<LineProblem> for Trouble {
    fn from(problem: LineProblem) -> Self {
        Trouble::Refused(problem)
    }
}

/// What ends an import. The sentences name what to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Reading failed: the disk, the network, a broken archive.
    #[error("reading failed: {0}")]
    Io(#[from] std::io::Error),
    /// The same, in the middle: mostly an archive that was cut off.
    #[error("reading failed behind line {line}: {cause}")]
    Broken {
        /// The last line that was read to its end; 0 for none.
        line: u64,
        /// What failed. Part of the sentence already, so it is not its source, too.
        cause: std::io::Error,
    },
    /// It is not clear what kind of file it is.
    #[error(transparent)]
    Unrecognised(#[from] Unrecognised),
    /// It ends before it begins.
    #[error("the file is empty")]
    Empty,
    /// A column that is needed is not there.
    #[error("line {line}: no column holds {what}; the columns are {seen}. Say which one with {option}")]
    NoColumn {
        /// The header's line.
        line: u64,
        /// What is looked for.
        what: &'static str,
        /// The columns' names.
        seen: String,
        /// How to say it.
        option: &'static str,
    },
    /// A column that was named is not there.
    #[error("line {line}: there is no column {name:?} ({option}); the columns are {seen}")]
    NoSuchColumn {
        /// The header's line.
        line: u64,
        /// As it was named.
        name: String,
        /// Where it was named.
        option: &'static str,
        /// The columns' names.
        seen: String,
    },
    /// Wh and kWh differ by a thousand: that is not guessed.
    #[error("column {column:?} does not say its unit: say --unit Wh or --unit kWh")]
    UnknownUnit {
        /// Whose.
        column: String,
    },
    /// A local time without a zone is no time.
    #[error(
        "line {line}: the time {value:?} has no offset: say whose it is, for example --tz Europe/London or --tz UTC"
    )]
    NoTimeZone {
        /// The first such line.
        line: u64,
        /// What stands there.
        value: String,
    },
    /// How long a reading is can't be seen.
    #[error(
        "the first lines do not tell how long a reading lasts ({saw}): say --duration, in seconds or as 30m, 1h"
    )]
    UnknownDuration {
        /// What can be seen.
        saw: String,
    },
    /// Not well-formed, or cut off.
    #[error("line {line}: not well-formed XML: {cause}")]
    Xml {
        /// Where the reader was.
        line: u64,
        /// What it says. Part of the sentence already, so it is not its source, too.
        cause: quick_xml::Error,
    },
    /// It ends in the middle.
    #[error("line {line}: the file is cut off: it ends within an element")]
    CutOff {
        /// The last line.
        line: u64,
    },
    /// Something that XML allows and this format never has.
    #[error("line {line}: {what} is refused: no Green Button file has one")]
    XmlRefused {
        /// Where.
        line: u64,
        /// What.
        what: &'static str,
    },
    /// More than a bound allows.
    #[error("line {line}: more than {bound} {what}")]
    TooMany {
        /// Where.
        line: u64,
        /// Of what.
        what: &'static str,
        /// How many are allowed.
        bound: usize,
    },
    /// Nothing of what is looked for.
    #[error("there is no {what} in the file")]
    NothingInside {
        /// What is looked for.
        what: &'static str,
    },
    /// An option that contradicts the format or itself.
    #[error("{option} {value:?} {rule}")]
    BadOption {
        /// Which.
        option: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        rule: &'static str,
    },
    /// Not the JSON of the contract.
    #[error("line {line}: {message}")]
    Json {
        /// Where.
        line: u64,
        /// What is wrong.
        message: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rules_are_in_the_list() {
        for (place, rule) in Rule::ALL.into_iter().enumerate() {
            assert_eq!(rule as usize, place);
        }
        assert_eq!(Rule::BadJson as usize + 1, Rule::ALL.len(), "the last one");
    }

    #[test]
    fn a_problem_reads_as_a_sentence() {
        let reason = Reason::new(Rule::NegativeEnergy, "is below zero");
        let problem = LineProblem::new(284, "energy", "-6.37", reason).in_column(614);
        assert_eq!(
            problem.to_string(),
            "line 284, column 614: energy \"-6.37\" is below zero (negative_energy)"
        );
    }

    #[test]
    fn a_long_value_is_cut_and_made_harmless() {
        let long = format!("\u{1b}[2J{}", "é".repeat(500));
        let kept = shortened(&long);
        assert_eq!(kept.chars().count(), LONGEST_VALUE + 1);
        assert!(kept.starts_with(" [2J") && kept.ends_with('…'));
    }
}
