//! The ground of a project as a drawing: its boundary, where photos were taken and what they cover, and how large the
//! declared area would be. Metres on a plane, north up.

use kandeng_geo::{Datum, LocalPlane, MultiPolygon, area_m2, m2_from_mu};
use kandeng_platform::page::{Words, area};

use crate::filing::Filing;
use crate::import::boundary;
use crate::import::value::{Cell, quantity};
use crate::project::{ProjectPage, Row};

/// The drawing's width and height.
const SIZE: (f64, f64) = (340.0, 240.0);

/// The margin around what is drawn.
const MARGIN: f64 = 16.0;

/// The most photos that are drawn.
const PHOTOS: usize = 500;

/// The drawing.
pub(super) struct Ground {
    /// Paths of the boundary.
    pub boundary: String,
    /// Paths of what photos cover.
    pub covered: String,
    /// Where photos were taken.
    pub photos: Vec<(f64, f64)>,
    /// The square of the declared area: left, top, side.
    pub declared: Option<(f64, f64, f64)>,
    /// What is measured, for people.
    pub measured: String,
    /// What is declared, for people.
    pub declared_area: Option<String>,
    /// The length of the scale bar in the drawing, and in metres.
    pub scale: (f64, u64),
    pub width: f64,
    pub height: f64,
    pub chart: Chart,
}

/// From a place in the drawing to a position, for whoever draws on it.
#[derive(Clone, Copy)]
pub(super) struct Chart {
    /// The position in the middle, on WGS-84.
    pub lon: f64,
    pub lat: f64,
    /// Units of the drawing to a metre.
    pub scale: f64,
    /// Metres to a degree there, east and north.
    pub east: f64,
    pub north: f64,
}

/// How much ground is drawn on all sides where there is no boundary yet, in metres.
const BLANK_M: f64 = 150.0;

/// Photos further away than this are no help in drawing, in metres.
const NEAR_M: f64 = 2_000.0;

/// The area that a filing's boundary encloses; nothing where none can be read.
pub(super) fn area_of(page: &ProjectPage, datum: Option<Datum>) -> Option<MultiPolygon<f64>> {
    let fields = &page.filed.fields;
    let named = fields.get("boundary_datum").map(|name| Datum::parse(name));
    let datum = named.and_then(Result::ok).or(datum);
    let read = boundary::read(fields.get("boundary")?, datum, &[]).ok()?;
    Some(read.area)
}

/// The drawing of a filing; nothing where no boundary can be read.
pub(super) fn of(
    words: Words,
    filing: &Filing,
    page: &ProjectPage,
    datum: Option<Datum>,
) -> Option<Ground> {
    drawn(words, filing, page, Some(&area_of(page, datum)?))
}

