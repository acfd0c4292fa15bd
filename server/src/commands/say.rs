//! What commands print.
//!
//! Who reads a report may have seen enough before its end (`| head`). That is no failure: what the command
//! does goes on, its exit code is the same, and the rest of the report is said to nobody.

use std::fmt::Display;
use std::io::{ErrorKind, Write, stderr, stdout};

use anyhow::Context;

/// Prints a line on stdout. Fails where it can't be written although somebody wants it: on a full disk.
pub(crate) fn say(text: impl Display) -> anyhow::Result<()> {
    write_line(&mut stdout().lock(), text)
}

/// Prints a line on stderr: what it would help to know. Where it can't be said, it is not.
pub(crate) fn remark(text: impl Display) {
    let _ = writeln!(stderr().lock(), "{text}");
}

fn write_line(to: &mut impl Write, text: impl Display) -> anyhow::Result<()> {
    match writeln!(to, "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("the report can't be written"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_gone_is_not_missed_and_a_full_disk_is() {
        struct Fails(ErrorKind);
        impl Write for Fails {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        assert!(write_line(&mut Fails(ErrorKind::BrokenPipe), "a").is_ok());
        let error = write_line(&mut Fails(ErrorKind::StorageFull), "a").unwrap_err();
        assert!(error.to_string().contains("the report can't be written"), "{error}");
    }
}
