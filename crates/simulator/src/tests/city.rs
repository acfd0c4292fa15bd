use std::sync::LazyLock;

use jiff::tz::TimeZone;
use metering::AreaCode;

use crate::places::{Borough, Group, Leaf, Places};
use crate::population::{Population, PopulationConfig};

/// 33 boroughs of `groups` groups of 5 leaves each, on a grid.
pub(crate) fn places(groups: u32) -> Places {
    let mut places = Places { leaves: Vec::new(), groups: Vec::new(), boroughs: Vec::new() };
    for (borough, mean) in geography::reference::borough_means().iter().enumerate() {
        places.boroughs.push(Borough { mean_kwh: f64::from(mean.mean_kwh), weight: f64::from(mean.meters) });
        for within in 0..groups {
            let group = places.groups.len() as u32;
            let leaf = |n: u32| Leaf {
                code: AreaCode::parse(&format!("L{}", group * 5 + n)).unwrap(),
                group,
                borough: borough as u32,
            };
            places.leaves.extend((0..5).map(leaf));
            places.groups.push(Group {
                leaves: (group * 5..group * 5 + 5).collect(),
                latitude_deg: 51.3 + 0.07 * (borough / 6) as f64 + 0.01 * f64::from(within / 6),
                longitude_deg: -0.5 + 0.13 * (borough % 6) as f64 + 0.02 * f64::from(within % 6),
            });
        }
    }
    places
}

pub(crate) fn time_zone() -> TimeZone {
    TimeZone::posix("GMT0BST,M3.5.0/1,M10.5.0").unwrap()
}

/// A city of 990 groups and 4,950 leaves.
pub(crate) fn population(homes: usize) -> Population {
    // The city is the same for all; to calibrate it takes longer than to fill it.
    static CITY: LazyLock<Population> = LazyLock::new(|| {
        let config = PopulationConfig { homes: 0, seed: 7, time_zone: time_zone() };
        Population::from_places(places(30), geography::reference::h25(), config)
    });
    CITY.with_homes(homes)
}
