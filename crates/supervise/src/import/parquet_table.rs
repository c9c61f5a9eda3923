//! A Parquet file as a table: only the columns asked for are read, batch by batch.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kandeng_screening::arrow::array::{BooleanArray, RecordBatch, RecordBatchOptions};
use kandeng_screening::arrow::compute::filter_record_batch;
use kandeng_screening::arrow::datatypes::{Field, Schema, SchemaRef};
use kandeng_screening::arrow::error::ArrowError;
use kandeng_screening::{BatchIter, SourceError, TableSource};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};

use super::error::ImportError;
use super::parquet_origin::{FileBatch, Origin};
use super::refusals::{self, Faults};

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;

/// A Parquet file as a table.
pub(crate) struct ParquetTable {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    schema: SchemaRef,
    origins: Vec<Origin>,
    /// Rows left out, by `row_no`, ascending.
    pub dropped: Arc<Vec<i64>>,
    cancel: Arc<AtomicBool>,
}

impl ParquetTable {
    /// A file whose columns come from `origins`.
    pub fn new(
        path: PathBuf,
        metadata: ArrowReaderMetadata,
        origins: Vec<(String, Origin)>,
        cancel: Arc<AtomicBool>,
    ) -> Self {
        let fields = origins
            .iter()
            .map(|(name, origin)| Field::new(name, origin.kind(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let origins = origins.into_iter().map(|(_, origin)| origin).collect();
        Self {
            path,
            metadata,
            schema,
            origins,
            dropped: Arc::default(),
            cancel,
        }
    }

    /// Whether the file's own statistics say that a column holds no null.
    fn counts_no_null(&self, root: usize) -> bool {
        let metadata = self.metadata.metadata();
        let schema = metadata.file_metadata().schema_descr();
        let mut leaves =
            (0..schema.num_columns()).filter(|leaf| schema.get_column_root_idx(*leaf) == root);
        let (Some(leaf), None) = (leaves.next(), leaves.next()) else {
            return false;
        };
        metadata.row_groups().iter().all(|group| {
            let statistics = group.column(leaf).statistics();
            statistics.and_then(|statistics| statistics.null_count_opt()) == Some(0)
        })
    }
}

impl TableSource for ParquetTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn rows(&self) -> Option<usize> {
        let all = self.metadata.metadata().file_metadata().num_rows();
        usize::try_from(all).ok()?.checked_sub(self.dropped.len())
    }

    fn is_full(&self, column: usize) -> bool {
        match &self.origins[column] {
            Origin::RowNo => true,
            Origin::File { root, caster, .. } => {
                caster.keeps_all(self.metadata.schema().field(*root).data_type())
                    && self.counts_no_null(*root)
            }
            _ => false,
        }
    }

    fn read(&self, columns: &[usize]) -> Result<BatchIter, SourceError> {
        let schema = Arc::new(self.schema.project(columns)?);
        let origins: Vec<_> = columns
            .iter()
            .map(|column| self.origins[*column].clone())
            .collect();
        let mut roots: Vec<_> = origins.iter().flat_map(Origin::roots).collect();
        roots.sort_unstable();
        roots.dedup();
        let file = File::open(&self.path)?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots.iter().copied());
        let reader = builder
            .with_projection(mask)
            .with_batch_size(BATCH_ROWS)
            .build()?;
        let places: BTreeMap<usize, usize> = roots
            .into_iter()
            .enumerate()
            .map(|(place, root)| (root, place))
            .collect();
        let dropped = Arc::clone(&self.dropped);
        let cancel = Arc::clone(&self.cancel);
        let mut before = 0_i64;
        let mut faults = vec![Faults::default(); origins.len()];
        Ok(Box::new(reader.map(move |batch| {
            if cancel.load(Ordering::Relaxed) {
                return Err(SourceError::from(ImportError::Cancelled));
            }
            let batch = batch?;
            let rows = batch.num_rows();
            let file = FileBatch {
                batch: &batch,
                places: &places,
                before,
            };
            let mut arrays = Vec::with_capacity(origins.len());
            for (origin, faults) in origins.iter().zip(&mut faults) {
                let read = file.array(origin, faults)?;
                if let Some((root, refusals)) = origin.noted() {
                    if let Some(root) = root {
                        faults.unread += refusals::lost(file.column(root), &read);
                    }
                    refusals.note(*faults);
                }
                arrays.push(read);
            }
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let read = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options)?;
            let kept = keep(&read, &dropped, before);
            before += rows as i64;
            Ok(kept?)
        })))
    }
}

/// A batch without the rows left out.
fn keep(batch: &RecordBatch, dropped: &[i64], before: i64) -> Result<RecordBatch, ArrowError> {
    let rows = batch.num_rows() as i64;
    let from = dropped.partition_point(|row| *row <= before);
    let to = dropped.partition_point(|row| *row <= before + rows);
    if from == to {
        return Ok(batch.clone());
    }
    let gone = &dropped[from..to];
    let mask: BooleanArray = (1..=rows)
        .map(|row| Some(gone.binary_search(&(before + row)).is_err()))
        .collect();
    filter_record_batch(batch, &mask)
}
