//! Where a photo was taken, and how exactly that is known.

use super::exif::{Angle, ExifFacts};
use super::xmp::XmpFacts;
use crate::Warning;

/// Metres of position error for one unit of dilution of precision: a usual figure for the range error
/// of a phone or camera receiver. Rough, which is why [`Accuracy::FromDop`] is said.
const METRES_PER_DOP: f64 = 5.0;

/// A position that may be further off than this, in metres, says little about a place.
const VAGUE_M: f64 = 1_000.0;

/// A position in WGS-84.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Degrees east.
    pub lon: f64,
    /// Degrees north.
    pub lat: f64,
    /// Radius in metres within which the camera stood, as far as known.
    pub accuracy_m: Option<f64>,
    /// Where the accuracy is from.
    pub accuracy_from: Accuracy,
    /// Metres above sea level.
    pub altitude_m: Option<f64>,
}

/// Where a position's accuracy is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accuracy {
    /// The photo states it (`GPSHPositioningError`).
    Stated,
    /// Estimated from the dilution of precision, at 5 m a unit.
    FromDop,
    /// The photo does not say.
    Unknown,
}

/// Decides where a photo was taken; what does not fit is added to the warnings.
pub(crate) fn place(
    exif: &ExifFacts,
    xmp: &XmpFacts,
    warnings: &mut Vec<Warning>,
) -> Option<Position> {
    let (lon, lat) = match (&exif.longitude, &exif.latitude) {
        (Some(lon), Some(lat)) => {
            let (lon, lat) = (signed(lon, "E", "W", 180.0), signed(lat, "N", "S", 90.0));
            let (Some(lon), Some(lat)) = (lon, lat) else {
                warnings.push(Warning::PositionUnusable);
                return None;
            };
            (lon, lat)
        }
        _ => (xmp.longitude?, xmp.latitude?),
    };
    if lon.abs() > 180.0 || lat.abs() > 90.0 {
        warnings.push(Warning::PositionUnusable);
        return None;
    }
    // Drones and phones without a fix write 0, 0.
    if lon.abs() < 1e-6 && lat.abs() < 1e-6 {
        warnings.push(Warning::PositionZero);
        return None;
    }
    if exif.gps_void {
        warnings.push(Warning::PositionVoid);
    }
    if let Some(datum) = exif.datum.as_deref().filter(|datum| !is_wgs84(datum)) {
        warnings.push(Warning::OtherDatum(datum.to_owned()));
    }
    let (accuracy_m, accuracy_from) = match (exif.horizontal_error_m, exif.dop) {
        (Some(metres), _) => (Some(metres), Accuracy::Stated),
        (None, Some(dop)) => (Some(dop * METRES_PER_DOP), Accuracy::FromDop),
        (None, None) => (None, Accuracy::Unknown),
    };
    if let Some(metres) = accuracy_m.filter(|metres| *metres > VAGUE_M) {
        warnings.push(Warning::PositionVague(metres as u64));
    }
    Some(Position {
        lon,
        lat,
        accuracy_m,
        accuracy_from,
        altitude_m: exif.altitude_m,
    })
}

/// Degrees from degrees, minutes and seconds; `None` when a part is out of range or the letter is
/// missing.
fn signed(angle: &Angle, plus: &str, minus: &str, most: f64) -> Option<f64> {
    let part = |i: usize| {
        let number = angle.parts.get(i).copied().unwrap_or(0.0);
        // A part written as 0/0 stands for "not given".
        if number.is_nan() && i > 0 {
            0.0
        } else {
            number
        }
    };
    let (degrees, minutes, seconds) = (part(0), part(1), part(2));
    let possible = (0.0..=most).contains(&degrees)
        && (0.0..60.0).contains(&minutes)
        && (0.0..=60.0).contains(&seconds);
    let total = degrees + minutes / 60.0 + seconds / 3_600.0;
    if angle.parts.is_empty() || !possible || total > most {
        return None;
    }
    let reference = angle.reference.as_deref()?.trim();
    if reference.eq_ignore_ascii_case(plus) {
        Some(total)
    } else if reference.eq_ignore_ascii_case(minus) {
        Some(-total)
    } else {
        None
    }
}

