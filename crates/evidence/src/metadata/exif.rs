//! Exif fields as plain values. Judging them is left to `taken` and `position`.

use exif::{Exif, In, Reader, Tag, Value};

/// The Exif fields that matter as evidence, unjudged.
#[derive(Debug, Default)]
pub(crate) struct ExifFacts {
    pub make: Option<String>,
    pub model: Option<String>,
    pub software: Option<String>,
    /// `DateTimeOriginal`, else `DateTimeDigitized`: the camera's local clock.
    pub local_time: Option<String>,
    pub offset: Option<String>,
    pub gps_date: Option<String>,
    /// Hours, minutes, seconds of UTC.
    pub gps_time: Option<[f64; 3]>,
    pub latitude: Option<Angle>,
    pub longitude: Option<Angle>,
    pub altitude_m: Option<f64>,
    pub horizontal_error_m: Option<f64>,
    pub dop: Option<f64>,
    pub datum: Option<String>,
    pub gps_void: bool,
    pub focal_length_mm: Option<f64>,
    pub focal_length_35mm: Option<f64>,
    /// Above 1: the frame is the middle of what the lens saw.
    pub digital_zoom: Option<f64>,
    pub declared_width: Option<u32>,
    pub declared_height: Option<u32>,
    pub orientation: Option<u8>,
    /// Set when the Exif was there but could not be read, or only in part.
    pub damaged: bool,
}

/// Degrees, minutes, seconds and the letter that goes with them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Angle {
    pub parts: Vec<f64>,
    pub reference: Option<String>,
}

impl ExifFacts {
    /// Reads a TIFF structure; what can be read of a damaged one is kept.
    pub fn read(tiff: &[u8]) -> Self {
        let read = Reader::new()
            .continue_on_error(true)
            .read_raw(tiff.to_vec());
        let mut damaged = false;
        let Ok(exif) = read.or_else(|e| e.distill_partial_result(|_| damaged = true)) else {
            return Self {
                damaged: true,
                ..Self::default()
            };
        };
        let gps_time = numbers(&exif, Tag::GPSTimeStamp)
            .and_then(|parts| <[f64; 3]>::try_from(parts).ok())
            .filter(|parts| parts.iter().all(|n| n.is_finite()));
        // 1, and since Exif 3.0 also 3, says that it lies below.
        let below_sea = matches!(value(&exif, Tag::GPSAltitudeRef), Some(Value::Byte(b)) if matches!(b.first(), Some(1 | 3)));
        let altitude = number(&exif, Tag::GPSAltitude);
        Self {
            make: text(&exif, Tag::Make),
            model: text(&exif, Tag::Model),
            software: text(&exif, Tag::Software),
            local_time: text(&exif, Tag::DateTimeOriginal)
                .or_else(|| text(&exif, Tag::DateTimeDigitized)),
            offset: text(&exif, Tag::OffsetTimeOriginal)
                .or_else(|| text(&exif, Tag::OffsetTimeDigitized))
                .or_else(|| text(&exif, Tag::OffsetTime)),
            gps_date: text(&exif, Tag::GPSDateStamp),
            gps_time,
            latitude: angle(&exif, Tag::GPSLatitude, Tag::GPSLatitudeRef),
            longitude: angle(&exif, Tag::GPSLongitude, Tag::GPSLongitudeRef),
            altitude_m: altitude.map(|m| if below_sea { -m } else { m }),
            horizontal_error_m: number(&exif, Tag::GPSHPositioningError).filter(|m| *m > 0.0),
            dop: number(&exif, Tag::GPSDOP).filter(|d| *d > 0.0),
            datum: text(&exif, Tag::GPSMapDatum),
            gps_void: text(&exif, Tag::GPSStatus).is_some_and(|s| s.eq_ignore_ascii_case("V")),
            focal_length_mm: number(&exif, Tag::FocalLength).filter(|f| *f > 0.0),
            focal_length_35mm: number(&exif, Tag::FocalLengthIn35mmFilm).filter(|f| *f > 0.0),
            digital_zoom: number(&exif, Tag::DigitalZoomRatio).filter(|ratio| *ratio > 1.0),
            declared_width: count(&exif, Tag::PixelXDimension),
            declared_height: count(&exif, Tag::PixelYDimension),
            orientation: count(&exif, Tag::Orientation).and_then(|n| u8::try_from(n).ok()),
            damaged,
        }
    }
}

fn value(exif: &Exif, tag: Tag) -> Option<&Value> {
    exif.get_field(tag, In::PRIMARY).map(|field| &field.value)
}

