//! Workbooks made from values, for what cannot be edited in place.

use calamine::Data;
use kandeng_supervise::marking::{
    CellValue, Labels, MarkError, SheetValues, mark_workbook, write_workbook,
};
use tempfile::tempdir;

use crate::opened::{flags, mark, notes, part, red_cells, value, values};

fn text(text: &str) -> CellValue {
    CellValue::Text(text.to_owned())
}

fn sheet(name: &str, rows: Vec<Vec<CellValue>>) -> SheetValues<'static> {
    SheetValues {
        name: name.to_owned(),
        rows: Box::new(rows.into_iter()),
    }
}

#[test]
fn values_marks_and_flags_are_written_and_the_first_sheet_says_what_this_is() {
    let folder = tempdir().unwrap();
    let to = folder.path().join("a.flags.xlsx");
    let rows = vec![
        vec![text("项目编码"), text("合同金额"), text("日期")],
        vec![
            text("=1+1"),
            CellValue::Money(12_345),
            CellValue::Date(19_796),
        ],
        vec![
            text("B\u{1}"),
            CellValue::Number(f64::NAN),
            CellValue::Moment(45_365.5),
        ],
    ];
    let sheets = vec![
        sheet("项目", rows),
        sheet("a/b", vec![vec![CellValue::Whole(3)]]),
    ];
    let marks = [
        mark("项目", 2, 2, "金额"),
        mark("项目", 3, 5, "缺"),
        mark("项目", 6, 1, "行"),
        mark("a/b", 1, 1, ""),
    ];
    let done = write_workbook(
        sheets,
        &marks,
        &flags("a/b"),
        "由 county.xls 的数值生成\n原表的格式不在此",
        &Labels::zh(),
        &to,
    )
    .unwrap();
    assert_eq!((done.cells, done.flag_sheet.as_str()), (4, "疑点"));
    let sheets: Vec<_> = values(&to).into_keys().collect();
    assert_eq!(sheets, ["a b", "疑点", "说明", "项目"]);
    assert_eq!(
        value(&to, "说明", 2, 1),
        Data::String("原表的格式不在此".to_owned())
    );
    assert_eq!(value(&to, "项目", 2, 1), Data::String("=1+1".to_owned()));
    assert_eq!(value(&to, "项目", 2, 2).to_string(), "123.45");
    assert_eq!(value(&to, "项目", 3, 1), Data::String("B".to_owned()));
    assert_eq!(
        red_cells(&to, "xl/worksheets/sheet2.xml"),
        ["B2", "E3", "A6"]
    );
    assert_eq!(red_cells(&to, "xl/worksheets/sheet3.xml"), ["A1"]);
    assert_eq!(notes(&to, "xl/comments1.xml")["B2"], "金额");
    assert!(part(&to, "xl/worksheets/sheet4.xml").contains("location=\"'a b'!C5\""));
    let again = folder.path().join("b.xlsx");
    mark_workbook(
        &to,
        &[mark("项目", 2, 2, "另外")],
        &flags("项目"),
        &Labels::zh(),
        &again,
    )
    .unwrap();
    assert_eq!(notes(&again, "xl/comments1.xml")["B2"], "金额\n\n另外");
}

#[test]
fn marks_on_a_sheet_that_is_not_there_are_refused() {
    let folder = tempdir().unwrap();
    let to = folder.path().join("a.xlsx");
    let marks = [mark("没有", 1, 1, "x")];
    let refused = write_workbook(
        vec![sheet("项目", Vec::new())],
        &marks,
        &flags("项目"),
        "",
        &Labels::en(),
        &to,
    );
    assert!(matches!(refused, Err(MarkError::NoSuchSheet { .. })));
    let wide = vec![vec![CellValue::Whole(1); 16_385]];
    let refused = write_workbook(
        vec![sheet("项目", wide)],
        &[],
        &flags("项目"),
        "",
        &Labels::en(),
        &to,
    );
    assert!(matches!(refused, Err(MarkError::SheetFull { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
