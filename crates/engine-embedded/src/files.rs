//! Small files that are written whole, and what every file needs: durable names, free space, sizes.
//!
//! A sealed file begins with a line that says what it is, how long its body is and the body's
//! checksum. It is read back by making that line anew from the body: any changed byte shows.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::OpenError;

fn seal(kind: &str, body: &[u8]) -> String {
    format!("wattmap {kind} 1 {} bytes crc32c {:08x}\n", body.len(), crc32c::crc32c(body))
}

/// Writes a file whole: it has its old content or the new one, and the new one once this returns.
pub(crate) fn write_sealed(path: &Path, kind: &str, body: &[u8]) -> io::Result<()> {
    let dir = path.parent().ok_or_else(|| io::Error::other("a file without a directory"))?;
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(dir)?;
    file.write_all(seal(kind, body).as_bytes())?;
    file.write_all(body)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    sync_dir(dir)
}

/// Reads a sealed file. None if there is none.
pub(crate) fn read_sealed(path: &Path, kind: &str) -> Result<Option<Vec<u8>>, OpenError> {
    let mut bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(OpenError::io("read it", path)(e)),
    };
    let line = bytes.iter().position(|&b| b == b'\n').map_or(bytes.len(), |at| at + 1);
    let body = bytes.split_off(line);
    if bytes != seal(kind, &body).as_bytes() {
        return Err(OpenError::corrupt(
            path,
            format!("its checksum does not fit: not the {kind} that was written"),
        ));
    }
    Ok(Some(body))
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Removes a file if it is there.
pub(crate) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Bytes that may still be written to the file system of `dir`.
pub(crate) fn free_bytes(dir: &Path) -> io::Result<u64> {
    let space = rustix::fs::statvfs(dir)?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// Bytes of all files below `dir`. Files that go away meanwhile don't count.
pub(crate) fn bytes_below(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => bytes_below(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
