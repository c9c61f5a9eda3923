//! What real photos of each format say of themselves.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::io::Write as _;
use std::path::PathBuf;

use kandeng_evidence::{
    Accuracy, ExifFields, Format, Limits, PHASH_RADIUS, Photo, Warning, Zone, image, jpeg_with_exif,
};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn read(name: &str) -> Photo {
    Photo::read(&fixture(name), &Limits::default()).unwrap()
}

#[test]
fn a_drones_jpeg_tells_time_place_camera_and_attitude() {
    let photo = read("drone_0027.jpg");
    assert_eq!(photo.format, Format::Jpeg);
    assert_eq!(photo.camera().as_deref(), Some("DJI FC300S"));
    assert_eq!(
        photo.software.as_deref(),
        Some("Microsoft Windows Photo Viewer 10.0.10240.16384")
    );
    assert_eq!(photo.edited_with, None);
    let taken = photo.taken.unwrap();
    assert_eq!(taken.zone, Zone::AssumedShanghai);
    assert_eq!(taken.at.to_string(), "2016-06-23T08:33:04Z");
    let position = photo.position.unwrap();
    assert!((position.lat - 46.842_605).abs() < 1e-5);
    assert!((position.lon + 91.994_083).abs() < 1e-5);
    assert_eq!(position.accuracy_from, Accuracy::Unknown);
    let drone = photo.drone.unwrap();
    assert_eq!(drone.gimbal_pitch, Some(-89.9));
    assert_eq!(drone.gimbal_yaw, Some(-131.3));
    assert_eq!(drone.flight_roll, Some(-0.4));
    assert_eq!(drone.relative_altitude_m, Some(40.0));
    assert_eq!(photo.focal_length_mm, Some(3.61));
}

#[test]
fn attitude_is_read_whatever_the_packets_layout() {
    let drone = read("drone_0032.jpg").drone.unwrap();
    assert_eq!(drone.relative_altitude_m, Some(40.1));
    assert_eq!(drone.gimbal_yaw, Some(42.0));
    assert_eq!(drone.gimbal_roll, Some(0.0));
}

#[test]
fn a_cameras_satellite_time_and_place_are_read() {
    let photo = read("camera_0010.jpg");
    assert_eq!(photo.camera().as_deref(), Some("NIKON COOLPIX P6000"));
    let taken = photo.taken.unwrap();
    assert_eq!(taken.zone, Zone::GpsUtc);
    assert_eq!(taken.at.to_string(), "2008-10-23T14:27:07Z");
    let position = photo.position.unwrap();
    assert!((position.lat - 43.467_448).abs() < 1e-5);
    assert!((position.lon - 11.885_127).abs() < 1e-5);
    assert!(photo.drone.is_none());
}

#[test]
fn an_editor_that_signs_in_a_text_of_a_png_is_found() {
    let packed = |text: &[u8]| {
        let mut packing = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packing.write_all(text).unwrap();
        packing.finish().unwrap()
    };
    let xmp = b"<x:xmpmeta><d xmp:CreatorTool='Adobe Photoshop 25'/></x:xmpmeta>";
    let packed_xmp = [&b"XML:com.adobe.xmp\0\x01\0\0\0"[..], &packed(xmp)].concat();
    let packed_name = [&b"Software\0\0"[..], &packed(b"Paint.NET 5.0")].concat();
    let texts: [(&[u8; 4], &[u8]); 4] = [
        (b"tEXt", b"Software\0Adobe Photoshop 25"),
        (b"iTXt", b"Software\0\0\0zh\0\0Adobe Photoshop 25"),
        (b"zTXt", &packed_name),
        (b"iTXt", &packed_xmp),
    ];
    let folder = tempfile::tempdir().unwrap();
    let of = |png: &[u8]| {
        let path = folder.path().join("site.png");
        std::fs::write(&path, png).unwrap();
        Photo::read(&path, &Limits::default()).unwrap()
    };
    let whole = std::fs::read(fixture("drone_0027.png")).unwrap();
    for (kind, body) in texts {
        let mut png = whole.clone();
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        let chunk = [&length, &kind[..], body, &[0; 4]].concat();
        // Behind the header; what the file has of its own comes later.
        png.splice(33..33, chunk);
        let photo = of(&png);
        assert!(
            photo.edited_with.is_some(),
            "{:?}",
            String::from_utf8_lossy(body)
        );
    }
    // A text without end is none, and unpacks to no more than a megabyte.
    let bomb = [&b"Software\0\0"[..], &packed(&vec![b'a'; 64 << 20])].concat();
    let mut png = whole.clone();
    let length = u32::try_from(bomb.len()).unwrap().to_be_bytes();
    png.splice(33..33, [&length, &b"zTXt"[..], &bomb, &[0; 4]].concat());
    assert!(of(&png).edited_with.is_none());
}

