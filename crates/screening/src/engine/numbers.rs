//! Whole numbers in place of the ids of subjects, made when tables are filled: joining and grouping by
//! them costs a fraction of what texts cost. Knows ids and rows; knows neither rules nor plans.

use std::collections::HashMap;

use datafusion::arrow::array::{Array as _, AsArray as _, Int64Array, StringArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;

use crate::{BatchIter, SourceError};

/// Stands for an id that no subject has.
const NOBODY: u32 = u32::MAX;

/// The ids of one kind of subject, numbered from 0 in the order of their first rows.
pub(crate) struct Numbering<'a> {
    numbers: HashMap<&'a str, u32, ahash::RandomState>,
}

impl<'a> Numbering<'a> {
    /// Numbers the ids of a subject's own table.
    pub(crate) fn of(ids: &'a [StringArray]) -> Self {
        let rows = ids.iter().map(StringArray::len).sum();
        let mut numbers = HashMap::with_capacity_and_hasher(rows, ahash::RandomState::default());
        for id in ids.iter().flatten().flatten() {
            let next = numbers.len() as u32;
            numbers.entry(id).or_insert(next);
        }
        Self { numbers }
    }

    /// The numbers of a table's rows, from batches of its one column of ids.
    pub(crate) fn number(&self, batches: BatchIter) -> Result<Numbers, SourceError> {
        let mut numbers = Numbers::default();
        let (mut last, mut last_number) = (String::new(), NOBODY);
        for batch in batches {
            let texts = texts(batch?.column(0))?;
            for id in &texts {
                let number = match id {
                    None => NOBODY,
                    Some(id) if last_number != NOBODY && id == last => last_number,
                    Some(id) => {
                        last.clear();
                        last.push_str(id);
                        last_number = self.numbers.get(id).copied().unwrap_or(NOBODY);
                        last_number
                    }
                };
                numbers.push(number);
            }
        }
        Ok(numbers)
    }
}

/// A column of ids as plain texts.
pub(crate) fn texts(
    column: &datafusion::arrow::array::ArrayRef,
) -> Result<StringArray, SourceError> {
    Ok(cast(column, &DataType::Utf8)?.as_string().clone())
}

/// The number of each row of a table, kept as runs: rows of one subject mostly stand together.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    /// For each run the row after its last.
    ends: Vec<u32>,
    numbers: Vec<u32>,
}

impl Numbers {
    fn push(&mut self, number: u32) {
        match (self.numbers.last(), self.ends.last_mut()) {
            (Some(last), Some(end)) if *last == number => *end += 1,
            (_, end) => {
                let start = end.map_or(0, |end| *end);
                self.ends.push(start + 1);
                self.numbers.push(number);
            }
        }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        (self.ends.capacity() + self.numbers.capacity()) * size_of::<u32>()
    }

    /// The numbers of rows `start..start + rows`, null where no subject has the id.
    pub(crate) fn slice(&self, start: usize, rows: usize) -> Int64Array {
        let mut values = Vec::with_capacity(rows);
        let mut run = self.ends.partition_point(|end| *end as usize <= start);
        let mut row = start;
        let mut is_whole = true;
        while row < start + rows && run < self.ends.len() {
            let end = (self.ends[run] as usize).min(start + rows);
            let number = self.numbers[run];
            is_whole &= number != NOBODY;
            values.resize(end - start, i64::from(number));
            row = end;
            run += 1;
        }
        let nulls = (!is_whole).then(|| {
            values
                .iter()
                .map(|number| *number != i64::from(NOBODY))
                .collect::<NullBuffer>()
        });
        Int64Array::new(values.into(), nulls)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::RecordBatch;
    use datafusion::arrow::datatypes::{Field, Schema};

    use super::*;

    fn batches(ids: &[&[Option<&str>]]) -> BatchIter {
        let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Utf8, true)]));
        let batches: Vec<_> = ids
            .iter()
            .map(|ids| {
                let ids = Arc::new(StringArray::from(ids.to_vec()));
                Ok(RecordBatch::try_new(Arc::clone(&schema), vec![ids])?)
            })
            .collect();
        Box::new(batches.into_iter())
    }

    #[test]
    fn every_row_gets_its_subjects_number_wherever_a_slice_begins() {
        let ids = [
            StringArray::from(vec!["a", "b", "a"]),
            StringArray::from(vec!["c"]),
        ];
        let numbering = Numbering::of(&ids);
        let rows: [&[Option<&str>]; 3] = [
            &[Some("b"), Some("b"), Some("x"), Some("a")],
            &[],
            &[Some("a"), None, Some("c")],
        ];
        let numbers = numbering.number(batches(&rows)).unwrap();
        let all = [Some(1), Some(1), None, Some(0), Some(0), None, Some(2)];
        assert_eq!(numbers.slice(0, all.len()).len(), all.len());
        for start in 0..all.len() {
            for end in start..=all.len() {
                let slice = numbers.slice(start, end - start);
                assert_eq!(slice.iter().collect::<Vec<_>>(), &all[start..end]);
            }
        }
    }
}
