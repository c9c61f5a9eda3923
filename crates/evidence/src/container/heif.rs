//! HEIF (ISO/IEC 23008-12) on ISO base media boxes: the Exif and XMP items and the largest picture size.

use std::borrow::Cow;

use super::{Contents, big_endian};

/// No file has more items, or more boxes beside one another, than this; one that has is not believed.
const MOST_ITEMS: usize = 65_536;

struct MediaBox<'a> {
    kind: &'a [u8],
    body: &'a [u8],
}

#[derive(Default)]
struct Items {
    exif: Option<u64>,
    xmp: Option<u64>,
}

/// Where an item's bytes lie.
struct Extent {
    item: u64,
    in_item_data: bool,
    offset: usize,
    length: usize,
}

pub(super) fn read(bytes: &[u8]) -> Contents<'_> {
    let mut found = Contents::default();
    let (boxes, whole) = split(bytes);
    found.complete = whole;
    let Some(meta) = boxes.iter().find(|b| b.kind == b"meta") else {
        return found;
    };
    let (inner, meta_whole) = split(meta.body.get(4..).unwrap_or_default());
    found.complete &= meta_whole;
    let (mut items, mut extents, mut item_data) = (Items::default(), Vec::new(), None);
    for part in &inner {
        match part.kind {
            b"iinf" => items = item_kinds(part.body).unwrap_or_default(),
            b"iloc" => extents = locations(part.body),
            b"idat" => item_data = Some(part.body),
            b"iprp" => (found.width, found.height) = largest_size(part.body),
            _ => {}
        }
    }
    let bytes_of = |item: u64| {
        let extent = extents.iter().find(|e| e.item == item)?;
        let source = if extent.in_item_data {
            item_data?
        } else {
            bytes
        };
        match extent.length {
            0 => source.get(extent.offset..),
            n => source.get(extent.offset..extent.offset.checked_add(n)?),
        }
    };
    found.complete &= extents
        .iter()
        .all(|e| e.in_item_data || e.offset.saturating_add(e.length) <= bytes.len());
    found.exif = items.exif.and_then(bytes_of).and_then(|block| {
        // ExifDataBlock: four bytes that say how many more to skip before the TIFF header.
        let skip = big_endian(block, 0, 4)? as usize;
        block.get(4usize.checked_add(skip)?..)
    });
    found.xmp = items.xmp.and_then(bytes_of).map(Cow::Borrowed);
    found
}

/// The boxes one after another, and whether the last one ended where the bytes do. No more than
/// [`MOST_ITEMS`]: a box takes eight bytes of a file and four times as many here.
fn split(bytes: &[u8]) -> (Vec<MediaBox<'_>>, bool) {
    let (mut boxes, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if boxes.len() == MOST_ITEMS {
            return (boxes, false);
        }
        let (Some(size), Some(kind)) = (big_endian(bytes, at, 4), bytes.get(at + 4..at + 8)) else {
            return (boxes, false);
        };
        let (head, size) = match size {
            0 => (8, (bytes.len() - at) as u64),
            1 => (16, big_endian(bytes, at + 8, 8).unwrap_or(0)),
            n => (8, n),
        };
        let end = usize::try_from(size).ok().and_then(|n| at.checked_add(n));
        let Some((body, end)) = end.and_then(|end| Some((bytes.get(at + head..end)?, end))) else {
            return (boxes, false);
        };
        boxes.push(MediaBox { kind, body });
        at = end;
    }
    (boxes, true)
}

fn item_kinds(body: &[u8]) -> Option<Items> {
    let mut items = Items::default();
    let entries = if *body.first()? == 0 { 6 } else { 8 };
    for entry in split(body.get(entries..)?).0 {
        let info = entry.body;
        let (id, kind_at) = match info.first() {
            Some(2) => (big_endian(info, 4, 2), 8),
            Some(3) => (big_endian(info, 4, 4), 10),
            _ => continue,
        };
        match info.get(kind_at..kind_at + 4) {
            Some(b"Exif") => items.exif = items.exif.or(id),
            Some(b"mime") => {
                let names = info.get(kind_at + 4..).unwrap_or_default();
                if names.windows(19).any(|w| w == b"application/rdf+xml") {
                    items.xmp = items.xmp.or(id);
                }
            }
            _ => {}
        }
    }
    Some(items)
}

fn locations(body: &[u8]) -> Vec<Extent> {
    let mut extents = Vec::new();
    // Stops at the first number that is not there; what was read so far is kept.
    let _ = read_locations(body, &mut extents);
    extents
}

fn read_locations(body: &[u8], extents: &mut Vec<Extent>) -> Option<()> {
    let version = *body.first()?;
    let sizes = big_endian(body, 4, 2)?;
    let nibble = |shift: u32| ((sizes >> shift) & 0xF).min(8) as usize;
    let (offset_size, length_size, base_size) = (nibble(12), nibble(8), nibble(4));
    let index_size = if version == 0 { 0 } else { nibble(0) };
    let id_size = if version < 2 { 2 } else { 4 };
    let mut at = 6;
    let mut take = |size: usize| {
        let number = big_endian(body, at, size)?;
        at += size;
        Some(number)
    };
    let count = take(id_size)?;
    for _ in 0..count {
        let item = take(id_size)?;
        let method = if version == 0 { 0 } else { take(2)? & 0xF };
        take(2)?;
        let base = take(base_size)?;
        let parts = take(2)?;
        if parts > 1 && index_size + offset_size + length_size == 0 {
            return None;
        }
        for part in 0..parts {
            take(index_size)?;
            let offset = base.checked_add(take(offset_size)?)?;
            let length = take(length_size)?;
            // An item in several pieces is not put together: no camera writes its Exif so.
            if part == 0 && method < 2 && extents.len() < MOST_ITEMS {
                extents.push(Extent {
                    item,
                    in_item_data: method == 1,
                    offset: usize::try_from(offset).ok()?,
                    length: usize::try_from(length).ok()?,
                });
            }
        }
    }
    Some(())
}

/// Of all `ispe` properties the largest is the picture; thumbnails and tiles are smaller.
fn largest_size(body: &[u8]) -> (u32, u32) {
    let containers = split(body).0;
    containers
        .iter()
        .filter(|b| b.kind == b"ipco")
        .flat_map(|b| split(b.body).0)
        .filter(|b| b.kind == b"ispe")
        .filter_map(|b| Some((big_endian(b.body, 4, 4)?, big_endian(b.body, 8, 4)?)))
        .max_by_key(|(width, height)| width.saturating_mul(*height))
        .map_or((0, 0), |(width, height)| (width as u32, height as u32))
}
