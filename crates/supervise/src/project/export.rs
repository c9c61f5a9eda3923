//! Filings as a workbook or a folder of CSV, with the declaration's own headers: what is read in again changes
//! nothing.
//!
//! Names of people stand as 个人 A, their numbers as hashes. What looks like a formula is text to whoever opens it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kandeng_platform::{CommandError, Platform};
use kandeng_screening::Text;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use uuid::Uuid;

use super::each::{self, Opened, ReadRow};
use super::query::Filter;
use super::{people, print};
use crate::draft::reader::Reader;
use crate::filing::{Column, Field, Filing};
use crate::import::IdentityKey;
use crate::import::columns::Value;
use crate::marking::looks_like_formula;
use crate::system;

/// What a workbook says of a text that its cells cannot hold. Read again, it says nothing.
pub(super) const TOO_LONG: &str = "(过长,见 CSV / too long, see the CSV)";

/// The most UTF-16 units in a cell.
const MAX_TEXT: usize = 32_767;

/// 1970-01-01 as Excel counts days.
const EPOCH: i32 = 25_569;

/// The first day that Excel and everybody else count alike.
const FIRST_DAY: i32 = 61;

/// An export that was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The read model failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The file could not be written.
    #[error("{path}: {reason}", path = path.display(), reason = reason.en)]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system says.
        reason: Text,
    },
}

impl ExportError {
    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        Self::Write {
            path: path.to_owned(),
            reason: system::says(error),
        }
    }

    fn xlsx(path: &Path, error: XlsxError) -> Self {
        let error = match error {
            XlsxError::IoError(error) => error,
            other => std::io::Error::other(other.to_string()),
        };
        Self::io(path, &error)
    }
}

/// One cell, as it goes into a file.
enum Cell {
    Empty,
    Text(String),
    Number(f64),
    Money(i64),
    Day(i32),
}

/// Goes through the projects of a list, sheet by sheet and row by row.
fn each(
    platform: &Platform,
    reader: &Reader,
    filter: &Filter,
    mut take: impl FnMut(Vec<Vec<Vec<Cell>>>) -> Result<(), ExportError>,
) -> Result<u64, ExportError> {
    let begin = |_: &[_]| Ok(());
    each::each(platform, reader, filter, begin, |opened| {
        take(cells(reader.filing(), &opened))
    })
}

fn cells(filing: &Filing, opened: &Opened) -> Vec<Vec<Vec<Cell>>> {
    let sheets = filing.sheets.iter().zip(&opened.sheets).enumerate();
    let sheets = sheets.map(|(index, (sheet, rows))| {
        let row = |row: &ReadRow| {
            let columns = sheet.columns.iter().zip(&row.values);
            columns
                .map(|(column, value)| match column.key.as_str() {
                    "project_code" => Cell::Text(opened.row.code.clone()),
                    "stage" if index == 0 => Cell::Text(opened.row.stage.clone()),
                    key => cell(
                        column,
                        value,
                        row.typed.get(key).map(String::as_str),
                        &opened.people,
                    ),
                })
                .collect()
        };
        rows.iter().map(row).collect()
    });
    sheets.collect()
}

fn cell(column: &Column, value: &Value, typed: Option<&str>, known: &[Uuid]) -> Cell {
    match value {
        // What cannot be read goes out as it was typed.
        Value::Null => typed.map_or(Cell::Empty, |typed| Cell::Text(typed.to_owned())),
        Value::Text(text) => Cell::Text(people::shown(text, known).unwrap_or_else(|| text.clone())),
        Value::Int(fen) if column.field == Field::Money => Cell::Money(*fen),
        Value::Int(whole) => Cell::Number(*whole as f64),
        // A percentage with its sign is read as itself, whatever else stands in its column.
        Value::Float(number) if column.field != Field::Percent => Cell::Number(*number),
        Value::Date(day) => Cell::Day(*day),
        _ => print::text(column.field, value).map_or(Cell::Empty, Cell::Text),
    }
}

/// Writes a workbook of the projects of a list; nothing is left at `path` when it fails. Gives how many projects
/// there are.
///
/// # Errors
/// A fault of the read model or of the file.
pub fn export_workbook(
    platform: &Platform,
    filing: &Arc<Filing>,
    key: &IdentityKey,
    filter: &Filter,
    path: &Path,
) -> Result<u64, ExportError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let io = |error: std::io::Error| ExportError::io(path, &error);
    let mut file = system::beside(path).map_err(io)?;
    let reader = Reader::of(Arc::clone(filing), key.clone(), None);
    let count = system::guarded(folder, || {
        let xlsx = |error| ExportError::xlsx(path, error);
        let mut workbook = Workbook::new();
        workbook.set_tempdir(folder).map_err(xlsx)?;
        let formats = Formats::new();
        for sheet in &filing.sheets {
            let page = workbook
                .add_worksheet_with_constant_memory()
                .map_err(xlsx)?;
            page.set_name(&sheet.zh).map_err(xlsx)?;
            page.set_freeze_panes(1, 1).map_err(xlsx)?;
            for (place, column) in (0_u16..).zip(&sheet.columns) {
                page.write_with_format(0, place, &column.zh, &formats.header)
                    .map_err(xlsx)?;
            }
        }
        let mut next = vec![1_u32; filing.sheets.len()];
        let count = each(platform, &reader, filter, |project| {
            for (index, rows) in project.into_iter().enumerate() {
                let page = workbook.worksheet_from_index(index).map_err(xlsx)?;
                for row in rows {
                    let line = next[index];
                    let columns = filing.sheets[index].columns.iter().zip(row);
                    for (place, (column, cell)) in (0_u16..).zip(columns) {
                        let cell = labelled(filing, column, cell);
                        write(page, line, place, &cell, &formats).map_err(xlsx)?;
                    }
                    next[index] += 1;
                }
            }
            Ok(())
        })?;
        let writer = std::io::BufWriter::new(system::FailsOnce::new(file.as_file_mut()));
        workbook.save_to_writer(writer).map_err(xlsx)?;
        Ok::<_, ExportError>(count)
    })
    .map_err(io)??;
    file.as_file().sync_all().map_err(io)?;
    file.persist(path).map_err(|error| io(error.error))?;
    Ok(count)
}

