//! Modelled figures: what published statistics say of areas that no meters report from.

use std::collections::BTreeMap;

use geography::Geography;
use geography::reference::{BOROUGH_MEANS_YEAR, borough_means};
use metering::AreaCode;
use metering::statistics::YearStatistics;

/// The kind of document that published statistics are stored as, one a year.
pub const STATISTICS: &str = "statistics";

/// A modelled yearly use of every area, where something was published.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Model {
    /// By area: mean use of a home, kWh a year, and homes.
    annual: Vec<Option<Published>>,
    /// Of which year the figures are, and where they come from, in words.
    pub source: Option<String>,
    /// Whom to name for it, wherever it is shown.
    pub attribution: Option<String>,
}

/// What is published of one area.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Published {
    /// Mean use of a home, kWh a year.
    pub mean_kwh: f64,
    /// Homes that it is the mean of; 0 where it is a larger area's.
    pub meters: u32,
}

impl Model {
    /// From the newest year of imported statistics; without any, from the boroughs' published means,
    /// if the geography has those boroughs.
    pub(super) fn new(geography: &Geography, years: &BTreeMap<u16, YearStatistics>) -> Self {
        if let Some((year, statistics)) = years.last_key_value() {
            let rows = statistics.figures.iter().map(|row| (&row.area, row.meters, row.total_kwh));
            let from = statistics.attribution.as_deref().unwrap_or("published statistics, imported");
            return Model {
                source: Some(format!("published statistics for {year}, imported")),
                attribution: Some(format!("Modelled figures of {year}: {from}")),
                ..Self::from_rows(geography, rows)
            };
        }
        let means = borough_means();
        if means.iter().all(|row| geography.index_of(&row.code).is_none()) {
            return Model { annual: vec![None; geography.areas().len()], ..Model::default() };
        }
        let rows =
            means.iter().map(|row| (&row.code, row.meters, f64::from(row.mean_kwh) * f64::from(row.meters)));
        let statistics = "DESNZ sub-national electricity statistics";
        Model {
            source: Some(format!("the borough's mean of {BOROUGH_MEANS_YEAR}, {statistics}")),
            attribution: Some(format!(
                "Modelled figures: {statistics} {BOROUGH_MEANS_YEAR} (Open Government Licence v3.0)"
            )),
            ..Self::from_rows(geography, rows)
        }
    }

    /// Sums rows up to larger areas, and hands means down to areas that have none of their own.
    fn from_rows<'a>(geography: &Geography, rows: impl Iterator<Item = (&'a AreaCode, u32, f64)>) -> Self {
        let mut sums = vec![(0_u32, 0.0); geography.areas().len()];
        for (code, meters, total_kwh) in rows {
            if let Some(index) = geography.index_of(code) {
                sums[index.0 as usize] = (meters, total_kwh);
            }
        }
        // Larger areas stand before those within them.
        let parent = |area: usize| geography.areas()[area].parent.map(|larger| larger.0 as usize);
        let own: Vec<bool> = sums.iter().map(|&(meters, _)| meters > 0).collect();
        for area in (0..sums.len()).rev() {
            if let Some(larger) = parent(area).filter(|&larger| !own[larger]) {
                sums[larger].0 += sums[area].0;
                sums[larger].1 += sums[area].1;
            }
        }
        let mut annual: Vec<Option<Published>> = Vec::with_capacity(sums.len());
        for (area, &(meters, total_kwh)) in sums.iter().enumerate() {
            annual.push(if meters > 0 {
                Some(Published { mean_kwh: total_kwh / f64::from(meters), meters })
            } else {
                parent(area).and_then(|larger| annual[larger]).map(|p| Published { meters: 0, ..p })
            });
        }
        Model { annual, ..Model::default() }
    }

    /// What is published of an area, or of the nearest larger one.
    pub(super) fn annual(&self, area: usize) -> Option<Published> {
        self.annual.get(area).copied().flatten()
    }
}
