//! Small JPEGs for photo rows: a scene drawn from its number, with time and position as a phone writes them.
//! The row then carries the file's real hashes.

use super::calendar::{civil, shanghai_day};
use super::error::SynthError;
use super::random::Stream;
use super::record::{Copied, Photo};
use kandeng_evidence::image::imageops::crop_imm;
use kandeng_evidence::image::{DynamicImage, Rgb, RgbImage};
use kandeng_evidence::{ExifFields, PerceptualHash, jpeg_with_exif};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::Path;

const WIDTH: u32 = 320;
const HEIGHT: u32 = 240;

/// Focal length of the drone's camera, as of a 36 × 24 mm camera.
const DRONE_FOCAL_35MM: u16 = 24;
/// How high it flies, in metres.
const DRONE_HEIGHT_M: f64 = 45.0;
/// Metres from the middle of its frame to the right and to the upper edge, looking straight down: half a
/// side in pixels over the focal length in pixels (24 / 43.27 of the diagonal of 400), times the height.
pub(super) const DRONE_HALF_FRAME: [f64; 2] = [32.448_9, 24.336_7];

/// Writes the files of these photos into a folder and sets the rows' hashes.
pub(super) fn write(photos: &mut [Photo], folder: &Path) -> Result<(), SynthError> {
    for photo in photos {
        let path = folder.join(&photo.file);
        let mut picture = scene(photo.scene);
        if photo.copy == Copied::Trimmed {
            // 5 % of the width off the left, 5 % of the height off the bottom.
            let (left, bottom) = (WIDTH / 20, HEIGHT / 20);
            picture = crop_imm(&picture, left, 0, WIDTH - left, HEIGHT - bottom).to_image();
        }
        let quality = match photo.copy {
            Copied::Untouched => 80,
            Copied::EncodedAgain | Copied::Trimmed => 62,
        };
        let mut bytes = jpeg_with_exif(&picture, quality, &fields(photo))
            .map_err(|error| SynthError::encoding(&photo.file, error))?;
        if is_from_drone(photo) {
            put_attitude(&mut bytes);
        }
        photo.sha256 =
            Sha256::digest(&bytes)
                .iter()
                .fold(String::with_capacity(64), |mut text, byte| {
                    // Cannot fail: writing to a String.
                    let _ = write!(text, "{byte:02x}");
                    text
                });
        let hash = PerceptualHash::of(&DynamicImage::ImageRgb8(picture));
        (photo.phash, photo.phash_crops) = (hash.frame, hash.crops);
        std::fs::write(&path, bytes).map_err(|source| SynthError::io(&path, source))?;
    }
    Ok(())
}

fn is_from_drone(photo: &Photo) -> bool {
    !photo.footprint.is_empty()
}

/// Puts the XMP of a drone that looks straight down, facing north, behind the Exif.
fn put_attitude(jpeg: &mut Vec<u8>) {
    let packet = format!(
        "http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
         xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" \
         xmlns:drone-dji=\"http://www.dji.com/drone-dji/1.0/\" \
         drone-dji:RelativeAltitude=\"+{DRONE_HEIGHT_M:.2}\" drone-dji:GimbalPitchDegree=\"-90.00\" \
         drone-dji:GimbalYawDegree=\"+0.00\" drone-dji:GimbalRollDegree=\"+0.00\"/></rdf:RDF></x:xmpmeta>"
    );
    // The Exif segment stands behind the two bytes of the start and tells its length.
    let behind_exif = 4 + usize::from(u16::from_be_bytes([jpeg[4], jpeg[5]]));
    let length = (packet.len() + 2) as u16;
    let mut segment = vec![0xFF, 0xE1];
    segment.extend_from_slice(&length.to_be_bytes());
    segment.extend_from_slice(packet.as_bytes());
    jpeg.splice(behind_exif..behind_exif, segment);
}

fn fields(photo: &Photo) -> ExifFields {
    let taken = photo.taken_at.and_then(|at_ms| {
        let (year, month, day) = civil(shanghai_day(at_ms));
        let minute = (at_ms / 60_000 + 8 * 60).rem_euclid(24 * 60);
        let (hour, minute) = ((minute / 60) as i8, (minute % 60) as i8);
        jiff::civil::DateTime::new(year as i16, month as i8, day as i8, hour, minute, 0, 0).ok()
    });
    let (make, model) = photo.camera.split_once(' ').unwrap_or((photo.camera, ""));
    ExifFields {
        taken,
        offset: taken.and_then(|_| jiff::tz::Offset::from_hours(8).ok()),
        lon: photo.position.map(|place| place.0),
        lat: photo.position.map(|place| place.1),
        accuracy_m: photo.position.map(|_| photo.accuracy_m),
        make: Some(make.to_owned()),
        model: Some(model.to_owned()),
        focal_length_35mm: is_from_drone(photo).then_some(DRONE_FOCAL_35MM),
        software: (!photo.software.is_empty()).then(|| photo.software.to_owned()),
        ..ExifFields::default()
    }
}

/// Ground of coarse patches blended into one another, with walls and poles on it.
fn scene(number: u64) -> RgbImage {
    const COLUMNS: usize = 9;
    const ROWS: usize = 7;
    let mut stream = Stream::of(number, 0x4A50_4547, 0);
    let mut patch = || [0; 3].map(|_: u8| stream.within(30.0, 225.0));
    let patches: Vec<[f64; 3]> = (0..COLUMNS * ROWS).map(|_| patch()).collect();
    let mut picture = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let across = f64::from(x) / f64::from(WIDTH) * (COLUMNS - 1) as f64;
        let down = f64::from(y) / f64::from(HEIGHT) * (ROWS - 1) as f64;
        let (column, row) = (across as usize, down as usize);
        let (right, below) = (across - column as f64, down - row as f64);
        let at = |dx: usize, dy: usize| &patches[(row + dy) * COLUMNS + column + dx];
        Rgb(std::array::from_fn(|channel| {
            let above = at(0, 0)[channel] * (1.0 - right) + at(1, 0)[channel] * right;
            let beneath = at(0, 1)[channel] * (1.0 - right) + at(1, 1)[channel] * right;
            (above * (1.0 - below) + beneath * below) as u8
        }))
    });
    for _ in 0..6 {
        let (left, top) = (
            stream.between(0, 280) as u32,
            stream.between(20, 200) as u32,
        );
        let (wide, high) = (stream.between(6, 70) as u32, stream.between(6, 60) as u32);
        let colour = Rgb([0; 3].map(|_: u8| stream.between(20, 235) as u8));
        for x in left..(left + wide).min(WIDTH) {
            for y in top..(top + high).min(HEIGHT) {
                picture.put_pixel(x, y, colour);
            }
        }
    }
    picture
}
