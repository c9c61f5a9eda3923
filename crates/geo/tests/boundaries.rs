//! Boundaries as people hold them: cells of WKT and files of four formats, good and broken.
#![allow(clippy::unwrap_used, clippy::float_cmp)]

use std::fs;
use std::path::{Path, PathBuf};

use kandeng_geo::{
    Boundary, Datum, Format, GeoError, Warning, area_m2, is_boundary_file, parse_wkt, to_wkt,
};
use proptest::prelude::*;

/// Square metres of the field in the fixtures by PROJ 9.5, and of its pond.
const FIELD_M2: f64 = 22_512.077;
const POND_M2: f64 = 417.857;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn read(name: &str, datum: Option<Datum>) -> Boundary {
    Boundary::from_file(&fixture(name), datum).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[track_caller]
fn assert_area(boundary: &Boundary, expected: f64, tolerance: f64) {
    let found = area_m2(&boundary.area);
    assert!((found - expected).abs() < tolerance, "{found} m²");
}

fn wkt(text: &str) -> Result<Boundary, GeoError> {
    Boundary::from_wkt(text, Datum::Wgs84)
}

// ---- WKT

#[test]
fn a_polygon_and_a_multipolygon_are_read() {
    let one = wkt("POLYGON ((105 32, 105.01 32, 105.01 32.01, 105 32.01, 105 32))").unwrap();
    let two =
        wkt("MultiPolygon(((105 32,105.01 32,105.01 32.01)),((106 32,106.01 32,106.01 32.01)))")
            .unwrap();
    assert_eq!((one.area.0.len(), two.area.0.len()), (1, 2));
    assert!(one.warnings.is_empty() && two.warnings.is_empty());
}

#[test]
fn heights_wide_brackets_and_an_srid_are_understood() {
    let plain = wkt("POLYGON((105 32,105.01 32,105.01 32.01))").unwrap();
    assert_eq!(
        wkt("POLYGON Z((105 32 500,105.01 32 501,105.01 32.01 502))").unwrap(),
        plain
    );
    // Heights that nothing announces, as many programs write them.
    for heights in [
        "POLYGON((105 32 500,105.01 32 501,105.01 32.01 502))",
        "polygon ((105 32 500 1,105.01 32 501 2,105.01 32.01 502 3))",
        "MULTIPOLYGON ( ((105 32 500,105.01 32 501,105.01 32.01 502)) )",
        "POLYGONZ((105 32 500,105.01 32 501,105.01 32.01 502))",
    ] {
        assert_eq!(wkt(heights).as_ref(), Ok(&plain), "{heights}");
    }
    assert!(wkt("POLYGON((105 32 500,105.01 32,105.01 32.01 502))").is_err());
    assert_eq!(
        wkt("POLYGON（（105 32，105.01 32，105.01 32.01））").unwrap(),
        plain
    );
    assert_eq!(
        wkt("SRID=4490;POLYGON((105 32,105.01 32,105.01 32.01))").unwrap(),
        plain
    );
}

#[test]
fn the_srid_or_the_named_datum_brings_metres_to_degrees() {
    let metres = "POLYGON((550000 3573000,550100 3573000,550100 3573100,550000 3573100))";
    let zone = Datum::parse("4544").unwrap();
    let named = Boundary::from_wkt(metres, zone).unwrap();
    assert_area(&named, 10_000.0, 2.0);
    assert_eq!(wkt(&format!("SRID=4544;{metres}")).unwrap(), named);
    let contradiction = Boundary::from_wkt(&format!("SRID=4523;{metres}"), zone);
    assert!(matches!(
        contradiction,
        Err(GeoError::DatumContradicts { .. })
    ));
}

#[test]
fn phone_positions_are_shifted_back() {
    let phone = Boundary::from_wkt(
        "POLYGON((116.38404722 39.91334546,116.39 39.91,116.39 39.92))",
        Datum::Gcj02,
    )
    .unwrap();
    let first = phone.area.0[0].exterior().0[0];
    assert!((first.x - 116.377_817).abs() < 1e-7 && (first.y - 39.911_954).abs() < 1e-7);
}

#[test]
fn swapped_axes_and_metres_are_errors_of_their_own() {
    assert!(matches!(
        wkt("POLYGON((32 105,32 105.01,32.01 105.01))"),
        Err(GeoError::SwappedAxes { .. })
    ));
    assert!(matches!(
        wkt("POLYGON((35550000 3573000,35550100 3573000,35550100 3573100))"),
        Err(GeoError::LooksProjected { suggestion: Some(zone), .. }) if zone == "EPSG:4523"
    ));
}

#[test]
fn a_place_outside_china_is_a_warning() {
    let boundary = wkt("POLYGON((2 48,2.01 48,2.01 48.01))").unwrap();
    assert_eq!(
        boundary.warnings,
        [Warning::OutsideChina {
            lon: 2.0,
            lat: 48.0
        }]
    );
}

#[test]
fn points_lines_and_other_words_are_no_area() {
    for text in [
        "POINT(105 32)",
        "LINESTRING(105 32,105.1 32)",
        "GEOMETRYCOLLECTION(POLYGON((105 32,105.01 32,105.01 32.01)))",
        "村东头",
        "",
        "见附件",
    ] {
        assert!(
            matches!(wkt(text), Err(GeoError::NotAnArea { .. })),
            "{text}: {:?}",
            wkt(text)
        );
    }
}

#[test]
fn broken_text_says_what_is_wrong_with_it() {
    for text in [
        "POLYGON((105 32,105.01 32,105.01 32.01)",
        "POLYGON((105 32,105.01 32,105.01 32.01)))",
        "POLYGON((105 32,105.01 32,105.01 32.01)),POLYGON((106 32,106.01 32,106.01 32.01))",
        "POLYGON((105 32,abc 32,105.01 32.01))",
        "POLYGON((105,105.01,105.01))",
        "POLYGON((((((105 32,105.01 32,105.01 32.01))))))",
    ] {
        assert!(
            matches!(
                wkt(text),
                Err(GeoError::Syntax {
                    format: Format::Wkt,
                    ..
                })
            ),
            "{text}: {:?}",
            wkt(text)
        );
    }
}

#[test]
fn rings_that_enclose_nothing_are_dropped_and_said_or_refused_when_nothing_is_left() {
    for text in [
        "POLYGON((105 32,105.01 32,105 32))",
        "POLYGON((105 32,105 32,105 32,105 32))",
        "POLYGON EMPTY",
        "MULTIPOLYGON EMPTY",
    ] {
        assert!(
            matches!(wkt(text), Err(GeoError::TooFewPoints { .. })),
            "{text}: {:?}",
            wkt(text)
        );
    }
    let rest =
        wkt("POLYGON((105 32,105.01 32,105.01 32.01),(105.001 32.001,105.002 32.002))").unwrap();
    assert_eq!(rest.warnings, [Warning::RingDropped { points: 2 }]);
}

#[test]
fn figures_that_are_no_numbers_are_out_of_range() {
    assert!(wkt("POLYGON((105 32,1e999 32,105.01 32.01))").is_err());
    assert!(wkt("POLYGON((105 32,NaN 32,105.01 32.01))").is_err());
}

#[test]
fn limits_are_clear_errors() {
    let many: Vec<String> = (0..1_000_001)
        .map(|i| format!("{} {}", i % 90, i % 80))
        .collect();
    let text = format!("POLYGON(({}))", many.join(","));
    assert!(matches!(
        wkt(&text),
        Err(GeoError::TooManyVertices {
            limit: 1_000_000,
            ..
        })
    ));
    let part = "((105 32,105.01 32,105.01 32.01)),";
    let text = format!(
        "MULTIPOLYGON({})",
        part.repeat(10_001).trim_end_matches(',')
    );
    assert!(matches!(
        wkt(&text),
        Err(GeoError::TooManyRings { limit: 10_000, .. })
    ));
    let text = format!("POLYGON((105 32,{}105.01 32.01))", " ".repeat(64 << 20));
    assert!(matches!(wkt(&text), Err(GeoError::TooLarge { .. })));
}

#[test]
fn a_scribble_is_refused() {
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24)
    };
    let points: Vec<String> = (0..2_000)
        .map(|_| format!("{} {}", 105.0 + next(), 32.0 + next()))
        .collect();
    assert!(matches!(
        wkt(&format!("POLYGON(({}))", points.join(","))),
        Err(GeoError::TooTangled { .. })
    ));
}

