//! GCJ-02, the shifted positions that map applications on phones in China return, and its
//! inversion. Formula as published for the public "Mars coordinates" shift; no tables, no I/O.

use std::f64::consts::PI;

/// Krasovsky 1940 semi-major axis, metres.
const A: f64 = 6_378_245.0;
/// Its first eccentricity squared.
const E2: f64 = 0.006_693_421_622_965_943;

/// WGS-84 → GCJ-02, degrees. The shift is defined inside the rectangle 72.004–137.8347° E,
/// 0.8293–55.8271° N and nothing outside it (the real one also spares Hong Kong, Macao and Taiwan,
/// whose outline is not published).
pub(crate) fn from_wgs84(lon: f64, lat: f64) -> (f64, f64) {
    let inside = (72.004..=137.8347).contains(&lon) && (0.8293..=55.8271).contains(&lat);
    if !inside {
        return (lon, lat);
    }
    let (dlon, dlat) = shift(lon, lat);
    (lon + dlon, lat + dlat)
}

/// GCJ-02 → WGS-84, degrees, by fixed point: the shift changes by less than 1 % over its own
/// length, so each round gains two digits; ten leave far less than a centimetre.
pub(crate) fn to_wgs84(lon: f64, lat: f64) -> (f64, f64) {
    let (mut wgs_lon, mut wgs_lat) = (lon, lat);
    for _ in 0..10 {
        let (there_lon, there_lat) = from_wgs84(wgs_lon, wgs_lat);
        let (miss_lon, miss_lat) = (lon - there_lon, lat - there_lat);
        wgs_lon += miss_lon;
        wgs_lat += miss_lat;
        if miss_lon.abs() < 1e-11 && miss_lat.abs() < 1e-11 {
            break;
        }
    }
    (wgs_lon, wgs_lat)
}

/// The shift in degrees at a WGS-84 position.
fn shift(lon: f64, lat: f64) -> (f64, f64) {
    let (x, y) = (lon - 105.0, lat - 35.0);
    let root = x.abs().sqrt();
    let ripple = 20.0 * (6.0 * PI * x).sin() + 20.0 * (2.0 * PI * x).sin();
    let wave = |v: f64, near: f64, middle: f64, far: f64, periods: (f64, f64)| {
        near * (PI * v).sin()
            + middle * (PI * v / 3.0).sin()
            + far * (PI * v / periods.0).sin()
            + far * 2.0 * (PI * v / periods.1).sin()
    };
    let north_m = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + (ripple + wave(y, 20.0, 40.0, 160.0, (12.0, 30.0))) * 2.0 / 3.0;
    let east_m = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * root
        + (ripple + wave(x, 20.0, 40.0, 150.0, (12.0, 30.0))) * 2.0 / 3.0;

    let phi = lat.to_radians();
    let w2 = 1.0 - E2 * phi.sin().powi(2);
    let w = w2.sqrt();
    let meridian = A * (1.0 - E2) / (w2 * w);
    let parallel = A / w * phi.cos();
    (
        (east_m / parallel).to_degrees(),
        (north_m / meridian).to_degrees(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Published test points of other implementations: WGS-84 and GCJ-02.
    const KNOWN: [(f64, f64, f64, f64); 3] = [
        (
            121.527_210_6,
            31.177_427_6,
            121.531_541_859_215,
            31.175_303_983_645_97,
        ),
        (
            113.912_316,
            22.543_847,
            113.917_176_480_836_3,
            22.540_796_131_694_766,
        ),
        (
            116.377_817,
            39.911_954,
            116.384_047_224_556_57,
            39.913_345_455_360_69,
        ),
    ];

    #[test]
    fn known_points_are_shifted_as_published() {
        for (lon, lat, gcj_lon, gcj_lat) in KNOWN {
            let (x, y) = from_wgs84(lon, lat);
            assert!(
                (x - gcj_lon).abs() < 1e-9 && (y - gcj_lat).abs() < 1e-9,
                "{x} {y}"
            );
        }
    }

    #[test]
    fn the_shift_is_undone_for_the_published_points() {
        for (lon, lat, gcj_lon, gcj_lat) in KNOWN {
            let (x, y) = to_wgs84(gcj_lon, gcj_lat);
            assert!((x - lon).abs() < 1e-9 && (y - lat).abs() < 1e-9, "{x} {y}");
        }
    }

    #[test]
    fn outside_the_rectangle_nothing_moves() {
        assert_eq!(from_wgs84(2.35, 48.86), (2.35, 48.86));
        assert_eq!(to_wgs84(2.35, 48.86), (2.35, 48.86));
    }

    proptest! {
        #[test]
        fn shifting_and_undoing_comes_back_within_a_centimetre(
            lon in 73.0..136.0f64, lat in 3.0..54.0f64,
        ) {
            let (x, y) = from_wgs84(lon, lat);
            let (back_lon, back_lat) = to_wgs84(x, y);
            // 1e-7 degrees are about a centimetre
            prop_assert!((back_lon - lon).abs() < 1e-8 && (back_lat - lat).abs() < 1e-8);
        }
    }
}
