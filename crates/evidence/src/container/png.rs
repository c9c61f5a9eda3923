//! PNG (ISO/IEC 15948): walks the chunks.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::ZlibDecoder;

use super::{Contents, big_endian};

const XMP: &[u8] = b"XML:com.adobe.xmp";
/// The keyword under which programs sign.
const SOFTWARE: &[u8] = b"Software";
/// Bytes that a compressed text may unpack to: real ones are a few kilobytes.
const MOST_TEXT: u64 = 1 << 20;
/// Packets and signatures looked at in one file, whole or not: unpacking takes time.
const MOST_TEXTS: usize = 20;

pub(super) fn read(bytes: &[u8]) -> Contents<'_> {
    let mut found = Contents {
        bytes_per_pixel: 4,
        ..Contents::default()
    };
    let mut texts = 0;
    let mut at = 8;
    while let (Some(length), Some(kind)) = (big_endian(bytes, at, 4), bytes.get(at + 4..at + 8)) {
        let length = length as usize;
        let Some(body) = bytes.get(at + 8..at + 8 + length) else {
            break;
        };
        match kind {
            // Decoders go by the first.
            b"IHDR" if found.width == 0 => {
                found.width = big_endian(body, 0, 4).unwrap_or(0) as u32;
                found.height = big_endian(body, 4, 4).unwrap_or(0) as u32;
                if body.get(8) == Some(&16) {
                    found.bytes_per_pixel = 8;
                }
            }
            b"eXIf" => found.exif = Some(body.strip_prefix(b"Exif\0\0").unwrap_or(body)),
            b"tEXt" | b"zTXt" | b"iTXt" if texts < MOST_TEXTS => {
                texts += usize::from(take_text(kind, body, &mut found));
            }
            b"IEND" => {
                found.complete = true;
                break;
            }
            _ => {}
        }
        at += length + 12;
    }
    found
}

/// A text with its keyword, if it is an XMP packet or the name of a program.
fn take_text<'a>(kind: &[u8], body: &'a [u8], found: &mut Contents<'a>) -> bool {
    let Some((keyword, rest)) = until_zero(body) else {
        return false;
    };
    let text = || match kind {
        b"tEXt" => Some(Cow::Borrowed(rest)),
        b"zTXt" => unpacked(rest.strip_prefix(&[0])?),
        _ => international(rest),
    };
    match keyword {
        XMP if found.xmp.is_none() => found.xmp = text(),
        SOFTWARE => {
            let program = text();
            let program =
                program.map(|text| String::from_utf8_lossy(&text).chars().take(200).collect());
            found.programs.extend(program);
        }
        _ => return false,
    }
    true
}

/// The text of an `iTXt` chunk: flag, method, language, translated keyword, text.
fn international(rest: &[u8]) -> Option<Cow<'_, [u8]>> {
    let (packed, rest) = rest.split_first()?;
    let (method, rest) = rest.split_first()?;
    let (_, rest) = until_zero(rest)?;
    let (_, text) = until_zero(rest)?;
    match (packed, method) {
        (0, _) => Some(Cow::Borrowed(text)),
        (1, 0) => unpacked(text),
        _ => None,
    }
}

fn until_zero(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

fn unpacked(packed: &[u8]) -> Option<Cow<'static, [u8]>> {
    let mut text = Vec::new();
    let mut unpacking = ZlibDecoder::new(packed).take(MOST_TEXT);
    unpacking.read_to_end(&mut text).ok()?;
    Some(Cow::Owned(text))
}
