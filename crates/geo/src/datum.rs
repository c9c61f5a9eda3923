//! Which datum coordinates are on, and the way from there to WGS-84. Checks that figures can be
//! what they are said to be: order, unit, zone and range each have an error of their own.

use std::fmt;
use std::str::FromStr;

use crate::error::GeoError;
use crate::gauss_kruger::GaussKruger;
use crate::{datum_name, gcj02};

/// Metres from the central meridian beyond which an easting is not believed. A 6° zone is 334 km
/// wide on each side at the equator.
const MAX_FROM_MERIDIAN_M: f64 = 500_000.0;
/// Metres of northing of the pole, about.
const MAX_NORTHING_M: f64 = 10_000_000.0;

/// The datum and, for projected ones, the zone of a pair of coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Datum {
    /// World Geodetic System 1984, degrees. What GPS receivers write.
    Wgs84,
    /// China Geodetic Coordinate System 2000 (国家2000), EPSG:4490, degrees. Taken as WGS-84: both
    /// follow the ITRF, CGCS2000 frozen at epoch 2000.0, so they differ by the drift of the plates
    /// since then, some decimetres, and the ellipsoids by 0.1 mm.
    Cgcs2000,
    /// The shifted positions of map applications in China (火星坐标), degrees.
    Gcj02,
    /// CGCS2000 in a Gauss–Krüger zone, metres.
    GaussKruger(GaussKruger),
}

