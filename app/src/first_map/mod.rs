//! The map before any script: an SVG in the first HTML, which the browser then takes over.

mod drawn;
mod frame;
mod names;
mod picture;
mod server;

pub use drawn::DrawnAreas;
pub(crate) use server::{FirstMap, first_level, first_map, local_time, open_area};
