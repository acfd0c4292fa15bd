//! Which of the compressed copies a client takes.

use axum::http::HeaderValue;
use axum::http::header::GetAll;

/// An encoding in which the site's files are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
}

/// The smaller copy first: among equally welcome ones it is taken.
const KEPT: [Encoding; 2] = [Encoding::Brotli, Encoding::Gzip];

impl Encoding {
    /// What the file's name ends with.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Encoding::Brotli => ".br",
            Encoding::Gzip => ".gz",
        }
    }

    pub(super) fn header_value(self) -> HeaderValue {
        HeaderValue::from_static(self.token())
    }

    fn token(self) -> &'static str {
        match self {
            Encoding::Brotli => "br",
            Encoding::Gzip => "gzip",
        }
    }

    /// The encodings that a client takes, the most welcome first (RFC 9110, 12.5.3).
    pub(super) fn accepted(headers: GetAll<'_, HeaderValue>) -> Vec<Self> {
        let offers: Vec<(&str, f32)> = headers
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|list| list.split(','))
            .filter_map(offer)
            .collect();
        let weight_of = |token: &str| {
            offers.iter().find(|(name, _)| name.eq_ignore_ascii_case(token)).map(|(_, weight)| *weight)
        };
        let mut accepted: Vec<(Self, f32)> = KEPT
            .into_iter()
            .map(|encoding| (encoding, weight_of(encoding.token()).or_else(|| weight_of("*")).unwrap_or(0.0)))
            .filter(|(_, weight)| *weight > 0.0)
            .collect();
        accepted.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        accepted.into_iter().map(|(encoding, _)| encoding).collect()
    }
}

/// `gzip;q=0.5` is gzip at 0.5; what does not read so is not an offer.
fn offer(text: &str) -> Option<(&str, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let weight = match parts.find_map(|part| part.strip_prefix("q=")) {
        Some(weight) => weight.parse().ok()?,
        None => 1.0,
    };
    Some((name, weight))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, header::ACCEPT_ENCODING};

    use super::*;

    #[test]
    fn the_most_welcome_encoding_comes_first() {
        use Encoding::{Brotli, Gzip};
        for (given, expected) in [
            ("", &[][..]),
            ("gzip, deflate, br, zstd", &[Brotli, Gzip]),
            ("GZIP", &[Gzip]),
            ("br;q=0.5, gzip", &[Gzip, Brotli]),
            ("br;q=0, *", &[Gzip]),
            ("*;q=0.1", &[Brotli, Gzip]),
            ("identity", &[]),
            ("br;q=nonsense", &[]),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(given));
            assert_eq!(Encoding::accepted(headers.get_all(ACCEPT_ENCODING)), expected, "{given:?}");
        }
    }
}
