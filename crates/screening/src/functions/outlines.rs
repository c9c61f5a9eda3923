//! Outlines of ground (WKT) read for our functions, one after the other or many in one state.
//! Knows the geometry crate and no engine.

use kandeng_geo::{Coord, LineString, MultiPolygon, Polygon};

use super::fold::{take_float, take_whole};

/// Reads outlines; the same text in successive rows is read once.
#[derive(Debug, Default)]
pub(super) struct LastOutline<'a> {
    text: Option<&'a str>,
    area: Option<MultiPolygon<f64>>,
}

impl<'a> LastOutline<'a> {
    /// The outline, or nothing when it is missing or cannot be read.
    pub(super) fn of(&mut self, text: Option<&'a str>) -> Option<&MultiPolygon<f64>> {
        let text = text?;
        if self.text != Some(text) {
            self.area = kandeng_geo::parse_wkt(text).ok();
            self.text = Some(text);
        }
        self.area.as_ref()
    }
}

/// Outlines gathered by an aggregate.
#[derive(Debug, Default)]
pub(super) struct Outlines {
    areas: Vec<MultiPolygon<f64>>,
    heap: usize,
}

impl Outlines {
    /// Takes an outline in; false when it cannot be read.
    pub(super) fn insert(&mut self, text: &str) -> bool {
        let Ok(area) = kandeng_geo::parse_wkt(text) else {
            return false;
        };
        self.push(area);
        true
    }

    fn push(&mut self, area: MultiPolygon<f64>) {
        let rings = area
            .iter()
            .flat_map(|part| part.interiors().iter().chain([part.exterior()]));
        let coordinates: usize = rings
            .map(|ring| 32 + ring.0.len() * size_of::<Coord<f64>>())
            .sum();
        self.heap += coordinates + area.0.len() * size_of::<Polygon<f64>>();
        self.areas.push(area);
    }

    pub(super) fn areas(&self) -> &[MultiPolygon<f64>] {
        &self.areas
    }

    pub(super) fn heap(&self) -> usize {
        self.areas.capacity() * size_of::<MultiPolygon<f64>>() + self.heap
    }

    /// Writes each outline as its count of parts, of rings and of corners with their coordinates.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        let count = |bytes: &mut Vec<u8>, count: usize| {
            bytes.extend((count as u64).to_le_bytes());
        };
        for area in &self.areas {
            count(bytes, area.0.len());
            for part in area {
                count(bytes, part.interiors().len());
                for ring in std::iter::once(part.exterior()).chain(part.interiors()) {
                    count(bytes, ring.0.len());
                    for corner in &ring.0 {
                        bytes.extend(corner.x.to_le_bytes());
                        bytes.extend(corner.y.to_le_bytes());
                    }
                }
            }
        }
    }

    /// Takes in what [`Self::write`] wrote; nothing when `bytes` are something else.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Option<()> {
        while !bytes.is_empty() {
            let mut parts = Vec::new();
            for _ in 0..take_whole(&mut bytes)? {
                let holes = take_whole(&mut bytes)?;
                let exterior = take_ring(&mut bytes)?;
                let interiors = (0..holes)
                    .map(|_| take_ring(&mut bytes))
                    .collect::<Option<_>>()?;
                parts.push(Polygon::new(exterior, interiors));
            }
            self.push(MultiPolygon::new(parts));
        }
        Some(())
    }
}

fn take_ring(bytes: &mut &[u8]) -> Option<LineString<f64>> {
    let mut corners = Vec::new();
    for _ in 0..take_whole(bytes)? {
        corners.push(Coord {
            x: take_float(bytes)?,
            y: take_float(bytes)?,
        });
    }
    Some(LineString::new(corners))
}
