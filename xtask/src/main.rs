//! Every task of the project, as `cargo xtask NAME`.
//!
//! The map: `say` and `command` are how a task speaks and how it runs programs; `tools` installs what is
//! missing; `engines` runs Kafka and Cassandra; `site` makes what browsers load; `binary` builds `wattmap`, `roles` runs
//! it in parts, `deploy` in containers; `check`, `test` and `bench` are the tasks that judge it. `derive/`, a program of its own, derives what is shipped in `data/`.

mod bench;
mod binary;
mod check;
mod command;
mod deploy;
mod engines;
mod roles;
mod say;
mod site;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Every task of the project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build what is missing, then start wattmap; everything after `run` is passed on to `wattmap run`. With --engines
    /// the roles are processes of their own, on Kafka and Cassandra; `run --engines --help` says how.
    #[command(disable_help_flag = true)]
    Run {
        /// For example: --simulate 5000 --listen 127.0.0.1:4000
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Build the site and the release binary; the last line printed is the binary's path.
    Build,
    /// Build only what browsers load, into target/site.
    Site,
    /// Run everything that CI checks, or only the named parts.
    Test {
        /// Parts to run; without any: all that the project can run from itself alone.
        #[arg(value_enum)]
        parts: Vec<test::Part>,
        /// A part to run besides.
        #[arg(long, value_enum)]
        with: Vec<test::Part>,
        /// How many nodes of Kafka and of Cassandra the part `engines` runs on.
        #[arg(long, default_value_t = 1, value_parser = engines::one_or_three)]
        nodes: u32,
    },
    /// Let everything go wrong with the roles on real Kafka and Cassandra for longer than CI has time for.
    Chaos {
        /// Rounds in which processes are killed, at random moments and between any two steps of a flush, each with a seed of
        /// its own, after which all is compared.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        seeds: u32,
    },
    /// Check the source: format, lints, who imports whom, lock files, documentation.
    Check {
        /// Checks to run; without any: all.
        #[arg(value_enum)]
        checks: Vec<check::Check>,
    },
    /// Measure: one JSON object a line on stdout. Without a name: which benches there are.
    Bench {
        /// The bench's name.
        name: Option<String>,
        /// Passed on to the bench.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Real Kafka and Cassandra on this machine, for what needs them.
    #[command(subcommand)]
    Engines(engines::Engines),
    /// Derive the data shipped in data/ again from its published sources.
    #[command(disable_help_flag = true)]
    Data {
        /// What to derive, for example: london
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    if let Task::Run { arguments } = &task
        && roles::asks_for_help(arguments)
    {
        println!("{}", roles::HELP);
        return Ok(());
    }
    if let Task::Run { .. }
    | Task::Build
    | Task::Test { .. }
    | Task::Chaos { .. }
    | Task::Check { .. }
    | Task::Bench { .. } = task
    {
        // What these build links it.
        tools::ensure_openssl()?;
    }
    match task {
        Task::Run { arguments } if roles::asks_for_engines(&arguments) => roles::run(&arguments),
        Task::Run { arguments } => binary::run(&arguments),
        Task::Build => binary::build(),
        Task::Site => site::build().map(|_| ()),
        Task::Test { parts, with, nodes } => test::run(&parts, &with, nodes),
        Task::Chaos { seeds } => test::chaos(seeds),
        Task::Check { checks } => check::run(&checks),
        Task::Bench { name, arguments } => bench::run(name.as_deref(), &arguments),
        Task::Engines(what) => engines::run(&what),
        Task::Data { arguments } => derive_data(&arguments),
    }
}

/// Deriving data needs crates that no other task needs; so that those others are quick to build, it is a program
/// of its own.
fn derive_data(arguments: &[String]) -> Result<()> {
    let mut cargo = command::cargo();
    cargo.args(["run", "--quiet", "--package", "derive-data", "--"]).args(arguments);
    command::run(&mut cargo, "see what it says above")
}
