//! Charts: SVG drawn from figures, each with its table.

mod axis;
mod day_shape;
mod week_bars;

pub use day_shape::DayShape;
pub use week_bars::WeekBars;
