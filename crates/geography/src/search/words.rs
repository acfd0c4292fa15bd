//! Words as they are compared: without case, accents, apostrophes and leading zeros; alike up to a
//! typing mistake or two.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Splits a text into words to compare.
pub(super) fn split(text: &str) -> Vec<String> {
    let plain: String = text
        .nfd()
        .filter(|&c| !is_combining_mark(c) && c != '\'' && c != '’')
        .flat_map(char::to_lowercase)
        .collect();
    // "Hammersmith & Fulham" is Hammersmith and Fulham.
    let words = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty() && *word != "and");
    words.map(canonical).collect()
}

/// "012" is written for "12", and "Saint" for "St".
fn canonical(word: &str) -> String {
    let short = word.trim_start_matches('0');
    match word {
        "saint" => "st".to_owned(),
        _ if word.starts_with('0') && !short.is_empty() => short.to_owned(),
        _ => word.to_owned(),
    }
}

/// How alike an asked word is to a known one; the least is the most alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// The same.
    Same,
    /// The known word begins with the asked one.
    Beginning,
    /// The known word, or its beginning, is the asked one but for so many mistakes.
    Mistyped(u8),
}

impl Likeness {
    pub(super) fn mistakes(self) -> u8 {
        if let Self::Mistyped(mistakes) = self { mistakes } else { 0 }
    }
}

/// Mistakes that a word of this many letters may have.
fn mistakes_max(letters: usize) -> usize {
    match letters {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// How alike they are, if they are.
pub(super) fn likeness(asked: &str, known: &str) -> Option<Likeness> {
    if asked == known {
        return Some(Likeness::Same);
    }
    // "1" does not begin "12": numbers are whole.
    let is_number = asked.bytes().all(|byte| byte.is_ascii_digit());
    let number_goes_on = |rest: &str| rest.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    if let Some(rest) = known.strip_prefix(asked) {
        return (!is_number || !number_goes_on(rest)).then_some(Likeness::Beginning);
    }
    if asked.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (asked, known): (Vec<char>, Vec<char>) = (asked.chars().collect(), known.chars().collect());
    let most = mistakes_max(asked.len());
    if most == 0 || known.len() + most < asked.len() {
        return None;
    }
    let mistakes = mistakes_to_a_beginning(&asked, &known[..known.len().min(asked.len() + most)]);
    (mistakes <= most).then_some(Likeness::Mistyped(mistakes as u8))
}

/// The fewest letters to change, add, drop or swap with the next one, to make `asked` the beginning of
/// `known` (optimal string alignment, the least of the last row).
fn mistakes_to_a_beginning(asked: &[char], known: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=known.len()).collect();
    for (place, &letter) in asked.iter().enumerate() {
        let mut next = vec![place + 1; known.len() + 1];
        for (at, &other) in known.iter().enumerate() {
            let change = row[at] + usize::from(letter != other);
            next[at + 1] = change.min(row[at + 1] + 1).min(next[at] + 1);
            if place > 0 && at > 0 && letter == known[at - 1] && asked[place - 1] == other {
                next[at + 1] = next[at + 1].min(before[at - 1] + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row.into_iter().min().unwrap_or(asked.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_made_comparable() {
        let check = |text: &str, expect: &[&str]| assert_eq!(split(text), expect, "{text}");
        check("Hackney 012", &["hackney", "12"]);
        check("  King's Cross ", &["kings", "cross"]);
        check("Zürich-Süd", &["zurich", "sud"]);
        check("St. Helier", &["st", "helier"]);
        check("Saint Helier", &["st", "helier"]);
        check("000", &["000"]);
        check("Hammersmith & Fulham", &["hammersmith", "fulham"]);
        check("Hammersmith and Fulham", &["hammersmith", "fulham"]);
        check("·,", &[]);
    }

    #[test]
    fn likenesses() {
        let check = |asked: &str, known: &str, expect: Option<Likeness>| {
            assert_eq!(likeness(asked, known), expect, "{asked} {known}");
        };
        check("hackney", "hackney", Some(Likeness::Same));
        check("hack", "hackney", Some(Likeness::Beginning));
        check("hakcney", "hackney", Some(Likeness::Mistyped(1)));
        check("hackeny", "hackney", Some(Likeness::Mistyped(1)));
        check("hakn", "hackney", Some(Likeness::Mistyped(1)));
        check("westmister", "westminster", Some(Likeness::Mistyped(1)));
        check("wesminstre", "westminster", Some(Likeness::Mistyped(2)));
        check("bow", "row", None);
        check("1", "12", None);
        check("12", "12c", Some(Likeness::Beginning));
        check("camden", "hackney", None);
    }
}
