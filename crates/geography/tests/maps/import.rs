//! Imports of others' GeoJSON: what is guessed, repaired, refused.

use geography::{Geography, GeographyError, ImportOptions, LevelNames, ParentProperty};
use serde_json::{Value, json};

/// Two neighbouring squares, 0.01 degrees wide, with what else is given.
fn square(west: f64) -> Value {
    let (east, south, north) = (west + 0.01, 51.0, 51.01);
    json!([[[west, south], [east, south], [east, north], [west, north], [west, south]]])
}

fn feature(properties: Value, coordinates: Value) -> Value {
    json!({"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": coordinates}})
}

fn collection(features: &[Value]) -> String {
    json!({"type": "FeatureCollection", "features": features}).to_string()
}

fn two_squares() -> [Value; 2] {
    [
        feature(json!({"code": "A", "name": "Ash", "parent": "P"}), square(0.0)),
        feature(json!({"code": "B", "name": "Beech", "parent": "P"}), square(0.01)),
    ]
}

/// Refusals of an import, as text.
fn refusal(text: &str, options: &ImportOptions) -> String {
    Geography::from_geojson(text, options)
        .map(|(_, report)| report.to_string())
        .expect_err("to be refused")
        .to_string()
}

#[test]
fn guesses_are_told() {
    let (geography, report) =
        Geography::from_geojson(&collection(&two_squares()), &ImportOptions::default()).unwrap();
    assert_eq!(
        report.to_string(),
        "areas: 1 of level district, 2 of level area\n\
         guessed: the code is in the property \"code\"\n\
         guessed: the name is in the property \"name\"\n\
         guessed: the parent is in the property \"parent\"\n"
    );
    assert_eq!((geography.name(), geography.time_zone()), ("this area", "UTC"));
    let beech = geography.leaf_at(51.005, 0.015).unwrap();
    assert_eq!(geography.area(beech).name, "Beech");
    assert_eq!(geography.area(geography.parent(beech).unwrap()).code.as_str(), "P");
}

#[test]
fn british_codes_are_known() {
    let features = [feature(
        json!({
            "OBJECTID": 1, "LSOA21CD": "E01000001", "LSOA21NM": "City of London 001A", "MSOA21CD": "E02000001",
            "MSOA21NM": "City of London 001", "LAD22CD": "E09000001", "LAD22NM": "City of London", "LAD22NMW": "x"
        }),
        square(0.0),
    )];
    let (geography, report) =
        Geography::from_geojson(&collection(&features), &ImportOptions::default()).unwrap();
    let levels: Vec<&str> = report.levels.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(levels, ["lad", "msoa", "lsoa"]);
    let names: Vec<&str> = geography.areas().iter().map(|area| area.name.as_str()).collect();
    assert_eq!(names, ["City of London", "City of London 001", "City of London 001A"]);
}

#[test]
fn told_properties_and_levels() {
    let features = [
        feature(json!({"k": 7, "n": "Seven", "ward": "W1", "wn": "First ward", "town": "T"}), square(0.0)),
        feature(json!({"k": 8, "n": "Eight", "ward": "W2", "town": "T"}), square(0.01)),
    ];
    let options = ImportOptions {
        name: Some("Twoville".to_owned()),
        code: Some("k".to_owned()),
        area_name: Some("n".to_owned()),
        parents: vec![ParentProperty::parse("ward:wn"), ParentProperty::parse("town")],
        levels: ["town", "ward", "block:block:blocks"].map(LevelNames::parse).to_vec(),
        ..ImportOptions::default()
    };
    let (geography, report) = Geography::from_geojson(&collection(&features), &options).unwrap();
    assert_eq!(report.guessed, []);
    let names: Vec<&str> = geography.areas().iter().map(|area| area.name.as_str()).collect();
    assert_eq!(names, ["T", "First ward", "W2", "Seven", "Eight"]);
    let town = geography.level(geography.coarsest()).indices().next().unwrap();
    assert_eq!(geography.leaves(town), 0..2);
    let unknown = ImportOptions { code: Some("kk".to_owned()), ..options.clone() };
    assert_eq!(
        refusal(&collection(&features), &unknown),
        "no property \"kk\" (code) in any feature; there are k, n, town, ward, wn"
    );
    let too_few = ImportOptions { levels: vec![LevelNames::parse("block")], ..options };
    assert!(
        refusal(&collection(&features), &too_few).starts_with("level names: 1 are given, but there are 3")
    );
}

