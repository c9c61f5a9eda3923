//! An input's sheets as they stand, for writing a new workbook of them: `.xls`, `.ods`, CSV.
//! Numbers of people and accounts come as their hashes.

use std::borrow::Cow;
use std::path::PathBuf;

use calamine::Data;

use super::detect::{InputKind, detect, files};
use super::error::ImportError;
use super::header::Headers;
use super::names::{Named, SheetNames};
use super::options::ImportOptions;
use super::value::{Cell, code};
use super::workbook::Workbook;
use super::{csv_folder, resident, stem};
use crate::filing::{Field, Sheet};

/// One sheet as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct OriginalSheet {
    /// The file, as it was named.
    pub file: String,
    /// The sheet, or the file's stem.
    pub name: String,
    /// Rows from the first, cells from the first column.
    pub rows: Vec<Vec<Data>>,
}

/// The sheets of workbooks and CSV files; rows and columns stand where [`super::Place`] says.
///
/// # Errors
/// When an input cannot be read, or is Parquet, which has no sheets to give back.
pub fn original_sheets(
    inputs: &[PathBuf],
    options: &ImportOptions,
) -> Result<Vec<OriginalSheet>, ImportError> {
    let names = SheetNames::of(&options.filing);
    let mut sheets = Vec::new();
    for path in inputs {
        let kind = detect(path)?;
        match kind {
            InputKind::Parquet => return Err(ImportError::UnknownKind(path.clone())),
            InputKind::Csv => {
                for file in files(path, "csv")? {
                    let bytes = csv_folder::load(&file)?;
                    let text = csv_folder::decode(&file, &bytes, options)?;
                    let mut rows = Vec::new();
                    csv_folder::records(&file, &text, |row, record, _| {
                        rows.resize(row as usize, Vec::new());
                        let cell = |field: &str| match field {
                            "" => Data::Empty,
                            text => Data::String(text.to_owned()),
                        };
                        rows.push(record.iter().map(cell).collect());
                        Ok(())
                    })?;
                    sheets.push(OriginalSheet {
                        file: file.display().to_string(),
                        name: stem(&file),
                        rows,
                    });
                }
            }
            InputKind::Xlsx | InputKind::Xls | InputKind::Ods => {
                let mut book = Workbook::open(path, kind, options)?;
                for (name, _) in book.sheets() {
                    let range = book.range(&name)?;
                    let (above, left) = range.start().unwrap_or_default();
                    let mut rows = vec![Vec::new(); above as usize];
                    rows.extend(range.rows().map(|row| {
                        let blank = vec![Data::Empty; left as usize];
                        blank.into_iter().chain(row.iter().cloned()).collect()
                    }));
                    sheets.push(OriginalSheet {
                        file: path.display().to_string(),
                        name,
                        rows,
                    });
                }
            }
        }
    }
    for sheet in &mut sheets {
        hide_residents(sheet, options);
        if let Named::Sheet(declared) = names.read(&sheet.name) {
            hash_identities(sheet, declared, options);
        }
    }
    Ok(sheets)
}

/// Replaces identity numbers that stand in any cell, in columns that nobody declared too.
fn hide_residents(sheet: &mut OriginalSheet, options: &ImportOptions) {
    for data in sheet.rows.iter_mut().flatten() {
        if let Data::String(text) = data
            && let Cow::Owned(hidden) = resident::hashed(text, &options.key)
        {
            *text = hidden;
        }
    }
}

/// Replaces numbers of people and accounts below their headers.
fn hash_identities(sheet: &mut OriginalSheet, declared: &Sheet, options: &ImportOptions) {
    let headers = Headers::of(&options.filing, declared);
    let mut columns: Vec<usize> = Vec::new();
    for row in &mut sheet.rows {
        for (column, data) in row.iter_mut().enumerate() {
            let cell = Cell::of_owned(data);
            let names_identity = match cell {
                Cell::Text(text) => headers
                    .read(text)
                    .is_some_and(|named| declared.columns[named.column].field == Field::Identity),
                _ => false,
            };
            if names_identity {
                columns.push(column);
            } else if columns.contains(&column) {
                let hash = match code::read(cell) {
                    Ok(None) => continue,
                    Ok(Some(number)) => options.key.hash(&number),
                    Err(_) => "***".to_owned(),
                };
                *data = Data::String(hash);
            }
        }
    }
}
