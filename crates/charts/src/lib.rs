//! Charts that are drawn on the server and in the browser alike: SVG, each with its table.

mod axis;
mod lines;

pub use axis::Axis;
pub use lines::{AS_TABLE, Line, Lines, NOT_KNOWN, half_hours, path};
