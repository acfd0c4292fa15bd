//! Runs cargo's tests and adds up what they print.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::Result;

use super::outcome::Outcome;
use crate::{binary, command, say};

/// Every test of what runs natively, in one resolution of features, so that everything is built once, the binary that
/// the browser tests start included. The benches among the examples are left to the lints: building them takes long.
pub(super) fn native_tests(outcome: &mut Outcome) -> Result<()> {
    for targets in [&["--lib", "--bins", "--tests"][..], &["--doc"]] {
        run(tests().args(targets), outcome)?;
    }
    Ok(())
}

/// The tasks' own tests.
pub(super) fn tests_of_the_tasks(outcome: &mut Outcome) -> Result<()> {
    run(command::cargo().args(["test", "--package", "xtask"]), outcome)
}

/// Which test binaries are looked into.
#[derive(Clone, Copy)]
pub(super) enum Targets {
    All,
    /// `tests/NAME.rs` of every crate that has one.
    Named(&'static str),
}

/// The tests in every module of this name (`kill`, say). They are marked `#[ignore]`, because they are too long, or
/// need too much, to run whenever somebody types `cargo test`. That there is none is a failure.
pub(super) fn ignored_tests_in(
    module: &str,
    targets: Targets,
    variables: &[(&str, &str)],
    outcome: &mut Outcome,
) -> Result<()> {
    let ran_before = outcome.ran();
    run(&mut ignored_tests(module, targets, variables), outcome)?;
    if outcome.ran() == ran_before {
        outcome.fail(format!("no test ran in a module `{module}`"));
    }
    Ok(())
}

/// The same in several test binaries at once, whose names their lines begin with.
pub(super) fn ignored_tests_at_once(
    module: &str,
    binaries: &[&'static str],
    variables: &[(&str, &str)],
    outcome: &mut Outcome,
) {
    let one = |&binary: &&'static str| {
        (binary, move || {
            let mut outcome = Outcome::default();
            if let Err(error) = ignored_tests_in(module, Targets::Named(binary), variables, &mut outcome) {
                outcome.fail(format!("{binary}: {error:#}"));
            }
            outcome
        })
    };
    say::at_once(binaries.iter().map(one)).into_iter().for_each(|binary| outcome.merge(binary));
}

/// How many tests there are in every module of this name.
pub(super) fn ignored_tests_there(module: &str) -> Result<u64> {
    let mut cargo = ignored_tests(module, Targets::All, &[]);
    let listed = command::output(cargo.arg("--list"), "mend what the compiler says above")?;
    Ok(listed.lines().filter(|line| line.ends_with(": test")).count() as u64)
}

/// The same as a command, for those who run it in a place of their own.
pub(super) fn ignored_tests(module: &str, targets: Targets, variables: &[(&str, &str)]) -> Command {
    let mut cargo = tests_of(targets);
    cargo.args(["--", &format!("{module}::"), "--ignored", "--nocapture"]).envs(variables.iter().copied());
    cargo
}

/// Builds them, so that running them needs no network.
pub(super) fn build_tests(targets: Targets) -> Result<()> {
    let mut cargo = tests_of(targets);
    cargo.arg("--no-run");
    say::step(&command::line(&cargo), || command::run(&mut cargo, "mend what the compiler says above"))
}

fn tests_of(targets: Targets) -> Command {
    let mut cargo = tests();
    match targets {
        Targets::All => cargo.arg("--tests"),
        Targets::Named(name) => cargo.args(["--test", name]),
    };
    cargo
}

/// Tests at once: most of them wait for a server or an engine most of the time.
const AT_ONCE: &str = "4";

fn tests() -> Command {
    let mut cargo = command::cargo();
    cargo.arg("test").args(binary::NATIVE_PACKAGES).arg("--no-fail-fast").env("RUST_TEST_THREADS", AT_ONCE);
    cargo
}

/// Runs such a command.
pub(super) fn run(cargo: &mut Command, outcome: &mut Outcome) -> Result<()> {
    let shown = command::line(cargo);
    let mut printed = Printed::default();
    let succeeded = say::step(&shown, || command::watch(cargo, |line| printed.read(line)))?;
    // A test process that dies, or a crate that does not build, prints no result of its own.
    let died = !succeeded && printed.failed == 0;
    outcome.add(printed.passed, printed.failed, printed.failures());
    if died {
        outcome.fail(format!("`{shown}` did not build or died; see above"));
    }
    Ok(())
}

/// Lines of a panic's message that the summary has.
const LINES_OF_A_PANIC: usize = 4;

/// Characters of each of them.
const LONGEST_LINE: usize = 400;

/// What the lines of a `cargo test` say.
#[derive(Default)]
struct Printed {
    passed: u64,
    failed: u64,
    failed_tests: Vec<String>,
    /// Where a thread panicked first, and with what message, by the thread's name: the test's.
    panics: BTreeMap<String, Vec<String>>,
    /// The thread whose message comes.
    panicking: Option<String>,
}

impl Printed {
    fn read(&mut self, line: &str) {
        if let Some(totals) = line.strip_prefix("test result: ") {
            self.passed += number_before(totals, " passed");
            self.failed += number_before(totals, " failed");
        } else if let Some(name) =
            line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.failed_tests.push(name.to_owned());
        }
        if let Some((thread, place)) = panic_in(line) {
            // Those that come later follow from the first.
            self.panicking = (!self.panics.contains_key(thread)).then(|| thread.to_owned());
            self.panics.entry(thread.to_owned()).or_insert_with(|| vec![place.to_owned()]);
        } else if let Some(thread) = &self.panicking {
            let said = self.panics.entry(thread.clone()).or_default();
            if line.starts_with("stack backtrace:")
                || line.starts_with("note: ")
                || said.len() > LINES_OF_A_PANIC
            {
                self.panicking = None;
            } else {
                said.push(line.chars().take(LONGEST_LINE).collect());
            }
        }
    }

