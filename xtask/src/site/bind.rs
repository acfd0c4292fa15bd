//! Compiles the frontend for the browser and writes the JavaScript that loads it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::{binary, command, say};

/// Compiles `frontend` and returns where cargo put the WASM.
pub(super) fn compile() -> Result<PathBuf> {
    let mut cargo = command::cargo();
    cargo.args(["build", "--package", "frontend", "--lib"]);
    cargo.args(["--target", "wasm32-unknown-unknown", "--profile", "wasm-release"]);
    let artifacts = binary::artifacts(&mut cargo)?;
    artifacts
        .iter()
        .filter(|artifact| artifact.target.name == "frontend")
        .flat_map(|artifact| &artifact.filenames)
        .find(|path| path.extension() == Some("wasm"))
        .map(|path| path.as_std_path().to_path_buf())
        .context("cargo built frontend but no WASM; give frontend/Cargo.toml a [lib] with crate-type = [\"cdylib\"]")
}

/// Writes `wattmap.js` and `wattmap_bg.wasm`.
///
/// The library is of the same version as the locked wasm-bindgen (both are pinned in the workspace), so no tool
/// needs to be installed that could be of another.
pub(super) fn bind(wasm: &Path, directory: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(wasm)
        .out_name("wattmap")
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        // The page says where the WASM is, by its hashed name; a default path would only be wrong.
        .omit_default_module_path(true);
    bindgen.web(true)?.generate(directory).context("wasm-bindgen could not bind the frontend's WASM")?;
    let bytes = fs::metadata(directory.join("wattmap_bg.wasm"))?.len();
    say::detail(format!("bound: {} bytes of WASM", say::thousands(bytes)));
    Ok(())
}