// ---- files

#[test]
fn the_same_field_is_read_from_every_format() {
    // the walk ends a step beyond its start
    assert_area(&read("field.gpx", None), FIELD_M2, 30.0);
    assert_area(&read("field.geojson", None), FIELD_M2, 1e-3);
    assert_area(&read("field.kml", None), FIELD_M2 - POND_M2, 0.01);
    assert_area(&read("field-zone-35.shp", None), FIELD_M2, 0.05);
    assert_area(&read("field-degrees.shp", None), FIELD_M2, 0.05);
    assert_area(
        &read("field-meridian-105.shp", None),
        FIELD_M2 - POND_M2,
        0.05,
    );
    assert_area(
        &read("field-without-prj.shp", Datum::parse("4544").ok()),
        FIELD_M2,
        0.05,
    );
}

#[test]
fn what_was_put_right_in_a_track_is_said() {
    let warnings = read("field.gpx", None).warnings;
    assert_eq!(
        warnings,
        [
            Warning::SegmentsJoined { segments: 2 },
            Warning::NotAreasSkipped { count: 1 }
        ]
    );
}

#[test]
fn a_walk_that_ends_elsewhere_is_closed_and_said() {
    let gpx = r#"<gpx><rte><rtept lon="105.52" lat="32.28"/><rtept lon="105.53" lat="32.28"/><rtept lon="105.53" lat="32.29"/></rte></gpx>"#;
    let boundary = Boundary::from_gpx(gpx, None).unwrap();
    let [Warning::ClosedOverGap { gap_m }] = boundary.warnings[..] else {
        panic!("{:?}", boundary.warnings)
    };
    assert!((gap_m - 1_455.0).abs() < 5.0, "{gap_m}");
}

