//! No bytes make the readers panic: random ones, and real files with a few bytes changed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::PathBuf;

use kandeng_evidence::image::RgbImage;
use kandeng_evidence::{ExifFields, Limits, Photo, footprint, hamming, jpeg_with_exif};
use proptest::prelude::*;

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(path.join(name)).unwrap()
}

fn read(bytes: &[u8], perceptual_hash: bool) {
    let limits = Limits {
        perceptual_hash,
        pixels: 4_000_000,
        ..Limits::default()
    };
    match Photo::from_bytes(bytes, &limits) {
        Ok(photo) => {
            for warning in &photo.warnings {
                warning.text();
            }
            if let Err(why) = footprint(&photo) {
                why.text();
            }
        }
        Err(refusal) => {
            refusal.text();
        }
    }
}

/// A JPEG of a few pixels around this Exif and XMP.
fn around(exif: &[u8], xmp: &[u8]) -> Vec<u8> {
    let plain = jpeg_with_exif(&RgbImage::new(8, 8), 50, &ExifFields::default()).unwrap();
    let mut file = plain[..2].to_vec();
    for (name, body) in [
        (&b"Exif\0\0"[..], exif),
        (b"http://ns.adobe.com/xap/1.0/\0", xmp),
    ] {
        file.extend_from_slice(&[0xFF, 0xE1]);
        file.extend_from_slice(&((name.len() + body.len() + 2) as u16).to_be_bytes());
        file.extend_from_slice(name);
        file.extend_from_slice(body);
    }
    file.extend_from_slice(&plain[2..]);
    file
}

const STARTS: [&[u8]; 5] = [
    b"\xFF\xD8\xFF\xE1",
    b"\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR",
    b"RIFF\0\0\0\x08WEBPVP8X",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    b"",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_after_any_formats_beginning(start in 0..STARTS.len(), rest in prop::collection::vec(any::<u8>(), 0..600)) {
        let bytes = [STARTS[start], &rest].concat();
        read(&bytes, true);
    }

    #[test]
    fn random_exif_and_xmp(
        little in any::<bool>(),
        exif in prop::collection::vec(any::<u8>(), 0..400),
        xmp in "(<[a-zA-Z:]{0,20}( [a-zA-Z:-]{1,24}=\"[+-]?[0-9.a-z&;#]{0,12}\")*/?>|</[a-z]{0,5}>|[^\\x00]{0,20}){0,12}",
    ) {
        let head: &[u8] = if little { b"II*\0\x08\0\0\0" } else { b"MM\0*\0\0\0\x08" };
        read(&around(&[head, &exif].concat(), xmp.as_bytes()), false);
    }

    #[test]
    fn xmp_numbers_of_any_kind(pitch in any::<f64>(), yaw in "\\PC{0,12}", height in -1e300..1e300f64) {
        let xmp = format!(
            "<x><d drone-dji:GimbalPitchDegree='{pitch}' drone-dji:RelativeAltitude='{height}' drone-dji:FlightYawDegree='12'>\
             <drone-dji:GimbalYawDegree>{yaw}</drone-dji:GimbalYawDegree></d></x>"
        );
        read(&around(b"MM\0*\0\0\0\x08\0\0", xmp.as_bytes()), false);
    }

    #[test]
    fn hashes_of_any_text(a in "\\PC{0,40}", b in "\\PC{0,40}") {
        hamming(&a, &b);
        prop_assert_eq!(hamming(&a, &b), hamming(&b, &a));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn real_files_with_bytes_changed(
        which in 0..5usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        early in any::<bool>(),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let names = ["drone_0027.jpg", "camera_0012.jpg", "drone_0027.png", "drone_0027.webp", "camera_0010.heic"];
        let mut bytes = fixture(names[which]);
        for (at, byte) in changes {
            let length = if early { bytes.len().min(1_500) } else { bytes.len() };
            let at = at.index(length);
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read(&bytes, true);
    }
}
