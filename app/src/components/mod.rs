//! What the server makes pages of. None of it is in the program that browsers load.

#![expect(unreachable_pub, reason = "the component macro makes its parts public")]

mod bar;
mod behind;
mod charts;
mod keep;
mod languages;
mod near_me;
mod own_data;
mod page_frame;
mod panel;
mod pinned;
mod times;

pub(crate) use bar::Bar;
pub(crate) use behind::Behind;
pub(crate) use charts::{Line, Lines, Range, Ranges};
pub(crate) use keep::Keep;
pub(crate) use languages::Languages;
pub(crate) use near_me::NearMe;
pub(crate) use own_data::OwnDataPlace;
pub(crate) use page_frame::{PageFrame, when_there};
pub(crate) use panel::{PanelContent, PanelData, chip};
pub(crate) use pinned::{Pin, Pinned, pins};
pub(crate) use times::Times;
