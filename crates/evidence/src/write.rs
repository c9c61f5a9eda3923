//! Writing a JPEG with Exif: for synthetic counties and for tests.

use std::io::Cursor;

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::PhotoError;

/// What the Exif of a written photo says. What is `None` is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExifFields {
    /// The camera's local clock.
    pub taken: Option<DateTime>,
    /// The zone of that clock.
    pub offset: Option<Offset>,
    /// Degrees east, WGS-84; written only together with `lat`.
    pub lon: Option<f64>,
    /// Degrees north.
    pub lat: Option<f64>,
    /// Radius of the position's error in metres.
    pub accuracy_m: Option<f64>,
    /// Maker of the camera.
    pub make: Option<String>,
    /// Model of the camera.
    pub model: Option<String>,
    /// Program that wrote the file.
    pub software: Option<String>,
    /// Focal length in mm.
    pub focal_length_mm: Option<f64>,
    /// Focal length in mm of a 36 × 24 mm camera with the same angle of view.
    pub focal_length_35mm: Option<u16>,
}

/// Encodes a picture as JPEG (`quality` 1 to 100) with this Exif. The same input gives the same bytes.
///
/// # Errors
/// [`PhotoError::Unwritable`] when a side is 0 or over 65,535 pixels, or the Exif exceeds 64 KiB.
pub fn jpeg_with_exif(
    pixels: &RgbImage,
    quality: u8,
    fields: &ExifFields,
) -> Result<Vec<u8>, PhotoError> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, quality.clamp(1, 100))
        .encode_image(pixels)
        .map_err(|e| PhotoError::Unwritable(e.to_string()))?;
    let tiff = tiff(pixels, fields)?;
    let length = u16::try_from(tiff.len() + 8)
        .map_err(|_| PhotoError::Unwritable("more than 64 KiB of Exif".to_owned()))?;
    let mut file = Vec::with_capacity(jpeg.len() + tiff.len() + 10);
    // Exif stands first behind the start-of-image marker.
    file.extend_from_slice(&jpeg[..2]);
    file.extend_from_slice(&[0xFF, 0xE1]);
    file.extend_from_slice(&length.to_be_bytes());
    file.extend_from_slice(b"Exif\0\0");
    file.extend_from_slice(&tiff);
    file.extend_from_slice(&jpeg[2..]);
    Ok(file)
}

fn tiff(pixels: &RgbImage, fields: &ExifFields) -> Result<Vec<u8>, PhotoError> {
    let mut list = Vec::new();
    let mut push = |tag: Tag, value: Value| {
        list.push(Field {
            tag,
            ifd_num: In::PRIMARY,
            value,
        });
    };
    push(Tag::PixelXDimension, Value::Long(vec![pixels.width()]));
    push(Tag::PixelYDimension, Value::Long(vec![pixels.height()]));
    push(Tag::Orientation, Value::Short(vec![1]));
    let texts = [
        (Tag::Make, fields.make.clone()),
        (Tag::Model, fields.model.clone()),
        (Tag::Software, fields.software.clone()),
        (
            Tag::DateTimeOriginal,
            fields
                .taken
                .map(|t| t.strftime("%Y:%m:%d %H:%M:%S").to_string()),
        ),
        (Tag::OffsetTimeOriginal, fields.offset.map(offset_text)),
    ];
    for (tag, text) in texts {
        if let Some(text) = text {
            push(tag, Value::Ascii(vec![text.into_bytes()]));
        }
    }
    if let Some(mm) = fields.focal_length_mm {
        push(Tag::FocalLength, Value::Rational(vec![rational(mm, 100)]));
    }
    if let Some(mm) = fields.focal_length_35mm {
        push(Tag::FocalLengthIn35mmFilm, Value::Short(vec![mm]));
    }
    if let (Some(lon), Some(lat)) = (fields.lon, fields.lat) {
        let letter = |plus: bool, letters: [&str; 2]| {
            Value::Ascii(vec![letters[usize::from(!plus)].as_bytes().to_vec()])
        };
        push(Tag::GPSLatitudeRef, letter(lat >= 0.0, ["N", "S"]));
        push(Tag::GPSLatitude, angle(lat));
        push(Tag::GPSLongitudeRef, letter(lon >= 0.0, ["E", "W"]));
        push(Tag::GPSLongitude, angle(lon));
        if let Some(metres) = fields.accuracy_m {
            let error = Value::Rational(vec![rational(metres, 100)]);
            push(Tag::GPSHPositioningError, error);
        }
    }
    let mut writer = Writer::new();
    for field in &list {
        writer.push_field(field);
    }
    let mut out = Cursor::new(Vec::new());
    writer
        .write(&mut out, false)
        .map_err(|e| PhotoError::Unwritable(e.to_string()))?;
    Ok(out.into_inner())
}

fn offset_text(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn rational(number: f64, denom: u32) -> Rational {
    Rational {
        num: (number.max(0.0) * f64::from(denom)).round() as u32,
        denom,
    }
}

/// Degrees, minutes and hundred-thousandths of a second (0.3 mm).
fn angle(degrees: f64) -> Value {
    let units = (degrees.abs().min(180.0) * 3_600.0 * 1e5).round() as u64;
    let part = |n: u64, denom: u32| Rational {
        num: n as u32,
        denom,
    };
    Value::Rational(vec![
        part(units / 360_000_000, 1),
        part(units / 6_000_000 % 60, 1),
        part(units % 6_000_000, 100_000),
    ])
}
