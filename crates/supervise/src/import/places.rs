//! Where a table's rows came from: file, sheet, row and column, as Excel counts them.

use std::collections::{BTreeMap, HashMap};

/// A cell of an input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The sheet, or the file's stem where there are no sheets.
    pub sheet: String,
    /// The row, from 1.
    pub row: u32,
    /// The column, from 1.
    pub column: u32,
    /// Whether this is a header, because the column itself is not there.
    pub header: bool,
    /// Where it stands in a package of open data, which has no rows and columns: a JSON pointer.
    pub pointer: Option<String>,
}

/// One sheet that rows of a table came from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    pub file: String,
    pub sheet: String,
    /// From 1.
    pub header_row: u32,
    /// Declared columns, and where they stand, from 1.
    pub columns: HashMap<String, u32>,
    /// Where a missing column is marked, from 1.
    pub anchor: u32,
}

/// Rows of one table.
#[derive(Clone, Debug)]
pub(crate) enum Rows {
    /// `row_no` − 1 gives the source and its row (from 1).
    Listed(Vec<(u32, u32)>),
    /// From one source, row after row: `row_no` + `header_row` is the row.
    Running(u32),
}

/// All rows' places.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub sources: Vec<Source>,
    pub tables: BTreeMap<String, Rows>,
}

impl Places {
    /// The first file that rows came from.
    pub fn first_file(&self) -> &str {
        self.sources.first().map_or("", |source| &source.file)
    }

    /// The source and the row (from 1) in it of a table's row.
    pub fn row(&self, table: &str, row_no: i64) -> Option<(u32, u32)> {
        match self.tables.get(table)? {
            Rows::Listed(rows) => {
                let index = usize::try_from(row_no.checked_sub(1)?).ok()?;
                rows.get(index).copied()
            }
            Rows::Running(source) => {
                let header = self.sources.get(*source as usize)?.header_row;
                Some((*source, u32::try_from(row_no).ok()?.checked_add(header)?))
            }
        }
    }

    /// Whether any source of a table has a column.
    pub fn has_column(&self, table: &str, column: &str) -> bool {
        let has = |source: &u32| {
            let source = self.sources.get(*source as usize);
            source.is_some_and(|source| source.columns.contains_key(column))
        };
        match self.tables.get(table) {
            Some(Rows::Listed(rows)) => {
                let mut last = None;
                // Rows of one source stand together.
                rows.iter().any(|(source, _)| {
                    let is_new = last.replace(*source) != Some(*source);
                    is_new && has(source)
                })
            }
            Some(Rows::Running(source)) => has(source),
            None => false,
        }
    }

    /// The cell of a table's row and column.
    pub fn cell(&self, table: &str, row_no: i64, column: &str) -> Option<Place> {
        let (source, row) = self.row(table, row_no)?;
        let source = self.sources.get(source as usize)?;
        Some(match source.columns.get(column) {
            Some(column) => source.place(row, *column, false),
            None => source.place(source.header_row, source.anchor, true),
        })
    }

    /// The header of a table's column, in the first source of the table.
    pub fn header(&self, table: &str, column: &str) -> Option<Place> {
        let source = match self.tables.get(table)? {
            Rows::Listed(rows) => rows.first()?.0,
            Rows::Running(source) => *source,
        };
        let source = self.sources.get(source as usize)?;
        let column = source.columns.get(column).copied().unwrap_or(source.anchor);
        Some(source.place(source.header_row, column, true))
    }
}

impl Source {
    fn place(&self, row: u32, column: u32, header: bool) -> Place {
        Place {
            file: self.file.clone(),
            sheet: self.sheet.clone(),
            row,
            column,
            header,
            pointer: None,
        }
    }
}
