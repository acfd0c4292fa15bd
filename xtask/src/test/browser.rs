//! Runs the browser tests: Playwright drives Debian's chromium against the real binary.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::outcome::Outcome;
use crate::{binary, command, say, site, tools, workspace};

/// Where Playwright leaves its results, beside what it prints; see `reporter` in playwright.config.ts.
const RESULTS: &str = "test-results/results.json";

pub(super) fn run(outcome: &mut Outcome) -> Result<()> {
    let directory = workspace::root().join("end2end");
    tools::ensure_programs(&tools::NODE)?;
    tools::ensure_programs(&tools::CHROMIUM)?;
    tools::ensure_npm_packages(&directory)?;
    site::build()?;
    let wattmap = binary::for_tests()?;
    let results = directory.join(RESULTS);
    if results.exists() {
        fs::remove_file(&results).context("the results of the last run cannot be removed")?;
    }
    let mut types = command::program(directory.join("node_modules/.bin/tsc"), &directory);
    outcome
        .count("types of the browser tests", command::run(types.arg("--noEmit"), "mend the types").is_ok());
    let mut playwright = command::program(directory.join("node_modules/.bin/playwright"), &directory);
    playwright.arg("test").env("WATTMAP_BINARY", &wattmap);
    let succeeded = say::step("Playwright", || command::watch(&mut playwright, |_| ()))?;
    let report = Report::read(&results)?;
    let failures = report.failures();
    // What Playwright calls flaky passed only when it was tried again: it counts as failed.
    let failed =
        report.stats.unexpected + report.stats.flaky + report.stats.skipped + report.errors.len() as u64;
    outcome.add(report.stats.expected, failed, failures);
    if !succeeded && failed == 0 {
        outcome.fail("Playwright ended with an error and named no test; see above".into());
    }
    Ok(())
}

/// The part of Playwright's JSON report that counts.
#[derive(Deserialize)]
struct Report {
    stats: Stats,
    #[serde(default)]
    suites: Vec<Suite>,
    #[serde(default)]
    errors: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Stats {
    expected: u64,
    unexpected: u64,
    flaky: u64,
    skipped: u64,
}

#[derive(Deserialize)]
struct Suite {
    title: String,
    #[serde(default)]
    specs: Vec<Spec>,
    #[serde(default)]
    suites: Vec<Suite>,
}

#[derive(Deserialize)]
struct Spec {
    title: String,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    status: String,
}

impl Report {
    fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).context("Playwright left no results: it did not start")?;
        serde_json::from_str(&text).with_context(|| format!("{} is not Playwright's report", path.display()))
    }

    fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        for error in &self.errors {
            failures.push(error["message"].as_str().unwrap_or("an error without a message").to_owned());
        }
        self.suites.iter().for_each(|suite| suite.collect_failures("", &mut failures));
        failures
    }
}

impl Suite {
    fn collect_failures(&self, above: &str, failures: &mut Vec<String>) {
        let title = if above.is_empty() { self.title.clone() } else { format!("{above} > {}", self.title) };
        for spec in &self.specs {
            for test in spec.tests.iter().filter(|test| test.status != "expected") {
                failures.push(format!("{title} > {} ({})", spec.title, test.status));
            }
        }
        self.suites.iter().for_each(|suite| suite.collect_failures(&title, failures));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_flaky_and_skipped_specs_are_named() {
        let report: Report = serde_json::from_str(
            r#"{"stats":{"expected":1,"unexpected":1,"flaky":1,"skipped":0},"errors":[],"suites":[{"title":"map.spec.ts",
            "specs":[{"title":"loads","tests":[{"status":"expected"}]},{"title":"zooms","tests":[{"status":"unexpected"}]}],
            "suites":[{"title":"phone","specs":[{"title":"fits","tests":[{"status":"flaky"}]}]}]}]}"#,
        )
        .unwrap();
        assert_eq!(
            report.failures(),
            ["map.spec.ts > zooms (unexpected)", "map.spec.ts > phone > fits (flaky)"]
        );
    }
}
