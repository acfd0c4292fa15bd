//! `cargo xtask test`: everything that CI checks, in parts that can be named, with one summary at the end.
//!
//! A part that cannot run has failed: nothing is skipped quietly.

mod browser;
mod cargo;
mod deploy;
mod lanes;
mod outcome;
mod together;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use self::cargo::Targets;
use self::lanes::Lane;
use self::outcome::Outcome;
use crate::{binary, check, engines, say, site, tools, workspace};

/// What `cargo xtask test` can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Format, lints, who imports whom, lock files, documentation.
    Check,
    /// Unit, property, contract and real-app tests of every crate, and of the tasks themselves.
    Unit,
    /// Build what browsers load, and check it.
    Site,
    /// The page in a real browser, served by the real binary.
    Browser,
    /// Tests on real Kafka and real Cassandra, one node of each or `--nodes`; those in modules named `engines`.
    Engines,
    /// With three nodes of each and three copies of everything: the contract suites, and that one node of each may hang, or die; the
    /// test in the module `engines_of_three`.
    EnginesOfThree,
    /// Random kill -9 of the real process under load; tests in modules named `kill`.
    Kill,
    /// The image and the Compose file of `deploy/`, run by a real Docker while containers are killed; the test in the
    /// module `deployed`. Takes minutes, a release build and 10 GB, so it runs only if it is named.
    Deploy,
    /// Real files that the project may not carry, from WATTMAP_TEST_DATA (else
    /// ../shared/data); tests in modules named `real_data`.
    RealData,
}

/// What the project can run from itself alone.
const FROM_ITSELF_ALONE: [Part; 7] =
    [Part::Check, Part::Site, Part::Unit, Part::Browser, Part::Engines, Part::EnginesOfThree, Part::Kill];
/// The programs of those who write to the topic besides us.
const PRODUCERS: &str = "end2end/producers";
/// The module of the faults.
const CHAOS: &str = "chaos::engines";
/// The module of those who write to the topic besides us.
const OTHER_PRODUCERS: &str = "producers::engines";
/// The test binaries in which each engine keeps its contract, or not.
const CONTRACTS: [&str; 2] = ["kafka", "cassandra"];
/// Where the files are that are not carried, unless `WATTMAP_TEST_DATA` says otherwise.
const DEFAULT_DATA: &str = "../shared/data";

/// Runs the parts (without any: what the project can run from itself alone) and `more` of them before, all even if one
/// fails, and prints the summary; some beside each other. `nodes` is how many of each engine `engines` runs on.
pub(crate) fn run(parts: &[Part], more: &[Part], nodes: u32) -> Result<()> {
    let parts = if parts.is_empty() { &FROM_ITSELF_ALONE[..] } else { parts };
    let parts = [more, parts].concat();
    sum_up(&lanes::run(&parts, |part| outcome_of(part.name(), |outcome| part.run(nodes, outcome))))
}

/// Prints the summary; the error says how many failed.
fn sum_up(outcomes: &[Outcome]) -> Result<()> {
    let failed: u64 = outcomes.iter().map(|outcome| outcome.failed).sum();
    print!("{}", outcome::summary(outcomes));
    ensure!(failed == 0, "{failed} failed; the summary above names them");
    Ok(())
}

/// The faults of `engines` for long: so many rounds of kills, a minute without each of those that we build on. Then, of three
/// nodes of each, every one hangs in its turn, and dies, and comes back. The latter is done even if the former fails.
pub(crate) fn chaos(seeds: u32) -> Result<()> {
    let seeds = seeds.to_string();
    let of_one = [
        ("WATTMAP_TEST_ROUNDS", seeds.as_str()),
        ("WATTMAP_TEST_AWAY_S", "75"),
        ("WATTMAP_TEST_TOPICS", "3"),
        ("WATTMAP_TEST_TURNS_OF_SIMULATORS", seeds.as_str()),
    ];
    let of_three = [("WATTMAP_TEST_HANGS", "6"), ("WATTMAP_TEST_DEATHS", "6")];
    sum_up(&[
        chaos_on(1, CHAOS, &of_one, "chaos"),
        chaos_on(3, "engines_of_three", &of_three, "chaos-of-three"),
    ])
}

