//! Charts: SVG drawn from figures, each with its table.

mod day_shape;
mod ranges;
mod week_bars;

pub(crate) use charts::{Line, Lines};
pub(crate) use day_shape::DayShape;
pub(crate) use ranges::{Range, Ranges};
pub(crate) use week_bars::WeekBars;
