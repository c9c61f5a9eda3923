//! What the clerk made survives, byte for byte where nothing had to change.

use std::path::Path;

use kandeng_supervise::marking::{Labels, Marked, mark_workbook};
use proptest::prelude::*;
use rust_xlsxwriter::{
    ConditionalFormatCell, ConditionalFormatCellRule, DataValidation, Format, Formula, Image, Note,
    Table, Workbook,
};
use tempfile::tempdir;

use crate::opened::{
    differences, fixture, flags, mark, notes, part, parts, red_cells, value, values,
};

const PNG: [u8; 67] = [
    0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 0, 0, 0, 0, 0x3A, 0x7E, 0x9B, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9C,
    0x63, 0x60, 0, 0, 0, 2, 0, 1, 0x48, 0xAF, 0xA4, 0x71, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xAE,
    0x42, 0x60, 0x82,
];

/// A workbook with everything that must not get lost.
fn rich(path: &Path) {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("项目").unwrap();
    let money = Format::new().set_num_format("#,##0.00").set_bold();
    for (column, header) in ["项目编码", "项目名称", "合同金额", "结算金额", "差额"]
        .iter()
        .enumerate()
    {
        sheet.write_string(0, column as u16, *header).unwrap();
    }
    for row in 1..40_u32 {
        sheet
            .write_string(row, 0, format!("9901012024{row:04}"))
            .unwrap();
        sheet.write_string(row, 1, "第一村水渠").unwrap();
        sheet
            .write_number_with_format(row, 2, f64::from(row) * 1_000.5, &money)
            .unwrap();
        sheet
            .write_number(row, 3, f64::from(row) * 1_100.0)
            .unwrap();
        let formula = Formula::new(format!("=D{0}-C{0}", row + 1))
            .set_result(format!("{}", f64::from(row) * 99.5));
        sheet.write_formula(row, 4, formula).unwrap();
    }
    sheet.set_column_width(1, 30).unwrap();
    sheet.set_freeze_panes(1, 1).unwrap();
    sheet
        .merge_range(
            42,
            0,
            44,
            3,
            "填报说明",
            &Format::new().set_border(rust_xlsxwriter::FormatBorder::Thin),
        )
        .unwrap();
    let choices = DataValidation::new()
        .allow_list_strings(&["产业发展", "基础设施"])
        .unwrap();
    sheet.add_data_validation(1, 1, 39, 1, &choices).unwrap();
    let low = ConditionalFormatCell::new()
        .set_rule(ConditionalFormatCellRule::LessThan(0))
        .set_format(Format::new().set_italic());
    sheet.add_conditional_format(1, 4, 39, 4, &low).unwrap();
    sheet
        .insert_image(50, 1, &Image::new_from_buffer(&PNG).unwrap())
        .unwrap();
    sheet
        .insert_note(2, 1, &Note::new("乡镇待核").set_author("李"))
        .unwrap();
    let second = book.add_worksheet();
    second.set_name("拨付").unwrap();
    for row in 0..10_u32 {
        second.write_string(row, 0, format!("编码{row}")).unwrap();
        second.write_number(row, 1, f64::from(row)).unwrap();
    }
    second.add_table(0, 0, 9, 1, &Table::new()).unwrap();
    let hidden = book.add_worksheet();
    hidden
        .set_name("字典")
        .unwrap()
        .write_string(0, 0, "产业发展")
        .unwrap();
    hidden.set_hidden(true);
    book.define_name("金额", "=项目!$C$2:$C$40").unwrap();
    book.save(path).unwrap();
}

fn marked(from: &Path, to: &Path, marks: &[(&str, u32, u32, &str)]) -> Marked {
    let marks: Vec<_> = marks
        .iter()
        .map(|(sheet, row, column, note)| mark(sheet, *row, *column, note))
        .collect();
    mark_workbook(from, &marks, &flags("项目"), &Labels::zh(), to).unwrap()
}

