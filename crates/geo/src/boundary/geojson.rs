//! `GeoJSON`: geometries, features and collections; every polygon in them.

use ::geojson::{GeoJson, Geometry, GeometryValue, JsonObject, Position};

use super::check_size;
use super::rings::{Reading, Ring};
use crate::datum::Datum;
use crate::error::{Format, GeoError};
use crate::warning::Warning;

pub(super) fn read(text: &str) -> Result<Reading, GeoError> {
    check_size(text.len())?;
    let found: GeoJson = text
        .parse()
        .map_err(|e: ::geojson::Error| syntax(&e.to_string()))?;
    let mut reading = Reading::default();
    let mut skipped = 0;
    match found {
        GeoJson::Geometry(geometry) => {
            reading.datum = crs(geometry.foreign_members.as_ref())?;
            collect(geometry.value, &mut reading, &mut skipped)?;
        }
        GeoJson::Feature(feature) => {
            reading.datum = crs(feature.foreign_members.as_ref())?;
            collect_all(feature.geometry, &mut reading, &mut skipped)?;
        }
        GeoJson::FeatureCollection(all) => {
            reading.datum = crs(all.foreign_members.as_ref())?;
            for feature in all.features {
                let own = crs(feature.foreign_members.as_ref())?;
                one_datum(&mut reading, own)?;
                collect_all(feature.geometry, &mut reading, &mut skipped)?;
            }
        }
    }
    if reading.parts.is_empty() && skipped > 0 {
        let found = format!("Point/LineString × {skipped}");
        return Err(GeoError::NotAnArea { found });
    }
    if skipped > 0 {
        reading
            .warnings
            .push(Warning::NotAreasSkipped { count: skipped });
    }
    Ok(reading)
}

fn collect_all(
    geometries: impl IntoIterator<Item = Geometry>,
    reading: &mut Reading,
    skipped: &mut usize,
) -> Result<(), GeoError> {
    geometries.into_iter().try_for_each(|geometry| {
        let own = crs(geometry.foreign_members.as_ref())?;
        one_datum(reading, own)?;
        collect(geometry.value, reading, skipped)
    })
}

/// What a part says of its datum must be what the file says, or be said before any part.
fn one_datum(reading: &mut Reading, own: Option<Datum>) -> Result<(), GeoError> {
    match (own, reading.datum) {
        (None, _) => Ok(()),
        (Some(own), None) if reading.parts.is_empty() => {
            reading.datum = Some(own);
            Ok(())
        }
        (Some(own), Some(found)) if own.agrees_with(found) => Ok(()),
        _ => Err(syntax("its parts name different crs")),
    }
}

fn collect(
    value: GeometryValue,
    reading: &mut Reading,
    skipped: &mut usize,
) -> Result<(), GeoError> {
    match value {
        GeometryValue::Polygon { coordinates } => reading.parts.push(rings(&coordinates)?),
        GeometryValue::MultiPolygon { coordinates } => {
            for part in &coordinates {
                reading.parts.push(rings(part)?);
            }
        }
        GeometryValue::GeometryCollection { geometries } => {
            collect_all(geometries, reading, skipped)?;
        }
        _ => *skipped += 1,
    }
    Ok(())
}

fn rings(polygon: &[Vec<Position>]) -> Result<Vec<Ring>, GeoError> {
    polygon
        .iter()
        .map(|ring| ring.iter().map(position).collect())
        .collect()
}

fn position(position: &Position) -> Result<(f64, f64), GeoError> {
    match position.as_slice() {
        [lon, lat, ..] => Ok((*lon, *lat)),
        _ => Err(syntax("a position with fewer than two numbers")),
    }
}

/// The `crs` member that `GeoJSON` had before RFC 7946 and that GIS programs still write.
fn crs(members: Option<&JsonObject>) -> Result<Option<Datum>, GeoError> {
    let Some(crs) = members.and_then(|members| members.get("crs")) else {
        return Ok(None);
    };
    // Null is "not known".
    if crs.is_null() {
        return Ok(None);
    }
    let name = crs
        .get("properties")
        .and_then(|all| all.get("name")?.as_str());
    let name = name.ok_or_else(|| syntax("its crs has no name"))?;
    Datum::parse(name).map(Some)
}

fn syntax(detail: &str) -> GeoError {
    GeoError::Syntax {
        format: Format::GeoJson,
        detail: crate::error::shortened_to(detail, 200),
    }
}
