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
fn a_photo_speaks_for_itself_and_the_sheet_only_where_there_is_no_file() {
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
                    &["A", "2.jpg", "2025-06-02 10:00", "#105.2", "#32.1"],
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
        ["2025-03-14", "", "2025-06-03", ""]
    );
    let lons = column(&read, "photos", "lon");
    assert!(
        lons[0].starts_with("105.52") || lons[0].starts_with("105.5199"),
        "{lons:?}"
    );
    assert_eq!(lons[1..], ["", "105.3", ""]);
    assert_eq!(column(&read, "photos", "taken_at")[1], "");
    let silent = told(&read, "was not taken");
    let rows: Vec<_> = silent.iter().map(|told| told.row).collect();
    assert_eq!(rows, [Some(3), Some(5)]);
    let hashes = texts(&read, "photos", "sha256");
    let known: Vec<_> = hashes.iter().map(Option::is_some).collect();
    assert_eq!(
        known,
        [true, true, false, true],
        "a file that is no photo has a hash too"
    );
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

#[test]
fn what_the_platform_records_is_not_taken_from_a_filers_sheet() {
    let folder = tempfile::tempdir().unwrap();
    let ground = "POLYGON ((105.5 32, 105.501 32, 105.501 32.001, 105.5 32.001, 105.5 32))";
    let seal = key().seal(["A", "1.jpg", "", ground, "true"]);
    let sheet = |header: &[&'static str], rows: &[&[&str]]| {
        let mut all: Vec<&[&str]> = vec![header];
        all.extend(rows);
        let path = write(
            folder.path(),
            &[("项目", &[&["项目编码"], &["A"]]), ("照片", &all)],
        );
        read(&[path], &ImportOptions::new(key())).unwrap()
    };
    let claimed = sheet(
        &["项目编码", "文件名", "地面覆盖范围", "拍摄记录"],
        &[&["A", "1.jpg", ground, "是"]],
    );
    assert_eq!(texts(&claimed, "photos", "footprint"), [None]);
    assert_eq!(column(&claimed, "photos", "capture_record"), [""]);
    assert_eq!(told(&claimed, "unknown column").len(), 2);

    let sealed = sheet(
        &["项目编码", "文件名", "footprint", "拍摄记录", "封签"],
        &[
            &["A", "1.jpg", ground, "是", &seal],
            &["A", "2.jpg", ground, "是", &seal],
            &["A", "1.jpg", "", "是", "我保证"],
            &["A", "3.jpg", "", "否", ""],
        ],
    );
    assert_eq!(
        texts(&sealed, "photos", "footprint"),
        [Some(ground.to_owned()), None, None, None]
    );
    assert_eq!(
        column(&sealed, "photos", "capture_record"),
        ["true", "", "", "false"]
    );
    let broken: Vec<_> = told(&sealed, "without a valid seal")
        .iter()
        .map(|told| told.row)
        .collect();
    assert_eq!(broken, [Some(3), Some(3), Some(4)]);
}

#[test]
fn each_photo_that_cannot_be_read_is_told_and_each_kind_of_trouble_apart() {
    let folder = tempfile::tempdir().unwrap();
    let photos = tempfile::tempdir().unwrap();
    let names: Vec<String> = (1..=9).map(|number| format!("{number}.jpg")).collect();
    for name in &names[..8] {
        std::fs::write(photos.path().join(name), "这不是照片").unwrap();
    }
    let lying = ExifFields {
        lon: Some(0.0),
        lat: Some(0.0),
        ..ExifFields::default()
    };
    std::fs::write(photos.path().join(&names[8]), jpeg(&lying)).unwrap();
    let rows: Vec<[&str; 2]> = names.iter().map(|name| ["A", name.as_str()]).collect();
    let mut sheet: Vec<&[&str]> = vec![&["项目编码", "文件名"]];
    sheet.extend(rows.iter().map(|row| &row[..]));
    let path = write(
        folder.path(),
        &[("项目", &[&["项目编码"], &["A"]]), ("照片", &sheet)],
    );
    let options = ImportOptions {
        photos: Some(photos.path().to_owned()),
        ..ImportOptions::new(key())
    };
    let read = read(&[path], &options).unwrap();
    assert_eq!(told(&read, "not a photo").len(), 5);
    let rest = told(&read, "and 3 more of the same kind, in rows 7, 8, 9");
    assert!(rest[0].message.zh.contains("还有 3 处:第 7、8、9 行"));
    assert_eq!(told(&read, "0, 0")[0].row, Some(10));
}

