//! Kinds of input: old and open workbooks, CSV in its encodings.

use std::path::{Path, PathBuf};

use kandeng_supervise::import::{
    ImportError, ImportOptions, InputKind, detect, original_sheets, read,
};

use kandeng_supervise::diagnostic::Severity;

use crate::book::{column, ints, key, told};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/import")
        .join(name)
}

#[test]
fn old_and_open_workbooks_read_like_new_ones() {
    for (name, kind) in [
        ("county.xls", InputKind::Xls),
        ("county.ods", InputKind::Ods),
    ] {
        assert_eq!(detect(&fixture(name)).unwrap(), kind);
        let read = read(&[fixture(name)], &ImportOptions::new(key())).unwrap();
        assert_eq!(
            column(&read, "projects", "name"),
            ["核桃种植", "村道硬化"],
            "{name}"
        );
        assert_eq!(
            column(&read, "projects", "approval_date"),
            ["2025-03-14", "2025-04-02"],
            "{name}"
        );
        assert_eq!(
            ints(&read, "projects", "contract_amount"),
            [Some(58_500_000), Some(120_000_000)]
        );
        assert_eq!(ints(&read, "payments", "amount"), [Some(100_000)]);
        let place = read.place("projects", 2, "name").unwrap();
        assert_eq!(
            (place.sheet.as_str(), place.row, place.column),
            ("项目", 3, 2)
        );
    }
}

#[test]
fn a_workbook_with_a_password_is_refused_with_that_reason() {
    let error = read(&[fixture("password.xlsx")], &ImportOptions::new(key()))
        .err()
        .unwrap();
    assert!(matches!(error, ImportError::Password(_)), "{error}");
    assert!(error.text().zh.contains("密码"));
}

