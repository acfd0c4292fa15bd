//! `wattmap import geography`

use std::fs::Permissions;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use geography::{Geography, ImportOptions, LevelNames, ParentProperty};

use super::direct::while_a_server_runs;
use super::options::GeographyArgs;
use super::source::Source;
use super::through_server::ThroughServer;
use crate::commands::say;
use crate::config::Config;
use crate::engines::open;
use crate::imported_geography::{NextGeography, london, replace};

/// Bytes of a GeoJSON text at most: all small areas of a large country, in more detail than a map shows.
const TEXT_MAX: u64 = 1 << 30;

/// Makes a geography of a GeoJSON file: into the data directory or a running server, from where the next start takes
/// it, or into a file for `--geography`.
pub(super) async fn import(args: &GeographyArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let Some(path) = args.file.clone() else { return back_to_london(args, config).await };
    let (options, shown) = (options(args)?, path.display().to_string());
    let made = tokio::task::spawn_blocking(move || make(&path, &options)).await?;
    let (geography, report) = made.with_context(|| format!("{shown} can't be used"))?;
    say(report.to_string().trim_end())?;
    let bytes = geography.to_bytes();
    match (&args.out, &args.through.server) {
        (Some(out), _) if !args.dry_run => {
            write_whole(out, &bytes).with_context(|| format!("{} can't be written", out.display()))?;
            say(format_args!("{}: start with --geography {0}", out.display()))?;
        }
        (_, None) if args.dry_run => {}
        (_, server) => {
            let next = change(args, config, &geography, Some(bytes)).await?;
            let to = server.clone().unwrap_or_else(|| config.engine.data.display().to_string());
            if !args.dry_run {
                say(format_args!("stored in {to}: the next start takes it"))?;
            }
            warn_of(next.meters_elsewhere, "--london goes back to the one that comes with the program")?;
            warn_of_configured(args, config)?;
        }
    }
    if args.dry_run {
        say(super::dry::NOTE)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn back_to_london(args: &GeographyArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let next = change(args, config, &*london().await?, None).await?;
    say(format_args!("{} again, from the next start on", next.name))?;
    warn_of(next.meters_elsewhere, "importing theirs again shows them again")?;
    warn_of_configured(args, config)?;
    if args.dry_run {
        say(super::dry::NOTE)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Changes what is stored of the geography, here or where a server runs.
async fn change(
    args: &GeographyArgs,
    config: &Config,
    geography: &Geography,
    bytes: Option<Vec<u8>>,
) -> anyhow::Result<NextGeography> {
    if let Some((url, key)) = args.through.server_and_key() {
        let mut server = ThroughServer::new(url, key.to_owned(), args.through.patience, args.dry_run)?;
        return server.geography(bytes.as_deref()).await;
    }
    let opened = open(config).await.map_err(while_a_server_runs)?;
    let changed = replace(&opened.ports, geography, bytes, args.dry_run).await;
    opened.close().await?;
    Ok(changed?)
}

/// What is imported is not what is shown where another one is configured.
fn warn_of_configured(args: &GeographyArgs, config: &Config) -> anyhow::Result<()> {
    match &config.web.geography {
        Some(path) if args.through.server.is_none() => {
            say(format_args!("as long as geography is not set, that is: it is {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn warn_of(elsewhere: usize, way_back: &str) -> anyhow::Result<()> {
    if elsewhere == 0 {
        return Ok(());
    }
    say(format_args!(
        "{} registered so far in areas that it does not have: kept, and not shown; {way_back}",
        if elsewhere == 1 { "1 meter is".to_owned() } else { format!("{elsewhere} meters are") }
    ))
}

fn options(args: &GeographyArgs) -> anyhow::Result<ImportOptions> {
    if let Some(zone) = &args.tz {
        ensure!(
            jiff::tz::TimeZone::get(zone).is_ok(),
            "--tz {zone:?} is no zone of the IANA database, such as Europe/London or UTC"
        );
    }
    Ok(ImportOptions {
        name: args.title.clone(),
        attribution: args.attribution.clone(),
        time_zone: args.tz.clone(),
        code: args.code.clone(),
        area_name: args.name.clone(),
        near: args.near.clone(),
        parents: args.parent.iter().map(|text| ParentProperty::parse(text)).collect(),
        levels: args.levels.iter().map(|text| LevelNames::parse(text)).collect(),
        leave_out: args.leave_out,
    })
}

fn make(path: &Path, options: &ImportOptions) -> anyhow::Result<(Geography, geography::ImportReport)> {
    let source = Source::open(path)?;
    let mut text = String::new();
    source.reader.take(TEXT_MAX + 1).read_to_string(&mut text)?;
    ensure!(text.len() as u64 <= TEXT_MAX, "it is longer than {TEXT_MAX} bytes");
    Ok(Geography::from_geojson(&text, options)?)
}

/// Writes a file so that it is there whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    std::fs::write(&unfinished, bytes)?;
    // Unlike all else that is written here, it is for everybody: the map shows it.
    std::fs::set_permissions(&unfinished, Permissions::from_mode(0o644))?;
    std::fs::rename(unfinished, path)
}
