//! ESRI Shapefiles: the rings of the `.shp`, the datum of the `.prj`. What land offices hold.

use std::io::Cursor;

use ::shapefile::record::polygon::{GenericPolygon, PolygonRing};
use ::shapefile::record::traits::HasXY;
use ::shapefile::{Shape, ShapeReader};
use geo::{Contains, Coord, LineString, Polygon};

use super::rings::{Reading, Ring};
use super::{MAX_RINGS, MAX_VERTICES, check_size};
use crate::datum::Datum;
use crate::error::{Format, GeoError, shortened};
use crate::gauss_kruger::GaussKruger;
use crate::warning::Warning;

/// Bytes of the header that every `.shp` begins with.
const HEADER_BYTES: usize = 100;

/// Bytes that every record begins with.
const RECORD_HEADER_BYTES: usize = 8;

pub(super) fn read(shp: &[u8]) -> Result<Reading, GeoError> {
    check_size(shp.len())?;
    check_header(shp)?;
    let mut reader = ShapeReader::new(Cursor::new(shp)).map_err(|e| syntax(&e.to_string()))?;
    let mut reading = Reading::default();
    let (mut skipped, mut rings, mut vertices) = (0, 0, 0);
    for shape in reader.iter_shapes() {
        let found: Vec<(bool, Ring)> = match shape.map_err(|e| syntax(&e.to_string()))? {
            Shape::Polygon(polygon) => rings_of(&polygon),
            Shape::PolygonM(polygon) => rings_of(&polygon),
            Shape::PolygonZ(polygon) => rings_of(&polygon),
            Shape::NullShape => continue,
            _ => {
                skipped += 1;
                continue;
            }
        };
        rings += found.len();
        vertices += found.iter().map(|(_, ring)| ring.len()).sum::<usize>();
        if rings > MAX_RINGS {
            let limit = MAX_RINGS;
            return Err(GeoError::TooManyRings { rings, limit });
        }
        if vertices > MAX_VERTICES {
            let limit = MAX_VERTICES;
            return Err(GeoError::TooManyVertices { vertices, limit });
        }
        group(found, &mut reading);
    }
    if reading.parts.is_empty() && skipped > 0 {
        let found = format!("Point/Polyline × {skipped}");
        return Err(GeoError::NotAnArea { found });
    }
    if skipped > 0 {
        reading
            .warnings
            .push(Warning::NotAreasSkipped { count: skipped });
    }
    Ok(reading)
}

/// The length in the header may not exceed the bytes that are there, as the reader trusts it, nor fall short of them by
/// a record: what stands behind it would be lost in silence.
fn check_header(shp: &[u8]) -> Result<(), GeoError> {
    let words = shp.get(24..28).and_then(|b| <[u8; 4]>::try_from(b).ok());
    let words = words.map_or(-1, i32::from_be_bytes);
    let bytes = usize::try_from(words).unwrap_or(0) * 2;
    if bytes >= HEADER_BYTES && shp.len() >= bytes + RECORD_HEADER_BYTES {
        return Err(syntax("the file is longer than its header says"));
    }
    if shp.len() < HEADER_BYTES || bytes < HEADER_BYTES || bytes > shp.len() {
        return Err(syntax("the file is cut off or no .shp"));
    }
    Ok(())
}

/// Rings of one shape: whether each is an outer one (clockwise), and its points.
fn rings_of<P: HasXY>(polygon: &GenericPolygon<P>) -> Vec<(bool, Ring)> {
    let points = |ring: &PolygonRing<P>| ring.points().iter().map(|p| (p.x(), p.y())).collect();
    let rings = polygon.rings().iter();
    rings
        .map(|ring| (matches!(ring, PolygonRing::Outer(_)), points(ring)))
        .collect()
}

/// Gives every hole to the smallest outer ring that holds it. The format says outer or hole by the
/// direction of the ring only; a shape of nothing but holes was written the wrong way round.
fn group(rings: Vec<(bool, Ring)>, reading: &mut Reading) {
    let all_holes = rings.iter().all(|(outer, _)| !outer);
    let (outers, holes): (Vec<_>, Vec<_>) = rings
        .into_iter()
        .partition(|(outer, _)| *outer || all_holes);
    let first = reading.parts.len();
    let mut shells: Vec<(f64, Polygon<f64>)> = Vec::new();
    for (_, ring) in outers {
        if !holes.is_empty() {
            let shell = Polygon::new(LineString::from(ring.clone()), Vec::new());
            shells.push((geo::Area::unsigned_area(&shell), shell));
        }
        reading.parts.push(vec![ring]);
    }
    for (_, hole) in holes {
        let Some(&(x, y)) = hole.first() else {
            continue;
        };
        let on = |shell: &Polygon<f64>| {
            // A hole may touch its outer ring in its first point, so the next ones are asked too.
            let mut points = hole.iter().take(8).map(|&(x, y)| Coord { x, y });
            shell.contains(&Coord { x, y }) || points.any(|p| shell.contains(&p))
        };
        let holder = (0..shells.len())
            .filter(|&i| on(&shells[i].1))
            .min_by(|&a, &b| shells[a].0.total_cmp(&shells[b].0));
        match holder {
            Some(i) => reading.parts[first + i].push(hole),
            None => reading.warnings.push(Warning::StrayHole),
        }
    }
}