/// Writes a CSV file for each sheet into a folder that is there, in UTF-8 with the mark that Excel looks for.
/// Gives how many projects there are.
///
/// # Errors
/// A fault of the read model or of a file.
pub fn export_csv(
    platform: &Platform,
    filing: &Arc<Filing>,
    key: &IdentityKey,
    filter: &Filter,
    folder: &Path,
) -> Result<u64, ExportError> {
    let reader = Reader::of(Arc::clone(filing), key.clone(), None);
    let mut writers = Vec::new();
    for sheet in &filing.sheets {
        let path = folder.join(format!("{}.csv", sheet.table));
        let io = |error: std::io::Error| ExportError::io(&path, &error);
        let mut file = std::io::BufWriter::new(std::fs::File::create(&path).map_err(io)?);
        file.write_all("\u{feff}".as_bytes()).map_err(io)?;
        let mut writer = csv::Writer::from_writer(file);
        let header = sheet.columns.iter().map(|column| &column.zh);
        writer
            .write_record(header)
            .map_err(|error| io(error.into()))?;
        writers.push((writer, path));
    }
    let count = each(platform, &reader, filter, |project| {
        for (index, rows) in project.into_iter().enumerate() {
            let (writer, path) = &mut writers[index];
            for row in rows {
                let columns = filing.sheets[index].columns.iter().zip(row);
                let fields = columns.map(|(column, cell)| match labelled(filing, column, cell) {
                    Cell::Empty => String::new(),
                    Cell::Text(text) => neutralised(text),
                    Cell::Number(number) => number.to_string(),
                    Cell::Money(fen) => print::yuan(fen),
                    Cell::Day(day) => {
                        print::text(Field::Date, &Value::Date(day)).unwrap_or_default()
                    }
                });
                writer
                    .write_record(fields)
                    .map_err(|error| ExportError::io(path, &error.into()))?;
            }
        }
        Ok(())
    })?;
    for (mut writer, path) in writers {
        writer
            .flush()
            .map_err(|error| ExportError::io(&path, &error))?;
    }
    Ok(count)
}

/// A choice by its name.
fn labelled(filing: &Filing, column: &Column, cell: Cell) -> Cell {
    match cell {
        Cell::Text(key) if column.field == Field::Choice => {
            let choice = filing
                .choices(column)
                .iter()
                .find(|choice| choice.key == key);
            Cell::Text(choice.map_or(key, |choice| choice.zh.clone()))
        }
        cell => cell,
    }
}

/// A text that no table program takes for a formula.
fn neutralised(text: String) -> String {
    if looks_like_formula(text.trim_start_matches('\'')) {
        format!("'{text}")
    } else {
        text
    }
}

struct Formats {
    header: Format,
    text: Format,
    guarded: Format,
    money: Format,
    day: Format,
}

impl Formats {
    fn new() -> Self {
        Self {
            header: Format::new().set_bold().set_text_wrap(),
            text: Format::new().set_num_format("@"),
            guarded: Format::new().set_num_format("@").set_quote_prefix(),
            money: Format::new().set_num_format("#,##0.00"),
            day: Format::new().set_num_format("yyyy-mm-dd"),
        }
    }
}

fn write(
    page: &mut Worksheet,
    line: u32,
    place: u16,
    cell: &Cell,
    formats: &Formats,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => {
            let fits = text.encode_utf16().count() <= MAX_TEXT;
            let text = if fits { text } else { TOO_LONG };
            // Never a formula as it is written; the prefix keeps it text when somebody edits the cell.
            let format = if looks_like_formula(text) {
                &formats.guarded
            } else {
                &formats.text
            };
            page.write_string_with_format(line, place, text, format)?;
        }
        Cell::Number(number) => {
            page.write_number(line, place, *number)?;
        }
        Cell::Money(fen) => {
            page.write_number_with_format(line, place, *fen as f64 / 100.0, &formats.money)?;
        }
        Cell::Day(day) if *day + EPOCH >= FIRST_DAY => {
            let serial = f64::from(*day + EPOCH);
            page.write_number_with_format(line, place, serial, &formats.day)?;
        }
        Cell::Day(day) => {
            let text = print::text(Field::Date, &Value::Date(*day)).unwrap_or_default();
            page.write_string_with_format(line, place, text, &formats.text)?;
        }
    }
    Ok(())
}
