//! Opens packages and workbooks to look at what is in them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use calamine::{Data, Reader, Xlsx, open_workbook};
use kandeng_supervise::marking::{CellValue, FlagRow, FlagSheet, Mark, Place};
use zip::write::SimpleFileOptions;

/// Red as the marked workbooks have it.
pub const RED: &str = "FFFF7C80";

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/marking")
        .join(name)
}

pub fn mark(sheet: &str, row: u32, column: u32, note: &str) -> Mark {
    let notes = if note.is_empty() {
        Vec::new()
    } else {
        vec![note.to_owned()]
    };
    Mark {
        sheet: sheet.to_owned(),
        row,
        column,
        notes,
    }
}

/// Two flags, one of them with a link and with text that looks like a formula.
pub fn flags(sheet: &str) -> FlagSheet {
    let text = |text: &str| CellValue::Text(text.to_owned());
    FlagSheet {
        name: "疑点".to_owned(),
        headers: ["规则", "说明", "金额", "日期", "偏差"]
            .map(str::to_owned)
            .to_vec(),
        widths: vec![10.0, 60.0],
        rows: vec![
            FlagRow {
                cells: vec![
                    text("K01"),
                    text("合同 < 结算 & \"超\""),
                    CellValue::Money(9_500_050),
                    CellValue::Date(19_796),
                    CellValue::Share(0.125),
                ],
                link: Some(Place {
                    sheet: sheet.to_owned(),
                    row: 5,
                    column: 3,
                }),
            },
            FlagRow {
                cells: vec![
                    text("K02"),
                    text("=HYPERLINK(\"http://a\")\u{7}"),
                    CellValue::Empty,
                    CellValue::Whole(3),
                    CellValue::Bool(true),
                ],
                link: None,
            },
        ],
    }
}

/// All parts of a package, unpacked.
pub fn parts(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut parts = BTreeMap::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        parts.insert(name, bytes);
    }
    parts
}

pub fn part(path: &Path, name: &str) -> String {
    String::from_utf8(
        parts(path)
            .remove(name)
            .unwrap_or_else(|| panic!("no part {name}")),
    )
    .unwrap()
}

/// Names of the parts that differ, those that are new, and those that are gone.
pub fn differences(before: &Path, after: &Path) -> (Vec<String>, Vec<String>, Vec<String>) {
    let (before, after) = (parts(before), parts(after));
    let changed = before
        .iter()
        .filter(|(name, bytes)| after.get(*name).is_some_and(|now| now != *bytes));
    let added = after.keys().filter(|name| !before.contains_key(*name));
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    (
        changed.map(|(name, _)| name.clone()).collect(),
        added.cloned().collect(),
        gone.cloned().collect(),
    )
}

/// Makes a package of these parts.
pub fn package(path: &Path, parts: &[(&str, &str)]) {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    std::fs::write(path, writer.finish().unwrap().into_inner()).unwrap();
}

/// Every value and formula of every sheet.
pub fn values(path: &Path) -> BTreeMap<String, BTreeMap<(u32, u32), String>> {
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    let mut sheets = BTreeMap::new();
    for name in book.sheet_names() {
        let mut cells = BTreeMap::new();
        let range = book.worksheet_range(&name).unwrap();
        let (top, left) = range.start().unwrap_or_default();
        for (row, column, value) in range.used_cells() {
            if *value != Data::Empty {
                cells.insert(
                    (top + row as u32 + 1, left + column as u32 + 1),
                    format!("{value:?}"),
                );
            }
        }
        let formulas = book.worksheet_formula(&name).unwrap();
        let (top, left) = formulas.start().unwrap_or_default();
        for (row, column, formula) in formulas.used_cells() {
            let cell = cells
                .entry((top + row as u32 + 1, left + column as u32 + 1))
                .or_default();
            cell.push_str(&format!(" ={formula}"));
        }
        sheets.insert(name, cells);
    }
    sheets
}

/// The text of a workbook's sheet of flags.
pub fn value(path: &Path, sheet: &str, row: u32, column: u32) -> Data {
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    let range = book.worksheet_range(sheet).unwrap();
    range
        .get_value((row - 1, column - 1))
        .cloned()
        .unwrap_or_default()
}

/// Cells of a worksheet part (without prefixes) whose style has a red fill.
pub fn red_cells(path: &Path, sheet_part: &str) -> Vec<String> {
    let styles = part(path, "xl/styles.xml");
    let fills: Vec<_> = inside(&styles, "fills").split("<fill>").skip(1).collect();
    let red: Vec<usize> = inside(&styles, "cellXfs")
        .split("<xf ")
        .skip(1)
        .enumerate()
        .filter(|(_, xf)| {
            let fill: usize = attribute(xf, "fillId").unwrap_or("0").parse().unwrap();
            fills[fill].contains(RED) && attribute(xf, "applyFill") == Some("1")
        })
        .map(|(index, _)| index)
        .collect();
    part(path, sheet_part)
        .split("<c ")
        .skip(1)
        .filter(|cell| {
            let style = attribute(cell, "s").map_or(0, |style| style.parse().unwrap());
            red.contains(&style)
        })
        .map(|cell| attribute(cell, "r").unwrap().to_owned())
        .collect()
}

/// Notes by cell, with their runs put together.
pub fn notes(path: &Path, comments_part: &str) -> BTreeMap<String, String> {
    part(path, comments_part)
        .split("<comment ")
        .skip(1)
        .map(|comment| {
            let cell = attribute(comment, "ref").unwrap().to_owned();
            let text: String = comment
                .split("<t>")
                .flat_map(|piece| piece.split("<t xml:space=\"preserve\">"))
                .skip(1)
                .map(|piece| piece.split("</t>").next().unwrap())
                .collect();
            (cell, text)
        })
        .collect()
}

fn inside<'a>(text: &'a str, name: &str) -> &'a str {
    let start = text.find(&format!("<{name}")).unwrap();
    let end = text.find(&format!("</{name}>")).unwrap();
    &text[start..end]
}

pub fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let tag = &tag[..tag.find('>').unwrap_or(tag.len())];
    let start = format!(" {tag}")
        .find(&format!(" {name}=\""))
        .map(|at| at + name.len() + 2)?;
    tag[start..].split('"').next()
}
