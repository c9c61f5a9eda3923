//! Tables get their rows: ids are numbered, and columns that several statements read are decoded once, as
//! far as memory allows; the rest is read again by each statement that wants it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::StringArray;
use datafusion::execution::memory_pool::MemoryConsumer;

use super::failure::EngineError;
use super::kept::Kept;
use super::numbers::{Numbering, Numbers, texts};
use super::plan::Prepared;
use super::slot::{Rows, Slot};
use crate::{SourceError, TableSource, Tables};

/// Tables whose used columns take less are kept whole: opening a file again costs more.
const SMALL_BYTES: usize = 16 << 20;

/// Part of the memory limit that columns may take.
const KEPT_PART: usize = 8;

/// A slot and what it is to be filled with.
struct Filling<'a> {
    name: &'a str,
    slot: &'a Slot,
    source: &'a Arc<dyn TableSource>,
    /// The source's own numbers of the columns to keep.
    keep: Vec<usize>,
}

/// The ids of a subject's own table, by table and column.
type Ids = BTreeMap<(String, String), Vec<StringArray>>;

impl Prepared {
    /// Fills the slots.
    pub(super) fn fill(&self, tables: &Tables) -> Result<(), EngineError> {
        let mut fillings = Vec::new();
        for (name, slot) in &self.tables {
            slot.clear();
            if let Some(source) = tables.get(name) {
                fillings.push(Filling {
                    name,
                    slot,
                    source,
                    keep: Vec::new(),
                });
            }
        }
        choose_kept(&mut fillings, self.settings.memory_limit / KEPT_PART)?;
        let ids = self.ids(tables)?;
        let numberings: BTreeMap<_, _> = ids
            .iter()
            .map(|(place, ids)| (place, Numbering::of(ids)))
            .collect();
        // The longest first, so that the threads end together.
        fillings.sort_by_key(|filling| filling.source.rows());
        let threads = self.settings.threads.clamp(1, fillings.len().max(1));
        let open = Mutex::new(fillings);
        let next = || open.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let work = || -> Result<(), EngineError> {
            while let Some(filling) = next() {
                let mut rows = filling
                    .read(&numberings)
                    .map_err(|source| table_error(filling.name, source))?;
                let numbers = rows.numbers.as_ref().map_or(0, Numbers::bytes);
                let held = MemoryConsumer::new("columns kept").register(&self.env.memory_pool);
                held.grow(rows.kept.bytes() + numbers);
                rows.held = Some(held);
                filling.slot.fill(rows);
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut result = work();
            for other in others {
                let ended = other.join();
                result =
                    result.and(ended.unwrap_or_else(|_| {
                        Err(EngineError::Machine("a reader panicked".to_owned()))
                    }));
            }
            result
        })
    }

    /// The ids that some statement wants numbered.
    fn ids(&self, tables: &Tables) -> Result<Ids, EngineError> {
        let mut all = Ids::new();
        for slot in self.tables.values() {
            let Some(number) = slot.number().filter(|number| slot.is_read(number.column)) else {
                continue;
            };
            let place = (number.table.clone(), number.id.clone());
            if all.contains_key(&place) {
                continue;
            }
            let read = || -> Result<Vec<StringArray>, SourceError> {
                let Some(source) = tables.get(&number.table) else {
                    return Ok(Vec::new());
                };
                let column = source.schema().index_of(&number.id)?;
                let batches = source.read(&[column])?;
                batches.map(|batch| texts(batch?.column(0))).collect()
            };
            let ids = read().map_err(|source| table_error(&number.table, source))?;
            all.insert(place, ids);
        }
        Ok(all)
    }
}

fn table_error(table: &str, source: SourceError) -> EngineError {
    EngineError::Table {
        table: table.to_owned(),
        source,
    }
}

impl Filling<'_> {
    fn read(
        &self,
        numberings: &BTreeMap<&(String, String), Numbering<'_>>,
    ) -> Result<Rows, SourceError> {
        let mut rows = Rows::of(Arc::clone(self.source));
        rows.kept = Kept::read(self.source.as_ref(), &self.keep)?;
        let number = self.slot.number();
        if let Some(number) = number.filter(|number| self.slot.is_read(number.column))
            && let Some(numbering) = numberings.get(&(number.table.clone(), number.id.clone()))
            && let Ok(column) = self.source.schema().index_of(&number.id)
        {
            rows.numbers = Some(numbering.number(self.source.read(&[column])?)?);
        }
        Ok(rows)
    }
}

/// A column that might be kept.
struct Candidate {
    filling: usize,
    column: usize,
    readers: usize,
    bytes: usize,
}

/// Small tables are kept whole. Of the others first the columns that most statements read.
fn choose_kept(fillings: &mut [Filling<'_>], budget: usize) -> Result<(), EngineError> {
    let mut left = budget;
    let mut candidates = Vec::new();
    for (place, filling) in fillings.iter_mut().enumerate() {
        let Some(rows) = filling
            .source
            .rows()
            .filter(|_| !filling.source.is_in_memory())
        else {
            continue;
        };
        let own = filling.source.schema();
        let readers = filling.slot.readers();
        let used: Vec<(usize, usize)> = readers
            .into_iter()
            .filter_map(|(column, readers)| {
                let name = filling.slot.schema().field(column).name();
                Some((own.index_of(name).ok()?, readers))
            })
            .collect();
        let widths = widths(filling, &used, rows)?;
        let whole: usize = widths.iter().map(|width| width * rows).sum();
        if whole <= SMALL_BYTES {
            filling.keep = used.iter().map(|(column, _)| *column).collect();
            left = left.saturating_sub(whole);
            continue;
        }
        candidates.extend(
            used.iter()
                .zip(widths)
                .filter(|((_, readers), _)| *readers > 1)
                .map(|((column, readers), width)| Candidate {
                    filling: place,
                    column: *column,
                    readers: *readers,
                    bytes: width * rows,
                }),
        );
    }
    candidates.sort_by_key(|candidate| (std::cmp::Reverse(candidate.readers), candidate.bytes));
    for candidate in candidates {
        if candidate.bytes <= left {
            left -= candidate.bytes;
            fillings[candidate.filling].keep.push(candidate.column);
        }
    }
    Ok(())
}

/// Bytes that a value of each column takes; of texts as long as those of the first rows.
fn widths(
    filling: &Filling<'_>,
    used: &[(usize, usize)],
    rows: usize,
) -> Result<Vec<usize>, EngineError> {
    let own = filling.source.schema();
    let kinds = || {
        used.iter()
            .map(|(column, _)| own.field(*column).data_type())
    };
    let rough = || kinds().map(|kind| kind.primitive_width().unwrap_or(32));
    if rough().sum::<usize>() * rows <= SMALL_BYTES {
        return Ok(rough().collect());
    }
    let columns: Vec<usize> = used.iter().map(|(column, _)| *column).collect();
    let first = || -> Result<_, SourceError> { filling.source.read(&columns)?.next().transpose() };
    let first = first().map_err(|source| table_error(filling.name, source))?;
    Ok(match first.filter(|batch| batch.num_rows() > 0) {
        None => rough().collect(),
        Some(batch) => batch
            .columns()
            .iter()
            .map(|column| {
                let bytes = column.to_data().get_slice_memory_size().unwrap_or_default();
                bytes.div_ceil(batch.num_rows())
            })
            .collect(),
    })
}
