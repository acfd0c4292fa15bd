//! Lines of a text file, one at a time, in bounded memory.

use std::io::{self, BufRead};

use crate::problem::{ImportError, LineProblem, Reason, Rule};

/// Bytes of the longest line that is read: a week of quarter-hours is 13 kB at its widest.
pub(crate) const LONGEST_LINE: usize = 64 * 1024;

/// A line, or why there is none.
pub(crate) enum Line<'a> {
    Text(&'a str),
    Refused(LineProblem),
}

/// Reads lines and numbers them.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Lines { reader, buffer: Vec::new(), number: 0 }
    }

    /// The next line that is not blank, with its number, without its end; `None` behind the last one. An
    /// error names the last line that was read to its end.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Line<'_>)>, ImportError> {
        let mut whole = true;
        loop {
            match self.read(&mut whole) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(cause) => return Err(ImportError::Broken { line: self.number, cause }),
            }
            // A blank line says nothing, and nothing is lost with it.
            if !whole || !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        let refuse = |code, message| {
            Line::Refused(LineProblem::new(self.number, "line", "", Reason::new(code, message)))
        };
        let line = match std::str::from_utf8(&self.buffer) {
            _ if !whole => refuse(Rule::TooLong, "is longer than 64 KiB"),
            Ok(text) => Line::Text(text),
            Err(_) => refuse(Rule::NotText, "is not UTF-8 text"),
        };
        Ok(Some((self.number, line)))
    }

    /// Puts a line into the buffer, as far as it fits; what does not fit is read past.
    fn read(&mut self, whole: &mut bool) -> io::Result<bool> {
        self.buffer.clear();
        *whole = true;
        let mut any = false;
        loop {
            let available = match self.reader.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', available);
            let used = end.unwrap_or(available.len());
            let fits = used.min(LONGEST_LINE - self.buffer.len());
            self.buffer.extend_from_slice(&available[..fits]);
            *whole &= fits == used;
            self.reader.consume(end.map_or(used, |end| end + 1));
            if end.is_some() {
                break;
            }
        }
        if any {
            self.number += 1;
            if self.number == 1 && self.buffer.starts_with(b"\xEF\xBB\xBF") {
                self.buffer.drain(..3);
            }
            if self.buffer.last() == Some(&b'\r') {
                self.buffer.pop();
            }
        }
        Ok(any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &[u8], expect: &[(u64, &str)]) {
        // A tiny buffer, so that lines cross its ends.
        let mut lines = Lines::new(io::BufReader::with_capacity(3, input));
        let mut got = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            got.push((
                number,
                match line {
                    Line::Text(text) => text.to_string(),
                    Line::Refused(problem) => problem.code.to_string(),
                },
            ));
        }
        let got: Vec<_> = got.iter().map(|(number, text)| (*number, text.as_str())).collect();
        assert_eq!(got, expect);
    }

    #[test]
    fn what_breaks_says_behind_which_line() {
        struct Breaks;
        impl io::Read for Breaks {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("no more of it"))
            }
        }
        let mut lines = Lines::new(io::BufReader::new(io::Read::chain(&b"a\n\nb\nc"[..], Breaks)));
        assert!(matches!(lines.next(), Ok(Some((1, Line::Text("a"))))));
        assert!(matches!(lines.next(), Ok(Some((3, Line::Text("b"))))));
        // Of the third nobody knows whether it is whole.
        let Err(error) = lines.next() else { panic!("it goes on") };
        assert_eq!(error.to_string(), "reading failed behind line 3: no more of it");
    }

    #[test]
    fn lines_keep_their_numbers() {
        check(b"", &[]);
        check(b"a\nb", &[(1, "a"), (2, "b")]);
        check(b"\xEF\xBB\xBFa\r\n\r\n \nb\r\n", &[(1, "a"), (4, "b")]);
        check(b"a\n\xFF\nb\n", &[(1, "a"), (2, "not_text"), (3, "b")]);
        let mut long = vec![b'x'; LONGEST_LINE + 1];
        long.extend_from_slice(b"\nb");
        check(&long, &[(1, "too_long"), (2, "b")]);
    }
}
