//! A table whose columns are known before its rows are: planned against, filled later.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryReservation;

use super::kept::Kept;
use super::numbers::Numbers;
use crate::{BatchIter, SourceError, TableSource};

/// The column of numbers that stand for a subject's ids.
#[derive(Clone, Debug)]
pub(crate) struct NumberColumn {
    /// Its place among the slot's columns: the last.
    pub column: usize,
    /// The column of ids in this table.
    pub id: String,
    /// The subject's own table.
    pub table: String,
}

/// A declared table, with the rows of the run once they are there.
pub(crate) struct Slot {
    name: String,
    schema: SchemaRef,
    rows_hint: Option<usize>,
    /// Columns by which rows come in ascending order.
    order: Vec<usize>,
    number: Option<NumberColumn>,
    /// How many statements read each column.
    readers: Mutex<BTreeMap<usize, usize>>,
    rows: RwLock<Option<Arc<Rows>>>,
}

/// What a slot is filled with.
pub(crate) struct Rows {
    pub source: Arc<dyn TableSource>,
    /// For the column of numbers, where there is one and somebody reads it.
    pub numbers: Option<Numbers>,
    pub kept: Kept,
    /// Counts what is kept as taken, until the rows are forgotten.
    pub held: Option<MemoryReservation>,
}

impl Rows {
    /// Rows that nobody has decoded yet.
    pub(crate) fn of(source: Arc<dyn TableSource>) -> Self {
        Self {
            source,
            numbers: None,
            kept: Kept::default(),
            held: None,
        }
    }
}

/// Where a column asked for comes from.
#[derive(Clone, Copy)]
enum Origin {
    Number,
    /// By the source's own number of the column.
    Kept(usize),
    /// By its place among the columns read.
    Read(usize),
    Absent,
}

impl Slot {
    pub(crate) fn new(
        name: &str,
        schema: SchemaRef,
        rows_hint: Option<usize>,
        ordered_by: &[String],
    ) -> Self {
        let order = ordered_by
            .iter()
            .map_while(|column| schema.index_of(column).ok());
        Self {
            name: name.to_owned(),
            order: order.collect(),
            schema,
            rows_hint,
            number: None,
            readers: Mutex::default(),
            rows: RwLock::default(),
        }
    }

    /// Adds the column `name` of numbers that stand for the ids of a subject.
    pub(crate) fn with_numbers(mut self, name: &str, id: &str, table: &str) -> Self {
        let field = Arc::new(Field::new(name, DataType::Int64, true));
        let fields = self.schema.fields().iter().cloned().chain([field]);
        self.schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        self.number = Some(NumberColumn {
            column: self.schema.fields().len() - 1,
            id: id.to_owned(),
            table: table.to_owned(),
        });
        self
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The number of rows, as far as it was known before they were there.
    pub(crate) fn rows_hint(&self) -> Option<usize> {
        self.rows_hint
    }

    /// Columns by which rows come in ascending order.
    pub(crate) fn order(&self) -> &[usize] {
        &self.order
    }

    pub(crate) fn number(&self) -> Option<&NumberColumn> {
        self.number.as_ref()
    }

    /// Columns that some statement reads, with the number of statements.
    pub(crate) fn readers(&self) -> BTreeMap<usize, usize> {
        lock(&self.readers).clone()
    }

    /// Whether some statement reads a column.
    pub(crate) fn is_read(&self, column: usize) -> bool {
        lock(&self.readers).contains_key(&column)
    }

    /// Notes one more reader of columns.
    pub(crate) fn will_read(&self, columns: &[usize]) {
        let mut readers = lock(&self.readers);
        for column in columns {
            *readers.entry(*column).or_default() += 1;
        }
    }

    /// Gives the slot its rows.
    pub(crate) fn fill(&self, rows: Rows) {
        *self.rows.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(rows));
    }

    /// Forgets the rows.
    pub(crate) fn clear(&self) {
        *self.rows.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The rows it was filled with.
    pub(crate) fn rows(&self) -> Option<Arc<Rows>> {
        self.rows
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether a column of some rows is known to hold no null, without reading it.
    pub(crate) fn is_full(&self, rows: &Rows, column: usize) -> bool {
        let own = rows.source.schema();
        let index = own.index_of(self.schema.field(column).name());
        index.is_ok_and(|index| rows.source.is_full(index))
    }

    /// Batches of columns of some rows, as the slot declares them.
    pub(crate) fn read(&self, rows: Arc<Rows>, columns: &[usize]) -> Result<BatchIter> {
        let schema = Arc::new(self.schema.project(columns)?);
        let own = rows.source.schema();
        let mut wanted = Vec::new();
        let origins: Vec<Origin> = columns
            .iter()
            .map(|column| {
                if self
                    .number
                    .as_ref()
                    .is_some_and(|number| number.column == *column)
                {
                    return Origin::Number;
                }
                match own.index_of(self.schema.field(*column).name()) {
                    Err(_) => Origin::Absent,
                    Ok(index) if rows.kept.has(index) => Origin::Kept(index),
                    Ok(index) => {
                        wanted.push(index);
                        Origin::Read(wanted.len() - 1)
                    }
                }
            })
            .collect();
        let chunks = rows.kept.chunks();
        if wanted.is_empty() && !chunks.is_empty() {
            return Ok(Box::new(chunks.into_iter().map(move |(start, count)| {
                arrange(&rows, &origins, &schema, None, start, count)
            })));
        }
        let mut start = 0;
        let batches = rows
            .source
            .read(&wanted)
            .map_err(DataFusionError::External)?;
        Ok(Box::new(batches.map(move |batch| {
            let batch = batch?;
            let count = batch.num_rows();
            start += count;
            arrange(&rows, &origins, &schema, Some(&batch), start - count, count)
        })))
    }
}

/// Columns in the order asked for, absent ones null, other types cast to the declared one.
fn arrange(
    rows: &Rows,
    origins: &[Origin],
    schema: &SchemaRef,
    batch: Option<&RecordBatch>,
    start: usize,
    count: usize,
) -> std::result::Result<RecordBatch, SourceError> {
    let columns = origins
        .iter()
        .zip(schema.fields())
        .map(|(origin, field)| {
            let column = match (origin, batch, &rows.numbers) {
                (Origin::Number, _, Some(numbers)) => Arc::new(numbers.slice(start, count)),
                (Origin::Kept(column), _, _) => rows.kept.slice(*column, start, count)?,
                (Origin::Read(place), Some(batch), _) => Arc::clone(batch.column(*place)),
                _ => new_null_array(field.data_type(), count),
            };
            if column.data_type() == field.data_type() {
                Ok(column)
            } else {
                Ok(cast(&column, field.data_type())?)
            }
        })
        .collect::<std::result::Result<Vec<ArrayRef>, SourceError>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &options,
    )?)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic elsewhere cannot leave a map of numbers half-written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Slot({})", self.name)
    }
}
