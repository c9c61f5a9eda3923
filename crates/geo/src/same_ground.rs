//! Whether two boundaries are the same ground, however each was written: from which corner, in which direction, with how
//! many decimals, by which of several ways back from a shifted datum.

use geo::{Coord, LineString, MultiPolygon};

use crate::plane::LocalPlane;

/// Corners times edges up to which outlines are compared point by point; beyond, corner by corner in their order.
const COMPARED: usize = 16_000_000;

/// How far two outlines may lie apart and still be the same ground, in metres.
///
/// Six decimals of a degree, which GeoJSON recommends, are off by up to 0.08 m; the several ways in use to undo GCJ-02
/// come out up to some decimetres apart. A phone is right to about five metres: a corner that somebody meant to move was
/// moved by more than this.
pub const SAME_GROUND_M: f64 = 0.5;

/// Whether no corner of either outline lies further than `tolerance_m` from the other outline.
///
/// ```
/// use kandeng_geo::{SAME_GROUND_M, parse_wkt, same_ground};
/// let field = parse_wkt("POLYGON((105.52 32.28, 105.53 32.28, 105.53 32.29, 105.52 32.29, 105.52 32.28))")?;
/// let other = parse_wkt("POLYGON((105.53 32.29, 105.53 32.280001, 105.52 32.28, 105.52 32.29, 105.53 32.29))")?;
/// assert!(same_ground(&field, &other, SAME_GROUND_M));
/// let moved = parse_wkt("POLYGON((105.52 32.28, 105.53 32.28, 105.53 32.29, 105.52 32.2901, 105.52 32.28))")?;
/// assert!(!same_ground(&field, &moved, SAME_GROUND_M));
/// # Ok::<(), kandeng_geo::GeoError>(())
/// ```
pub fn same_ground(one: &MultiPolygon<f64>, other: &MultiPolygon<f64>, tolerance_m: f64) -> bool {
    if one == other {
        return true;
    }
    let (Some(first), true) = (corners(one).next(), corners(other).next().is_some()) else {
        return false;
    };
    let Ok(plane) = LocalPlane::at(first.x, first.y) else {
        return false;
    };
    let (one, other) = (flat(one, &plane), flat(other, &plane));
    let count = |rings: &[Vec<Coord<f64>>]| rings.iter().map(Vec::len).sum::<usize>();
    if count(&one).saturating_mul(count(&other)) > COMPARED {
        return one.len() == other.len()
            && one.iter().zip(&other).all(|(one, other)| {
                one.len() == other.len()
                    && one
                        .iter()
                        .zip(other)
                        .all(|(a, b)| (a.x - b.x).hypot(a.y - b.y) <= tolerance_m)
            });
    }
    lies_along(&one, &other, tolerance_m) && lies_along(&other, &one, tolerance_m)
}

fn rings(area: &MultiPolygon<f64>) -> impl Iterator<Item = &LineString<f64>> {
    area.iter()
        .flat_map(|part| std::iter::once(part.exterior()).chain(part.interiors()))
}

fn corners(area: &MultiPolygon<f64>) -> impl Iterator<Item = &Coord<f64>> {
    rings(area).flat_map(LineString::coords)
}

/// The rings in metres of the plane.
fn flat(area: &MultiPolygon<f64>, plane: &LocalPlane) -> Vec<Vec<Coord<f64>>> {
    rings(area)
        .map(|ring| {
            let flat = ring.coords().map(|at| plane.to_metres(at.x, at.y).into());
            flat.collect()
        })
        .collect()
}

/// Whether every corner of `rings` lies on an edge of `others`, as far as the tolerance goes.
fn lies_along(rings: &[Vec<Coord<f64>>], others: &[Vec<Coord<f64>>], tolerance_m: f64) -> bool {
    rings.iter().flatten().all(|corner| {
        others
            .iter()
            .flat_map(|ring| ring.windows(2))
            .any(|edge| from_edge(*corner, edge[0], edge[1]) <= tolerance_m)
    })
}

