//! Published statistics as they are stored: one document a year, which modelled figures are made from.

use std::collections::BTreeMap;

use engine::{Document, DocumentStore, StoreError};
use geography::Geography;
use metering::AreaCode;
use metering::statistics::{AreaStatistic, YearStatistics};
use serde::{Deserialize, Serialize};

use crate::figures::STATISTICS;

/// Figures of one year at most: every small area of a large country.
pub const FIGURES_MAX: usize = 500_000;

/// What came of putting a year's figures in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stored {
    /// Areas that the year has figures of now.
    pub areas: usize,
    /// Areas of figures that were refused, because they are not on this map. In the order in which they came.
    pub unknown_areas: Vec<AreaCode>,
}

/// The areas of figures that are not on the map, at whatever level, in the order in which they come.
pub fn unknown_areas(geography: &Geography, statistics: &[AreaStatistic]) -> Vec<AreaCode> {
    let areas = statistics.iter().map(|statistic| &statistic.area);
    areas.filter(|area| geography.index_of(area).is_none()).cloned().collect()
}

/// Characters of an attribution at most: it stands in the map's corner.
pub const ATTRIBUTION_MAX: usize = 200;

/// Puts a year's figures in. They take the place of the former ones of the same areas; figures of other
/// areas of that year stay, and so does whom they are from, unless that is said anew. A dry run changes nothing.
pub async fn put(
    documents: &dyn DocumentStore,
    geography: &Geography,
    year: u16,
    mut statistics: YearStatistics,
    dry_run: bool,
) -> Result<Stored, StoreError> {
    let unknown_areas = unknown_areas(geography, &statistics.figures);
    statistics.figures.retain(|statistic| geography.index_of(&statistic.area).is_some());
    let id = year.to_string();
    let former: YearStatistics = match documents.document(STATISTICS, &id).await? {
        Some(body) => serde_json::from_slice(&body)
            .map_err(|error| StoreError::Corrupt(format!("the statistics of {year} are damaged: {error}")))?,
        None => YearStatistics::default(),
    };
    let mut by_area: BTreeMap<AreaCode, AreaStatistic> =
        former.figures.into_iter().map(|statistic| (statistic.area.clone(), statistic)).collect();
    by_area.extend(statistics.figures.into_iter().map(|statistic| (statistic.area.clone(), statistic)));
    let areas = by_area.len();
    let all = YearStatistics {
        attribution: statistics.attribution.or(former.attribution),
        figures: by_area.into_values().collect(),
    };
    if dry_run {
        return Ok(Stored { areas, unknown_areas });
    }
    let body = serde_json::to_vec(&all).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    documents.put_documents(STATISTICS, vec![Document { id, body }]).await?;
    Ok(Stored { areas, unknown_areas })
}

/// Whom statistics are from, if it is a text that can stand on the map.
pub fn parse_attribution(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if (1..=ATTRIBUTION_MAX).contains(&length) && !text.contains(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "the attribution has {length} characters; allowed are 1 to {ATTRIBUTION_MAX} on one line, such as \"Office of \
         Examples (Open Licence)\""
    ))
}

/// What is wrong with figures that came as JSON, as a sentence: the parser of files has its own.
pub fn problem(year: u16, statistics: &YearStatistics) -> Option<String> {
    let YearStatistics { attribution, figures: statistics } = statistics;
    if !(1900..=2200).contains(&year) {
        return Some(format!("{year} is no year of statistics; allowed are 1900 to 2200"));
    }
    if statistics.len() > FIGURES_MAX {
        return Some(format!("{} figures are more than the {FIGURES_MAX} of one request", statistics.len()));
    }
    if let Some(why) = attribution.as_deref().and_then(|text| parse_attribution(text).err()) {
        return Some(why);
    }
    statistics.iter().find_map(|statistic| {
        let AreaStatistic { area, meters, total_kwh, mean_kwh, .. } = statistic;
        let sound = |kwh: f64| kwh.is_finite() && kwh >= 0.0;
        if statistic.year != year {
            Some(format!("{area} is of {}, and the address is that of {year}", statistic.year))
        } else if *meters == 0 || !sound(*total_kwh) || !sound(*mean_kwh) {
            Some(format!("{area} has {meters} meters, {total_kwh} kWh in all and {mean_kwh} kWh on average"))
        } else if (total_kwh / f64::from(*meters) - mean_kwh).abs() > mean_kwh * 0.005 + 0.5 {
            Some(format!("the mean of {area} is {mean_kwh} kWh, and its total divided by its meters is not"))
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statistic(area: &str, meters: u32, mean_kwh: f64) -> AreaStatistic {
        let total_kwh = mean_kwh * f64::from(meters);
        AreaStatistic {
            area: AreaCode::parse(area).unwrap(),
            year: 2019,
            meters,
            total_kwh,
            mean_kwh,
            median_kwh: None,
        }
    }

    #[test]
    fn figures_that_can_be_none_are_named() {
        let of = |figures: &[AreaStatistic]| YearStatistics { attribution: None, figures: figures.to_vec() };
        assert_eq!(problem(2019, &of(&[statistic("E01", 2, 3000.0)])), None);
        let check = |year, statistics: YearStatistics, expect: &str| {
            let sentence = problem(year, &statistics).unwrap();
            assert!(sentence.contains(expect), "{sentence}");
        };
        check(1066, of(&[]), "1066");
        check(2018, of(&[statistic("E01", 2, 3000.0)]), "E01 is of 2019");
        check(2019, of(&[statistic("E01", 0, 3000.0)]), "0 meters");
        check(2019, of(&[statistic("E01", 1, f64::INFINITY)]), "inf");
        check(2019, of(&[AreaStatistic { mean_kwh: 5.0, ..statistic("E01", 2, 3000.0) }]), "mean of E01");
        let attributed = |text: &str| YearStatistics { attribution: Some(text.to_owned()), ..of(&[]) };
        assert_eq!(problem(2019, &attributed("Office of Examples")), None);
        check(2019, attributed("two\nlines"), "on one line");
        check(2019, attributed(&"x".repeat(201)), "201 characters");
    }
}
