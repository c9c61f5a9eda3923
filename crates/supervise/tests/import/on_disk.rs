//! Parquet: left on disk, read column by column, and read as a sheet's cells would be.

use std::path::Path;
use std::sync::Arc;

use kandeng_screening::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use kandeng_screening::arrow::record_batch::RecordBatch;
use kandeng_supervise::import::{Import, ImportOptions, InputKind, read};
use parquet::arrow::ArrowWriter;

use crate::book::{column, ints, key, table, texts, told, write};

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
    let told = refused(&read);
    assert_eq!(
        told.len(),
        1,
        "hashes of another key pass, and are told: {told:?}"
    );
    assert!(told[0].contains("0badc0de") && told[0].contains("different keys"));
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

/// Reads one table of a folder while it is there.
fn keeping<T>(tables: Vec<(&str, Vec<(&str, ArrayRef)>)>, look: impl FnOnce(&Import) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    for (name, columns) in tables {
        parquet(folder.path(), name, columns);
    }
    look(&read(&[folder.path().to_owned()], &ImportOptions::new(key())).unwrap())
}

fn numbers(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn floats(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

fn some(texts: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(texts.to_vec()))
}

/// What was refused while tables were read, in English.
fn refused(import: &Import) -> Vec<String> {
    let told = import.refused().into_iter();
    told.map(|told| format!("{}: {}", told.column.unwrap_or_default(), told.message.en))
        .collect()
}

#[test]
fn the_unit_of_a_header_counts_and_whole_numbers_are_fen_only_under_our_own_key() {
    let columns = vec![
        ("project_code", some(&["A"])),
        ("合同金额(万元)", floats(&[58.0])),
        ("批复总投资", numbers(&[580_000])),
        ("累计拨付(万元)", some(&["58"])),
        ("settlement", numbers(&[58_000_000])),
        ("retention_amount_yuan", numbers(&[7])),
        (
            "年度管护经费",
            Arc::new(
                Decimal128Array::from(vec![123_456])
                    .with_precision_and_scale(18, 2)
                    .unwrap(),
            ),
        ),
    ];
    keeping(vec![("projects", columns)], |read| {
        for (column, fen) in [
            ("contract_amount", 58_000_000),
            ("approved_budget", 58_000_000),
            ("paid_total", 58_000_000),
            ("settlement", 58_000_000),
            ("retention_amount", 700),
            ("upkeep_fund", 123_456),
        ] {
            assert_eq!(ints(read, "projects", column), [Some(fen)], "{column}");
        }
    });
}

#[test]
fn a_number_too_long_for_its_column_is_left_out_for_it_may_name_somebody() {
    let person = 110_101_199_003_074_514;
    let tables = vec![
        (
            "projects",
            vec![
                ("project_code", some(&["A", "B"])),
                ("households", numbers(&[46, person])),
                ("scale", floats(&[120.0, person as f64])),
                ("contract_amount", numbers(&[600_000, person])),
            ],
        ),
        (
            "progress",
            vec![
                ("project_code", some(&["A", "B"])),
                ("percent", floats(&[40.0, person as f64])),
            ],
        ),
    ];
    keeping(tables, |import| {
        assert_eq!(ints(import, "projects", "households"), [Some(46), None]);
        let held = format!(
            "{:?} {:?}",
            table(import, "projects"),
            table(import, "progress")
        );
        assert!(!held.contains("1101011990030745"), "{held}");
        assert!(held.contains("120.0") && held.contains("40.0"), "{held}");
    });
}

#[test]
fn a_unit_written_with_a_quantity_or_in_its_header_is_kept() {
    let columns = vec![
        ("project_code", some(&["A", "B", "C"])),
        ("scale", some(&["8公顷", "120", "3公顷"])),
        ("scale_unit", strings(&[None, Some("亩"), Some("亩")])),
        ("验收规模(公顷)", floats(&[8.0, 7.5, 3.0])),
    ];
    keeping(vec![("projects", columns)], |read| {
        assert_eq!(column(read, "projects", "scale"), ["8.0", "120.0", "3.0"]);
        assert_eq!(
            column(read, "projects", "scale_unit"),
            ["公顷", "亩", "公顷"]
        );
        assert_eq!(
            column(read, "projects", "accepted_scale_unit"),
            ["公顷", "公顷", "公顷"]
        );
        assert_eq!(
            refused(read),
            ["规模单位: 1 units differ from the one written with the quantity, which was taken"]
        );
    });
}

#[test]
fn cells_of_other_types_read_as_a_sheets_cells_do() {
    let columns = vec![
        (
            "project_code",
            floats(&[99_010_120_250_001.0, 99_010_120_250_002.0]),
        ),
        ("approval_number", some(&["无", "县批1号"])),
        ("contractor_name", some(&["—", "  甲公司 "])),
        ("village_code", numbers(&[990_101_001_201, 990_101_001_202])),
        ("approval_date", numbers(&[20_250_314, 45_365])),
        ("households", floats(&[46.0, 3.5])),
        ("scale", floats(&[f64::NAN, 3.0])),
        ("boundary_accuracy_m", floats(&[-5.0, 3.0])),
        ("resolution_file", some(&["11010519491231002X", "a.pdf"])),
    ];
    let photos = vec![
        ("project_code", some(&["99010120250001", "99010120250001"])),
        // A clock without a zone is China's.
        (
            "taken_at",
            Arc::new(TimestampMicrosecondArray::from(vec![0, 57_600_000_000])) as ArrayRef,
        ),
        (
            "covers_site",
            Arc::new(BooleanArray::from(vec![true, false])),
        ),
    ];
    keeping(vec![("projects", columns), ("photos", photos)], |read| {
        let second = |text: &str| [None, Some(text.to_owned())];
        assert_eq!(
            column(read, "projects", "project_code"),
            ["99010120250001", "99010120250002"]
        );
        assert_eq!(
            texts(read, "projects", "approval_number"),
            second("县批1号")
        );
        assert_eq!(texts(read, "projects", "contractor_name"), second("甲公司"));
        assert_eq!(
            column(read, "projects", "village_code"),
            ["990101001201", "990101001202"]
        );
        assert_eq!(
            column(read, "projects", "approval_date"),
            ["2025-03-14", "2024-03-14"]
        );
        assert_eq!(ints(read, "projects", "households"), [Some(46), None]);
        assert_eq!(column(read, "projects", "scale"), ["", "3.0"]);
        assert_eq!(column(read, "projects", "boundary_accuracy_m"), ["", "3.0"]);
        let file = texts(read, "projects", "resolution_file");
        assert_eq!(file[0], Some(key().hash("11010519491231002X")));
        assert_eq!(column(read, "photos", "taken_on"), ["1970-01-01"; 2]);
        assert_eq!(
            column(read, "photos", "taken_at"),
            ["1969-12-31T16:00:00Z", "1970-01-01T08:00:00Z"]
        );
        assert_eq!(column(read, "photos", "covers_site"), ["true", "false"]);
        let told = refused(read);
        assert!(
            told.iter()
                .any(|told| told.starts_with("受益户数: 1 values")),
            "{told:?}"
        );
        assert!(
            told.iter()
                .any(|told| told.contains("identity numbers do not belong here; 1"))
        );
    });
}

#[test]
fn a_stage_that_is_not_filed_follows_from_other_files_too() {
    let columns = vec![
        ("project_code", some(&["A", "B", "C", "D", "E"])),
        ("stage", strings(&[None, Some("已批复"), None, None, None])),
        ("approval_number", some(&["1", "1", "无", "无", "1"])),
    ];
    let payments = vec![
        ("project_code", some(&["A", "B", "D"])),
        (
            "date",
            strings(&[Some("2025-05-01"), Some("2025-05-01"), None]),
        ),
        ("amount", numbers(&[1, 2, 3])),
    ];
    let checks = vec![
        ("project_code", some(&["C"])),
        ("date", some(&["2026-01-01"])),
        ("state", some(&["良好"])),
    ];
    let tables = vec![
        ("projects", columns),
        ("payments", payments),
        ("upkeep_checks", checks),
    ];
    keeping(tables, |read| {
        assert_eq!(
            column(read, "projects", "stage"),
            ["building", "approved", "upkeep", "filed", "approved"]
        );
    });
}

#[test]
fn rows_on_disk_show_how_far_projects_of_a_workbook_are() {
    let folder = tempfile::tempdir().unwrap();
    let disk = tempfile::tempdir().unwrap();
    let payments = vec![
        ("project_code", some(&["A"])),
        ("date", some(&["2025-05-01"])),
        ("amount", numbers(&[1])),
    ];
    parquet(disk.path(), "payments", payments);
    let book = write(folder.path(), &[("项目", &[&["项目编码"], &["A"], &["B"]])]);
    let read = read(&[book, disk.path().to_owned()], &ImportOptions::new(key())).unwrap();
    assert_eq!(column(&read, "projects", "stage"), ["building", "filed"]);
}

#[test]
fn a_boundary_on_disk_is_read_as_one_in_a_sheet() {
    let square = "POLYGON ((105.5 32, 105.501 32, 105.501 32.001, 105.5 32.001, 105.5 32))";
    let projected = "SRID=4547;POLYGON((500000 3300000,500100 3300000,500100 3300100,500000 3300100,500000 3300000))";
    let columns = vec![
        ("project_code", some(&["A", "B", "C", "D", "E"])),
        (
            "boundary",
            some(&[
                square,
                "POLYGON((105 30, garbage",
                projected,
                "无",
                "none.gpx",
            ]),
        ),
    ];
    keeping(vec![("projects", columns)], |read| {
        let boundaries = texts(read, "projects", "boundary");
        assert_eq!(boundaries[0].as_deref(), Some(square));
        assert_eq!(boundaries[1], None);
        let degrees = boundaries[2].as_ref().unwrap();
        assert!(
            degrees.starts_with("POLYGON((11") || degrees.starts_with("POLYGON((10"),
            "{degrees}"
        );
        assert_eq!(boundaries[3..], [None, None]);
        assert_eq!(
            refused(read),
            ["用地范围: 2 values could not be read as this column asks and count as empty"]
        );
    });
}

#[test]
fn of_two_columns_with_one_header_the_first_is_read_from_disk_too() {
    let columns = vec![
        ("project_code", some(&["A"])),
        ("项目名称", some(&["one"])),
        ("name", some(&["two"])),
    ];
    keeping(vec![("projects", columns)], |read| {
        assert_eq!(column(read, "projects", "name"), ["one"]);
        assert_eq!(told(read, "duplicate header").len(), 1);
    });
}

#[test]
fn a_register_without_rows_is_no_register() {
    let columns = vec![("project_code", some(&["A"]))];
    let none = vec![("id", some(&[]))];
    keeping(vec![("projects", columns), ("deceased", none)], |read| {
        assert!(read.tables.get("deceased").is_none());
    });
}

#[test]
fn photos_on_disk_speak_for_themselves_where_their_files_are_at_hand() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = tempfile::tempdir().unwrap();
    std::fs::write(pictures.path().join("1.jpg"), "这不是照片").unwrap();
    parquet(
        folder.path(),
        "projects",
        vec![("project_code", some(&["A"]))],
    );
    let photos = vec![
        ("project_code", some(&["A", "A"])),
        ("file", some(&["1.jpg", "2.jpg"])),
        ("lon", floats(&[105.5, 105.5])),
    ];
    parquet(folder.path(), "photos", photos);
    let options = ImportOptions {
        photos: Some(pictures.path().to_owned()),
        ..ImportOptions::new(key())
    };
    let read = read(&[folder.path().to_owned()], &options).unwrap();
    assert_eq!(column(&read, "photos", "lon"), ["", "105.5"]);
    assert_eq!(told(&read, "not a photo")[0].row, Some(1));
}

