//! Where a column of a table on disk comes from, and how it is made of a batch of the file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use kandeng_geo::Datum;
use kandeng_screening::ColumnType;
use kandeng_screening::arrow::array::{
    Array as _, ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, StringArray,
    new_null_array,
};
use kandeng_screening::arrow::compute::cast;
use kandeng_screening::arrow::datatypes::{DataType, TimestampMillisecondType};
use kandeng_screening::arrow::error::ArrowError;

use super::boundary;
use super::parquet_cast::Caster;
use super::plain_wkt::is_plain;
use super::reached::Reached;
use super::refusals::{self, Faults, Refusals};
use super::value::{date, stands_for_nothing};

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
    /// The unit of a quantity: written with it, or in a column of its own.
    Unit {
        root: Option<(usize, Caster)>,
        quantity: (usize, Caster),
        refusals: Arc<Refusals>,
    },
    /// The day of a moment that stands in another column.
    Day { root: usize, caster: Caster },
    /// A boundary, which may name its datum in another column.
    Boundary {
        root: usize,
        datum: Option<usize>,
        default: Option<Datum>,
        folders: Vec<PathBuf>,
        refusals: Arc<Refusals>,
    },
    /// The stage, or what shows of it.
    Stage(Box<Stage>),
}

/// Where a project's stage is looked for.
#[derive(Clone)]
pub(crate) struct Stage {
    /// The column where it is filed.
    pub filed: Option<(usize, Caster)>,
    /// What the project's own columns show: rank of the stage, and the columns that must be filled.
    pub shown: Vec<(usize, Vec<(usize, Caster)>)>,
    /// The project code, by which rows of other tables show it.
    pub code: Option<(usize, Caster)>,
    pub reached: Arc<OnceLock<Reached>>,
    /// Keys of the stages, by rank.
    pub stages: Vec<String>,
    pub refusals: Arc<Refusals>,
}

impl Origin {
    /// What the column becomes.
    pub fn kind(&self) -> DataType {
        match self {
            Self::RowNo => ColumnType::Int.arrow(),
            Self::Nothing(kind) => kind.clone(),
            Self::File { caster, .. } => caster.kind(),
            Self::Day { .. } => ColumnType::Date.arrow(),
            Self::Unit { .. } | Self::Boundary { .. } | Self::Stage(_) => ColumnType::Text.arrow(),
        }
    }

    /// The file's columns that it is made of.
    pub fn roots(&self) -> Vec<usize> {
        match self {
            Self::RowNo | Self::Nothing(_) => Vec::new(),
            Self::File { root, .. } | Self::Day { root, .. } => vec![*root],
            Self::Unit { root, quantity, .. } => {
                let own = root.iter().map(|(root, _)| *root);
                own.chain([quantity.0]).collect()
            }
            Self::Boundary { root, datum, .. } => std::iter::once(*root).chain(*datum).collect(),
            Self::Stage(stage) => {
                let shown = stage.shown.iter().flat_map(|(_, columns)| columns);
                let named = stage.filed.iter().chain(&stage.code);
                named.chain(shown).map(|(root, _)| *root).collect()
            }
        }
    }

    /// The column of the file whose values are read, and where their faults are noted.
    pub fn noted(&self) -> Option<(Option<usize>, &Arc<Refusals>)> {
        match self {
            Self::RowNo | Self::Nothing(_) | Self::Day { .. } => None,
            Self::File { root, refusals, .. } | Self::Boundary { root, refusals, .. } => {
                Some((Some(*root), refusals))
            }
            Self::Unit { refusals, .. } => Some((None, refusals)),
            Self::Stage(stage) => Some((None, &stage.refusals)),
        }
    }
}

/// Some rows of the file, with the columns that were asked for.
pub(crate) struct FileBatch<'b> {
    pub batch: &'b RecordBatch,
    /// Where the file's columns stand in the batch.
    pub places: &'b BTreeMap<usize, usize>,
    /// Rows before these.
    pub before: i64,
}