impl Datum {
    /// Reads a name as people and programs write it: `WGS-84`, `CGCS2000`, `国家2000`, `GCJ-02`,
    /// `火星坐标`, `EPSG:4547`, `4547`, `CGCS2000_3_Degree_GK_CM_114E`, `国家2000 3度带 38带` …
    ///
    /// # Errors
    /// [`GeoError::UnsupportedDatum`] for Beijing 1954, Xi'an 1980, BD-09 and the like,
    /// [`GeoError::UnknownDatum`] for anything else.
    ///
    /// ```
    /// use kandeng_geo::Datum;
    /// assert_eq!(Datum::parse("国家2000")?, Datum::Cgcs2000);
    /// assert_eq!(Datum::parse("4547")?.to_string(), "EPSG:4547");
    /// # Ok::<(), kandeng_geo::GeoError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, GeoError> {
        datum_name::parse(text)
    }

    /// The EPSG code; GCJ-02 has none.
    pub fn epsg(self) -> Option<u16> {
        match self {
            Self::Wgs84 => Some(4326),
            Self::Cgcs2000 => Some(4490),
            Self::Gcj02 => None,
            Self::GaussKruger(zone) => Some(zone.epsg()),
        }
    }

    /// Whether coordinates are metres rather than degrees.
    pub fn is_projected(self) -> bool {
        matches!(self, Self::GaussKruger(_))
    }

    /// Whether both mean the same position for the same figures (WGS-84 and CGCS2000 here do).
    pub(crate) fn agrees_with(self, other: Self) -> bool {
        let plain = |datum| matches!(datum, Self::Wgs84 | Self::Cgcs2000);
        match (self, other) {
            (Self::GaussKruger(a), Self::GaussKruger(b)) => {
                a.meridian() == b.meridian() && a.prefix() == b.prefix()
            }
            _ => self == other || (plain(self) && plain(other)),
        }
    }

    /// (longitude or easting, latitude or northing) in this datum → (longitude, latitude) on
    /// WGS-84 in degrees.
    ///
    /// # Errors
    /// Says which mistake the figures point to: [`GeoError::SwappedAxes`],
    /// [`GeoError::LooksProjected`], [`GeoError::LooksGeographic`], [`GeoError::WrongZone`], else
    /// [`GeoError::OutOfRange`].
    pub fn to_wgs84(self, x: f64, y: f64) -> Result<(f64, f64), GeoError> {
        match self {
            Self::GaussKruger(zone) => {
                self.check_metres(zone, x, y)?;
                zone.unproject(x, y).ok_or_else(|| self.out_of_range(x, y))
            }
            Self::Wgs84 | Self::Cgcs2000 => self.check_degrees(x, y).map(|()| (x, y)),
            Self::Gcj02 => self.check_degrees(x, y).map(|()| gcj02::to_wgs84(x, y)),
        }
    }

    /// (longitude, latitude) on WGS-84 → coordinates in this datum.
    ///
    /// # Errors
    /// [`GeoError::OutOfRange`] for no position, or one too far from a zone's meridian.
    pub fn from_wgs84(self, lon: f64, lat: f64) -> Result<(f64, f64), GeoError> {
        if !is_position(lon, lat) {
            return Err(self.out_of_range(lon, lat));
        }
        match self {
            Self::Wgs84 | Self::Cgcs2000 => Ok((lon, lat)),
            Self::Gcj02 => Ok(gcj02::from_wgs84(lon, lat)),
            Self::GaussKruger(zone) => zone
                .project(lon, lat)
                .filter(|&(east, _)| (east - zone.false_easting()).abs() <= MAX_FROM_MERIDIAN_M)
                .ok_or_else(|| self.out_of_range(lon, lat)),
        }
    }

    fn check_degrees(self, x: f64, y: f64) -> Result<(), GeoError> {
        if in_china(y, x) && !in_china(x, y) {
            return Err(self.swapped(x, y));
        }
        if is_position(x, y) {
            return Ok(());
        }
        let metres = |v: f64| v.is_finite() && v.abs() > 10_000.0;
        if !(metres(x) && metres(y)) {
            return Err(self.out_of_range(x, y));
        }
        let by_prefix = |east: f64| GaussKruger::prefixed((east / 1_000_000.0) as u8);
        let suggestion = by_prefix(x).or_else(|| by_prefix(y));
        Err(GeoError::LooksProjected {
            x,
            y,
            suggestion: suggestion.map(|zone| Self::GaussKruger(zone).to_string()),
        })
    }

    fn check_metres(self, zone: GaussKruger, x: f64, y: f64) -> Result<(), GeoError> {
        let datum = || self.to_string();
        let near = |east: f64| (east - zone.false_easting()).abs() <= MAX_FROM_MERIDIAN_M;
        let north = |v: f64| (0.0..=MAX_NORTHING_M).contains(&v);
        if x.abs() <= 180.0 && y.abs() <= 180.0 {
            return Err(GeoError::LooksGeographic {
                x,
                y,
                datum: datum(),
            });
        }
        if near(x) && north(y) {
            return Ok(());
        }
        if near(y) && north(x) {
            return Err(self.swapped(x, y));
        }
        match zone.suggested_by(x).filter(|_| north(y)) {
            Some(other) => Err(GeoError::WrongZone {
                x,
                datum: datum(),
                suggestion: Some(Self::GaussKruger(other).to_string()),
            }),
            None => Err(self.out_of_range(x, y)),
        }
    }

    fn swapped(self, x: f64, y: f64) -> GeoError {
        GeoError::SwappedAxes {
            x,
            y,
            datum: self.to_string(),
        }
    }

    fn out_of_range(self, x: f64, y: f64) -> GeoError {
        GeoError::OutOfRange {
            x,
            y,
            datum: self.to_string(),
        }
    }
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wgs84 => f.write_str("WGS-84"),
            Self::Cgcs2000 => f.write_str("CGCS2000"),
            Self::Gcj02 => f.write_str("GCJ-02"),
            Self::GaussKruger(zone) => write!(f, "EPSG:{}", zone.epsg()),
        }
    }
}

impl FromStr for Datum {
    type Err = GeoError;

    fn from_str(text: &str) -> Result<Self, GeoError> {
        Self::parse(text)
    }
}

/// Whether a position lies in the rectangle around China, 73–136° E, 3–54° N. A plausibility
/// check, no statement about borders.
pub fn in_china(lon: f64, lat: f64) -> bool {
    (73.0..=136.0).contains(&lon) && (3.0..=54.0).contains(&lat)
}

/// Whether the figures are a longitude and a latitude at all.
pub(crate) fn is_position(lon: f64, lat: f64) -> bool {
    lon.abs() <= 180.0 && lat.abs() <= 90.0
}