#[test]
fn what_is_repaired() {
    let clockwise = json!([[[0.0, 51.0], [0.0, 51.01], [0.01, 51.01], [0.01, 51.01], [0.01, 51.0]]]);
    let spiked = json!([
        [
            [0.01, 51.0],
            [0.02, 51.0],
            [0.02, 51.01],
            [0.015, 51.01],
            [0.015, 51.02],
            [0.015, 51.01],
            [0.01, 51.01],
            [0.01, 51.0]
        ],
        [[0.012, 51.002], [0.014, 51.002], [0.012, 51.002], [0.012, 51.002]]
    ]);
    let features =
        [feature(json!({"code": "A"}), clockwise), feature(json!({"code": "B", "name": "Beech"}), spiked)];
    let (geography, report) =
        Geography::from_geojson(&collection(&features), &ImportOptions::default()).unwrap();
    let repaired: Vec<String> =
        report.repaired.iter().map(|repaired| format!("{} {}", repaired.code, repaired.repair)).collect();
    for expect in [
        "A closed a ring",
        "A turned a ring around",
        "A dropped a repeated point",
        "A has no name: called by its code",
        "B dropped a repeated point",
        "B dropped a ring without area",
    ] {
        assert!(repaired.contains(&expect.to_owned()), "{expect} of {repaired:#?}");
    }
    assert_eq!(geography.leaf_count(), 2);
    let ground = geography.ground_units(geography.finest());
    assert!((ground[0] - ground[1]).abs() * 100 < ground[0], "{ground:?}: two squares of the same size");
}

#[test]
fn repairs_are_told_by_kind() {
    let clockwise = |west: f64| {
        let mut ring = square(west);
        ring[0].as_array_mut().expect("a ring").reverse();
        ring
    };
    let squares: Vec<Value> =
        (0..7).map(|number| feature(json!({"code": number}), clockwise(f64::from(number) / 100.0))).collect();
    let (_, report) = Geography::from_geojson(&collection(&squares), &ImportOptions::default()).unwrap();
    let expect = "repaired: turned a ring around: feature 0 (0), feature 1 (1), feature 2 (2), feature 3 (3), \
                  feature 4 (4) and 2 more\n";
    assert!(report.to_string().contains(expect), "{report}");
}

#[test]
fn polygons_of_one_area() {
    let ring = |low: f64, high: f64, clockwise: bool| {
        let mut ring = vec![[low, 51.0 + low], [high, 51.0 + low], [high, 51.0 + high], [low, 51.0 + high]];
        ring.push(ring[0]);
        if clockwise {
            ring.reverse();
        }
        json!([ring])
    };
    let area = |polygons: Value| {
        let geometry = json!({"type": "MultiPolygon", "coordinates": polygons});
        collection(&[
            json!({"type": "Feature", "properties": {"code": "A", "name": "Ash"}, "geometry": geometry}),
        ])
    };
    // A hole that was written as a polygon, as some conversions do: it turns against the one around it.
    let text = area(json!([ring(0.0, 0.03, true), ring(0.01, 0.02, false)]));
    let (geography, report) = Geography::from_geojson(&text, &ImportOptions::default()).unwrap();
    assert!(report.to_string().contains("took a polygon within another for the hole that it is"), "{report}");
    assert!(geography.leaf_at(51.005, 0.005).is_some() && geography.leaf_at(51.015, 0.015).is_none());
    // Turning the same way it overlaps.
    let text = area(json!([ring(0.0, 0.03, false), ring(0.01, 0.02, false)]));
    assert!(refusal(&text, &ImportOptions::default()).contains("rings that do not nest"));
    // Two halves, one of which turns the wrong way, become one ring.
    let mut other = square(0.01);
    other[0].as_array_mut().expect("a ring").reverse();
    let text = area(json!([square(0.0), other]));
    let (geography, _) = Geography::from_geojson(&text, &ImportOptions::default()).unwrap();
    let path = geography.path(geography.leaf(0));
    assert_eq!(path.matches('M').count(), 1, "{path}");
    // The same polygon twice.
    let text = area(json!([square(0.0), square(0.0)]));
    assert!(refusal(&text, &ImportOptions::default()).contains("rings that do not nest"));
}

