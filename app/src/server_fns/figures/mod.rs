//! Questions about public figures.

mod get_card;
mod get_consumption;
mod get_map;
mod get_profile;
mod get_status;

pub use get_card::{GetCard, get_card};
pub use get_consumption::{GetConsumption, get_consumption};
pub use get_map::{GetMap, get_map};
pub use get_profile::{GetProfile, get_profile};
pub use get_status::{GetStatus, get_status};
