//! Who lives in a home, and in what: drawn once, from what is usual in London.

use metering::Dwelling;
use metering::reading::{DwellingKind, Heating};

use super::schedule::Habit;
use crate::draws::{Draws, Subject};

/// What a home has that not all homes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Equipment(u8);

impl Equipment {
    /// A car that is charged at night.
    pub const ELECTRIC_CAR: Equipment = Equipment(1);
    /// A shower with its own heater.
    pub const ELECTRIC_SHOWER: Equipment = Equipment(2);
    /// A tumble drier.
    pub const DRIER: Equipment = Equipment(4);
    /// A dishwasher.
    pub const DISHWASHER: Equipment = Equipment(8);
    /// Heaters that are charged at night (only with electric heating).
    pub const STORAGE_HEATERS: Equipment = Equipment(16);

    /// Whether it is there.
    pub const fn has(self, item: Equipment) -> bool {
        self.0 & item.0 != 0
    }

    fn add_if(&mut self, there: bool, item: Equipment) {
        if there {
            self.0 |= item.0;
        }
    }
}

/// What homes of an area have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Neighbourhood {
    /// From 0 at the edge of the city, to 1 in its middle: flats for houses.
    pub(crate) urban: f64,
    /// How much more or less than elsewhere its homes use, all else being equal.
    pub(crate) thrift: f64,
}

/// A home and those who live in it. A few numbers: all that it does is derived from them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Household {
    /// Its number, from 0: with the seed, all that its draws depend on.
    pub number: u32,
    /// The number of its area among the leaves of the geography.
    pub leaf: u32,
    /// House or flat.
    pub kind: DwellingKind,
    /// What heats it.
    pub heating: Heating,
    /// How its people spend their days.
    pub habit: Habit,
    /// What it has.
    pub equipment: Equipment,
    /// Bedrooms; a studio has none.
    pub bedrooms: u8,
    /// People.
    pub occupants: u8,
    /// How much more it uses than what its people need on paper. Set so that boroughs come out right.
    pub(crate) gain: f32,
}

/// The spread of the logarithm of use among homes that are alike on paper.
const APPETITE_SPREAD: f64 = 0.30;

impl Household {
    /// Draws home `number` in an area. Its `gain` is not yet that of its borough.
    pub(crate) fn draw(seed: u64, number: u32, leaf: u32, neighbourhood: Neighbourhood) -> Self {
        let mut draws = Draws::new(seed, Subject::Home, u64::from(number), 0);
        let kind = draw_kind(&mut draws, neighbourhood.urban);
        let bedrooms = draw_bedrooms(&mut draws, kind);
        let occupants = draw_occupants(&mut draws, bedrooms);
        let heating = draw_heating(&mut draws, kind);
        let habit = draws.choose(&Habit::WEIGHTS);
        let equipment = draw_equipment(&mut draws, kind, heating, occupants);
        let appetite = (APPETITE_SPREAD * draws.normal()).exp();
        Household {
            number,
            leaf,
            kind,
            heating,
            habit,
            equipment,
            bedrooms,
            occupants,
            gain: (appetite * neighbourhood.thrift) as f32,
        }
    }

    /// As its registration describes it.
    pub fn dwelling(&self) -> Dwelling {
        Dwelling {
            kind: Some(self.kind),
            bedrooms: Some(self.bedrooms),
            occupants: Some(self.occupants),
            heating: Some(self.heating),
        }
    }
}

/// London has 54 flats, 23 terraced, 15 semi-detached and 6 detached houses in a hundred homes (2021
/// census, rounded); more flats towards the middle.
fn draw_kind(draws: &mut Draws, urban: f64) -> DwellingKind {
    let flats = 0.18 + 0.72 * urban;
    draws.choose(&[
        (DwellingKind::Flat, flats),
        (DwellingKind::Terraced, (1.0 - flats) * 0.49),
        (DwellingKind::SemiDetached, (1.0 - flats) * 0.33),
        (DwellingKind::Detached, (1.0 - flats) * 0.12),
        (DwellingKind::Bungalow, (1.0 - flats) * 0.04),
        (DwellingKind::Other, (1.0 - flats) * 0.02),
    ])
}

fn draw_bedrooms(draws: &mut Draws, kind: DwellingKind) -> u8 {
    draws.choose(match kind {
        DwellingKind::Flat | DwellingKind::Other => &[(0, 5.0), (1, 37.0), (2, 43.0), (3, 13.0), (4, 2.0)],
        DwellingKind::Terraced | DwellingKind::Bungalow => {
            &[(1, 2.0), (2, 27.0), (3, 48.0), (4, 18.0), (5, 5.0)]
        }
        DwellingKind::SemiDetached => &[(1, 0.0), (2, 12.0), (3, 58.0), (4, 23.0), (5, 7.0)],
        DwellingKind::Detached => &[(1, 0.0), (2, 6.0), (3, 32.0), (4, 40.0), (5, 22.0)],
    })
}

fn draw_occupants(draws: &mut Draws, bedrooms: u8) -> u8 {
    draws.choose(match bedrooms {
        0 | 1 => &[(1, 60.0), (2, 34.0), (3, 5.0), (4, 1.0), (5, 0.0), (6, 0.0)],
        2 => &[(1, 29.0), (2, 37.0), (3, 20.0), (4, 11.0), (5, 3.0), (6, 0.0)],
        3 => &[(1, 18.0), (2, 30.0), (3, 20.0), (4, 20.0), (5, 9.0), (6, 3.0)],
        _ => &[(1, 9.0), (2, 26.0), (3, 19.0), (4, 26.0), (5, 13.0), (6, 7.0)],
    })
}

fn draw_heating(draws: &mut Draws, kind: DwellingKind) -> Heating {
    draws.choose(match kind {
        DwellingKind::Flat => &[
            (Heating::Gas, 70.0),
            (Heating::Electric, 17.0),
            (Heating::District, 10.0),
            (Heating::HeatPump, 2.0),
            (Heating::Other, 1.0),
        ],
        _ => &[
            (Heating::Gas, 91.0),
            (Heating::Electric, 4.0),
            (Heating::District, 1.0),
            (Heating::HeatPump, 3.0),
            (Heating::Other, 1.0),
        ],
    })
}

fn draw_equipment(draws: &mut Draws, kind: DwellingKind, heating: Heating, occupants: u8) -> Equipment {
    let mut equipment = Equipment::default();
    let car = match kind {
        DwellingKind::Flat | DwellingKind::Other => 0.02,
        DwellingKind::Terraced => 0.05,
        _ => 0.10,
    };
    equipment.add_if(draws.chance(car), Equipment::ELECTRIC_CAR);
    equipment.add_if(draws.chance(0.35), Equipment::ELECTRIC_SHOWER);
    equipment.add_if(draws.chance(if occupants > 2 { 0.55 } else { 0.3 }), Equipment::DRIER);
    equipment.add_if(draws.chance(if occupants > 2 { 0.6 } else { 0.35 }), Equipment::DISHWASHER);
    equipment.add_if(draws.chance(0.25) && heating == Heating::Electric, Equipment::STORAGE_HEATERS);
    equipment
}
