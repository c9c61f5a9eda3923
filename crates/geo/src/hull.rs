//! Ground that a handful of positions can have seen: their convex hull, widened.

use std::f64::consts::PI;

use geo::{ConvexHull, GeodesicArea, MultiPoint};

use crate::datum::is_position;

/// Square metres of the convex hull of positions (longitude, latitude), widened by `widen_m` metres
/// on all sides: A + P·w + π·w² (Steiner's formula, exact for a convex area in the plane). No
/// position: 0; one: a disc; several on a line: a rounded strip. What is no position is passed over.
///
/// ```
/// use kandeng_geo::hull_area_m2;
/// let disc = hull_area_m2(&[(105.5, 32.3)], 100.0);
/// assert!((disc - std::f64::consts::PI * 10_000.0).abs() < 1e-6);
/// ```
pub fn hull_area_m2(points: &[(f64, f64)], widen_m: f64) -> f64 {
    let positions: MultiPoint<f64> = points
        .iter()
        .copied()
        .filter(|&(lon, lat)| is_position(lon, lat))
        .collect();
    if positions.0.is_empty() {
        return 0.0;
    }
    let widen_m = if widen_m.is_finite() {
        widen_m.max(0.0)
    } else {
        0.0
    };
    let (perimeter, area) = positions.convex_hull().geodesic_perimeter_area_signed();
    area.abs() + perimeter * widen_m + PI * widen_m * widen_m
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LocalPlane, area_m2};
    use proptest::prelude::*;

    #[test]
    fn nobody_saw_anything() {
        assert_eq!(hull_area_m2(&[], 100.0), 0.0);
        assert_eq!(hull_area_m2(&[(f64::NAN, 32.0), (500.0, 32.0)], 100.0), 0.0);
    }

    #[test]
    fn two_points_widened_are_a_rounded_strip() {
        let plane = LocalPlane::at(105.5, 32.3).unwrap();
        let ends = [
            plane.to_lon_lat(0.0, 0.0),
            plane.to_lon_lat(300.0, 400.0),
            plane.to_lon_lat(150.0, 200.0),
        ];
        let strip = 2.0 * 500.0 * 100.0 + PI * 10_000.0;
        assert!((hull_area_m2(&ends, 100.0) / strip - 1.0).abs() < 1e-4);
    }

    #[test]
    fn a_square_of_positions_widened_follows_the_formula() {
        let plane = LocalPlane::at(105.5, 32.3).unwrap();
        let corners = [
            (0.0, 0.0),
            (200.0, 0.0),
            (200.0, 200.0),
            (0.0, 200.0),
            (90.0, 110.0),
        ];
        let points: Vec<_> = corners
            .iter()
            .map(|&(e, n)| plane.to_lon_lat(e, n))
            .collect();
        let expected = 40_000.0 + 800.0 * 100.0 + PI * 10_000.0;
        assert!((hull_area_m2(&points, 100.0) / expected - 1.0).abs() < 1e-4);
    }

    proptest! {
        #[test]
        fn the_hull_holds_every_triangle_of_its_points(
            points in prop::collection::vec((-500.0..500.0f64, -500.0..500.0f64), 3..30)
        ) {
            let plane = LocalPlane::at(105.5, 32.3).unwrap();
            let positions: Vec<_> = points.iter().map(|&(e, n)| plane.to_lon_lat(e, n)).collect();
            let hull = hull_area_m2(&positions, 0.0);
            for three in points.windows(3) {
                prop_assert!(hull >= area_m2(&plane.polygon(three)) - 0.01);
            }
        }

        #[test]
        fn any_positions_have_an_answer(
            points in prop::collection::vec((-180.0..180.0f64, -90.0..90.0f64), 0..8), widen in -10.0..1e6f64,
        ) {
            prop_assert!(hull_area_m2(&points, widen).is_finite());
        }
    }
}
