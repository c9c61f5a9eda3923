//! A Parquet file as a table: only the columns asked for are read, batch by batch.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kandeng_geo::{Datum, is_boundary_file};
use kandeng_screening::arrow::array::{
    Array as _, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions,
    StringArray, new_null_array,
};
use kandeng_screening::arrow::compute::{cast, filter_record_batch};
use kandeng_screening::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use kandeng_screening::arrow::error::ArrowError;
use kandeng_screening::{BatchIter, ColumnType, SourceError, TableSource};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};

use super::boundary;
use super::error::ImportError;
use super::parquet_cast::Caster;
use super::refusals::{self, Refusals};

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;

/// Where a table's column comes from.
#[derive(Clone)]
pub(crate) enum Origin {
    /// The row's place in the file, from 1.
    RowNo,
    /// The file has no such column.
    Nothing(DataType),
    /// A column of the file.
    File {
        root: usize,
        caster: Caster,
        refusals: Arc<Refusals>,
    },
    /// A boundary, which may name its datum in another column.
    Boundary {
        root: usize,
        datum: Option<usize>,
        default: Option<Datum>,
        folders: Vec<PathBuf>,
        refusals: Arc<Refusals>,
    },
    /// The stage, or what the project's own columns show of it.
    Stage {
        root: Option<usize>,
        caster: Caster,
        shown: Vec<(usize, Vec<usize>)>,
        stages: Vec<String>,
    },
}

impl Origin {
    fn kind(&self) -> DataType {
        match self {
            Self::RowNo => ColumnType::Int.arrow(),
            Self::Nothing(kind) => kind.clone(),
            Self::File { caster, .. } => caster.field.column_type().arrow(),
            Self::Boundary { .. } | Self::Stage { .. } => ColumnType::Text.arrow(),
        }
    }

    /// The file's columns that it is made of.
    fn roots(&self) -> Vec<usize> {
        match self {
            Self::RowNo | Self::Nothing(_) => Vec::new(),
            Self::File { root, .. } => vec![*root],
            Self::Boundary { root, datum, .. } => std::iter::once(*root).chain(*datum).collect(),
            Self::Stage { root, shown, .. } => root
                .iter()
                .copied()
                .chain(shown.iter().flat_map(|(_, roots)| roots.iter().copied()))
                .collect(),
        }
    }
}

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
        let mut lost = vec![0; origins.len()];
        Ok(Box::new(reader.map(move |batch| {
            if cancel.load(Ordering::Relaxed) {
                return Err(SourceError::from(ImportError::Cancelled));
            }
            let batch = batch?;
            let rows = batch.num_rows();
            let mut arrays = Vec::with_capacity(origins.len());
            for (origin, lost) in origins.iter().zip(&mut lost) {
                let read = array(origin, &batch, &places, before)?;
                if let Origin::File { root, refusals, .. }
                | Origin::Boundary { root, refusals, .. } = origin
                {
                    *lost += refusals::lost(batch.column(places[root]), &read);
                    refusals.note(*lost);
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

/// One column of a batch.
fn array(
    origin: &Origin,
    batch: &RecordBatch,
    places: &BTreeMap<usize, usize>,
    before: i64,
) -> Result<ArrayRef, ArrowError> {
    let rows = batch.num_rows();
    match origin {
        Origin::RowNo => {
            let numbers = (1..=rows as i64).map(|row| before + row);
            Ok(Arc::new(Int64Array::from_iter_values(numbers)))
        }
        Origin::Nothing(kind) => Ok(new_null_array(kind, rows)),
        Origin::File { root, caster, .. } => caster.cast(batch.column(places[root])),
        Origin::Boundary {
            root,
            datum,
            default,
            folders,
            ..
        } => {
            let written = cast(batch.column(places[root]), &DataType::Utf8)?;
            let named = datum
                .map(|datum| cast(batch.column(places[&datum]), &DataType::Utf8))
                .transpose()?;
            let written: &StringArray = written.as_string();
            let settled = (0..rows).map(|row| {
                let text = written.is_valid(row).then(|| written.value(row).trim())?;
                let named = named.as_ref().map(AsArray::as_string::<i32>);
                let named = named.and_then(|named| named.is_valid(row).then(|| named.value(row)));
                let datum = match named.filter(|name| !name.trim().is_empty()) {
                    None => *default,
                    Some(name) => Some(Datum::parse(name).ok()?),
                };
                let as_it_is = matches!(datum, None | Some(Datum::Wgs84 | Datum::Cgcs2000));
                if as_it_is && !is_boundary_file(text) {
                    return (!text.is_empty()).then(|| text.to_owned());
                }
                boundary::read(text, datum, folders)
                    .ok()
                    .map(|read| read.to_wkt())
            });
            Ok(Arc::new(settled.collect::<StringArray>()))
        }
        Origin::Stage {
            root,
            caster,
            shown,
            stages,
        } => {
            let filed = root
                .map(|root| caster.cast(batch.column(places[&root])))
                .transpose()?;
            let filed = filed.as_ref().map(AsArray::as_string::<i32>);
            let stage = (0..rows).map(|row| {
                if let Some(filed) = filed.filter(|filed| filed.is_valid(row)) {
                    return Some(filed.value(row));
                }
                let reached = shown.iter().filter(|(_, roots)| {
                    roots
                        .iter()
                        .all(|root| batch.column(places[root]).is_valid(row))
                });
                stages
                    .get(reached.map(|(rank, _)| *rank).max().unwrap_or(0))
                    .map(String::as_str)
            });
            Ok(Arc::new(stage.collect::<StringArray>()))
        }
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
