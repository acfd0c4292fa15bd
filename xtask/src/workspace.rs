//! Where things are.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        // Cargo sets the variable when it runs the task; the compiled-in path serves a task started by hand.
        let manifest =
            std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").into());
        let manifest = PathBuf::from(manifest);
        manifest.parent().map_or_else(|| manifest.clone(), Path::to_path_buf)
    })
}

/// What browsers load; the release binary carries a copy of it.
pub(crate) fn site_directory() -> PathBuf {
    root().join("target/site")
}

/// Intermediate files and stamps of the tasks.
pub(crate) fn scratch_directory() -> PathBuf {
    root().join("target/xtask")
}

/// What cargo knows about the workspace, from the lock file as it stands.
pub(crate) fn metadata() -> Result<Metadata> {
    MetadataCommand::new()
        .current_dir(root())
        .exec()
        .context("cargo metadata could not read the workspace; mend the Cargo.toml it names")
}

/// A path as messages show it.
pub(crate) fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
