//! WebP (RFC 9649): walks the RIFF chunks.

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
            b"VP8 " => set_size(&mut found, size_lossy(body)),
            b"VP8L" => set_size(&mut found, size_lossless(body)),
            b"EXIF" => found.exif = Some(body.strip_prefix(b"Exif\0\0").unwrap_or(body)),
            b"XMP " => found.xmp = Some(body),
            _ => {}
        }
        at += 8 + length + length % 2;
    }
    found
}

/// The canvas, which comes first, wins over a frame's own size.
fn set_size(found: &mut Contents<'_>, size: Option<(u64, u64)>) {
    if let (0, Some((width, height))) = (found.width, size) {
        found.width = width as u32;
        found.height = height as u32;
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
