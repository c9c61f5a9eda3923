//! The CGCS2000 Gauss–Krüger zones, EPSG 4491–4554: their numbering, and the projection itself
//! through `proj4rs`' extended transverse Mercator. Knows coordinates, not where they come from.

use std::sync::OnceLock;

use proj4rs::Proj;

/// False easting of every zone, metres, before the zone's number is put in front.
const FALSE_EASTING_M: f64 = 500_000.0;
/// Metres that the number of a zone stands for in a prefixed easting.
const PREFIX_M: f64 = 1_000_000.0;

/// One projected CGCS2000 system, EPSG 4491–4554.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GaussKruger {
    epsg: u16,
}

impl GaussKruger {
    /// The zone of this EPSG code; `None` outside 4491–4554.
    pub fn from_epsg(epsg: u16) -> Option<Self> {
        (4491..=4554).contains(&epsg).then_some(Self { epsg })
    }

    /// The zone by its width in degrees (3 or 6) and number (25–45 or 13–23), with the number in
    /// front of the easting or without it.
    pub fn from_zone(width: u8, zone: u8, prefixed: bool) -> Option<Self> {
        let base = match (width, prefixed) {
            (6, true) => 4491 - 13,
            (6, false) => 4502 - 13,
            (3, true) => 4513 - 25,
            (3, false) => 4534 - 25,
            _ => return None,
        };
        let numbers = if width == 6 { 13..=23 } else { 25..=45 };
        numbers.contains(&zone).then(|| Self {
            epsg: base + u16::from(zone),
        })
    }

    /// The EPSG code.
    pub fn epsg(self) -> u16 {
        self.epsg
    }

    /// Width of the zone in degrees: 3 or 6.
    pub fn width(self) -> u8 {
        if self.epsg <= 4512 { 6 } else { 3 }
    }

    /// Number of the zone: 13–23 for 6°, 25–45 for 3°.
    pub fn zone(self) -> u8 {
        let number = match self.epsg {
            4491..=4501 => self.epsg - 4491 + 13,
            4502..=4512 => self.epsg - 4502 + 13,
            4513..=4533 => self.epsg - 4513 + 25,
            _ => self.epsg - 4534 + 25,
        };
        number as u8
    }

    /// Whether eastings carry the zone's number in front (38 500 000 rather than 500 000).
    pub fn is_prefixed(self) -> bool {
        matches!(self.epsg, 4491..=4501 | 4513..=4533)
    }

    /// Longitude of the central meridian in degrees.
    pub fn central_meridian(self) -> f64 {
        f64::from(self.meridian())
    }

    /// Easting of the central meridian in metres.
    pub fn false_easting(self) -> f64 {
        f64::from(self.prefix()) * PREFIX_M + FALSE_EASTING_M
    }

    /// Central meridian in whole degrees.
    pub(crate) fn meridian(self) -> u8 {
        if self.width() == 6 {
            self.zone() * 6 - 3
        } else {
            self.zone() * 3
        }
    }

    /// The number in front of eastings; 0 for none.
    pub(crate) fn prefix(self) -> u8 {
        if self.is_prefixed() { self.zone() } else { 0 }
    }

    /// The system with the same meridian whose eastings look like this one: with its zone's number
    /// in front, or without any.
    pub(crate) fn suggested_by(self, easting: f64) -> Option<Self> {
        let zone = (easting / PREFIX_M).floor();
        if zone == 0.0 {
            return Self::from_zone(self.width(), self.zone(), false);
        }
        if !(13.0..=45.0).contains(&zone) {
            return None;
        }
        Self::prefixed(zone as u8)
    }

    /// The prefixed system of a zone number, which alone says the width: 13–23 are 6°, 25–45 are 3°.
    pub(crate) fn prefixed(zone: u8) -> Option<Self> {
        let width = if zone <= 23 { 6 } else { 3 };
        Self::from_zone(width, zone, true)
    }

    /// (easting, northing) in metres → (longitude, latitude) on CGCS2000 in degrees.
    pub(crate) fn unproject(self, easting: f64, northing: f64) -> Option<(f64, f64)> {
        let mut point = (easting - self.false_easting(), northing, 0.0);
        let plane = self.plane()?;
        proj4rs::transform::transform(plane, degrees()?, &mut point).ok()?;
        let (lon, lat) = (point.0.to_degrees(), point.1.to_degrees());
        (lon.is_finite() && lat.is_finite()).then_some((lon, lat))
    }

    /// (longitude, latitude) on CGCS2000 in degrees → (easting, northing) in metres.
    pub(crate) fn project(self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        let mut point = (lon.to_radians(), lat.to_radians(), 0.0);
        proj4rs::transform::transform(degrees()?, self.plane()?, &mut point).ok()?;
        let (east, north) = (point.0 + self.false_easting(), point.1);
        (east.is_finite() && north.is_finite()).then_some((east, north))
    }

    /// The projection with easting 0 on the central meridian; one for each meridian 75°, 78° … 135°.
    fn plane(self) -> Option<&'static Proj> {
        static PLANES: [OnceLock<Option<Proj>>; 21] = [const { OnceLock::new() }; 21];
        let meridian = self.meridian();
        let slot = PLANES.get(usize::from(meridian).checked_sub(75)? / 3)?;
        slot.get_or_init(|| {
            // GRS80 is the ellipsoid of CGCS2000 (6378137 m, 1/298.257222101).
            Proj::from_proj_string(&format!(
                "+proj=etmerc +lat_0=0 +lon_0={meridian} +k=1 +x_0=0 +y_0=0 +ellps=GRS80 +units=m"
            ))
            .ok()
        })
        .as_ref()
    }
}

fn degrees() -> Option<&'static Proj> {
    static DEGREES: OnceLock<Option<Proj>> = OnceLock::new();
    DEGREES
        .get_or_init(|| Proj::from_proj_string("+proj=longlat +ellps=GRS80").ok())
        .as_ref()
}
