//! Photos that the sheet names: what their files say goes before what the sheet says.

use kandeng_evidence::{ExifFields, image, jpeg_with_exif};
use kandeng_supervise::import::{ImportOptions, read};

use crate::book::{column, key, texts, told, write};

fn jpeg(fields: &ExifFields) -> Vec<u8> {
    let pixels = image::RgbImage::from_fn(96, 64, |x, y| {
        image::Rgb([(x * 2) as u8, (y * 3) as u8, 90])
    });
    jpeg_with_exif(&pixels, 80, fields).unwrap()
}

#[test]
fn a_photo_speaks_for_itself_and_the_sheet_only_where_it_is_silent() {
    let folder = tempfile::tempdir().unwrap();
    let photos = tempfile::tempdir().unwrap();
    let fields = ExifFields {
        taken: Some(jiff::civil::date(2025, 3, 14).at(9, 30, 0, 0)),
        offset: Some(jiff::tz::offset(8)),
        lon: Some(105.52),
        lat: Some(32.28),
        ..ExifFields::default()
    };
    std::fs::write(photos.path().join("1.jpg"), jpeg(&fields)).unwrap();
    std::fs::write(photos.path().join("2.jpg"), "这不是照片").unwrap();
    std::fs::write(photos.path().join("4.jpg"), jpeg(&ExifFields::default())).unwrap();
    let path = write(
        folder.path(),
        &[
            ("项目", &[&["项目编码"], &["A"]]),
            (
                "照片",
                &[
                    &["项目编码", "文件名", "拍摄时间", "经度", "纬度"],
                    &["A", "1.jpg", "2025-06-01 10:00", "#105.9", "#32.28"],
                    &["A", "2.jpg", "", "", ""],
                    &["A", "3.jpg", "2025-06-03 10:00", "#105.3", "#32.1"],
                    &["A", "4.jpg", "2025-06-04 10:00", "#105.4", "#32.1"],
                ],
            ),
        ],
    );
    let options = ImportOptions {
        photos: Some(photos.path().to_owned()),
        ..ImportOptions::new(key())
    };
    let read = read(&[path], &options).unwrap();
    assert_eq!(
        column(&read, "photos", "taken_on"),
        ["2025-03-14", "", "2025-06-03", "2025-06-04"]
    );
    let lons = column(&read, "photos", "lon");
    assert!(
        lons[0].starts_with("105.52") || lons[0].starts_with("105.5199"),
        "{lons:?}"
    );
    assert_eq!(lons[2..], ["105.3", "105.4"]);
    let hashes = texts(&read, "photos", "sha256");
    assert_eq!(hashes.iter().filter(|hash| hash.is_some()).count(), 2);
    assert!(
        texts(&read, "photos", "phash")[0]
            .as_ref()
            .unwrap()
            .contains(':')
    );
    let crops = texts(&read, "photos", "phash_crops");
    let digits = crops[0].as_ref().unwrap().strip_prefix("LC256:").unwrap();
    assert_eq!(digits.len(), kandeng_evidence::PHASH_CROPS * 64);
    assert_eq!(
        crops[2], None,
        "of a photo without its file nothing is known"
    );
    assert_eq!(told(&read, "the file was taken")[0].row, Some(2));
    assert_eq!(
        told(&read, "no such file in the folder of photos")[0].row,
        Some(4)
    );
    let refused = read
        .diagnostics
        .iter()
        .find(|told| told.row == Some(3))
        .unwrap();
    assert_eq!(refused.value.as_deref(), Some("2.jpg"));
}
