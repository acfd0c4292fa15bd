//! Makes the site's files small: wasm-opt for the WASM, esbuild for JavaScript and CSS.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{PROGRAMS, Program, npm_directory};
use crate::{command, say, workspace};

/// What rustc 1.95 emits for wasm32-unknown-unknown. wasm-opt must not reach for more than browsers have.
const WASM_FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];
/// The oldest browsers that have what the WASM needs; esbuild writes nothing that they do not understand.
const BROWSERS: &str = "--target=chrome109,firefox115,safari16.4";

/// A file that will be served, before it has its final name.
pub(super) struct SiteFile {
    pub(super) name: String,
    pub(super) content: Vec<u8>,
}

/// Turns what `bind` wrote, the style sheet and Leaflet into the files to be served.
pub(super) fn shrink(work: &Path) -> Result<Vec<SiteFile>> {
    let small = work.join("small");
    fs::create_dir_all(&small)?;
    for Program { name, .. } in PROGRAMS {
        let (js, wasm) = (format!("{name}.js"), format!("{name}_bg.wasm"));
        optimise_wasm(&work.join(&wasm), &small.join(&wasm))?;
        bundle(&work.join(&js), &small.join(&js), &["--format=esm"])?;
    }
    for (from, to) in [("style/main.css", "style.css"), ("style/pages.css", "pages.css")] {
        bundle(&workspace::root().join(from), &small.join(to), &[])?;
    }
    bundle(&npm_directory().join("leaflet.js"), &small.join("leaflet.js"), &["--format=iife"])?;
    let leaflet = npm_directory().join("node_modules/leaflet/dist");
    bundle(&leaflet.join("leaflet.css"), &small.join("leaflet.css"), &[])?;
    let mut files = read_all(&small)?;
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(files)
}

fn optimise_wasm(from: &Path, to: &Path) -> Result<()> {
    say::detail("wasm-opt -Oz");
    let mut wasm_opt =
        command::program(npm_directory().join("node_modules/.bin/wasm-opt"), workspace::root());
    wasm_opt.arg("-Oz").args(WASM_FEATURES).arg(from).arg("-o").arg(to);
    command::output(&mut wasm_opt, "see what wasm-opt says above").map(|_| ())
}

/// Bundles and minifies one JavaScript or CSS file with all that it imports. Fonts and pictures that a style sheet
/// names are written beside it and named by their content already.
fn bundle(from: &Path, to: &Path, more: &[&str]) -> Result<()> {
    say::detail(format!("esbuild {}", workspace::relative(from)));
    let mut esbuild = command::program(npm_directory().join("node_modules/.bin/esbuild"), workspace::root());
    esbuild.arg(from).args(["--bundle", "--minify", "--log-level=warning", "--charset=utf8", BROWSERS]);
    esbuild.args(["--loader:.png=file", "--loader:.svg=file", "--loader:.woff2=file"]);
    esbuild.args(["--asset-names=[name]-[hash]", "--public-path=/pkg"]).args(more);
    let mut outfile = std::ffi::OsString::from("--outfile=");
    outfile.push(to);
    esbuild.arg(outfile);
    command::output(&mut esbuild, "mend what esbuild names above").map(|_| ())
}

fn read_all(directory: &Path) -> Result<Vec<SiteFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path: PathBuf = entry?.path();
        let name =
            path.file_name().and_then(OsStr::to_str).context("the tools write ASCII names")?.to_owned();
        let content = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        files.push(SiteFile { name, content });
    }
    Ok(files)
}
