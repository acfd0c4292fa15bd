//! Which area a registration is in.

use std::borrow::Cow;

use geography::Geography;
use metering::door::{Code, DraftPlace, MeterDraft, Rejection};
use metering::{AreaCode, Registration};
use serde::Deserialize;

/// What becomes of a registration whose area the map does not have at its finest level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownArea {
    /// It is accepted and kept, and can be redriven when the map has the area: a dead letter.
    #[default]
    DeadLetter,
    /// It is refused. For whoever stands beside it and can mend it, as with a file.
    Refuse,
}

/// Finds the area of every registration. Those that may not pass keep their index.
pub fn locate(
    drafts: impl IntoIterator<Item = (u32, MeterDraft)>,
    geography: &Geography,
    unknown: UnknownArea,
) -> (Vec<Registration>, Vec<Rejection>) {
    let (mut registrations, mut rejected) = (Vec::new(), Vec::new());
    for (index, MeterDraft { meter, place, dwelling }) in drafts {
        match area_of(place, geography, unknown) {
            Ok(area) => registrations.push(Registration { meter, area, dwelling }),
            Err((field, message)) => rejected.push(Rejection {
                index,
                code: Code::UnknownArea.into(),
                field: Cow::Borrowed(field),
                message,
            }),
        }
    }
    (registrations, rejected)
}

fn area_of(
    place: DraftPlace,
    geography: &Geography,
    unknown: UnknownArea,
) -> Result<AreaCode, (&'static str, String)> {
    let code = match place {
        DraftPlace::Area(code) => code,
        DraftPlace::Point { lat, lon } => {
            let found = geography.leaf_of_home(lat, lon);
            let area = found.map_err(|off| ("lat", off.to_string()))?;
            return Ok(geography.area(area).code.clone());
        }
    };
    if unknown == UnknownArea::DeadLetter {
        // Whether there is one is decided when the log is read, so that a replay decides the same.
        return Ok(code);
    }
    let map = geography.name();
    match geography.index_of(&code).map(|area| geography.area(area).level) {
        Some(level) if level == geography.finest() => Ok(code),
        Some(level) => {
            let [is, needs] = [level, geography.finest()].map(|level| geography.level(level).name());
            Err(("area", format!("area {code} is of level {is}; meters are in areas of level {needs}")))
        }
        None => Err(("area", format!("area {code} is not on the map of {map}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metering::{Dwelling, MeterId};

    #[test]
    fn where_registrations_are() {
        let london = Geography::london();
        let check = |place: DraftPlace, unknown, expect: Result<&str, &str>| {
            let meter = MeterId::parse("A").unwrap();
            let draft = MeterDraft { meter, place: place.clone(), dwelling: Dwelling::default() };
            let (registrations, rejected) = locate([(7, draft)], &london, unknown);
            match expect {
                Ok(area) => assert_eq!(registrations[0].area.as_str(), area, "{place:?} {rejected:?}"),
                Err(says) => {
                    assert_eq!((rejected[0].index, &*rejected[0].code), (7, "unknown_area"), "{place:?}");
                    assert!(rejected[0].message.contains(says), "{place:?}: {}", rejected[0].message);
                }
            }
        };
        let area = |code| DraftPlace::Area(AreaCode::parse(code).unwrap());
        for unknown in [UnknownArea::DeadLetter, UnknownArea::Refuse] {
            check(area("E01000001"), unknown, Ok("E01000001"));
            // On the South Bank, a few metres off every outline: beside the water is in the area beside it.
            assert_eq!(london.leaf_at(51.5, -0.12), None);
            let beside = london.nearest_leaf(51.5, -0.12, 250.0).unwrap().0;
            check(
                DraftPlace::Point { lat: 51.5, lon: -0.12 },
                unknown,
                Ok(london.area(beside).code.as_str()),
            );
            check(DraftPlace::Point { lat: 51.5105, lon: -0.595 }, unknown, Err("m away; allowed are 250 m"));
        }
        check(area("E99999999"), UnknownArea::DeadLetter, Ok("E99999999"));
        check(area("E99999999"), UnknownArea::Refuse, Err("area E99999999 is not on the map of London"));
        check(
            area("E02000001"),
            UnknownArea::Refuse,
            Err("is of level msoa; meters are in areas of level lsoa"),
        );
    }
}