fn csv(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

const PROJECTS: &str = "项目编码,项目名称,合同金额(万元)\r\n99010120250001,\"核桃,种植\",58.5\r\n\r\n99010120250002,村道硬化工程建设项目,1.2\r\n";

#[test]
fn a_folder_of_csv_reads_with_and_without_a_mark_and_in_gb18030() {
    let marked = [b"\xEF\xBB\xBF".as_slice(), PROJECTS.as_bytes()].concat();
    let gb = encoding_rs::GB18030.encode(PROJECTS).0.into_owned();
    for bytes in [PROJECTS.as_bytes(), &marked, &gb] {
        let folder = csv(&[
            ("项目.csv", bytes),
            ("payments.csv", b"project_code,amount\n99010120250001,5\n"),
        ]);
        let mut read = read(&[folder.path().to_owned()], &ImportOptions::new(key())).unwrap();
        assert_eq!(
            column(&read, "projects", "name"),
            ["核桃,种植", "村道硬化工程建设项目"]
        );
        assert_eq!(
            ints(&read, "projects", "contract_amount"),
            [Some(58_500_000), Some(1_200_000)]
        );
        assert_eq!(ints(&read, "payments", "amount"), [Some(500)]);
        assert_eq!(read.kinds, [InputKind::Csv]);
        assert_eq!(read.inputs().len(), 2);
        assert_eq!(read.inputs()[0].sha256.len(), 64);
    }
}

#[test]
fn rows_of_a_csv_file_are_counted_as_a_table_program_shows_them() {
    let text = "示例县台账\n\n项目编码;项目名称\r\n\r\nA;\"核桃\n种植\"\n\n\nB;村道\n";
    let folder = csv(&[("项目.csv", text.as_bytes())]);
    let options = ImportOptions::new(key());
    let read = read(&[folder.path().to_owned()], &options).unwrap();
    assert_eq!(column(&read, "projects", "name"), ["核桃\n种植", "村道"]);
    let rows = [1, 2].map(|row_no| read.place("projects", row_no, "name").unwrap().row);
    assert_eq!(rows, [5, 8]);
    let sheets = original_sheets(&[folder.path().to_owned()], &options).unwrap();
    assert_eq!(
        sheets[0].rows[7][1],
        calamine::Data::String("村道".to_owned())
    );
    assert_eq!(sheets[0].rows.len(), 8);
}

#[test]
fn lines_that_a_stray_quotation_mark_makes_one_of_are_told_and_none_is_taken_for_another() {
    for (text, names, row, lines) in [
        // Never closed.
        ("A,路\nB,\"桥\nC,渠\nD,塘\n", &["路"][..], 3, 3),
        // Closed by the next stray one.
        ("A,\"路\nB,\"桥\"\nC,渠\n", &["渠"], 2, 2),
        // As it should be: a line break, a mark and a comma within.
        (
            "A,\"路\n一 \"\"二\"\", 三\"\nB,桥\n",
            &["路\n一 \"二\", 三", "桥"],
            0,
            0,
        ),
        ("A,5\" 管\nB,桥\n", &["5\" 管", "桥"], 0, 0),
    ] {
        let folder = csv(&[("项目.csv", format!("项目编码,项目名称\n{text}").as_bytes())]);
        let read = read(&[folder.path().to_owned()], &ImportOptions::new(key())).unwrap();
        assert_eq!(column(&read, "projects", "name"), names);
        let told = told(&read, "quotation mark");
        assert_eq!(told.len(), usize::from(lines > 0), "{text}: {told:?}");
        if let [told] = told[..] {
            assert_eq!((told.row, told.severity), (Some(row), Severity::Error));
            assert!(
                told.message.en.contains(&format!("{lines} lines")),
                "{told:?}"
            );
        }
    }
}

#[test]
fn bytes_of_another_encoding_need_its_name() {
    let big5 = encoding_rs::BIG5
        .encode("項目編碼,名稱\nproject_code,x\n這是繁體中文的檔案\n")
        .0
        .into_owned();
    let folder = csv(&[("projects.csv", &big5)]);
    let input = [folder.path().to_owned()];
    let error = read(&input, &ImportOptions::new(key())).err().unwrap();
    assert!(matches!(error, ImportError::Encoding(_)), "{error}");
    assert!(error.to_string().contains("--encoding"));
    let named = |name: &str| ImportOptions {
        encoding: Some(name.to_owned()),
        ..ImportOptions::new(key())
    };
    assert!(matches!(
        read(&input, &named("klingon")).err().unwrap(),
        ImportError::UnknownEncoding(_)
    ));
    assert!(matches!(
        read(&input, &named("utf-8")).err().unwrap(),
        ImportError::WrongEncoding { .. }
    ));
    let read = read(&input, &named("big5"));
    assert!(read.is_ok(), "{:?}", read.err());
}

#[test]
fn an_empty_csv_file_is_one_error() {
    let folder = csv(&[("projects.csv", b"")]);
    let error = read(&[folder.path().to_owned()], &ImportOptions::new(key()))
        .err()
        .unwrap();
    assert!(matches!(error, ImportError::Empty(_)));
}

#[test]
fn the_sheets_come_back_as_they_stand_but_for_numbers_of_people() {
    let sheets = original_sheets(&[fixture("county.xls")], &ImportOptions::new(key())).unwrap();
    assert_eq!(
        sheets
            .iter()
            .map(|sheet| sheet.name.as_str())
            .collect::<Vec<_>>(),
        ["项目", "拨付"]
    );
    assert_eq!(
        sheets[0].rows[2][1],
        calamine::Data::String("村道硬化".to_owned())
    );
    let shown = format!("{:?}", sheets[1]);
    assert!(!shown.contains("110101199003070011"));
    assert!(shown.contains(key().id()));
    let folder = csv(&[("projects.csv", PROJECTS.as_bytes())]);
    let options = ImportOptions::new(key());
    let sheets = original_sheets(&[folder.path().to_owned()], &options).unwrap();
    let read = read(&[folder.path().to_owned()], &options).unwrap();
    let place = read.place("projects", 2, "name").unwrap();
    let cell = &sheets[0].rows[place.row as usize - 1][place.column as usize - 1];
    assert_eq!(
        *cell,
        calamine::Data::String("村道硬化工程建设项目".to_owned())
    );
}
