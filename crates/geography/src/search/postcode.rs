//! British postcodes: `E8 3AB` is the unit 3AB of the outcode E8, in the sector `E8 3`.

use crate::gazetteer::PostcodeSector;

/// What a query says if it is read as a postcode.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Found<'a> {
    /// The sector that it names.
    pub(super) exact: Option<&'a PostcodeSector>,
    /// A whole postcode of a sector that is not known: its sector's name.
    pub(super) unknown: Option<String>,
    /// Sectors that begin as it does, those of the very outcode first.
    pub(super) beginnings: Vec<&'a PostcodeSector>,
}

/// Reads a query as a postcode, or as the beginning of one.
pub(super) fn find<'a>(sectors: &'a [PostcodeSector], query: &str) -> Found<'a> {
    let spaced = query.trim().to_ascii_uppercase();
    let compact: String = spaced.chars().filter(|c| !c.is_whitespace()).collect();
    let letters = compact.bytes().take_while(u8::is_ascii_uppercase).count();
    let shaped = (1..=2).contains(&letters)
        && (2..=7).contains(&compact.len())
        && compact.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && compact.as_bytes().get(letters).is_some_and(u8::is_ascii_digit);
    if sectors.is_empty() || !shaped {
        return Found::default();
    }
    if let Some(name) = sector_of_unit(&spaced, &compact) {
        let exact = sectors.iter().find(|sector| sector.name == name);
        let unknown = if exact.is_none() { Some(name) } else { None };
        return Found { exact, unknown, beginnings: Vec::new() };
    }
    let same = |sector: &&PostcodeSector| sector.name == spaced || joined(sector) == compact;
    // "E8" is an outcode, "E83" may be a sector without its space or the beginning of an outcode.
    let exact = sectors.iter().find(same);
    let begins = |sector: &&PostcodeSector| match spaced.split_once(' ') {
        Some((outcode, _)) => sector.name.starts_with(&spaced) && outcode_of(sector) == outcode,
        None => joined(sector).starts_with(&compact),
    };
    let mut beginnings: Vec<&PostcodeSector> = sectors.iter().filter(begins).collect();
    beginnings.retain(|sector| Some(*sector) != exact);
    beginnings.sort_by_key(|sector| outcode_of(sector) != compact);
    Found { exact, unknown: None, beginnings }
}

/// The sector of a whole postcode (its last letter may be missing): `E8 3` of `E8 3AB` and of `E83A`.
fn sector_of_unit(spaced: &str, compact: &str) -> Option<String> {
    let unit = compact.bytes().rev().take_while(u8::is_ascii_uppercase).count();
    let end = compact.len().checked_sub(unit)?;
    let (outcode, digit) = compact.get(..end)?.split_at_checked(end.checked_sub(1)?)?;
    let ends_outcode = outcode.bytes().last().is_some_and(|byte| byte.is_ascii_digit())
        || (outcode.len() > 2 && outcode.bytes().last().is_some_and(|byte| byte.is_ascii_uppercase()));
    // "SW1A" is an outcode with a letter, not sector 1 of SW: one letter counts only after a space.
    let says_so = unit == 2 || (unit == 1 && spaced.contains(' '));
    (says_so && ends_outcode && digit.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| format!("{outcode} {digit}"))
}

fn joined(sector: &PostcodeSector) -> String {
    sector.name.replace(' ', "")
}

fn outcode_of(sector: &PostcodeSector) -> &str {
    sector.name.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postcodes() {
        let names = ["E8 1", "E8 3", "E81 1", "EC1A 1", "SW1A 1", "SW1A 2"];
        let sectors: Vec<PostcodeSector> =
            names.map(|name| PostcodeSector { name: name.to_owned(), lat: 51.5, lon: 0.0 }).to_vec();
        let check = |query: &str, exact: Option<&str>, unknown: Option<&str>, beginnings: &[&str]| {
            let found = find(&sectors, query);
            assert_eq!(found.exact.map(|sector| sector.name.as_str()), exact, "{query}");
            assert_eq!(found.unknown.as_deref(), unknown, "{query}");
            let names: Vec<&str> = found.beginnings.iter().map(|sector| sector.name.as_str()).collect();
            assert_eq!(names, beginnings, "{query}");
        };
        check("E8 3AB", Some("E8 3"), None, &[]);
        check("e83ab", Some("E8 3"), None, &[]);
        check("E8 3A", Some("E8 3"), None, &[]);
        check("E8 3", Some("E8 3"), None, &[]);
        check("e8", None, None, &["E8 1", "E8 3", "E81 1"]);
        check("E81", Some("E8 1"), None, &["E81 1"]);
        check("SW1A", None, None, &["SW1A 1", "SW1A 2"]);
        check("sw1a 2aa", Some("SW1A 2"), None, &[]);
        check("SW1A2AA", Some("SW1A 2"), None, &[]);
        check("M1 1AE", None, Some("M1 1"), &[]);
        check("Hackney", None, None, &[]);
        check("E", None, None, &[]);
        check("12", None, None, &[]);
        check("é8 3ab", None, None, &[]);
    }
}
