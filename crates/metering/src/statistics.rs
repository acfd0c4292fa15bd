//! Published statistics of areas: what modelled figures rest on.

use serde::{Deserialize, Serialize};

use crate::AreaCode;

/// What is published of one area for one year.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AreaStatistic {
    /// The area.
    pub area: AreaCode,
    /// The year.
    pub year: u16,
    /// Domestic meters.
    pub meters: u32,
    /// What they used in the year, kWh.
    pub total_kwh: f64,
    /// The mean of them, kWh.
    pub mean_kwh: f64,
    /// The median of them, kWh, where it is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_kwh: Option<f64>,
}

/// What is published for one year, and by whom: as it is sent, and as it is stored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YearStatistics {
    /// Whom to name wherever the figures are shown, as their terms ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
    /// One an area.
    pub figures: Vec<AreaStatistic>,
}
