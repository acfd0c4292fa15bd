//! A reading as it is sent, and what makes it one that may pass.

use std::borrow::Cow;

use serde::Deserialize;

use super::json::{Draft, Named, Number, Unfit, Written};
use super::{Code, Fault, Rules, quoted, shortened};
use crate::energy::{EnergyError, scaled};
use crate::time::IntervalError;
use crate::wire::{ENERGY_PER_SECOND_MAX_MWH, implausible};
use crate::{Energy, Interval, MeterId, Reading, UtcSecond};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadingDraft<'a> {
    #[serde(borrow)]
    meter_id: Cow<'a, str>,
    #[serde(borrow)]
    start: Cow<'a, str>,
    #[serde(borrow)]
    duration_s: Written<'a>,
    #[serde(borrow)]
    energy_wh: Written<'a>,
}

impl Named for ReadingDraft<'_> {
    const NAME: &'static str = "a reading";
}

impl<'de> Draft<'de> for ReadingDraft<'de> {
    type Made = Reading;
    const LIST: &'static str = "readings";

    fn judge(self, rules: &Rules) -> Result<Reading, Unfit<'de>> {
        // The shape comes first: what is wrong with it is wrong with the whole body.
        let (duration, wh) = (self.duration_s.number()?, self.energy_wh.number()?);
        let meter = meter_id(&self.meter_id)?;
        let start = UtcSecond::parse(&self.start).map_err(|rule| {
            Fault::new(Code::BadStart, "start", format_args!("{} {rule}", quoted(&self.start)))
        })?;
        let interval = interval(start, &self.start, duration, rules)?;
        let energy = energy(wh, interval)?;
        timely(interval, rules)?;
        Ok(Reading { meter, interval, energy })
    }
}

pub(super) fn meter_id(text: &str) -> Result<MeterId, Fault> {
    MeterId::parse(text)
        .map_err(|rule| Fault::new(Code::BadMeterId, "meter_id", format_args!("{} {rule}", quoted(text))))
}

fn interval(start: UtcSecond, text: &str, duration: Number<'_>, rules: &Rules) -> Result<Interval, Fault> {
    // 1800.0 and 1.8e3 are whole numbers, too.
    let duration_s = scaled(duration.0, 0).map_err(|why| {
        let rule = match why {
            EnergyError::OutOfRange => "s is longer than a reading may be",
            EnergyError::TooFine | EnergyError::NotANumber => "is not a whole number of seconds",
        };
        let allowed = "allowed are the divisors of 1800 from 10 up, and 3600";
        Fault::new(
            Code::BadDuration,
            "duration_s",
            format_args!("{} {rule}; {allowed}", shortened(duration.0)),
        )
    })?;
    Interval::new(start, duration_s).map_err(|rule| match rule {
        IntervalError::Duration(_) => Fault::new(Code::BadDuration, "duration_s", rule),
        IntervalError::Misaligned { .. } => {
            Fault::new(Code::Misaligned, "start", format_args!("{} {rule}", quoted(text)))
        }
        // The calendar ends there; what lies beyond is as far from now as can be.
        IntervalError::OutOfRange if start > rules.now => {
            Fault::new(Code::TooFarInFuture, "start", format_args!("{} {rule}", quoted(text)))
        }
        IntervalError::OutOfRange => {
            Fault::new(Code::TooOld, "start", format_args!("{} {rule}", quoted(text)))
        }
    })
}

/// The rules that hold for a reading of the right shape.
pub(super) fn check(reading: &Reading, rules: &Rules) -> Result<(), Fault> {
    if reading.energy < Energy::ZERO {
        return Err(negative(&reading.energy.to_string()));
    }
    if implausible(reading.energy, reading.interval) {
        return Err(too_much(&reading.energy.to_string(), reading.interval));
    }
    timely(reading.interval, rules)
}

fn energy(number: Number<'_>, interval: Interval) -> Result<Energy, Fault> {
    match Energy::parse_wh(number.0) {
        Ok(energy) if energy < Energy::ZERO => Err(negative(number.0)),
        Ok(energy) if implausible(energy, interval) => Err(too_much(number.0, interval)),
        Ok(energy) => Ok(energy),
        Err(_) if number.0.starts_with('-') => Err(negative(number.0)),
        Err(EnergyError::OutOfRange) => Err(too_much(number.0, interval)),
        Err(rule @ (EnergyError::TooFine | EnergyError::NotANumber)) => {
            Err(Fault::new(Code::BadEnergy, "energy_wh", format_args!("{} {rule}", shortened(number.0))))
        }
    }
}

fn negative(number: &str) -> Fault {
    let message = format_args!("{} is negative; consumption is 0 or more", shortened(number)).to_string();
    Fault::new(Code::NegativeEnergy, "energy_wh", message)
}

fn too_much(number: &str, interval: Interval) -> Fault {
    let most = Energy::from_mwh(ENERGY_PER_SECOND_MAX_MWH * i64::from(interval.duration_s()));
    let message = format_args!(
        "{} is more than a home can use in {} s; allowed is at most {most}",
        shortened(number),
        interval.duration_s()
    )
    .to_string();
    Fault::new(Code::ImplausibleEnergy, "energy_wh", message)
}

fn timely(interval: Interval, rules: &Rules) -> Result<(), Fault> {
    let (start, end) = (interval.start(), interval.end());
    if end.0 > rules.now.0.saturating_add(rules.future_tolerance_s) {
        return Err(Fault::new(
            Code::TooFarInFuture,
            "start",
            format_args!(
                "{start} ends at {end}, and it is {} here; a reading may end at most {} s from now",
                rules.now, rules.future_tolerance_s
            ),
        ));
    }
    if start.0 < rules.now.0.saturating_sub(rules.retention_s) {
        return Err(Fault::new(
            Code::TooOld,
            "start",
            format_args!("{start} is longer ago than readings are kept: {} days", rules.retention_s / 86_400),
        ));
    }
    Ok(())
}
