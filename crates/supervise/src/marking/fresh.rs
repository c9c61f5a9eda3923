//! A new `.xlsx` with the values read, for what cannot be edited in place: `.xls`, `.ods`, folders of CSV.
//! Rows are written as they come, so memory does not grow with a sheet.

use std::collections::HashMap;
use std::path::Path;

use rust_xlsxwriter::{Color, Format, FormatAlign, Note, Url, Workbook, Worksheet, XlsxError};

use super::flag_sheet::{MAX_LINKS, fitting, height, width};
use super::output::Output;
use super::place::{MAX_COLUMN, MAX_ROW};
use super::wording::{Labels, MAX_TEXT, clean, lines, looks_like_formula, note_text, shorten};
use super::workbook_part::free_name;
use super::write_beside::write_beside;
use super::{CellValue, Cells, FlagSheet, Mark, MarkError, Marked, Place, marks_by_sheet};
use crate::system::guarded;

/// Width of the columns of values, in characters.
const VALUE_WIDTH: f64 = 14.0;

/// A sheet of the new workbook.
pub struct SheetValues<'a> {
    /// Its name; marks and links name it so, even where Excel wants another one on the tab.
    pub name: String,
    /// Its rows from the first, which holds the headers.
    pub rows: Box<dyn Iterator<Item = Vec<CellValue>> + 'a>,
}

/// Writes a new workbook: a first sheet with `note`, the sheets with their marked cells red and noted, and the sheet of
/// flags behind them.
///
/// # Errors
/// [`MarkError`]; nothing is left at `output` then, and a file that was there before stays.
pub fn write_workbook<'a>(
    sheets: Vec<SheetValues<'_>>,
    marks: &[Mark],
    flags: &FlagSheet,
    note: &str,
    labels: &Labels,
    output: impl Into<Output<'a>>,
) -> Result<Marked, MarkError> {
    let output = output.into();
    let folder = match output.path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    guarded(folder, || {
        make(sheets, marks, flags, note, labels, output, folder)
    })
    .map_err(|source| MarkError::Write {
        path: output.path.to_owned(),
        source,
    })?
}

/// `folder` takes the library's temporary files.
fn make(
    sheets: Vec<SheetValues<'_>>,
    marks: &[Mark],
    flags: &FlagSheet,
    note: &str,
    labels: &Labels,
    output: Output<'_>,
    folder: &Path,
) -> Result<Marked, MarkError> {
    let mut by_sheet = marks_by_sheet(marks)?;
    let unknown = by_sheet
        .keys()
        .find(|name| !sheets.iter().any(|sheet| sheet.name == **name));
    if let Some(name) = unknown {
        return Err(MarkError::NoSuchSheet {
            sheet: (*name).to_owned(),
        });
    }
    let mut taken = Vec::new();
    for sheet in &sheets {
        let name = free_name(&sheet.name, &taken);
        taken.push(name);
    }
    let tabs: HashMap<String, String> = sheets
        .iter()
        .map(|sheet| sheet.name.clone())
        .zip(taken.clone())
        .collect();
    let first = free_name(&labels.first_sheet, &taken);
    taken.push(first.clone());
    let last = free_name(&flags.name, &taken);
    let formats = Formats::new(false);
    let mut workbook = Workbook::new();
    let failed = |error| written(output.path, error);
    workbook.set_tempdir(folder).map_err(failed)?;
    first_sheet(&mut workbook, &first, note).map_err(failed)?;
    let mut cells = 0;
    for sheet in sheets {
        let marked = by_sheet.remove(sheet.name.as_str()).unwrap_or_default();
        cells += marked.len();
        let tab = tabs.get(&sheet.name).cloned().unwrap_or_default();
        value_sheet(
            &mut workbook,
            &tab,
            sheet,
            &marked,
            labels,
            &formats,
            output.path,
        )?;
    }
    flag_sheet(&mut workbook, &last, flags, labels, &tabs).map_err(failed)?;
    write_beside(output, None, |file| {
        workbook.save_to_writer(file).map_err(failed)
    })?;
    Ok(Marked {
        cells,
        flag_sheet: last,
    })
}

/// The formats of values, plain and red.
struct Formats {
    plain: [Format; 6],
    red: [Format; 6],
    header: Format,
    link: Format,
}

