//! Columns of a table that are decoded once and kept for all who read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::compute::concat;

use crate::{SourceError, TableSource};

/// Some columns of a source, chunk by chunk as the source yields them.
#[derive(Default)]
pub(crate) struct Kept {
    /// For each chunk the row after its last.
    ends: Vec<usize>,
    /// By the source's own number of the column.
    columns: BTreeMap<usize, Vec<ArrayRef>>,
}

impl Kept {
    /// Reads columns of a source.
    pub(crate) fn read(source: &dyn TableSource, columns: &[usize]) -> Result<Self, SourceError> {
        let mut ends = Vec::new();
        let mut kept: BTreeMap<usize, Vec<ArrayRef>> =
            columns.iter().map(|column| (*column, Vec::new())).collect();
        if kept.is_empty() {
            return Ok(Self::default());
        }
        let order: Vec<usize> = kept.keys().copied().collect();
        let mut rows = 0;
        for batch in source.read(&order)? {
            let batch = batch?;
            rows += batch.num_rows();
            ends.push(rows);
            for (arrays, column) in kept.values_mut().zip(batch.columns()) {
                arrays.push(Arc::clone(column));
            }
        }
        Ok(Self {
            ends,
            columns: kept,
        })
    }

    /// Whether a column is here.
    pub(crate) fn has(&self, column: usize) -> bool {
        self.columns.contains_key(&column)
    }

    /// First row and number of rows of every chunk.
    pub(crate) fn chunks(&self) -> Vec<(usize, usize)> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let chunks = starts.zip(&self.ends);
        chunks.map(|(start, end)| (start, end - start)).collect()
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        let arrays = self.columns.values().flatten();
        arrays.map(|array| array.get_buffer_memory_size()).sum()
    }

    /// Some rows of a column that is here.
    pub(crate) fn slice(
        &self,
        column: usize,
        start: usize,
        rows: usize,
    ) -> Result<ArrayRef, SourceError> {
        let arrays = self.columns.get(&column).map_or(&[][..], Vec::as_slice);
        let mut chunk = self.ends.partition_point(|end| *end <= start);
        let mut parts = Vec::new();
        let mut row = start;
        while row < start + rows && chunk < arrays.len() {
            let first = chunk.checked_sub(1).map_or(0, |before| self.ends[before]);
            let end = self.ends[chunk].min(start + rows);
            parts.push(arrays[chunk].slice(row - first, end - row));
            row = end;
            chunk += 1;
        }
        match &parts[..] {
            [part] => Ok(Arc::clone(part)),
            [] => Ok(arrays.first().ok_or("a column is not kept")?.slice(0, 0)),
            _ => {
                let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
                Ok(concat(&parts)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{AsArray as _, Int64Array, RecordBatch};
    use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema};

    use super::*;
    use crate::Batches;

    #[test]
    fn rows_are_the_same_wherever_a_slice_begins_and_ends() {
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
        let batch = |numbers: Vec<i64>| {
            let numbers = Arc::new(Int64Array::from(numbers));
            RecordBatch::try_new(Arc::clone(&schema), vec![numbers]).unwrap()
        };
        let batches = vec![
            batch(vec![0, 1, 2]),
            batch(vec![]),
            batch(vec![3]),
            batch(vec![4, 5]),
        ];
        let source = Batches::new(Arc::clone(&schema), batches);
        let kept = Kept::read(&source, &[0]).unwrap();
        for start in 0..6 {
            for rows in 0..=6 - start {
                let slice = kept.slice(0, start, rows).unwrap();
                let numbers: Vec<i64> = slice.as_primitive::<Int64Type>().values().to_vec();
                let expected: Vec<i64> = (start as i64..(start + rows) as i64).collect();
                assert_eq!(numbers, expected);
            }
        }
    }
}