#[test]
fn a_kml_line_or_track_is_a_walk_and_a_point_is_no_area() {
    let line = "<kml><Placemark><LineString><coordinates>105.52,32.28 105.53,32.28 105.53, 32.29</coordinates></LineString></Placemark></kml>";
    assert_eq!(Boundary::from_kml(line, None).unwrap().area.0.len(), 1);
    let track = r#"<kml xmlns:gx="x"><gx:Track><gx:coord>105.52 32.28 5</gx:coord><gx:coord>105.53 32.28 5</gx:coord><gx:coord>105.53 32.29 5</gx:coord></gx:Track></kml>"#;
    assert_eq!(
        Boundary::from_kml(track, None).unwrap().area,
        Boundary::from_kml(line, None).unwrap().area
    );
    let point = "<kml><Point><coordinates>105.52,32.28</coordinates></Point></kml>";
    assert!(matches!(
        Boundary::from_kml(point, None),
        Err(GeoError::NotAnArea { .. })
    ));
}

#[test]
fn all_polygons_of_a_kml_count() {
    let part = |lon: f64| {
        format!(
            "<Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>{lon},32 {},32 {},32.01</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>",
            lon + 0.01,
            lon + 0.01
        )
    };
    let kml = format!("<kml><Folder>{}{}</Folder></kml>", part(105.0), part(106.0));
    assert_eq!(Boundary::from_kml(&kml, None).unwrap().area.0.len(), 2);
}

