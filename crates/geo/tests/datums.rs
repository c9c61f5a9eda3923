//! Datums against values computed by PROJ 9.5 (pyproj, EPSG:4490 → zone), and as laws.
#![allow(clippy::unwrap_used, clippy::float_cmp)]

use kandeng_geo::{Datum, GaussKruger, GeoError, point_distance_m};
use proptest::prelude::*;

/// EPSG code, longitude, latitude, easting, northing.
const BY_PROJ: [(u16, f64, f64, f64, f64); 16] = [
    (
        4496,
        105.531_234_5,
        32.287_654_3,
        18_550_040.974_8,
        3_573_874.148_4,
    ),
    (
        4507,
        105.531_234_5,
        32.287_654_3,
        550_040.974_8,
        3_573_874.148_4,
    ),
    (
        4523,
        105.531_234_5,
        32.287_654_3,
        35_550_040.974_8,
        3_573_874.148_4,
    ),
    (
        4544,
        105.531_234_5,
        32.287_654_3,
        550_040.974_8,
        3_573_874.148_4,
    ),
    (4498, 114.2, 30.6, 20_231_426.504_2, 3_389_970.155_8),
    (4509, 114.2, 30.6, 231_426.504_2, 3_389_970.155_8),
    (4526, 114.2, 30.6, 38_519_180.134_5, 3_386_644.949_7),
    (4547, 114.2, 30.6, 519_180.134_5, 3_386_644.949_7),
    (4493, 87.6, 43.8, 15_548_285.115_1, 4_851_775.302_7),
    (4538, 87.6, 43.8, 548_285.115_1, 4_851_775.302_7),
    (4501, 134.7, 48.3, 23_477_742.51, 5_351_829.074),
    (4533, 134.7, 48.3, 45_477_742.51, 5_351_829.074),
    (4554, 134.7, 48.3, 477_742.51, 5_351_829.074),
    (4495, 100.25, 21.98, 17_629_103.201_1, 2_432_113.034_2),
    (4506, 100.25, 21.98, 629_103.201_1, 2_432_113.034_2),
    (4521, 100.25, 21.98, 33_629_103.201_1, 2_432_113.034_2),
];

fn datum(epsg: u16) -> Datum {
    Datum::parse(&epsg.to_string()).unwrap()
}

#[test]
fn zones_agree_with_proj_to_a_tenth_of_a_millimetre() {
    for (epsg, lon, lat, east, north) in BY_PROJ {
        let (x, y) = datum(epsg).from_wgs84(lon, lat).unwrap();
        assert!(
            (x - east).abs() < 2e-4 && (y - north).abs() < 2e-4,
            "{epsg}: {x} {y}"
        );
        let (back_lon, back_lat) = datum(epsg).to_wgs84(east, north).unwrap();
        assert!(
            point_distance_m(lon, lat, back_lon, back_lat) < 2e-4,
            "{epsg}"
        );
    }
}

#[test]
fn the_first_and_last_zone_of_every_kind_have_the_right_meridian_and_easting() {
    for (epsg, meridian, easting) in [
        (4491, 75.0, 13_500_000.0),
        (4501, 135.0, 23_500_000.0),
        (4502, 75.0, 500_000.0),
        (4512, 135.0, 500_000.0),
        (4513, 75.0, 25_500_000.0),
        (4533, 135.0, 45_500_000.0),
        (4534, 75.0, 500_000.0),
        (4554, 135.0, 500_000.0),
    ] {
        let zone = GaussKruger::from_epsg(epsg).unwrap();
        assert_eq!(
            (zone.central_meridian(), zone.false_easting()),
            (meridian, easting),
            "{epsg}"
        );
        assert_eq!(
            GaussKruger::from_zone(zone.width(), zone.zone(), zone.is_prefixed()),
            Some(zone)
        );
    }
    assert_eq!(GaussKruger::from_epsg(4490), None);
    assert_eq!(GaussKruger::from_epsg(4555), None);
}

/// The northing of the central meridian is the meridian arc: the Helmert series in the third
/// flattening gives it to well under a millimetre, by another way than the projection's.
#[test]
fn on_the_central_meridian_the_northing_is_the_meridian_arc() {
    let n: f64 = {
        let f = 1.0 / 298.257_222_101;
        f / (2.0 - f)
    };
    for lat in [4.0_f64, 18.25, 32.287_654_3, 45.0, 53.5] {
        let phi = lat.to_radians();
        let arc = 6_378_137.0 / (1.0 + n)
            * ((1.0 + n * n / 4.0 + n.powi(4) / 64.0) * phi
                - (1.5 * n - 3.0 / 16.0 * n.powi(3)) * (2.0 * phi).sin()
                + (15.0 / 16.0 * n * n - 15.0 / 64.0 * n.powi(4)) * (4.0 * phi).sin()
                - 35.0 / 48.0 * n.powi(3) * (6.0 * phi).sin()
                + 315.0 / 512.0 * n.powi(4) * (8.0 * phi).sin());
        let (east, north) = datum(4544).from_wgs84(105.0, lat).unwrap();
        assert!(
            (north - arc).abs() < 1e-5 && (east - 500_000.0).abs() < 1e-6,
            "{lat}: {north} {arc}"
        );
    }
}