/// From a point to an edge, in the plane.
fn from_edge(point: Coord<f64>, from: Coord<f64>, to: Coord<f64>) -> f64 {
    let along = to - from;
    let length = along.x.mul_add(along.x, along.y * along.y);
    let reach = point - from;
    let share = if length > 0.0 {
        (reach.x.mul_add(along.x, reach.y * along.y) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let off = reach - along * share;
    off.x.hypot(off.y)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Boundary, Datum, parse_wkt};

    const FIELD: &str = "POLYGON((105.52 32.28, 105.5212 32.2803, 105.5215 32.2814, 105.5203 32.2817, 105.52 32.28))";

    #[test]
    fn another_corner_first_or_the_other_way_round_is_the_same_ground() {
        let field = parse_wkt(FIELD).unwrap();
        for same in [
            "POLYGON((105.5215 32.2814, 105.5203 32.2817, 105.52 32.28, 105.5212 32.2803, 105.5215 32.2814))",
            "POLYGON((105.52 32.28, 105.5203 32.2817, 105.5215 32.2814, 105.5212 32.2803, 105.52 32.28))",
            // A corner more, half-way along an edge.
            "POLYGON((105.52 32.28, 105.5206 32.28015, 105.5212 32.2803, 105.5215 32.2814, 105.5203 32.2817, 105.52 32.28))",
        ] {
            assert!(
                same_ground(&field, &parse_wkt(same).unwrap(), SAME_GROUND_M),
                "{same}"
            );
        }
        for other in [
            "POLYGON((105.52 32.28, 105.5212 32.2803, 105.5215 32.2814, 105.52 32.28))",
            // A hole.
            "POLYGON((105.52 32.28, 105.5212 32.2803, 105.5215 32.2814, 105.5203 32.2817, 105.52 32.28),(105.5205 32.2805, 105.5207 32.2805, 105.5206 32.2807, 105.5205 32.2805))",
            "POLYGON EMPTY",
        ] {
            let other = parse_wkt(other).unwrap_or(MultiPolygon(Vec::new()));
            assert!(!same_ground(&field, &other, SAME_GROUND_M));
            assert!(!same_ground(&other, &field, SAME_GROUND_M));
        }
    }

    proptest! {
        /// Written in GCJ-02, brought to WGS-84, rounded to six decimals as GeoJSON recommends.
        #[test]
        fn ground_in_another_datum_is_known_again_and_moved_ground_is_not(
            lon in 98.0..108.0f64, lat in 26.0..34.0f64, moved in 3.0..50.0f64,
        ) {
            let plane = LocalPlane::at(lon, lat).unwrap();
            let ground = plane.polygon(&[(0.0, 0.0), (120.0, 8.0), (140.0, 130.0), (20.0, 160.0)]);
            let shifted: Vec<String> = corners(&ground)
                .map(|at| Datum::Gcj02.from_wgs84(at.x, at.y).unwrap())
                .map(|(x, y)| format!("{x} {y}"))
                .collect();
            let typed = format!("POLYGON(({}))", shifted.join(","));
            let read = Boundary::from_wkt(&typed, Datum::Gcj02).unwrap().area;
            let short: Vec<String> = corners(&read).map(|at| format!("{:.6} {:.6}", at.x, at.y)).collect();
            let short = parse_wkt(&format!("POLYGON(({}))", short.join(","))).unwrap();
            prop_assert!(same_ground(&read, &short, SAME_GROUND_M));
            prop_assert!(same_ground(&ground, &short, SAME_GROUND_M));
            let further = plane.polygon(&[(0.0, 0.0), (120.0, 8.0), (140.0, 130.0 + moved), (20.0, 160.0)]);
            prop_assert!(!same_ground(&read, &further, SAME_GROUND_M));
        }
    }
}