#[test]
fn marked_cells_are_red_and_noted_and_all_else_is_the_same() {
    let folder = tempdir().unwrap();
    let (from, to) = (
        folder.path().join("a.xlsx"),
        folder.path().join("a.flags.xlsx"),
    );
    rich(&from);
    let done = marked(
        &from,
        &to,
        &[
            ("项目", 5, 3, "合同 > 批复"),
            ("项目", 5, 5, "差额"),
            ("项目", 3, 2, "名称重复"),
            ("项目", 60, 9, "缺列"),
            ("项目", 1, 4, ""),
        ],
    );
    assert_eq!((done.cells, done.flag_sheet.as_str()), (5, "疑点"));
    let (changed, added, gone) = differences(&from, &to);
    assert_eq!(
        changed,
        [
            "[Content_Types].xml",
            "xl/_rels/workbook.xml.rels",
            "xl/comments1.xml",
            "xl/drawings/vmlDrawing1.vml",
            "xl/styles.xml",
            "xl/workbook.xml",
            "xl/worksheets/sheet1.xml",
        ]
    );
    assert_eq!(added, ["xl/worksheets/sheet4.xml"]);
    assert!(gone.is_empty(), "{gone:?}");
    assert_eq!(
        red_cells(&to, "xl/worksheets/sheet1.xml"),
        ["D1", "B3", "C5", "E5", "I60"]
    );
    let notes = notes(&to, "xl/comments1.xml");
    assert_eq!(notes["C5"], "合同 &gt; 批复");
    assert!(
        notes["B3"].contains("乡镇待核") && notes["B3"].ends_with("\n\n名称重复"),
        "{}",
        notes["B3"]
    );
    assert_eq!(notes.len(), 4);
    let (before, mut after) = (values(&from), values(&to));
    let listed = after.remove("疑点").unwrap();
    assert_eq!(before, after);
    assert_eq!(listed[&(2, 2)], "String(\"合同 < 结算 & \\\"超\\\"\")");
    assert_eq!(
        value(&to, "疑点", 3, 2).to_string(),
        "=HYPERLINK(\"http://a\")"
    );
    assert_eq!(value(&to, "疑点", 2, 3).to_string(), "95000.5");
    let sheet = part(&to, "xl/worksheets/sheet4.xml");
    assert!(
        sheet.contains("<hyperlink ref=\"A2\" location=\"'项目'!C5\"/>"),
        "{sheet}"
    );
}

