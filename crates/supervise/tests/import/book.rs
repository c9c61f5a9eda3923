//! Small workbooks made for a test, and what was read of them.

use std::path::{Path, PathBuf};

use kandeng_screening::arrow::array::{Array, Int64Array, StringArray};
use kandeng_screening::arrow::compute::concat_batches;
use kandeng_screening::arrow::record_batch::RecordBatch;
use kandeng_screening::arrow::util::display::array_value_to_string;
use kandeng_supervise::import::{IdentityKey, Import, ImportError, ImportOptions, read};
use rust_xlsxwriter::{Format, Workbook};

/// A sheet: its name and its rows of text. `=1+1` is a formula; numbers are written as numbers when
/// they begin with `#`, days as days when they begin with `@`.
pub type Rows<'a> = (&'a str, &'a [&'a [&'a str]]);

/// The smallest sheet of projects that is one.
pub const PROJECTS: Rows<'static> = (
    "项目",
    &[
        &["项目编码", "项目名称"],
        &["99010120250001", "核桃种植"],
        &["99010120250002", "村道硬化"],
    ],
);

/// Writes a workbook into a folder.
pub fn write(folder: &Path, sheets: &[Rows<'_>]) -> PathBuf {
    let mut book = Workbook::new();
    for (name, rows) in sheets {
        let page = book.add_worksheet();
        page.set_name(*name).unwrap();
        for (row, cells) in rows.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                let (row, column) = (row as u32, column as u16);
                if let Some(number) = cell.strip_prefix('#') {
                    page.write(row, column, number.parse::<f64>().unwrap())
                        .unwrap();
                } else if let Some(day) = cell.strip_prefix('@') {
                    let day = rust_xlsxwriter::ExcelDateTime::parse_from_str(day).unwrap();
                    let format = Format::new().set_num_format("yyyy-mm-dd");
                    page.write_with_format(row, column, &day, &format).unwrap();
                } else if !cell.is_empty() {
                    page.write(row, column, *cell).unwrap();
                }
            }
        }
    }
    let path = folder.join("county.xlsx");
    book.save(&path).unwrap();
    path
}

/// A key that is the same in every run.
pub fn key() -> IdentityKey {
    IdentityKey::from_bytes([7; 32])
}

/// Reads sheets with nothing special.
pub fn import(sheets: &[Rows<'_>]) -> Import {
    try_import(sheets).unwrap()
}

/// Reads sheets, or fails.
pub fn try_import(sheets: &[Rows<'_>]) -> Result<Import, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), sheets);
    read(&[path], &ImportOptions::new(key()))
}

/// A whole table as one batch.
pub fn table(import: &Import, name: &str) -> RecordBatch {
    let source = import
        .tables
        .get(name)
        .unwrap_or_else(|| panic!("no table {name}"));
    let schema = source.schema();
    let all: Vec<_> = (0..schema.fields().len()).collect();
    let batches: Vec<_> = source.read(&all).unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

/// A column of a table, as text; nothing as an empty text.
pub fn column(import: &Import, name: &str, column: &str) -> Vec<String> {
    let batch = table(import, name);
    let array = batch
        .column_by_name(column)
        .unwrap_or_else(|| panic!("no column {column}"));
    (0..array.len())
        .map(|row| array_value_to_string(array, row).unwrap())
        .collect()
}

/// A column of whole numbers.
pub fn ints(import: &Import, name: &str, column: &str) -> Vec<Option<i64>> {
    let batch = table(import, name);
    let array = batch
        .column_by_name(column)
        .unwrap()
        .as_any()
        .downcast_ref::<Int64Array>()
        .unwrap();
    array.iter().collect()
}

/// A column of text.
pub fn texts(import: &Import, name: &str, column: &str) -> Vec<Option<String>> {
    let batch = table(import, name);
    let array = batch
        .column_by_name(column)
        .unwrap()
        .as_any()
        .downcast_ref::<StringArray>()
        .unwrap();
    array.iter().map(|text| text.map(str::to_owned)).collect()
}

/// The diagnostics whose English words contain `words`.
pub fn told<'i>(
    import: &'i Import,
    words: &str,
) -> Vec<&'i kandeng_supervise::diagnostic::Diagnostic> {
    import
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.message.en.contains(words))
        .collect()
}
