//! The areas of the first picture, as they were drawn last: of the same figures they are the same for everybody who looks.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use geography::{AreaIndex, Geography, LevelIndex};
use metering::api::{MapAnswer, MapArea, Measure};

use super::picture::escape;
use crate::classes::Fill;
use crate::words;

/// The areas of each level, by measure.
#[derive(Default)]
pub struct DrawnAreas(Mutex<HashMap<(LevelIndex, Measure), Drawn>>);

struct Drawn {
    figures: Figures,
    html: Arc<str>,
}

/// What areas are drawn of.
#[derive(PartialEq, Clone)]
struct Figures {
    areas: Vec<MapArea>,
    classes: Vec<f64>,
}

impl DrawnAreas {
    /// A level's areas, as HTML. Without figures there are outlines.
    pub(super) fn html(
        &self,
        geography: &Geography,
        level: LevelIndex,
        measure: Measure,
        map: Option<&MapAnswer>,
    ) -> Arc<str> {
        let (areas, classes) = map.map_or((&[][..], &[][..]), |map| (&map.areas[..], &map.classes[..]));
        let key = (level, measure);
        let is_same =
            |drawn: &&Drawn| (&drawn.figures.areas[..], &drawn.figures.classes[..]) == (areas, classes);
        if let Some(same) = self.lock().get(&key).filter(is_same) {
            return same.html.clone();
        }
        let figures = Figures { areas: areas.to_vec(), classes: classes.to_vec() };
        let mut html = String::with_capacity(150_000);
        for (place, index) in geography.level(level).indices().enumerate() {
            // Writing to a String cannot fail.
            let _ = write_area(&mut html, geography, index, &figures, place, measure);
        }
        let html: Arc<str> = html.into();
        self.lock().insert(key, Drawn { figures, html: html.clone() });
        html
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(LevelIndex, Measure), Drawn>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One area: a link to its page that shows its name and figure when pointed at. Out of the tab order,
/// because a thousand stops are none: the list is the keyboard's way to an area.
fn write_area(
    html: &mut String,
    geography: &Geography,
    index: AreaIndex,
    figures: &Figures,
    place: usize,
    measure: Measure,
) -> std::fmt::Result {
    let area = geography.area(index);
    let figure = figures.areas.get(place).filter(|figure| figure.code == area.code);
    let fill = figure.map_or(Fill::Empty, |figure| Fill::of(figure.status, figure.value, &figures.classes));
    // Of some days a link leads to the year.
    let query = match measure {
        Measure::Annual | Measure::Daily => String::new(),
        measure => format!("?measure={}", measure.as_str()),
    };
    write!(html, "<a href=/area/{}{query} tabindex=-1><title>", area.code)?;
    if let Some(near) = &area.near {
        write!(html, "{} · ", escape(near))?;
    }
    html.push_str(&escape(&area.name));
    if let Some(figure) = figure {
        write!(html, " · {}", words::figure_or_reason(measure, figure.status, figure.value))?;
    }
    write!(html, "</title><path class={} d=\"{}\" /></a>", fill.css(), geography.path_in_steps(index))
}

#[cfg(test)]
mod tests {
    use metering::UtcSecond;
    use metering::api::Status;

    use super::*;

    #[test]
    fn areas_are_drawn_again_when_a_figure_changes() {
        let (london, drawn) = (Geography::london(), DrawnAreas::default());
        let level = london.coarsest();
        let map = |value| MapAnswer {
            measure: Measure::Annual,
            unit: "kWh a year".to_owned(),
            level: london.level(level).name().to_owned(),
            from: UtcSecond(0),
            to: UtcSecond(1),
            as_of: UtcSecond(1),
            real_homes: None,
            simulated_homes: 0,
            classes: vec![3000.0],
            areas: london
                .areas_of(level)
                .iter()
                .map(|area| MapArea {
                    code: area.code.clone(),
                    status: Status::Measured,
                    value: Some(value),
                    shown_for: None,
                })
                .collect(),
        };
        let html = |map: Option<&MapAnswer>| drawn.html(&london, level, Measure::Annual, map);
        let first = html(Some(&map(2500.0)));
        assert!(first.contains("2,500"), "{first}");
        assert!(Arc::ptr_eq(&first, &html(Some(&map(2500.0)))));
        assert!(html(Some(&map(3500.0))).contains("3,500"));
        let outlines = html(None);
        assert!(outlines.contains("<path") && !outlines.contains("3,500"));
        assert!(drawn.html(&london, level, Measure::Now, None).contains("?measure=now"));
    }
}