/// The tests of a module for long, on so many nodes of each.
fn chaos_on(nodes: u32, module: &str, longer: &[(&str, &str)], name: &str) -> Outcome {
    outcome_of(name.to_owned(), |outcome| {
        engines::with_nodes(nodes, |addresses| {
            let variables = [addresses, longer].concat();
            cargo::ignored_tests_in(module, Targets::Named("whole"), &variables, outcome)
        })
    })
}

/// What some work comes to. That it can't be done is one more failure.
fn outcome_of(name: String, work: impl FnOnce(&mut Outcome) -> Result<()>) -> Outcome {
    say::line("");
    say::line(format_args!("######## {name}"));
    let begun = std::time::Instant::now();
    let mut outcome = Outcome::new(name);
    if let Err(error) = work(&mut outcome) {
        say::error(&error);
        outcome.fail(format!("{error:#}"));
    }
    outcome.nothing_ran_is_a_failure();
    outcome.took = begun.elapsed();
    outcome
}

impl Part {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// What it can run beside.
    fn lane(self) -> Lane {
        match self {
            Part::Site | Part::Deploy => Lane::Alone,
            Part::Browser => Lane::Browses,
            Part::Check => Lane::Reads,
            Part::Engines | Part::EnginesOfThree => Lane::Waits,
            Part::Unit | Part::Kill | Part::RealData => Lane::Works,
        }
    }

    fn run(self, nodes: u32, outcome: &mut Outcome) -> Result<()> {
        match self {
            Part::Check => {
                for check in check::ALL {
                    outcome.count(check.title(), check::passes(check));
                }
                Ok(())
            }
            Part::Unit => {
                cargo::native_tests(outcome)?;
                cargo::tests_of_the_tasks(outcome)
            }
            Part::Site => {
                site::build()?;
                for (claim, verdict) in site::verify()? {
                    if let Err(error) = &verdict {
                        say::error(error);
                    }
                    outcome.count(&claim, verdict.is_ok());
                }
                Ok(())
            }
            Part::Browser => browser::run(outcome),
            Part::Engines => {
                let python = tools::ensure_python_packages(&workspace::root().join(PRODUCERS))?;
                let python = python.to_string_lossy();
                let wattmap = binary::for_tests()?;
                engines::with_nodes(nodes, |addresses| {
                    let variables = [addresses, &[("WATTMAP_TEST_PYTHON", python.as_ref())]].concat();
                    // Before there is much in them: nodes that were killed come back the later, the more they have.
                    cargo::ignored_tests_in(CHAOS, Targets::Named("whole"), &variables, outcome)?;
                    cargo::ignored_tests_in(OTHER_PRODUCERS, Targets::Named("whole"), &variables, outcome)?;
                    cargo::ignored_tests_at_once("engines", &CONTRACTS, &variables, outcome);
                    let (ran, there) = (outcome.ran(), cargo::ignored_tests_there("engines")?);
                    if ran != there {
                        outcome.fail(format!("{ran} of the {there} tests in modules `engines` ran"));
                    }
                    if nodes == 1 {
                        let together = together::comes_up_and_ends(&wattmap);
                        outcome.count("cargo xtask run --engines", together.is_ok());
                        together.unwrap_or_else(|error| say::error(&error));
                    }
                    Ok(())
                })
            }
            Part::EnginesOfThree => engines::with_nodes(3, |addresses| {
                cargo::ignored_tests_in("engines_of_three", Targets::Named("whole"), addresses, outcome)?;
                cargo::ignored_tests_at_once("engines", &CONTRACTS, addresses, outcome);
                Ok(())
            }),
            Part::Deploy => deploy::run(outcome),
            Part::Kill => cargo::ignored_tests_in("kill", Targets::All, &[], outcome),
            Part::RealData => {
                let data = real_data()?;
                let data = data.to_string_lossy();
                let variables = [("WATTMAP_TEST_DATA", data.as_ref())];
                cargo::ignored_tests_in("real_data", Targets::All, &variables, outcome)
            }
        }
    }
}

fn real_data() -> Result<PathBuf> {
    let given =
        std::env::var_os("WATTMAP_TEST_DATA").map_or_else(|| PathBuf::from(DEFAULT_DATA), PathBuf::from);
    let path = workspace::root().join(given);
    ensure!(
        path.is_dir(),
        "there is no directory {}: put the files that data/README.md lists into one and name it in WATTMAP_TEST_DATA",
        path.display()
    );
    Ok(path.canonicalize()?)
}