impl FileBatch<'_> {
    /// A column of the file.
    pub fn column(&self, root: usize) -> &ArrayRef {
        self.batch.column(self.places[&root])
    }

    /// One column of the table.
    pub fn array(&self, origin: &Origin, faults: &mut Faults) -> Result<ArrayRef, ArrowError> {
        let rows = self.batch.num_rows();
        match origin {
            Origin::RowNo => {
                let numbers = (1..=rows as i64).map(|row| self.before + row);
                Ok(Arc::new(Int64Array::from_iter_values(numbers)))
            }
            Origin::Nothing(kind) => Ok(new_null_array(kind, rows)),
            Origin::File { root, caster, .. } => {
                let cast = caster.cast_rows(self.column(*root), self.before)?;
                faults.hidden += cast.hidden;
                Ok(cast.array)
            }
            Origin::Unit { root, quantity, .. } => self.units(root.as_ref(), quantity, faults),
            Origin::Day { root, caster } => {
                let moments = caster.cast(self.column(*root))?.array;
                let moments = moments.as_primitive::<TimestampMillisecondType>();
                let days = moments.iter().map(|moment| moment.map(date::day_in_china));
                Ok(Arc::new(days.collect::<Date32Array>()))
            }
            Origin::Boundary {
                root,
                datum,
                default,
                folders,
                ..
            } => self.boundaries(*root, *datum, *default, folders),
            Origin::Stage(stage) => self.stages(stage, faults),
        }
    }

    fn units(
        &self,
        root: Option<&(usize, Caster)>,
        (quantity, caster): &(usize, Caster),
        faults: &mut Faults,
    ) -> Result<ArrayRef, ArrowError> {
        let written = caster.units(self.column(*quantity))?;
        let Some((root, own)) = root else {
            return Ok(Arc::new(written));
        };
        let own_column = self.column(*root);
        let own = own.cast(own_column)?.array;
        faults.unread += refusals::lost(own_column, &own);
        let own: &StringArray = own.as_string();
        let units = own.iter().zip(&written).map(|(own, written)| {
            let differ = own.is_some() && written.is_some() && own != written;
            faults.differing += u64::from(differ);
            written.or(own)
        });
        Ok(Arc::new(units.collect::<StringArray>()))
    }

    fn boundaries(
        &self,
        root: usize,
        datum: Option<usize>,
        default: Option<Datum>,
        folders: &[PathBuf],
    ) -> Result<ArrayRef, ArrowError> {
        let written = cast(self.column(root), &DataType::Utf8)?;
        let written: &StringArray = written.as_string();
        let named = datum
            .map(|datum| cast(self.column(datum), &DataType::Utf8))
            .transpose()?;
        let named = named.as_ref().map(AsArray::as_string::<i32>);
        let settled = written.iter().enumerate().map(|(row, text)| {
            let text = text
                .map(str::trim)
                .filter(|text| !stands_for_nothing(text))?;
            let named = named.and_then(|named| named.is_valid(row).then(|| named.value(row)));
            let datum = match named.filter(|name| !stands_for_nothing(name)) {
                None => default,
                Some(name) => Some(Datum::parse(name).ok()?),
            };
            let as_it_is = matches!(datum, None | Some(Datum::Wgs84 | Datum::Cgcs2000));
            if as_it_is && is_plain(text) {
                return Some(Cow::Borrowed(text));
            }
            let read = boundary::read(text, datum, folders).ok()?;
            Some(Cow::Owned(read.to_wkt()))
        });
        Ok(Arc::new(settled.collect::<StringArray>()))
    }

    fn stages(&self, stage: &Stage, faults: &mut Faults) -> Result<ArrayRef, ArrowError> {
        let rows = self.batch.num_rows();
        let cast = |(root, caster): &(usize, Caster)| {
            caster.cast(self.column(*root)).map(|cast| cast.array)
        };
        let filed = stage.filed.as_ref().map(cast).transpose()?;
        if let (Some(filed), Some((root, _))) = (&filed, &stage.filed) {
            faults.unread += refusals::lost(self.column(*root), filed);
            if filed.null_count() == 0 {
                return Ok(Arc::clone(filed));
            }
        }
        let mut shown = Vec::with_capacity(stage.shown.len());
        for (rank, columns) in &stage.shown {
            let columns: Vec<ArrayRef> = columns.iter().map(cast).collect::<Result<_, _>>()?;
            shown.push((*rank, columns));
        }
        let codes = stage.code.as_ref().map(cast).transpose()?;
        let codes = codes.as_ref().map(AsArray::as_string::<i32>);
        let filed = filed.as_ref().map(AsArray::as_string::<i32>);
        let stages = (0..rows).map(|row| {
            if let Some(filed) = filed.filter(|filed| filed.is_valid(row)) {
                return Some(filed.value(row));
            }
            let own = shown
                .iter()
                .filter(|(_, columns)| columns.iter().all(|column| column.is_valid(row)))
                .map(|(rank, _)| *rank);
            let elsewhere = codes
                .filter(|codes| codes.is_valid(row))
                .zip(stage.reached.get())
                .map(|(codes, reached)| reached.rank(codes.value(row)));
            let rank = own.chain(elsewhere).max().unwrap_or(0);
            stage.stages.get(rank).map(String::as_str)
        });
        Ok(Arc::new(stages.collect::<StringArray>()))
    }
}
