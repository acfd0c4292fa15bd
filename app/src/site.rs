//! What every page knows about the site it belongs to.

use metering::UtcSecond;
use serde::{Deserialize, Serialize};

/// The state of the site, for the live chip, the notes under the map and the page about the method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SiteStatus {
    /// Homes that are simulated; 0 where all are real.
    pub simulated_homes: u64,
    /// Real homes whose meters are registered, as a band in words: `530 to 539`. None where there is none.
    pub real_homes: Option<String>,
    /// Seconds since a reading last arrived; none where none ever did.
    pub heard_s: Option<i64>,
    /// The server's clock.
    pub now: UtcSecond,
    /// Whether `/live` has something to say.
    pub live: bool,
    /// The rules of disclosure control that are in force.
    pub disclosure: DisclosureNumbers,
    /// Who made what the map rests on, a sentence each.
    pub attribution: Vec<String>,
    /// Which public holidays count as Sundays, in words.
    pub holidays: Option<String>,
    /// What costs are in, where a flat price is known.
    pub currency: Option<String>,
    /// A template such as `https://tiles.example/{z}/{x}/{y}.png`, where the operator has set one.
    pub tile_url: Option<String>,
    /// Whom to thank for the tiles.
    pub tile_attribution: Option<String>,
}

/// The numbers that disclosure control works with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisclosureNumbers {
    /// Homes that a figure of a month or longer needs.
    pub homes_period: u32,
    /// Homes that a live figure or one of a single window needs.
    pub homes_live: u32,
}
