//! Questions about names.

mod search_places;

pub use search_places::{SearchPlaces, search_places};
