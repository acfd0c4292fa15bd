//! Rows of fields that a delimiter separates, and headers that name them.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::problem::{ImportError, LineProblem, Reason, Rule};

/// Splits lines into fields, quotation marks and all. A quoted field ends in its line.
pub(crate) struct Splitter {
    reader: Reader,
    /// The fields' text, one after the other.
    text: Vec<u8>,
    /// Where each field ends.
    ends: Vec<usize>,
    fields: usize,
}

impl Splitter {
    pub(crate) fn new(delimiter: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        Splitter { reader, text: Vec::new(), ends: Vec::new(), fields: 0 }
    }

    /// Splits a line.
    pub(crate) fn split(&mut self, number: u64, line: &str) -> Result<(), LineProblem> {
        self.fields = 0;
        self.reader.reset();
        let refuse = |code, message| Err(LineProblem::new(number, "line", line, Reason::new(code, message)));
        if memchr::memchr_iter(b'"', line.as_bytes()).count() % 2 == 1 {
            return refuse(Rule::UnclosedQuote, "has a quotation mark that is not closed");
        }
        // To the splitter it would be the row's end, and the rest would be lost without a word.
        if memchr::memchr2(b'\r', b'\n', line.as_bytes()).is_some() {
            return refuse(Rule::NotText, "has a line break in it that is none of this file's");
        }
        // No line has more text than bytes, nor more fields than bytes and one.
        self.text.resize(line.len() + 1, 0);
        self.ends.resize(line.len() + 2, 0);
        let (mut read, mut wrote) = (0, 0);
        loop {
            let (result, took, gave, fields) = self.reader.read_record(
                &line.as_bytes()[read..],
                &mut self.text[wrote..],
                &mut self.ends[self.fields..],
            );
            read += took;
            wrote += gave;
            self.fields += fields;
            match result {
                ReadRecordResult::InputEmpty if read == line.len() && took > 0 => {}
                // What can't happen with buffers of this size is no reason to run on for ever.
                _ => return Ok(()),
            }
        }
    }

    /// How many fields the line has.
    pub(crate) fn len(&self) -> usize {
        self.fields
    }

    /// A field, without the blanks around it.
    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        if index >= self.fields {
            return None;
        }
        let from = if index == 0 { 0 } else { self.ends[index - 1] };
        std::str::from_utf8(self.text.get(from..self.ends[index])?).ok().map(str::trim)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.fields).map(|index| self.get(index).unwrap_or_default())
    }
}

/// The delimiter that a first line uses most.
pub(crate) fn guess_delimiter(line: &str) -> u8 {
    let count = |delimiter: u8| line.bytes().filter(|&b| b == delimiter).count();
    // Of equals the last one is the largest: a comma wins where nothing speaks against it.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(|&delimiter| count(delimiter)).unwrap_or(b',')
}

/// A column's name as far as names are compared: its letters and digits, in lower case.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The columns of a table.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) line: u64,
    pub(crate) names: Vec<String>,
}

/// Columns of a table at most; the widest that is published has a few hundred.
const MOST_COLUMNS: usize = 4096;

impl Header {
    pub(crate) fn new(line: u64, row: &Splitter) -> Result<Self, ImportError> {
        if row.len() > MOST_COLUMNS {
            return Err(ImportError::TooMany { line, what: "columns", bound: MOST_COLUMNS });
        }
        Ok(Header { line, names: row.iter().map(str::to_owned).collect() })
    }

    /// Refuses a row that says more than the table has columns for: what is in the right ones may be half of a number.
    /// A delimiter at the end of a row says nothing.
    pub(crate) fn holds(&self, line: u64, row: &Splitter) -> Result<(), LineProblem> {
        let surplus = (self.names.len()..row.len()).filter_map(|column| Some((column, row.get(column)?)));
        let Some((column, value)) = { surplus }.find(|(_, value)| !value.is_empty()) else { return Ok(()) };
        let message = format_args!(
            "is one field more than the {} columns: a comma in a number needs quotation marks, or ; between the fields",
            self.names.len()
        );
        let problem = LineProblem::new(line, "row", value, Reason::new(Rule::WrongWidth, message));
        Err(problem.in_column(column + 1))
    }

    /// The first column that has one of these plain names; the first name that fits wins.
    pub(crate) fn find(&self, candidates: &[&str]) -> Option<usize> {
        candidates.iter().find_map(|wanted| self.names.iter().position(|name| plain(name) == *wanted))
    }

    /// The column of exactly this name, but for the case and the blanks around it.
    pub(crate) fn named(&self, name: &str, option: &'static str) -> Result<usize, ImportError> {
        self.names.iter().position(|n| n.eq_ignore_ascii_case(name.trim())).ok_or_else(|| {
            ImportError::NoSuchColumn { line: self.line, name: name.to_owned(), option, seen: self.seen() }
        })
    }

    /// That there is no column for something that is needed.
    pub(crate) fn lacks(&self, what: &'static str, option: &'static str) -> ImportError {
        ImportError::NoColumn { line: self.line, what, seen: self.seen(), option }
    }

    /// The names, for a message.
    pub(crate) fn seen(&self) -> String {
        const SHOWN: usize = 12;
        let mut seen = self.names.iter().take(SHOWN).map(|n| format!("{n:?}")).collect::<Vec<_>>().join(", ");
        if self.names.len() > SHOWN {
            seen.push_str(&format!(" and {} more", self.names.len() - SHOWN));
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let check = |line: &str, expect: &[&str]| {
            let mut splitter = Splitter::new(b',');
            splitter.split(1, line).unwrap();
            assert_eq!(splitter.iter().collect::<Vec<_>>(), expect, "{line}");
        };
        check("a,b", &["a", "b"]);
        check("a", &["a"]);
        check("a,,b,", &["a", "", "b", ""]);
        check(" a , b\t", &["a", "b"]);
        check("\"a,\"\"b\"\"\",c", &["a,\"b\"", "c"]);
        check("é,ü", &["é", "ü"]);
        check(",", &["", ""]);
        let mut splitter = Splitter::new(b',');
        assert_eq!(
            splitter.split(7, "\"a,b").unwrap_err().to_string(),
            "line 7: line \"\\\"a,b\" has a quotation mark that is not closed (unclosed_quote)"
        );
        // What went before leaves nothing behind.
        splitter.split(8, "c").unwrap();
        assert_eq!(splitter.iter().collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn delimiters() {
        assert_eq!(guess_delimiter("start,value"), b',');
        assert_eq!(guess_delimiter("start;value"), b';');
        assert_eq!(guess_delimiter("start\tvalue"), b'\t');
        assert_eq!(guess_delimiter("start"), b',');
    }

    #[test]
    fn plain_names() {
        assert_eq!(plain("KWH/hh (per half hour) "), "kwhhhperhalfhour");
        assert_eq!(plain("energy(kWh/hh)"), "energykwhhh");
    }
}
