//! What the map page begins with.

mod get_first_map;

pub use get_first_map::{GetFirstMap, get_first_map};
