//! The rows of one table as they come from sheets, and the batch they become.

use std::sync::Arc;

use kandeng_screening::arrow::array::{
    Array as _, ArrayBuilder as _, ArrayRef, Int64Builder, RecordBatch, StringArray,
};
use kandeng_screening::arrow::datatypes::{Field as ArrowField, Schema};
use kandeng_screening::arrow::error::ArrowError;
use kandeng_screening::{Batches, ColumnType};

use super::columns::{Builder, Value};
use super::value::answer::Answers;
use crate::filing::{Filing, Sheet};

/// A table being filled.
pub(crate) struct Collected {
    /// One for each declared column.
    pub columns: Vec<Builder>,
    /// Which declared columns some source had.
    pub present: Vec<bool>,
    /// The answers of each column that is a choice.
    pub answers: Vec<Option<Arc<Answers>>>,
    /// Rows that only show how far a project is: rank of the stage, and the columns that show it.
    pub shows: Vec<(usize, Vec<usize>)>,
    /// Source and row (from 1) of each `row_no`, kept or not.
    pub places: Vec<(u32, u32)>,
    row_no: Int64Builder,
}

impl Collected {
    /// An empty table of a sheet.
    pub fn new(filing: &Filing, sheet: &Sheet) -> Self {
        let answers = sheet.columns.iter().map(|column| {
            let choices = filing.choices(column);
            (!choices.is_empty()).then(|| Arc::new(Answers::new(choices)))
        });
        let mut shows = Vec::new();
        for (rank, stage) in filing.stages.iter().enumerate() {
            for item in stage.shown_by.iter().filter_map(|key| filing.item(key)) {
                let columns = filing.filling_columns(item);
                let own: Vec<_> = columns
                    .iter()
                    .filter(|(table, _)| *table == sheet.table)
                    .filter_map(|(_, column)| sheet.position(column))
                    .collect();
                if !own.is_empty() {
                    shows.push((rank, own));
                }
            }
        }
        Self {
            columns: columns(sheet),
            present: vec![false; sheet.columns.len()],
            answers: answers.collect(),
            shows,
            places: Vec::new(),
            row_no: Int64Builder::new(),
        }
    }

    /// Another empty table of the same sheet.
    pub fn another(&self, sheet: &Sheet) -> Self {
        Self {
            columns: columns(sheet),
            present: vec![false; self.present.len()],
            answers: self.answers.clone(),
            shows: self.shows.clone(),
            places: Vec::new(),
            row_no: Int64Builder::new(),
        }
    }

    /// Whether no row was kept.
    pub fn is_empty(&self) -> bool {
        self.row_no.is_empty()
    }

    /// Notes where the next row stands, whether or not it is kept. Gives its `row_no`.
    pub fn place(&mut self, source: u32, row: u32) -> i64 {
        self.places.push((source, row));
        self.places.len() as i64
    }

    /// Keeps the row that was placed last.
    pub fn keep(&mut self, values: &[Value]) {
        self.row_no.append_value(self.places.len() as i64);
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(value);
        }
    }

    /// The stage that a row shows its project to have reached.
    pub fn stage_shown(&self, values: &[Value]) -> usize {
        let shown = self
            .shows
            .iter()
            .filter(|(_, columns)| columns.iter().all(|column| values[*column] != Value::Null));
        shown.map(|(rank, _)| *rank).max().unwrap_or(0)
    }

    /// All declared columns; of a register, only those that some source had.
    pub fn finish(mut self, sheet: &Sheet, register: bool) -> Result<RecordBatch, ArrowError> {
        let row_no: ArrayRef = Arc::new(self.row_no.finish());
        let mut fields = vec![ArrowField::new(
            crate::filing::ROW_NO,
            ColumnType::Int.arrow(),
            true,
        )];
        let mut arrays = vec![row_no];
        for ((column, builder), present) in sheet.columns.iter().zip(self.columns).zip(self.present)
        {
            if register && !present {
                continue;
            }
            fields.push(ArrowField::new(
                &column.key,
                column.field.column_type().arrow(),
                true,
            ));
            arrays.push(builder.finish());
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
    }
}

fn columns(sheet: &Sheet) -> Vec<Builder> {
    let columns = sheet.columns.iter();
    columns
        .map(|column| Builder::new(column.field.column_type()))
        .collect()
}

/// A batch with one column replaced.
pub(crate) fn replaced(
    batch: &RecordBatch,
    column: &str,
    array: ArrayRef,
) -> Result<RecordBatch, ArrowError> {
    let Ok(index) = batch.schema().index_of(column) else {
        return Ok(batch.clone());
    };
    let mut arrays = batch.columns().to_vec();
    arrays[index] = array;
    RecordBatch::try_new(batch.schema(), arrays)
}

/// A batch's column of text.
pub(crate) fn texts<'a>(batch: &'a RecordBatch, column: &str) -> Option<&'a StringArray> {
    batch.column_by_name(column)?.as_any().downcast_ref()
}

/// A table of one batch.
pub(crate) fn table(batch: RecordBatch) -> Batches {
    Batches::new(batch.schema(), vec![batch])
}
