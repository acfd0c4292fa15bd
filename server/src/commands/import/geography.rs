//! `wattmap import geography`

use std::fs::Permissions;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use engine::Document;
use geography::{Geography, ImportOptions, LevelNames, ParentProperty};

use super::direct::while_a_server_runs;
use super::options::GeographyArgs;
use super::source::Source;
use crate::commands::engine::GEOGRAPHY;
use crate::commands::say;
use crate::config::Config;
use crate::engines::open;

/// Bytes of a GeoJSON text at most: all small areas of a large country, in more detail than a map shows.
const TEXT_MAX: u64 = 1 << 30;

/// Makes a geography of a GeoJSON file: into the data directory, from where the next start takes it, or
/// into a file for `--geography`.
pub(super) async fn import(args: &GeographyArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let options = options(args)?;
    let path = args.file.clone();
    let made = tokio::task::spawn_blocking(move || make(&path, &options)).await?;
    let (geography, report) = made.with_context(|| format!("{} can't be used", args.file.display()))?;
    say(report.to_string().trim_end())?;
    let bytes = geography.to_bytes();
    match &args.out {
        _ if args.dry_run => say("nothing was written (--dry-run)")?,
        Some(out) => {
            write_whole(out, &bytes).with_context(|| format!("{} can't be written", out.display()))?;
            say(format_args!("{}: start with --geography {0}", out.display()))?;
        }
        None => {
            let opened = open(config).await.map_err(while_a_server_runs)?;
            let document = Document { id: GEOGRAPHY.1.to_owned(), body: bytes };
            let stored = opened.ports.documents.put_documents(GEOGRAPHY.0, vec![document]).await;
            opened.close().await?;
            stored?;
            say(format_args!("stored in {}: the next start takes it", config.engine.data.display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
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
