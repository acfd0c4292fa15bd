//! Every file of the tree is read and checked before the tree is opened. The tree itself checks a block
//! only when someone reads it, and trusts its list of tables; a damaged file must not come to light
//! weeks later, or never.
//!
//! `current` names the newest list and has its checksum, the list has every table's.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

use crate::OpenError;

/// A table as the list names it.
struct Listed {
    number: u64,
    checksum: u128,
}

/// Checks all files of a tree that was made before.
pub(crate) fn verify(dir: &Path) -> Result<(), OpenError> {
    let current = dir.join("current");
    let bytes = read(&current)?;
    let (Ok(bytes), true) = (<[u8; 25]>::try_from(&bytes[..]), bytes.last() == Some(&0)) else {
        return Err(OpenError::corrupt(&current, "it is not what names the store's list of tables"));
    };
    let (number, rest) = bytes.split_at(8);
    let number = number.iter().rev().fold(0_u64, |n, &b| n << 8 | u64::from(b));
    let checksum = rest[..16].iter().rev().fold(0_u128, |n, &b| n << 8 | u128::from(b));
    let list = dir.join(format!("v{number}"));
    // Either of the two may be the damaged one.
    check(&list, checksum).map_err(|error| match error {
        OpenError::Corrupt { path, problem } => {
            OpenError::corrupt(path, format!("{problem}, if what {} says of it is right", current.display()))
        }
        other => other,
    })?;
    for table in listed(&list)? {
        check(&dir.join("tables").join(table.number.to_string()), table.checksum)?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, OpenError> {
    match std::fs::read(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            Err(OpenError::corrupt(path, "the file is missing"))
        }
        other => other.map_err(OpenError::io("read it", path)),
    }
}

fn check(path: &Path, checksum: u128) -> Result<(), OpenError> {
    let mut file = match File::open(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(OpenError::corrupt(path, "the file is missing"));
        }
        other => other.map_err(OpenError::io("open it", path))?,
    };
    let mut hasher = Xxh3::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(OpenError::io("read it", path))? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    if hasher.digest128() != checksum {
        return Err(OpenError::corrupt(path, "its checksum does not fit: it is not as it was written"));
    }
    Ok(())
}

/// The tables of a list whose checksum fits: levels of runs of tables.
fn listed(path: &Path) -> Result<Vec<Listed>, OpenError> {
    let unreadable = || OpenError::corrupt(path, "it is not a list of tables that this version reads");
    let reader = sfa::Reader::new(path).map_err(|_| unreadable())?;
    let section = reader.toc().section(b"tables").ok_or_else(unreadable)?;
    let mut bytes = Vec::new();
    section
        .buf_reader(path)
        .and_then(|mut section| section.read_to_end(&mut bytes))
        .map_err(OpenError::io("read it", path))?;
    parse(&bytes).ok_or_else(unreadable)
}

fn parse(mut rest: &[u8]) -> Option<Vec<Listed>> {
    fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
        let (bytes, after) = rest.split_first_chunk::<N>()?;
        *rest = after;
        Some(*bytes)
    }
    let rest = &mut rest;
    let mut tables = Vec::new();
    for _level in 0..u8::from_le_bytes(take(rest)?) {
        for _run in 0..u8::from_le_bytes(take(rest)?) {
            for _table in 0..u32::from_le_bytes(take(rest)?) {
                let number = u64::from_le_bytes(take(rest)?);
                let [kind] = take::<1>(rest)?;
                let checksum = u128::from_le_bytes(take(rest)?);
                let _number_added_to_its_batches = take::<8>(rest)?;
                // 0 is the only kind of checksum there is.
                (kind == 0).then_some(())?;
                tables.push(Listed { number, checksum });
            }
        }
    }
    rest.is_empty().then_some(tables)
}