#[test]
fn cgcs2000_is_taken_as_wgs84() {
    assert_eq!(Datum::Cgcs2000.to_wgs84(105.5, 32.3), Ok((105.5, 32.3)));
}

#[test]
fn latitude_before_longitude_is_said() {
    for datum in [Datum::Wgs84, Datum::Cgcs2000, Datum::Gcj02] {
        assert!(matches!(
            datum.to_wgs84(32.3, 105.5),
            Err(GeoError::SwappedAxes { .. })
        ));
        // both figures would do as a latitude, but only one order is in China
        assert!(matches!(
            datum.to_wgs84(31.2, 88.9),
            Err(GeoError::SwappedAxes { .. })
        ));
    }
}

#[test]
fn northing_before_easting_is_said() {
    assert!(matches!(
        datum(4544).to_wgs84(3_573_874.0, 550_040.0),
        Err(GeoError::SwappedAxes { .. })
    ));
    assert!(matches!(
        datum(4523).to_wgs84(3_573_874.0, 35_550_040.0),
        Err(GeoError::SwappedAxes { .. })
    ));
}

#[test]
fn metres_read_as_degrees_name_the_zone_they_point_to() {
    let Err(GeoError::LooksProjected { suggestion, .. }) =
        Datum::Wgs84.to_wgs84(35_550_040.0, 3_573_874.0)
    else {
        panic!("accepted")
    };
    assert_eq!(suggestion.as_deref(), Some("EPSG:4523"));
    let Err(GeoError::LooksProjected { suggestion, .. }) =
        Datum::Cgcs2000.to_wgs84(550_040.0, 3_573_874.0)
    else {
        panic!("accepted")
    };
    assert_eq!(suggestion, None);
}

#[test]
fn degrees_read_as_metres_are_said() {
    assert!(matches!(
        datum(4544).to_wgs84(105.5, 32.3),
        Err(GeoError::LooksGeographic { .. })
    ));
}

#[test]
fn an_easting_with_another_prefix_names_the_right_zone() {
    for (epsg, east, right) in [
        (4544, 35_550_040.0, "EPSG:4523"),
        (4523, 550_040.0, "EPSG:4544"),
        (4523, 36_450_040.0, "EPSG:4524"),
        (4523, 18_550_040.0, "EPSG:4496"),
    ] {
        let Err(GeoError::WrongZone { suggestion, .. }) = datum(epsg).to_wgs84(east, 3_573_874.0)
        else {
            panic!("{epsg} accepted {east}")
        };
        assert_eq!(suggestion.as_deref(), Some(right));
    }
}

#[test]
fn what_is_no_place_is_out_of_range() {
    for (datum, x, y) in [
        (Datum::Wgs84, 181.0, 10.0),
        (Datum::Wgs84, f64::NAN, 10.0),
        (Datum::Gcj02, 10.0, f64::INFINITY),
        (datum(4544), 550_040.0, -3.0),
        (datum(4544), 99_000_000.0, 3_573_874.0),
        (datum(4544), f64::NAN, f64::NAN),
    ] {
        assert!(
            matches!(datum.to_wgs84(x, y), Err(GeoError::OutOfRange { .. })),
            "{datum} {x} {y}: {:?}",
            datum.to_wgs84(x, y)
        );
    }
    assert!(matches!(
        datum(4544).from_wgs84(120.0, 32.0),
        Err(GeoError::OutOfRange { .. })
    ));
}

#[test]
fn every_error_has_a_sentence_in_both_languages() {
    let error = Datum::Wgs84.to_wgs84(32.3, 105.5).unwrap_err();
    let (zh, en) = error.text();
    assert!(zh.contains("先经度") && zh.contains("WGS-84"), "{zh}");
    assert!(en.contains("longitude (easting) comes first"), "{en}");
}

fn any_datum() -> impl Strategy<Value = Datum> {
    prop_oneof![
        Just(Datum::Wgs84),
        Just(Datum::Cgcs2000),
        Just(Datum::Gcj02),
        (4491..=4554u16).prop_map(datum),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_and_reading_a_datum_gives_it_back(datum in any_datum()) {
        prop_assert_eq!(datum.to_string().parse::<Datum>(), Ok(datum));
    }

    #[test]
    fn projecting_and_back_stays_within_a_millimetre(
        epsg in 4491..=4554u16, away in -3.0..3.0f64, lat in 3.0..54.0f64,
    ) {
        let zone = GaussKruger::from_epsg(epsg).unwrap();
        let lon = zone.central_meridian() + away;
        let (x, y) = datum(epsg).from_wgs84(lon, lat).unwrap();
        let (back_lon, back_lat) = datum(epsg).to_wgs84(x, y).unwrap();
        prop_assert!(point_distance_m(lon, lat, back_lon, back_lat) < 1e-3);
    }

    #[test]
    fn any_figures_get_an_answer(datum in any_datum(), x in any::<f64>(), y in any::<f64>()) {
        if let Ok((lon, lat)) = datum.to_wgs84(x, y) {
            prop_assert!(lon.abs() <= 180.0 && lat.abs() <= 90.0);
        }
        let _ = datum.from_wgs84(x, y);
    }

    #[test]
    fn any_name_gets_an_answer(name in ".{0,60}") {
        let _ = Datum::parse(&name);
    }
}
