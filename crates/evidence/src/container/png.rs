//! PNG (ISO/IEC 15948): walks the chunks.

use super::{Contents, big_endian};

const XMP: &[u8] = b"XML:com.adobe.xmp\0";

pub(super) fn read(bytes: &[u8]) -> Contents<'_> {
    let mut found = Contents {
        bytes_per_pixel: 4,
        ..Contents::default()
    };
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
            b"iTXt" if body.starts_with(XMP) => found.xmp = xmp(body),
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

/// The text of an uncompressed `iTXt` chunk: keyword, flag, method, language, translated keyword, text.
fn xmp(body: &[u8]) -> Option<&[u8]> {
    let rest = body.get(XMP.len()..)?;
    if *rest.first()? != 0 {
        return None;
    }
    let language = rest.get(2..)?;
    let language_end = language.iter().position(|b| *b == 0)?;
    let keyword = language.get(language_end + 1..)?;
    let keyword_end = keyword.iter().position(|b| *b == 0)?;
    keyword.get(keyword_end + 1..)
}
