//! London as it is shipped.

use std::collections::HashSet;
use std::time::Instant;

use geography::{Geography, HitKind, ImportOptions};
use metering::AreaCode;

#[test]
fn counts_and_nesting() {
    let london = Geography::london();
    let counts: Vec<(&str, usize)> =
        london.levels().iter().map(|level| (level.name(), level.len())).collect();
    assert_eq!(counts, [("borough", 33), ("msoa", 983), ("lsoa", 4_835)]);
    assert_eq!((london.name(), london.time_zone()), ("London", "Europe/London"));
    assert_eq!(london.leaf_count(), 4_835);
    let mut next = 0;
    for borough in london.level(london.coarsest()).indices() {
        let leaves = london.leaves(borough);
        assert_eq!(leaves.start, next, "leaves follow each other");
        next = leaves.end;
        let of_parts: usize = london.children(borough).map(|msoa| london.leaves(msoa).len()).sum();
        assert_eq!(of_parts, leaves.len());
        for msoa in london.children(borough) {
            assert_eq!(london.parent(msoa), Some(borough));
            let name = &london.area(borough).name;
            assert!(london.area(msoa).name.starts_with(name.as_str()), "{}", london.area(msoa).name);
        }
    }
    assert_eq!(next, 4_835);
    for (number, area) in london.areas().iter().enumerate() {
        let index = geography::AreaIndex(number as u32);
        assert_eq!(london.index_of(&area.code), Some(index));
        assert_eq!(london.areas_of(area.level)[london.place_in_level(index)].code, area.code);
    }
    for number in 0..london.leaf_count() {
        assert_eq!(london.leaf_number(london.leaf(number)), Some(number));
    }
}

#[test]
fn codes_are_as_published() {
    let london = Geography::london();
    for (code, name, around) in [
        ("E09000012", "Hackney", None),
        ("E02000001", "City of London 001", Some("E09000001")),
        ("E02006921", "Hackney 029", Some("E09000012")),
        ("E01000001", "City of London 001A", Some("E02000001")),
    ] {
        let index = london.index_of(&AreaCode::parse(code).unwrap()).unwrap();
        assert_eq!(london.area(index).name, name);
        assert_eq!(london.parent(index).map(|around| london.area(around).code.as_str()), around);
    }
    let names: HashSet<&str> = london.areas().iter().map(|area| area.name.as_str()).collect();
    assert_eq!(names.len(), 33 + 983 + 4_835, "names are distinct");
}

#[test]
fn every_label_is_in_its_area() {
    let london = Geography::london();
    for level in london.level_indices() {
        for area in london.level(level).indices() {
            let (lat, lon) = london.label_position(area);
            let leaf = london.leaf_at(lat, lon).unwrap();
            assert_eq!(london.at_level(leaf, level), Some(area), "{}", london.area(area).code);
        }
    }
}

#[test]
fn places_that_everybody_knows() {
    let london = Geography::london();
    let check = |lat: f64, lon: f64, borough: Option<&str>| {
        let leaf = london.leaf_at(lat, lon);
        let found = leaf.and_then(|leaf| london.at_level(leaf, london.coarsest()));
        assert_eq!(found.map(|found| london.area(found).name.as_str()), borough, "{lat} {lon}");
    };
    check(51.5014, -0.1419, Some("Westminster"));
    check(51.5138, -0.0984, Some("City of London"));
    check(51.4700, -0.4543, Some("Hillingdon"));
    check(51.4769, -0.0005, Some("Greenwich"));
    check(51.5450, -0.0553, Some("Hackney"));
    check(51.7520, -1.2577, None);
    check(f64::NAN, 0.0, None);
    check(90.0, 0.0, None);
    // In the middle of the Thames there is no area, but one is near.
    assert_eq!(london.leaf_at(51.5085, -0.1195), None);
    let (_, metres) = london.nearest_leaf(51.5085, -0.1195, 500.0).unwrap();
    assert!((1.0..300.0).contains(&metres), "{metres}");
    assert_eq!(london.nearest_leaf(51.7520, -1.2577, 1_000.0), None);
}

