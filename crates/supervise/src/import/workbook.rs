//! Workbooks, opened once their package was looked through, and their sheets fed row by row.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use calamine::{
    Data, DataRef, Dimensions, Ods, OdsError, Range, Reader as _, SheetVisible, Xls, XlsError,
    Xlsx, XlsxError, open_workbook,
};

use super::detect::InputKind;
use super::error::ImportError;
use super::ods_merged::merged_cells;
use super::options::ImportOptions;
use super::package::{self, Looked};
use super::sheet::{Merged, SheetReader};
use super::value::Cell;

/// The most rows and columns that a sheet read as a whole may span.
const MOST_CELLS: u64 = 50_000_000;

/// An open workbook.
pub(crate) struct Workbook {
    pub path: PathBuf,
    book: Book,
    has_merged: bool,
    /// Cells with a formula and no result.
    pub unanswered: usize,
}

enum Book {
    Xlsx(Box<Xlsx<BufReader<File>>>),
    Xls(Box<Xls<BufReader<File>>>),
    /// With the merged cells of each sheet.
    Ods(Box<Ods<BufReader<File>>>, HashMap<String, Vec<Merged>>),
}

impl Workbook {
    /// Opens a workbook.
    ///
    /// # Errors
    /// When it is too large, a bomb, broken, or has a password.
    pub fn open(
        path: &Path,
        kind: InputKind,
        options: &ImportOptions,
    ) -> Result<Self, ImportError> {
        let mut looked = Looked::default();
        let book = match kind {
            InputKind::Xls => Book::Xls(Box::new(open_workbook(path).map_err(
                |error| match error {
                    XlsError::Password => ImportError::Password(path.to_owned()),
                    other => ImportError::broken(path, ".xls", other),
                },
            )?)),
            InputKind::Ods => {
                package::look(path, options)?;
                let book = open_workbook(path).map_err(|error| match error {
                    OdsError::Password => ImportError::Password(path.to_owned()),
                    other => ImportError::broken(path, ".ods", other),
                })?;
                Book::Ods(Box::new(book), merged_cells(path, options)?)
            }
            _ => {
                looked = package::look(path, options)?;
                Book::Xlsx(Box::new(open_workbook(path).map_err(
                    |error| match error {
                        XlsxError::Password => ImportError::Password(path.to_owned()),
                        other => ImportError::broken(path, ".xlsx", other),
                    },
                )?))
            }
        };
        Ok(Self {
            path: path.to_owned(),
            book,
            has_merged: looked.merged,
            unanswered: looked.unanswered,
        })
    }

    /// Names of the sheets in order, and whether each is hidden.
    pub fn sheets(&self) -> Vec<(String, bool)> {
        let sheets = match &self.book {
            Book::Xlsx(book) => book.sheets_metadata(),
            Book::Xls(book) => book.sheets_metadata(),
            Book::Ods(book, _) => book.sheets_metadata(),
        };
        sheets
            .iter()
            .map(|sheet| (sheet.name.clone(), sheet.visible != SheetVisible::Visible))
            .collect()
    }

    /// Whether numbers count days from 1904.
    pub fn epoch_1904(&self) -> bool {
        match &self.book {
            Book::Xlsx(book) => book.has_1904_epoch(),
            Book::Xls(book) => book.has_1904_epoch(),
            Book::Ods(..) => false,
        }
    }

    /// The merged cells of a sheet.
    pub fn merged(&mut self, sheet: &str) -> Vec<Merged> {
        let blocks: Vec<Dimensions> = match &mut self.book {
            Book::Xlsx(book) if self.has_merged => {
                book.merge_cells_by_sheet_name(sheet).unwrap_or_default()
            }
            Book::Xls(book) => book.merge_cells_by_sheet_name(sheet).unwrap_or_default(),
            Book::Ods(_, merged) => return merged.remove(sheet).unwrap_or_default(),
            Book::Xlsx(_) => Vec::new(),
        };
        blocks
            .into_iter()
            .map(|block| Merged {
                rows: (block.start.0, block.end.0),
                columns: (block.start.1, block.end.1),
            })
            .collect()
    }

    /// Feeds a sheet's rows to its reader.
    ///
    /// # Errors
    /// When the sheet is broken, or its reader stops.
    pub fn read(
        &mut self,
        sheet: &str,
        reader: &mut SheetReader<'_, '_>,
    ) -> Result<(), ImportError> {
        let path = self.path.clone();
        if let Book::Xlsx(book) = &mut self.book {
            return read_xlsx(&path, book, sheet, |row, cells| reader.row(row, cells));
        }
        let range = self.range(sheet)?;
        let (first_row, first_column) = range.start().unwrap_or_default();
        let mut cells = Vec::new();
        for (row, data) in range.rows().enumerate() {
            cells.clear();
            let placed = data.iter().enumerate();
            cells.extend(
                placed.map(|(column, data)| (first_column + column as u32, Cell::of_owned(data))),
            );
            reader.row(first_row + row as u32, &cells)?;
        }
        Ok(())
    }

    /// A sheet as a whole, for writing it again.
    ///
    /// # Errors
    /// When the sheet is broken or too large.
    pub fn range(&mut self, sheet: &str) -> Result<Range<Data>, ImportError> {
        let path = &self.path;
        let range = match &mut self.book {
            Book::Xlsx(book) => book
                .worksheet_range(sheet)
                .map_err(|error| ImportError::broken(path, ".xlsx", error)),
            Book::Xls(book) => book
                .worksheet_range(sheet)
                .map_err(|error| ImportError::broken(path, ".xls", error)),
            Book::Ods(book, _) => book
                .worksheet_range(sheet)
                .map_err(|error| ImportError::broken(path, ".ods", error)),
        }?;
        let (height, width) = range.get_size();
        let cells = height as u64 * width as u64;
        if cells > MOST_CELLS {
            return Err(ImportError::TooLarge {
                path: path.clone(),
                what: format!("{sheet}: {cells} cells"),
                limit: format!("{MOST_CELLS} cells"),
            });
        }
        Ok(range)
    }
}

/// Streams a sheet: one row's cells at a time are held.
fn read_xlsx(
    path: &Path,
    book: &mut Xlsx<BufReader<File>>,
    sheet: &str,
    mut take: impl FnMut(u32, &[(u32, Cell<'_>)]) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let broken = |error: XlsxError| ImportError::broken(path, &format!(".xlsx ({sheet})"), error);
    let mut cells = match book.worksheet_cells_reader(sheet) {
        Ok(cells) => cells,
        Err(XlsxError::NotAWorksheet(_)) => return Ok(()),
        Err(error) => return Err(broken(error)),
    };
    let mut held: Vec<(u32, DataRef<'_>)> = Vec::new();
    let mut row = 0;
    let mut flush = |row: u32, held: &[(u32, DataRef<'_>)]| {
        let borrowed: Vec<_> = held
            .iter()
            .map(|(column, data)| (*column, Cell::of(data)))
            .collect();
        take(row, &borrowed)
    };
    while let Some(cell) = cells.next_cell().map_err(broken)? {
        let (at, column) = cell.get_position();
        if at != row {
            if !held.is_empty() {
                flush(row, &held)?;
                held.clear();
            }
            row = at;
        }
        let value = cell.get_value();
        if *value != DataRef::Empty {
            held.push((column, value.clone()));
        }
    }
    if !held.is_empty() {
        flush(row, &held)?;
    }
    Ok(())
}
