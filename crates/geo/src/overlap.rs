//! What areas share: overlap of two, all overlapping pairs through a spatial index, union of many.
//! Polygon clipping is `geo`'s (integer sweep of `i_overlay`, robust against crossing rings); this
//! file decides what broken input means: ground is what the outer ring of any part goes round
//! (non-zero rule), less that part's holes.

use std::borrow::Cow;

use geo::bool_ops::{BooleanOps, FillRule, OpType};
use geo::winding_order::Winding;
use geo::{BoundingRect, MultiPolygon, Polygon, Rect};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::crossing;
use crate::measure::{area_m2, is_usable, sum_of_parts_m2};

/// Overlaps up to this many square metres are taken for none: neighbours that share an edge written
/// with eight decimals overlap by about a millimetre.
pub const SLIVER_M2: f64 = 0.1;

/// So many partners of one area are reported at least; see [`overlap_pairs`].
pub const PARTNERS: u32 = 32;

/// Share of the smaller area from which two areas count among each other's [`PARTNERS`]. Neighbours that
/// overlap by a strip never crowd out one another.
const FULL_SHARE: f64 = 0.5;

/// Square metres that two areas share.
pub fn overlap_m2(a: &MultiPolygon<f64>, b: &MultiPolygon<f64>) -> f64 {
    let (Some(box_a), Some(box_b)) = (bounds(a), bounds(b)) else {
        return 0.0;
    };
    if !touch(box_a, box_b) {
        return 0.0;
    }
    shared_m2(a, b)
}

/// Share of `a`'s ground that lies outside `b`, 0 to 1; `None` when `a` has no ground.
pub fn outside_share(a: &MultiPolygon<f64>, b: &MultiPolygon<f64>) -> Option<f64> {
    let whole = area_m2(a);
    (whole > 0.0).then(|| (1.0 - overlap_m2(a, b) / whole).clamp(0.0, 1.0))
}

/// Two areas of a list that share ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// Index of the one.
    pub a: usize,
    /// Index of the other; greater than `a`.
    pub b: usize,
    /// Square metres that they share, more than [`SLIVER_M2`].
    pub area_m2: f64,
    /// Share of the smaller area, 0 to 1.
    pub share_of_smaller: f64,
}

/// All pairs that share more than [`SLIVER_M2`], in order of (a, b). Candidates come from a spatial
/// index, so that a million scattered fields take seconds; the time grows with the pairs whose
/// bounding rectangles overlap. Areas that are empty or no positions pair with nothing.
///
/// Where very many areas are the same (a township's outline filed by each of its projects), a pair is
/// left out only when each of the two has at least [`PARTNERS`] other partners that it shares half of
/// the smaller with. So every area that overlaps shows it, and a thousand copies make no million pairs.
pub fn overlap_pairs(areas: &[MultiPolygon<f64>]) -> Vec<Overlap> {
    let boxes: Vec<Option<Rect<f64>>> = areas.iter().map(bounds).collect();
    let tree = RTree::bulk_load(
        boxes
            .iter()
            .enumerate()
            .filter_map(|(i, bounds)| bounds.map(|rect| (i, rect)))
            .map(|(i, rect)| {
                let corners = Rectangle::from_corners(
                    [rect.min().x, rect.min().y],
                    [rect.max().x, rect.max().y],
                );
                GeomWithData::new(corners, i)
            })
            .collect(),
    );
    let mut pairs = Vec::new();
    let mut near = Vec::new();
    let mut partners = vec![0_u32; areas.len()];
    let mut grounds: Vec<Option<f64>> = vec![None; areas.len()];
    let mut ground_m2 = |i: usize| *grounds[i].get_or_insert_with(|| area_m2(&areas[i]));
    for (a, bounds) in boxes.iter().enumerate() {
        let Some(rect) = bounds else { continue };
        let around = AABB::from_corners([rect.min().x, rect.min().y], [rect.max().x, rect.max().y]);
        near.clear();
        near.extend(
            tree.locate_in_envelope_intersecting(&around)
                .map(|item| item.data)
                .filter(|&b| b > a),
        );
        near.sort_unstable();
        for &b in &near {
            if partners[a].min(partners[b]) >= PARTNERS {
                continue;
            }
            let area = shared_m2(&areas[a], &areas[b]);
            if area > SLIVER_M2 {
                let smaller = ground_m2(a).min(ground_m2(b));
                let share = (area / smaller).min(1.0);
                if share >= FULL_SHARE {
                    partners[a] += 1;
                    partners[b] += 1;
                }
                pairs.push(Overlap {
                    a,
                    b,
                    area_m2: area,
                    share_of_smaller: share,
                });
            }
        }
    }
    pairs
}

