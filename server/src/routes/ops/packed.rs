//! Bodies of what operators upload: plain or gzipped, and bounded either way.

use std::io::Read;

use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;

use crate::problem::Problem;

/// A body as it was sent.
pub(super) struct Packed {
    body: Bytes,
    is_gzip: bool,
}

impl Packed {
    /// Of a request.
    pub(super) fn new(headers: &HeaderMap, body: Bytes) -> Result<Self, Problem> {
        let is_gzip = match headers.get(CONTENT_ENCODING).map(|coding| coding.as_bytes()) {
            None | Some(b"identity") => false,
            Some(b"gzip") => true,
            Some(_) => {
                let detail = "Content-Encoding may be gzip, or left out.";
                return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
            }
        };
        Ok(Packed { body, is_gzip })
    }

    /// What it is, of so many bytes at most.
    pub(super) fn unpacked(&self, most: u64) -> Result<Vec<u8>, Problem> {
        let (mut bytes, body) = (Vec::new(), &self.body[..]);
        let read = match self.is_gzip {
            true => flate2::read::MultiGzDecoder::new(body).take(most + 1).read_to_end(&mut bytes),
            false => body.take(most + 1).read_to_end(&mut bytes),
        };
        read.map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, format!("The body is not gzip: {error}"))
        })?;
        if bytes.len() as u64 > most {
            let detail = format!("The body is longer than {most} bytes, unpacked.");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        Ok(bytes)
    }
}