/// The datum that a `.prj` names: ESRI or OGC well-known text, versions 1 and 2.
///
/// # Errors
/// [`GeoError::UnsupportedDatum`] for old datums and other projections, [`GeoError::Syntax`] for
/// what is no `.prj`.
pub(super) fn datum_of_prj(prj: &str) -> Result<Datum, GeoError> {
    let key: String = prj
        .chars()
        .take(20_000)
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'))
        .flat_map(char::to_uppercase)
        .collect();
    let projected = ["PROJCS[", "PROJCRS[", "PROJECTEDCRS["]
        .iter()
        .any(|w| key.contains(w));
    let geographic = [
        "GEOGCS[",
        "GEOGCRS[",
        "GEODCRS[",
        "GEODETICCRS[",
        "GEOGRAPHICCRS[",
    ];
    if !projected && !geographic.iter().any(|w| key.contains(w)) {
        return Err(GeoError::Syntax {
            format: Format::Prj,
            detail: shortened(prj),
        });
    }
    let unsupported = || GeoError::UnsupportedDatum { name: name_of(prj) };
    let cgcs = ["CGCS2000", "CHINA2000", "CHINAGEODETICCOORDINATESYSTEM2000"]
        .iter()
        .any(|w| key.contains(w));
    let wgs84 = ["WGS84", "WGS1984"].iter().any(|w| key.contains(w));
    if !projected {
        return match (cgcs, wgs84) {
            (true, _) => Ok(Datum::Cgcs2000),
            (false, true) => Ok(Datum::Wgs84),
            (false, false) => Err(unsupported()),
        };
    }
    let gauss = ["\"GAUSSKRUGER\"", "\"TRANSVERSEMERCATOR\""]
        .iter()
        .any(|w| key.contains(w));
    if !cgcs || !gauss {
        return Err(unsupported());
    }
    let parameter = |names: &[&str]| names.iter().find_map(|name| parameter(&key, name));
    let meridian = parameter(&["CENTRALMERIDIAN", "LONGITUDEOFNATURALORIGIN"]);
    let easting = parameter(&["FALSEEASTING"]);
    let scale = parameter(&["SCALEFACTOR", "SCALEFACTORATNATURALORIGIN"]).unwrap_or(1.0);
    let plain = [
        "FALSENORTHING",
        "LATITUDEOFORIGIN",
        "LATITUDEOFNATURALORIGIN",
    ]
    .iter()
    .all(|name| is(self::parameter(&key, name).unwrap_or(0.0), 0.0));
    let metres = !["FOOT", "KILOMET"].iter().any(|unit| key.contains(unit));
    if !is(scale, 1.0) || !plain || !metres {
        return Err(unsupported());
    }
    // The figures decide: names of zones are written in many ways.
    let (Some(meridian), Some(easting)) = (meridian, easting) else {
        return Err(unsupported());
    };
    let matching = (4491..=4554)
        .filter_map(GaussKruger::from_epsg)
        .filter(|zone| is(zone.central_meridian(), meridian) && is(zone.false_easting(), easting));
    let six = key.contains("6DEGREE") || !key.contains("3DEGREE");
    let width = if six { 6 } else { 3 };
    matching
        .min_by_key(|zone| zone.width() != width)
        .map(Datum::GaussKruger)
        .ok_or_else(unsupported)
}

/// Whether two parameters are the same figure.
fn is(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

/// `PARAMETER["False_Easting",500000.0]`, names already without case and separators.
fn parameter(key: &str, name: &str) -> Option<f64> {
    let rest = key.split_once(&format!("PARAMETER[\"{name}\","))?.1;
    let end = rest.find([',', ']'])?;
    rest[..end].parse().ok()
}

/// The first quoted name.
fn name_of(prj: &str) -> String {
    shortened(prj.split('"').nth(1).unwrap_or(prj))
}

fn syntax(detail: &str) -> GeoError {
    GeoError::Syntax {
        format: Format::Shapefile,
        detail: detail.to_owned(),
    }
}
