//! Disclosure control: what of exact figures may be said in public.
//!
//! Smart-meter data of a home is personal data, and a map is a differencing machine: who knows a borough and all its
//! neighbourhoods but one knows that one, too; who knows a figure before and after one home sent its reading knows that
//! reading.
//!
//! | file | what |
//! | --- | --- |
//! | `rules` | the numbers in force |
//! | `nesting` | how areas nest |
//! | `groups` | which homes are spoken of together |
//! | `ledger` | what of a day has been released, and its record |
//! | `dominance` | whether one home is too much of a figure |
//! | `release` | which figures are shown, and of what |
//! | `spread` | how homes differ: percentiles |

mod dominance;
mod groups;
mod ledger;
mod nesting;
mod release;
mod rules;
mod spread;

#[cfg(test)]
mod attack;

pub use dominance::{DayParts, Part, SeesDay};
pub use groups::{Crowd, Group, Groups};
pub use ledger::{AreaNames, BadRecord, ChangedHome, Course, DayLedger, Look, Released, Seen};
pub use nesting::Nesting;
pub use release::{ExactFigure, PublicFigure, Release, SeriesValue, Shown, homes_band, rounded_measure};
pub use rules::{DisclosureRules, FigureKind, TooLax};
pub use spread::{DaySpread, HomeDay, Percentiles, stands_beside};

#[cfg(test)]
mod tests {
    use super::Nesting;

    /// One borough of two MSOAs; the first has three LSOAs, the second two.
    pub(super) fn small() -> Nesting {
        Nesting::new(vec![
            vec![None],
            vec![Some(0), Some(0)],
            vec![Some(1), Some(1), Some(1), Some(2), Some(2)],
        ])
    }
}