    /// The tests that failed, and what they panicked with.
    fn failures(self) -> Vec<String> {
        let told = |name: String| match self.panics.get(&name) {
            Some(said) => format!("{name}\n    {}", said.join("\n    ")),
            None => name,
        };
        self.failed_tests.into_iter().map(told).collect()
    }
}

/// The thread and the place of `thread 'door::refuses_bombs' (1234) panicked at src/door.rs:48:5:`.
fn panic_in(line: &str) -> Option<(&str, &str)> {
    // With what a test prints shown at once, this may stand behind something else.
    let (before, place) = line.split_once(" panicked at ")?;
    let (_, thread) = before.split_once("thread '")?;
    Some((thread.split_once('\'')?.0, place))
}

/// The 12 of `ok. 12 passed; 0 failed; ...`.
fn number_before(text: &str, what: &str) -> u64 {
    text.find(what)
        .and_then(|end| text[..end].rsplit([' ', ';']).next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_targets_are_added() {
        let mut printed = Printed::default();
        for line in [
            "running 3 tests",
            "test energy::sums_are_exact ... ok",
            "test door::refuses_bombs ... FAILED",
            "test slow ... ignored, run by cargo xtask test kill",
            "test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
        ] {
            printed.read(line);
        }
        assert_eq!((printed.passed, printed.failed), (13, 1));
        assert_eq!(printed.failures(), ["door::refuses_bombs"]);
    }

    #[test]
    fn what_a_test_panicked_with_is_told() {
        let mut printed = Printed::default();
        for line in [
            "kills so far: 3",
            "test kill::nothing_is_lost ... thread 'kill::nothing_is_lost' (77) panicked at tests/kill.rs:48:5:",
            "assertion `left == right` failed",
            "  left: 3",
            " right: 4",
            "stack backtrace:",
            "   0: core::panicking::panic_fmt",
            "thread 'kill::nothing_is_lost' (77) panicked at library/core/src/panicking.rs:233:5:",
            "panic in a destructor during cleanup",
            "test kill::nothing_is_lost ... FAILED",
        ] {
            printed.read(line);
        }
        let told = "kill::nothing_is_lost\n    tests/kill.rs:48:5:\n    assertion `left == right` failed\n      left: 3\n     \
                    right: 4";
        assert_eq!(printed.failures(), [told]);
    }
}
