//! What the page asks the server, a file per question. Reads are GET requests, so that they can be
//! cached. Each one parses, calls a port and hands its answer or its error on.

#![expect(missing_docs, unreachable_pub, reason = "the server macro makes types that cannot carry docs")]

pub mod comparison;
pub mod estimate;
pub mod figures;
pub mod list;
pub mod panel;
pub mod readings;
pub mod search;

/// An area's code from a request.
#[cfg(feature = "ssr")]
fn parse_area(text: &str) -> Result<metering::AreaCode, crate::error::AppError> {
    metering::AreaCode::parse(text)
        .map_err(|error| crate::error::AppError::refused("area", text, error.to_string()))
}
