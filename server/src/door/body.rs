//! A request's body: how it is written, how it is compressed, and how long it may become.

use std::borrow::Cow;
use std::io::{ErrorKind, Read};

use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use flate2::bufread::GzDecoder;
use metering::door::{Format, place_behind};

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
        let (text, unpacked) = self.unpacked(limit);
        match unpacked {
            Ok(()) => Ok(text),
            Err(why) => Err(self.problem(&text, &why, limit)),
        }
    }

    /// That no more than this came of a body: says how far what came can be read.
    pub fn broke_off(&self, limit: usize, why: &str) -> Problem {
        let (text, _) = self.unpacked(limit);
        let detail = format!("the body did not arrive whole, only {} bytes of it: {why}", self.bytes.len());
        Problem::at(place_behind(&text), &detail)
    }

    /// The text, and whether that is all of it.
    fn unpacked(&self, limit: usize) -> (Cow<'_, [u8]>, Result<(), Unpacked>) {
        // Readings shrink to about a tenth; a bomb is not worth more room in advance.
        let room = || Vec::with_capacity((self.bytes.len() * 10).min(limit));
        match self.coding {
            Coding::Identity => {
                let fits = self.bytes.len() <= limit;
                (Cow::Borrowed(&self.bytes), if fits { Ok(()) } else { Err(Unpacked::TooLong) })
            }
            Coding::Gzip => {
                let mut text = room();
                let all = gunzip(&self.bytes, limit, &mut text);
                (Cow::Owned(text), all)
            }
            Coding::Zstd => {
                let mut text = room();
                let all = zstd_decoder(&self.bytes)
                    .map_err(Unpacked::Broken)
                    .and_then(|mut decoder| read_on(&mut decoder, limit, &mut text));
                (Cow::Owned(text), all)
            }
        }
    }

    /// What is wrong with a packed body of which only `text` could be had.
    fn problem(&self, text: &[u8], why: &Unpacked, limit: usize) -> Problem {
        let coding = self.coding.name();
        let why = match why {
            Unpacked::TooLong => {
                return Problem::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    format!(
                        "Decompressed, the body is longer than {limit} bytes; send it in several requests"
                    ),
                );
            }
            Unpacked::Trailing(count) => format!("is followed by {count} bytes that are no {coding}"),
            Unpacked::Broken(error) if error.kind() == ErrorKind::UnexpectedEof => "is cut off".to_owned(),
            Unpacked::Broken(error) if self.coding == Coding::Zstd && asks_for_memory(error) => {
                format!("asks for a window of more than {} MiB ({error})", (1 << ZSTD_WINDOW_LOG_MAX) >> 20)
            }
            Unpacked::Broken(error) => format!("is none, or damaged: {error}"),
        };
        let detail = format!("the {coding} body {why}; {} bytes could be unpacked up to there", text.len());
        Problem::at(place_behind(text), &detail)
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

/// Why there is no more of a text.
enum Unpacked {
    TooLong,
    /// So many bytes follow that are something else.
    Trailing(usize),
    Broken(std::io::Error),
}

/// What a member of a gzip file begins with.
const GZIP_MAGIC: &[u8] = b"\x1f\x8b";

/// Unpacks one member after the other, as RFC 1952 has them.
fn gunzip(bytes: &[u8], limit: usize, text: &mut Vec<u8>) -> Result<(), Unpacked> {
    let mut packed = bytes;
    while !packed.is_empty() {
        if packed.len() < bytes.len() && !packed.starts_with(GZIP_MAGIC) {
            return Err(Unpacked::Trailing(packed.len()));
        }
        if !packed.starts_with(GZIP_MAGIC) && !GZIP_MAGIC.starts_with(packed) {
            return Err(Unpacked::Broken(std::io::Error::other("it does not begin as gzip does")));
        }
        let mut decoder = GzDecoder::new(packed);
        read_on(&mut decoder, limit, text)?;
        packed = decoder.into_inner();
    }
    Ok(())
}

