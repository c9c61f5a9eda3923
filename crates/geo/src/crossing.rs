//! Whether the edges of an area cross. Exact predicates: what only touches (a corner on an edge, a
//! hole tied to the outside, a walk out and back) does not cross.

use geo::kernels::{Kernel, RobustKernel};
use geo::line_intersection::{LineIntersection, line_intersection};
use geo::{Area, Coord, Line, LineString, MultiPolygon, Orientation, Polygon};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::overlap::ground;

/// Above this many edges candidates come from a spatial index.
const INDEXED_ABOVE: usize = 48;
/// Pairs of edges looked at before giving up: about a second.
const MAX_PAIRS: usize = 20_000_000;

/// Where edges run along each other, rings cross when their areas tell so by more than this share.
const AREA_TOLERANCE: f64 = 1e-6;

/// What `count` found.
#[derive(Default)]
pub(crate) struct Crossings {
    /// Crossings found, at most as many as asked for.
    pub found: usize,
    /// Whether any edge runs along another one, which may hide a crossing.
    pub runs_along: bool,
    /// Whether the work ran out before all pairs were seen.
    pub gave_up: bool,
}

impl Crossings {
    /// Whether no edge crosses or runs along another.
    pub(crate) fn is_simple(&self) -> bool {
        self.found == 0 && !self.runs_along && !self.gave_up
    }

    fn add(&mut self, meeting: Meeting) {
        match meeting {
            Meeting::Apart => {}
            Meeting::Crossing => self.found += 1,
            Meeting::Along => self.runs_along = true,
        }
    }
}

#[derive(Clone, Copy)]
enum Meeting {
    Apart,
    Crossing,
    Along,
}

/// Whether any edge crosses another one: of the same ring, of a hole, or of another part.
///
/// Edges that run along each other do not cross by that alone: then the areas decide whether one
/// ring changes sides on the way. An area so tangled that looking at
/// its edges takes over about a second (tens of thousands of long parallel diagonals) counts as
/// crossing; [`crate::Boundary`] refuses such areas.
///
/// ```
/// use kandeng_geo::{crosses_itself, parse_wkt};
/// let bow_tie = parse_wkt("POLYGON((105 32, 105.01 32.01, 105.01 32, 105 32.01))")?;
/// assert!(crosses_itself(&bow_tie));
/// # Ok::<(), kandeng_geo::GeoError>(())
/// ```
pub fn crosses_itself(area: &MultiPolygon<f64>) -> bool {
    let crossings = count(area, 1);
    crossings.found > 0
        || crossings.gave_up
        || (crossings.runs_along && area.iter().any(goes_round_twice))
}

/// Whether a part's rings enclose other ground than their signed areas add up to.
fn goes_round_twice(part: &Polygon<f64>) -> bool {
    let enclosed = |ring: &LineString<f64>| Polygon::new(ring.clone(), Vec::new()).unsigned_area();
    let holes: f64 = part.interiors().iter().map(enclosed).sum();
    let signed = enclosed(part.exterior()) - holes;
    let covered = ground(&MultiPolygon(vec![part.clone()])).unsigned_area();
    (signed - covered).abs() > AREA_TOLERANCE * covered
}

/// Counts crossings up to `limit`.
pub(crate) fn count(area: &MultiPolygon<f64>, limit: usize) -> Crossings {
    let rings = open_rings(area);
    let edges: Vec<Edge> = rings
        .iter()
        .enumerate()
        .flat_map(|(ring, points)| (0..points.len()).map(move |at| Edge { ring, at }))
        .collect();
    let mut tally = Crossings::default();
    if edges.len() <= INDEXED_ABOVE {
        for (i, one) in edges.iter().enumerate() {
            for other in &edges[i + 1..] {
                tally.add(meeting(&rings, *one, *other));
                if tally.found >= limit {
                    return tally;
                }
            }
        }
        return tally;
    }

    let tree = RTree::bulk_load(
        edges
            .iter()
            .enumerate()
            .map(|(i, edge)| {
                let line = edge.line(&rings);
                let corners =
                    Rectangle::from_corners([line.start.x, line.start.y], [line.end.x, line.end.y]);
                GeomWithData::new(corners, i)
            })
            .collect(),
    );
    let mut pairs = 0;
    for (i, one) in edges.iter().enumerate() {
        let line = one.line(&rings);
        let around = AABB::from_corners([line.start.x, line.start.y], [line.end.x, line.end.y]);
        for other in tree.locate_in_envelope_intersecting(&around) {
            if other.data <= i {
                continue;
            }
            pairs += 1;
            tally.add(meeting(&rings, *one, edges[other.data]));
            if tally.found >= limit {
                return tally;
            }
            if pairs > MAX_PAIRS {
                tally.gave_up = true;
                return tally;
            }
        }
    }
    tally
}