#[test]
fn an_edited_part_differs_only_where_it_must() {
    let folder = tempdir().unwrap();
    let (from, to) = (folder.path().join("a.xlsx"), folder.path().join("b.xlsx"));
    rich(&from);
    marked(&from, &to, &[("项目", 5, 3, "合同")]);
    let (before, after) = (
        part(&from, "xl/worksheets/sheet1.xml"),
        part(&to, "xl/worksheets/sheet1.xml"),
    );
    let same = before
        .bytes()
        .zip(after.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let same_behind = before
        .bytes()
        .rev()
        .zip(after.bytes().rev())
        .take_while(|(a, b)| a == b)
        .count();
    assert!(
        before.len() - same - same_behind <= 2,
        "one style number changed"
    );
    let (before, after) = (parts(&from), parts(&to));
    let order = |path: &Path| {
        let archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
        archive
            .file_names()
            .map(|name| name.unwrap().into_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(before.len() + 1, after.len());
    assert_eq!(
        order(&from)[..],
        order(&to)[..before.len()],
        "parts keep their order"
    );
}

#[test]
fn a_sheet_without_notes_gets_them_and_its_table_stays() {
    let folder = tempdir().unwrap();
    let (from, to) = (folder.path().join("a.xlsx"), folder.path().join("b.xlsx"));
    rich(&from);
    marked(&from, &to, &[("拨付", 3, 2, "重复支付")]);
    let sheet = part(&to, "xl/worksheets/sheet2.xml");
    let (drawing, tables) = (
        sheet.find("<legacyDrawing ").unwrap(),
        sheet.find("<tableParts").unwrap(),
    );
    assert!(drawing < tables);
    assert_eq!(notes(&to, "xl/comments2.xml")["B3"], "重复支付");
    let drawing = part(&to, "xl/drawings/vmlDrawing2.vml");
    assert!(
        drawing.contains("data=\"2\"") && drawing.contains("_x0000_s2049"),
        "numbers differ from the first sheet's"
    );
    let types = part(&to, "[Content_Types].xml");
    assert!(types.contains("/xl/comments2.xml"));
    assert_eq!(values(&from)["拨付"], values(&to)["拨付"]);
}

#[test]
fn workbooks_of_other_programs_come_back_whole() {
    for name in ["openpyxl.xlsx", "libreoffice.xlsx"] {
        let folder = tempdir().unwrap();
        let (from, to) = (fixture(name), folder.path().join(name));
        marked(
            &from,
            &to,
            &[
                ("项目", 3, 2, "名称"),
                ("项目", 9, 3, "金额"),
                ("项目", 14, 2, "合并"),
                ("字典", 1, 1, "隐藏"),
            ],
        );
        let red = red_cells(&to, "xl/worksheets/sheet1.xml");
        assert_eq!(red, ["B3", "C9", "A13"], "{name}");
        assert_eq!(red_cells(&to, "xl/worksheets/sheet2.xml"), ["A1"], "{name}");
        let (before, mut after) = (values(&from), values(&to));
        after.remove("疑点").unwrap();
        assert_eq!(before, after, "{name}");
        let comments = if name == "openpyxl.xlsx" {
            "xl/comments/comment1.xml"
        } else {
            "xl/comments1.xml"
        };
        let notes = notes(&to, comments);
        assert_eq!(
            (notes["B3"].as_str(), notes["D9"].as_str()),
            ("乡镇待核\n\n名称", "已补"),
            "{name}"
        );
        assert_eq!(notes["A13"], "合并");
        let sheet = part(&to, "xl/worksheets/sheet1.xml");
        for kept in ["<dataValidation", "<conditionalFormatting", "<mergeCell "] {
            assert!(sheet.contains(kept), "{name}: {kept}");
        }
        let workbook = part(&to, "xl/workbook.xml");
        assert!(workbook.contains("state=\"hidden\""));
    }
}

#[test]
fn a_marked_workbook_can_be_marked_again() {
    let folder = tempdir().unwrap();
    let (from, once, twice) = (
        folder.path().join("a.xlsx"),
        folder.path().join("b.xlsx"),
        folder.path().join("c.xlsx"),
    );
    rich(&from);
    let marks = [("项目", 5, 3, "合同"), ("项目", 3, 2, "名称")];
    marked(&from, &once, &marks);
    let again = marked(
        &once,
        &twice,
        &[
            marks[0],
            marks[1],
            ("项目", 5, 3, "新的"),
            ("项目", 6, 3, "另一"),
        ],
    );
    assert_eq!(again.flag_sheet, "疑点 (2)");
    assert_eq!(
        red_cells(&twice, "xl/worksheets/sheet1.xml"),
        ["B3", "C5", "C6"]
    );
    let notes = notes(&twice, "xl/comments1.xml");
    assert_eq!(
        notes["C5"], "合同\n\n新的",
        "what is told is not told again"
    );
    assert_eq!(notes["B3"].matches("名称").count(), 1);
    let styles = |path: &Path| part(path, "xl/styles.xml").matches("<xf ").count();
    assert_eq!(
        styles(&once),
        styles(&twice),
        "styles that are there are used again"
    );
}

#[test]
fn the_same_marks_give_the_same_bytes() {
    let folder = tempdir().unwrap();
    let (from, one, two) = (
        folder.path().join("a.xlsx"),
        folder.path().join("b.xlsx"),
        folder.path().join("c.xlsx"),
    );
    rich(&from);
    marked(&from, &one, &[("项目", 5, 3, "合同")]);
    marked(&from, &two, &[("项目", 5, 3, "合同")]);
    assert_eq!(std::fs::read(one).unwrap(), std::fs::read(two).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whichever_cells_are_marked_values_stay_and_exactly_they_are_red(
        cells in prop::collection::btree_set((1_u32..50, 1_u32..12), 0..40)
    ) {
        let folder = tempdir().unwrap();
        let (from, to) = (folder.path().join("a.xlsx"), folder.path().join("b.xlsx"));
        rich(&from);
        let marks: Vec<_> = cells.iter().map(|(row, column)| mark("项目", *row, *column, "x")).collect();
        mark_workbook(&from, &marks, &flags("项目"), &Labels::en(), &to).unwrap();
        let mut expected: Vec<(u32, u32)> = cells
            .iter()
            .map(|(row, column)| if (43..=45).contains(row) && *column <= 4 { (43, 1) } else { (*row, *column) })
            .collect();
        expected.sort_unstable();
        expected.dedup();
        let names: Vec<_> = expected
            .iter()
            .map(|(row, column)| format!("{}{row}", char::from(b'A' + *column as u8 - 1)))
            .collect();
        prop_assert_eq!(red_cells(&to, "xl/worksheets/sheet1.xml"), names);
        let (before, mut after) = (values(&from), values(&to));
        after.remove("疑点");
        prop_assert_eq!(before, after);
    }
}
