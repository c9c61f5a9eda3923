//! GPX: what a hand-held receiver or a phone writes on a walk round a field.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::rings::{Reading, Ring};
use super::{CUT_OFF, MAX_VERTICES, check_size};
use crate::error::{Format, GeoError};
use crate::warning::Warning;

/// Tracks are walks; a file without tracks may hold its walk as a route. The pieces of a track
/// (the receiver lost the sky for a while) are joined in order.
pub(super) fn read(text: &str) -> Result<Reading, GeoError> {
    check_size(text.len())?;
    let mut reader = Reader::from_str(text);
    let (mut tracks, mut routes): (Vec<Ring>, Vec<Ring>) = (Vec::new(), Vec::new());
    let (mut waypoints, mut points, mut seen_gpx) = (0_usize, 0_usize, false);
    let mut warnings = Vec::new();
    let mut segments = 0;
    let mut open = 0_usize;
    loop {
        let event = reader.read_event().map_err(|e| syntax(&e.to_string()))?;
        match event {
            Event::Start(_) => open += 1,
            Event::End(_) => open = open.saturating_sub(1),
            _ => {}
        }
        match event {
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().into_inner() {
                "gpx" => seen_gpx = true,
                "trk" => {
                    tracks.push(Vec::new());
                    joined(segments, &mut warnings);
                    segments = 0;
                }
                "trkseg" => segments += 1,
                "rte" => routes.push(Vec::new()),
                "wpt" => waypoints += 1,
                "trkpt" => {
                    points += 1;
                    let point = position(&tag)?;
                    tracks
                        .last_mut()
                        .ok_or_else(|| syntax("trkpt outside trk"))?
                        .push(point);
                }
                "rtept" => {
                    points += 1;
                    let point = position(&tag)?;
                    routes
                        .last_mut()
                        .ok_or_else(|| syntax("rtept outside rte"))?
                        .push(point);
                }
                _ => {}
            },
            Event::Eof if open > 0 => return Err(syntax(CUT_OFF)),
            Event::Eof => break,
            _ => {}
        }
        if points > MAX_VERTICES {
            return Err(GeoError::TooManyVertices {
                vertices: points,
                limit: MAX_VERTICES,
            });
        }
    }
    joined(segments, &mut warnings);
    if !seen_gpx {
        return Err(syntax("no <gpx> element"));
    }
    tracks.retain(|walk| !walk.is_empty());
    routes.retain(|walk| !walk.is_empty());
    let walks = if tracks.is_empty() { routes } else { tracks };
    if walks.is_empty() && waypoints > 0 {
        let found = format!("wpt × {waypoints}");
        return Err(GeoError::NotAnArea { found });
    }
    if waypoints > 0 {
        warnings.push(Warning::NotAreasSkipped { count: waypoints });
    }
    Ok(Reading {
        parts: walks.into_iter().map(|walk| vec![walk]).collect(),
        walked: true,
        warnings,
        ..Reading::default()
    })
}

fn joined(segments: usize, warnings: &mut Vec<Warning>) {
    if segments > 1 {
        warnings.push(Warning::SegmentsJoined { segments });
    }
}

fn position(tag: &BytesStart<'_>) -> Result<(f64, f64), GeoError> {
    let (mut lon, mut lat) = (None, None);
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|e| syntax(&e.to_string()))?;
        let number = || attribute.value.trim().parse::<f64>().ok();
        match attribute.key.into_inner() {
            "lon" => lon = number(),
            "lat" => lat = number(),
            _ => {}
        }
    }
    lon.zip(lat)
        .ok_or_else(|| syntax("a point without lon and lat"))
}

fn syntax(detail: &str) -> GeoError {
    GeoError::Syntax {
        format: Format::Gpx,
        detail: detail.to_owned(),
    }
}
