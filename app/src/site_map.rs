//! What the map page begins with, and what its program needs of the answers to its questions.

use metering::AreaCode;
use metering::api::{MapAnswer, Measure, Status};
use serde::{Deserialize, Serialize};

use crate::geometry::mercator::Grid;
use crate::times::Days;

/// A level with more areas than this is not drawn into the HTML: it would weigh more than the rest.
pub const AREAS_MAX: usize = 1500;

/// A level of the geography, the coarsest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelInfo {
    /// In URLs.
    pub name: String,
    /// In sentences, for several: `Boroughs`.
    pub plural: String,
    /// How many areas it has.
    pub areas: usize,
}

/// A name on the map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// What is written.
    pub text: String,
    /// Where, in grid units.
    pub x: i32,
    /// Where, in grid units.
    pub y: i32,
}

/// The map's part that the legend needs: everything but the areas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapHead {
    /// What is shown.
    pub measure: Measure,
    /// Of which days, where they were asked for.
    pub days: Option<Days>,
    /// The upper bounds of all classes but the last.
    pub classes: Vec<f64>,
    /// Whether any area has a figure.
    pub any: bool,
    /// The one figure that all areas have that have one: then there are no classes.
    pub same: Option<f64>,
}

impl MapHead {
    /// Of these figures.
    pub fn new(
        measure: Measure,
        days: Option<Days>,
        classes: Vec<f64>,
        values: impl Iterator<Item = f64>,
    ) -> Self {
        let mut values = values.peekable();
        let first = values.peek().copied();
        let same = first.filter(|first| values.all(|value| value == *first));
        MapHead { measure, days, classes, any: first.is_some(), same }
    }
}

impl MapHead {
    /// Of an answer about days that were asked for, or not.
    pub fn of(map: &MapAnswer, days: Option<Days>) -> Self {
        MapHead::new(map.measure, days, map.classes.clone(), map.areas.iter().filter_map(|area| area.value))
    }
}

/// What the map needs to know of the area that is open, whether its outline is there or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenArea {
    /// Its code.
    pub code: String,
    /// Its level, by name.
    pub level: String,
    /// Its outline, as a path in grid units.
    pub outline: String,
    /// The outline of the area that its figures are held against, if there is one, as a path in grid units.
    pub around: Option<String>,
    /// The box around it, in grid units: west, north, east, south.
    pub bounds: [i32; 4],
}

/// What the page's program begins with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The page's path and query.
    pub url: String,
    /// The geography's name.
    pub name: String,
    /// Its levels.
    pub levels: Vec<LevelInfo>,
    /// The grid of all outlines.
    pub grid: Grid,
    /// The coarsest level's names.
    pub labels: Vec<Label>,
    /// The level that the first picture shows.
    pub level: String,
    /// The legend's part of what it shows.
    pub head: Option<MapHead>,
    /// Why there is nothing, in words.
    pub trouble: String,
    /// Seconds since a meter was heard of.
    pub age_s: Option<i64>,
    /// When its newest reading had arrived, local time: `20:45`.
    pub as_of: String,
    /// How many homes there are, in words.
    pub homes: String,
    /// The area that is open.
    pub open: Option<OpenArea>,
    /// The days that figures may be of.
    pub history: Option<Days>,
    /// What costs are in, where prices are known.
    pub currency: Option<String>,
    /// The template of map tiles, where there are any.
    pub tile_url: Option<String>,
}

/// Of [`MapAnswer`], what the page's program needs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SlimMap {
    /// What is shown.
    pub measure: Measure,
    /// Of which days: who has asked says it.
    #[serde(skip)]
    pub days: Option<Days>,
    /// The level, by name.
    pub level: String,
    /// How many real homes there are, in bands.
    #[serde(default)]
    pub real_homes: Option<String>,
    /// How many simulated ones.
    #[serde(default)]
    pub simulated_homes: u64,
    /// The upper bounds of all classes but the last.
    pub classes: Vec<f64>,
    /// Every area of the level.
    pub areas: Vec<SlimArea>,
}