/// Homes, moorings and other addresses by the water: the outlines are generalised, and cut off along the banks.
const BY_THE_WATER: [(&str, f64, f64, &str); 22] = [
    ("South Bank by St Thomas' Hospital", 51.5000, -0.1200, "Lambeth"),
    ("County Hall", 51.5019, -0.1192, "Lambeth"),
    ("Oxo Tower Wharf", 51.5083, -0.1083, "Southwark"),
    ("Globe Theatre", 51.5081, -0.0972, "Southwark"),
    ("Butler's Wharf", 51.5037, -0.0732, "Southwark"),
    ("Hermitage moorings", 51.5032, -0.0676, "Tower Hamlets"),
    ("Wapping Pierhead", 51.5034, -0.0610, "Tower Hamlets"),
    ("Limehouse, Narrow Street", 51.5096, -0.0372, "Tower Hamlets"),
    ("Millbank Tower", 51.4916, -0.1253, "Westminster"),
    ("Dolphin Square", 51.4856, -0.1355, "Westminster"),
    ("St George Wharf Tower", 51.4857, -0.1268, "Lambeth"),
    ("Nine Elms Pier", 51.4833, -0.1365, "Wandsworth"),
    ("Battersea Power Station", 51.4827, -0.1449, "Wandsworth"),
    ("Cheyne Walk moorings", 51.4805, -0.1736, "Kensington and Chelsea"),
    ("Chelsea Harbour", 51.4753, -0.1812, "Hammersmith and Fulham"),
    ("Putney Wharf", 51.4672, -0.2150, "Wandsworth"),
    ("Hammersmith, Lower Mall", 51.4893, -0.2342, "Hammersmith and Fulham"),
    ("Chiswick Mall", 51.4880, -0.2470, "Hounslow"),
    ("Eel Pie Island", 51.4453, -0.3260, "Richmond upon Thames"),
    ("Richmond riverside", 51.4572, -0.3077, "Richmond upon Thames"),
    ("Trinity Buoy Wharf", 51.5078, 0.0085, "Tower Hamlets"),
    ("Royal Arsenal riverside", 51.4941, 0.0715, "Greenwich"),
];

#[test]
fn homes_by_the_water_are_in_the_area_beside_it() {
    let london = Geography::london();
    let mut farthest: f64 = 0.0;
    for (what, lat, lon, borough) in BY_THE_WATER {
        let (_, metres) = london.nearest_leaf(lat, lon, 1_000.0).unwrap();
        println!("{metres:>6.1} m  {what}");
        farthest = farthest.max(metres);
        let leaf = london.leaf_of_home(lat, lon).unwrap_or_else(|error| panic!("{what}: {error}"));
        let found = london.at_level(leaf, london.coarsest()).unwrap();
        assert_eq!(london.area(found).name, borough, "{what}");
    }
    // Some of them are outside every outline, or this tests nothing.
    assert!(farthest > 20.0, "{farthest}");
}

#[test]
fn what_is_off_the_map_is_refused_with_the_distance() {
    let london = Geography::london();
    let refused = |lat, lon| london.leaf_of_home(lat, lon).unwrap_err().to_string();
    let said = refused(51.7520, -1.2577);
    assert!(
        said.starts_with("lat 51.752, lon -1.2577 lies in no area of London: none is within 50 km"),
        "{said}"
    );
    // Slough is some kilometres west of Hillingdon.
    let error = london.leaf_of_home(51.5105, -0.5950).unwrap_err();
    let (nearest, metres) = error.nearest.clone().unwrap();
    assert!((4_000.0..9_000.0).contains(&metres), "{metres}");
    assert_eq!(
        error.to_string(),
        format!(
            "lat 51.5105, lon -0.595 lies in no area of London: the nearest, {nearest}, is {metres:.0} m away; allowed are 250 m"
        )
    );
    assert!(refused(f64::NAN, 0.0).contains("none is within 50 km"));
}

#[test]
fn near_is_a_neighbourhood() {
    let london = Geography::london();
    for area in london.areas().iter().filter(|area| area.level != london.coarsest()) {
        let near = area.near.as_deref().unwrap_or_else(|| panic!("nothing is near {}", area.name));
        assert_ne!(near, "London");
        assert!(near != "City of London" || area.name.starts_with("City of London"), "{}", area.name);
    }
    let boroughs = &london.areas_of(london.coarsest());
    assert!(boroughs.iter().all(|borough| borough.near.is_none()));
}