/// The edge of a ring from point `at` to the next.
#[derive(Clone, Copy)]
struct Edge {
    ring: usize,
    at: usize,
}

impl Edge {
    fn line(self, rings: &[Vec<Coord<f64>>]) -> Line<f64> {
        let points = &rings[self.ring];
        Line::new(points[self.at], points[(self.at + 1) % points.len()])
    }

    /// The points before and after `point`, which lies on this edge, on the way along its ring.
    fn around(self, rings: &[Vec<Coord<f64>>], point: Coord<f64>) -> (Coord<f64>, Coord<f64>) {
        let points = &rings[self.ring];
        let len = points.len();
        let line = self.line(rings);
        if point == line.start {
            (points[(self.at + len - 1) % len], line.end)
        } else if point == line.end {
            (line.start, points[(self.at + 2) % len])
        } else {
            (line.start, line.end)
        }
    }
}

/// Every ring without repeated points and without its closing point; those with fewer than three
/// points, or with coordinates that are no position, are left out.
fn open_rings(area: &MultiPolygon<f64>) -> Vec<Vec<Coord<f64>>> {
    area.iter()
        .flat_map(|part| std::iter::once(part.exterior()).chain(part.interiors()))
        .filter_map(|ring| {
            let mut points = ring.0.clone();
            points.dedup();
            while points.len() > 1 && points.first() == points.last() {
                points.pop();
            }
            let usable = points.iter().all(|p| p.x.is_finite() && p.y.is_finite());
            (points.len() >= 3 && usable).then_some(points)
        })
        .collect()
}

fn meeting(rings: &[Vec<Coord<f64>>], one: Edge, other: Edge) -> Meeting {
    let point = match line_intersection(one.line(rings), other.line(rings)) {
        Some(LineIntersection::SinglePoint {
            is_proper: true, ..
        }) => return Meeting::Crossing,
        Some(LineIntersection::Collinear { .. }) => return Meeting::Along,
        Some(LineIntersection::SinglePoint { intersection, .. }) => intersection,
        None => return Meeting::Apart,
    };
    let len = rings[one.ring].len();
    let neighbours = one.ring == other.ring
        && ((one.at + 1) % len == other.at || (other.at + 1) % len == one.at);
    if neighbours {
        return Meeting::Apart;
    }
    // They touch: they cross if the other one leaves on the other side than it comes from.
    let (before, after) = one.around(rings, point);
    let (from, to) = other.around(rings, point);
    if side(before, point, after, from) * side(before, point, after, to) < 0 {
        Meeting::Crossing
    } else {
        Meeting::Apart
    }
}

