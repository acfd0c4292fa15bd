//! Remembers what the site was made of, so that it is made again only when that has changed.
//!
//! Cargo decides about the WASM itself; the digest here covers what comes after it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::{Manifest, named_files, npm_directory};
use crate::workspace;

/// The digest of everything that the stages after the compiler read, this program's own stages included.
pub(super) fn digest(programs: &[PathBuf]) -> Result<String> {
    let root = workspace::root();
    let npm = ["package-lock.json", "leaflet.js"].map(|name| npm_directory().join(name));
    let mut inputs = programs.to_vec();
    inputs.extend(npm);
    for directory in ["style", "xtask/src/site"] {
        files_under(&root.join(directory), &mut inputs)?;
    }
    inputs.sort();
    let mut hasher = Sha256::new();
    for path in inputs {
        let content = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        hasher.update(workspace::relative(&path));
        hasher.update((content.len() as u64).to_le_bytes());
        hasher.update(&content);
    }
    Ok(format!("{:x}", hasher.finalize()))
}

fn files_under(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(directory).with_context(|| format!("{} cannot be read", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files_under(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The site's manifest, if the site is there, whole, and made of these inputs.
pub(super) fn unchanged(inputs: &str) -> Option<Manifest> {
    let stamped = fs::read_to_string(stamp_path()).ok()?;
    let manifest = read_manifest().ok()?;
    let site = workspace::site_directory();
    let whole = named_files()
        .all(|name| manifest.get(name).is_some_and(|url| site.join(url.trim_start_matches('/')).is_file()));
    (whole && stamped == inputs).then_some(manifest)
}

/// The manifest of the site as it stands.
pub(super) fn read_manifest() -> Result<Manifest> {
    let path = workspace::site_directory().join("manifest.json");
    let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not a manifest", path.display()))
}

pub(super) fn remember(inputs: &str) -> Result<()> {
    let path = stamp_path();
    fs::write(&path, inputs).with_context(|| format!("{} cannot be written", path.display()))
}

fn stamp_path() -> PathBuf {
    workspace::scratch_directory().join("site.stamp")
}
