//! What pages are made of.

mod bar;
mod charts;
mod legend;
mod map_canvas;
mod measures;
mod notice;
mod page_frame;
mod panel;
mod search_box;
mod theme_switch;
mod tooltip;
mod zoom_buttons;

pub use bar::Bar;
pub use charts::{DayShape, WeekBars};
pub use legend::Legend;
pub use map_canvas::MapCanvas;
pub use measures::Measures;
pub use notice::Notice;
pub use page_frame::PageFrame;
pub use panel::{Panel, PanelData};
pub use search_box::SearchBox;
#[cfg(feature = "hydrate")]
pub use theme_switch::EVENT as THEME_EVENT;
pub use theme_switch::ThemeSwitch;
pub use tooltip::Tooltip;
pub use zoom_buttons::ZoomButtons;
