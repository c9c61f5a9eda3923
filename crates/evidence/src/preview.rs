//! A small copy of a photo for a page: upright, and without anything but its pixels.

use std::io::BufReader;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageReader};

use crate::{Limits, PhotoError};

/// Of a hundred.
const QUALITY: u8 = 78;

/// The photo in `path` as a JPEG of at most `side` pixels a side. Smaller photos keep their size.
///
/// # Errors
/// [`PhotoError`]: when it cannot be read, or would take more memory than `limits` has.
pub fn preview(path: &Path, side: u32, limits: &Limits) -> Result<Vec<u8>, PhotoError> {
    let not_decoded = |error: image::ImageError| PhotoError::Unwritable(error.to_string());
    let file = BufReader::new(std::fs::File::open(path)?);
    let mut reader = ImageReader::new(file).with_guessed_format()?;
    let mut bounds = image::Limits::default();
    bounds.max_alloc = Some(limits.decoded_bytes);
    reader.limits(bounds);
    let mut decoder = reader.into_decoder().map_err(not_decoded)?;
    // Not every decoder looks at its bounds before it makes room.
    if decoder.total_bytes() > limits.decoded_bytes {
        let (width, height) = decoder.dimensions();
        return Err(PhotoError::TooManyPixels {
            width,
            height,
            limit: limits.pixels,
        });
    }
    let turn = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(not_decoded)?;
    if picture.width().max(picture.height()) > side {
        picture = picture.thumbnail(side, side);
    }
    picture.apply_orientation(turn);
    let mut bytes = Vec::new();
    // What is transparent becomes white, as on paper.
    let pixels = on_white(&picture);
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode_image(&pixels)
        .map_err(not_decoded)?;
    Ok(bytes)
}

fn on_white(picture: &DynamicImage) -> image::RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let with_alpha = picture.to_rgba8();
    image::RgbImage::from_fn(with_alpha.width(), with_alpha.height(), |x, y| {
        let [red, green, blue, alpha] = with_alpha.get_pixel(x, y).0;
        let over = |value: u8| {
            let alpha = u32::from(alpha);
            ((u32::from(value) * alpha + 255 * (255 - alpha)) / 255) as u8
        };
        image::Rgb([over(red), over(green), over(blue)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ExifFields, Photo, jpeg_with_exif};

    #[test]
    fn a_preview_is_small_and_tells_nothing_of_place_or_camera() {
        let pixels = image::RgbImage::from_fn(900, 600, |x, _| image::Rgb([x as u8, 120, 60]));
        let fields = ExifFields {
            lon: Some(105.52),
            lat: Some(32.28),
            make: Some("Lamp".to_owned()),
            ..ExifFields::default()
        };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), jpeg_with_exif(&pixels, 80, &fields).unwrap()).unwrap();
        let small = preview(file.path(), 300, &Limits::default()).unwrap();
        let read = Photo::from_bytes(&small, &Limits::default()).unwrap();
        assert_eq!((read.width, read.height), (300, 200));
        assert!(read.position.is_none() && read.make.is_none());
        let bounded = Limits {
            decoded_bytes: 1_000,
            ..Limits::default()
        };
        assert!(preview(file.path(), 300, &bounded).is_err());
    }

    #[test]
    fn what_is_transparent_becomes_white() {
        let pixels = image::RgbaImage::from_pixel(8, 8, image::Rgba([0, 0, 0, 0]));
        let file = tempfile::Builder::new().suffix(".png").tempfile().unwrap();
        pixels.save(file.path()).unwrap();
        let small = preview(file.path(), 300, &Limits::default()).unwrap();
        let read = image::load_from_memory(&small).unwrap().to_rgb8();
        assert!(read.pixels().all(|pixel| pixel.0[0] > 250));
    }
}
