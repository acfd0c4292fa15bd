//! What an operator sets, and what an operator sees.

use metering::time::WINDOW_S;
use metering::{Interval, UtcSecond};
use serde::{Deserialize, Serialize};

use crate::faults::Faults;

/// Whether homes send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// They do.
    #[default]
    Running,
    /// They don't, but what they use meanwhile is sent when they run again.
    Paused,
    /// They don't, and what they use meanwhile is never sent: the meters are off.
    Stopped,
}

/// What an operator sets. Changes take effect while it runs: the state at once, the rest with the next
/// round of readings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Control {
    /// Whether homes send.
    pub state: RunState,
    /// How many homes.
    pub homes: u32,
    /// Seconds that a live reading covers: a divisor of 1800 from 10 up. Not an hour: whatever the interval,
    /// readings then meet at every half-hour.
    pub interval_s: u16,
    /// What goes wrong.
    pub faults: Faults,
    /// Readings of history a second at most; without it as many as are taken.
    pub history_per_s_max: Option<u32>,
}

/// The most homes that are simulated: what a computer with 4 GB can hold with room to spare.
pub const HOMES_MAX: u32 = 2_000_000;

/// Why a control can't be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ControlError {
    /// Too many homes.
    #[error("homes is {0}; allowed are 0 to {HOMES_MAX}")]
    Homes(u32),
    /// Not an interval that readings can have.
    #[error("interval_s is {0}; allowed are the divisors of 1800 from 10 up")]
    Interval(u16),
    /// Not a share.
    #[error("faults.{field} is {value}; allowed is a share from 0 to 1")]
    Share {
        /// Which one.
        field: &'static str,
        /// What it is.
        value: f64,
    },
    /// Nothing would ever be sent.
    #[error("history_per_s_max is 0; allowed is 1 or more, or none for no limit")]
    Pace,
}

impl Default for Control {
    fn default() -> Self {
        Control {
            state: RunState::Running,
            homes: 50_000,
            interval_s: 300,
            faults: Faults::default(),
            history_per_s_max: None,
        }
    }
}

impl Control {
    /// Checks what an operator asks for.
    pub fn check(&self) -> Result<(), ControlError> {
        if self.homes > HOMES_MAX {
            return Err(ControlError::Homes(self.homes));
        }
        if !is_interval(self.interval_s) {
            return Err(ControlError::Interval(self.interval_s));
        }
        if self.history_per_s_max == Some(0) {
            return Err(ControlError::Pace);
        }
        match self.faults.shares().into_iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            Some((field, value)) => Err(ControlError::Share { field, value }),
            None => Ok(()),
        }
    }
}

impl Control {
    /// The nearest that can be: the driver does not rest on others having checked.
    pub(crate) fn sound(&self) -> Control {
        let interval_s =
            if is_interval(self.interval_s) { self.interval_s } else { Control::default().interval_s };
        Control { interval_s, homes: self.homes.min(HOMES_MAX), ..self.clone() }
    }
}

fn is_interval(seconds: u16) -> bool {
    i64::from(seconds) <= WINDOW_S && Interval::new(UtcSecond(0), i64::from(seconds)).is_ok()
}

/// How far the simulation is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SimulatorProgress {
    /// Whether homes send.
    pub state: RunState,
    /// Homes that send.
    pub homes: u32,
    /// Seconds that their readings cover now.
    pub interval_s: u16,
    /// Homes that have been registered.
    pub registered: u32,
    /// Live readings that were taken since the start.
    pub live_sent: u64,
    /// Live readings a second, over about the last minute.
    pub live_per_s: f64,
    /// How late the last live readings were, seconds.
    pub live_late_s: i64,
    /// Readings of history that were taken since the start.
    pub history_sent: u64,
    /// Readings of history that are still to be sent.
    pub history_left: u64,
    /// Readings that were refused for good.
    pub rejected: u64,
    /// Times that a batch had to be sent again.
    pub retries: u64,
    /// The last reason for that.
    pub last_error: Option<String>,
}
