//! The names on the first picture, and which of them have room. It is not known how large the window is: so for each
//! name it is said from which width of the picture on it is shown.

use std::fmt::Write as _;

use super::frame::Frame;
use super::picture::escape;
use crate::geometry::mercator::{Grid, Placement};
use crate::geometry::names::{PLACES_ZOOM, Room};
use crate::geometry::outline::Outline;
use crate::site_map::{Label, OpenArea};

/// Widths of the picture of everything at which names are added, pixels. Beside an open area a phone has little of it.
const WIDTHS_PX: [f64; 11] =
    [110.0, 160.0, 220.0, 300.0, 380.0, 460.0, 560.0, 700.0, 900.0, 1_200.0, 4_000.0];
/// The same for places, times the width at which they take over.
const PLACES_STEPS: [f64; 5] = [1.0, 1.4, 2.0, 2.8, 4.0];

/// A letter's width, about.
const LETTER_PX: f64 = 7.2;

/// Names that are shown together, each from one of some widths of the picture on.
struct Set<'a> {
    /// Begins the names of their classes.
    class: char,
    labels: &'a [Label],
    widths: Vec<f64>,
    steps: Vec<Option<usize>>,
}

/// All names of a picture.
pub(super) struct Names<'a> {
    areas: Set<'a>,
    places: Set<'a>,
    /// The width from which on the areas' give way to the places', pixels.
    places_from: f64,
}

impl<'a> Names<'a> {
    /// The coarsest areas' names, and those of places for a picture that is so large that they can be read.
    pub(super) fn new(areas: &'a [Label], places: &'a [Label], open: Option<&OpenArea>, grid: &Grid) -> Self {
        let outline = open.and_then(|open| Outline::parse(&open.outline));
        let set = |class, labels, widths: Vec<f64>| {
            let steps = steps(labels, &widths, outline.as_ref(), grid);
            Set { class, labels, widths, steps }
        };
        let places_from = grid.w * (PLACES_ZOOM - grid.zoom).exp2();
        let widths = PLACES_STEPS.map(|step| step * places_from).to_vec();
        Names { areas: set('s', areas, WIDTHS_PX.to_vec()), places: set('t', places, widths), places_from }
    }

    /// The rules that show and hide them, and put them in their places.
    pub(super) fn css(&self, frame: &Frame, grid: &Grid) -> String {
        let mut css = self.areas.css(frame, grid) + &self.places.css(frame, grid);
        if !self.places.labels.is_empty() {
            css += &frame.while_wider(self.places_from, "b[id^=s]{display:none}");
        }
        css
    }

    /// The elements.
    pub(super) fn html(&self) -> String {
        self.areas.html() + &self.places.html()
    }
}

impl Set<'_> {
    fn css(&self, frame: &Frame, grid: &Grid) -> String {
        let Set { class, labels, widths, steps } = self;
        let mut css = String::new();
        for (step, width) in widths.iter().enumerate().filter(|(step, _)| steps.contains(&Some(*step))) {
            css += &frame.while_narrower(*width, &format!(".{class}{step}{{display:none}}"));
        }
        for (number, (label, step)) in labels.iter().zip(steps).enumerate() {
            let (left, top) = (f64::from(label.x) / grid.w * 100.0, f64::from(label.y) / grid.h * 100.0);
            if step.is_some() {
                // Writing to a String cannot fail.
                let _ = write!(css, "#{class}-{number}{{left:{left:.2}%;top:{top:.2}%}}");
            }
        }
        css
    }

    fn html(&self) -> String {
        let Set { class, labels, steps, .. } = self;
        let mut html = String::new();
        for (number, (label, step)) in labels.iter().zip(steps).enumerate() {
            if let Some(step) = step {
                let text = escape(&label.text);
                let _ =
                    write!(html, "<b id={class}-{number} class={class}{step} aria-hidden=true>{text}</b>");
            }
        }
        html
    }
}

/// For each name the number of the width from which on it has room; none if it never has.
fn steps(labels: &[Label], widths: &[f64], open: Option<&Outline>, grid: &Grid) -> Vec<Option<usize>> {
    let mut steps = vec![None; labels.len()];
    for (step, width) in widths.iter().enumerate() {
        let placement = Placement { scale: width / grid.w, x: 0.0, y: 0.0 };
        let mut room = Room::beside(open, placement);
        let mut take = |label: &Label| {
            let (x, y) = placement.to_px(label.x.into(), label.y.into());
            room.take(x, y, label.text.chars().count() as f64 * LETTER_PX)
        };
        // Who was there before stays, so that a larger picture has no fewer names.
        let mut later = Vec::new();
        for (label, known) in labels.iter().zip(&mut steps) {
            match known {
                Some(_) => _ = take(label),
                None => later.push((label, known)),
            }
        }
        for (label, known) in later {
            if take(label) {
                *known = Some(step);
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid = Grid { zoom: 15.0, x: 0.0, y: 0.0, w: 1_000.0, h: 800.0 };

    fn label(text: &str, x: i32, y: i32) -> Label {
        Label { text: text.to_owned(), x, y }
    }

    #[test]
    fn names_are_added_as_the_picture_grows() {
        let labels = [label("Camden", 500, 400), label("Islington", 580, 400), label("Bromley", 800, 700)];
        let steps = steps(&labels, &WIDTHS_PX, None, &GRID);
        assert_eq!(steps[0], Some(0));
        assert_eq!(steps[2], Some(0));
        // Half of both names and the gap take 58 pixels; their middles are 56 apart in a picture of 700, and 72 in one of 900.
        assert_eq!(steps[1].map(|step| WIDTHS_PX[step]), Some(900.0));
    }

    #[test]
    fn a_small_open_area_is_not_hidden() {
        let open = Outline::parse("M499 399h2v2h-2z");
        let labels = [label("Camden", 500, 400)];
        assert_eq!(steps(&labels, &WIDTHS_PX, open.as_ref(), &GRID), [None]);
    }
}
