//! A table that was read, and how it is put together from parts of it.

use std::ops::Range;
use std::sync::Arc;

use kandeng_screening::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use kandeng_screening::arrow::compute::concat_batches;
use kandeng_screening::arrow::datatypes::{DataType, Field, Schema};
use kandeng_screening::arrow::error::ArrowError;

use crate::filing::ROW_NO;

/// Rows by their projects' numbers, and of each the project's number and its own in its list.
pub(super) struct Table {
    pub(super) rows: Vec<(i64, u32)>,
    /// Without the rows' numbers, which say where they stand among all.
    pub(super) batch: RecordBatch,
}

impl Table {
    /// Parts one after the other. What has no rows costs nothing.
    pub(super) fn joined(parts: Vec<Self>) -> Result<Self, ArrowError> {
        let Some(first) = parts.first() else {
            let batch = RecordBatch::new_empty(Arc::new(Schema::empty()));
            return Ok(Self {
                rows: Vec::new(),
                batch,
            });
        };
        let some = parts.iter().filter(|part| !part.rows.is_empty());
        let batch = concat_batches(&first.batch.schema(), some.map(|part| &part.batch))?;
        let mut rows = Vec::with_capacity(batch.num_rows());
        rows.extend(parts.iter().flat_map(|part| &part.rows));
        Ok(Self { rows, batch })
    }

    /// The same with other rows of some projects; `others` are those of each.
    pub(super) fn with(self, projects: &[i64], others: Vec<Self>) -> Result<Self, ArrowError> {
        let mut parts = Vec::with_capacity(2 * others.len() + 1);
        let (mut from, mut is_same) = (0, true);
        for (project, other) in projects.iter().zip(others) {
            let start = self.rows.partition_point(|(of, _)| of < project);
            let end = self.rows.partition_point(|(of, _)| of <= project);
            is_same &= start == end && other.rows.is_empty();
            parts.push(self.part(from..start));
            parts.push(other);
            from = end;
        }
        if is_same {
            return Ok(self);
        }
        parts.push(self.part(from..self.rows.len()));
        Self::joined(parts)
    }

    fn part(&self, rows: Range<usize>) -> Self {
        Self {
            batch: self.batch.slice(rows.start, rows.len()),
            rows: self.rows[rows].to_vec(),
        }
    }

    /// The rows as rules read them, with their numbers from 1.
    pub(super) fn numbered(&self) -> Result<RecordBatch, ArrowError> {
        let schema = self.batch.schema();
        let number = Arc::new(Field::new(ROW_NO, DataType::Int64, true));
        let fields = [number].into_iter().chain(schema.fields().iter().cloned());
        let numbers = Int64Array::from_iter_values(1..=self.rows.len() as i64);
        let numbers: ArrayRef = Arc::new(numbers);
        let columns = [numbers].into_iter().chain(self.batch.columns().to_vec());
        let schema = Schema::new(fields.collect::<Vec<_>>());
        RecordBatch::try_new(Arc::new(schema), columns.collect())
    }
}
