//! Exact amounts of energy.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use serde::{Deserialize, Serialize};

/// An amount of energy in whole mWh (thousandths of a watt-hour). Sums are exact. Signed, because
/// the row of one partition may be negative where a correction is decided in another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Energy(i64);

/// Why a text is not an amount of energy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnergyError {
    /// Not a decimal number.
    #[error("is not a decimal number")]
    NotANumber,
    /// More than three decimals of a watt-hour.
    #[error("has more than three decimals")]
    TooFine,
    /// Beyond what an amount can hold.
    #[error("is out of range")]
    OutOfRange,
}

impl Energy {
    /// Nothing.
    pub const ZERO: Energy = Energy(0);

    /// From whole mWh.
    pub const fn from_mwh(mwh: i64) -> Self {
        Energy(mwh)
    }

    /// In whole mWh.
    pub const fn mwh(self) -> i64 {
        self.0
    }

    /// In kWh, rounded to what an `f64` holds: for display and statistics, never for sums.
    pub fn kwh(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Parses a decimal number of watt-hours, exactly: `212.5` is 212,500 mWh. Takes what JSON takes,
    /// exponents included; refuses what has more than three decimals of a watt-hour.
    pub fn parse_wh(text: &str) -> Result<Self, EnergyError> {
        Self::parse_scaled(text, 3)
    }

    /// Parses a decimal number of kilowatt-hours, exactly, to at most six decimals.
    pub fn parse_kwh(text: &str) -> Result<Self, EnergyError> {
        Self::parse_scaled(text, 6)
    }

    /// Parses a decimal number of a unit that is `10^scale` mWh.
    pub fn parse_scaled(text: &str, scale: i32) -> Result<Self, EnergyError> {
        scaled(text, scale).map(Energy)
    }

    /// Splits an hourly amount over its two windows; the odd mWh goes to the first.
    pub const fn halves(self) -> (Energy, Energy) {
        let second = self.0.div_euclid(2);
        (Energy(self.0 - second), Energy(second))
    }
}

/// A decimal number as JSON has it, times `10^scale`, exactly; that has to be a whole number.
pub(crate) fn scaled(text: &str, scale: i32) -> Result<i64, EnergyError> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(EnergyError::NotANumber);
            }
            // An exponent beyond four digits is out of any range that is left here.
            (
                mantissa,
                exponent.parse::<i32>().unwrap_or(if exponent.starts_with('-') { -9999 } else { 9999 }),
            )
        }
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || mantissa.ends_with('.') || !digits().all(|b| b.is_ascii_digit()) {
        return Err(EnergyError::NotANumber);
    }
    let mut value: i64 = 0;
    // How many places the digits have to move to become mWh.
    let mut shift = scale.saturating_add(exponent).saturating_sub(fraction.len() as i32);
    let significant = digits().count() - digits().rev().take_while(|&b| b == b'0').count();
    for digit in digits().take(significant) {
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(i64::from(digit - b'0')))
            .ok_or(EnergyError::OutOfRange)?;
    }
    shift = shift.saturating_add((digits().count() - significant) as i32);
    if value != 0 {
        if shift < 0 {
            return Err(EnergyError::TooFine);
        }
        let factor = 10_i64.checked_pow(shift as u32).ok_or(EnergyError::OutOfRange)?;
        value = value.checked_mul(factor).ok_or(EnergyError::OutOfRange)?;
    }
    Ok(if negative { -value } else { value })
}

/// Watt-hours with up to three decimals, as `energy_wh` is written.
impl fmt::Display for Energy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, thousandths) = (self.0.unsigned_abs() / 1000, self.0.unsigned_abs() % 1000);
        if thousandths == 0 {
            return write!(f, "{sign}{whole}");
        }
        let decimals = format!("{thousandths:03}");
        write!(f, "{sign}{whole}.{}", decimals.trim_end_matches('0'))
    }
}

impl Add for Energy {
    type Output = Energy;
    fn add(self, other: Energy) -> Energy {
        Energy(self.0 + other.0)
    }
}

impl AddAssign for Energy {
    fn add_assign(&mut self, other: Energy) {
        self.0 += other.0;
    }
}

impl Sub for Energy {
    type Output = Energy;
    fn sub(self, other: Energy) -> Energy {
        Energy(self.0 - other.0)
    }
}

impl SubAssign for Energy {
    fn sub_assign(&mut self, other: Energy) {
        self.0 -= other.0;
    }
}

impl Neg for Energy {
    type Output = Energy;
    fn neg(self) -> Energy {
        Energy(-self.0)
    }
}

impl Sum for Energy {
    fn sum<I: Iterator<Item = Energy>>(amounts: I) -> Energy {
        Energy(amounts.map(|amount| amount.0).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimal_watt_hours_become_exact_mwh() {
        let check = |text, expect: Result<i64, EnergyError>| {
            assert_eq!(Energy::parse_wh(text).map(Energy::mwh), expect, "{text}");
        };
        check("212.5", Ok(212_500));
        check("0", Ok(0));
        check("-1.25", Ok(-1250));
        check("2.125e2", Ok(212_500));
        check("2125E-1", Ok(212_500));
        check("0.001", Ok(1));
        check("1.0000", Ok(1000));
        check("0.0e99999999999", Ok(0));
        check("0.0001", Err(EnergyError::TooFine));
        check("1e-4", Err(EnergyError::TooFine));
        check("1e300", Err(EnergyError::OutOfRange));
        check("99999999999999999999", Err(EnergyError::OutOfRange));
        for text in ["", "-", ".", "1.", ".5", "1e", "1e+", "NaN", "+1", "1 ", "0x1", "--1", "1e5.5"] {
            check(text, Err(EnergyError::NotANumber));
        }
        assert_eq!(Energy::parse_kwh("0.212345").map(Energy::mwh), Ok(212_345));
    }

    proptest! {
        #[test]
        fn display_parses_back(mwh in -1_000_000_000_i64..1_000_000_000) {
            let energy = Energy::from_mwh(mwh);
            prop_assert_eq!(Energy::parse_wh(&energy.to_string()), Ok(energy));
        }

        #[test]
        fn halves_add_up(mwh in any::<i32>()) {
            let energy = Energy::from_mwh(i64::from(mwh));
            let (first, second) = energy.halves();
            prop_assert_eq!(first + second, energy);
            prop_assert!((0..=1).contains(&(first - second).mwh()));
        }

        #[test]
        fn never_panics(text in "[-+0-9.eE]{0,24}") {
            let _ = Energy::parse_wh(&text);
        }
    }
}
