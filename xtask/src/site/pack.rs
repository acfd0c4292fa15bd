//! Names the site's files by their content, compresses them once, and lists them for the server.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use super::{PAGE_FILES, named_files, shrink::SiteFile};
use crate::workspace;

/// From the name that the page knows to the URL under which the file is served.
pub(crate) type Manifest = BTreeMap<String, String>;

/// 64 bits of the digest: names must differ when content does, and nobody gains by making two alike.
const HASH_CHARACTERS: usize = 16;
const BROTLI_QUALITY: u32 = 11;
/// 16 MiB, the most that every browser's decoder accepts.
const BROTLI_WINDOW: u32 = 24;

/// One file of the site and what it weighs.
pub(crate) struct Packed {
    name: String,
    pub(crate) served_as: String,
    pub(crate) raw_bytes: u64,
    pub(crate) gzip_bytes: u64,
    pub(crate) brotli_bytes: u64,
}

impl Packed {
    /// Whether the page asks for it in any case; the pictures in Leaflet's style sheet are loaded only if used.
    pub(crate) fn on_first_load(&self) -> bool {
        on_first_load(&self.name)
    }
}

/// A font that browsers load for pages with its letters only.
const FONT_OF_SOME: &str = "inter-pl";

/// Whether every first visit loads the file of this name.
pub(super) fn on_first_load(name: &str) -> bool {
    PAGE_FILES.contains(&name) || name.ends_with(".woff2") && !name.starts_with(FONT_OF_SOME)
}

/// Brings `target/site` to these files: new ones are written beside the old ones, the manifest is replaced in one
/// move, and only then is what it no longer names removed, so that a running server finds a whole site at any time.
pub(super) fn pack(files: &[SiteFile]) -> Result<(Manifest, Vec<Packed>)> {
    let site = workspace::site_directory();
    let directory = site.join("pkg");
    fs::create_dir_all(&directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    let packed = files.iter().map(|file| write(file, &directory)).collect::<Result<Vec<_>>>()?;
    let manifest: Manifest =
        packed.iter().map(|file| (file.name.clone(), format!("/pkg/{}", file.served_as))).collect();
    let fresh = site.join("manifest.json.new");
    fs::write(&fresh, serde_json::to_string_pretty(&manifest)?)?;
    fs::rename(&fresh, site.join("manifest.json"))?;
    remove_all_but(&packed, &directory)?;
    Ok((manifest, packed))
}

fn write(file: &SiteFile, directory: &Path) -> Result<Packed> {
    // Fonts and pictures are named by their content already, under the names that the style sheets ask for.
    let served_as = if named_files().any(|name| name == file.name) {
        hashed_name(&file.name, &file.content)
    } else {
        file.name.clone()
    };
    let raw_bytes = file.content.len() as u64;
    fs::write(directory.join(&served_as), &file.content)?;
    let write_if_smaller = |extension: &str, compressed: Vec<u8>| -> Result<u64> {
        let path = directory.join(format!("{served_as}.{extension}"));
        if compressed.len() >= file.content.len() {
            return Ok(raw_bytes);
        }
        fs::write(path, &compressed)?;
        Ok(compressed.len() as u64)
    };
    let gzip_bytes = write_if_smaller("gz", gzip(&file.content)?)?;
    let brotli_bytes = write_if_smaller("br", brotli(&file.content)?)?;
    Ok(Packed { name: file.name.clone(), served_as, raw_bytes, gzip_bytes, brotli_bytes })
}

/// `style.css` becomes `style.0123456789abcdef.css`.
fn hashed_name(name: &str, content: &[u8]) -> String {
    let digest = format!("{:x}", Sha256::digest(content));
    let hash = &digest[..HASH_CHARACTERS];
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.{hash}.{extension}"),
        None => format!("{name}.{hash}"),
    }
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 64 * 1024, BROTLI_QUALITY, BROTLI_WINDOW);
    encoder.write_all(content)?;
    encoder.flush()?;
    Ok(encoder.into_inner())
}

fn remove_all_but(packed: &[Packed], directory: &Path) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let uncompressed = name.strip_suffix(".br").or_else(|| name.strip_suffix(".gz")).unwrap_or(&name);
        if !packed.iter().any(|file| file.served_as == uncompressed) {
            fs::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_content() {
        let one = hashed_name("style.css", b"a{}");
        assert_eq!(one, hashed_name("style.css", b"a{}"));
        assert_ne!(one, hashed_name("style.css", b"b{}"));
        assert!(one.starts_with("style.") && one.ends_with(".css"), "{one}");
        assert_eq!(one.len(), "style..css".len() + HASH_CHARACTERS);
    }

    #[test]
    fn what_is_compressed_comes_back() {
        let content = b"neighbourhood figures ".repeat(200);
        let mut from_gzip = Vec::new();
        std::io::copy(&mut flate2::read::GzDecoder::new(&gzip(&content).unwrap()[..]), &mut from_gzip)
            .unwrap();
        assert_eq!(from_gzip, content);
        let mut from_brotli = Vec::new();
        let packed = brotli(&content).unwrap();
        std::io::copy(&mut brotli::Decompressor::new(&packed[..], 4096), &mut from_brotli).unwrap();
        assert_eq!(from_brotli, content);
        assert!(packed.len() < content.len() / 10);
    }
}