/// The drawing of a filing with an area in place of its boundary, or with none: then around its photos or its position.
pub(super) fn drawn(
    words: Words,
    filing: &Filing,
    page: &ProjectPage,
    ground: Option<&MultiPolygon<f64>>,
) -> Option<Ground> {
    let fields = &page.filed.fields;
    let photo_rows = || {
        let rows = page.filed.lists.get("photos").into_iter();
        rows.flat_map(|rows| rows.values())
    };
    let position = |row: &Row| {
        let number = |key: &str| row.get(key)?.trim().parse::<f64>().ok();
        number("lon").zip(number("lat"))
    };
    let (lon, lat) = match ground {
        Some(ground) => middle(ground)?,
        None => position(fields).or_else(|| photo_rows().find_map(position))?,
    };
    let plane = LocalPlane::at(lon, lat).ok()?;
    let photos: Vec<(f64, f64)> = photo_rows()
        .filter_map(position)
        .take(PHOTOS)
        .map(|(lon, lat)| plane.to_metres(lon, lat))
        .collect();
    let footprints: Vec<MultiPolygon<f64>> = photo_rows()
        .filter_map(|row| boundary::read(row.get("footprint")?, None, &[]).ok())
        .take(PHOTOS)
        .map(|read| read.area)
        .collect();
    let unit = fields.get("scale_unit").map(String::as_str);
    let unit = unit.and_then(|unit| filing.units.canonical(unit));
    let declared = fields.get("scale").and_then(|scale| {
        let (number, written) = quantity::read(Cell::text(scale)).ok().flatten()?;
        let written = written.and_then(|unit| filing.units.canonical(&unit).map(str::to_owned));
        match written.as_deref().or(unit)? {
            "亩" => Some(m2_from_mu(number)),
            "公顷" => Some(number * 10_000.0),
            _ => None,
        }
    });
    let rings = |area: &MultiPolygon<f64>| -> Vec<Vec<(f64, f64)>> {
        area.iter()
            .flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()))
            .map(|ring| {
                ring.coords()
                    .map(|point| plane.to_metres(point.x, point.y))
                    .collect()
            })
            .collect()
    };
    let outline = ground.map_or_else(Vec::new, rings);
    // What is drawn must hold the boundary and a square of the declared size around its middle. A photo far away
    // would make all of it a dot.
    let points = outline.iter().flatten().copied();
    let mut reach = points.fold((0.0_f64, 0.0_f64), |reach, (east, north)| {
        (reach.0.max(east.abs()), reach.1.max(north.abs()))
    });
    if ground.is_none() {
        let near = photos.iter().filter(|at| at.0.hypot(at.1) < NEAR_M);
        reach = near.fold((BLANK_M, BLANK_M), |reach, (east, north)| {
            (reach.0.max(east.abs()), reach.1.max(north.abs()))
        });
    }
    let side = declared.map(f64::sqrt);
    if let Some(side) = side {
        reach = (reach.0.max(side / 2.0), reach.1.max(side / 2.0));
    }
    let (width, height) = SIZE;
    let (half_width, half_height) = (width / 2.0, height / 2.0);
    let scale =
        ((half_width - MARGIN) / reach.0.max(1.0)).min((half_height - MARGIN) / reach.1.max(1.0));
    let at = |(east, north): (f64, f64)| {
        let round = |value: f64| (value * 10.0).round() / 10.0;
        (
            round(half_width + east * scale),
            round(half_height - north * scale),
        )
    };
    let inside =
        |point: &(f64, f64)| (0.0..=width).contains(&point.0) && (0.0..=height).contains(&point.1);
    let path = |rings: &[Vec<(f64, f64)>]| {
        let mut path = String::new();
        for ring in rings {
            for (place, point) in ring.iter().enumerate() {
                let (x, y) = at(*point);
                path.push_str(&format!("{}{x} {y}", if place == 0 { "M" } else { "L" }));
            }
            path.push('Z');
        }
        path
    };
    let covered: String = footprints.iter().map(|area| path(&rings(area))).collect();
    let metres = |value: f64| value.round().max(0.0) as u64;
    let bar = bar(width / scale);
    Some(Ground {
        boundary: path(&outline),
        covered,
        photos: photos.into_iter().map(at).filter(inside).collect(),
        declared: side.map(|side| {
            let side = side * scale;
            (half_width - side / 2.0, half_height - side / 2.0, side)
        }),
        measured: ground.map_or_else(String::new, |ground| area(words, metres(area_m2(ground)))),
        chart: {
            let (east, north) = plane.to_metres(lon + 1e-3, lat + 1e-3);
            Chart {
                lon,
                lat,
                scale,
                east: east * 1e3,
                north: north * 1e3,
            }
        },
        declared_area: declared.map(|declared| area(words, metres(declared))),
        scale: (bar as f64 * scale, bar),
        width,
        height,
    })
}

/// A round length in metres, about a fifth of what is drawn.
fn bar(metres: f64) -> u64 {
    let about = (metres / 5.0).max(1.0);
    let power = 10_f64.powf(about.log10().floor());
    let step = [5.0, 2.0, 1.0]
        .into_iter()
        .find(|step| step * power <= about);
    (step.unwrap_or(1.0) * power) as u64
}

/// The middle of what an area reaches over, in degrees.
fn middle(area: &MultiPolygon<f64>) -> Option<(f64, f64)> {
    let points = area.iter().flat_map(|polygon| polygon.exterior().coords());
    let mut reach: Option<[f64; 4]> = None;
    for point in points {
        let [west, south, east, north] = reach.unwrap_or([point.x, point.y, point.x, point.y]);
        reach = Some([
            west.min(point.x),
            south.min(point.y),
            east.max(point.x),
            north.max(point.y),
        ]);
    }
    reach.map(|[west, south, east, north]| (f64::midpoint(west, east), f64::midpoint(south, north)))
}

/// What the drawing says to whoever does not see it.
impl Ground {
    pub fn told(&self, words: &Words) -> String {
        let declared = self.declared_area.clone().unwrap_or_default();
        words.say_with(
            "ground-told",
            &[("measured", self.measured.clone()), ("declared", declared)],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_bar_is_a_round_length() {
        assert_eq!(bar(1_000.0), 200);
        assert_eq!(bar(340.0), 50);
        assert_eq!(bar(90.0), 10);
        assert_eq!(bar(2.0), 1);
    }
}
