//! What somebody's own meter data comes to: their use of a year, its shape, and what it costs under each tariff.
//!
//! The file is read where it is, in the browser, by the same parsers that import files on the server, and nothing of it is
//! sent: this crate is a program of its own there, which only the pages load that have a place for it, and only when
//! somebody opens that place.
//!
//! | module | what |
//! | --- | --- |
//! | `reading` | from the bytes of a file to what it comes to |
//! | `own_use` | what it comes to: a year of use |
//! | `island` | the place on the page |
//! | `words` | what it says |

/// What own use is kept as in the storage of its tab.
pub const KEPT_AS: &str = "wattmap-own-use";

mod island;
mod own_use;
mod reading;
pub mod words;

#[cfg(feature = "hydrate")]
pub use island::speak_as_the_page;
pub use island::{OwnData, Place, Settings};
pub use own_use::OwnUse;
pub use reading::{FileReader, Unreadable};