#[test]
fn a_file_that_is_cut_off_is_no_smaller_boundary() {
    let part = "<Polygon><outerBoundaryIs><LinearRing><coordinates>105,32 105.01,32 105.01,32.01</coordinates></LinearRing></outerBoundaryIs></Polygon>";
    let kml = format!("<kml><Folder>{part}{part}</Folder></kml>");
    let walk = r#"<trk><trkseg><trkpt lon="105" lat="32"/><trkpt lon="105.01" lat="32"/><trkpt lon="105.01" lat="32.01"></trkpt></trkseg></trk>"#;
    let gpx = format!("<gpx>{walk}{walk}</gpx>\n");
    assert!(Boundary::from_kml(&kml, None).is_ok() && Boundary::from_gpx(&gpx, None).is_ok());
    // Behind the first whole ring, wherever the file ends.
    for end in kml.find("</Polygon>").unwrap()..kml.len() - 1 {
        assert!(Boundary::from_kml(&kml[..end], None).is_err(), "{end}");
    }
    for end in gpx.find("</trk>").unwrap()..gpx.len() - 2 {
        assert!(Boundary::from_gpx(&gpx[..end], None).is_err(), "{end}");
    }
    let mut shp = fs::read(fixture("field-degrees.shp")).unwrap();
    shp.extend([0; 12]);
    let longer = Boundary::from_shapefile(&shp, None, Some(Datum::Wgs84));
    assert!(matches!(longer, Err(GeoError::Syntax { .. })));
}