fn zstd_decoder(bytes: &[u8]) -> std::io::Result<zstd::stream::read::Decoder<'static, &[u8]>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(decoder)
}

/// Whether zstd refused the window that a frame asks for: it says so in words alone.
fn asks_for_memory(error: &std::io::Error) -> bool {
    error.to_string().contains("too much memory")
}

/// Adds what a decoder gives to a text of at most `limit` bytes; what came before a failure stays.
fn read_on(decoder: &mut impl Read, limit: usize, text: &mut Vec<u8>) -> Result<(), Unpacked> {
    let room = limit as u64 + 1 - text.len() as u64;
    decoder.take(room).read_to_end(text).map_err(Unpacked::Broken)?;
    if text.len() > limit { Err(Unpacked::TooLong) } else { Ok(()) }
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
    fn what_is_broken_says_how_far_it_can_be_read() {
        let line = "{\"meter_id\":\"M\"}\n";
        // Nothing that can be compressed: so it is cut off where it is said to be.
        let mut stored = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        stored.write_all(line.repeat(3).as_bytes()).unwrap();
        let stored = stored.finish().unwrap();
        let check = |coding, bytes: &[u8], place: (usize, usize), says: &str| {
            let body = Body { bytes: bytes.to_vec().into(), format: Format::Lines, coding };
            let problem = body.decompressed(1 << 20).unwrap_err();
            assert_eq!(problem.status, 400, "{problem:?}");
            assert!(problem.detail.contains(says), "{says:?} is not in {problem:?}");
            assert_eq!((problem.line, problem.column), (Some(place.0), Some(place.1)), "{problem:?}");
        };
        let behind = |text: &str| place_behind(text.as_bytes());
        // Behind the header of ten bytes and the block's of five.
        check(
            Coding::Gzip,
            &stored[..15 + 25],
            behind(&line.repeat(3)[..25]),
            "the gzip body is cut off; 25 bytes",
        );
        check(Coding::Gzip, &stored[..stored.len() - 1], (4, 1), "is cut off");
        check(Coding::Gzip, b"\x1f", (1, 1), "is cut off");
        for junk in [&b"x"[..], b"and some more that is not packed"] {
            let says = format!("is followed by {} bytes that are no gzip", junk.len());
            check(Coding::Gzip, &[&stored, junk].concat(), (4, 1), &says);
        }
        check(Coding::Gzip, line.as_bytes(), (1, 1), "it does not begin as gzip does");
        let mut damaged = stored.clone();
        let end = damaged.len();
        damaged[end - 8] ^= 1;
        check(Coding::Gzip, &damaged, (4, 1), "damaged");

        let zstd = zstd::encode_all(line.repeat(3).as_bytes(), 3).unwrap();
        check(Coding::Zstd, &zstd[..zstd.len() - 1], (1, 1), "the zstd body is cut off");
        check(Coding::Zstd, &[&zstd[..], b"junk"].concat(), (4, 1), "the zstd body");
        let mut wide = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        wide.window_log(27).unwrap();
        wide.write_all(line.repeat(3).as_bytes()).unwrap();
        check(Coding::Zstd, &wide.finish().unwrap(), (1, 1), "a window of more than 8 MiB");

        let body =
            Body { bytes: stored[..15 + 25].to_vec().into(), format: Format::Lines, coding: Coding::Gzip };
        let problem = body.broke_off(1 << 20, "the client has gone");
        assert_eq!((problem.line, problem.column), (Some(2), Some(9)), "{problem:?}");
        assert!(problem.detail.contains("only 40 bytes of it: the client has gone"), "{problem:?}");
    }

    #[test]
    fn bombs_stay_small() {
        let zeros = vec![0; 64 << 20];
        assert_eq!(unpack(Coding::Gzip, &gzip(&zeros), 1 << 20), Err(413));
        assert_eq!(unpack(Coding::Zstd, &zstd::encode_all(&zeros[..], 3).unwrap(), 1 << 20), Err(413));
    }
}
