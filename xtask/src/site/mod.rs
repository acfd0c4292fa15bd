//! What browsers load: the page's WASM with its JavaScript, the style sheet and Leaflet, made small, named by
//! their content, compressed, and listed in a manifest.
//!
//! The stages: `bind` compiles the frontend and writes its JavaScript; `shrink` makes all of it small; `pack` names,
//! compresses and lists. The later stages run only when what goes into them has changed.

mod bind;
mod pack;
mod shrink;
mod stamp;
mod verify;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

pub(crate) use pack::{Manifest, Packed};
pub(crate) use verify::verify;

use crate::{say, tools, workspace};

/// The files that the page's shell asks for by these names; the manifest says under which URL each is.
pub(crate) const PAGE_FILES: [&str; 5] =
    ["wattmap.js", "wattmap_bg.wasm", "style.css", "leaflet.js", "leaflet.css"];

/// Those that other pages than the map ask for by these names, some when somebody has use for them.
const LATER_FILES: [&str; 3] = ["pages.css", "own-data.js", "own-data_bg.wasm"];

/// A program for the browser: its package, and what its files are called.
struct Program {
    package: &'static str,
    name: &'static str,
}

const PROGRAMS: [Program; 2] = [
    Program { package: "frontend", name: "wattmap" },
    Program { package: "frontend-own-data", name: "own-data" },
];

/// All files that are named by their content here.
fn named_files() -> impl Iterator<Item = &'static str> {
    PAGE_FILES.into_iter().chain(LATER_FILES)
}

/// The npm packages of the site's build.
fn npm_directory() -> PathBuf {
    workspace::root().join("xtask/site")
}

/// Builds the site if anything that it is made of has changed, and shows what it weighs.
pub(crate) fn build() -> Result<Manifest> {
    tools::ensure_wasm_target()?;
    tools::ensure_programs(&tools::NODE)?;
    tools::ensure_npm_packages(&npm_directory())?;
    let programs = say::step("The page's WASM", bind::compile)?;
    say::step("The site", || {
        let inputs = stamp::digest(&programs)?;
        if let Some(manifest) = stamp::unchanged(&inputs) {
            say::detail(format!("{} is up to date", workspace::relative(&workspace::site_directory())));
            return Ok(manifest);
        }
        let work = fresh_directory("site-work")?;
        bind::bind(&programs, &work)?;
        let files = shrink::shrink(&work)?;
        let (manifest, packed) = pack::pack(&files)?;
        stamp::remember(&inputs)?;
        show(&packed);
        Ok(manifest)
    })
}

/// An empty directory for intermediate files.
fn fresh_directory(name: &str) -> Result<PathBuf> {
    let path = workspace::scratch_directory().join(name);
    if path.exists() {
        fs::remove_dir_all(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
    }
    fs::create_dir_all(&path).with_context(|| format!("{} cannot be made", path.display()))?;
    Ok(path)
}

fn show(packed: &[Packed]) {
    say::detail(format!("{:<34} {:>10} {:>10} {:>10}", "file", "raw", "gzip", "brotli"));
    for file in packed {
        let sizes = [file.raw_bytes, file.gzip_bytes, file.brotli_bytes].map(say::thousands);
        say::detail(format!("{:<34} {:>10} {:>10} {:>10}", file.served_as, sizes[0], sizes[1], sizes[2]));
    }
    let first_load: u64 =
        packed.iter().filter(|file| file.on_first_load()).map(|file| file.brotli_bytes).sum();
    say::detail(format!(
        "what every first visit loads of these: {} bytes brotli (the page itself and its figures come on top)",
        say::thousands(first_load)
    ));
}

/// The files of the page and their size as a browser that takes brotli loads them.
pub(crate) fn first_load() -> Result<Vec<(String, u64)>> {
    let manifest = stamp::read_manifest()?;
    manifest
        .into_iter()
        .filter(|(name, _)| pack::on_first_load(name))
        .map(|(name, url)| {
            let path = workspace::site_directory().join(url.trim_start_matches('/'));
            // A font is compressed already.
            let compressed =
                path.with_file_name(format!("{}.br", path.file_name().unwrap_or_default().to_string_lossy()));
            let served = if compressed.is_file() { compressed } else { path };
            let bytes =
                fs::metadata(&served).with_context(|| format!("{} cannot be read", served.display()))?.len();
            Ok((name, bytes))
        })
        .collect()
}
