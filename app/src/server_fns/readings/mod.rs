//! Readings and registrations, by the same door as `POST /api/v1/readings` and `/meters`.

mod register_meters;
mod submit_readings;

pub use register_meters::{RegisterMeters, register_meters};
pub use submit_readings::{SubmitReadings, submit_readings};
