//! What electricity costs here: the tariffs that are built in, or those of the operator's file.

use std::fs;
use std::path::Path;

use anyhow::Context;
use metering::tariff::Tariffs;

use crate::figures::BRITISH_ZONE;

/// What is built in.
const GREAT_BRITAIN: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tariffs/great-britain.toml"));

/// Those of a file; without one those of Great Britain, where the geography's clocks are London's, else none.
pub fn of(setting: Option<&Path>, zone: &str) -> anyhow::Result<Option<Tariffs>> {
    let Some(path) = setting else {
        return (zone == BRITISH_ZONE).then(great_britain).transpose();
    };
    let text = fs::read_to_string(path).with_context(|| {
        format!("the setting tariffs is {:?}; allowed is a file of tariffs", path.display())
    })?;
    toml::from_str(&text).map(Some).with_context(|| format!("{} is no file of tariffs", path.display()))
}

/// Those that are built in.
pub fn great_britain() -> anyhow::Result<Tariffs> {
    toml::from_str(GREAT_BRITAIN).context("the tariffs that are built in can't be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operators_own_are_used_anywhere_and_others_where_they_hold() {
        assert!(of(None, "Europe/Zurich").unwrap().is_none());
        assert_eq!(of(None, BRITISH_ZONE).unwrap().unwrap().currency, "GBP");
        let file = tempfile::NamedTempFile::new().unwrap();
        let own = GREAT_BRITAIN.replace("GBP", "EUR");
        fs::write(file.path(), &own).unwrap();
        assert_eq!(of(Some(file.path()), "Europe/Zurich").unwrap().unwrap().currency, "EUR");
        fs::write(file.path(), own.replace("per_kwh = 26.11", "per_kwh = 2611")).unwrap();
        let wrong = format!("{:#}", of(Some(file.path()), BRITISH_ZONE).unwrap_err());
        assert!(wrong.contains("per_kwh of the tariff \"flat\" is 2611"), "{wrong}");
        let missing = format!("{:#}", of(Some(Path::new("nowhere")), BRITISH_ZONE).unwrap_err());
        assert!(missing.contains("the setting tariffs is \"nowhere\""), "{missing}");
    }
}