#[test]
fn shapes_for_the_page() {
    let london = Geography::london();
    let mut coarser: Option<usize> = None;
    for level in london.level_indices() {
        let shapes: serde_json::Value = serde_json::from_str(&london.shapes_json(level)).unwrap();
        let areas = shapes["areas"].as_array().unwrap();
        assert_eq!(areas.len(), london.level(level).len());
        let (w, h) = (shapes["grid"]["w"].as_f64().unwrap(), shapes["grid"]["h"].as_f64().unwrap());
        for (shape, area) in areas.iter().zip(london.areas_of(level)) {
            assert_eq!(shape[0], area.code.as_str());
            assert_eq!(shape[3].as_u64().map(|parent| parent as usize) < coarser, coarser.is_some());
            assert!(shape[4].as_f64().unwrap() <= w && shape[5].as_f64().unwrap() <= h);
            let rings = corners_of_path(shape[6].as_str().unwrap());
            assert!(rings.iter().all(|ring| ring.len() >= 3));
            let within =
                rings.iter().flatten().all(|&(x, y)| (0.0..=w).contains(&x) && (0.0..=h).contains(&y));
            assert!(within, "{} leaves the grid", area.code);
        }
        coarser = Some(areas.len());
        assert_eq!(london.crossings(level), []);
        assert_eq!(london.ground_units(level).iter().sum::<i64>(), london.outline_units(level));
    }
}

/// Reads a path as a browser does: `M x y l dx dy ... z`, numbers apart by a space or a minus sign.
fn corners_of_path(path: &str) -> Vec<Vec<(f64, f64)>> {
    let rings = path.split('M').skip(1);
    rings
        .map(|ring| {
            let (first, steps) =
                ring.strip_suffix('z').and_then(|ring| ring.split_once('l')).expect("M x y l ... z");
            let numbers = |text: &str| -> Vec<f64> {
                let spaced = text.replace('-', " -");
                spaced.split_whitespace().map(|number| number.parse().expect("a number")).collect()
            };
            let first = numbers(first);
            let mut at = (first[0], first[1]);
            let mut corners = vec![at];
            for step in numbers(steps).chunks(2) {
                at = (at.0 + step[0], at.1 + step[1]);
                corners.push(at);
            }
            corners
        })
        .collect()
}

#[test]
fn geojson_can_be_imported_again() {
    let london = Geography::london();
    for level in london.level_indices() {
        let text = london.geojson(level);
        let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
        for feature in parsed["features"].as_array().unwrap() {
            let geometry = &feature["geometry"];
            let polygons = match geometry["type"].as_str().unwrap() {
                "Polygon" => vec![geometry["coordinates"].clone()],
                _ => geometry["coordinates"].as_array().unwrap().clone(),
            };
            for polygon in polygons {
                for (place, ring) in polygon.as_array().unwrap().iter().enumerate() {
                    let outer = place == 0;
                    assert_eq!(is_counterclockwise(ring), outer, "{}", feature["id"]);
                }
            }
        }
        let options =
            ImportOptions { time_zone: Some("Europe/London".to_owned()), ..ImportOptions::default() };
        let (again, report) = Geography::from_geojson(&text, &options).unwrap();
        assert_eq!(report.left_out, []);
        assert_eq!(report.overlaps, []);
        assert_eq!(again.leaf_count() as usize, london.level(level).len());
        for area in again.areas_of(again.finest()) {
            let shipped = london.area(london.index_of(&area.code).unwrap());
            assert_eq!((&area.name, &area.near), (&shipped.name, &shipped.near));
        }
    }
}

fn is_counterclockwise(ring: &serde_json::Value) -> bool {
    let at = |position: &serde_json::Value| [0, 1].map(|part| position[part].as_f64().expect("a number"));
    let corners: Vec<[f64; 2]> = ring.as_array().expect("a ring").iter().map(at).collect();
    assert_eq!(corners.first(), corners.last());
    let [x0, y0] = corners[0];
    let doubled = |e: &[[f64; 2]]| (e[0][0] - x0) * (e[1][1] - y0) - (e[1][0] - x0) * (e[0][1] - y0);
    corners.windows(2).map(doubled).sum::<f64>() > 0.0
}

/// Checks the first hits of a query: kind, label, detail.
fn check_search(query: &str, expect: &[(&str, &str, &str)]) {
    let hits = Geography::london().search(query, 8);
    let found: Vec<(&str, &str, &str)> =
        hits.iter().take(expect.len()).map(|hit| (hit.kind.as_str(), &*hit.label, &*hit.detail)).collect();
    assert_eq!(found, expect, "{query}: {hits:#?}");
}

