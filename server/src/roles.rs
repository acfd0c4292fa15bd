//! What a process can be: it serves, owns partitions, simulates homes, or all of it. Composed here of ports; which engine
//! stands behind them is known to [`crate::engines`] alone.

pub mod aggregate;
pub mod node;
mod page_door;

/// What one process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// The site, the door and the feed.
    pub serves: bool,
    /// A share of the log's partitions.
    pub aggregates: bool,
    /// Homes that use electricity.
    pub simulates: bool,
}

impl Roles {
    /// `wattmap run`
    pub const ALL: Roles = Roles { serves: true, aggregates: true, simulates: true };
    /// `wattmap serve`
    pub const SERVE: Roles = Roles { serves: true, aggregates: false, simulates: false };
    /// `wattmap aggregate`
    pub const AGGREGATE: Roles = Roles { serves: false, aggregates: true, simulates: false };
    /// `wattmap simulate`
    pub const SIMULATE: Roles = Roles { serves: false, aggregates: false, simulates: true };
}
