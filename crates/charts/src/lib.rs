//! Charts that are drawn on the server and in the browser alike: SVG, each with its table.

mod axis;
mod lines;

pub use axis::Axis;
pub use lines::{Line, Lines, NOT_KNOWN, as_table, half_hours, path};
