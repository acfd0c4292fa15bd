//! The real files of London, as an operator would supply them: from `WATTMAP_TEST_DATA`.

use std::path::PathBuf;

use geography::{Geography, ImportOptions};

fn read(name: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let data =
        std::env::var_os("WATTMAP_TEST_DATA").map_or_else(|| root.join("../shared/data"), PathBuf::from);
    let path = data.join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
#[ignore = "needs the directory of WATTMAP_TEST_DATA: cargo xtask test real-data"]
fn real_data_lsoas_are_those_that_are_shipped() {
    let (geography, report) =
        Geography::from_geojson(&read("london_lsoa_2011.geojson"), &ImportOptions::default()).unwrap();
    assert_eq!(report.left_out, []);
    assert_eq!(report.overlaps, []);
    let levels: Vec<(&str, usize)> =
        report.levels.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(levels, [("msoa", 983), ("lsoa", 4_835)]);
    // The shipped codes of MSOAs follow a rule and a list of exceptions; these are as published.
    let london = Geography::london();
    for area in geography.areas_of(geography.finest()) {
        let shipped = london.index_of(&area.code).unwrap();
        assert_eq!(london.area(shipped).name, area.name);
        let parent = |geography: &Geography, index| {
            geography.parent(index).map(|around| geography.area(around).code.clone())
        };
        let here = geography.index_of(&area.code).unwrap();
        assert_eq!(parent(&london, shipped), parent(&geography, here), "{}", area.name);
        let (lat, lon) = geography.label_position(here);
        assert_eq!(london.leaf_at(lat, lon), Some(shipped), "{}", area.name);
    }
}

#[test]
#[ignore = "needs the directory of WATTMAP_TEST_DATA: cargo xtask test real-data"]
fn real_data_msoas_can_be_imported() {
    let (geography, report) =
        Geography::from_geojson(&read("london_msoa_2011.geojson"), &ImportOptions::default()).unwrap();
    println!("{:?} {:?}", report.levels, report.guessed);
    assert_eq!(report.left_out, []);
    assert_eq!(geography.leaf_count(), 983);
}
