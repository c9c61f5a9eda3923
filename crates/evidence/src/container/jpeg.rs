//! JPEG (ITU-T T.81): walks the markers, steps over the entropy-coded data.

use std::borrow::Cow;

use super::{Contents, big_endian};

const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// Behind it: 32 bytes that name the packet, its length, where this piece of it belongs.
const MORE_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const NAME_OF_PACKET: usize = 32;

pub(super) fn read(bytes: &[u8]) -> Contents<'_> {
    let mut found = Contents {
        bytes_per_pixel: 3,
        ..Contents::default()
    };
    let mut packet = None;
    let mut at = 2;
    while let Some(marker) = marker_at(bytes, &mut at) {
        match marker {
            0xD9 => {
                found.complete = true;
                break;
            }
            0x01 | 0xD0..=0xD8 => continue,
            _ => {}
        }
        let Some(length) = big_endian(bytes, at, 2).map(|n| n as usize) else {
            break;
        };
        let Some(body) = bytes.get(at + 2..at + length.max(2)) else {
            break;
        };
        at += length.max(2);
        match marker {
            0xE1 if found.exif.is_none() && body.starts_with(EXIF) => {
                found.exif = body.get(EXIF.len()..);
            }
            0xE1 if found.xmp.is_none() && body.starts_with(XMP) => {
                found.xmp = body.get(XMP.len()..).map(Cow::Borrowed);
            }
            0xE1 if body.starts_with(MORE_XMP) => {
                let piece = &body[MORE_XMP.len()..];
                let name = piece.get(..NAME_OF_PACKET);
                let place = big_endian(piece, NAME_OF_PACKET + 4, 4);
                let bytes = piece.get(NAME_OF_PACKET + 8..);
                if let (Some(name), Some(place), Some(bytes)) = (name, place, bytes)
                    && *packet.get_or_insert(name) == name
                {
                    found.more_xmp.push((place, bytes));
                }
            }
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF if found.width == 0 => {
                found.height = big_endian(body, 1, 2).unwrap_or(0) as u32;
                found.width = big_endian(body, 3, 2).unwrap_or(0) as u32;
                if marker & 3 == 2 {
                    // Progressive: all coefficients are held at 16 bits until the last scan.
                    found.bytes_per_pixel = 9;
                }
            }
            0xDA => at = after_scan(bytes, at),
            _ => {}
        }
    }
    found
}

/// The next marker's code; `at` is moved behind it.
fn marker_at(bytes: &[u8], at: &mut usize) -> Option<u8> {
    while *bytes.get(*at)? != 0xFF {
        *at += 1;
    }
    while *bytes.get(*at)? == 0xFF {
        *at += 1;
    }
    let code = *bytes.get(*at)?;
    *at += 1;
    Some(code)
}

/// Where entropy-coded data ends: at a marker that is neither a stuffed zero nor a restart.
fn after_scan(bytes: &[u8], mut at: usize) -> usize {
    while let Some(step) = bytes.get(at..).and_then(|rest| {
        let here = rest.iter().position(|b| *b == 0xFF)?;
        rest.get(here + 1).map(|code| (here, *code))
    }) {
        at += step.0;
        match step.1 {
            0 | 0xD0..=0xD7 => at += 2,
            0xFF => at += 1,
            _ => return at,
        }
    }
    bytes.len()
}
