//! Public figures: exact data in, what disclosure control lets through out.
//!
//! | file | what |
//! | --- | --- |
//! | `calendar` | local days and half-hours |
//! | `holidays` | days that count as Sundays |
//! | `summary` | what was released of each area on a day |
//! | `days` | the read model: those days |
//! | `reread` | what is kept of the store, and when it is read again |
//! | `changed` | which of those readings have changed since |
//! | `ledgers` | what of that has been released, kept for all nodes |
//! | `told` | who changed days gone by |
//! | `weights` | how much of a day is one home's |
//! | `recent` | the newest windows, followed from the live feed |
//! | `period` | figures over days |
//! | `releases` | the last of them that were made |
//! | `ever_heard` | how many homes each area was ever heard from, and when last |
//! | `nested` | from the finest areas to all |
//! | `standing` | what stands while the store is away |
//! | `model` | what published statistics say |
//! | `series` | consumption over time, and the typical day |
//! | `stretches` | the days and months that series are made of |
//! | `typical` | typical days of a month |
//! | `when` | `from` and `to` |
//! | `service` | the state behind all of them |
//! | `following` | how it stays up to date |
//! | `answers` | the port that the page and the public API ask |

pub mod calendar;

mod answers;
mod changed;
mod comparing;
mod costs;
mod days;
mod estimating;
mod ever_heard;
mod following;
mod holidays;
mod households;
mod ledgers;
mod model;
mod nested;
mod period;
mod recent;
mod releases;
mod reread;
mod series;
mod service;
mod spread;
mod standing;
mod stretches;
mod summary;
mod told;
mod typical;
mod weights;
mod when;

pub use days::Stored;
pub(crate) use holidays::BRITISH_ZONE;
pub use holidays::Holidays;
pub use ledgers::{KeptLook, ReleasedDay};
pub use model::STATISTICS;
pub use service::{FiguresService, Sources};