/// Which format a value has.
#[derive(Clone, Copy)]
enum Look {
    General,
    Guarded,
    Date,
    Moment,
    Money,
    Share,
}

impl Formats {
    /// Long texts are wrapped on the sheet of flags only: a sheet of values keeps its rows low.
    fn new(wrapped: bool) -> Self {
        let plain = [
            Format::new(),
            Format::new().set_quote_prefix(),
            Format::new().set_num_format("yyyy-mm-dd"),
            Format::new().set_num_format("yyyy-mm-dd hh:mm"),
            Format::new().set_num_format("#,##0.00"),
            Format::new().set_num_format("0.0%"),
        ];
        let plain = plain.map(|format| {
            if wrapped {
                format.set_text_wrap().set_align(FormatAlign::Top)
            } else {
                format
            }
        });
        let red = plain
            .clone()
            .map(|format| format.set_background_color(Color::RGB(0xFF_7C_80)));
        let header = Format::new()
            .set_bold()
            .set_text_wrap()
            .set_align(FormatAlign::Top)
            .set_background_color(Color::RGB(0xE7_E6_E6));
        Self {
            plain,
            red,
            header,
            link: Format::new().set_hyperlink().set_align(FormatAlign::Top),
        }
    }

    fn of(&self, look: Look, red: bool) -> &Format {
        let formats = if red { &self.red } else { &self.plain };
        &formats[look as usize]
    }
}

fn first_sheet(workbook: &mut Workbook, name: &str, note: &str) -> Result<(), XlsxError> {
    let sheet = workbook.add_worksheet();
    sheet.set_name(name)?;
    sheet.set_column_width(0, 100)?;
    let wrapped = Format::new().set_text_wrap().set_quote_prefix();
    for (row, line) in (0..).zip(clean(note).lines()) {
        sheet.write_string_with_format(row, 0, shorten(line, MAX_TEXT), &wrapped)?;
    }
    Ok(())
}

fn value_sheet(
    workbook: &mut Workbook,
    tab: &str,
    values: SheetValues<'_>,
    marked: &Cells,
    labels: &Labels,
    formats: &Formats,
    output: &Path,
) -> Result<(), MarkError> {
    let failed = |error| written(output, error);
    let full = || MarkError::SheetFull {
        sheet: values.name.clone(),
    };
    let sheet = workbook
        .add_worksheet_with_constant_memory()
        .map_err(failed)?;
    sheet.set_name(tab).map_err(failed)?;
    let mut waiting = marked.keys().copied().peekable();
    let mut row = 0_u32;
    let mut rows = values.rows.peekable();
    if let Some(last) = rows
        .peek()
        .map(Vec::len)
        .filter(|columns| (1..=MAX_COLUMN as usize).contains(columns))
    {
        // Wide enough for a date; a narrower column shows ### in its place.
        sheet
            .set_column_range_width(0, (last - 1) as u16, VALUE_WIDTH)
            .map_err(failed)?;
    }
    for cells in rows {
        row += 1;
        if row > MAX_ROW || cells.len() > MAX_COLUMN as usize {
            return Err(full());
        }
        // Rows that end before a marked cell, or are missing, still get it.
        let mut column = 0_u32;
        for value in &cells {
            column += 1;
            let red = waiting.next_if_eq(&(row, column)).is_some();
            put(sheet, row - 1, (column - 1) as u16, value, formats, red).map_err(failed)?;
        }
        while let Some((_, column)) = waiting.next_if(|cell| cell.0 == row) {
            put(
                sheet,
                row - 1,
                (column - 1) as u16,
                &CellValue::Empty,
                formats,
                true,
            )
            .map_err(failed)?;
        }
    }
    for (row, column) in waiting {
        put(
            sheet,
            row - 1,
            (column - 1) as u16,
            &CellValue::Empty,
            formats,
            true,
        )
        .map_err(failed)?;
    }
    for ((row, column), notes) in marked {
        let text = note_text(notes, "", MAX_TEXT, labels);
        if text.is_empty() {
            continue;
        }
        let height = (lines(&text, 36) as u32 * 16 + 20).clamp(60, 480);
        let note = Note::new(text)
            .set_author(clean(&labels.author))
            .add_author_prefix(false)
            .set_width(240)
            .set_height(height);
        sheet
            .insert_note(row - 1, (column - 1) as u16, &note)
            .map_err(failed)?;
    }
    Ok(())
}