impl SlimMap {
    /// Whether a past is arriving: figures of the same are others than they were. Those of now always are, and the feed
    /// brings them.
    pub fn is_news_after(&self, before: &SlimMap) -> bool {
        if (before.measure, before.days, &before.level) != (self.measure, self.days, &self.level) {
            return false;
        }
        match self.measure {
            Measure::Now => {
                let statuses = |map: &SlimMap| map.areas.iter().map(|area| area.status).collect::<Vec<_>>();
                statuses(self) != statuses(before)
            }
            _ => self != before,
        }
    }
}

/// Of an area of the map or of the feed, what the page's program needs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SlimArea {
    /// Which.
    pub code: AreaCode,
    /// What kind of figure.
    pub status: Status,
    /// The figure; in the feed its name is `mean_w`.
    #[serde(default, alias = "mean_w")]
    pub value: Option<f64>,
}

/// Of `metering::api::LiveFrame`, what the page's program needs: both kinds are news of areas.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SlimFrame {
    /// The level, by name.
    pub level: String,
    /// Seconds since a reading last arrived.
    #[serde(default)]
    pub heard_s: Option<i64>,
    /// The areas.
    pub areas: Vec<SlimArea>,
}

/// What the panel shows of an area: made on the server, put in place by the browser.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PanelPart {
    /// The title of the page.
    pub title: String,
    /// The panel's content.
    pub html: String,
    /// The area that it is of, if there is such an area.
    pub open: Option<OpenArea>,
    /// A fingerprint of its figures but those of now: while it is another each time, a past is arriving.
    pub past: u64,
}

#[cfg(test)]
mod tests {
    use metering::UtcSecond;
    use metering::api::{LiveArea, LiveFrame, MapArea};

    use super::*;

    #[test]
    fn the_program_reads_what_the_server_writes() {
        let code = AreaCode::parse("E01000001").unwrap();
        let map = MapAnswer {
            measure: Measure::Now,
            unit: "W".to_owned(),
            level: "lsoa".to_owned(),
            from: UtcSecond(0),
            to: UtcSecond(1800),
            as_of: UtcSecond(0),
            real_homes: Some("30 to 39".to_owned()),
            simulated_homes: 50,
            classes: vec![1.5],
            areas: vec![MapArea {
                code: code.clone(),
                status: Status::Merged,
                value: Some(2.0),
                shown_for: None,
            }],
        };
        let slim: SlimMap = serde_json::from_str(&serde_json::to_string(&map).unwrap()).unwrap();
        assert_eq!((slim.measure, slim.areas[0].value), (Measure::Now, Some(2.0)));
        assert_eq!((slim.real_homes.as_deref(), slim.simulated_homes), (Some("30 to 39"), 50));
        let area = LiveArea { code, status: Status::Measured, mean_w: Some(3.0), shown_for: None };
        let frame = LiveFrame::Delta {
            seq: 2,
            level: "lsoa".to_owned(),
            at: UtcSecond(0),
            heard_s: Some(4),
            areas: vec![area],
        };
        let slim: SlimFrame = serde_json::from_str(&serde_json::to_string(&frame).unwrap()).unwrap();
        assert_eq!((slim.level.as_str(), slim.heard_s, slim.areas[0].value), ("lsoa", Some(4), Some(3.0)));
    }

    #[test]
    fn news_are_other_figures_of_the_same() {
        let map = |measure, level: &str, status, value| SlimMap {
            days: None,
            measure,
            level: level.to_owned(),
            real_homes: None,
            simulated_homes: 0,
            classes: Vec::new(),
            areas: vec![SlimArea { code: AreaCode::parse("E09000012").unwrap(), status, value }],
        };
        let (none, measured) = ((Status::NoData, None), |value| (Status::Measured, Some(value)));
        let is_news = |measure, (was, before), (is, now)| {
            map(measure, "msoa", is, now).is_news_after(&map(measure, "msoa", was, before))
        };
        for measure in [Measure::Now, Measure::Annual] {
            assert!(is_news(measure, none, measured(3.0)));
            assert!(!is_news(measure, measured(3.0), measured(3.0)));
        }
        assert!(is_news(Measure::Annual, measured(3.0), measured(4.0)));
        assert!(!is_news(Measure::Now, measured(3.0), measured(4.0)), "the feed brings it");
        let (status, value) = measured(3.0);
        let other = map(Measure::Annual, "lsoa", status, value);
        assert!(!other.is_news_after(&map(Measure::Annual, "msoa", none.0, none.1)), "the reader chose it");
    }
}
