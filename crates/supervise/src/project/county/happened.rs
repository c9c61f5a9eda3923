//! What the platform itself knows of filings: when items were changed and categories signed.

use std::sync::Arc;

use kandeng_screening::ColumnType;
use kandeng_screening::arrow::array::{
    ArrayRef, RecordBatch, StringBuilder, TimestampMillisecondBuilder,
};
use kandeng_screening::arrow::datatypes::{Field as ArrowField, Schema};
use kandeng_screening::arrow::error::ArrowError;
use rusqlite::Connection;

use super::table::Table;

/// Rows of `project_code`, what, when.
pub(super) struct Happened {
    names: [&'static str; 2],
    rows: Vec<(i64, u32)>,
    codes: StringBuilder,
    what: StringBuilder,
    at: TimestampMillisecondBuilder,
}

impl Happened {
    /// Reads them; `sql` gives the project's number, its code, what and when, by the number.
    pub(super) fn read(
        of: &Connection,
        what: &'static str,
        when: &'static str,
        sql: &str,
        range: [i64; 2],
    ) -> rusqlite::Result<Self> {
        let mut read = Self {
            names: [what, when],
            rows: Vec::new(),
            codes: StringBuilder::new(),
            what: StringBuilder::new(),
            at: TimestampMillisecondBuilder::new(),
        };
        let mut select = of.prepare_cached(sql)?;
        let mut rows = select.query(range)?;
        while let Some(row) = rows.next()? {
            read.rows.push((row.get(0)?, 0));
            read.codes.append_value(row.get_ref(1)?.as_str()?);
            read.what.append_value(row.get_ref(2)?.as_str()?);
            read.at.append_value(row.get(3)?);
        }
        Ok(read)
    }

    pub(super) fn finish(mut self) -> Result<Table, ArrowError> {
        let columns: [(&str, ColumnType, ArrayRef); 3] = [
            (
                "project_code",
                ColumnType::Text,
                Arc::new(self.codes.finish()),
            ),
            (
                self.names[0],
                ColumnType::Text,
                Arc::new(self.what.finish()),
            ),
            (
                self.names[1],
                ColumnType::Time,
                Arc::new(self.at.finish().with_timezone("UTC")),
            ),
        ];
        let fields: Vec<_> = columns
            .iter()
            .map(|(name, kind, _)| ArrowField::new(*name, kind.arrow(), true))
            .collect();
        let arrays = columns.into_iter().map(|(_, _, array)| array).collect();
        Ok(Table {
            rows: self.rows,
            batch: RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?,
        })
    }
}
