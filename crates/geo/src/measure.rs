//! Areas, lengths and distances on the WGS-84 ellipsoid (Karney's geodesics through `geo`), and mu.

use geo::{
    Closest, ClosestPoint, Coord, CoordsIter, Distance, Geodesic, GeodesicArea, LineString,
    MultiPolygon, Point, Polygon,
};

use crate::datum::is_position;
use crate::overlap::{ground, is_plain};
use crate::plane::LocalPlane;

/// Square metres of one mu (亩): a fifteenth of a hectare.
pub const M2_PER_MU: f64 = 2_000.0 / 3.0;

/// Square metres → mu.
pub fn mu_from_m2(m2: f64) -> f64 {
    m2 / M2_PER_MU
}

/// Mu → square metres.
pub fn m2_from_mu(mu: f64) -> f64 {
    mu * M2_PER_MU
}

/// Geodesic area in square metres, holes taken off. The direction of rings does not matter, and
/// ground that a crossing ring or overlapping parts cover twice is counted once.
pub fn area_m2(area: &MultiPolygon<f64>) -> f64 {
    if !is_usable(area) {
        return 0.0;
    }
    if is_plain(area) {
        return sum_of_parts_m2(area);
    }
    sum_of_parts_m2(&ground(area))
}

/// The same for areas whose rings are known not to cross and whose holes lie inside.
pub(crate) fn sum_of_parts_m2(area: &MultiPolygon<f64>) -> f64 {
    area.iter()
        .map(|part| part.geodesic_area_signed().abs())
        .sum()
}

/// Geodesic length of all rings in metres, holes included.
pub fn perimeter_m(area: &MultiPolygon<f64>) -> f64 {
    if !is_usable(area) {
        return 0.0;
    }
    area.iter().map(GeodesicArea::geodesic_perimeter).sum()
}

/// An area with its error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasuredArea {
    /// Square metres.
    pub area_m2: f64,
    /// Square metres that the boundary's accuracy may add or take.
    pub error_m2: f64,
}

impl MeasuredArea {
    /// The area in mu.
    pub fn mu(self) -> f64 {
        mu_from_m2(self.area_m2)
    }

    /// Its error in mu.
    pub fn error_mu(self) -> f64 {
        mu_from_m2(self.error_m2)
    }
}

/// The area, and how far off it may be when every point of the boundary is right to `accuracy_m`
/// metres: error = perimeter × accuracy, as if the whole boundary lay that far in or out.
pub fn measured_area(area: &MultiPolygon<f64>, accuracy_m: f64) -> MeasuredArea {
    MeasuredArea {
        area_m2: area_m2(area),
        error_m2: perimeter_m(area) * accuracy_m.abs(),
    }
}

/// Geodesic distance between two positions in metres; NaN for what is no position.
pub fn point_distance_m(lon1: f64, lat1: f64, lon2: f64, lat2: f64) -> f64 {
    if !(is_position(lon1, lat1) && is_position(lon2, lat2)) {
        return f64::NAN;
    }
    Geodesic.distance(Point::new(lon1, lat1), Point::new(lon2, lat2))
}

/// Whether a position lies in the area (its edge included, its holes not).
pub fn contains(area: &MultiPolygon<f64>, lon: f64, lat: f64) -> bool {
    use geo::Intersects;
    is_position(lon, lat) && is_usable(area) && area.intersects(&Coord { x: lon, y: lat })
}

