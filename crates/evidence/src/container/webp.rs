//! WebP (RFC 9649): walks the RIFF chunks.

use std::borrow::Cow;

use super::{Contents, little_endian};

pub(super) fn read(bytes: &[u8]) -> Contents<'_> {
    let declared = little_endian(bytes, 4, 4).unwrap_or(u64::MAX) + 8;
    let mut found = Contents {
        bytes_per_pixel: 8,
        complete: bytes.len() as u64 >= declared,
        ..Contents::default()
    };
    let mut at = 12;
    while let (Some(kind), Some(length)) = (bytes.get(at..at + 4), little_endian(bytes, at + 4, 4))
    {
        let length = length as usize;
        let Some(body) = bytes.get(at + 8..at + 8 + length) else {
            found.complete = false;
            break;
        };
        match kind {
            b"VP8X" => set_size(&mut found, size_extended(body)),
            // A frame's own chunks stand behind 16 bytes of its place and time.
            b"ANMF" => set_size(&mut found, body.get(16..).and_then(size_of_frame)),
            b"VP8 " => set_size(&mut found, size_lossy(body)),
            b"VP8L" => set_size(&mut found, size_lossless(body)),
            b"EXIF" => found.exif = Some(body.strip_prefix(b"Exif\0\0").unwrap_or(body)),
            b"XMP " => found.xmp = Some(Cow::Borrowed(body)),
            _ => {}
        }
        at += 8 + length + length % 2;
    }
    found
}

/// The largest of what the file says counts: a frame is decoded before its size is held against the canvas.
fn set_size(found: &mut Contents<'_>, size: Option<(u64, u64)>) {
    let known = u64::from(found.width) * u64::from(found.height);
    if let Some((width, height)) = size
        && width * height > known
    {
        found.width = width as u32;
        found.height = height as u32;
    }
}

/// The size of the picture among the chunks of a frame; its transparency may stand before it.
fn size_of_frame(chunks: &[u8]) -> Option<(u64, u64)> {
    let mut at = 0;
    loop {
        let kind = chunks.get(at..at + 4)?;
        let length = little_endian(chunks, at + 4, 4)? as usize;
        let body = chunks.get(at + 8..at + 8 + length)?;
        match kind {
            b"VP8 " => return size_lossy(body),
            b"VP8L" => return size_lossless(body),
            _ => at += 8 + length + length % 2,
        }
    }
}

fn size_extended(body: &[u8]) -> Option<(u64, u64)> {
    Some((
        little_endian(body, 4, 3)? + 1,
        little_endian(body, 7, 3)? + 1,
    ))
}

fn size_lossy(body: &[u8]) -> Option<(u64, u64)> {
    if body.get(3..6)? != [0x9D, 0x01, 0x2A] {
        return None;
    }
    let side = |at| little_endian(body, at, 2).map(|n| n & 0x3FFF);
    Some((side(6)?, side(8)?))
}

fn size_lossless(body: &[u8]) -> Option<(u64, u64)> {
    if *body.first()? != 0x2F {
        return None;
    }
    let bits = little_endian(body, 1, 4)?;
    Some(((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1))
}
