//! How a task speaks: each step is announced, says what it found, and ends with how long it took.
//!
//! All of it goes to stderr, so that stdout holds results alone: a path, a summary, the lines of a bench.

use std::cell::Cell;
use std::fmt::Display;
use std::time::Instant;

use anyhow::Result;

thread_local! {
    /// What each line begins with that this thread says.
    static LANE: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// From now on this thread works beside others, and each line that it says begins with its name.
pub(crate) fn begins_lines_with(name: &'static str) {
    LANE.set(Some(name));
}

/// Whether others speak at the same time.
pub(crate) fn is_beside_others() -> bool {
    LANE.get().is_some()
}

/// One line.
pub(crate) fn line(text: impl Display) {
    match LANE.get() {
        Some(name) => eprintln!("{name} | {text}"),
        None => eprintln!("{text}"),
    }
}

/// Does one step of a task, with its name before and the time that it took after.
pub(crate) fn step<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    line(format_args!("==> {title}"));
    let result = work();
    let seconds = begun.elapsed().as_secs_f64();
    match &result {
        Ok(_) => line(format_args!("    done in {seconds:.1} s")),
        Err(_) => line(format_args!("    failed after {seconds:.1} s")),
    }
    result
}

/// Something that a step found or decided.
pub(crate) fn detail(text: impl Display) {
    line(format_args!("    {text}"));
}

/// The one sentence with which a task fails, causes last.
pub(crate) fn error(error: &anyhow::Error) {
    line(format_args!("error: {error:#}"));
}

/// Bytes with thousands separators, because a table of sizes is read digit by digit.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time as one says it.
pub(crate) fn lasting(seconds: f64) -> String {
    match seconds as u64 {
        s @ 0..=119 => format!("{s} s"),
        s @ 120..=7199 => format!("{} min", s / 60),
        s => format!("{} h", s / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::{lasting, thousands};

    #[test]
    fn times_are_told_in_one_unit() {
        for (seconds, text) in [(0.4, "0 s"), (119.9, "119 s"), (150.0, "2 min"), (7200.0, "2 h")] {
            assert_eq!(lasting(seconds), text);
        }
    }

    #[test]
    fn numbers_are_grouped_by_three() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(thousands(number), text);
        }
    }
}
