//! The part of the sheet of flags: headers that stay in view, one row per flag, links to the marked cells.
//! Texts are inline strings, so the workbook's shared strings stay untouched.

use std::fmt::Write;

use super::place::{MAX_ROW, cell_name, column_name};
use super::styles::FlagStyles;
use super::value::DAYS_TO_1904;
use super::wording::{Labels, MAX_TEXT, clean, escaped, lines, looks_like_formula, shorten};
use super::xml::{MAIN, STRICT_MAIN};
use super::{CellValue, FlagSheet};

/// Links that Excel allows on one sheet, less a few.
pub(super) const MAX_LINKS: usize = 65_000;
/// Width of a column that has none given.
const USUAL_WIDTH: f64 = 16.0;

/// Points of a line of text, and of the tallest row that Excel allows.
const LINE_HEIGHT: f64 = 15.0;
const MAX_HEIGHT: f64 = 409.0;

/// How many flags fit, and how many do not.
pub(super) fn fitting(flags: usize) -> (usize, usize) {
    let room = MAX_ROW as usize - 2;
    (flags.min(room), flags.saturating_sub(room))
}

/// Width of a column in characters.
pub(super) fn width(flags: &FlagSheet, column: usize) -> f64 {
    let given = flags
        .widths
        .get(column)
        .copied()
        .filter(|width| width.is_finite());
    given.unwrap_or(USUAL_WIDTH).clamp(2.0, 120.0)
}

/// Height in points that a row needs for its wrapped texts; nothing for a row of one line. Not every program works
/// this out by itself when it opens a workbook.
pub(super) fn height(flags: &FlagSheet, cells: &[CellValue]) -> Option<f64> {
    let needed = cells.iter().enumerate().map(|(column, value)| match value {
        CellValue::Text(text) => lines(text, width(flags, column) as usize),
        _ => 1,
    });
    let needed = needed.max().unwrap_or(1);
    (needed > 1).then(|| (needed as f64 * LINE_HEIGHT).min(MAX_HEIGHT))
}

/// The text of the part.
pub(super) fn part(
    flags: &FlagSheet,
    styles: FlagStyles,
    labels: &Labels,
    strict: bool,
    from_1904: bool,
) -> String {
    let space = if strict { STRICT_MAIN } else { MAIN };
    let columns = flags
        .rows
        .iter()
        .map(|row| row.cells.len())
        .max()
        .unwrap_or(0)
        .max(flags.headers.len())
        .max(1);
    let mut text = String::with_capacity(flags.rows.len() * columns * 80 + 2_048);
    let _ = write!(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<worksheet xmlns=\"{space}\"><sheetViews>\
         <sheetView workbookViewId=\"0\"><pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" \
         state=\"frozen\"/></sheetView></sheetViews><cols>"
    );
    for column in 1..=columns {
        let width = width(flags, column - 1);
        let _ = write!(
            text,
            "<col min=\"{column}\" max=\"{column}\" width=\"{width}\" customWidth=\"1\"/>"
        );
    }
    text.push_str("</cols><sheetData><row r=\"1\">");
    for (column, header) in (1..).zip(&flags.headers) {
        push_text(&mut text, 1, column, styles.header, header);
    }
    text.push_str("</row>");
    let (fits, left_out) = fitting(flags.rows.len());
    let mut links = String::new();
    let mut linked = 0;
    for (number, row) in (2_u32..).zip(flags.rows.iter().take(fits)) {
        let _ = write!(text, "<row r=\"{number}\"");
        if let Some(height) = height(flags, &row.cells) {
            let _ = write!(text, " ht=\"{height}\" customHeight=\"1\"");
        }
        text.push('>');
        let link = row
            .link
            .as_ref()
            .filter(|_| linked < MAX_LINKS && !row.cells.is_empty());
        for (column, value) in (1..).zip(&row.cells) {
            push_cell(
                &mut text,
                number,
                column,
                value,
                styles,
                column == 1 && link.is_some(),
                from_1904,
            );
        }
        text.push_str("</row>");
        if let Some(place) = link {
            linked += 1;
            let _ = write!(
                links,
                "<hyperlink ref=\"A{number}\" location=\"{}\"/>",
                escaped(&place.location())
            );
        }
    }
    if left_out > 0 {
        let _ = write!(text, "<row r=\"{MAX_ROW}\">");
        push_text(
            &mut text,
            MAX_ROW,
            1,
            styles.text,
            &labels.left_out(left_out),
        );
        text.push_str("</row>");
    }
    let last = fits + 1;
    let _ = write!(
        text,
        "</sheetData><autoFilter ref=\"A1:{}{last}\"/>",
        column_name(columns as u32)
    );
    if !links.is_empty() {
        let _ = write!(text, "<hyperlinks>{links}</hyperlinks>");
    }
    text.push_str("</worksheet>");
    text
}

fn push_cell(
    output: &mut String,
    row: u32,
    column: u32,
    value: &CellValue,
    styles: FlagStyles,
    linked: bool,
    from_1904: bool,
) {
    let earlier = if from_1904 { DAYS_TO_1904 } else { 0.0 };
    let (number, style) = match value {
        CellValue::Empty => return,
        CellValue::Text(text) => {
            let style = match (linked, looks_like_formula(text)) {
                (true, _) => styles.link,
                (false, true) => styles.guarded,
                (false, false) => styles.text,
            };
            return push_text(output, row, column, style, text);
        }
        CellValue::Bool(value) => {
            let name = cell_name(row, column);
            let _ = write!(
                output,
                "<c r=\"{name}\" s=\"{}\" t=\"b\"><v>{}</v></c>",
                styles.text,
                u8::from(*value)
            );
            return;
        }
        CellValue::Number(number) => (*number, styles.number),
        CellValue::Whole(number) => (*number as f64, styles.number),
        CellValue::Date(days) => (CellValue::serial(*days) - earlier, styles.date),
        CellValue::Moment(serial) => (serial - earlier, styles.moment),
        CellValue::Duration(days) => (*days, styles.duration),
        CellValue::Money(fen) => (*fen as f64 / 100.0, styles.money),
        CellValue::Share(ratio) => (*ratio, styles.share),
    };
    if number.is_finite() {
        let name = cell_name(row, column);
        let style = if linked { styles.link } else { style };
        let _ = write!(output, "<c r=\"{name}\" s=\"{style}\"><v>{number}</v></c>");
    } else {
        push_text(output, row, column, styles.text, &number.to_string());
    }
}

fn push_text(output: &mut String, row: u32, column: u32, style: u32, text: &str) {
    let text = escaped(&shorten(&clean(text), MAX_TEXT));
    let name = cell_name(row, column);
    let _ = write!(
        output,
        "<c r=\"{name}\" s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>"
    );
}