#[test]
fn searching() {
    check_search(
        "Hackney",
        &[
            ("area", "Hackney", "Borough"),
            ("place", "Hackney", "Place in Hackney"),
            ("area", "Hackney 001", "Neighbourhood near Stamford Hill, Hackney"),
        ],
    );
    check_search("hackney 12", &[("area", "Hackney 012", "Neighbourhood near Stamford Hill, Hackney")]);
    check_search("12 hackney", &[("area", "Hackney 012", "Neighbourhood near Stamford Hill, Hackney")]);
    // On the way there.
    for begun in ["hackney 0", "hackney 00"] {
        check_search(begun, &[("area", "Hackney", "Borough")]);
    }
    check_search("hackney 012c", &[("area", "Hackney 012C", "Street area near Highbury, Hackney")]);
    // Two places of one name are told apart, the larger one first.
    check_search(
        "hayes",
        &[("place", "Hayes", "Place in Hillingdon"), ("place", "Hayes", "Place in Bromley")],
    );
    // Neighbourhoods near a place come after the place.
    check_search(
        "peckham",
        &[
            ("place", "Peckham", "Place in Southwark"),
            ("area", "Southwark 013", "Neighbourhood near Peckham, Southwark"),
        ],
    );
    check_search("kings cross", &[("place", "King's Cross", "Place in Camden")]);
    check_search("saint helier", &[("place", "St. Helier", "Place in Sutton")]);
    check_search("hammersmith & fulham", &[("area", "Hammersmith and Fulham", "Borough")]);
    check_search("tower", &[("area", "Tower Hamlets", "Borough")]);
    check_search("thames richmond", &[("area", "Richmond upon Thames", "Borough")]);
    check_search(
        "e01000001",
        &[("area", "City of London 001A", "Street area near Barbican, City of London")],
    );
}

#[test]
fn searching_with_mistakes() {
    check_search("wesminster", &[("area", "Westminster", "Borough")]);
    check_search("hacknye", &[("area", "Hackney", "Borough")]);
    check_search("twickenam", &[("place", "Twickenham", "Place in Richmond upon Thames")]);
    check_search("walthamstw", &[("place", "Walthamstow", "Place in Waltham Forest")]);
}

#[test]
fn searching_postcodes() {
    let sector = ("postcode_sector", "E8 3", "Postcodes in Hackney, near Hackney");
    check_search("E8 3AB", &[sector]);
    check_search("e83ab", &[sector]);
    check_search("e8 3", &[sector]);
    let hits = Geography::london().search("e8", 8);
    let labels: Vec<&str> = hits.iter().map(|hit| hit.label.as_str()).collect();
    assert_eq!(labels, ["E8 1", "E8 2", "E8 3", "E8 4", "E8 9"]);
    assert!(hits.iter().all(|hit| hit.area.is_some()));
}

#[test]
fn nothing_is_found_for_nothing() {
    let london = Geography::london();
    for query in ["", "   ", "·", "qqqqqqqqq", "\u{0}"] {
        assert_eq!(london.search(query, 8), [], "{query:?}");
    }
    assert_eq!(london.search("hackney", 0), []);
    assert_eq!(london.search(&"h".repeat(100_000), 8), []);
    let outside = london.search("M1 1AE", 8);
    assert_eq!((outside[0].kind, outside[0].area), (HitKind::PostcodeSector, None));
    assert_eq!(outside[0].detail, "Postcodes outside London, or not known here");
}

#[test]
fn it_is_quick() {
    let stored = Geography::london().to_bytes();
    let start = Instant::now();
    let london = Geography::from_bytes(&stored).unwrap();
    println!("loaded in {:?}", start.elapsed());
    for step in ["index and first search", "second search"] {
        let start = Instant::now();
        assert!(!london.search("wesminster 18", 8).is_empty());
        println!("{step}: {:?}", start.elapsed());
    }
    let start = Instant::now();
    for number in 0..london.leaf_count() {
        let (lat, lon) = london.label_position(london.leaf(number));
        assert!(london.leaf_at(lat, lon).is_some());
    }
    println!("{} places looked up, index and all: {:?}", london.leaf_count(), start.elapsed());
}