#[test]
fn a_neighbours_corner_on_an_edge_is_shared() {
    let tall = json!([[[0.0, 51.0], [0.01, 51.0], [0.01, 51.02], [0.0, 51.02], [0.0, 51.0]]]);
    let north = json!([[[0.01, 51.01], [0.02, 51.01], [0.02, 51.02], [0.01, 51.02], [0.01, 51.01]]]);
    let features = [
        feature(json!({"code": "A", "name": "Ash"}), tall),
        feature(json!({"code": "B", "name": "Beech"}), square(0.01)),
        feature(json!({"code": "C", "name": "Cherry"}), north),
    ];
    let (geography, report) =
        Geography::from_geojson(&collection(&features), &ImportOptions::default()).unwrap();
    assert_eq!(report.overlaps, []);
    assert_eq!(report.repaired[0].repair.to_string(), "shared a neighbour's corner");
    assert_eq!(geography.crossings(geography.finest()), []);
}

#[test]
fn what_is_refused() {
    let bow_tie = json!([[[0.0, 51.0], [0.01, 51.01], [0.01, 51.0], [0.0, 51.01], [0.0, 51.0]]]);
    let line = json!([[[0.0, 51.0], [0.01, 51.01], [0.0, 51.0]]]);
    let flat = json!([[[0.0, 51.0], [0.01, 51.0], [0.02, 51.0], [0.0, 51.0]]]);
    let hole_outside =
        json!([square(0.0)[0], [[0.02, 51.0], [0.02, 51.005], [0.025, 51.005], [0.025, 51.0], [0.02, 51.0]]]);
    let cases: [(&str, Value, &str); 9] = [
        (
            "bow tie",
            feature(json!({"code": "X", "parent": "P"}), bow_tie),
            "feature 2 (X): intersects itself near latitude 51.00500, longitude 0.00500",
        ),
        (
            "line",
            feature(json!({"code": "X", "parent": "P"}), line),
            "feature 2 (X): has a ring of 3 points; allowed are 4 and more",
        ),
        ("flat", feature(json!({"code": "X", "parent": "P"}), flat), "feature 2 (X): has no area"),
        (
            "hole",
            feature(json!({"code": "X", "parent": "P"}), hole_outside),
            "feature 2 (X): has rings that do not nest",
        ),
        (
            "same ground",
            feature(json!({"code": "X", "parent": "P"}), square(0.0)),
            "feature 2 (X): lies on the same side of the same border as A",
        ),
        (
            "same code",
            feature(json!({"code": "A", "parent": "P"}), square(0.03)),
            "feature 2 (A): has the same code as an earlier feature",
        ),
        (
            "code of a parent",
            feature(json!({"code": "P", "parent": "P"}), square(0.03)),
            "feature 2 (P): has the same code as an area of a coarser level",
        ),
        (
            "no parent",
            feature(json!({"code": "X"}), square(0.03)),
            "feature 2 (X): has no \"parent\", which is to be its parent's code",
        ),
        (
            "bad code",
            feature(json!({"code": "X Y", "parent": "P"}), square(0.03)),
            "feature 2 (X Y): its code contains ' '; allowed are A-Z a-z 0-9 and ._:-",
        ),
    ];
    for (what, third, expect) in cases {
        let [one, two] = two_squares();
        let text = collection(&[one, two, third]);
        let refused = refusal(&text, &ImportOptions::default());
        assert!(
            refused.starts_with("1 area cannot be used:\n  ") && refused.contains(expect),
            "{what}: {refused}"
        );
        let lenient = ImportOptions { leave_out: true, ..ImportOptions::default() };
        let (geography, report) = Geography::from_geojson(&text, &lenient).unwrap();
        assert_eq!((geography.leaf_count(), report.left_out.len()), (2, 1), "{what}");
    }
}

#[test]
fn other_geometries_are_refused_by_name() {
    let point = json!({"type": "Feature", "properties": {"code": "X"}, "geometry": {"type": "Point", "coordinates": [0, 51]}});
    let nothing = json!({"type": "Feature", "properties": {"code": "Y"}, "geometry": null});
    let empty = json!({"type": "Feature", "properties": {"code": "Z"}, "geometry": {"type": "MultiPolygon", "coordinates": []}});
    let refused = refusal(&collection(&[point, nothing, empty]), &ImportOptions::default());
    assert_eq!(
        refused,
        "3 areas cannot be used:\n  feature 0 (X): has no polygon but a Point\n  \
         feature 1 (Y): has no polygon but no geometry\n  feature 2 (Z): has no polygon but an empty MultiPolygon"
    );
}

