//! What an import comes to once all its sheets and files were read.

use std::sync::Arc;

use kandeng_screening::arrow::array::{Array as _, ArrayRef, Int64Array, RecordBatch, StringArray};
use kandeng_screening::arrow::compute::concat_batches;
use kandeng_screening::{SourceError, TableSource, Tables};

use super::{Gathered, Reading, unbuildable};
use crate::filing::{Filing, Sheet};
use crate::import::collected::{self, Collected};
use crate::import::error::ImportError;
use crate::import::photos;
use crate::import::places::Rows;
use crate::import::reached::Reached;

impl Reading<'_> {
    /// Tables, places and diagnostics.
    ///
    /// # Errors
    /// When photos are read and the person stops the run.
    pub fn finish(mut self) -> Result<Gathered, ImportError> {
        let filing = self.filing;
        let reached = std::mem::replace(&mut self.reached, Reached::new(self.hasher.clone()));
        // Cannot fail: it is settled here only.
        let _ = self.settled.set(reached);
        let mut tables = Tables::new();
        for (sheets, register) in [(&filing.sheets, false), (&filing.registers, true)] {
            for sheet in sheets {
                if let Some(source) = self.streamed.remove(&sheet.table) {
                    let source = self.with_photos(sheet, source)?;
                    tables.insert(&*sheet.table, source);
                    continue;
                }
                let Some(mut collected) = self.tables.remove(&sheet.table) else {
                    if !register {
                        let empty = Collected::new(filing, sheet);
                        self.insert(&mut tables, sheet, empty, false)?;
                    }
                    continue;
                };
                // Nothing can be compared with a register that has no rows, such as the template's own.
                if register && collected.is_empty() {
                    continue;
                }
                let places = std::mem::take(&mut collected.places);
                self.places
                    .tables
                    .insert(sheet.table.clone(), Rows::Listed(places));
                self.insert(&mut tables, sheet, collected, register)?;
            }
        }
        self.add_duplicates(&mut tables)?;
        tables.insert("allowed_units", Arc::new(filing.allowed_units()));
        Ok(Gathered {
            unread: self.unread,
            tables,
            places: self.places,
            diagnostics: self.report.finish(),
            missing_columns: self.missing_columns,
            refusals: self.refusals,
            keys: self.keys,
        })
    }

    /// A table left on disk; photos whose files are at hand are read from there, and so kept.
    fn with_photos(
        &mut self,
        sheet: &Sheet,
        source: Arc<dyn TableSource>,
    ) -> Result<Arc<dyn TableSource>, ImportError> {
        if sheet.table != "photos" || self.options.photos.is_none() {
            return Ok(source);
        }
        let schema = source.schema();
        let all: Vec<_> = (0..schema.fields().len()).collect();
        let broken = |error: SourceError| {
            ImportError::broken(std::path::Path::new(&sheet.table), "Parquet", error)
        };
        let batches = source.read(&all).map_err(broken)?;
        let batches: Vec<_> = batches.collect::<Result<_, _>>().map_err(broken)?;
        let batch = concat_batches(&schema, &batches).map_err(unbuildable)?;
        let filled = photos::fill(self, &batch)?;
        Ok(Arc::new(collected::table(filled)))
    }

    fn insert(
        &mut self,
        tables: &mut Tables,
        sheet: &Sheet,
        collected: Collected,
        register: bool,
    ) -> Result<(), ImportError> {
        let mut batch = collected.finish(sheet, register).map_err(unbuildable)?;
        if sheet.table == "projects" {
            batch = self.with_stages(&batch)?;
        }
        if sheet.table == "photos" {
            batch = photos::fill(self, &batch)?;
        }
        tables.insert(&*sheet.table, Arc::new(collected::table(batch)));
        Ok(())
    }

    /// The stage, where none was filed, from the items that are there.
    fn with_stages(&self, batch: &RecordBatch) -> Result<RecordBatch, ImportError> {
        let Some(filed) = collected::texts(batch, "stage") else {
            return Ok(batch.clone());
        };
        let stages: StringArray = (0..batch.num_rows())
            .map(|row| {
                if filed.is_valid(row) {
                    return Some(filed.value(row));
                }
                let rank = self.stages.get(row).copied().unwrap_or(0);
                self.filing.stages.get(rank).map(|stage| stage.key.as_str())
            })
            .collect();
        let stages: ArrayRef = Arc::new(stages);
        collected::replaced(batch, "stage", stages).map_err(unbuildable)
    }

    fn add_duplicates(&mut self, tables: &mut Tables) -> Result<(), ImportError> {
        let schema = Filing::duplicates().schema();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(
                self.duplicates.iter().map(|row| &row.0),
            )),
            Arc::new(Int64Array::from_iter_values(
                self.duplicates.iter().map(|row| row.1),
            )),
            Arc::new(Int64Array::from_iter_values(
                self.duplicates.iter().map(|row| row.2),
            )),
        ];
        let batch = RecordBatch::try_new(schema, columns).map_err(unbuildable)?;
        tables.insert("duplicates", Arc::new(collected::table(batch)));
        Ok(())
    }
}
