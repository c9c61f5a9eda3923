//! A shared table worked in parts side by side. Its rows of one key come from rows of that key alone, and
//! the tables it reads come in the key's order, so each part is a stretch of keys and sees all it needs.

use std::collections::VecDeque;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, Int64Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Int64Type, SchemaRef};
use datafusion::common::{DataFusionError, Result};

use super::slot::Slot;
use super::task_rows::TaskRows;
use crate::{Batches, SourceError, Tables};

/// Rows below which starting another part costs more than it saves.
const LEAST: usize = 20_000;

/// How a shared table is cut.
pub(super) struct Parts {
    /// The column of keys in every table that is read.
    pub by: String,
    /// The tables that are read.
    pub reads: Vec<Arc<Slot>>,
}

impl Parts {
    /// The rows of each part, `most` parts at most; none where the tables are better read as a whole.
    pub(super) fn cut(&self, most: usize) -> Result<Vec<Arc<TaskRows>>> {
        let Some(mut tables) = self.tables()? else {
            return Ok(Vec::new());
        };
        let bounds = bounds(&tables, most);
        if bounds.is_empty() {
            return Ok(Vec::new());
        }
        let bounds = bounds.into_iter().map(Some).chain([None]);
        Ok(bounds
            .map(|bound| {
                let mut part = Tables::new();
                for table in &mut tables {
                    let batches = table.take_below(bound);
                    let batches = Batches::new(Arc::clone(&table.schema), batches);
                    part.insert(table.name, Arc::new(batches));
                }
                Arc::new(TaskRows::of(&part))
            })
            .collect())
    }

    /// All tables, if they are at hand in memory.
    fn tables(&self) -> Result<Option<Vec<Stretch<'_>>>> {
        let mut tables = Vec::new();
        for slot in &self.reads {
            let Some(rows) = slot.rows() else {
                return Ok(None);
            };
            let schema = rows.source.schema();
            let Ok(key) = schema.index_of(&self.by) else {
                return Ok(None);
            };
            let is_number = *schema.field(key).data_type() == DataType::Int64;
            if !is_number || rows.numbers.is_some() || !rows.source.is_in_memory() {
                return Ok(None);
            }
            let all: Vec<usize> = (0..schema.fields().len()).collect();
            let batches = rows.source.read(&all).map_err(DataFusionError::External)?;
            let batches: std::result::Result<_, SourceError> = batches.collect();
            tables.push(Stretch {
                name: slot.name(),
                key,
                schema,
                batches: batches.map_err(DataFusionError::External)?,
            });
        }
        Ok(Some(tables))
    }
}

/// The keys at which to cut, so that the largest table falls into equal parts.
fn bounds(tables: &[Stretch<'_>], most: usize) -> Vec<i64> {
    let Some(largest) = tables.iter().max_by_key(|table| table.rows()) else {
        return Vec::new();
    };
    let rows = largest.rows();
    let count = most.min(rows / LEAST);
    let mut bounds: Vec<i64> = (1..count)
        .filter_map(|part| largest.key_at(rows * part / count))
        .collect();
    bounds.dedup();
    bounds
}

/// What is left of a table, in the order of its keys.
struct Stretch<'a> {
    name: &'a str,
    schema: SchemaRef,
    key: usize,
    batches: VecDeque<RecordBatch>,
}

impl Stretch<'_> {
    fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    fn keys<'b>(&self, batch: &'b RecordBatch) -> &'b Int64Array {
        batch.column(self.key).as_primitive::<Int64Type>()
    }

    fn key_at(&self, mut row: usize) -> Option<i64> {
        for batch in &self.batches {
            if row < batch.num_rows() {
                let keys = self.keys(batch);
                return keys.is_valid(row).then(|| keys.value(row));
            }
            row -= batch.num_rows();
        }
        None
    }

    /// Takes the rows with keys below `bound`, or all. Rows without a key come first.
    fn take_below(&mut self, bound: Option<i64>) -> Vec<RecordBatch> {
        let Some(bound) = bound else {
            return self.batches.drain(..).collect();
        };
        let mut taken = Vec::new();
        while let Some(batch) = self.batches.pop_front() {
            let below = count_below(self.keys(&batch), bound);
            if below == batch.num_rows() {
                taken.push(batch);
                continue;
            }
            taken.push(batch.slice(0, below));
            self.batches
                .push_front(batch.slice(below, batch.num_rows() - below));
            break;
        }
        taken
    }
}

/// How many of ascending keys lie below `bound`.
fn count_below(keys: &Int64Array, bound: i64) -> usize {
    let (mut low, mut high) = (0, keys.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if keys.is_null(middle) || keys.value(middle) < bound {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
