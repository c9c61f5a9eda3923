//! KML: what map programs on phones and Google Earth write.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::rings::{Reading, Ring};
use super::{CUT_OFF, MAX_RINGS, MAX_VERTICES, check_size};
use crate::error::{Format, GeoError};
use crate::warning::Warning;

/// All polygons of the file, wherever they stand (placemarks, folders, multi-geometries); a file
/// without any may hold a walk as a line, a ring or a `gx:Track`.
pub(super) fn read(text: &str) -> Result<Reading, GeoError> {
    check_size(text.len())?;
    let mut reader = Reader::from_str(text);
    let mut file = File::default();
    let mut open = 0_usize;
    loop {
        match reader.read_event().map_err(|e| syntax(&e.to_string()))? {
            Event::Start(tag) => {
                open += 1;
                file.open(tag.local_name().into_inner());
            }
            Event::End(tag) => {
                open = open.saturating_sub(1);
                file.close(tag.local_name().into_inner())?;
            }
            Event::Text(text) => file.text(&text.xml10_content()),
            Event::CData(text) => file.text(&text.xml10_content()),
            Event::Eof if open > 0 => return Err(syntax(CUT_OFF)),
            Event::Eof => break,
            _ => {}
        }
    }
    file.finish()
}

#[derive(Default)]
struct File {
    seen_kml: bool,
    polygons: Vec<Vec<Ring>>,
    walks: Vec<Ring>,
    points: usize,
    /// What the coordinates being read belong to.
    inside: Inside,
    /// Their text.
    coordinates: Option<String>,
    vertices: usize,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Inside {
    #[default]
    Line,
    Point,
    Track,
    OuterRing,
    Hole,
}

impl File {
    fn open(&mut self, tag: &str) {
        match tag {
            "kml" => self.seen_kml = true,
            "Polygon" => {
                self.inside = Inside::OuterRing;
                self.polygons.push(Vec::new());
            }
            "innerBoundaryIs" if self.inside == Inside::OuterRing => self.inside = Inside::Hole,
            "Point" => self.inside = Inside::Point,
            "Track" => {
                self.inside = Inside::Track;
                self.walks.push(Vec::new());
            }
            "coordinates" | "coord" => self.coordinates = Some(String::new()),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(coordinates) = &mut self.coordinates {
            coordinates.push_str(text);
        }
    }

    fn close(&mut self, tag: &str) -> Result<(), GeoError> {
        match tag {
            "Polygon" | "Point" | "Track" => self.inside = Inside::Line,
            "innerBoundaryIs" if self.inside == Inside::Hole => self.inside = Inside::OuterRing,
            "coordinates" => {
                let ring = positions(&self.coordinates.take().unwrap_or_default())?;
                self.add(ring)?;
            }
            "coord" => {
                let text = self.coordinates.take().unwrap_or_default();
                let numbers: Vec<&str> = text.split_whitespace().collect();
                let point = position(&numbers).ok_or_else(|| bad_point(&text))?;
                let in_track = self.inside == Inside::Track;
                if let Some(walk) = self.walks.last_mut().filter(|_| in_track) {
                    walk.push(point);
                    self.vertices += 1;
                }
            }
            _ => {}
        }
        if self.vertices > MAX_VERTICES {
            return Err(GeoError::TooManyVertices {
                vertices: self.vertices,
                limit: MAX_VERTICES,
            });
        }
        Ok(())
    }

    fn add(&mut self, ring: Ring) -> Result<(), GeoError> {
        self.vertices += ring.len();
        let rings = match (self.inside, self.polygons.last_mut()) {
            (Inside::OuterRing | Inside::Hole, Some(rings)) => rings,
            (Inside::Point, _) => {
                self.points += 1;
                return Ok(());
            }
            _ => {
                self.walks.push(ring);
                return Ok(());
            }
        };
        if rings.len() > MAX_RINGS {
            return Err(GeoError::TooManyRings {
                rings: rings.len(),
                limit: MAX_RINGS,
            });
        }
        // The outer ring comes first whatever order the file has them in.
        if self.inside == Inside::Hole {
            rings.push(ring);
        } else {
            rings.insert(0, ring);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Reading, GeoError> {
        if !self.seen_kml {
            return Err(syntax("no <kml> element"));
        }
        self.walks.retain(|walk| !walk.is_empty());
        self.polygons.retain(|rings| !rings.is_empty());
        let walked = self.polygons.is_empty();
        let skipped = self.points + if walked { 0 } else { self.walks.len() };
        if walked && self.walks.is_empty() && skipped > 0 {
            let found = format!("Point × {skipped}");
            return Err(GeoError::NotAnArea { found });
        }
        let mut warnings = Vec::new();
        if skipped > 0 {
            warnings.push(Warning::NotAreasSkipped { count: skipped });
        }
        let walks = || self.walks.into_iter().map(|walk| vec![walk]).collect();
        Ok(Reading {
            parts: if walked { walks() } else { self.polygons },
            walked,
            warnings,
            ..Reading::default()
        })
    }
}

/// `lon,lat[,height]` tuples between blanks. Blanks after commas, which some programs write, are
/// tolerated.
fn positions(text: &str) -> Result<Ring, GeoError> {
    let tuples = text.split_whitespace();
    let mut ring = Ring::new();
    let mut pending = String::new();
    for piece in tuples {
        pending.push_str(piece);
        if piece.ends_with(',') {
            continue;
        }
        let numbers: Vec<&str> = pending.split(',').filter(|n| !n.is_empty()).collect();
        ring.push(position(&numbers).ok_or_else(|| bad_point(&pending))?);
        pending.clear();
    }
    if pending.is_empty() {
        Ok(ring)
    } else {
        Err(bad_point(&pending))
    }
}

fn position(numbers: &[&str]) -> Option<(f64, f64)> {
    match numbers {
        [lon, lat] | [lon, lat, _] => lon.parse().ok().zip(lat.parse().ok()),
        _ => None,
    }
}

fn bad_point(text: &str) -> GeoError {
    let text = crate::error::shortened(text);
    syntax(&format!("\"{text}\" is not lon,lat or lon,lat,height"))
}

fn syntax(detail: &str) -> GeoError {
    GeoError::Syntax {
        format: Format::Kml,
        detail: detail.to_owned(),
    }
}