#[test]
fn parents_nest() {
    let features = [
        feature(json!({"code": "A", "p": "P", "g": "G"}), square(0.0)),
        feature(json!({"code": "B", "p": "P", "g": "H"}), square(0.01)),
    ];
    let options =
        ImportOptions { parents: ["p", "g"].map(ParentProperty::parse).to_vec(), ..ImportOptions::default() };
    let refused = refusal(&collection(&features), &options);
    assert!(refused.contains("feature 1 (B): its parent P lies in H here and in G elsewhere"), "{refused}");
}

#[test]
fn only_wgs84() {
    let with_crs = |name: &str| {
        let features = two_squares();
        json!({"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": name}}, "features": features})
            .to_string()
    };
    for name in ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326"] {
        assert!(Geography::from_geojson(&with_crs(name), &ImportOptions::default()).is_ok(), "{name}");
    }
    for name in ["urn:ogc:def:crs:EPSG::27700", "EPSG:3857", "EPSG:14326x"] {
        let refused = refusal(&with_crs(name), &ImportOptions::default());
        assert!(refused.contains(name) && refused.contains("nothing is reprojected"), "{refused}");
    }
    let metres = json!([[[530_000, 180_000], [531_000, 180_000], [531_000, 181_000], [530_000, 180_000]]]);
    let refused = refusal(&collection(&[feature(json!({"code": "A"}), metres)]), &ImportOptions::default());
    assert!(refused.starts_with("feature 0 has the coordinate [530000, 180000]"), "{refused}");
}

#[test]
fn not_geojson() {
    for (text, expect) in [
        ("", "not GeoJSON: EOF while parsing"),
        ("[]", "not GeoJSON: "),
        ("{}", "the member `type` is not \"FeatureCollection\""),
        (r#"{"type":"FeatureCollection","features":[]}"#, "the member `features` has none"),
        (
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":1},"geometry":{"type":"Polygon","coordinates":[[["a",1]]]}}]}"#,
            "feature 0 (1): its coordinates are no polygons: invalid type: string \"a\", expected f64",
        ),
        (
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":null},"geometry":null}]}"#,
            "which property is the code of an area? Say it with --code PROPERTY (wattmap import geography); there are none",
        ),
        (
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"wijk":"A","naam":"b"},"geometry":null}]}"#,
            "Say it with --code PROPERTY (wattmap import geography); there are naam, wijk",
        ),
    ] {
        let refused = refusal(text, &ImportOptions::default());
        assert!(refused.contains(expect), "{text}: {refused}");
    }
}

#[test]
fn overlaps_are_told_not_refused() {
    let big = json!([[[0.0, 51.0], [0.05, 51.0], [0.05, 51.05], [0.0, 51.05], [0.0, 51.0]]]);
    let inside = json!([[[0.01, 51.01], [0.02, 51.01], [0.02, 51.02], [0.01, 51.02], [0.01, 51.01]]]);
    let across = json!([[[0.04, 51.04], [0.06, 51.04], [0.06, 51.06], [0.04, 51.06], [0.04, 51.04]]]);
    let features = [
        feature(json!({"code": "A"}), big),
        feature(json!({"code": "B"}), inside),
        feature(json!({"code": "C"}), across),
    ];
    let (_, report) = Geography::from_geojson(&collection(&features), &ImportOptions::default()).unwrap();
    let overlaps: Vec<String> = report.overlaps.iter().map(|(one, other)| format!("{one}{other}")).collect();
    assert_eq!(overlaps, ["AB", "AC"]);
}

#[test]
fn stored_and_geojson_are_told_apart() {
    let (geography, _) =
        Geography::from_geojson(&collection(&two_squares()), &ImportOptions::default()).unwrap();
    let stored = geography.to_bytes();
    let (again, report) = Geography::from_file(&stored, &ImportOptions::default()).unwrap();
    assert!(report.is_none());
    assert_eq!(again.to_bytes(), stored);
    let (_, report) =
        Geography::from_file(collection(&two_squares()).as_bytes(), &ImportOptions::default()).unwrap();
    assert!(report.is_some());
    let neither = Geography::from_file(&[0xff, 0xfe, 0x00], &ImportOptions::default());
    assert!(matches!(neither, Err(GeographyError::NotFeatures(_))));
    let mut newer = stored;
    newer[8] += 1;
    let refused = Geography::from_file(&newer, &ImportOptions::default()).unwrap_err().to_string();
    assert_eq!(
        refused,
        "stored geography: is of version 2; version 1 can be read: import the geography again"
    );
}