/// Text without the blanks and zero bytes that cameras pad with.
fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let bytes = match value(exif, tag)? {
        Value::Ascii(lines) => lines.first()?,
        Value::Byte(bytes) | Value::Undefined(bytes, _) => bytes,
        _ => return None,
    };
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let text = String::from_utf8_lossy(&bytes[..end]);
    let text = text.trim();
    (!text.is_empty()).then(|| text.chars().take(200).collect())
}

fn numbers(exif: &Exif, tag: Tag) -> Option<Vec<f64>> {
    Some(match value(exif, tag)? {
        Value::Rational(parts) => parts.iter().map(exif::Rational::to_f64).collect(),
        Value::SRational(parts) => parts.iter().map(exif::SRational::to_f64).collect(),
        Value::Double(parts) => parts.clone(),
        Value::Float(parts) => parts.iter().map(|n| f64::from(*n)).collect(),
        Value::Short(parts) => parts.iter().map(|n| f64::from(*n)).collect(),
        Value::Long(parts) => parts.iter().map(|n| f64::from(*n)).collect(),
        _ => return None,
    })
}

fn number(exif: &Exif, tag: Tag) -> Option<f64> {
    let first = numbers(exif, tag)?.first().copied()?;
    first.is_finite().then_some(first)
}

fn count(exif: &Exif, tag: Tag) -> Option<u32> {
    value(exif, tag)?.get_uint(0)
}

fn angle(exif: &Exif, tag: Tag, reference: Tag) -> Option<Angle> {
    Some(Angle {
        parts: numbers(exif, tag)?,
        reference: text(exif, reference),
    })
}

#[cfg(test)]
mod tests {
    use exif::experimental::Writer;
    use exif::{Field, Rational};

    use super::*;

    fn written(fields: &[(Tag, Value)]) -> ExifFacts {
        let fields: Vec<Field> = fields
            .iter()
            .map(|(tag, value)| Field {
                tag: *tag,
                ifd_num: In::PRIMARY,
                value: value.clone(),
            })
            .collect();
        let mut writer = Writer::new();
        for field in &fields {
            writer.push_field(field);
        }
        let mut tiff = std::io::Cursor::new(Vec::new());
        writer.write(&mut tiff, false).unwrap();
        ExifFacts::read(&tiff.into_inner())
    }

    fn rationals(parts: &[(u32, u32)]) -> Value {
        let parts = parts.iter().map(|&(num, denom)| Rational { num, denom });
        Value::Rational(parts.collect())
    }

    #[test]
    fn a_height_is_above_or_below_as_its_reference_says() {
        let height = |reference: Option<u8>| {
            let mut fields = vec![(Tag::GPSAltitude, rationals(&[(3_005, 10)]))];
            fields.extend(reference.map(|r| (Tag::GPSAltitudeRef, Value::Byte(vec![r]))));
            written(&fields).altitude_m
        };
        assert_eq!(height(None), Some(300.5));
        assert_eq!(height(Some(0)), Some(300.5));
        assert_eq!(height(Some(1)), Some(-300.5));
        assert_eq!(height(Some(3)), Some(-300.5));
    }

    #[test]
    fn a_number_over_zero_is_none() {
        let facts = written(&[
            (Tag::GPSAltitude, rationals(&[(5, 0)])),
            (Tag::GPSHPositioningError, rationals(&[(5, 0)])),
            (Tag::GPSDOP, rationals(&[(0, 0)])),
            (Tag::FocalLength, rationals(&[(0, 0)])),
            (Tag::GPSTimeStamp, rationals(&[(1, 1), (30, 0), (0, 1)])),
            (
                Tag::GPSDateStamp,
                Value::Ascii(vec![b"2025:03:14".to_vec()]),
            ),
        ]);
        assert_eq!(facts.altitude_m, None);
        assert_eq!((facts.horizontal_error_m, facts.dop), (None, None));
        assert_eq!((facts.focal_length_mm, facts.gps_time), (None, None));
        assert!(!facts.damaged);
    }

    #[test]
    fn seconds_that_are_not_given_are_none_and_infinite_ones_are_no_position() {
        let place = |seconds: (u32, u32)| {
            let facts = written(&[
                (Tag::GPSLatitudeRef, Value::Ascii(vec![b"S".to_vec()])),
                (Tag::GPSLatitude, rationals(&[(32, 1), (30, 1), seconds])),
                (Tag::GPSLongitudeRef, Value::Ascii(vec![b"W".to_vec()])),
                (Tag::GPSLongitude, rationals(&[(105, 1), (15, 1), (0, 1)])),
            ]);
            let xmp = crate::metadata::XmpFacts::default();
            crate::metadata::place(&facts, &xmp, &mut Vec::new()).map(|p| (p.lon, p.lat))
        };
        assert_eq!(place((0, 0)), Some((-105.25, -32.5)));
        assert_eq!(place((5, 0)), None);
    }
}
