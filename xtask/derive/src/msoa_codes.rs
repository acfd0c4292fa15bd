//! Codes of MSOAs by their names.
//!
//! The outlines come with the names and codes of LSOAs, whose names begin with the name of their MSOA
//! ("Hackney 012C" lies in "Hackney 012"), but without the codes of MSOAs. Those follow a rule: the
//! Office for National Statistics numbered London's MSOAs of 2001 through, borough by borough, so a code
//! is the borough's first one plus the number in the name, less one. The 32 that were made in 2011 out of
//! older ones have codes outside the rule, and are listed.

/// The number of each borough's MSOA 001, as in `E02000001`.
const FIRST: [(&str, u32); 33] = [
    ("City of London", 2_000_001),
    ("Barking and Dagenham", 2_000_002),
    ("Barnet", 2_000_024),
    ("Bexley", 2_000_065),
    ("Brent", 2_000_093),
    ("Bromley", 2_000_127),
    ("Camden", 2_000_166),
    ("Croydon", 2_000_194),
    ("Ealing", 2_000_238),
    ("Enfield", 2_000_277),
    ("Greenwich", 2_000_313),
    ("Hackney", 2_000_345),
    ("Hammersmith and Fulham", 2_000_372),
    ("Haringey", 2_000_397),
    ("Harrow", 2_000_433),
    ("Havering", 2_000_464),
    ("Hillingdon", 2_000_494),
    ("Hounslow", 2_000_526),
    ("Islington", 2_000_554),
    ("Kensington and Chelsea", 2_000_577),
    ("Kingston upon Thames", 2_000_598),
    ("Lambeth", 2_000_618),
    ("Lewisham", 2_000_653),
    ("Merton", 2_000_689),
    ("Newham", 2_000_714),
    ("Redbridge", 2_000_751),
    ("Richmond upon Thames", 2_000_784),
    ("Southwark", 2_000_807),
    ("Sutton", 2_000_840),
    ("Tower Hamlets", 2_000_864),
    ("Waltham Forest", 2_000_895),
    ("Wandsworth", 2_000_923),
    ("Westminster", 2_000_960),
];

/// MSOAs made in 2011.
const LATER: [(&str, u32); 32] = [
    ("Bromley 040", 2_006_782),
    ("Lewisham 037", 2_006_783),
    ("Lewisham 038", 2_006_784),
    ("Bexley 029", 2_006_785),
    ("Greenwich 033", 2_006_786),
    ("Bromley 041", 2_006_787),
    ("Croydon 045", 2_006_788),
    ("Bromley 042", 2_006_789),
    ("Ealing 040", 2_006_791),
    ("Hounslow 029", 2_006_792),
    ("Enfield 037", 2_006_793),
    ("Haringey 037", 2_006_794),
    ("Harrow 032", 2_006_795),
    ("Hillingdon 033", 2_006_796),
    ("Lewisham 039", 2_006_798),
    ("Barking and Dagenham 023", 2_006_799),
    ("Redbridge 034", 2_006_800),
    ("Lambeth 036", 2_006_801),
    ("Southwark 034", 2_006_802),
    ("Sutton 025", 2_006_836),
    ("Tower Hamlets 032", 2_006_853),
    ("Tower Hamlets 033", 2_006_854),
    ("Harrow 033", 2_006_882),
    ("Hackney 028", 2_006_918),
    ("Hackney 029", 2_006_921),
    ("Redbridge 035", 2_006_924),
    ("Redbridge 036", 2_006_925),
    ("Greenwich 034", 2_006_927),
    ("Greenwich 035", 2_006_928),
    ("Greenwich 036", 2_006_929),
    ("Greenwich 037", 2_006_930),
    ("Greenwich 038", 2_006_931),
];

/// The code of the MSOA of this name.
pub(crate) fn code_of(name: &str) -> Option<String> {
    let number = match LATER.iter().find(|(later, _)| *later == name) {
        Some((_, number)) => *number,
        None => {
            let (borough, number) = name.rsplit_once(' ')?;
            let (_, first) = FIRST.iter().find(|(known, _)| *known == borough)?;
            first + number.parse::<u32>().ok()?.checked_sub(1)?
        }
    };
    Some(format!("E{number:08}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_rule_and_by_list() {
        assert_eq!(code_of("City of London 001").as_deref(), Some("E02000001"));
        assert_eq!(code_of("Westminster 024").as_deref(), Some("E02000983"));
        assert_eq!(code_of("Greenwich 038").as_deref(), Some("E02006931"));
        assert_eq!(code_of("Atlantis 001"), None);
    }
}
