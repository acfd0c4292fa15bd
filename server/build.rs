//! Makes sure that there is a directory to embed the site from.
//!
//! `cargo xtask site` fills it. Without it the server still has to compile: whoever works on the door needs no page.

use std::path::Path;
use std::{env, fs, io};

const NOTE: &str = "What browsers load, made by `cargo xtask site`. Until that has run there is only this note,\n\
                    and the server says that it was built without its site.\n";

fn main() -> io::Result<()> {
    let site = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../target/site");
    let note = site.join("NOTE.txt");
    if !note.exists() {
        fs::create_dir_all(&site)?;
        fs::write(&note, NOTE)?;
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", note.display());
    // Only an optimised build carries the site inside; any other reads it from disk and need not be built again.
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed={}", site.join("manifest.json").display());
    }
    Ok(())
}
