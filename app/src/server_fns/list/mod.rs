//! The list of all areas.

mod list_areas;

pub use list_areas::{ListAreas, list_areas};
