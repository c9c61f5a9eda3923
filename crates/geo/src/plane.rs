//! A flat plane of metres around a point, for what is measured in metres on the ground: a drone's
//! frame, the nearest edge of a field. Good for tens of kilometres.

use geo::{Coord, LineString, MultiPolygon, Polygon};

use crate::datum::{Datum, is_position};
use crate::error::GeoError;

/// WGS-84 semi-major axis, metres.
const A: f64 = 6_378_137.0;
/// WGS-84 first eccentricity squared.
const E2: f64 = 0.006_694_379_990_141_317;

/// Metres east and north of an origin. Lengths are those of the ellipsoid at the latitude half-way
/// between the origin and the point, so that within 30 km they are right to about 1 : 100 000.
///
/// ```
/// use kandeng_geo::LocalPlane;
/// let plane = LocalPlane::at(105.5, 32.3)?;
/// let frame = plane.polygon(&[(-34.25, -19.3), (34.25, -19.3), (34.25, 19.3), (-34.25, 19.3)]);
/// assert!((kandeng_geo::area_m2(&frame) - 68.5 * 38.6).abs() < 0.1);
/// # Ok::<(), kandeng_geo::GeoError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalPlane {
    lon: f64,
    lat: f64,
}

impl LocalPlane {
    /// The plane around a position.
    ///
    /// # Errors
    /// [`GeoError::OutOfRange`] for no position, or one within a degree of a pole.
    pub fn at(lon: f64, lat: f64) -> Result<Self, GeoError> {
        if is_position(lon, lat) && lat.abs() <= 89.0 {
            return Ok(Self { lon, lat });
        }
        Err(GeoError::OutOfRange {
            x: lon,
            y: lat,
            datum: Datum::Wgs84.to_string(),
        })
    }

    /// Metres east and north of the origin → (longitude, latitude).
    pub fn to_lon_lat(&self, east_m: f64, north_m: f64) -> (f64, f64) {
        let mut dlat = 0.0;
        for _ in 0..3 {
            dlat = north_m / metres_per_degree(self.lat + dlat / 2.0).1;
        }
        let dlon = east_m / metres_per_degree(self.lat + dlat / 2.0).0;
        (self.lon + dlon, self.lat + dlat)
    }

    /// (longitude, latitude) → metres east and north of the origin.
    pub fn to_metres(&self, lon: f64, lat: f64) -> (f64, f64) {
        let (east, north) = metres_per_degree(f64::midpoint(self.lat, lat));
        ((lon - self.lon) * east, (lat - self.lat) * north)
    }

    /// The area with these corners, given in metres east and north of the origin. Fewer than three
    /// corners enclose nothing.
    pub fn polygon(&self, corners_m: &[(f64, f64)]) -> MultiPolygon<f64> {
        if corners_m.len() < 3 {
            return MultiPolygon(Vec::new());
        }
        let ring: Vec<Coord<f64>> = corners_m
            .iter()
            .map(|&(east, north)| self.to_lon_lat(east, north).into())
            .collect();
        MultiPolygon(vec![Polygon::new(LineString(ring), Vec::new())])
    }
}

/// Metres of one degree of longitude and one of latitude at a latitude, from the radii of
/// curvature of the ellipsoid in the prime vertical and the meridian.
fn metres_per_degree(lat: f64) -> (f64, f64) {
    let (sin, cos) = lat.to_radians().sin_cos();
    let w2 = 1.0 - E2 * sin * sin;
    let prime_vertical = A / w2.sqrt();
    let meridian = prime_vertical * (1.0 - E2) / w2;
    ((prime_vertical * cos).to_radians(), meridian.to_radians())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::point_distance_m;
    use proptest::prelude::*;

    #[test]
    fn there_is_no_plane_at_a_pole_or_nowhere() {
        assert!(LocalPlane::at(105.0, 90.0).is_err());
        assert!(LocalPlane::at(f64::NAN, 30.0).is_err());
        assert!(LocalPlane::at(181.0, 30.0).is_err());
    }

    #[test]
    fn two_corners_enclose_nothing() {
        let plane = LocalPlane::at(105.0, 32.0).unwrap();
        assert!(plane.polygon(&[(0.0, 0.0), (1.0, 1.0)]).0.is_empty());
    }

    proptest! {
        #[test]
        fn metres_in_the_plane_are_metres_on_the_ground(
            lon in 73.0..136.0f64, lat in 3.0..54.0f64,
            east in -30_000.0..30_000.0f64, north in -30_000.0..30_000.0f64,
        ) {
            let plane = LocalPlane::at(lon, lat).unwrap();
            let (x, y) = plane.to_lon_lat(east, north);
            let geodesic = point_distance_m(lon, lat, x, y);
            let flat = east.hypot(north);
            prop_assert!((geodesic - flat).abs() <= flat * 2e-5 + 1e-6, "{geodesic} {flat}");
        }

        #[test]
        fn going_there_and_back_ends_where_it_began(
            lon in 73.0..136.0f64, lat in -60.0..60.0f64,
            east in -50_000.0..50_000.0f64, north in -50_000.0..50_000.0f64,
        ) {
            let plane = LocalPlane::at(lon, lat).unwrap();
            let (x, y) = plane.to_lon_lat(east, north);
            let (back_east, back_north) = plane.to_metres(x, y);
            prop_assert!((back_east - east).abs() < 1e-4 && (back_north - north).abs() < 1e-4);
        }
    }
}
