//! Areas side by side.

mod compare_areas;

pub use compare_areas::{CompareAreas, compare_areas};
