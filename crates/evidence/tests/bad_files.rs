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
    for bytes in [&b""[..], b"nothing", b"\xFF\xD8\xFF\xE0"] {
        let (zh, en) = open(bytes).unwrap_err().text();
        assert!(!zh.is_ascii() && !en.is_empty());
    }
}