/// Metres from a position to the nearest edge of an area; 0 inside. `None` for an empty area or
/// for no position.
///
/// The nearest point is looked for in a flat plane around the position and its distance then
/// measured on the ellipsoid, so that for tens of kilometres it is right to well under 0.1 %.
///
/// ```
/// use kandeng_geo::{distance_m, parse_wkt};
/// let field = parse_wkt("POLYGON((105.52 32.28, 105.53 32.28, 105.53 32.29, 105.52 32.29))")?;
/// assert_eq!(distance_m(105.525, 32.285, &field), Some(0.0));
/// assert_eq!(distance_m(105.525, 32.292, &field).map(f64::round), Some(222.0));
/// # Ok::<(), kandeng_geo::GeoError>(())
/// ```
pub fn distance_m(lon: f64, lat: f64, area: &MultiPolygon<f64>) -> Option<f64> {
    if !is_usable(area) || area.coords_iter().next().is_none() || !is_position(lon, lat) {
        return None;
    }
    if contains(area, lon, lat) {
        return Some(0.0);
    }
    let plane = LocalPlane::at(lon, lat).ok()?;
    area.iter()
        .flat_map(|part| std::iter::once(part.exterior()).chain(part.interiors()))
        .filter_map(|ring| nearest_m(&plane, ring))
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, east, north)| {
            let (near_lon, near_lat) = plane.to_lon_lat(east, north);
            point_distance_m(lon, lat, near_lon, near_lat)
        })
}

/// The point of a ring nearest to the origin of the plane: (distance, east, north).
fn nearest_m(plane: &LocalPlane, ring: &LineString<f64>) -> Option<(f64, f64, f64)> {
    let flat: LineString<f64> = ring.coords().map(|c| plane.to_metres(c.x, c.y)).collect();
    match flat.closest_point(&Point::new(0.0, 0.0)) {
        Closest::Intersection(p) | Closest::SinglePoint(p) => {
            Some((p.x().hypot(p.y()), p.x(), p.y()))
        }
        Closest::Indeterminate => None,
    }
}

/// Whether every coordinate is a longitude and a latitude.
pub(crate) fn is_usable(area: &MultiPolygon<f64>) -> bool {
    area.iter().all(part_is_usable)
}

