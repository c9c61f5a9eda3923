//! Files that cannot be used, and photos that lie: each gets its one clear answer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::PathBuf;

use kandeng_evidence::image::{Rgb, RgbImage};
use kandeng_evidence::{ExifFields, Limits, Photo, PhotoError, Warning, jpeg_with_exif};

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(path.join(name)).unwrap()
}

fn open(bytes: &[u8]) -> Result<Photo, PhotoError> {
    Photo::from_bytes(bytes, &Limits::default())
}

fn picture() -> RgbImage {
    RgbImage::from_fn(60, 40, |x, y| Rgb([x as u8 * 4, y as u8 * 6, 90]))
}

#[test]
fn what_is_no_photo_is_refused() {
    for bytes in [
        &b"%PDF-1.7 and so on"[..],
        b"hello",
        b"PK\x03\x04",
        b"GIF89a",
        b"\xFF\xD8",
    ] {
        assert!(matches!(open(bytes), Err(PhotoError::NotAPhoto)));
    }
    assert!(matches!(open(b""), Err(PhotoError::Empty)));
}

#[test]
fn a_file_cut_off_anywhere_is_refused_and_never_half_read() {
    for name in [
        "camera_0012.jpg",
        "drone_0027.png",
        "drone_0027.webp",
        "camera_0010.heic",
    ] {
        let whole = fixture(name);
        for percent in [5, 20, 50, 80, 99] {
            let part = &whole[..whole.len() * percent / 100];
            assert!(
                matches!(open(part), Err(PhotoError::Truncated { .. })),
                "{name} at {percent} %: {:?}",
                open(part)
            );
        }
    }
}

#[test]
fn two_hundred_megapixels_are_refused_from_the_header_alone() {
    // A JPEG that declares 20,000 × 10,000 pixels and holds a few bytes.
    let mut jpeg = jpeg_with_exif(&picture(), 70, &ExifFields::default()).unwrap();
    let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 7].copy_from_slice(&10_000u16.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&20_000u16.to_be_bytes());
    let refused = open(&jpeg).unwrap_err();
    assert!(matches!(
        refused,
        PhotoError::TooManyPixels {
            width: 20_000,
            height: 10_000,
            ..
        }
    ));
    let (zh, en) = refused.text();
    assert!(zh.contains("20000 × 10000") && en.contains("20000 × 10000"));

    let mut png = fixture("drone_0027.png");
    png[16..20].copy_from_slice(&60_000u32.to_be_bytes());
    png[20..24].copy_from_slice(&60_000u32.to_be_bytes());
    assert!(matches!(open(&png), Err(PhotoError::TooManyPixels { .. })));
}

#[test]
fn a_large_picture_below_that_is_kept_without_a_hash_and_says_so() {
    let bytes = jpeg_with_exif(&picture(), 70, &ExifFields::default()).unwrap();
    let limits = Limits {
        decoded_bytes: 1_000,
        ..Limits::default()
    };
    let photo = Photo::from_bytes(&bytes, &limits).unwrap();
    assert_eq!(photo.phash, None);
    assert_eq!(photo.warnings, [Warning::TooLargeToCompare]);
}

#[test]
fn a_file_over_the_limit_is_refused_before_it_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.jpg");
    std::fs::write(&path, vec![0u8; 5_000]).unwrap();
    let limits = Limits {
        file_bytes: 4_999,
        ..Limits::default()
    };
    assert!(matches!(
        Photo::read(&path, &limits),
        Err(PhotoError::FileTooLarge { limit: 4_999 })
    ));
    assert!(matches!(
        Photo::read(&folder.path().join("absent.jpg"), &limits),
        Err(PhotoError::Unreadable(_))
    ));
}

#[test]
fn damaged_pixels_leave_the_metadata_and_say_so() {
    let mut bytes = fixture("drone_0027.png");
    let at = bytes.windows(4).position(|w| w == b"IDAT").unwrap();
    bytes[at + 10..at + 40].fill(0xAA);
    let photo = open(&bytes).unwrap();
    assert!(photo.taken.is_some() && photo.phash.is_none());
    assert!(matches!(photo.warnings[..], [.., Warning::NotDecoded(_)]));
}

#[test]
fn damaged_exif_leaves_the_photo_and_says_so() {
    let mut bytes = jpeg_with_exif(&picture(), 70, &ExifFields::default()).unwrap();
    let at = bytes.windows(6).position(|w| w == b"Exif\0\0").unwrap();
    bytes[at + 6..at + 14].fill(0x55);
    let photo = open(&bytes).unwrap();
    assert_eq!(photo.warnings, [Warning::ExifDamaged]);
    assert!(photo.phash.is_some());
}

#[test]
fn what_was_written_is_read_back() {
    let fields = ExifFields {
        taken: Some(jiff::civil::date(2025, 7, 1).at(18, 5, 9, 0)),
        offset: Some(jiff::tz::offset(8)),
        lon: Some(105.523_456),
        lat: Some(-32.281_234),
        accuracy_m: Some(4.5),
        make: Some("HUAWEI".to_owned()),
        model: Some("NOH-AN00".to_owned()),
        software: Some("Adobe Photoshop 25.1".to_owned()),
        focal_length_mm: Some(6.58),
        focal_length_35mm: Some(24),
    };
    let photo = open(&jpeg_with_exif(&picture(), 85, &fields).unwrap()).unwrap();
    assert_eq!(photo.taken.unwrap().at.to_string(), "2025-07-01T10:05:09Z");
    let position = photo.position.unwrap();
    assert!((position.lon - 105.523_456).abs() < 1e-8);
    assert!((position.lat + 32.281_234).abs() < 1e-8);
    assert_eq!(position.accuracy_m, Some(4.5));
    assert_eq!(photo.camera().as_deref(), Some("HUAWEI NOH-AN00"));
    assert_eq!(photo.edited_with.as_deref(), Some("Adobe Photoshop"));
    assert_eq!(photo.focal_length_mm, Some(6.58));
    assert_eq!(photo.focal_length_35mm, Some(24.0));
    assert_eq!(photo.warnings, []);
}

