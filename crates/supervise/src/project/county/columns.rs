//! A table of filings while it is filled.

use std::sync::Arc;

use kandeng_screening::arrow::array::RecordBatch;
use kandeng_screening::arrow::datatypes::{Field as ArrowField, Schema};
use kandeng_screening::arrow::error::ArrowError;

use super::table::Table;
use crate::filing::Sheet;
use crate::import::columns::{Builder, Value};
use crate::import::photos::derive_days;

/// A table being filled, and of which project and row each of its rows is.
pub(super) struct Columns {
    columns: Vec<Builder>,
    rows: Vec<(i64, u32)>,
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

    pub(super) fn finish(self, sheet: &Sheet) -> Result<Table, ArrowError> {
        let mut fields = Vec::with_capacity(self.columns.len());
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (column, builder) in sheet.columns.iter().zip(self.columns) {
            let kind = column.field.column_type().arrow();
            fields.push(ArrowField::new(&column.key, kind, true));
            arrays.push(builder.finish());
        }
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
        Ok(Table {
            rows: self.rows,
            batch: match sheet.table.as_str() {
                "photos" => derive_days(&batch, &[]).unwrap_or(batch),
                _ => batch,
            },
        })
    }

    pub(super) fn keep(&mut self, values: &[Value], project: i64, row: u32) {
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(value);
        }
        self.rows.push((project, row));
    }
}
