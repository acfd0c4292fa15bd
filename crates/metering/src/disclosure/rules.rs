//! The numbers in force.

use serde::{Deserialize, Serialize};

/// The numbers in force. They may be raised by configuration, never lowered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisclosureRules {
    /// Homes that a figure over at least [`Self::PERIOD_DAYS_MIN`] days needs.
    homes_min_period: u32,
    /// Homes that any other figure needs.
    homes_min_window: u32,
}

impl Default for DisclosureRules {
    fn default() -> Self {
        DisclosureRules { homes_min_period: 10, homes_min_window: 30 }
    }
}

/// What was asked for is laxer than the rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {value}; it may be raised above {least}, not lowered")]
pub struct TooLax {
    /// Which number.
    pub name: &'static str,
    /// What was asked for.
    pub value: u32,
    /// What it is at least.
    pub least: u32,
}

impl DisclosureRules {
    /// Days that a period figure covers at least.
    pub const PERIOD_DAYS_MIN: u32 = 7;
    /// Homes that must have changed a figure before it is released again.
    pub const HOMES_CHANGED_MIN: u32 = 10;
    /// What one home may have used of a figure over [`Self::PERIOD_DAYS_MIN`] days or more, %.
    pub const LARGEST_SHARE_MAX_PERCENT: u32 = 15;
    /// Homes that percentiles need at least.
    pub const PERCENTILE_HOMES_MIN: u32 = 20;
    /// Days of a type that they are of, at least: of fewer they would tell of single ones.
    pub const PERCENTILE_DAYS_MIN: usize = 4;
    /// Homes whose mean a percentile is, so that it is nobody's own.
    pub const HOMES_OF_A_PERCENTILE: usize = 10;
    /// Power is rounded to this, W.
    pub const POWER_STEP_W: f64 = 5.0;
    /// A year's use is rounded to this, kWh, and its cost to as many units of the currency.
    pub const ANNUAL_STEP_KWH: f64 = 10.0;
    /// A day's use is rounded to this, kWh.
    pub const DAILY_STEP_KWH: f64 = 0.1;
    /// Homes are told in bands that begin at multiples of this.
    pub const HOMES_BAND: u32 = 10;

    /// The default numbers, raised.
    pub fn raised(homes_min_period: u32, homes_min_window: u32) -> Result<Self, TooLax> {
        let least = Self::default();
        for (name, value, least) in [
            ("homes_min_period", homes_min_period, least.homes_min_period),
            ("homes_min_window", homes_min_window, least.homes_min_window),
        ] {
            if value < least {
                return Err(TooLax { name, value, least });
            }
        }
        Ok(DisclosureRules { homes_min_period, homes_min_window })
    }

    /// Homes that percentiles need.
    pub fn percentile_homes_min(&self) -> usize {
        self.homes_min_period.max(Self::PERCENTILE_HOMES_MIN) as usize
    }

    /// Homes that a figure of this kind needs.
    pub const fn homes_min(&self, kind: FigureKind) -> u32 {
        match kind {
            FigureKind::Period => self.homes_min_period,
            FigureKind::Window => self.homes_min_window,
        }
    }
}

/// How much of time a figure covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FigureKind {
    /// At least [`DisclosureRules::PERIOD_DAYS_MIN`] days.
    Period,
    /// Less: a half-hour, a day.
    #[default]
    Window,
}
