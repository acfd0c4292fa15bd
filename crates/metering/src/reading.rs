//! Readings and registrations: the two things that a meter's owner sends.

use serde::{Deserialize, Serialize};

use crate::{AreaCode, Energy, Interval, MeterId};

/// Consumption of one meter over an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Whose.
    pub meter: MeterId,
    /// When.
    pub interval: Interval,
    /// How much. Never negative.
    pub energy: Energy,
}

/// Where a meter is and what kind of home it serves. The last one in the log wins.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// Whose.
    pub meter: MeterId,
    /// The area of the finest level that it is counted in.
    pub area: AreaCode,
    /// What kind of home.
    pub dwelling: Dwelling,
}

/// A home as far as its electricity goes. What is unknown is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dwelling {
    /// House or flat.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<DwellingKind>,
    /// Bedrooms; a studio has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bedrooms: Option<u8>,
    /// People who live there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupants: Option<u8>,
    /// What heats it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heating: Option<Heating>,
}

/// Kinds of dwelling, as English statistics name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum DwellingKind {
    /// A flat or maisonette.
    Flat = 1,
    /// A house between two others.
    Terraced = 2,
    /// A house that shares one wall.
    SemiDetached = 3,
    /// A house on its own.
    Detached = 4,
    /// On one floor.
    Bungalow = 5,
    /// Anything else.
    Other = 6,
}

/// What heats a home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Heating {
    /// Mains gas.
    Gas = 1,
    /// Electric heaters, night storage among them.
    Electric = 2,
    /// An electric heat pump.
    HeatPump = 3,
    /// Heat from a network.
    District = 4,
    /// Oil, solid fuel or anything else.
    Other = 5,
}

impl DwellingKind {
    /// All of them.
    pub const ALL: [DwellingKind; 6] =
        [Self::Flat, Self::Terraced, Self::SemiDetached, Self::Detached, Self::Bungalow, Self::Other];
}

impl Heating {
    /// All of them.
    pub const ALL: [Heating; 5] = [Self::Gas, Self::Electric, Self::HeatPump, Self::District, Self::Other];
}
