//! The page of wattmap: rendered on the server; its islands come to life in the browser.
//!
//! | module | what |
//! | --- | --- |
//! | `shell` | the document around every page |
//! | `routes` | a file per page |
//! | `comparison`, `listing` | what the pages of several areas are made of |
//! | `household` | the page of a household, and how a URL says it |
//! | `components` | what the server makes pages of |
//! | `language` | in which language a reader is spoken to |
//! | [`islands`] | the parts that have a life in the browser |
//! | `page` | what the islands of the map page share |
//! | `first_map`, `leaflet`, `live` | the map: drawn by the server, taken over by the browser, kept alive |
//! | `server_fns` | what the page asks the server, a file per question |
//! | [`words`] | every text that the page shows |
//! | [`geometry`], [`classes`], [`mod@format`], [`view_state`] | what can be worked out without a browser |
//! | [`error`] | the one error that the page knows |
//! | `services`, `serve` | the ports that the server fills in, and the routes that it mounts |
//!
//! Modules without a link need feature `ssr` or belong to the crate alone. Only what an island uses is in
//! the program that browsers load.

#![recursion_limit = "256"]

mod api;
pub mod assets;
pub mod classes;
pub mod error;
pub use metering::format;
pub mod geometry;
pub mod islands;
mod language;
mod leaflet;
mod live;
mod page;
mod reactive;
pub mod site;
pub mod site_map;
pub mod times;
pub mod view_state;
pub mod words;

#[cfg(feature = "hydrate")]
pub use language::speak_as_the_page;

#[cfg(feature = "ssr")]
mod comparison;
#[cfg(feature = "ssr")]
mod components;
#[cfg(feature = "ssr")]
mod first_map;
#[cfg(feature = "ssr")]
pub mod household;
#[cfg(feature = "ssr")]
mod listing;
#[cfg(feature = "ssr")]
mod policy;
#[cfg(feature = "ssr")]
pub mod routes;
#[cfg(feature = "ssr")]
pub mod serve;
#[cfg(feature = "ssr")]
pub mod server_fns;
#[cfg(feature = "ssr")]
pub mod services;
#[cfg(feature = "ssr")]
pub mod shell;
#[cfg(feature = "ssr")]
mod status;