/// CGCS2000 is taken as WGS-84: they differ by decimetres.
fn is_wgs84(datum: &str) -> bool {
    let letters: String = datum
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_uppercase();
    letters.is_empty() || letters.starts_with("WGS84") || letters.starts_with("CGCS2000")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lat: &[f64], lat_ref: &str, lon: &[f64], lon_ref: &str) -> ExifFacts {
        let angle = |parts: &[f64], reference: &str| {
            Some(Angle {
                parts: parts.to_vec(),
                reference: Some(reference.to_owned()),
            })
        };
        ExifFacts {
            latitude: angle(lat, lat_ref),
            longitude: angle(lon, lon_ref),
            ..ExifFacts::default()
        }
    }

    #[test]
    fn degrees_minutes_and_seconds_are_added_and_signed() {
        let facts = ExifFacts {
            dop: Some(2.0),
            ..at(&[46.0, 50.0, 33.0], "N", &[91.0, 59.0, 38.7], "W")
        };
        let found = place(&facts, &XmpFacts::default(), &mut Vec::new()).unwrap();
        assert!((found.lat - 46.8425).abs() < 1e-9);
        assert!((found.lon + 91.994_083_333).abs() < 1e-6);
        assert_eq!(found.accuracy_m, Some(10.0));
        assert_eq!(found.accuracy_from, Accuracy::FromDop);
    }

    #[test]
    fn a_stated_error_wins_over_the_dilution_of_precision() {
        let facts = ExifFacts {
            dop: Some(2.0),
            horizontal_error_m: Some(3.5),
            ..at(&[32.0, 0.0, 0.0], "N", &[105.0, 0.0, 0.0], "E")
        };
        let found = place(&facts, &XmpFacts::default(), &mut Vec::new()).unwrap();
        assert_eq!(found.accuracy_m, Some(3.5));
        assert_eq!(found.accuracy_from, Accuracy::Stated);
    }

    #[test]
    fn a_position_that_may_be_kilometres_off_is_warned_of() {
        for (dop, warned) in [(200.0, None), (999.0, Some(Warning::PositionVague(4_995)))] {
            let facts = ExifFacts {
                dop: Some(dop),
                ..at(&[32.0], "N", &[105.0], "E")
            };
            let mut warnings = Vec::new();
            assert!(place(&facts, &XmpFacts::default(), &mut warnings).is_some());
            assert_eq!(warnings.pop(), warned);
        }
    }

    #[test]
    fn a_position_that_cannot_be_is_dropped_with_a_warning() {
        let cases = [
            (at(&[0.0], "N", &[0.0], "E"), Warning::PositionZero),
            (at(&[97.0], "N", &[10.0], "E"), Warning::PositionUnusable),
            (
                at(&[32.0, 75.0], "N", &[10.0], "E"),
                Warning::PositionUnusable,
            ),
            (at(&[32.0], "", &[10.0], "E"), Warning::PositionUnusable),
            (
                at(&[f64::INFINITY], "N", &[10.0], "E"),
                Warning::PositionUnusable,
            ),
        ];
        for (facts, expected) in cases {
            let mut warnings = Vec::new();
            assert_eq!(place(&facts, &XmpFacts::default(), &mut warnings), None);
            assert_eq!(warnings, [expected]);
        }
    }

    #[test]
    fn a_drones_own_position_stands_in_where_exif_has_none() {
        let xmp = XmpFacts {
            longitude: Some(105.5),
            latitude: Some(32.25),
            ..XmpFacts::default()
        };
        let found = place(&ExifFacts::default(), &xmp, &mut Vec::new()).unwrap();
        assert_eq!((found.lon, found.lat), (105.5, 32.25));
    }
}
