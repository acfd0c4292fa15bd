//! What a household would use and pay.

mod estimate_household;

pub use estimate_household::{EstimateHousehold, estimate_household};
