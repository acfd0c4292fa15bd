//! `wattmap import geography`

use std::fs::Permissions;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use engine::{Document, StoreError};
use geography::{Geography, ImportOptions, LevelNames, ParentProperty};
use metering::stored::RegistrationVersion;

use super::direct::while_a_server_runs;
use super::options::GeographyArgs;
use super::source::Source;
use crate::commands::engine::{GEOGRAPHY, london};
use crate::commands::say;
use crate::config::Config;
use crate::engines::open;
use crate::state::Ports;

/// Bytes of a GeoJSON text at most: all small areas of a large country, in more detail than a map shows.
const TEXT_MAX: u64 = 1 << 30;

/// Makes a geography of a GeoJSON file: into the data directory, from where the next start takes it, or
/// into a file for `--geography`.
pub(super) async fn import(args: &GeographyArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let Some(path) = args.file.clone() else { return back_to_london(config).await };
    let (options, shown) = (options(args)?, path.display().to_string());
    let made = tokio::task::spawn_blocking(move || make(&path, &options)).await?;
    let (geography, report) = made.with_context(|| format!("{shown} can't be used"))?;
    say(report.to_string().trim_end())?;
    let bytes = geography.to_bytes();
    match &args.out {
        _ if args.dry_run => say("nothing was written (--dry-run)")?,
        Some(out) => {
            write_whole(out, &bytes).with_context(|| format!("{} can't be written", out.display()))?;
            say(format_args!("{}: start with --geography {0}", out.display()))?;
        }
        None => {
            let document = Document { id: GEOGRAPHY.1.to_owned(), body: bytes };
            let documents = |ports: Ports| async move {
                ports.documents.put_documents(GEOGRAPHY.0, vec![document]).await
            };
            let elsewhere = change(config, &geography, documents).await?;
            say(format_args!("stored in {}: the next start takes it", config.engine.data.display()))?;
            warn_of(elsewhere, "--london goes back to the one that comes with the program")?;
            warn_of_configured(config)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn back_to_london(config: &Config) -> anyhow::Result<ExitCode> {
    let geography = london().await?;
    let documents =
        |ports: Ports| async move { ports.documents.remove_document(GEOGRAPHY.0, GEOGRAPHY.1).await };
    let elsewhere = change(config, &geography, documents).await?;
    say(format_args!("{} again, from the next start on", geography.name()))?;
    warn_of(elsewhere, "importing theirs again shows them again")?;
    warn_of_configured(config)?;
    Ok(ExitCode::SUCCESS)
}

/// Changes what is stored of the geography; says how many meters are registered in areas that this one does not have.
async fn change<F: Future<Output = Result<(), StoreError>>>(
    config: &Config,
    geography: &Geography,
    how: impl FnOnce(Ports) -> F,
) -> anyhow::Result<usize> {
    let opened = open(config).await.map_err(while_a_server_runs)?;
    let changed = async {
        let registrations = opened.ports.figures.registrations().await?;
        how(opened.ports.clone()).await?;
        let is_elsewhere = |one: &&RegistrationVersion| {
            geography.index_of(&one.area).is_none_or(|area| geography.leaf_number(area).is_none())
        };
        Ok::<_, StoreError>(registrations.iter().filter(is_elsewhere).count())
    }
    .await;
    opened.close().await?;
    Ok(changed?)
}

/// What is imported is not what is shown where another one is configured.
fn warn_of_configured(config: &Config) -> anyhow::Result<()> {
    match &config.web.geography {
        Some(path) => say(format_args!("as long as geography is not set, that is: it is {}", path.display())),
        None => Ok(()),
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
