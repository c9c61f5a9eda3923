//! Where values of a package of open data stood in it: a JSON pointer for each cell that it says anything of.

use std::collections::HashMap;

use super::places::Source;
use crate::filing::Sheet;

/// Cells of a row: the column, and where it stood.
type Cells = Vec<(&'static str, Box<str>)>;

/// By table, row (from 1) and column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pointers(HashMap<String, HashMap<u32, Cells>>);

impl Pointers {
    /// Notes where a cell stood.
    pub fn note(&mut self, table: &str, row: u32, column: &'static str, place: &str) {
        if !self.0.contains_key(table) {
            self.0.insert(table.to_owned(), HashMap::new());
        }
        if let Some(rows) = self.0.get_mut(table) {
            rows.entry(row).or_default().push((column, place.into()));
        }
    }

    /// Where a cell stood; nothing when the package says nothing of it.
    pub fn of(&self, table: &str, row: u32, column: &str) -> Option<&str> {
        let cells = self.0.get(table)?.get(&row)?;
        let cell = cells.iter().find(|(known, _)| *known == column)?;
        Some(&cell.1)
    }
}

/// A table of a package as a source of rows: there is no sheet, and all columns may be said.
pub(crate) fn source(sheet: &Sheet, file: &str) -> Source {
    let columns = (1..).zip(&sheet.columns);
    Source {
        file: file.to_owned(),
        sheet: String::new(),
        header_row: 0,
        columns: columns
            .map(|(place, column)| (column.key.clone(), place))
            .collect(),
        anchor: 1,
    }
}
