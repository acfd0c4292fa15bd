//! A household as a URL has it, and the page of what it would use and pay.

use std::ops::RangeInclusive;

use metering::api::EstimateAnswer;
use metering::reading::{DwellingKind, Heating};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::AppError;
use crate::services::HouseholdAsked;

mod moving;
mod page;

pub(crate) use moving::{Moving, Sureness, cost, day_parts};
pub(crate) use page::estimated;
pub use page::{EstimateAsked, EstimatePage, Place};

/// How many bedrooms and people there may be.
pub(crate) const BEDROOMS: RangeInclusive<u8> = 0..=20;
pub(crate) const PEOPLE: RangeInclusive<u8> = 1..=20;

/// What a URL says, by the names that it has there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EstimateQuery {
    /// The code of an area.
    pub area: Option<String>,
    /// The kind of home.
    pub dwelling: Option<String>,
    /// How many there are.
    pub bedrooms: Option<String>,
    /// How many people live there.
    pub occupants: Option<String>,
    /// What heats it.
    pub heating: Option<String>,
    /// `day` or `evenings`.
    pub at_home: Option<String>,
    /// Of the costs, this tariff's alone.
    pub tariff: Option<String>,
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// The names of an enumeration's values, as they are written.
fn names<T: Serialize>(all: &[T]) -> Vec<String> {
    let name = |one: &T| serde_json::to_value(one).ok().and_then(|name| name.as_str().map(str::to_owned));
    all.iter().filter_map(name).collect()
}

fn one_of<T: DeserializeOwned + Serialize>(
    field: &str,
    text: &Option<String>,
    all: &[T],
) -> Result<Option<T>, AppError> {
    let Some(text) = given(text) else { return Ok(None) };
    let rule = || AppError::refused(field, text, format!("allowed are {}", names(all).join(", ")));
    serde_json::from_value(Value::String(text.to_owned())).map(Some).map_err(|_| rule())
}

fn number(field: &str, text: &Option<String>, allowed: RangeInclusive<u8>) -> Result<Option<u8>, AppError> {
    let Some(text) = given(text) else { return Ok(None) };
    let (least, most) = (allowed.start(), allowed.end());
    let number = text.parse().ok().filter(|number| allowed.contains(number));
    let rule = || AppError::refused(field, text, format!("allowed are whole numbers from {least} to {most}"));
    number.map(Some).ok_or_else(rule)
}

impl EstimateQuery {
    /// The household; the first field that is not understood, if there is one.
    pub fn household(&self) -> Result<HouseholdAsked, AppError> {
        let mut household = HouseholdAsked::default();
        let dwelling = &mut household.dwelling;
        dwelling.kind = one_of("dwelling", &self.dwelling, &DwellingKind::ALL)?;
        dwelling.bedrooms = number("bedrooms", &self.bedrooms, BEDROOMS)?;
        dwelling.occupants = number("occupants", &self.occupants, PEOPLE)?;
        dwelling.heating = one_of("heating", &self.heating, &Heating::ALL)?;
        household.at_home = match given(&self.at_home) {
            None | Some("evenings") => false,
            Some("day") => true,
            Some(other) => return Err(AppError::refused("at_home", other, "allowed are day and evenings")),
        };
        Ok(household)
    }

    /// The tariff that is asked for, if there is one: it must be one of the answer's.
    pub(crate) fn tariff_of(&self, answer: &EstimateAnswer) -> Result<Option<&str>, AppError> {
        let Some(tariff) = given(&self.tariff) else { return Ok(None) };
        let all: Vec<&str> = answer.costs.iter().map(|cost| cost.tariff.as_str()).collect();
        if all.contains(&tariff) {
            return Ok(Some(tariff));
        }
        Err(AppError::refused("tariff", tariff, format!("allowed are {}", all.join(", "))))
    }

    /// Of an answer, what was asked for.
    pub fn only_its_tariff(&self, mut answer: EstimateAnswer) -> Result<EstimateAnswer, AppError> {
        if let Some(tariff) = self.tariff_of(&answer)? {
            answer.costs.retain(|cost| cost.tariff == tariff);
        }
        Ok(answer)
    }

    /// Its fields, by name, but for the area.
    fn fields(&self) -> [(&'static str, &Option<String>); 6] {
        [
            ("dwelling", &self.dwelling),
            ("bedrooms", &self.bedrooms),
            ("occupants", &self.occupants),
            ("heating", &self.heating),
            ("at_home", &self.at_home),
            ("tariff", &self.tariff),
        ]
    }

    /// As it stands in a URL, each field after an ampersand. What is not understood stays out of it.
    pub fn in_url(&self) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let known = self.fields().into_iter().filter_map(|(name, value)| Some((name, given(value)?)));
        let known = known.filter(|(_, value)| value.chars().all(is_plain));
        known.map(|(name, value)| format!("&{name}={value}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(fields: &str) -> EstimateQuery {
        serde_json::from_str(fields).unwrap()
    }

    #[test]
    fn a_household_is_read_and_what_is_wrong_is_named() {
        let asked = query(
            r#"{"dwelling":"semi_detached","bedrooms":"3","occupants":"4","heating":"heat_pump","at_home":"day"}"#,
        );
        let household = asked.household().unwrap();
        assert_eq!(household.dwelling.kind, Some(DwellingKind::SemiDetached));
        assert_eq!((household.dwelling.bedrooms, household.dwelling.occupants), (Some(3), Some(4)));
        assert_eq!((household.dwelling.heating, household.at_home), (Some(Heating::HeatPump), true));
        assert_eq!(query(r#"{"bedrooms":""}"#).household().unwrap(), HouseholdAsked::default());
        for (fields, says) in [
            (
                r#"{"dwelling":"castle"}"#,
                "dwelling is “castle”: allowed are flat, terraced, semi_detached, detached, bungalow, other.",
            ),
            (r#"{"bedrooms":"-1"}"#, "bedrooms is “-1”: allowed are whole numbers from 0 to 20."),
            (r#"{"occupants":"0"}"#, "occupants is “0”: allowed are whole numbers from 1 to 20."),
            (
                r#"{"heating":"gaz"}"#,
                "heating is “gaz”: allowed are gas, electric, heat_pump, district, other.",
            ),
            (r#"{"at_home":"always"}"#, "at_home is “always”: allowed are day and evenings."),
        ] {
            assert_eq!(query(fields).household().unwrap_err().to_string(), says);
        }
    }

    #[test]
    fn a_household_in_a_url() {
        let asked = query(r#"{"area":"E09000012","bedrooms":"2","heating":"a b&c"}"#);
        assert_eq!(asked.in_url(), "&bedrooms=2");
    }
}
