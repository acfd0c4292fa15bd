//! Which colour a figure gets. Colours themselves are in the style sheet.

use metering::api::Status;

/// The map has this many classes at most: the style sheet has a colour for each.
pub const CLASSES_MAX: usize = 7;

/// How an area is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fill {
    /// A class's colour.
    Class(u8),
    /// A class's colour, paler: modelled.
    Pale(u8),
    /// Hatched: hidden, because there are too few homes.
    Hidden,
    /// Empty: nothing is known.
    Empty,
}

impl Fill {
    /// Every way to draw an area.
    pub fn all() -> impl Iterator<Item = Fill> {
        let classes = 0..CLASSES_MAX as u8;
        classes.clone().map(Fill::Class).chain(classes.map(Fill::Pale)).chain([Fill::Hidden, Fill::Empty])
    }

    /// For a figure of a map with these upper bounds. A figure on a bound is in the class above it.
    pub fn of(status: Status, value: Option<f64>, bounds: &[f64]) -> Self {
        match (status, value) {
            (Status::Suppressed, _) => Self::Hidden,
            (Status::NoData, _) | (_, None) => Self::Empty,
            (status, Some(value)) => {
                let class = class_of(value, bounds);
                if status == Status::Modelled { Self::Pale(class) } else { Self::Class(class) }
            }
        }
    }

    /// The CSS class: `c3`, `p3`, `h`, `n`.
    pub const fn css(self) -> &'static str {
        const CLASS: [&str; CLASSES_MAX] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6"];
        const PALE: [&str; CLASSES_MAX] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6"];
        match self {
            Self::Class(class) => CLASS[class as usize],
            Self::Pale(class) => PALE[class as usize],
            Self::Hidden => "h",
            Self::Empty => "n",
        }
    }

    /// From the CSS class.
    pub fn from_css(text: &str) -> Option<Self> {
        Self::all().find(|fill| fill.css() == text)
    }
}

/// The class of a figure: how many bounds it reaches.
fn class_of(value: f64, bounds: &[f64]) -> u8 {
    let class = bounds.iter().filter(|bound| value >= **bound).count();
    spread(class, bounds.len() + 1)
}

/// Colours that neighbouring classes are apart at most: two figures that differ by little, and are all there is, must not
/// look like the extremes.
const APART_MAX: usize = 2;

/// Which colour the `class`-th of `classes` gets. Fewer classes than colours are spread around the middle of the scale.
pub fn spread(class: usize, classes: usize) -> u8 {
    let last = CLASSES_MAX - 1;
    let steps = classes.saturating_sub(1);
    let width = (APART_MAX * steps).min(last);
    let colour = (last - width) / 2 + (class * width).checked_div(steps).unwrap_or(0);
    colour.min(last) as u8
}

/// Where a figure stands on a scale of equally wide classes, 0 to 1. Within a class it moves with the
/// figure; the outermost ones, which have no outer bound, count as wide as their neighbours.
pub fn position(value: f64, bounds: &[f64]) -> f64 {
    let (Some(&lowest), Some(&highest)) = (bounds.first(), bounds.last()) else { return 0.5 };
    let class = bounds.iter().filter(|bound| value >= **bound).count();
    let width = |class: usize| match (bounds.get(class), bounds.get(class + 1)) {
        (Some(lower), Some(upper)) => (upper - lower).max(f64::EPSILON),
        _ => lowest.abs().max(1.0) * 0.1,
    };
    let lower = match class {
        0 => lowest - width(0),
        class => bounds.get(class - 1).copied().unwrap_or(highest),
    };
    let upper = match bounds.get(class) {
        Some(upper) => *upper,
        None => highest + width(bounds.len().saturating_sub(2)),
    };
    let within = ((value - lower) / (upper - lower)).clamp(0.06, 0.94);
    (class as f64 + within) / (bounds.len() + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_find_their_class() {
        let bounds = [2900.0, 3100.0, 3350.0, 3500.0, 3700.0, 4000.0];
        let check = |value, expect| {
            assert_eq!(Fill::of(Status::Measured, Some(value), &bounds), Fill::Class(expect), "{value}");
        };
        check(0.0, 0);
        check(2899.9, 0);
        check(2900.0, 1);
        check(3999.0, 5);
        check(9999.0, 6);
        assert_eq!(Fill::of(Status::Modelled, Some(3200.0), &bounds), Fill::Pale(2));
        assert_eq!(Fill::of(Status::Suppressed, None, &bounds), Fill::Hidden);
        assert_eq!(Fill::of(Status::NoData, None, &bounds), Fill::Empty);
        assert_eq!(Fill::of(Status::Measured, None, &bounds), Fill::Empty);
    }

    #[test]
    fn few_classes_are_around_the_middle_of_the_scale() {
        let colours = |classes| (0..classes).map(|class| spread(class, classes)).collect::<Vec<_>>();
        assert_eq!(colours(1), [3]);
        assert_eq!(colours(2), [2, 4]);
        assert_eq!(colours(3), [1, 3, 5]);
        assert_eq!(colours(4), [0, 2, 4, 6]);
        assert_eq!(colours(5), [0, 1, 3, 4, 6]);
        assert_eq!(colours(7), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(spread(11, 12), 6);
    }

    #[test]
    fn figures_stand_where_their_class_is() {
        let bounds = [10.0, 20.0, 40.0];
        let mut before = 0.0;
        for tenth in -500..1500 {
            let value = f64::from(tenth) / 10.0;
            let at = position(value, &bounds);
            assert!(at >= before && at > 0.0 && at < 1.0, "{value}: {at}");
            before = at;
        }
        assert_eq!(position(15.0, &bounds), 0.375);
        assert_eq!(position(30.0, &bounds), 0.625);
        assert_eq!(position(1.0, &[]), 0.5);
    }

    #[test]
    fn css_classes_are_all_different_and_read_back() {
        for fill in Fill::all() {
            assert_eq!(Fill::from_css(fill.css()), Some(fill));
        }
        assert_eq!(Fill::from_css("c7"), None);
    }
}
