//! What must hold of names and codes before anything is built.

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};
use metering::AreaCode;

use super::Source;
use crate::area::LevelNames;
use crate::error::{GeographyError, Problem, Reason};

/// Levels are named for URLs, each differently.
pub(super) fn levels(levels: &[LevelNames]) -> Result<(), GeographyError> {
    let mut seen = HashSet::new();
    for level in levels {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if level.name.is_empty() || !level.name.chars().all(plain) {
            let text = format!("{:?} is not a name for URLs; allowed are a-z, 0-9 and -", level.name);
            return Err(GeographyError::Levels(text));
        }
        if !seen.insert(&level.name) {
            return Err(GeographyError::Levels(format!("{:?} is given twice", level.name)));
        }
    }
    if levels.is_empty() || levels.len() > 8 {
        return Err(GeographyError::Levels(format!("{} are given; allowed are 1 to 8", levels.len())));
    }
    Ok(())
}

/// Codes must be unique in the whole geography, and every coarser area lies in one place.
pub(super) fn codes(source: &Source) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut levels_of: HashMap<&AreaCode, usize> = HashMap::new();
    let mut around: HashMap<&AreaCode, &AreaCode> = HashMap::new();
    for area in &source.areas {
        for (height, parent) in area.parents.iter().enumerate() {
            levels_of.entry(&parent.code).or_insert(height + 1);
        }
    }
    for area in &source.areas {
        let mut refuse = |reason| {
            problems.push(Problem { feature: area.feature, code: Some(area.code.to_string()), reason });
        };
        if area.parents.len() + 1 != source.levels.len() {
            refuse(Reason::MissingParent { property: "parent".to_owned() });
            continue;
        }
        if let Some(&height) = levels_of.get(&area.code) {
            let what = if height == 0 { "an earlier feature" } else { "an area of a coarser level" };
            refuse(Reason::DuplicateCode(what.to_owned()));
            continue;
        }
        levels_of.insert(&area.code, 0);
        for (height, parent) in area.parents.iter().enumerate() {
            if levels_of.get(&parent.code) != Some(&(height + 1)) {
                refuse(Reason::DuplicateCode(format!("its parent {}, of two levels", parent.code)));
                break;
            }
            let Some(grandparent) = area.parents.get(height + 1) else { break };
            let elsewhere = *around.entry(&parent.code).or_insert(&grandparent.code);
            if elsewhere != &grandparent.code {
                let (here, elsewhere) = (grandparent.code.clone(), elsewhere.clone());
                refuse(Reason::ParentInTwo { parent: parent.code.clone(), here, elsewhere });
                break;
            }
        }
    }
    problems
}
