//! Input that is wrong: one clear sentence each, and the rest is read where that is safe.

use std::io::Write as _;
use std::sync::atomic::Ordering;

use kandeng_supervise::diagnostic::Severity;
use kandeng_supervise::import::{ImportError, ImportOptions, read};

use crate::book::{PROJECTS, column, import, ints, key, texts, told, try_import, write};

#[test]
fn a_second_project_of_one_code_is_set_aside() {
    let read = import(&[(
        "项目",
        &[
            &["项目编码", "项目名称"],
            &["A", "one"],
            &["B", "two"],
            &["A", "again"],
        ],
    )]);
    assert_eq!(column(&read, "projects", "name"), ["one", "two"]);
    assert_eq!(column(&read, "duplicates", "project_code"), ["A"]);
    assert_eq!(ints(&read, "duplicates", "row_no"), [Some(3)]);
    assert_eq!(ints(&read, "duplicates", "first_row_no"), [Some(1)]);
    assert_eq!(read.place("projects", 3, "name").unwrap().row, 4);
    let told = told(&read, "only the first is screened");
    assert_eq!((told[0].row, told[0].severity), (Some(4), Severity::Error));
    assert!(told[0].message.en.contains("row 2"));
}

#[test]
fn a_payment_for_no_project_is_told_and_left_out() {
    let read = import(&[
        (
            "拨付",
            &[
                &["项目编码", "金额"],
                &["X", "5"],
                &["99010120250001", "7"],
                &["", "9"],
            ],
        ),
        PROJECTS,
    ]);
    assert_eq!(ints(&read, "payments", "amount"), [Some(700)]);
    assert_eq!(ints(&read, "payments", "row_no"), [Some(2)]);
    assert_eq!(
        told(&read, "no project of this code")[0].value.as_deref(),
        Some("X")
    );
    assert_eq!(told(&read, "empty; the row was not read")[0].row, Some(4));
}

#[test]
fn text_in_a_number_and_an_impossible_date_are_told_with_their_cell() {
    let read = import(&[(
        "项目",
        &[
            &["项目编码", "合同金额", "批复日期", "受益户数", "项目类型"],
            &["A", "约五十万", "2025-02-30", "3.5", "修路"],
            &["B", "五", "@2025-02-28", "#3", "其他"],
        ],
    )]);
    assert_eq!(ints(&read, "projects", "contract_amount"), [None, None]);
    assert_eq!(
        column(&read, "projects", "approval_date"),
        ["", "2025-02-28"]
    );
    assert_eq!(ints(&read, "projects", "households"), [None, Some(3)]);
    assert_eq!(
        texts(&read, "projects", "kind"),
        [None, Some("other".to_owned())]
    );
    let date = told(&read, "expected a day")[0];
    assert_eq!(
        (date.row, date.column.as_deref(), date.value.as_deref()),
        (Some(2), Some("批复日期"), Some("2025-02-30"))
    );
    assert_eq!(told(&read, "expected an amount").len(), 2);
    assert_eq!(told(&read, "expected one of").len(), 1);
}

#[test]
fn a_formula_that_failed_is_told_and_its_cell_left_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("county.xlsx");
    let mut book = rust_xlsxwriter::Workbook::new();
    let page = book.add_worksheet();
    page.set_name("项目").unwrap();
    for (column, header) in ["项目编码", "合同金额", "批复总投资"]
        .into_iter()
        .enumerate()
    {
        page.write(0, column as u16, header).unwrap();
    }
    page.write(1, 0, "A").unwrap();
    page.write_formula(
        1,
        1,
        rust_xlsxwriter::Formula::new("=B9/0").set_result("#REF!"),
    )
    .unwrap();
    page.write_formula(1, 2, rust_xlsxwriter::Formula::new("=3*4").set_result("12"))
        .unwrap();
    book.save(&path).unwrap();
    let read = read(&[path], &ImportOptions::new(key())).unwrap();
    assert_eq!(ints(&read, "projects", "contract_amount"), [None]);
    assert_eq!(ints(&read, "projects", "approved_budget"), [Some(1200)]);
    assert_eq!(told(&read, "the formula gives #REF!").len(), 1);
}

#[test]
fn merged_codes_are_read_for_each_row_and_merged_amounts_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), &[PROJECTS]);
    let mut book = rust_xlsxwriter::Workbook::new();
    let page = book.add_worksheet();
    page.set_name("项目").unwrap();
    page.write(0, 0, "项目编码").unwrap();
    page.write(1, 0, "A").unwrap();
    let page = book.add_worksheet();
    page.set_name("拨付").unwrap();
    for (column, header) in ["项目编码", "拨付日期", "金额", "用途"]
        .into_iter()
        .enumerate()
    {
        page.write(0, column as u16, header).unwrap();
    }
    let plain = rust_xlsxwriter::Format::new();
    page.merge_range(1, 0, 2, 0, "A", &plain).unwrap();
    page.merge_range(1, 2, 2, 2, "100", &plain).unwrap();
    page.write(1, 3, "one").unwrap();
    page.write(2, 3, "two").unwrap();
    book.save(&path).unwrap();
    let read = read(&[path], &ImportOptions::new(key())).unwrap();
    assert_eq!(column(&read, "payments", "project_code"), ["A", "A"]);
    assert_eq!(ints(&read, "payments", "amount"), [Some(10_000), None]);
    assert_eq!(told(&read, "merged cells").len(), 2);
}

