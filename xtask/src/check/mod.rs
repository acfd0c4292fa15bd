//! Checks the source without running it.

mod dependencies;
mod lock_files;

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::{binary, command, say, tools, workspace};

/// What `cargo xtask check` can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Check {
    /// rustfmt.
    Format,
    /// Who imports whom.
    Dependencies,
    /// No registry or git host in a lock file.
    LockFiles,
    /// Clippy on everything native, tests included; a warning is an error.
    Lints,
    /// Clippy on everything that runs in the browser, compiled for it.
    BrowserLints,
    /// rustdoc; a broken link is an error.
    Documentation,
}

/// Quickest first, so that a slip is said within seconds.
pub(crate) const ALL: [Check; 6] = [
    Check::Format,
    Check::Dependencies,
    Check::LockFiles,
    Check::Lints,
    Check::BrowserLints,
    Check::Documentation,
];

/// `cargo xtask check`: runs the checks, all of them even if one fails.
pub(crate) fn run(checks: &[Check]) -> Result<()> {
    let checks = if checks.is_empty() { &ALL[..] } else { checks };
    let failed: Vec<_> = checks.iter().filter(|check| !passes(**check)).map(|check| check.title()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    bail!("not in order: {}; see what each says above", failed.join(", "))
}

/// Runs one check and says what it found.
pub(crate) fn passes(check: Check) -> bool {
    match say::step(check.title(), || check.run()) {
        Ok(()) => true,
        Err(error) => {
            say::error(&error);
            false
        }
    }
}

impl Check {
    /// Its name in summaries.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Check::Format => "format",
            Check::Dependencies => "who imports whom",
            Check::LockFiles => "lock files",
            Check::Lints => "lints",
            Check::BrowserLints => "lints for the browser",
            Check::Documentation => "documentation",
        }
    }

    fn run(self) -> Result<()> {
        match self {
            Check::Format => run_cargo(
                command::cargo_that_can_wait().args(["fmt", "--all", "--check"]),
                "run `cargo fmt --all`",
            ),
            Check::Dependencies => dependencies::check(&workspace::metadata()?),
            Check::LockFiles => lock_files::check(),
            Check::Lints => lints(),
            Check::BrowserLints => browser_lints(),
            Check::Documentation => documentation(),
        }
    }
}

fn run_cargo(cargo: &mut Command, advice: &str) -> Result<()> {
    command::run(cargo, advice).context("the check found something")
}

const LINT_ADVICE: &str = "mend what clippy names above";

fn lints() -> Result<()> {
    let mut native = command::cargo_that_can_wait();
    native.arg("clippy").args(binary::NATIVE_PACKAGES).args(["--all-targets", "--", "--deny", "warnings"]);
    run_cargo(&mut native, LINT_ADVICE)?;
    let mut tasks = command::cargo_that_can_wait();
    tasks.args(["clippy", "--package", "xtask", "--all-targets", "--", "--deny", "warnings"]);
    run_cargo(&mut tasks, LINT_ADVICE)
}

/// The page's code is compiled differently for the browser; clippy has to see that half too, and it shows that the
/// pure crates still build there.
fn browser_lints() -> Result<()> {
    tools::ensure_wasm_target()?;
    let mut cargo = command::cargo_that_can_wait();
    cargo.args([
        "clippy",
        "--target",
        "wasm32-unknown-unknown",
        "--features",
        "app/hydrate,own-data/hydrate",
    ]);
    for package in ["app", "charts", "frontend", "frontend-own-data", "geography", "metering", "own-data"] {
        cargo.args(["--package", package]);
    }
    run_cargo(cargo.args(["--", "--deny", "warnings"]), LINT_ADVICE)
}

fn documentation() -> Result<()> {
    let mut cargo = command::cargo_that_can_wait();
    cargo.arg("doc").args(binary::NATIVE_PACKAGES).args(["--no-deps", "--document-private-items"]);
    // Private items are documented too, so links to them lead somewhere.
    cargo.env("RUSTDOCFLAGS", "--deny warnings --allow rustdoc::private-intra-doc-links");
    run_cargo(&mut cargo, "mend what rustdoc names above")
}
