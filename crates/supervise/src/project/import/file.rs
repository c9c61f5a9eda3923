//! The tables that were read from a file, by project.

use std::collections::HashMap;

use kandeng_platform::CommandError;
use kandeng_screening::arrow::array::{Array as _, AsArray, RecordBatch};
use kandeng_screening::arrow::compute::concat_batches;
use kandeng_screening::arrow::datatypes::Int64Type;

use crate::filing::{Filing, ROW_NO};
use crate::import::Import;
use crate::import::columns::Value;
use crate::import::seal::Seal;
use crate::project::print;

/// A table of the file.
pub(super) struct FileTable {
    batch: RecordBatch,
    /// Where each declared column stands in the batch.
    columns: Vec<Option<usize>>,
    /// Which declared columns the file has.
    pub present: Vec<bool>,
    /// Project and row, in the order of projects.
    rows: Vec<(u32, u32)>,
    pub seal: Option<Seal>,
}

impl FileTable {
    /// The rows of a project, in the file's order.
    pub fn rows_of(&self, project: usize) -> &[(u32, u32)] {
        let project = project as u32;
        let from = self.rows.partition_point(|row| row.0 < project);
        let to = self.rows.partition_point(|row| row.0 <= project);
        &self.rows[from..to]
    }

    /// The number that the import gave a row.
    pub fn row_no(&self, row: u32) -> i64 {
        let numbers = self.batch.column_by_name(ROW_NO);
        let numbers = numbers.and_then(|column| column.as_primitive_opt::<Int64Type>());
        numbers.map_or(0, |numbers| numbers.value(row as usize))
    }

    /// The values of a row, by the places of declared columns.
    pub fn values(&self, filing: &Filing, sheet: usize, row: u32) -> Vec<Value> {
        let declared = &filing.sheets[sheet].columns;
        self.columns
            .iter()
            .zip(declared)
            .map(|(place, column)| match place {
                Some(place) => print::value_at(
                    self.batch.column(*place).as_ref(),
                    column.field.column_type(),
                    row as usize,
                ),
                None => Value::Null,
            })
            .collect()
    }
}

/// A table whole in memory, as an import of a workbook is.
fn whole(import: &Import, table: &str) -> Result<Option<RecordBatch>, CommandError> {
    let failed = |error: &dyn std::fmt::Display| CommandError::Append(error.to_string());
    let Some(source) = import.tables.get(table) else {
        return Ok(None);
    };
    let schema = source.schema();
    let columns: Vec<usize> = (0..schema.fields().len()).collect();
    let batches = source
        .read(&columns)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failed(&error))?;
    concat_batches(&schema, &batches)
        .map(Some)
        .map_err(|error| failed(&error))
}

/// Code and village of each project of the file, in order.
pub(super) fn projects(
    import: &Import,
    filing: &Filing,
) -> Result<Vec<(String, Option<String>)>, CommandError> {
    let Some(batch) = whole(import, &filing.sheets[0].table)? else {
        return Ok(Vec::new());
    };
    let texts = |column: &str| batch.column_by_name(column).map(AsArray::as_string::<i32>);
    let (codes, villages) = (texts("project_code"), texts("village_code"));
    let Some(codes) = codes else {
        return Ok(Vec::new());
    };
    Ok((0..batch.num_rows())
        .map(|row| {
            let village = villages.filter(|villages| villages.is_valid(row));
            let village = village.map(|villages| villages.value(row).to_owned());
            (codes.value(row).to_owned(), village)
        })
        .collect())
}

/// The tables that the file has, by sheet.
pub(super) fn tables(
    import: &Import,
    filing: &Filing,
    by_code: &HashMap<String, usize>,
) -> Result<Vec<Option<FileTable>>, CommandError> {
    filing
        .sheets
        .iter()
        .map(|sheet| {
            if !import.has_column(&sheet.table, "project_code") {
                return Ok(None);
            }
            let Some(batch) = whole(import, &sheet.table)? else {
                return Ok(None);
            };
            let place = |column: &str| batch.schema().index_of(column).ok();
            let columns: Vec<_> = sheet
                .columns
                .iter()
                .map(|column| place(&column.key))
                .collect();
            let codes =
                place("project_code").map(|place| batch.column(place).as_string::<i32>().clone());
            let mut rows: Vec<(u32, u32)> = codes
                .iter()
                .flatten()
                .enumerate()
                .filter_map(|(row, code)| Some((*by_code.get(code?)? as u32, row as u32)))
                .collect();
            rows.sort_unstable();
            Ok(Some(FileTable {
                columns,
                present: sheet
                    .columns
                    .iter()
                    .map(|column| import.has_column(&sheet.table, &column.key))
                    .collect(),
                rows,
                seal: Seal::of(sheet),
                batch,
            }))
        })
        .collect()
}