fn part_is_usable(part: &Polygon<f64>) -> bool {
    part.coords_iter().all(|c| is_position(c.x, c.y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary::wkt::parse_wkt;
    use proptest::prelude::*;

    /// Area and perimeter by PROJ 9.5 (`pyproj.Geod(ellps="WGS84").polygon_area_perimeter`).
    const FIELD: &str = "POLYGON((105.52 32.28,105.5212 32.2803,105.5215 32.2814,105.5203 32.2817,105.5196 32.2809))";

    #[test]
    fn area_and_perimeter_are_those_of_proj() {
        let field = parse_wkt(FIELD).unwrap();
        assert!(
            (area_m2(&field) - 22_512.076_950).abs() < 1e-3,
            "{}",
            area_m2(&field)
        );
        assert!((perimeter_m(&field) - 578.104_893).abs() < 1e-5);
        let county = parse_wkt("POLYGON((105 32,106 32.1,105.9 32.9,105.1 33))").unwrap();
        assert!((area_m2(&county) / 8_442_761_115.999_123 - 1.0).abs() < 1e-12);
        assert!((perimeter_m(&county) - 371_218.275_29).abs() < 1e-4);
    }

    #[test]
    fn distance_of_two_points_is_that_of_proj() {
        assert!((point_distance_m(105.5, 32.3, 105.6, 32.35) - 10_927.064_074).abs() < 1e-5);
        assert!(point_distance_m(105.5, 95.0, 105.6, 32.35).is_nan());
    }

    #[test]
    fn a_hectare_is_fifteen_mu() {
        assert!((mu_from_m2(10_000.0) - 15.0).abs() < 1e-12);
        assert!((m2_from_mu(1.0) - 666.666_666_666).abs() < 1e-6);
    }

    #[test]
    fn the_error_is_perimeter_times_accuracy() {
        let measured = measured_area(&parse_wkt(FIELD).unwrap(), 3.0);
        assert!((measured.error_m2 - 3.0 * 578.104_893).abs() < 1e-4);
        assert!((measured.mu() - 33.768_115).abs() < 1e-5);
        assert!((measured.error_mu() - 2.601_472).abs() < 1e-5);
    }

    #[test]
    fn holes_are_taken_off_whatever_their_direction() {
        let outer = "105 32,105.01 32,105.01 32.01,105 32.01,105 32";
        let (hole, turned) = (
            "105.002 32.002,105.004 32.002,105.004 32.004,105.002 32.004,105.002 32.002",
            "105.002 32.002,105.002 32.004,105.004 32.004,105.004 32.002,105.002 32.002",
        );
        let area = |wkt: String| area_m2(&parse_wkt(&wkt).unwrap());
        let rest = area(format!("POLYGON(({outer}))")) - area(format!("POLYGON(({hole}))"));
        assert!((area(format!("POLYGON(({outer}),({hole}))")) - rest).abs() < 0.01);
        assert!((area(format!("POLYGON(({outer}),({turned}))")) - rest).abs() < 0.01);
    }

    #[test]
    fn both_lobes_of_a_bow_tie_count_and_ground_covered_twice_counts_once() {
        let lobe = area_m2(&parse_wkt("POLYGON((105 32,105.005 32.005,105 32.01))").unwrap());
        let tie = parse_wkt("POLYGON((105 32,105.01 32.01,105.01 32,105 32.01))").unwrap();
        assert!((area_m2(&tie) / (2.0 * lobe) - 1.0).abs() < 1e-5);
        let one = parse_wkt("POLYGON((105 32,105.01 32,105.01 32.01,105 32.01))").unwrap();
        let inside = "((105.002 32.002,105.004 32.002,105.004 32.004))";
        let both = parse_wkt(&format!(
            "MULTIPOLYGON(((105 32,105.01 32,105.01 32.01,105 32.01)),{inside})"
        ))
        .unwrap();
        assert!((area_m2(&both) - area_m2(&one)).abs() < 0.01);
    }

    #[test]
    fn in_a_hole_the_distance_is_to_its_edge() {
        let ring = parse_wkt("POLYGON((105 32,105.01 32,105.01 32.01,105 32.01),(105.002 32.002,105.008 32.002,105.008 32.008,105.002 32.008))").unwrap();
        let metres = distance_m(105.005, 32.0025, &ring).unwrap();
        assert!((metres - 55.4).abs() < 0.1, "{metres}");
    }

    #[test]
    fn an_area_that_is_none_measures_nothing() {
        let nowhere = MultiPolygon(vec![Polygon::new(
            LineString::from(vec![(f64::NAN, 1.0), (1.0, 2.0), (2.0, 400.0)]),
            vec![],
        )]);
        assert_eq!(
            (
                area_m2(&nowhere),
                perimeter_m(&nowhere),
                distance_m(1.0, 1.0, &nowhere)
            ),
            (0.0, 0.0, None)
        );
        assert_eq!(distance_m(1.0, 1.0, &MultiPolygon(vec![])), None);
    }

    proptest! {
        #[test]
        fn the_distance_to_a_small_square_is_the_geodesic_one(
            lon in 80.0..130.0f64, lat in 18.0..50.0f64,
            east in -30_000.0..30_000.0f64, north in -30_000.0..30_000.0f64,
        ) {
            let plane = LocalPlane::at(lon, lat).unwrap();
            let square = plane.polygon(&[(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]);
            let (x, y) = plane.to_lon_lat(east, north);
            let geodesic = point_distance_m(lon, lat, x, y);
            let found = distance_m(x, y, &square).unwrap();
            prop_assert!((found - geodesic).abs() <= 0.75 + geodesic * 1e-4, "{found} {geodesic}");
        }

        #[test]
        fn no_vertex_is_nearer_than_the_distance(
            corners in prop::collection::vec((105.0..105.3f64, 32.0..32.3f64), 3..12),
            lon in 104.9..105.4f64, lat in 31.9..32.4f64,
        ) {
            let area = MultiPolygon(vec![Polygon::new(LineString::from(corners.clone()), vec![])]);
            let found = distance_m(lon, lat, &area).unwrap();
            for (x, y) in corners {
                prop_assert!(found <= point_distance_m(lon, lat, x, y) * (1.0 + 1e-9) + 1e-6);
            }
        }
    }
}
