//! A registration as it is sent, and what makes it one that may pass.

use std::borrow::Cow;

use serde::Deserialize;

use super::json::{Draft, Named, Number, Object, Unfit, Written};
use super::readings::meter_id;
use super::{Code, DraftPlace, Fault, MeterDraft, Rules, quoted, shortened};
use crate::energy::scaled;
use crate::reading::{DwellingKind, Heating};
use crate::{AreaCode, Dwelling};

/// Bedrooms and occupants of a home at most: beyond that it is a typing mistake or no home.
pub const ROOMS_MAX: u8 = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegistrationDraft<'a> {
    #[serde(borrow)]
    meter_id: Cow<'a, str>,
    #[serde(borrow, default)]
    area: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    lat: Option<Written<'a>>,
    #[serde(borrow, default)]
    lon: Option<Written<'a>>,
    #[serde(borrow, default)]
    dwelling: Option<Object<DwellingDraft<'a>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DwellingDraft<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    bedrooms: Option<Written<'a>>,
    #[serde(borrow, default)]
    occupants: Option<Written<'a>>,
    #[serde(borrow, default)]
    heating: Option<Cow<'a, str>>,
}

impl Named for RegistrationDraft<'_> {
    const NAME: &'static str = "a meter";
}

impl Named for DwellingDraft<'_> {
    const NAME: &'static str = "a dwelling";
}

impl<'de> Draft<'de> for RegistrationDraft<'de> {
    type Made = MeterDraft;
    const LIST: &'static str = "meters";

    fn judge(self, _: &Rules) -> Result<MeterDraft, Unfit<'de>> {
        // The shape comes first: what is wrong with it is wrong with the whole body.
        let (lat, lon) = (number(self.lat)?, number(self.lon)?);
        let rooms = match &self.dwelling {
            Some(Object(dwelling)) => {
                Rooms { bedrooms: number(dwelling.bedrooms)?, occupants: number(dwelling.occupants)? }
            }
            None => Rooms::default(),
        };
        Ok(MeterDraft {
            meter: meter_id(&self.meter_id)?,
            place: place(self.area.as_deref(), lat, lon)?,
            dwelling: self
                .dwelling
                .map(|Object(draft)| dwelling(draft, rooms))
                .transpose()?
                .unwrap_or_default(),
        })
    }
}

/// What a home is said to have in numbers.
#[derive(Default)]
struct Rooms<'a> {
    bedrooms: Option<Number<'a>>,
    occupants: Option<Number<'a>>,
}

fn number(written: Option<Written<'_>>) -> Result<Option<Number<'_>>, Unfit<'_>> {
    written.map(Written::number).transpose()
}

fn place(area: Option<&str>, lat: Option<Number<'_>>, lon: Option<Number<'_>>) -> Result<DraftPlace, Fault> {
    match (area, lat, lon) {
        (Some(code), None, None) => AreaCode::parse(code)
            .map(DraftPlace::Area)
            .map_err(|rule| Fault::new(Code::BadArea, "area", format_args!("{} {rule}", quoted(code)))),
        (None, Some(lat), Some(lon)) => {
            Ok(DraftPlace::Point { lat: degrees("lat", lat, 90.0)?, lon: degrees("lon", lon, 180.0)? })
        }
        (None, None, None) => Err(Fault::new(Code::BadArea, "area", "is missing; say area, or lat and lon")),
        (None, None, Some(_)) => Err(Fault::new(Code::BadPosition, "lat", "is missing beside lon")),
        (None, Some(_), None) => Err(Fault::new(Code::BadPosition, "lon", "is missing beside lat")),
        (Some(_), _, _) => {
            Err(Fault::new(Code::BadArea, "area", "is said beside lat or lon; say the one or the other"))
        }
    }
}

fn degrees(field: &'static str, number: Number<'_>, most: f64) -> Result<f64, Fault> {
    number.0.parse().ok().filter(|degrees: &f64| degrees.abs() <= most).ok_or_else(|| {
        Fault::new(
            Code::BadPosition,
            field,
            format_args!(
                "{} is no coordinate; allowed are degrees from -{most} to {most}",
                shortened(number.0)
            ),
        )
    })
}

fn dwelling(draft: DwellingDraft<'_>, rooms: Rooms<'_>) -> Result<Dwelling, Fault> {
    Ok(Dwelling {
        kind: draft.kind.map(|name| kind(&name)).transpose()?,
        bedrooms: rooms.bedrooms.map(|number| count("dwelling.bedrooms", number)).transpose()?,
        occupants: rooms.occupants.map(|number| count("dwelling.occupants", number)).transpose()?,
        heating: draft.heating.map(|name| heating(&name)).transpose()?,
    })
}

fn count(field: &'static str, number: Number<'_>) -> Result<u8, Fault> {
    let count = scaled(number.0, 0).ok().and_then(|count| u8::try_from(count).ok());
    count.filter(|&count| count <= ROOMS_MAX).ok_or_else(|| {
        let rule = format_args!("allowed are whole numbers from 0 to {ROOMS_MAX}").to_string();
        Fault::new(Code::BadDwelling, field, format_args!("is {}; {rule}", shortened(number.0)))
    })
}

fn kind(name: &str) -> Result<DwellingKind, Fault> {
    Ok(match name {
        "flat" => DwellingKind::Flat,
        "terraced" => DwellingKind::Terraced,
        "semi_detached" => DwellingKind::SemiDetached,
        "detached" => DwellingKind::Detached,
        "bungalow" => DwellingKind::Bungalow,
        "other" => DwellingKind::Other,
        _ => {
            let allowed = "flat, terraced, semi_detached, detached, bungalow, other";
            let message = format_args!("is {}; allowed are {allowed}", quoted(name)).to_string();
            return Err(Fault::new(Code::BadDwelling, "dwelling.type", message));
        }
    })
}

fn heating(name: &str) -> Result<Heating, Fault> {
    Ok(match name {
        "gas" => Heating::Gas,
        "electric" => Heating::Electric,
        "heat_pump" => Heating::HeatPump,
        "district" => Heating::District,
        "other" => Heating::Other,
        _ => {
            let allowed = "gas, electric, heat_pump, district, other";
            let message = format_args!("is {}; allowed are {allowed}", quoted(name)).to_string();
            return Err(Fault::new(Code::BadDwelling, "dwelling.heating", message));
        }
    })
}
