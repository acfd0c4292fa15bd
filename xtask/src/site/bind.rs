//! Compiles the programs for the browser and writes the JavaScript that loads them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use super::{PROGRAMS, Program};
use crate::{binary, command, say};

/// Compiles the programs, and returns where cargo put the WASM of each, in their order.
pub(super) fn compile() -> Result<Vec<PathBuf>> {
    let mut cargo = command::cargo();
    cargo.args(["build", "--lib", "--target", "wasm32-unknown-unknown", "--profile", "wasm-release"]);
    for program in PROGRAMS {
        cargo.args(["--package", program.package]);
    }
    let artifacts = binary::artifacts(&mut cargo)?;
    let wasm = |Program { package, .. }: Program| {
        let mut files = artifacts
            .iter()
            .filter(|artifact| artifact.target.name == package.replace('-', "_"))
            .flat_map(|artifact| &artifact.filenames);
        let wasm = files.find(|path| path.extension() == Some("wasm"));
        wasm.map(|path| path.as_std_path().to_path_buf()).with_context(|| {
            format!("cargo built {package} but no WASM; give its Cargo.toml a [lib] with crate-type = [\"cdylib\"]")
        })
    };
    PROGRAMS.into_iter().map(wasm).collect()
}

/// Writes the JavaScript and the WASM of each.
///
/// The library is of the same version as the locked wasm-bindgen (both are pinned in the workspace), so no tool
/// needs to be installed that could be of another.
pub(super) fn bind(programs: &[PathBuf], directory: &Path) -> Result<()> {
    for (Program { package, name }, wasm) in PROGRAMS.into_iter().zip(programs) {
        let mut bindgen = Bindgen::new();
        bindgen
            .input_path(wasm)
            .out_name(name)
            .typescript(false)
            .remove_name_section(true)
            .remove_producers_section(true)
            // The page says where the WASM is, by its hashed name; a default path would only be wrong.
            .omit_default_module_path(true);
        let bound = bindgen.web(true)?.generate(directory);
        bound.with_context(|| format!("wasm-bindgen could not bind the WASM of {package}"))?;
        let bytes = fs::metadata(directory.join(format!("{name}_bg.wasm")))?.len();
        say::detail(format!("{name}: {} bytes of WASM", say::thousands(bytes)));
    }
    Ok(())
}
