//! The domain of wattmap: what a meter, a reading, an area and a window are, what may be said about
//! them in public, and how they look on the wire. Pure: no I/O, no clock, no async; builds for the
//! server and for the browser alike.
//!
//! Parse, don't validate: values past the edge of the system are of types that cannot be wrong.
//!
//! | module | what |
//! | --- | --- |
//! | [`id`] | names of meters and areas |
//! | [`energy`] | exact amounts of energy, in mWh |
//! | [`time`] | instants, reading intervals, half-hour windows |
//! | [`reading`] | readings and registrations |
//! | [`position`] | where a record stands in the log |
//! | [`aggregate`] | what is summed up: an aggregate row and its place |
//! | [`dead_letter`] | why an accepted record could not be counted |
//! | [`statistics`] | published statistics of areas |
//! | [`outlook`] | the year after the published ones |
//! | [`estimate`] | what a household uses in a year |
//! | [`tariff`] | what energy costs |
//! | [`stored`] | what the store keeps: versions, hints, flush plans |
//! | [`disclosure`] | what may be said in public |
//! | [`door`] | what a request to the door says, and what is wrong with it |
//! | [`numerals`], [`mod@format`] | numbers, durations and days as people read them |
//! | [`wire`] | protobuf messages of the log |
//! | [`api`] | the shapes of the public HTTP answers and of the live feed |

pub mod aggregate;
pub mod api;
pub mod dead_letter;
pub mod disclosure;
pub mod door;
pub mod energy;
pub mod estimate;
pub mod format;
pub mod id;
pub mod language;
pub mod numerals;
pub mod outlook;
pub mod position;
pub mod reading;
pub mod statistics;
pub mod stored;
pub mod tariff;
pub mod time;
pub mod wire;

pub use aggregate::{AggregateRow, Place};
pub use dead_letter::DeadReason;
pub use energy::Energy;
pub use id::{AreaCode, MeterId};
pub use position::{Generation, Position};
pub use reading::{Dwelling, Reading, Registration};
pub use time::{Interval, UtcSecond, Window};
