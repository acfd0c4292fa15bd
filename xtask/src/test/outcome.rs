//! What a part of the tests came to.

use std::fmt::Write;
use std::time::Duration;

/// Passed, failed, and what failed.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) name: String,
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) took: Duration,
    failures: Vec<String>,
}

impl Outcome {
    pub(super) fn new(name: String) -> Self {
        Self { name, ..Self::default() }
    }

    /// One more, by name.
    pub(super) fn count(&mut self, name: &str, passed: bool) {
        if passed {
            self.passed += 1;
        } else {
            self.fail(name.to_owned());
        }
    }

    /// One more that failed.
    pub(super) fn fail(&mut self, name: String) {
        self.failed += 1;
        self.failures.push(name);
    }

    /// Tests that were reported as numbers; the failed ones' names come with them.
    pub(super) fn add(&mut self, passed: u64, failed: u64, failures: Vec<String>) {
        self.passed += passed;
        self.failed += failed;
        self.failures.extend(failures);
    }

    /// What somebody else has judged.
    pub(super) fn merge(&mut self, other: Outcome) {
        self.add(other.passed, other.failed, other.failures);
    }

    /// How many were judged.
    pub(super) fn ran(&self) -> u64 {
        self.passed + self.failed
    }

    /// A part without a single test is one that does not test.
    pub(super) fn nothing_ran_is_a_failure(&mut self) {
        if self.ran() == 0 {
            self.fail("no test ran".to_owned());
        }
    }
}

/// A table of the parts, the names of what failed, and the closing line.
pub(super) fn summary(outcomes: &[Outcome]) -> String {
    let mut text = format!("\n{:<16} {:>8} {:>8} {:>9}\n", "part", "passed", "failed", "seconds");
    for outcome in outcomes {
        let seconds = outcome.took.as_secs_f64();
        let _ =
            writeln!(text, "{:<16} {:>8} {:>8} {seconds:>9.1}", outcome.name, outcome.passed, outcome.failed);
    }
    for outcome in outcomes {
        for failure in &outcome.failures {
            let _ = writeln!(text, "failed: {}: {failure}", outcome.name);
        }
    }
    let passed: u64 = outcomes.iter().map(|outcome| outcome.passed).sum();
    let failed: u64 = outcomes.iter().map(|outcome| outcome.failed).sum();
    let _ = writeln!(text, "{passed} passed, {failed} failed");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_adds_everything_up() {
        let mut one = Outcome::new("unit".into());
        one.add(40, 1, vec!["door::refuses_bombs".into()]);
        let mut other = Outcome::new("check".into());
        other.count("format", true);
        let text = summary(&[one, other]);
        assert!(text.contains("failed: unit: door::refuses_bombs\n"), "{text}");
        assert!(text.ends_with("\n41 passed, 1 failed\n"), "{text}");
    }

    #[test]
    fn a_part_without_tests_has_failed() {
        let mut outcome = Outcome::new("kill".into());
        outcome.nothing_ran_is_a_failure();
        assert_eq!(outcome.failed, 1);
    }
}
