//! Finding the size, the Exif and the XMP in a photo's file without decoding the picture.
//!
//! Works on bytes only; every read is checked, so that no file can make it panic or allocate.

mod heif;
mod jpeg;
mod png;
mod webp;

use std::borrow::Cow;

use crate::{Format, PhotoError};

/// What a photo's file holds, borrowed from its bytes.
#[derive(Debug, Default)]
pub(crate) struct Contents<'a> {
    /// Pixels across and down, as stored.
    pub width: u32,
    pub height: u32,
    /// The TIFF structure of the Exif, without any prefix of the container.
    pub exif: Option<&'a [u8]>,
    /// The XMP packet.
    pub xmp: Option<Cow<'a, [u8]>>,
    /// Programs that signed in texts of the container's own.
    pub programs: Vec<String>,
    /// Pieces of the second packet, which a JPEG has where one segment does not hold all: where each
    /// belongs, and its bytes.
    pub more_xmp: Vec<(u64, &'a [u8])>,
    /// Whether the file's own end mark was found.
    pub complete: bool,
    /// Bytes a pixel takes while decoding, roughly.
    pub bytes_per_pixel: u64,
}

/// Walks the container.
pub(crate) fn read(format: Format, bytes: &[u8]) -> Result<Contents<'_>, PhotoError> {
    let found = match format {
        Format::Jpeg => jpeg::read(bytes),
        Format::Png => png::read(bytes),
        Format::WebP => webp::read(bytes),
        Format::Heic => heif::read(bytes),
    };
    if found.width == 0 || found.height == 0 {
        if !found.complete {
            return Err(PhotoError::Truncated { format });
        }
        let detail = "no picture size in it".to_owned();
        return Err(PhotoError::Damaged { format, detail });
    }
    Ok(found)
}

/// A big-endian number of up to 8 bytes at an offset.
fn big_endian(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let slice = bytes.get(at..at.checked_add(length)?)?;
    Some(slice.iter().fold(0, |n, b| (n << 8) | u64::from(*b)))
}

/// A little-endian number of up to 8 bytes at an offset.
fn little_endian(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let slice = bytes.get(at..at.checked_add(length)?)?;
    Some(slice.iter().rev().fold(0, |n, b| (n << 8) | u64::from(*b)))
}