/// Square metres of the union of all areas: ground covered more than once counts once.
pub fn union_area_m2(areas: &[MultiPolygon<f64>]) -> f64 {
    let usable = areas.iter().filter(|area| bounds(area).is_some());
    let parts: MultiPolygon<f64> = usable.flat_map(ground).collect();
    if parts_meet(&parts) {
        return sum_of_parts_m2(&filled(&parts));
    }
    sum_of_parts_m2(&parts)
}

/// Whether every part is one ring, no ring crosses and no two parts meet, so that the parts can
/// simply be added up.
pub(crate) fn is_plain(area: &MultiPolygon<f64>) -> bool {
    area.iter().all(|part| part.interiors().is_empty())
        && !parts_meet(area)
        && crossing::count(area, 1).is_simple()
}

/// The same ground as rings that do not cross and parts that do not overlap, outer rings
/// counter-clockwise and holes clockwise.
///
/// A ring that crosses itself goes round some ground backwards, which would take another part's
/// ground off it; a hole outside its outer ring would add ground. So each part is put right first.
pub(crate) fn ground(area: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    let mut parts = Vec::with_capacity(area.0.len());
    for part in area.iter().filter(|part| part.exterior().0.len() > 3) {
        let shell = MultiPolygon(vec![Polygon::new(part.exterior().clone(), Vec::new())]);
        if !part.interiors().is_empty() {
            let holes = part.interiors().iter().filter(|hole| hole.0.len() > 3);
            let holes: MultiPolygon<f64> = holes
                .flat_map(|hole| {
                    filled(&MultiPolygon(vec![Polygon::new(hole.clone(), Vec::new())]))
                })
                .collect();
            parts.extend(clip(&shell, &holes, OpType::Difference));
        } else if !crossing::count(&shell, 1).is_simple() {
            parts.extend(filled(&shell));
        } else {
            parts.extend(shell.into_iter().map(|mut part| {
                part.exterior_mut(Winding::make_ccw_winding);
                part
            }));
        }
    }
    let parts = MultiPolygon(parts);
    if parts_meet(&parts) {
        filled(&parts)
    } else {
        parts
    }
}

fn shared_m2(a: &MultiPolygon<f64>, b: &MultiPolygon<f64>) -> f64 {
    sum_of_parts_m2(&clip(&clippable(a), &clippable(b), OpType::Intersection))
}

/// What the clipping takes: a single ring as it is, whatever it does, anything else put right.
fn clippable(area: &MultiPolygon<f64>) -> Cow<'_, MultiPolygon<f64>> {
    match area.0.as_slice() {
        [part] if part.interiors().is_empty() => Cow::Borrowed(area),
        _ => Cow::Owned(ground(area)),
    }
}

fn filled(area: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    clip(area, &MultiPolygon(Vec::new()), OpType::Union)
}

fn clip(a: &MultiPolygon<f64>, b: &MultiPolygon<f64>, operation: OpType) -> MultiPolygon<f64> {
    let mut clipped = a.boolean_op_with_fill_rule(b, operation, FillRule::NonZero);
    // Holes that touch their outer ring come back in its direction; another clipping would fill them.
    for part in &mut clipped {
        part.exterior_mut(Winding::make_ccw_winding);
        part.interiors_mut(|holes| holes.iter_mut().for_each(Winding::make_cw_winding));
    }
    clipped
}

/// The rectangle around an area; `None` when it is empty or holds what is no position.
fn bounds(area: &MultiPolygon<f64>) -> Option<Rect<f64>> {
    if is_usable(area) {
        area.bounding_rect()
    } else {
        None
    }
}

fn touch(a: Rect<f64>, b: Rect<f64>) -> bool {
    a.min().x <= b.max().x
        && b.min().x <= a.max().x
        && a.min().y <= b.max().y
        && b.min().y <= a.max().y
}

/// Whether the rectangles of any two parts meet.
fn parts_meet(area: &MultiPolygon<f64>) -> bool {
    if area.0.len() < 2 {
        return false;
    }
    let mut boxes: Vec<Rect<f64>> = area
        .iter()
        .filter_map(BoundingRect::bounding_rect)
        .collect();
    boxes.sort_by(|a, b| a.min().x.total_cmp(&b.min().x));
    boxes.iter().enumerate().any(|(i, one)| {
        let reaching = boxes[i + 1..]
            .iter()
            .take_while(|other| other.min().x <= one.max().x);
        reaching.into_iter().any(|other| touch(*one, *other))
    })
}
