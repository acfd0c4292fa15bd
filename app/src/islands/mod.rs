//! The parts of the page that have a life in the browser. Everything else is the server's HTML, and is
//! not part of the page's program: that is what keeps it small.
//!
//! The islands of the map page share [`crate::page::Page`]. The map's sets it up, and is woken first.

#![expect(unreachable_pub, reason = "the component macro makes its parts public")]

mod legend;
mod live_chip;
mod map;
mod measures;
mod notice;
mod panel;
mod search_box;
mod theme_switch;
mod tooltip;
mod zoom_buttons;

pub use legend::Legend;
pub use live_chip::LiveChip;
pub use map::Map;
pub use measures::Measures;
pub use notice::Notice;
pub use panel::PanelIsland;
pub use search_box::SearchBox;
#[cfg(feature = "hydrate")]
pub(crate) use theme_switch::EVENT as THEME_EVENT;
pub use theme_switch::ThemeSwitch;
