//! The languages that people are spoken to in. What programs read is in none of them: numbers there have a point, and names are
//! those of the API.

use std::sync::OnceLock;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English, as in Britain.
    #[default]
    English,
    /// Polish.
    Polish,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 2] = [Language::English, Language::Polish];

    /// As a document says which it is in.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en-GB",
            Language::Polish => "pl",
        }
    }

    /// As a cookie or an address says it.
    pub const fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Polish => "pl",
        }
    }

    /// What those who speak it call it.
    pub const fn own_name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::Polish => "Polski",
        }
    }

    /// From a tag: `pl`, `pl-PL`, `en-US`.
    pub fn parse(tag: &str) -> Option<Self> {
        let code = tag.trim().split('-').next().unwrap_or_default();
        Language::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(code))
    }

    /// The one that somebody would rather read, as `Accept-Language` says it: `pl,en-GB;q=0.8`.
    pub fn preferred(accepted: &str) -> Option<Self> {
        let of_part = |part: &str| {
            let (tag, weight) = part.split_once(';').unwrap_or((part, ""));
            let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse().ok());
            Some((Language::parse(tag)?, weight.unwrap_or(1.0)))
        };
        let known = accepted.split(',').filter_map(of_part).filter(|&(_, weight): &(_, f32)| weight > 0.0);
        // Of two that are as welcome, the one that is named first.
        known.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(language, _)| language)
    }
}

/// Who knows in which language somebody is spoken to now.
enum Known {
    /// Nobody need be asked: a program for one page.
    Always(Language),
    /// One that speaks to many at a time.
    By(fn() -> Language),
}

/// Before it is said, everybody is spoken to in English.
static KNOWN: OnceLock<Known> = OnceLock::new();

/// Says who knows, once for a program.
pub fn is_known_by(source: fn() -> Language) {
    // Whoever says it again says the same.
    let _ = KNOWN.set(Known::By(source));
}

/// Says which it is, once for a program, by the tag that a document has.
pub fn is_always(tag: Option<&str>) {
    let _ = KNOWN.set(Known::Always(tag.and_then(Language::parse).unwrap_or_default()));
}

/// The language in which somebody is spoken to now.
pub fn current() -> Language {
    match KNOWN.get() {
        None => Language::default(),
        Some(Known::Always(language)) => *language,
        Some(Known::By(source)) => source(),
    }
}

/// A text in that language.
pub fn say(english: &'static str, polish: &'static str) -> &'static str {
    match current() {
        Language::English => english,
        Language::Polish => polish,
    }
}

/// The same of two that are made only where they are said.
pub fn either(english: impl FnOnce() -> String, polish: impl FnOnce() -> String) -> String {
    match current() {
        Language::English => english(),
        Language::Polish => polish(),
    }
}

/// Texts that are said as they are: a function for each, that gives it in the language of the moment.
#[macro_export]
macro_rules! texts {
    ($($(#[$about:meta])* $access:vis $name:ident: $english:expr, $polish:expr;)*) => {
        $($(#[$about])* $access fn $name() -> &'static str {
            $crate::language::say($english, $polish)
        })*
    };
}

/// The form of a Polish noun that goes with a number: *1 dom, 2 domy, 5 domów*.
pub fn polish_form<T>(number: u64, [one, few, many]: [T; 3]) -> T {
    match (number, number % 10, number % 100) {
        (1, ..) => one,
        (_, 2..=4, hundred) if !(12..=14).contains(&hundred) => few,
        _ => many,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_accepts_several_gets_what_they_would_rather_read() {
        for (accepted, expected) in [
            ("pl", Some(Language::Polish)),
            ("pl-PL,pl;q=0.9,en-US;q=0.8,en;q=0.7", Some(Language::Polish)),
            ("en-GB,en;q=0.9,pl;q=0.8", Some(Language::English)),
            ("de,pl;q=0.5,en;q=0.7", Some(Language::English)),
            ("de, fr", None),
            ("pl;q=0, en;q=0.1", Some(Language::English)),
            ("", None),
        ] {
            assert_eq!(Language::preferred(accepted), expected, "{accepted}");
        }
        assert_eq!(Language::parse("PL"), Some(Language::Polish));
        assert_eq!(Language::parse("plt"), None);
    }

    #[test]
    fn polish_nouns_follow_their_number() {
        let homes = |number| polish_form(number, ["dom", "domy", "domów"]);
        for (number, expected) in
            [(1, "dom"), (2, "domy"), (5, "domów"), (12, "domów"), (22, "domy"), (21, "domów")]
        {
            assert_eq!(homes(number), expected, "{number}");
        }
    }
}
