//! What an ESPI ReadingType says its values are, and whether that is energy a home drew.

use crate::problem::{Reason, Rule};

use super::xml::Field;

/// The fields that decide, as written. The numbers are those of the ESPI schema, version 4.0.
#[derive(Debug, Clone, Default)]
pub(super) struct ReadingType {
    accumulation: Option<String>,
    commodity: Option<String>,
    qualifier: Option<String>,
    flow: Option<String>,
    kind: Option<String>,
    multiplier: Option<String>,
    uom: Option<String>,
}

impl ReadingType {
    pub(super) fn set(&mut self, field: Field, text: String) {
        let slot = match field {
            Field::AccumulationBehaviour => &mut self.accumulation,
            Field::Commodity => &mut self.commodity,
            Field::DataQualifier => &mut self.qualifier,
            Field::FlowDirection => &mut self.flow,
            Field::Kind => &mut self.kind,
            Field::PowerOfTenMultiplier => &mut self.multiplier,
            Field::Uom => &mut self.uom,
            Field::Duration | Field::Start | Field::Value | Field::Quality => return,
        };
        *slot = Some(text);
    }

    /// The unit as a power of ten of a mWh, if these are amounts of electricity that were delivered in an
    /// interval. A field that is left out says nothing against it; only the unit has to be there.
    pub(super) fn scale(&self) -> Result<i32, Reason> {
        if number(&self.uom, "uom")?.is_none() {
            return Err(Reason::new(Rule::WrongKind, "is of a reading type without a unit (uom)"));
        }
        self.is("uom", &self.uom, &[72], |uom| match uom {
            38 => "power (W)",
            71 => "apparent energy (VAh)",
            73 => "reactive energy (VArh)",
            42 | 119 | 120 => "a volume",
            132 | 169 => "heat",
            _ => "not energy in Wh",
        })?;
        self.is("commodity", &self.commodity, &[0, 1, 2], |commodity| match commodity {
            7 => "natural gas",
            9..=11 => "water or steam",
            _ => "not electricity",
        })?;
        self.is("flowDirection", &self.flow, &[0, 1], |flow| match flow {
            19 => "reverse flow: energy that was fed into the grid",
            4 => "net of what was fed into the grid",
            20 => "delivered and fed in, added up",
            _ => "not delivered energy",
        })?;
        self.is("accumulationBehaviour", &self.accumulation, &[0, 4], |accumulation| match accumulation {
            1..=3 => "a register that counts on, not what an interval used",
            _ => "not the energy of an interval",
        })?;
        self.is("kind", &self.kind, &[0, 12], |_| "not a measurement of energy")?;
        self.is("dataQualifier", &self.qualifier, &[0, 12, 26], |qualifier| match qualifier {
            8 | 16 | 23..=25 => "a maximum",
            9 | 17 => "a minimum",
            2 => "an average",
            _ => "not a plain value",
        })?;
        const MULTIPLIERS: [i64; 13] = [-12, -9, -6, -3, -2, -1, 0, 1, 2, 3, 6, 9, 12];
        match number(&self.multiplier, "powerOfTenMultiplier")?.unwrap_or(0) {
            // A Wh is 10^3 mWh.
            power if MULTIPLIERS.contains(&power) => Ok(3 + power as i32),
            power => Err(Reason::new(
                Rule::WrongKind,
                format_args!(
                    "is of a reading type with powerOfTenMultiplier {power}, which there is none of"
                ),
            )),
        }
    }

    fn is(
        &self,
        name: &str,
        text: &Option<String>,
        allowed: &[i64],
        meaning: impl FnOnce(i64) -> &'static str,
    ) -> Result<(), Reason> {
        match number(text, name)? {
            Some(code) if !allowed.contains(&code) => {
                let words = meaning(code);
                Err(Reason::new(
                    Rule::WrongKind,
                    format_args!("is of a reading type with {name} {code}: {words}"),
                ))
            }
            _ => Ok(()),
        }
    }
}

fn number(text: &Option<String>, name: &str) -> Result<Option<i64>, Reason> {
    let Some(text) = text else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        let shown: String = text.chars().take(20).collect();
        Reason::new(
            Rule::WrongKind,
            format_args!("is of a reading type whose {name} {shown:?} is not a number"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_delivered_electrical_energy_of_an_interval() {
        let check = |fields: &[(Field, &str)], expect: Result<i32, &str>| {
            let mut reading_type = ReadingType::default();
            for (field, text) in fields {
                reading_type.set(*field, (*text).to_string());
            }
            match (reading_type.scale(), expect) {
                (Ok(scale), Ok(expected)) => assert_eq!(scale, expected),
                (Err(reason), Err(part)) => assert!(reason.message.contains(part), "{}", reason.message),
                (got, _) => panic!("{fields:?}: {got:?}"),
            }
        };
        let uom = (Field::Uom, "72");
        check(&[uom], Ok(3));
        check(
            &[uom, (Field::PowerOfTenMultiplier, "3"), (Field::FlowDirection, "1"), (Field::Commodity, "1")],
            Ok(6),
        );
        check(&[uom, (Field::PowerOfTenMultiplier, "-3"), (Field::AccumulationBehaviour, "4")], Ok(0));
        check(&[], Err("without a unit"));
        check(&[(Field::Uom, "169")], Err("uom 169: heat"));
        check(&[(Field::Uom, "38")], Err("uom 38: power"));
        check(&[(Field::Uom, "Wh")], Err("uom \"Wh\" is not a number"));
        check(&[uom, (Field::Commodity, "7")], Err("natural gas"));
        check(&[uom, (Field::FlowDirection, "19")], Err("flowDirection 19: reverse flow"));
        check(&[uom, (Field::AccumulationBehaviour, "3")], Err("a register"));
        check(&[uom, (Field::Kind, "8")], Err("kind 8"));
        check(&[uom, (Field::DataQualifier, "8")], Err("a maximum"));
        check(&[uom, (Field::PowerOfTenMultiplier, "4")], Err("powerOfTenMultiplier 4"));
    }
}
