//! Child tables counted for each subject: whether some row has all columns that a rule needs, and how many
//! rows have not. One pass over each table, into arrays.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::DataFusionError;

use super::compile::Child;
use super::index::{Index, text_at};
use super::slot::{Rows, Slot};
use crate::pack::Subject;

/// Batches between two looks whether the time is up.
const BREATH: usize = 64;

/// What a child table holds for each id.
pub(super) struct Counts {
    /// From ids, or numbers, to places in the arrays.
    pub index: Index<Box<str>>,
    /// Whether the subject's number was counted by.
    pub is_numbered: bool,
    pub sets: Vec<SetCounts>,
}

/// By place of the id: rows with and without a set of columns.
#[derive(Clone, Default)]
pub(super) struct SetCounts {
    pub is_whole: Vec<bool>,
    pub incomplete: Vec<u32>,
}

impl Counts {
    /// Counts a child table. Columns that are known to be full are not read.
    pub(super) async fn collect(
        slot: &Slot,
        filled: Option<Arc<Rows>>,
        child: &Child,
        subject: &Subject,
    ) -> Result<Self, DataFusionError> {
        let Some(key) = key_column(slot, subject) else {
            return Err(DataFusionError::Plan(format!("no id in {}", child.table)));
        };
        let mut columns = vec![key];
        let mut sets: Vec<Vec<usize>> = Vec::new();
        for set in &child.sets {
            let mut places = Vec::new();
            for name in set {
                let column = slot.schema().index_of(name)?;
                if filled
                    .as_ref()
                    .is_some_and(|rows| slot.is_full(rows, column))
                {
                    continue;
                }
                let place = columns.iter().position(|known| *known == column);
                places.push(place.unwrap_or_else(|| {
                    columns.push(column);
                    columns.len() - 1
                }));
            }
            sets.push(places);
        }
        let mut counts = Self {
            index: Index::default(),
            is_numbered: subject.number.as_deref() == Some(slot.schema().field(key).name()),
            sets: vec![SetCounts::default(); sets.len()],
        };
        let mut rows: Vec<u32> = Vec::new();
        let Some(filled) = filled else {
            return Ok(counts);
        };
        for (number, batch) in slot.read(filled, &columns)?.enumerate() {
            let batch = batch.map_err(DataFusionError::External)?;
            rows.clear();
            counts.place_all(batch.column(0).as_ref(), &mut rows)?;
            for (set, columns) in counts.sets.iter_mut().zip(&sets) {
                let nulls = columns.iter().fold(None, |nulls, column| {
                    NullBuffer::union(nulls.as_ref(), batch.column(*column).nulls())
                });
                set.count(&rows, nulls.as_ref());
            }
            if number % BREATH == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(counts)
    }

    /// The place of every row's id; a new id gets the next one.
    fn place_all(&mut self, ids: &dyn Array, rows: &mut Vec<u32>) -> Result<(), DataFusionError> {
        if ids.data_type().is_integer() {
            let ids = cast(ids, &DataType::Int64)?;
            for id in ids.as_primitive::<Int64Type>() {
                let place = match id {
                    None => NOBODY,
                    Some(id) => match self.index.of_number(id) {
                        Some(place) => place,
                        None => {
                            let place = self.add_place();
                            self.index.set_number(id, place);
                            place
                        }
                    },
                };
                rows.push(place);
            }
            return Ok(());
        }
        for row in 0..ids.len() {
            let place = match text_at(ids, row) {
                None => NOBODY,
                Some(id) => match self.index.of_text(id) {
                    Some(place) => place,
                    None => {
                        let place = self.add_place();
                        self.index.set_text(id.into(), place);
                        place
                    }
                },
            };
            rows.push(place);
        }
        Ok(())
    }

    fn add_place(&mut self) -> u32 {
        let place = self.sets.first().map_or(0, |set| set.is_whole.len());
        for set in &mut self.sets {
            set.is_whole.push(false);
            set.incomplete.push(0);
        }
        place as u32
    }
}

/// A row without an id belongs to nobody.
const NOBODY: u32 = u32::MAX;

impl SetCounts {
    fn count(&mut self, rows: &[u32], nulls: Option<&NullBuffer>) {
        for (row, place) in rows.iter().enumerate() {
            if *place == NOBODY {
                continue;
            }
            let place = *place as usize;
            if nulls.is_none_or(|nulls| nulls.is_valid(row)) {
                self.is_whole[place] = true;
            } else {
                self.incomplete[place] = self.incomplete[place].saturating_add(1);
            }
        }
    }
}

/// The column of a child table that names the subject: its number where there is one, else its id.
pub(super) fn key_column(slot: &Slot, subject: &Subject) -> Option<usize> {
    let named = |name: &str| slot.schema().index_of(name).ok();
    let number = subject.number.as_deref().and_then(named);
    number.or_else(|| named(&subject.id))
}
