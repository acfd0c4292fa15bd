//! A request's body: how it is written, how it is compressed, and how long it may become.

use std::borrow::Cow;
use std::io::{ErrorKind, Read};

use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use metering::door::Format;

use crate::problem::Problem;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// A zstd frame may ask for a window of that many bytes, as a power of two: 8 MiB, what RFC 8878
/// recommends that decoders support. The frame decides the size, so it has to be bounded.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// A body as sent.
#[derive(Debug, Clone)]
pub struct Body {
    /// Its bytes.
    pub bytes: Bytes,
    /// How it is written.
    pub format: Format,
    /// How it is compressed.
    pub coding: Coding,
}

impl Body {
    /// JSON, not compressed.
    pub fn json(text: String) -> Self {
        Body { bytes: text.into(), format: Format::Json, coding: Coding::Identity }
    }

    /// How a body is written and compressed, from a request's headers; 415 for what is not supported.
    pub fn described_by(headers: &HeaderMap) -> Result<(Format, Coding), Problem> {
        let unsupported = |detail: String| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
        let text = |name| {
            headers.get(name).map_or(Cow::Borrowed(""), |value| String::from_utf8_lossy(value.as_bytes()))
        };
        let content_type = text(CONTENT_TYPE);
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let format = match essence.as_str() {
            "application/json" => Format::Json,
            "application/x-ndjson" | "application/ndjson" => Format::Lines,
            _ => {
                return Err(unsupported(format!(
                    "Content-Type is {essence:?}; allowed are application/json and application/x-ndjson"
                )));
            }
        };
        let coding = match text(CONTENT_ENCODING).trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Coding::Identity,
            "gzip" | "x-gzip" => Coding::Gzip,
            "zstd" => Coding::Zstd,
            other => {
                return Err(unsupported(format!("Content-Encoding is {other:?}; allowed are gzip and zstd")));
            }
        };
        Ok((format, coding))
    }

    /// The text, if it is not longer than `limit` bytes.
    pub fn decompressed(&self, limit: usize) -> Result<Cow<'_, [u8]>, Problem> {
        let unpacked = match self.coding {
            Coding::Identity if self.bytes.len() > limit => Err(Unpacked::TooLong),
            Coding::Identity => return Ok(Cow::Borrowed(&self.bytes)),
            Coding::Gzip => bounded(MultiGzDecoder::new(&self.bytes[..]), self.bytes.len(), limit),
            Coding::Zstd => zstd_decoder(&self.bytes)
                .map_err(Unpacked::Broken)
                .and_then(|decoder| bounded(decoder, self.bytes.len(), limit)),
        };
        unpacked.map(Cow::Owned).map_err(|why| match why {
            Unpacked::TooLong => Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("Decompressed, the body is longer than {limit} bytes; send it in several requests"),
            ),
            Unpacked::Broken(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Problem::new(StatusCode::BAD_REQUEST, "The compressed body ends too early: it was cut off")
            }
            Unpacked::Broken(error) => Problem::new(
                StatusCode::BAD_REQUEST,
                format!("The body is not what Content-Encoding says, {}: {error}", self.coding.name()),
            ),
        })
    }
}

impl Coding {
    fn name(self) -> &'static str {
        match self {
            Coding::Identity => "identity",
            Coding::Gzip => "gzip",
            Coding::Zstd => "zstd",
        }
    }
}

enum Unpacked {
    TooLong,
    Broken(std::io::Error),
}

fn zstd_decoder(bytes: &[u8]) -> std::io::Result<zstd::stream::read::Decoder<'static, &[u8]>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(decoder)
}

fn bounded(decoder: impl Read, compressed: usize, limit: usize) -> Result<Vec<u8>, Unpacked> {
    // Readings shrink to about a tenth; a bomb is not worth more room in advance.
    let mut text = Vec::with_capacity((compressed * 10).min(limit));
    decoder.take(limit as u64 + 1).read_to_end(&mut text).map_err(Unpacked::Broken)?;
    if text.len() > limit { Err(Unpacked::TooLong) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack(coding: Coding, bytes: &[u8], limit: usize) -> Result<Vec<u8>, u16> {
        let body = Body { bytes: bytes.to_vec().into(), format: Format::Json, coding };
        body.decompressed(limit).map(Cow::into_owned).map_err(|problem| problem.status)
    }

    #[test]
    fn bodies_are_decompressed_up_to_the_limit() {
        let text = b"wattmap ".repeat(1000);
        let packed = [
            (Coding::Identity, text.clone()),
            (Coding::Gzip, gzip(&text)),
            (Coding::Gzip, [gzip(&text[..10]), gzip(&text[10..])].concat()),
            (Coding::Zstd, zstd::encode_all(&text[..], 3).unwrap()),
        ];
        for (coding, bytes) in packed {
            assert_eq!(unpack(coding, &bytes, 8000), Ok(text.clone()), "{coding:?}");
            assert_eq!(unpack(coding, &bytes, 7999), Err(413), "{coding:?}");
            if coding != Coding::Identity {
                assert_eq!(unpack(coding, &bytes[..bytes.len() - 3], 8000), Err(400), "{coding:?}, cut off");
                assert_eq!(unpack(coding, b"{\"readings\":[]}", 8000), Err(400), "{coding:?}, not packed");
            }
        }
    }

    #[test]
    fn bombs_stay_small() {
        let zeros = vec![0; 64 << 20];
        assert_eq!(unpack(Coding::Gzip, &gzip(&zeros), 1 << 20), Err(413));
        assert_eq!(unpack(Coding::Zstd, &zstd::encode_all(&zeros[..], 3).unwrap(), 1 << 20), Err(413));
    }
}