fn flag_sheet(
    workbook: &mut Workbook,
    tab: &str,
    flags: &FlagSheet,
    labels: &Labels,
    tabs: &HashMap<String, String>,
) -> Result<(), XlsxError> {
    let formats = &Formats::new(true);
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name(tab)?;
    sheet.set_freeze_panes(1, 0)?;
    let columns = flags.headers.len();
    for column in 0..columns {
        sheet.set_column_width(column as u16, width(flags, column))?;
    }
    let (fits, left_out) = fitting(flags.rows.len());
    if columns > 0 {
        sheet.autofilter(0, 0, fits as u32, (columns - 1) as u16)?;
    }
    for (column, header) in (0..).zip(&flags.headers) {
        sheet.write_string_with_format(
            0,
            column,
            shorten(&clean(header), MAX_TEXT),
            &formats.header,
        )?;
    }
    let mut linked = 0;
    for (row, flag) in (1..).zip(flags.rows.iter().take(fits)) {
        if let Some(height) = height(flags, &flag.cells) {
            sheet.set_row_height(row, height)?;
        }
        for (column, value) in (0..).zip(&flag.cells) {
            let link = flag
                .link
                .as_ref()
                .filter(|_| column == 0 && linked < MAX_LINKS);
            if let (Some(place), CellValue::Text(text)) = (link, value) {
                linked += 1;
                let tab = tabs.get(&place.sheet).unwrap_or(&place.sheet);
                let location = Place {
                    sheet: tab.clone(),
                    ..*place
                }
                .location();
                let url =
                    Url::new(format!("internal:{location}")).set_text(shorten(&clean(text), 2_000));
                sheet.write_url_with_format(row, column, url, &formats.link)?;
            } else {
                put(sheet, row, column, value, formats, false)?;
            }
        }
    }
    if left_out > 0 {
        sheet.write_string(MAX_ROW - 1, 0, clean(&labels.left_out(left_out)))?;
    }
    Ok(())
}

/// Writes one value; rows and columns count from 0 here.
fn put(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    value: &CellValue,
    formats: &Formats,
    red: bool,
) -> Result<(), XlsxError> {
    let (number, look) = match value {
        CellValue::Empty => {
            if red {
                sheet.write_blank(row, column, formats.of(Look::General, true))?;
            }
            return Ok(());
        }
        CellValue::Text(text) => {
            let look = if looks_like_formula(text) {
                Look::Guarded
            } else {
                Look::General
            };
            let text = shorten(&clean(text), MAX_TEXT);
            sheet.write_string_with_format(row, column, text, formats.of(look, red))?;
            return Ok(());
        }
        CellValue::Bool(value) => {
            sheet.write_boolean_with_format(row, column, *value, formats.of(Look::General, red))?;
            return Ok(());
        }
        CellValue::Number(number) => (*number, Look::General),
        CellValue::Whole(number) => (*number as f64, Look::General),
        CellValue::Date(days) => (CellValue::serial(*days), Look::Date),
        CellValue::Moment(serial) if serial.fract() == 0.0 => (*serial, Look::Date),
        CellValue::Moment(serial) => (*serial, Look::Moment),
        CellValue::Duration(days) => (*days, Look::General),
        CellValue::Money(fen) => (*fen as f64 / 100.0, Look::Money),
        CellValue::Share(ratio) => (*ratio, Look::Share),
    };
    if number.is_finite() {
        sheet.write_number_with_format(row, column, number, formats.of(look, red))?;
    } else {
        sheet.write_string_with_format(
            row,
            column,
            number.to_string(),
            formats.of(Look::General, red),
        )?;
    }
    Ok(())
}

/// The writer's own error as one of ours.
fn written(output: &Path, error: XlsxError) -> MarkError {
    let source = match error {
        XlsxError::IoError(source) => source,
        other => std::io::Error::other(other),
    };
    MarkError::Write {
        path: output.to_owned(),
        source,
    }
}