/// On which side of the way `before` → `corner` → `after` a point lies: 1 left, −1 right, 0 on it.
fn side(before: Coord<f64>, corner: Coord<f64>, after: Coord<f64>, q: Coord<f64>) -> i8 {
    let sign = |a, b, c| match RobustKernel::orient2d(a, b, c) {
        Orientation::CounterClockwise => 1,
        Orientation::Clockwise => -1,
        Orientation::Collinear => 0,
    };
    let (first, second) = (sign(before, corner, q), sign(corner, after, q));
    match sign(before, corner, after) {
        // left turn: the left side is the wedge between both edges
        1 if first > 0 && second > 0 => 1,
        1 if first < 0 || second < 0 => -1,
        // right turn: the right side is
        -1 if first < 0 && second < 0 => -1,
        -1 if first > 0 || second > 0 => 1,
        0 if first == second => first,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{LineString, Polygon};
    use proptest::prelude::*;

    fn area(rings: &[&[(f64, f64)]]) -> MultiPolygon<f64> {
        let ring = |points: &[(f64, f64)]| LineString::from(points.to_vec());
        let holes = rings[1..].iter().map(|r| ring(r)).collect();
        MultiPolygon(vec![Polygon::new(ring(rings[0]), holes)])
    }

    #[test]
    fn a_square_does_not_cross_itself() {
        assert!(!crosses_itself(&area(&[&[
            (0., 0.),
            (1., 0.),
            (1., 1.),
            (0., 1.)
        ]])));
    }

    #[test]
    fn a_bow_tie_crosses_itself() {
        assert!(crosses_itself(&area(&[&[
            (0., 0.),
            (1., 1.),
            (1., 0.),
            (0., 1.)
        ]])));
    }

    #[test]
    fn a_bow_tie_through_a_common_corner_crosses_itself() {
        let ring = [(0., 0.), (1., 1.), (2., 2.), (2., 0.), (1., 1.), (0., 2.)];
        assert!(crosses_itself(&area(&[&ring])));
    }

    #[test]
    fn two_lobes_that_meet_in_a_corner_only_touch() {
        let ring = [(0., 0.), (1., 1.), (2., 0.), (2., 2.), (1., 1.), (0., 2.)];
        assert!(!crosses_itself(&area(&[&ring])));
    }

    #[test]
    fn a_spike_and_a_hole_tied_to_the_outside_do_not_cross() {
        let spike = [(0., 0.), (2., 0.), (2., 2.), (3., 3.), (2., 2.), (0., 2.)];
        assert!(!crosses_itself(&area(&[&spike])));
        let keyhole = [
            (0., 0.),
            (4., 0.),
            (4., 4.),
            (0., 4.),
            (0., 0.),
            (1., 1.),
            (1., 2.),
            (2., 2.),
            (2., 1.),
            (1., 1.),
        ];
        assert!(!crosses_itself(&area(&[&keyhole])));
    }

    #[test]
    fn a_hole_that_leaves_its_outer_ring_crosses() {
        let outer = [(0., 0.), (2., 0.), (2., 2.), (0., 2.)];
        assert!(crosses_itself(&area(&[
            &outer,
            &[(1., 1.), (3., 1.), (3., 1.5), (1., 1.5)]
        ])));
        assert!(!crosses_itself(&area(&[
            &outer,
            &[(1., 1.), (1.5, 1.), (1.5, 1.5)]
        ])));
    }

    #[test]
    fn a_ring_that_changes_sides_where_it_runs_along_itself_crosses() {
        // both lobes share the way from (1, 0) to (2, 0), one above and one below it
        let ring = [
            (0., 1.),
            (1., 0.),
            (2., 0.),
            (3., -1.),
            (0., -1.),
            (1., 0.),
            (2., 0.),
            (3., 1.),
        ];
        assert!(crosses_itself(&area(&[&ring])));
        let apart = [
            (0., 1.),
            (1., 0.),
            (2., 0.),
            (3., 1.),
            (3., -1.),
            (2., 0.),
            (1., 0.),
            (0., -1.),
        ];
        assert!(!crosses_itself(&area(&[&apart])));
    }

    #[test]
    fn parallel_diagonals_by_the_ten_thousands_end() {
        let n = 30_000;
        let step = 1e-5;
        let mut ring = Vec::new();
        for i in 0..n {
            let x = f64::from(i) * step;
            let (low, high) = ((x, 0.0), (x + 5.0, 5.0));
            ring.extend(if i % 2 == 0 { [low, high] } else { [high, low] });
        }
        let _ = crosses_itself(&area(&[&ring]));
    }

    proptest! {
        #[test]
        fn a_star_shaped_ring_never_crosses_and_index_and_pairs_agree(
            radii in prop::collection::vec(0.1..1.0f64, 5..120)
        ) {
            let n = radii.len() as f64;
            let ring: Vec<_> = radii.iter().enumerate().map(|(i, r)| {
                let angle = i as f64 / n * std::f64::consts::TAU;
                (105.0 + r * angle.cos(), 32.0 + r * angle.sin())
            }).collect();
            prop_assert!(!crosses_itself(&area(&[&ring])));
        }

        #[test]
        fn any_ring_gets_an_answer_that_does_not_depend_on_its_start(
            points in prop::collection::vec((0..6i32, 0..6i32), 3..80), turn in 0..80usize,
        ) {
            let ring: Vec<_> = points.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect();
            let mut turned = ring.clone();
            turned.rotate_left(turn % ring.len());
            prop_assert_eq!(crosses_itself(&area(&[&ring])), crosses_itself(&area(&[&turned])));
        }
    }
}
