//! Kinds of input: old and open workbooks, CSV in its encodings, Parquet left on disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kandeng_screening::arrow::array::{
    ArrayRef, Date32Array, Float64Array, Int64Array, StringArray,
};
use kandeng_screening::arrow::record_batch::RecordBatch;
use kandeng_supervise::import::{
    ImportError, ImportOptions, InputKind, detect, original_sheets, read,
};
use parquet::arrow::ArrowWriter;

use crate::book::{column, ints, key, table, texts, told};

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

fn parquet(folder: &Path, name: &str, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    let file = std::fs::File::create(folder.join(format!("{name}.parquet"))).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn strings(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(values.iter().copied().collect::<StringArray>())
}

const ACCOUNT: &str = "6222020200112233445";

/// Projects with a code twice and one without; payments of which one has no project.
fn parquet_county() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    parquet(
        folder.path(),
        "projects",
        vec![
            (
                "项目编码",
                strings(&[Some("A"), Some("B"), Some("A"), None]),
            ),
            (
                "kind",
                strings(&[Some("产业发展"), Some("industry"), None, None]),
            ),
            (
                "contract_amount",
                Arc::new(Int64Array::from(vec![100, 200, 300, 400])),
            ),
            (
                "approved_budget",
                Arc::new(Float64Array::from(vec![1.5, 2.0, 3.0, 4.0])),
            ),
            (
                "approval_date",
                strings(&[Some("2025年3月14日"), None, None, None]),
            ),
            (
                "start_date",
                Arc::new(Date32Array::from(vec![None, Some(20_000), None, None])),
            ),
            ("备注", strings(&[None, None, None, None])),
        ],
    );
    let hash = key().hash(ACCOUNT);
    parquet(
        folder.path(),
        "payments",
        vec![
            (
                "project_code",
                strings(&[Some("A"), Some("X"), Some("B"), Some("B")]),
            ),
            ("amount", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
            (
                "account",
                strings(&[
                    Some("6222 0202 0011 2233 445"),
                    None,
                    Some(&hash),
                    Some("0badc0de:00112233445566778899aabbccddeeff"),
                ]),
            ),
        ],
    );
    parquet(
        folder.path(),
        "companies",
        vec![
            ("uscc", strings(&[Some("91510000MA6A0001X2")])),
            ("staff", Arc::new(Int64Array::from(vec![2]))),
        ],
    );
    folder
}

#[test]
fn a_folder_of_parquet_is_left_on_disk_and_read_by_column() {
    let folder = parquet_county();
    let hash = key().hash(ACCOUNT);
    let read = read(&[folder.path().to_owned()], &ImportOptions::new(key())).unwrap();
    assert_eq!(read.kinds, [InputKind::Parquet]);
    assert_eq!(column(&read, "projects", "project_code"), ["A", "B"]);
    assert_eq!(column(&read, "projects", "kind"), ["industry", "industry"]);
    assert_eq!(
        ints(&read, "projects", "contract_amount"),
        [Some(100), Some(200)]
    );
    assert_eq!(
        ints(&read, "projects", "approved_budget"),
        [Some(150), Some(200)]
    );
    assert_eq!(
        column(&read, "projects", "approval_date"),
        ["2025-03-14", ""]
    );
    assert_eq!(column(&read, "projects", "stage"), ["approved", "building"]);
    assert_eq!(texts(&read, "projects", "name"), [None, None]);
    assert_eq!(column(&read, "duplicates", "project_code"), ["A"]);
    assert_eq!(
        ints(&read, "payments", "row_no"),
        [Some(1), Some(3), Some(4)]
    );
    assert_eq!(
        texts(&read, "payments", "account"),
        [
            Some(hash.clone()),
            Some(hash),
            Some("0badc0de:00112233445566778899aabbccddeeff".to_owned())
        ]
    );
    assert_eq!(told(&read, "no project of this code").len(), 1);
    assert_eq!(told(&read, "unknown column").len(), 1);
    assert!(read.refused().is_empty(), "hashes of another key pass");
    assert_eq!(read.rows()["payments"], 3);
    let companies = table(&read, "companies");
    assert_eq!(
        companies.schema().fields().len(),
        3,
        "row_no and the two columns that are there"
    );
    let only = read
        .tables
        .get("payments")
        .unwrap()
        .read(&[])
        .unwrap()
        .map(|batch| batch.unwrap().num_rows());
    assert_eq!(
        only.sum::<usize>(),
        3,
        "rows are counted without reading a column"
    );
    assert_eq!(read.place("payments", 3, "amount").unwrap().column, 2);
}
