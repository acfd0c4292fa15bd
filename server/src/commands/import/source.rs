//! A file to be imported: opened, unpacked while it is read, and known again when it comes back.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use flate2::bufread::MultiGzDecoder;
use import::{Content, Format, HEAD, Unrecognised, recognise};
use sha2::{Digest, Sha256};

/// Bytes at either end of a file that tell it from others of its size.
const TOLD_BY: u64 = 64 * 1024;

/// An open file.
pub(super) struct Source {
    /// As it was named.
    pub(super) path: PathBuf,
    /// Bytes on disk.
    pub(super) bytes: u64,
    /// Of these, how many were read.
    pub(super) read: Arc<AtomicU64>,
    /// Its content, unpacked.
    pub(super) reader: Box<dyn BufRead + Send>,
    /// What its content begins with.
    head: Vec<u8>,
    /// SHA-256 of its size and its ends.
    fingerprint: String,
}

impl Source {
    /// Opens it. Gzip and zstd are unpacked on the way.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("{} can't be read", path.display());
        let mut file = File::open(path).with_context(cannot)?;
        let metadata = file.metadata().with_context(cannot)?;
        anyhow::ensure!(metadata.is_file(), "{} is no file", path.display());
        let bytes = metadata.len();
        let fingerprint = fingerprint(&mut file, bytes).with_context(cannot)?;
        let read = Arc::new(AtomicU64::new(0));
        let mut reader = unpacked(Counted { file, read: read.clone() }).with_context(cannot)?;
        let mut head = Vec::new();
        let reader: Box<dyn BufRead + Send> = match reader.by_ref().take(HEAD as u64).read_to_end(&mut head) {
            Ok(_) => Box::new(Cursor::new(head.clone()).chain(reader)),
            // A short file that is cut off: what can be read is, and then it is said where it ends.
            Err(error) if !head.is_empty() => Box::new(Cursor::new(head.clone()).chain(Broken(error))),
            Err(error) => return Err(error).with_context(cannot),
        };
        Ok(Source { path: path.to_owned(), bytes, read, reader, head, fingerprint })
    }

    /// The format that was asked for, or else the one that the file looks like; if it is for `content`.
    pub(super) fn format(&self, asked: Option<Format>, content: Content) -> anyhow::Result<Format> {
        let format = match asked {
            Some(format) => format,
            None => match (recognise(&self.head), content.only_table()) {
                (Ok(format), _) => format,
                (Err(Unrecognised::Columns(_)), Some(format)) => format,
                (Err(why), _) => return Err(explained(self, &why)),
            },
        };
        anyhow::ensure!(
            format.content() == content,
            "{} holds {what} ({format}): wattmap import {what}",
            self.path.display(),
            what = format.content().as_str()
        );
        Ok(format)
    }

    /// A name for importing just this file in just this way.
    pub(super) fn identity(&self, way: &str) -> String {
        let digest = Sha256::new().chain_update(&self.fingerprint).chain_update(way).finalize();
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Its name without the directories, as reports call it.
    pub(super) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

fn explained(source: &Source, why: &Unrecognised) -> anyhow::Error {
    anyhow::anyhow!("{}: {why}", source.path.display())
}

/// Where reading failed before, and fails for ever.
struct Broken(io::Error);

impl Broken {
    fn again(&self) -> io::Error {
        io::Error::new(self.0.kind(), self.0.to_string())
    }
}

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.again())
    }
}

impl BufRead for Broken {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Err(self.again())
    }

    fn consume(&mut self, _: usize) {}
}

/// A file that counts what is read of it.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// The content of a file that may be packed; what is packed twice is unpacked once.
fn unpacked(file: Counted) -> io::Result<Box<dyn BufRead + Send>> {
    const BUFFER: usize = 128 * 1024;
    let mut packed = BufReader::with_capacity(BUFFER, file);
    // A regular file gives its first bytes at once, unless it has fewer.
    let magic = packed.fill_buf()?;
    Ok(if magic.starts_with(b"\x1f\x8b") {
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(packed)))
    } else if magic.starts_with(b"\x28\xb5\x2f\xfd") {
        Box::new(BufReader::with_capacity(BUFFER, zstd::stream::read::Decoder::with_buffer(packed)?))
    } else {
        Box::new(packed)
    })
}

fn fingerprint(file: &mut File, bytes: u64) -> io::Result<String> {
    let mut digest = Sha256::new().chain_update(bytes.to_le_bytes());
    for from in [0, bytes.saturating_sub(TOLD_BY)] {
        file.seek(SeekFrom::Start(from))?;
        let mut part = Vec::new();
        file.by_ref().take(TOLD_BY).read_to_end(&mut part)?;
        digest.update(&part);
    }
    file.rewind()?;
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        file
    }

    fn content(source: &mut Source) -> String {
        let mut text = String::new();
        source.reader.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn packed_and_unpacked_files_read_alike() {
        let text = "start,value\n".to_owned() + &"2012-10-12 00:30:00,0.1\n".repeat(2000);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        let packed =
            [gzip.finish().unwrap(), zstd::encode_all(text.as_bytes(), 1).unwrap(), text.clone().into()];
        for bytes in &packed {
            let file = file(bytes);
            let mut source = Source::open(file.path()).unwrap();
            assert_eq!(source.format(None, Content::Readings).unwrap(), Format::StartValue);
            assert_eq!(content(&mut source), text);
            assert_eq!(source.read.load(Ordering::Relaxed), source.bytes);
        }
    }

    #[test]
    fn a_short_file_that_is_cut_off_gives_what_it_has() {
        let text = "start,value\n".to_owned() + &"2012-10-12 00:30:00,0.1\n".repeat(20);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        gzip.write_all(text.as_bytes()).unwrap();
        let whole = gzip.finish().unwrap();
        let file = file(&whole[..200]);
        let mut source = Source::open(file.path()).unwrap();
        assert_eq!(source.format(None, Content::Readings).unwrap(), Format::StartValue);
        let mut read = Vec::new();
        let error = source.reader.read_to_end(&mut read).unwrap_err();
        assert!(text.as_bytes().starts_with(&read) && read.len() > 100, "{} bytes, {error}", read.len());
    }

    #[test]
    fn a_file_is_known_by_its_content_and_the_way_it_is_read() {
        let (a, b) = (file(b"start,value\n1"), file(b"start,value\n2"));
        let identity = |file: &tempfile::NamedTempFile, way| Source::open(file.path()).unwrap().identity(way);
        assert_eq!(identity(&a, "x"), identity(&a, "x"));
        assert_ne!(identity(&a, "x"), identity(&b, "x"));
        assert_ne!(identity(&a, "x"), identity(&a, "y"));
    }

    #[test]
    fn a_file_for_another_command_says_which() {
        let source = Source::open(file(b"meter_id,area\nA,E01\n").path()).unwrap();
        let error = source.format(None, Content::Readings).unwrap_err().to_string();
        assert!(error.ends_with("holds meters (meters-csv): wattmap import meters"), "{error}");
        let error = Source::open(Path::new("/nowhere/x.csv")).err().unwrap();
        assert!(format!("{error:#}").contains("/nowhere/x.csv can't be read"));
    }
}
