//! Which names the first picture has room for. It is not known how large the window is: so for each name it is said
//! from which width of the picture on it is shown.

use crate::geometry::mercator::{Grid, Placement};
use crate::geometry::names::Room;
use crate::geometry::outline::Outline;
use crate::site_map::{Label, OpenArea};

/// Widths of the picture of everything at which names are added, pixels. Beside an open area a phone has little of it.
pub(super) const WIDTHS_PX: [f64; 11] =
    [110.0, 160.0, 220.0, 300.0, 380.0, 460.0, 560.0, 700.0, 900.0, 1_200.0, 4_000.0];

/// A letter's width, about.
const LETTER_PX: f64 = 7.2;

/// For each name the step of [`WIDTHS_PX`] from which on it has room; none if it never has.
pub(super) fn steps(labels: &[Label], open: Option<&OpenArea>, grid: &Grid) -> Vec<Option<usize>> {
    let mut steps = vec![None; labels.len()];
    let open = open.and_then(|open| Outline::parse(&open.outline));
    for (step, width) in WIDTHS_PX.iter().enumerate() {
        let placement = Placement { scale: width / grid.w, x: 0.0, y: 0.0 };
        let mut room = Room::beside(open.as_ref(), placement);
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
        let steps = steps(&labels, None, &GRID);
        assert_eq!(steps[0], Some(0));
        assert_eq!(steps[2], Some(0));
        // Half of both names and the gap take 58 pixels; their middles are 56 apart in a picture of 700, and 72 in one of 900.
        assert_eq!(steps[1].map(|step| WIDTHS_PX[step]), Some(900.0));
    }

    #[test]
    fn a_small_open_area_is_not_hidden() {
        let open = OpenArea {
            code: "E02000001".to_owned(),
            level: "msoa".to_owned(),
            outline: "M499 399h2v2h-2z".to_owned(),
            around: None,
            bounds: [499, 399, 501, 401],
        };
        let labels = [label("Camden", 500, 400)];
        assert_eq!(steps(&labels, Some(&open), &GRID), [None]);
    }
}
