//! From rings as a reader found them to ground on WGS-84: limits, closing, datum, plausibility.

use geo::{Coord, LineString, MultiPolygon, Polygon};

use super::{Boundary, MAX_RINGS, MAX_VERTICES};
use crate::crossing;
use crate::datum::{Datum, in_china};
use crate::error::GeoError;
use crate::measure::point_distance_m;
use crate::warning::Warning;

/// Crossings beyond which a boundary is a scribble; clipping it would take minutes.
const MAX_CROSSINGS: usize = 20_000;
/// Below this many points even a scribble has fewer crossings than that.
const TANGLE_POSSIBLE: usize = 200;
/// Metres between the ends of a walk that are not worth a word.
const GAP_WORTH_SAYING_M: f64 = 10.0;

pub(super) type Ring = Vec<(f64, f64)>;

/// What a reader found, in the source's own datum.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Parts, each an outer ring and its holes; rings may be closed or not.
    pub parts: Vec<Vec<Ring>>,
    /// Whether rings are walks, whose ends need not meet.
    pub walked: bool,
    /// The datum that the source names.
    pub datum: Option<Datum>,
    pub warnings: Vec<Warning>,
}

impl Reading {
    pub(super) fn into_boundary(self, datum: Datum) -> Result<Boundary, GeoError> {
        check_limits(&self.parts)?;
        let longest = self.parts.iter().flatten().map(Vec::len).max().unwrap_or(0);
        let mut warnings = self.warnings;
        let mut parts = Vec::with_capacity(self.parts.len());
        for rings in self.parts {
            let mut rings = rings.into_iter();
            let Some(outer) = rings.next() else { continue };
            let Some(outer) = ring_on_wgs84(&outer, datum, self.walked, &mut warnings)? else {
                continue;
            };
            let mut holes = Vec::new();
            for hole in rings {
                holes.extend(ring_on_wgs84(&hole, datum, self.walked, &mut warnings)?);
            }
            parts.push(Polygon::new(outer, holes));
        }
        if parts.is_empty() {
            return Err(GeoError::TooFewPoints { points: longest });
        }
        let area = MultiPolygon(parts);
        check_tangle(&area)?;
        warnings.extend(outside_china(&area));
        Ok(Boundary { area, warnings })
    }
}

fn check_limits(parts: &[Vec<Ring>]) -> Result<(), GeoError> {
    let rings: usize = parts.iter().map(Vec::len).sum();
    if rings > MAX_RINGS {
        let limit = MAX_RINGS;
        return Err(GeoError::TooManyRings { rings, limit });
    }
    let vertices: usize = parts.iter().flatten().map(Vec::len).sum();
    if vertices > MAX_VERTICES {
        let limit = MAX_VERTICES;
        return Err(GeoError::TooManyVertices { vertices, limit });
    }
    Ok(())
}

/// The ring without repeated points, closed, on WGS-84; `None` (with a warning) when it encloses
/// nothing.
fn ring_on_wgs84(
    ring: &Ring,
    datum: Datum,
    walked: bool,
    warnings: &mut Vec<Warning>,
) -> Result<Option<LineString<f64>>, GeoError> {
    let mut points: Vec<Coord<f64>> = Vec::with_capacity(ring.len() + 1);
    for &(x, y) in ring {
        let point = Coord::from(datum.to_wgs84(x, y)?);
        if points.last() != Some(&point) {
            points.push(point);
        }
    }
    let gap_m = match (points.first(), points.last()) {
        (Some(first), Some(last)) if walked => point_distance_m(first.x, first.y, last.x, last.y),
        _ => 0.0,
    };
    if points.len() > 1 && points.first() == points.last() {
        points.pop();
    }
    let third = points
        .iter()
        .skip(2)
        .find(|p| **p != points[0] && **p != points[1]);
    if third.is_none() {
        warnings.push(Warning::RingDropped { points: ring.len() });
        return Ok(None);
    }
    if gap_m > GAP_WORTH_SAYING_M {
        warnings.push(Warning::ClosedOverGap { gap_m });
    }
    points.push(points[0]);
    Ok(Some(LineString(points)))
}

fn check_tangle(area: &MultiPolygon<f64>) -> Result<(), GeoError> {
    let rings = area
        .iter()
        .flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
    if rings.map(|ring| ring.0.len()).sum::<usize>() < TANGLE_POSSIBLE {
        return Ok(());
    }
    let crossings = crossing::count(area, MAX_CROSSINGS);
    if crossings.gave_up || crossings.found >= MAX_CROSSINGS {
        return Err(GeoError::TooTangled {
            limit: MAX_CROSSINGS,
        });
    }
    Ok(())
}

fn outside_china(area: &MultiPolygon<f64>) -> Option<Warning> {
    let mut points = area.iter().flat_map(|part| part.exterior().coords());
    let outside = points.find(|p| !in_china(p.x, p.y))?;
    Some(Warning::OutsideChina {
        lon: outside.x,
        lat: outside.y,
    })
}