/// Rows of an `.ods` sheet, with three payments of project A and two of B, their codes merged.
const MERGED_ODS: &str = r#"<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="项目"><table:table-row><table:table-cell office:value-type="string"><text:p>项目编码</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell office:value-type="string"><text:p>A</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell office:value-type="string"><text:p>B</text:p></table:table-cell></table:table-row></table:table>
<table:table table:name="拨付"><table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row><table:table-row><table:table-cell table:number-columns-repeated="2"/><table:table-cell office:value-type="string"><text:p>项目编码</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>用途</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell table:number-columns-repeated="2"/><table:table-cell table:number-columns-spanned="1" table:number-rows-spanned="3" office:value-type="string"><text:p>A</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>one</text:p></table:table-cell></table:table-row>
<table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="2"/><table:covered-table-cell/><table:table-cell office:value-type="string"><text:p>two</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell table:number-columns-repeated="2"/><table:table-cell table:number-rows-spanned="2" office:value-type="string"><text:p>B</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>one</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell table:number-columns-repeated="2"/><table:covered-table-cell/><table:table-cell office:value-type="string"><text:p>two</text:p></table:table-cell></table:table-row></table:table>
</office:spreadsheet></office:body></office:document-content>"#;

#[test]
fn merged_cells_of_an_open_workbook_are_read_for_each_row_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("county.ods");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    let manifest = r#"<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>"#;
    for (name, text) in [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", manifest),
        ("content.xml", MERGED_ODS),
    ] {
        zip.start_file(name, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    let read = read(&[path], &ImportOptions::new(key())).unwrap();
    assert_eq!(
        column(&read, "payments", "project_code"),
        ["A", "A", "A", "B", "B"],
        "{:?}",
        read.diagnostics
    );
    assert_eq!(
        told(&read, "merged cells")
            .iter()
            .map(|told| told.row)
            .collect::<Vec<_>>(),
        [Some(4), Some(7)]
    );
    let place = read.place("payments", 5, "purpose").unwrap();
    assert_eq!((place.row, place.column), (8, 4));
}

#[test]
fn many_problems_of_one_kind_are_counted() {
    let mut rows: Vec<Vec<String>> = vec![vec!["项目编码".to_owned(), "批复日期".to_owned()]];
    rows.extend((0..40).map(|row| vec![format!("P{row}"), "昨天".to_owned()]));
    let rows: Vec<Vec<&str>> = rows
        .iter()
        .map(|row| row.iter().map(String::as_str).collect())
        .collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let read = import(&[("项目", &rows)]);
    assert_eq!(told(&read, "expected a day").len(), 5);
    assert_eq!(told(&read, "and 35 more").len(), 1);
}

#[test]
fn no_projects_or_no_codes_is_one_error_that_says_so() {
    let error = try_import(&[("拨付", &[&["项目编码"], &["A"]])])
        .err()
        .unwrap();
    assert!(matches!(error, ImportError::NoProjects { .. }));
    assert!(error.text().zh.contains("拨付"), "{error}");
    let error = try_import(&[("项目", &[&["项目名称", "地点"], &["x", "y"]])])
        .err()
        .unwrap();
    assert!(matches!(error, ImportError::NoProjectCode { .. }));
}

#[test]
fn an_empty_file_a_broken_one_and_one_of_another_kind_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let options = ImportOptions::new(key());
    let attempt = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        read(&[path], &options).err().unwrap()
    };
    assert!(matches!(attempt("a.xlsx", b""), ImportError::Empty(_)));
    assert!(matches!(
        attempt("b.xlsx", b"PK\x03\x04 and nothing more"),
        ImportError::Broken { .. }
    ));
    assert!(matches!(
        attempt("c.pdf", b"%PDF-1.7"),
        ImportError::UnknownKind(_)
    ));
    let missing = read(&[folder.path().join("none.xlsx")], &options)
        .err()
        .unwrap();
    assert!(matches!(missing, ImportError::Io { .. }));
}

#[test]
fn a_workbook_cut_off_halfway_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), &[PROJECTS]);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = read(&[path], &ImportOptions::new(key())).err().unwrap();
    assert!(matches!(error, ImportError::Broken { .. }), "{error}");
}

#[test]
fn a_zip_bomb_is_refused_before_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.xlsx");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("xl/workbook.xml", options).unwrap();
    zip.write_all(b"<workbook/>").unwrap();
    zip.start_file("xl/worksheets/sheet1.xml", options).unwrap();
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..200 {
        zip.write_all(&zeros).unwrap();
    }
    zip.finish().unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() < 1 << 20);
    let error = read(&[path], &ImportOptions::new(key())).err().unwrap();
    assert!(matches!(error, ImportError::ZipBomb { .. }), "{error}");
}

#[test]
fn a_run_that_is_stopped_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), &[PROJECTS]);
    let options = ImportOptions::new(key());
    options.cancel.store(true, Ordering::Relaxed);
    assert!(matches!(
        read(&[path], &options).err().unwrap(),
        ImportError::Cancelled
    ));
}

#[test]
fn a_hidden_sheet_is_read_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("county.xlsx");
    let mut book = rust_xlsxwriter::Workbook::new();
    book.add_worksheet().set_name("说明").unwrap();
    let page = book.add_worksheet();
    page.set_name("项目").unwrap().set_hidden(true);
    page.write(0, 0, "项目编码").unwrap();
    page.write(1, 0, "A").unwrap();
    book.save(&path).unwrap();
    let read = read(&[path], &ImportOptions::new(key())).unwrap();
    assert_eq!(column(&read, "projects", "project_code"), ["A"]);
    assert_eq!(told(&read, "hidden sheet").len(), 1);
}
