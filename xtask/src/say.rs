//! How a task speaks: each step is announced, says what it found, and ends with how long it took.
//!
//! All of it goes to stderr, so that stdout holds results alone: a path, a summary, the lines of a bench.

use std::cell::Cell;
use std::fmt::Display;
use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use anyhow::Result;

thread_local! {
    /// What each line begins with that this thread says.
    static LANE: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Does works at once, and gives what came of them in their order. Each line that one of them says begins with its name.
pub(crate) fn at_once<T: Send, Work: FnOnce() -> T + Send>(
    works: impl IntoIterator<Item = (&'static str, Work)>,
) -> Vec<T> {
    thread::scope(|scope| {
        let begin = |(name, work): (&'static str, Work)| {
            scope.spawn(move || {
                LANE.set(Some(name));
                work()
            })
        };
        // All of them, before any is waited for.
        let running: Vec<_> = works.into_iter().map(begin).collect();
        let end = |work: ScopedJoinHandle<'_, T>| work.join().unwrap_or_else(|panic| resume_unwind(panic));
        running.into_iter().map(end).collect()
    })
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
    use std::sync::Barrier;

    use super::{at_once, is_beside_others, lasting, thousands};

    #[test]
    fn works_are_done_at_once() {
        let both = Barrier::new(2);
        let work = |number: u32| {
            let both = &both;
            move || {
                both.wait();
                (number, is_beside_others())
            }
        };
        assert_eq!(at_once([("one", work(1)), ("two", work(2))]), [(1, true), (2, true)]);
        assert!(!is_beside_others());
    }

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
