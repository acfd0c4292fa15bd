//! Amounts of energy as files write them, to the mWh.
//!
//! Files hold what a program's floating-point numbers looked like when they were printed:
//! `0.028999999999999998` kWh is 29 Wh, `1.4529999` was a 32-bit 1.453. So, unlike the door, an
//! import does not refuse what is finer than a mWh: it rounds to the nearest mWh (half to even) and
//! says how many values it rounded. Everything that can be exact stays exact: the digits are never
//! put through a floating-point number.

use metering::Energy;

use crate::problem::{Reason, Rule};

/// The unit of a file's amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Watt-hours.
    Wh,
    /// Kilowatt-hours.
    KWh,
    /// Thousandths of watt-hours, as wattmap itself exports them.
    MilliWh,
}

impl Unit {
    /// From an option: `Wh` or `kWh`, in any case, or `mWh` in just this one: `MWh` are others.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "mWh" {
            return Some(Unit::MilliWh);
        }
        match text.to_ascii_lowercase().as_str() {
            "wh" => Some(Unit::Wh),
            "kwh" => Some(Unit::KWh),
            _ => None,
        }
    }

    /// As people write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Unit::Wh => "Wh",
            Unit::KWh => "kWh",
            Unit::MilliWh => "mWh",
        }
    }

    /// It is 10 to this power mWh.
    pub(crate) const fn scale(self) -> i32 {
        match self {
            Unit::Wh => 3,
            Unit::KWh => 6,
            Unit::MilliWh => 0,
        }
    }
}

/// An amount, and whether it is what the text says or the mWh next to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) energy: Energy,
    pub(crate) rounded: bool,
}

/// Parses a decimal number of a unit that is `10^scale` mWh. Takes what spreadsheets and programs
/// write: a sign, digits, at most one point, an exponent. Refuses what is below zero.
pub(crate) fn parse(text: &str, scale: i32) -> Result<Amount, Reason> {
    if is_blank(text) {
        return Err(Reason::new(Rule::NoValue, "is no value"));
    }
    let not_a_number = || Reason::new(Rule::BadEnergy, "is not a decimal number");
    let (negative, unsigned) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent).ok_or_else(not_a_number)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return Err(not_a_number());
    }
    let shift = i64::from(scale) + exponent - fraction.len() as i64;
    let (mwh, rounded) = scaled(whole, fraction, shift)
        .ok_or_else(|| Reason::new(Rule::BadEnergy, "is more than an amount can hold"))?;
    if negative && (mwh > 0 || rounded) {
        return Err(Reason::new(Rule::NegativeEnergy, "is below zero"));
    }
    Ok(Amount { energy: Energy::from_mwh(mwh), rounded })
}

/// Whether a field says that there is no value, in one of the ways that files do.
fn is_blank(text: &str) -> bool {
    text.is_empty() || ["null", "na", "n/a", "nan", "none", "-"].iter().any(|w| text.eq_ignore_ascii_case(w))
}

/// An exponent, clamped to where every other number of this module is out of range anyway.
fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse::<i64>().unwrap_or(i64::MAX).min(99_999);
    Some(if text.starts_with('-') { -size } else { size })
}

/// The digits times `10^shift`, rounded half to even, and whether that changed the amount.
fn scaled(whole: &str, fraction: &str, shift: i64) -> Option<(i64, bool)> {
    let digits = || whole.bytes().chain(fraction.bytes()).map(|b| i64::from(b - b'0'));
    let count = (whole.len() + fraction.len()) as i64;
    // Digits from here on are parts of a mWh.
    let kept = (count + shift.min(0)).max(0) as usize;
    let mut mwh: i64 = 0;
    for digit in digits().take(kept) {
        mwh = mwh.checked_mul(10)?.checked_add(digit)?;
    }
    if shift >= 0 {
        if mwh != 0 {
            mwh = mwh.checked_mul(10_i64.checked_pow(u32::try_from(shift).ok()?)?)?;
        }
        return Some((mwh, false));
    }
    // Where the number is so small that zeros stand before its first digit, nothing reaches a half.
    if count + shift < 0 {
        return Some((0, digits().any(|digit| digit != 0)));
    }
    let mut rest = digits().skip(kept);
    let first = rest.next().unwrap_or(0);
    let more = rest.any(|digit| digit != 0);
    let up = first > 5 || (first == 5 && (more || mwh % 2 == 1));
    Some((mwh.checked_add(i64::from(up))?, first != 0 || more))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts() {
        let check = |text: &str, expect: Result<(i64, bool), Rule>| {
            let got = parse(text, Unit::KWh.scale()).map(|a| (a.energy.mwh(), a.rounded)).map_err(|r| r.code);
            assert_eq!(got, expect, "{text}");
        };
        check("0.143", Ok((143_000, false)));
        check("0.0", Ok((0, false)));
        check("0", Ok((0, false)));
        check("-0.0", Ok((0, false)));
        check(".5", Ok((500_000, false)));
        check("5.", Ok((5_000_000, false)));
        check("+1", Ok((1_000_000, false)));
        check("1e-3", Ok((1_000, false)));
        check("1.5E2", Ok((150_000_000, false)));
        check("0.028999999999999998", Ok((29_000, true)));
        check("0.17099999999999999", Ok((171_000, true)));
        check("1.4529999", Ok((1_453_000, true)));
        check("0.0000005", Ok((0, true)));
        check("0.0000015", Ok((2, true)));
        check("0.0000025", Ok((2, true)));
        check("0.00000250000000000000000000000001", Ok((3, true)));
        check("0.00000004", Ok((0, true)));
        check("1e-99999999999999999999", Ok((0, true)));
        check("0e99999999999999999999", Ok((0, false)));
        check("9223372036854.775807", Ok((i64::MAX, false)));
        check("9223372036854.775808", Err(Rule::BadEnergy));
        check("9223372036854.7758075", Err(Rule::BadEnergy));
        check("1e300", Err(Rule::BadEnergy));
        check("-6.37", Err(Rule::NegativeEnergy));
        check("-0.0000001", Err(Rule::NegativeEnergy));
        for text in ["", "Null", "null", "NA", "NaN", "-"] {
            check(text, Err(Rule::NoValue));
        }
        for text in ["inf", "1,5", "1 000", "0x10", ".", "1.2.3", "--1", "e5", "1e", "1e+", "١"] {
            check(text, Err(Rule::BadEnergy));
        }
    }

    proptest! {
        #[test]
        fn what_the_door_takes_is_the_same_here(text in "[0-9]{1,9}(\\.[0-9]{1,6})?([eE][-+]?[0-9])?") {
            if let Ok(exact) = Energy::parse_kwh(&text) {
                let amount = parse(&text, 6).unwrap();
                prop_assert_eq!(amount, Amount { energy: exact, rounded: false });
            }
        }

        #[test]
        fn a_printed_float_is_the_number_it_was_printed_from(mwh in 0_i64..10_000_000_000) {
            let noisy = mwh as f64 / 1e6 * 3.0 / 3.0;
            prop_assert_eq!(parse(&format!("{noisy:?}"), 6).unwrap().energy.mwh(), mwh);
            prop_assert_eq!(parse(&format!("{noisy:.17}"), 6).unwrap().energy.mwh(), mwh);
        }

        #[test]
        fn never_panics(text in "[-+0-9.eE]{0,60}", scale in -40_i32..40) {
            let _ = parse(&text, scale);
        }
    }
}
