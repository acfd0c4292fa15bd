//! One home: who lives there, how they live, and what that uses.

mod expectation;
mod household;
mod needs;
mod plan;
mod presence;
mod schedule;

pub(crate) use expectation::Expectations;
pub(crate) use household::Neighbourhood;
pub use household::{Equipment, Household};
pub(crate) use plan::DayPlan;
pub use schedule::Habit;
