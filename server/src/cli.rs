//! The command line: which command, with which settings.

mod flags;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands;
use crate::config::{Config, Sources};
use crate::roles::Roles;
use flags::SettingFlags;

/// A public map of what electricity costs to live with, neighbourhood by neighbourhood.
///
/// Every setting is a flag, an environment variable WATTMAP_... or a line in wattmap.toml, in this order;
/// `wattmap config` shows all of them and where each value came from.
#[derive(Debug, Parser)]
#[command(name = "wattmap", version, max_term_width = 100, propagate_version = true)]
struct Cli {
    /// The configuration file; ./wattmap.toml if it is there
    #[arg(long, env = "WATTMAP_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingFlags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything in one process, on the embedded engine; on Kafka and Cassandra, where they are set
    Run,
    /// The web role alone, on Kafka and Cassandra
    Serve,
    /// The aggregating role alone, on Kafka and Cassandra
    Aggregate,
    /// The simulated homes alone, on Kafka and Cassandra; of several processes one has them, and the others stand by
    Simulate,
    /// Make topics, keyspace and tables, where there are any to make
    Migrate,
    /// Bring in meters, readings, published statistics or a geography from files
    Import(Box<commands::import::ImportArgs>),
    /// Write exact data to files
    Export(commands::export::ExportArgs),
    /// Recompute every aggregate from the stored readings, compare, and put the recomputed ones in use
    Replay(commands::replay::ReplayArgs),
    /// Keys for sending readings and for operators
    Keys(commands::keys::KeysArgs),
    /// Whether everything is reachable and as it should be: a line each, exit 1 if not
    Check(commands::check::CheckArgs),
    /// The effective configuration, and where each value came from
    Config,
}

/// The whole program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match perform(cli) {
        Ok(code) => code,
        Err(error) => {
            // One sentence; causes follow it after a colon each. Where it can't be said, on a full disk for
            // example, the code says at least that there was one.
            commands::remark(format_args!("wattmap: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn perform(cli: Cli) -> anyhow::Result<ExitCode> {
    engine::crash_points_from_environment();
    engine_embedded::keep_new_files_private();
    let sources =
        Sources::gather(&cli.settings.0, std::env::vars_os().filter_map(text), cli.config.as_deref())?;
    for variable in &sources.unknown_variables {
        commands::remark(format_args!(
            "wattmap: the environment variable {variable} names no setting and is passed over"
        ));
    }
    let config = Config::load(&sources)?;
    crate::telemetry::init(&config.telemetry);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(command(cli.command, config, &sources));
    // Blocking work that nobody waits for any more must not hold the exit up.
    runtime.shutdown_background();
    outcome
}

/// Variables that are not text are nobody's settings.
fn text((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.into_string().ok()?))
}

async fn command(command: Command, config: Config, sources: &Sources) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run => commands::run::run(Roles::ALL, config).await?,
        Command::Serve => commands::run::run(Roles::SERVE, config).await?,
        Command::Aggregate => commands::run::run(Roles::AGGREGATE, config).await?,
        Command::Simulate => commands::run::run(Roles::SIMULATE, config).await?,
        Command::Migrate => commands::migrate::run(&config).await?,
        Command::Import(args) => return commands::import::run(*args, config).await,
        Command::Export(args) => commands::export::run(args, config).await?,
        Command::Replay(args) => return commands::replay::run(args, config).await,
        Command::Keys(args) => commands::keys::run(args, &config).await?,
        Command::Check(args) => return commands::check::run(&args, config).await,
        Command::Config => commands::say(sources.to_string().trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}
