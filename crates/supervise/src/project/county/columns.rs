//! A table of filings while it is filled.

use std::sync::Arc;

use kandeng_screening::ColumnType;
use kandeng_screening::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use kandeng_screening::arrow::datatypes::{Field as ArrowField, Schema};
use kandeng_screening::arrow::error::ArrowError;

use crate::filing::{ROW_NO, Sheet};
use crate::import::columns::{Builder, Value};
use crate::import::photos::derive_days;

/// A table being filled, and of which project and row each of its rows is.
pub(super) struct Columns {
    columns: Vec<Builder>,
    pub(super) rows: Vec<(u32, u32)>,
}

impl Columns {
    pub(super) fn of(sheet: &Sheet) -> Self {
        let columns = sheet.columns.iter();
        Self {
            columns: columns
                .map(|column| Builder::new(column.field.column_type()))
                .collect(),
            rows: Vec::new(),
        }
    }

    /// The rows as rules read them, numbered from `first`.
    pub(super) fn batch(self, sheet: &Sheet, first: i64) -> Result<RecordBatch, ArrowError> {
        let mut fields = vec![ArrowField::new(ROW_NO, ColumnType::Int.arrow(), true)];
        let numbers = Int64Array::from_iter_values(first..first + self.rows.len() as i64);
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(numbers)];
        for (column, builder) in sheet.columns.iter().zip(self.columns) {
            let kind = column.field.column_type().arrow();
            fields.push(ArrowField::new(&column.key, kind, true));
            arrays.push(builder.finish());
        }
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
        Ok(match sheet.table.as_str() {
            "photos" => derive_days(&batch, &[]).unwrap_or(batch),
            _ => batch,
        })
    }

    pub(super) fn keep(&mut self, values: &[Value], project: u32, row: u32) {
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(value);
        }
        self.rows.push((project, row));
    }
}