#[test]
fn png_and_webp_carry_the_same_facts() {
    let jpeg = read("drone_0027.jpg");
    for (name, format) in [
        ("drone_0027.png", Format::Png),
        ("drone_0027.webp", Format::WebP),
    ] {
        let photo = read(name);
        assert_eq!(photo.format, format);
        assert_eq!((photo.width, photo.height), (40, 22));
        assert_eq!(photo.taken, jpeg.taken);
        assert_eq!(photo.position, jpeg.position);
        assert_eq!(photo.model, jpeg.model);
        assert!(photo.phash.is_some());
    }
    assert_eq!(read("drone_0027.webp").drone, jpeg.drone);
}

#[test]
fn of_heic_the_metadata_is_read_and_the_missing_hash_is_said() {
    let photo = read("camera_0010.heic");
    let jpeg = read("camera_0010.jpg");
    assert_eq!(photo.format, Format::Heic);
    assert_eq!((photo.width, photo.height), (160, 120));
    assert_eq!(photo.taken, jpeg.taken);
    assert_eq!(photo.position, jpeg.position);
    assert_eq!(photo.model, jpeg.model);
    assert_eq!(photo.phash, None);
    assert!(photo.warnings.contains(&Warning::NotComparedHeic));
}

#[test]
fn a_photo_stored_lying_is_hashed_as_it_is_looked_at() {
    let upright = image::RgbImage::from_fn(120, 80, |x, y| {
        image::Rgb([(x * 2) as u8, (y * 3) as u8, if x > 70 { 30 } else { 160 }])
    });
    let file = |picture| jpeg_with_exif(picture, 90, &ExifFields::default()).unwrap();
    let hash = |file: &[u8]| {
        let photo = Photo::from_bytes(file, &Limits::default()).unwrap();
        photo.phash.unwrap()
    };
    let looked_at = hash(&file(&upright));
    let mut lying = file(&image::imageops::rotate270(&upright));
    assert!(hash(&lying).distance(&looked_at) > Some(PHASH_RADIUS));
    // The entry of the orientation: tag 0x0112, one short, 1. Turn right to look at it: 6.
    let entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 1];
    let at = lying.windows(10).position(|bytes| bytes == entry).unwrap();
    lying[at + 9] = 6;
    assert!(hash(&lying).distance(&looked_at) <= Some(2));
}

#[test]
fn a_file_is_named_by_the_hash_of_all_its_bytes() {
    let photo = read("camera_0010.jpg");
    let bytes = std::fs::read(fixture("camera_0010.jpg")).unwrap();
    let again = Photo::from_bytes(&bytes, &Limits::default()).unwrap();
    assert_eq!(photo.sha256, again.sha256);
    assert_eq!(photo.bytes, bytes.len() as u64);
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(photo.sha256.len(), abc.len());
    let mut longer = bytes;
    longer.push(0);
    let other = Photo::from_bytes(&longer, &Limits::default()).unwrap();
    assert_ne!(photo.sha256, other.sha256);
    assert_eq!(photo.phash, other.phash);
}

#[test]
fn exif_that_states_another_size_is_warned_of() {
    let warnings = read("drone_0027.jpg").warnings;
    assert!(warnings.contains(&Warning::SizeDiffers {
        declared: (4000, 2250),
        actual: (160, 90),
    }));
}

#[test]
fn every_warning_is_said_in_both_languages() {
    for warning in read("camera_0010.heic").warnings {
        let (zh, en) = warning.text();
        assert!(!zh.is_ascii() && !en.is_empty());
    }
}
