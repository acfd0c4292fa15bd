//! The page of wattmap: rendered on the server, taken over in the browser.
//!
//! | module | what |
//! | --- | --- |
//! | [`shell`] | the document around every page |
//! | [`routes`] | a file per page |
//! | [`components`] | what pages are made of |
//! | [`server_fns`] | what the page asks the server, a file per question |
//! | [`words`] | every text that the page shows |
//! | [`error`] | the one error that the page knows |
//! | `services` | the ports that the server fills in (feature `ssr`) |
//! | `serve` | the routes that the server mounts (feature `ssr`) |

#![recursion_limit = "256"]

pub mod assets;
pub mod components;
pub mod error;
pub mod routes;
pub mod server_fns;
#[cfg(feature = "ssr")]
pub mod shell;
pub mod site;

#[cfg(feature = "ssr")]
pub mod serve;
#[cfg(feature = "ssr")]
pub mod services;

pub use routes::App;
