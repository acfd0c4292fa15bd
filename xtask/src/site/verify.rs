//! Checks the built site as a server and a browser will use it.

use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{PROGRAMS, Program, named_files, stamp};
use crate::workspace;

/// One thing that must be true of the site, and whether it is.
pub(crate) type Verdict = (String, Result<()>);

/// Checks every file of the page in `target/site`.
pub(crate) fn verify() -> Result<Vec<Verdict>> {
    let manifest = stamp::read_manifest()?;
    let site = workspace::site_directory();
    let mut verdicts = Vec::new();
    for name in named_files() {
        let verdict = manifest
            .get(name)
            .with_context(|| format!("manifest.json does not list {name}"))
            .and_then(|url| whole_in_every_encoding(&site.join(url.trim_start_matches('/'))));
        verdicts.push((format!("{name} is listed, and the same in every encoding"), verdict));
    }
    for name in ["style.css", "pages.css", "leaflet.css"] {
        let verdict = names_only_what_is_there(&site, manifest.get(name));
        verdicts.push((format!("everything that {name} names is there"), verdict));
    }
    for Program { name, .. } in PROGRAMS {
        let Some(url) = manifest.get(&format!("{name}.js")) else { continue };
        let script = fs::read_to_string(site.join(url.trim_start_matches('/')))?;
        verdicts
            .push((format!("{name}.js exports what the page calls"), exports_what_the_page_calls(&script)));
    }
    Ok(verdicts)
}

fn whole_in_every_encoding(path: &Path) -> Result<()> {
    let raw = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    ensure!(!raw.is_empty(), "{} is empty", path.display());
    let gzip = read_compressed(path, "gz")?;
    let mut from_gzip = Vec::new();
    flate2::read::GzDecoder::new(&gzip[..]).read_to_end(&mut from_gzip)?;
    ensure!(from_gzip == raw, "the gzip copy of {} holds something else", path.display());
    let brotli = read_compressed(path, "br")?;
    let mut from_brotli = Vec::new();
    brotli::Decompressor::new(&brotli[..], 64 * 1024).read_to_end(&mut from_brotli)?;
    ensure!(from_brotli == raw, "the brotli copy of {} holds something else", path.display());
    Ok(())
}

fn read_compressed(path: &Path, extension: &str) -> Result<Vec<u8>> {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    fs::read(&name).with_context(|| format!("{} cannot be read", name.to_string_lossy()))
}

/// Style sheets name fonts and pictures by their final URLs.
fn names_only_what_is_there(site: &Path, url: Option<&String>) -> Result<()> {
    let url = url.context("manifest.json does not list it")?;
    let text = fs::read_to_string(site.join(url.trim_start_matches('/')))?;
    for rest in text.split("url(").skip(1) {
        let named = rest.split(')').next().unwrap_or_default().trim_matches(['"', '\'']);
        if named.starts_with("data:") || named.starts_with('#') {
            continue;
        }
        let path = site.join(named.trim_start_matches('/'));
        ensure!(path.is_file(), "it names {named}, and there is no {}", path.display());
    }
    Ok(())
}

/// The page's inline script is `import init, { hydrate } from ...`.
fn exports_what_the_page_calls(script: &str) -> Result<()> {
    let exports = script.rsplit_once("export{").map(|(_, list)| list).context("it exports nothing")?;
    for name in ["hydrate", "default"] {
        ensure!(exports.contains(name), "it does not export `{name}`, which the page's script imports");
    }
    Ok(())
}
