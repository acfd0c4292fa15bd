//! Households that use electricity, and the driver that sends what their meters say.
//!
//! The pure half: a [`Population`] is a number of homes in the areas of a geography. Each has a
//! dwelling, people, heating and a habit, and lives its days by them; what it uses over any interval
//! follows from the seed alone, so history, live readings and what is sent again after a restart
//! agree to the mWh.
//!
//! The other half: a [`Simulation`] registers the homes, sends what they use live, and their past behind
//! it, through the same door as everything else, until it is told to end.

mod almanac;
mod draws;
mod driver;
mod faults;
mod home;
mod places;
mod population;
mod shape;

pub use almanac::{Almanac, Day};
pub use driver::{
    Accepted, Backlog, Clock, Cohort, Control, ControlError, HOMES_MAX, ReadingSink, RunState, Simulation,
    SimulatorError, SimulatorProgress, SimulatorState, SinkError, StateKeeper, SystemClock,
};
pub use faults::{Faults, UNKNOWN_METER_PREFIX};
pub use home::{Equipment, Habit, Household};
pub use places::{HOMES_A_GROUP_MIN, HOMES_A_LEAF_MIN};
pub use population::{Diary, METER_PREFIX, Population, PopulationConfig, Reference};

#[cfg(test)]
mod tests;
