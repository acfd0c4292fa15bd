//! A position as one number, for the maps that hold one for every meter and row.

use metering::Position;

/// [`Position::stamp`]: sorts as positions do, in half the space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Stamp(i64);

/// Generations are fewer, so that a stamp in microseconds is never one of the future.
pub(crate) const GENERATIONS_MAX: u32 = 400;

impl Stamp {
    /// Before every record there is.
    pub(crate) const BEFORE_ALL: Stamp = Stamp(0);
}

impl From<Position> for Stamp {
    fn from(at: Position) -> Self {
        Stamp(at.stamp())
    }
}

impl From<Stamp> for Position {
    fn from(stamp: Stamp) -> Self {
        Position::from_stamp(stamp.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back() {
        for at in [
            Position::BEFORE_ALL,
            Position::new(1, 0),
            Position::new(3, -1),
            Position::new(399, (1 << 41) + 5),
        ] {
            assert_eq!(Position::from(Stamp::from(at)), at);
        }
        assert_eq!(Stamp::from(Position::BEFORE_ALL), Stamp::BEFORE_ALL);
    }
}
