//! Benches that need a browser: Playwright runs a file of `end2end/benches`, which appends its lines to a file.

use std::fs;

use anyhow::{Context, Result};

use super::line::{self, Line};
use crate::{binary, command, say, tools, workspace};

/// The one that needs Lighthouse, which is large, and has packages of its own for that.
const WITH_LIGHTHOUSE: &str = "web.bench.ts";

pub(super) fn lines(file: &str) -> Result<Vec<Line>> {
    let directory = workspace::root().join("end2end");
    tools::ensure_programs(&tools::NODE)?;
    tools::ensure_programs(&tools::CHROMIUM)?;
    tools::ensure_npm_packages(&directory)?;
    if file == WITH_LIGHTHOUSE {
        tools::ensure_npm_packages(&directory.join("lighthouse"))?;
    }
    let wattmap = binary::release()?;
    let output = workspace::scratch_directory().join("bench-lines.jsonl");
    fs::write(&output, "").with_context(|| format!("{} cannot be written", output.display()))?;
    let mut playwright = command::program(directory.join("node_modules/.bin/playwright"), &directory);
    playwright.args(["test", "--config", "playwright.bench.config.ts", file]);
    playwright.env("WATTMAP_BINARY", &wattmap).env("WATTMAP_BENCH_LINES", &output);
    say::step(file, || command::run(&mut playwright, "see what Playwright says above"))?;
    fs::read_to_string(&output)?.lines().map(line::parse).collect()
}