#[test]
fn csv_beside_parquet_is_not_read_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    parquet(
        folder.path(),
        "projects",
        vec![("project_code", some(&["A"]))],
    );
    std::fs::write(
        folder.path().join("payments.csv"),
        "project_code,amount\nA,5\n",
    )
    .unwrap();
    let read = read(&[folder.path().to_owned()], &ImportOptions::new(key())).unwrap();
    assert_eq!(told(&read, "1 CSV files in the same folder").len(), 1);
}

#[test]
fn fractions_on_disk_are_percentages_too() {
    let percents = |values: ArrayRef| {
        let progress = vec![("project_code", some(&["A", "A"])), ("percent", values)];
        let projects = vec![("project_code", some(&["A"]))];
        keeping(
            vec![("projects", projects), ("progress", progress)],
            |read| {
                let warned = told(read, "read as percentages").len();
                (column(read, "progress", "percent"), warned)
            },
        )
    };
    let read = |values: [&str; 2]| values.map(str::to_owned).to_vec();
    assert_eq!(percents(floats(&[0.4, 1.0])), (read(["40.0", "100.0"]), 1));
    assert_eq!(percents(floats(&[0.0, 1.0])), (read(["0.0", "100.0"]), 1));
    assert_eq!(percents(floats(&[1.0, 40.0])), (read(["1.0", "40.0"]), 0));
    assert_eq!(percents(some(&["1%", "40"])), (read(["1.0", "40.0"]), 0));
}
