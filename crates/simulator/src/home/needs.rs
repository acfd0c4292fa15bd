//! What a home's people and things use, before its gain: the numbers that both the day's plan and the
//! expectation are made of.
//!
//! Powers are those on appliances' plates; how often and how long they run is set by judgement so that
//! a mean London home comes near the published 3,447 kWh a year (the gain does the rest).

use metering::reading::{DwellingKind, Heating};

use super::household::{Equipment, Household};

pub(super) const FRIDGE_W: f64 = 95.0;
/// A fridge runs for so long ...
pub(super) const FRIDGE_ON_S: i32 = 900;
/// ... out of so long.
pub(super) const FRIDGE_CYCLE_S: i32 = 2400;

pub(super) const KETTLE_W: f64 = 2200.0;
pub(super) const LUNCH_W: f64 = 1100.0;
pub(super) const LUNCH_MIN: f64 = 15.0;
/// When there is somebody to have it at home.
pub(super) const LUNCH_CHANCE: f64 = 0.7;
pub(super) const OVEN_W: f64 = 1400.0;
pub(super) const DINNER_CHANCE: f64 = 0.8;
pub(super) const SHOWER_W: f64 = 8500.0;
pub(super) const WASH_HEAT_W: f64 = 2000.0;
pub(super) const WASH_HEAT_MIN: f64 = 18.0;
pub(super) const WASH_DRUM_W: f64 = 250.0;
pub(super) const WASH_DRUM_MIN: f64 = 65.0;
pub(super) const DRIER_W: f64 = 2300.0;
pub(super) const DRIER_MIN: f64 = 55.0;
pub(super) const DISHWASHER_W: f64 = 1900.0;
pub(super) const DISHWASHER_MIN: f64 = 28.0;
/// Vacuum cleaner, iron, hair drier, games: how many uses a day, and how strong.
pub(super) const ODDS: usize = 8;
pub(super) const ODDS_W: f64 = 950.0;
pub(super) const CAR_W: f64 = 7200.0;
pub(super) const CAR_CHANCE: f64 = 0.32;
pub(super) const CAR_MIN: f64 = 150.0;
/// What an empty home is heated with, of what it would be otherwise.
pub(super) const FROST_SHARE: f64 = 0.3;

/// The rest, by home.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs {
    /// Router, alarm, sets on standby, a freezer: always there.
    pub(super) standby_w: f64,
    /// Screens and such, while somebody is up.
    pub(super) awake_w: f64,
    /// Lamps, while somebody is up and it is dark.
    pub(super) light_w: f64,
    pub(super) kettle_min: f64,
    pub(super) dinner_min: f64,
    /// Zero without such a shower.
    pub(super) shower_min: f64,
    /// Probability of a washing day, before the weekday's weight.
    pub(super) laundry: f64,
    pub(super) has_drier: bool,
    /// Probability of a run; zero without one.
    pub(super) dishwasher: f64,
    /// Each use's mean length.
    pub(super) odds_min: f64,
    /// kWh a day for each kelvin below the heating base.
    pub(super) heating_kwh_k: f64,
    /// kWh a day, when somebody is at home.
    pub(super) hot_water_kwh: f64,
    pub(super) has_car: bool,
}

impl Needs {
    pub(super) fn of(home: &Household) -> Self {
        let (people, bedrooms) = (f64::from(home.occupants), f64::from(home.bedrooms));
        let has = |item| home.equipment.has(item);
        // Heat that a home loses, kWh a day and kelvin.
        let loss = (0.7 + 0.12 * bedrooms)
            * match home.kind {
                DwellingKind::Flat | DwellingKind::Other => 1.1,
                DwellingKind::Terraced => 1.7,
                DwellingKind::Bungalow => 1.9,
                DwellingKind::SemiDetached => 2.1,
                DwellingKind::Detached => 2.8,
            };
        let (heating_kwh_k, hot_water_kwh) = match home.heating {
            // Who heats with electricity heats less.
            Heating::Electric => (0.75 * loss, 1.1 + 0.7 * people),
            // Three units of heat from one of electricity.
            Heating::HeatPump => (loss / 3.0, 0.4 + 0.25 * people),
            // The pump, the fan and the boiler's controls.
            Heating::Gas | Heating::District | Heating::Other => (0.025 * loss, 0.0),
        };
        Needs {
            standby_w: 70.0 + 30.0 * bedrooms + 30.0 * people,
            awake_w: 65.0 + 32.0 * people,
            light_w: 32.0 + 16.0 * bedrooms,
            kettle_min: 2.0 + 1.2 * people,
            dinner_min: 22.0 + 5.0 * people,
            shower_min: if has(Equipment::ELECTRIC_SHOWER) { 4.0 * people } else { 0.0 },
            laundry: 0.10 + 0.075 * people,
            has_drier: has(Equipment::DRIER),
            dishwasher: if has(Equipment::DISHWASHER) { 0.2 + 0.1 * people } else { 0.0 },
            odds_min: 14.0 + 5.0 * people,
            heating_kwh_k,
            hot_water_kwh,
            has_car: has(Equipment::ELECTRIC_CAR),
        }
    }
}
