//! The panel's content when an area is opened later.

mod get_panel;

pub use get_panel::{GetPanel, get_panel};
