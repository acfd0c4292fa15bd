//! The page of wattmap: rendered on the server, taken over in the browser.
//!
//! | module | what |
//! | --- | --- |
//! | [`shell`] | the document around every page |
//! | [`routes`] | a file per page |
//! | `components` | what pages are made of |
//! | [`server_fns`] | what the page asks the server, a file per question |
//! | `words` | every text that the page shows |
//! | `geometry`, `classes`, `format`, `view_state` | what can be worked out without a browser |
//! | `first_map`, `leaflet`, `live` | the map: drawn by the server, taken over by the browser, kept alive |
//! | [`error`] | the one error that the page knows |
//! | `services` | the ports that the server fills in (feature `ssr`) |
//! | `serve` | the routes that the server mounts (feature `ssr`) |

#![recursion_limit = "256"]

pub mod assets;
mod classes;
mod components;
pub mod error;
#[cfg(feature = "ssr")]
mod first_map;
mod format;
mod geometry;
mod leaflet;
mod listing;
mod live;
mod page;
pub mod routes;
#[cfg(feature = "ssr")]
pub mod serve;
pub mod server_fns;
#[cfg(feature = "ssr")]
pub mod shell;
pub mod site;
mod site_map;
mod status;
mod view_state;
mod words;

#[cfg(feature = "ssr")]
pub mod services;

pub use routes::App;
