//! Rows of a package into the tables of an import, by the same readers as what is typed into a form.

use std::collections::HashMap;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::found::{Found, NotCarried, Row};
use super::refused::PackageError;
use crate::draft::reader::Reader;
use crate::filing::Sheet;
use crate::import::columns::Value;
use crate::import::pointers::Pointers;
use crate::import::reading::Reading;
use crate::import::report::Spot;
use crate::import::{Import, ImportOptions, InputFile, hex};

/// The tables of what was found.
pub(super) fn gather(
    found: Found,
    path: &Path,
    bytes: &[u8],
    options: &ImportOptions,
) -> Result<Import, PackageError> {
    let file = path.display().to_string();
    let input = InputFile {
        path: path.to_owned(),
        sha256: hex(&Sha256::digest(bytes)),
    };
    // A package says its areas in WGS-84, and names it beside them.
    let reader = Reader::of(options.filing.clone(), options.key.clone(), None);
    let mut reading = Reading::new(options);
    let mut pointers = Pointers::default();
    let Found {
        projects, mut left, ..
    } = found;
    for (index, sheet) in options.filing.sheets.iter().enumerate() {
        reading.begin(sheet);
        let source = reading.add_source(crate::import::pointers::source(sheet, &file));
        for place in 0..sheet.columns.len() {
            reading.mark_present(&sheet.table, place, true);
        }
        let mut line = 0;
        for project in &projects {
            for row in project.rows.iter().filter(|row| row.table == sheet.table) {
                line += 1;
                let refused = take(
                    &mut reading,
                    &reader,
                    (index, sheet),
                    (source, line),
                    &project.code,
                    row,
                    &mut pointers,
                );
                left.extend(refused);
            }
        }
    }
    let left = by_project(left);
    Import::of_package(reading, input, pointers, left).map_err(|error| {
        let text = error.text();
        PackageError::whole(text.zh, text.en)
    })
}

/// Reads a row and puts it into its table; gives the cells that could not be read.
fn take(
    reading: &mut Reading<'_>,
    reader: &Reader,
    (index, sheet): (usize, &Sheet),
    (source, line): (u32, u32),
    code: &str,
    row: &Row,
    pointers: &mut Pointers,
) -> Vec<NotCarried> {
    let mut notes = Vec::new();
    let known = row
        .cells
        .iter()
        .filter(|cell| sheet.position(cell.column).is_some());
    let pairs = known.map(|cell| (cell.column, cell.text.as_str()));
    let of = (index > 0).then_some((0, code));
    let values = reader.row(index, pairs, of, &mut notes);
    let mut left = Vec::new();
    for cell in &row.cells {
        let value = sheet.position(cell.column).map(|place| &values[place]);
        if value.is_some_and(|value| *value != Value::Null) {
            pointers.note(&sheet.table, line, cell.column, &cell.place);
            continue;
        }
        let note = notes
            .iter()
            .find(|note| note.place.column.as_deref() == Some(cell.column));
        // What stands for nothing, such as `/`, is nothing to tell of.
        let Some(note) = note else {
            if sheet.position(cell.column).is_none() {
                left.push(NotCarried {
                    code: code.to_owned(),
                    place: cell.place.clone(),
                    value: Some(crate::import::shown(&cell.text)),
                    why: super::taking::no_item(),
                });
            }
            continue;
        };
        left.push(NotCarried {
            code: code.to_owned(),
            place: cell.place.clone(),
            value: note.value.clone(),
            why: note.message.clone(),
        });
    }
    let spot = Spot {
        file: "",
        ..Spot::default()
    };
    reading.take(sheet, source, line, &values, spot);
    left
}

fn by_project(left: Vec<NotCarried>) -> HashMap<String, Vec<NotCarried>> {
    let mut all: HashMap<String, Vec<NotCarried>> = HashMap::new();
    for one in left {
        all.entry(one.code.clone()).or_default().push(one);
    }
    all
}
