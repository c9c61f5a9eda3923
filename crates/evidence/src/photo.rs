//! A photo as evidence: the file's identity and everything it says, in one value.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat, ImageReader};
use sha2::{Digest, Sha256};

use crate::container::{self, Contents};
use crate::metadata::{self, ExifFacts, XmpFacts};
use crate::{DroneAttitude, Format, Limits, PerceptualHash, PhotoError, Position, Taken, Warning};

/// What is known of a photo's file.
#[derive(Clone, Debug)]
pub struct Photo {
    /// SHA-256 of the whole file, 64 lower-case hex digits.
    pub sha256: String,
    /// Length of the file.
    pub bytes: u64,
    /// Told by its first bytes, not by its name.
    pub format: Format,
    /// Pixels across, as stored.
    pub width: u32,
    /// Pixels down, as stored.
    pub height: u32,
    /// When it was taken.
    pub taken: Option<Taken>,
    /// Where it was taken.
    pub position: Option<Position>,
    /// Maker of the camera.
    pub make: Option<String>,
    /// Model of the camera.
    pub model: Option<String>,
    /// The program or firmware that wrote the file, in its own words.
    pub software: Option<String>,
    /// The image editor that the metadata names, if any.
    pub edited_with: Option<String>,
    /// What finds its copies; `None` when not computed, and then a warning or the limits say why.
    pub phash: Option<PerceptualHash>,
    /// Focal length in mm.
    pub focal_length_mm: Option<f64>,
    /// Focal length in mm of a 36 × 24 mm camera with the same angle of view.
    pub focal_length_35mm: Option<f64>,
    /// How many times the middle of the frame was enlarged, above 1.
    pub digital_zoom: Option<f64>,
    /// How a drone and its camera were turned.
    pub drone: Option<DroneAttitude>,
    /// What does not fit.
    pub warnings: Vec<Warning>,
}

impl Photo {
    /// Reads a file. At most `limits.file_bytes` of it are ever held.
    pub fn read(path: &Path, limits: &Limits) -> Result<Self, PhotoError> {
        let mut file = File::open(path)?;
        let (mut bytes, mut hasher, mut block) = (Vec::new(), Sha256::new(), vec![0; 1 << 16]);
        loop {
            let count = match file.read(&mut block) {
                Ok(0) => break,
                Ok(count) => count,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e.into()),
            };
            if (bytes.len() + count) as u64 > limits.file_bytes {
                let limit = limits.file_bytes;
                return Err(PhotoError::FileTooLarge { limit });
            }
            hasher.update(&block[..count]);
            bytes.extend_from_slice(&block[..count]);
        }
        Self::from_parts(&bytes, &hasher.finalize(), limits)
    }

    /// Reads a file that is in memory already.
    pub fn from_bytes(bytes: &[u8], limits: &Limits) -> Result<Self, PhotoError> {
        if bytes.len() as u64 > limits.file_bytes {
            let limit = limits.file_bytes;
            return Err(PhotoError::FileTooLarge { limit });
        }
        Self::from_parts(bytes, &Sha256::digest(bytes), limits)
    }

    /// Maker and model in one, without saying the maker twice.
    pub fn camera(&self) -> Option<String> {
        match (&self.make, &self.model) {
            (Some(make), Some(model)) if model.to_lowercase().starts_with(&make.to_lowercase()) => {
                Some(model.clone())
            }
            (Some(make), Some(model)) => Some(format!("{make} {model}")),
            (make, model) => model.clone().or_else(|| make.clone()),
        }
    }

    fn from_parts(bytes: &[u8], digest: &[u8], limits: &Limits) -> Result<Self, PhotoError> {
        if bytes.is_empty() {
            return Err(PhotoError::Empty);
        }
        let format = Format::of(bytes).ok_or(PhotoError::NotAPhoto)?;
        let contents = container::read(format, bytes)?;
        let (width, height) = (contents.width, contents.height);
        if u64::from(width) * u64::from(height) >= limits.pixels {
            let limit = limits.pixels;
            return Err(PhotoError::TooManyPixels {
                width,
                height,
                limit,
            });
        }
        if !contents.complete {
            return Err(PhotoError::Truncated { format });
        }

        let mut warnings = Vec::new();
        let exif = contents.exif.map(ExifFacts::read).unwrap_or_default();
        let xmp = XmpFacts::read(contents.xmp.as_deref(), &contents.more_xmp);
        if exif.damaged {
            warnings.push(Warning::ExifDamaged);
        }
        if xmp.damaged {
            warnings.push(Warning::XmpDamaged);
        }
        warnings.extend(size_warning(&exif, width, height));
        let taken = metadata::when(&exif, limits.not_after, &mut warnings);
        let position = metadata::place(&exif, &xmp, &mut warnings);
        let phash = if limits.perceptual_hash {
            hash(bytes, format, &contents, &exif, limits, &mut warnings)
        } else {
            None
        };
        let programs = xmp.programs.iter().chain(&contents.programs);
        let programs = programs.map(String::as_str);
        let edited_with =
            metadata::editor_named(exif.software.as_deref().into_iter().chain(programs));
        Ok(Self {
            sha256: hex(digest),
            bytes: bytes.len() as u64,
            format,
            width,
            height,
            taken,
            position,
            make: exif.make.or(xmp.make),
            model: exif.model.or(xmp.model),
            software: (exif.software)
                .or_else(|| xmp.programs.first().cloned())
                .or_else(|| contents.programs.first().cloned()),
            edited_with,
            phash,
            focal_length_mm: exif.focal_length_mm,
            focal_length_35mm: exif.focal_length_35mm,
            digital_zoom: exif.digital_zoom,
            drone: xmp.drone,
            warnings,
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Cannot fail: writing into a String never does.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A size in the Exif that is not the picture's, in either orientation.
fn size_warning(exif: &ExifFacts, width: u32, height: u32) -> Option<Warning> {
    let declared = (exif.declared_width?, exif.declared_height?);
    let fits = declared == (width, height) || declared == (height, width);
    (!fits && declared.0 > 0 && declared.1 > 0).then_some(Warning::SizeDiffers {
        declared,
        actual: (width, height),
    })
}

/// Decodes the picture, turns it upright and hashes it; says so when it cannot.
fn hash(
    bytes: &[u8],
    format: Format,
    contents: &Contents<'_>,
    exif: &ExifFacts,
    limits: &Limits,
    warnings: &mut Vec<Warning>,
) -> Option<PerceptualHash> {
    let kind = match format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::WebP => ImageFormat::WebP,
        Format::Heic => {
            warnings.push(Warning::NotComparedHeic);
            return None;
        }
    };
    let pixels = u64::from(contents.width) * u64::from(contents.height);
    if pixels.saturating_mul(contents.bytes_per_pixel) > limits.decoded_bytes {
        warnings.push(Warning::TooLargeToCompare);
        return None;
    }
    match decode(bytes, kind, limits) {
        Ok(mut picture) => {
            if let Some(turn) = exif.orientation.and_then(Orientation::from_exif) {
                picture.apply_orientation(turn);
            }
            Some(PerceptualHash::of(&picture))
        }
        Err(e) => {
            let why: String = e.to_string().chars().take(120).collect();
            warnings.push(Warning::NotDecoded(why));
            None
        }
    }
}

fn decode(bytes: &[u8], kind: ImageFormat, limits: &Limits) -> image::ImageResult<DynamicImage> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind);
    let mut bounds = image::Limits::default();
    bounds.max_alloc = Some(limits.decoded_bytes);
    reader.limits(bounds);
    reader.decode()
}