#[test]
fn a_photo_from_the_future_and_one_at_zero_zero_are_warned_of() {
    let fields = ExifFields {
        taken: Some(jiff::civil::date(2031, 7, 1).at(8, 0, 0, 0)),
        lon: Some(0.0),
        lat: Some(0.0),
        ..ExifFields::default()
    };
    let limits = Limits {
        not_after: Some("2026-06-30T00:00:00Z".parse().unwrap()),
        ..Limits::default()
    };
    let bytes = jpeg_with_exif(&picture(), 85, &fields).unwrap();
    let photo = Photo::from_bytes(&bytes, &limits).unwrap();
    assert!(matches!(
        photo.warnings[..],
        [Warning::InTheFuture(_), Warning::PositionZero]
    ));
    assert_eq!(photo.position, None);
}

#[test]
fn every_refusal_is_said_in_both_languages() {
    let refused = [&b""[..], b"nothing", b"\xFF\xD8\xFF\xE0"].map(|bytes| open(bytes).unwrap_err());
    for error in refused.into_iter().chain([PhotoError::Unreasonable]) {
        let (zh, en) = error.text();
        assert!(!zh.is_ascii() && !en.is_empty() && error.kind().starts_with(['p', 'n']));
    }
}

/// A RIFF file of these chunks.
fn webp(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (kind, bytes) in chunks {
        body.extend_from_slice(*kind);
        body.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        body.extend_from_slice(bytes);
        body.resize(body.len().next_multiple_of(2), 0);
    }
    let length = (body.len() as u32).to_le_bytes();
    [&b"RIFF"[..], &length, &body].concat()
}

#[test]
fn a_webp_is_as_large_as_its_largest_frame_whatever_its_canvas_says() {
    let mut whole = std::io::Cursor::new(Vec::new());
    RgbImage::new(300, 200)
        .write_to(&mut whole, kandeng_evidence::image::ImageFormat::WebP)
        .unwrap();
    let whole = whole.into_inner();
    assert_eq!(&whole[12..16], b"VP8L");
    let picture = &whole[20..];
    let canvas = [0; 10];
    let frame = [&[0; 16][..], b"VP8L", &whole[16..20], picture].concat();
    for file in [
        webp(&[(b"VP8X", &canvas), (b"VP8L", picture)]),
        webp(&[(b"VP8X", &canvas), (b"ANMF", &frame)]),
    ] {
        let limits = Limits {
            pixels: 10_000,
            ..Limits::default()
        };
        let refused = Photo::from_bytes(&file, &limits).unwrap_err();
        assert!(
            matches!(
                refused,
                PhotoError::TooManyPixels {
                    width: 300,
                    height: 200,
                    ..
                }
            ),
            "{refused}"
        );
    }
}

#[test]
fn a_second_size_in_a_png_is_not_believed() {
    let mut png = fixture("drone_0027.png");
    let header = png[8..33].to_vec();
    png[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let end = png.len() - 12;
    png.splice(end..end, header);
    assert!(matches!(open(&png), Err(PhotoError::TooManyPixels { .. })));
}

#[test]
fn a_heic_of_nothing_but_boxes_is_refused() {
    let mut bytes = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec();
    for _ in 0..70_000 {
        bytes.extend_from_slice(b"\0\0\0\x08free");
    }
    assert!(matches!(open(&bytes), Err(PhotoError::Truncated { .. })));
}

#[test]
fn an_editor_that_signs_in_the_second_xmp_packet_is_found() {
    let plain = jpeg_with_exif(&picture(), 70, &ExifFields::default()).unwrap();
    let filler = "<rdf:li stEvt:action='saved'/>".repeat(3_000);
    let packet = format!("<x>{filler}<rdf:li stEvt:softwareAgent='Adobe Photoshop 25.1'/></x>");
    let segment = |head: &[u8], body: &[u8]| {
        let length = (head.len() + body.len() + 2) as u16;
        [&[0xFF, 0xE1][..], &length.to_be_bytes(), head, body].concat()
    };
    let mut segments = segment(b"http://ns.adobe.com/xap/1.0/\0", b"<x/>");
    for (place, piece) in packet.as_bytes().chunks(60_000).enumerate() {
        let mut head = b"http://ns.adobe.com/xmp/extension/\0".to_vec();
        head.extend_from_slice(&[b'A'; 32]);
        head.extend_from_slice(&(packet.len() as u32).to_be_bytes());
        head.extend_from_slice(&(60_000 * place as u32).to_be_bytes());
        segments.extend(segment(&head, piece));
    }
    let file = [&plain[..2], &segments, &plain[2..]].concat();
    let photo = open(&file).unwrap();
    assert_eq!(photo.edited_with.as_deref(), Some("Adobe Photoshop"));
    assert_eq!(photo.warnings, []);
}
