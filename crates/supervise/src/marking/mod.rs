//! Results go back where they came from: the red workbook.
//!
//! Doubtful cells become red, carry a note, and are listed on a sheet of flags. Of an `.xlsx` or `.xlsm` the package
//! itself is edited, so that everything else stays as the clerk left it. Knows cells and texts; must not know rules.

mod comments;
mod content_types;
mod drawing;
mod edit;
mod error;
mod flag_sheet;
mod fresh;
mod original;
mod output;
mod package;
mod place;
mod relations;
mod sheet_map;
mod sheet_marks;
mod styles;
mod value;
mod wording;
mod workbook_part;
mod write_beside;
mod xml;

use std::collections::BTreeMap;

pub use error::MarkError;
pub use fresh::{SheetValues, write_workbook};
pub use original::mark_workbook;
pub use output::Output;
pub(crate) use place::column_name;
pub use place::{MAX_COLUMN, MAX_ROW, Place};
pub use value::CellValue;
pub use wording::Labels;
pub(crate) use wording::looks_like_formula;

/// One cell to make red, with what is doubtful about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Name of the sheet as it stands on its tab.
    pub sheet: String,
    /// Row as Excel counts, from 1.
    pub row: u32,
    /// Column as Excel counts, from 1.
    pub column: u32,
    /// One text per flag: the rule, its figures, what to check. Plain text; may have line breaks.
    pub notes: Vec<String>,
}

/// One line of the sheet of flags.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlagRow {
    /// The values, in the order of [`FlagSheet::headers`].
    pub cells: Vec<CellValue>,
    /// The place that the first cell of the row leads to when it is clicked.
    pub link: Option<Place>,
}

/// The sheet that lists the flags, one row each. It becomes the last sheet of the workbook.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlagSheet {
    /// Name on the tab, 疑点; when the workbook has such a sheet already, `(2)`, `(3)` … is added.
    pub name: String,
    /// First row.
    pub headers: Vec<String>,
    /// Widths of the columns in characters; columns beyond the list get 16.
    pub widths: Vec<f64>,
    /// The flags.
    pub rows: Vec<FlagRow>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// Cells that were made red (marks on one cell, or on one merged range, count once).
    pub cells: usize,
    /// The name that the sheet of flags got.
    pub flag_sheet: String,
}

/// The marks of one sheet by row and column, with the notes of each cell in the order given.
type Cells = BTreeMap<(u32, u32), Vec<String>>;

/// Sorts marks by sheet and cell; a text given twice for one cell is kept once.
fn marks_by_sheet(marks: &[Mark]) -> Result<BTreeMap<&str, Cells>, MarkError> {
    let mut sheets: BTreeMap<&str, Cells> = BTreeMap::new();
    for mark in marks {
        if !(1..=MAX_ROW).contains(&mark.row) || !(1..=MAX_COLUMN).contains(&mark.column) {
            return Err(MarkError::NoSuchCell {
                sheet: mark.sheet.clone(),
                row: mark.row,
                column: mark.column,
            });
        }
        let notes = sheets
            .entry(&mark.sheet)
            .or_default()
            .entry((mark.row, mark.column))
            .or_default();
        for note in &mark.notes {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
    }
    Ok(sheets)
}