#[test]
fn a_photo_said_to_cover_the_site_that_shows_no_known_ground_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let photos = tempfile::tempdir().unwrap();
    let file = jpeg(&ExifFields::default());
    std::fs::write(photos.path().join("1.jpg"), &file).unwrap();
    std::fs::write(photos.path().join("2.jpg"), &file).unwrap();
    let path = write(
        folder.path(),
        &[
            ("项目", &[&["项目编码"], &["A"]]),
            (
                "照片",
                &[
                    &["项目编码", "文件名", "覆盖全部场地"],
                    &["A", "1.jpg", "是"],
                    &["A", "2.jpg", "否"],
                ],
            ),
        ],
    );
    let options = ImportOptions {
        photos: Some(photos.path().to_owned()),
        ..ImportOptions::new(key())
    };
    let read = read(&[path], &options).unwrap();
    let rows: Vec<_> = told(&read, "no attitude in its metadata")
        .iter()
        .map(|told| told.row)
        .collect();
    assert_eq!(rows, [Some(2)]);
}

#[test]
fn figures_that_no_place_or_accuracy_has_are_told_and_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(
        folder.path(),
        &[
            (
                "项目",
                &[
                    &["项目编码", "经度", "纬度", "测量精度"],
                    &["A", "#32.1", "#105.5", "#-5"],
                    &["B", "#-180", "#90", "#0"],
                ],
            ),
            (
                "照片",
                &[
                    &["项目编码", "文件名", "经度", "纬度", "定位精度"],
                    &["A", "1.jpg", "181", "32.1", "-1"],
                ],
            ),
        ],
    );
    let read = read(&[path], &ImportOptions::new(key())).unwrap();
    assert_eq!(column(&read, "projects", "lat"), ["", "90.0"]);
    assert_eq!(column(&read, "projects", "lon"), ["32.1", "-180.0"]);
    assert_eq!(
        column(&read, "projects", "boundary_accuracy_m"),
        ["", "0.0"]
    );
    assert_eq!(column(&read, "photos", "lon"), [""]);
    assert_eq!(column(&read, "photos", "accuracy_m"), [""]);
    assert_eq!(
        told(&read, "expected a number from -90 to 90")[0].row,
        Some(2)
    );
    assert_eq!(told(&read, "expected a number from -180 to 180").len(), 1);
    assert_eq!(told(&read, "expected 0 or more").len(), 2);
}

/// The names that image editors sign with are listed where photos are read, and in the rule that flags them.
#[test]
fn the_rule_on_editors_knows_every_editor_that_photos_are_read_for() {
    let list = include_str!("../../../evidence/data/editors.txt");
    let rule = include_str!("../../rules/county/Q08.sql");
    let parameter = rule
        .lines()
        .find_map(|line| line.split_once("editors = \"(?-u:\\\\b)("));
    let (latin, chinese) = parameter.unwrap().1.split_once(")([^a-z]|$)|").unwrap();
    let names: Vec<String> = latin
        .split('|')
        .chain(chinese.trim_end_matches('"').split('|'))
        .map(|name| name.replace("\\\\", ""))
        .collect();
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase());
    let is_known = |text: &str| {
        names.iter().any(|name| {
            text.match_indices(name).any(|(at, _)| {
                !letter(text[..at].chars().next_back())
                    && !letter(text[at + name.len()..].chars().next())
            })
        })
    };
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    let mut seen = 0;
    for (signed, shown) in lines.filter_map(|line| line.split_once('=')) {
        for text in [signed, shown] {
            assert!(is_known(&text.trim().to_lowercase()), "{text}");
        }
        seen += 1;
    }
    assert!(seen > 60);
}