#[test]
fn a_crs_counts_wherever_it_stands_in_a_geojson() {
    let crs = |name: &str| format!(r#""crs":{{"type":"name","properties":{{"name":"{name}"}}}}"#);
    let feature = |crs: &str| {
        format!(
            r#"{{"type":"Feature",{crs}"properties":null,"geometry":{{"type":"Polygon","coordinates":[[[105,32],[105.01,32],[105.01,32.01],[105,32]]]}}}}"#
        )
    };
    let all = |features: &[String]| {
        let features = features.join(",");
        let text = format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#);
        Boundary::from_geojson(&text, None)
    };
    let plain = feature("");
    let gcj = feature(&format!("{},", crs("GCJ-02")));
    let moved = all(std::slice::from_ref(&gcj)).unwrap();
    assert_ne!(moved.area, all(std::slice::from_ref(&plain)).unwrap().area);
    let old = feature(&format!("{},", crs("Xian 1980")));
    assert!(matches!(
        all(&[old]),
        Err(GeoError::UnsupportedDatum { .. })
    ));
    for mixed in [
        [plain.clone(), gcj.clone()],
        [gcj, feature(&format!("{},", crs("EPSG:4490")))],
    ] {
        assert!(matches!(all(&mixed), Err(GeoError::Syntax { .. })));
    }
    let linked = feature(r#""crs":{"type":"link","properties":{"href":"x"}},"#);
    assert!(matches!(all(&[linked]), Err(GeoError::Syntax { .. })));
    assert!(all(&[feature(r#""crs":null,"#)]).is_ok());
}

#[test]
fn a_geojson_geometry_feature_and_nested_collection_are_read() {
    let polygon =
        r#"{"type":"Polygon","coordinates":[[[105,32],[105.01,32],[105.01,32.01],[105,32]]]}"#;
    let feature = format!(r#"{{"type":"Feature","properties":null,"geometry":{polygon}}}"#);
    let nested = format!(r#"{{"type":"GeometryCollection","geometries":[{polygon}]}}"#);
    for text in [polygon, &feature, &nested] {
        assert_eq!(
            Boundary::from_geojson(text, None).unwrap().area.0.len(),
            1,
            "{text}"
        );
    }
    let multi = r#"{"type":"MultiPolygon","coordinates":[[[[105,32],[105.01,32],[105.01,32.01]]],[[[106,32],[106.01,32],[106.01,32.01]]]]}"#;
    assert_eq!(
        Boundary::from_geojson(multi, Some(Datum::Gcj02))
            .unwrap()
            .area
            .0
            .len(),
        2
    );
}

#[test]
fn a_datum_in_the_file_counts_and_may_not_be_contradicted() {
    let path = fixture("field.geojson");
    assert!(Boundary::from_file(&path, Some(Datum::Wgs84)).is_ok());
    assert!(matches!(
        Boundary::from_file(&path, Some(Datum::Gcj02)),
        Err(GeoError::DatumContradicts { .. })
    ));
    assert!(matches!(
        Boundary::from_file(&fixture("field-zone-35.shp"), Datum::parse("4544").ok()),
        Err(GeoError::DatumContradicts { .. })
    ));
}

#[test]
fn a_shapefile_without_prj_needs_a_datum() {
    assert_eq!(
        Boundary::from_file(&fixture("field-without-prj.shp"), None),
        Err(GeoError::DatumNeeded)
    );
}

#[test]
fn the_prj_says_the_zone_in_every_dialect() {
    let shp = fs::read(fixture("field-without-prj.shp")).unwrap();
    let prj = |name: &str| fs::read_to_string(fixture(name)).unwrap();
    // the field's eastings lie in a zone of 105° E; only the name of the found datum matters here
    for (name, found) in [
        ("cgcs2000-ogc.prj", "EPSG:4547"),
        ("cgcs2000-wkt2.prj", "EPSG:4526"),
        ("cgcs2000-6-degree.prj", "EPSG:4509"),
    ] {
        let error =
            Boundary::from_shapefile(&shp, Some(&prj(name)), Some(Datum::Gcj02)).unwrap_err();
        assert_eq!(
            error,
            GeoError::DatumContradicts {
                given: "GCJ-02".into(),
                found: found.into()
            }
        );
    }
    let old = Boundary::from_shapefile(&shp, Some(&prj("xian-1980.prj")), None);
    assert!(matches!(old, Err(GeoError::UnsupportedDatum { name }) if name.contains("Xian_1980")));
    // A datum named beside it does not make old coordinates new ones.
    let named =
        Boundary::from_shapefile(&shp, Some(&prj("xian-1980.prj")), Datum::parse("4544").ok());
    assert!(matches!(named, Err(GeoError::UnsupportedDatum { .. })));
    let unknown = Boundary::from_shapefile(&shp, Some("EPSG 4544"), Datum::parse("4544").ok());
    assert!(unknown.is_ok());
    assert!(matches!(
        Boundary::from_shapefile(&shp, Some("EPSG 4544"), None),
        Err(GeoError::Syntax {
            format: Format::Prj,
            ..
        })
    ));
}

#[test]
fn files_of_other_kinds_missing_files_and_folders_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("folder.kml")).unwrap();
    assert!(matches!(
        Boundary::from_file(&at("field.dwg"), None),
        Err(GeoError::UnsupportedFile { .. })
    ));
    assert!(matches!(
        Boundary::from_file(&at("missing.kml"), None),
        Err(GeoError::Unreadable { .. })
    ));
    assert!(matches!(
        Boundary::from_file(&at("folder.kml"), None),
        Err(GeoError::Unreadable { .. })
    ));
}

#[test]
fn a_file_above_the_limit_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.gpx");
    fs::File::create(&path).unwrap().set_len(65 << 20).unwrap();
    assert!(matches!(
        Boundary::from_file(&path, None),
        Err(GeoError::TooLarge { .. })
    ));
}

#[test]
fn a_byte_order_mark_and_names_in_another_encoding_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("field.KML");
    let text = fs::read_to_string(fixture("field.kml")).unwrap();
    let mut bytes = b"\xEF\xBB\xBF".to_vec();
    for part in text.split_inclusive("<name>") {
        bytes.extend(part.as_bytes());
        bytes.extend(if part.ends_with("<name>") {
            &b"\xB5\xD8\xBF\xE9"[..]
        } else {
            b""
        });
    }
    fs::write(&path, bytes).unwrap();
    assert_area(
        &Boundary::from_file(&path, None).unwrap(),
        FIELD_M2 - POND_M2,
        1e-3,
    );
}

#[test]
fn files_that_are_not_what_they_say_are_syntax_errors() {
    for text in [
        "",
        "hello",
        "<html></html>",
        "<gpx><trk><trkpt lat=\"1\"/></trk></gpx>",
        "<gpx><trkpt lat=\"1\" lon=\"2\"/></gpx>",
        "<gpx><trk></gpx>",
    ] {
        assert!(
            matches!(
                Boundary::from_gpx(text, None),
                Err(GeoError::Syntax {
                    format: Format::Gpx,
                    ..
                })
            ),
            "{text}"
        );
    }
    for text in [
        "",
        "<kml><Polygon><coordinates>105.5 32.2 1 2,3,4,5</coordinates></Polygon></kml>",
        "<kml><coordinates>a,b</coordinates></kml>",
    ] {
        assert!(
            matches!(
                Boundary::from_kml(text, None),
                Err(GeoError::Syntax {
                    format: Format::Kml,
                    ..
                })
            ),
            "{text}"
        );
    }
    for text in [
        "",
        "{}",
        "[]",
        r#"{"type":"Polygon","coordinates":[[[1],[2],[3]]]}"#,
    ] {
        assert!(
            matches!(
                Boundary::from_geojson(text, None),
                Err(GeoError::Syntax {
                    format: Format::GeoJson,
                    ..
                })
            ),
            "{text}"
        );
    }
    for bytes in [&b""[..], b"hello", &[0; 200]] {
        assert!(matches!(
            Boundary::from_shapefile(bytes, None, Some(Datum::Wgs84)),
            Err(GeoError::Syntax {
                format: Format::Shapefile,
                ..
            })
        ));
    }
}

#[test]
fn endings_of_boundary_files_are_known_in_any_case() {
    for name in ["a.gpx", "地块.KML", "x.y.GeoJSON", "a.json", "a.Shp "] {
        assert!(is_boundary_file(name), "{name}");
    }
    for name in [
        "",
        ".kml",
        "kml",
        "a.kmz",
        "POLYGON((1 2.shp,3 4))",
        "a.jpg",
    ] {
        assert!(!is_boundary_file(name), "{name}");
    }
}

// ---- laws

fn any_ring() -> impl Strategy<Value = String> {
    prop::collection::vec((70.0..140.0f64, 0.0..60.0f64), 0..12).prop_map(|points| {
        points
            .iter()
            .map(|(x, y)| format!("{x} {y}"))
            .collect::<Vec<_>>()
            .join(",")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_and_reading_gives_the_same_ground(
        corners in prop::collection::vec((105.0..105.1f64, 32.0..32.1f64), 3..12)
    ) {
        let text: Vec<String> = corners.iter().map(|(x, y)| format!("{x} {y}")).collect();
        let first = wkt(&format!("POLYGON(({}))", text.join(","))).unwrap();
        let again = parse_wkt(&first.to_wkt()).unwrap();
        prop_assert_eq!(first.to_wkt(), to_wkt(&again));
        let (one, other) = (area_m2(&first.area), area_m2(&again));
        prop_assert!((one - other).abs() < 200.0, "{} {}", one, other);
    }

    #[test]
    fn any_cell_gets_an_answer(text in ".{0,80}", rings in prop::collection::vec(any_ring(), 0..4)) {
        let _ = wkt(&text);
        let _ = wkt(&format!("POLYGON{text}"));
        let text = format!("POLYGON({})", rings.iter().map(|r| format!("({r})")).collect::<Vec<_>>().join(","));
        if let Ok(boundary) = wkt(&text) {
            prop_assert!(area_m2(&boundary.area).is_finite());
        }
    }

    #[test]
    fn a_damaged_file_gets_an_answer(
        which in 0..4usize, cut in 0.0..1.0f64, flips in prop::collection::vec((0.0..1.0f64, any::<u8>()), 0..6),
    ) {
        let name = ["field.gpx", "field.kml", "field.geojson", "field-meridian-105.shp"][which];
        let mut bytes = fs::read(fixture(name)).unwrap();
        if cut > 0.5 {
            bytes.truncate((bytes.len() as f64 * cut) as usize);
        }
        let len = bytes.len();
        for (at, value) in flips {
            bytes[(at * len as f64) as usize % len] = value;
        }
        let text = String::from_utf8_lossy(&bytes);
        let _ = match which {
            0 => Boundary::from_gpx(&text, None),
            1 => Boundary::from_kml(&text, None),
            2 => Boundary::from_geojson(&text, None),
            _ => Boundary::from_shapefile(&bytes, None, Datum::parse("4544").ok()),
        };
    }
}
