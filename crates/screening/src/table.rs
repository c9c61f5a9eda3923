//! Tables as the engine meets them: declared columns, and a source that gives Arrow batches.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

/// Whatever went wrong while a source was read, in the source's own words.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// Batches as a source yields them.
pub type BatchIter = Box<dyn Iterator<Item = Result<RecordBatch, SourceError>> + Send>;

/// What a column holds; fixes its Arrow type and how it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// A 64-bit whole number.
    Int,
    /// Money as a whole number of fen.
    Money,
    /// A 64-bit floating-point number.
    Float,
    /// A calendar day.
    Date,
    /// An instant in UTC, to the millisecond.
    Time,
    /// Yes or no.
    Bool,
}

impl ColumnType {
    /// The Arrow type a column of this kind has.
    pub fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Int | Self::Money => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            Self::Bool => DataType::Boolean,
        }
    }
}

/// One column of a declared table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnDeclaration {
    /// The name rules use.
    pub name: String,
    /// What it holds.
    pub kind: ColumnType,
}

/// A table that rules may read, whether or not the input has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableDeclaration {
    /// The name rules use.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<ColumnDeclaration>,
    /// Columns by which its rows come in ascending order, so that grouping by them costs little. A
    /// promise: rows in another order give wrong answers.
    #[serde(default)]
    pub ordered_by: Vec<String>,
}

impl TableDeclaration {
    /// A table of `(name, kind)` columns.
    pub fn new(name: &str, columns: &[(&str, ColumnType)]) -> Self {
        Self {
            name: name.to_owned(),
            columns: columns
                .iter()
                .map(|(name, kind)| ColumnDeclaration {
                    name: (*name).to_owned(),
                    kind: *kind,
                })
                .collect(),
            ordered_by: Vec::new(),
        }
    }

    /// The same table with rows in ascending order of a column.
    #[must_use]
    pub fn ordered_by(mut self, column: &str) -> Self {
        self.ordered_by.push(column.to_owned());
        self
    }

    /// The Arrow schema; every column may hold nulls.
    pub fn schema(&self) -> SchemaRef {
        let fields = self
            .columns
            .iter()
            .map(|column| Field::new(&column.name, column.kind.arrow(), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

/// A table as the engine reads it. Columns not asked for are never decoded.
pub trait TableSource: Send + Sync {
    /// Columns in order; a column that the declaration names may be missing here.
    fn schema(&self) -> SchemaRef;

    /// The exact number of rows, when it is known without reading.
    fn rows(&self) -> Option<usize>;

    /// Whether reading costs nothing, so that nobody need keep what was read.
    fn is_in_memory(&self) -> bool {
        false
    }

    /// Whether a column is known to hold no null, without reading it.
    fn is_full(&self, _column: usize) -> bool {
        false
    }

    /// Batches of exactly these columns (indices into [`TableSource::schema`]), in that order.
    ///
    /// # Errors
    /// When the source cannot be opened; errors while reading come from the iterator.
    fn read(&self, columns: &[usize]) -> Result<BatchIter, SourceError>;
}

/// A table held in memory.
#[derive(Clone, Debug)]
pub struct Batches {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Batches {
    /// Batches that all have `schema`.
    pub fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches }
    }

    /// The batches themselves.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }
}

impl TableSource for Batches {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn rows(&self) -> Option<usize> {
        Some(self.batches.iter().map(RecordBatch::num_rows).sum())
    }

    fn is_in_memory(&self) -> bool {
        true
    }

    fn read(&self, columns: &[usize]) -> Result<BatchIter, SourceError> {
        let columns = columns.to_vec();
        let batches = self.batches.clone();
        Ok(Box::new(batches.into_iter().map(move |batch| {
            batch.project(&columns).map_err(SourceError::from)
        })))
    }
}

/// The tables of one run, by name.
#[derive(Clone, Default)]
pub struct Tables {
    sources: BTreeMap<String, Arc<dyn TableSource>>,
}

/// Names only: rows may hold what no log may.
impl std::fmt::Debug for Tables {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.names()).finish()
    }
}

impl Tables {
    /// No tables yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a table.
    pub fn insert(&mut self, name: impl Into<String>, source: Arc<dyn TableSource>) {
        self.sources.insert(name.into(), source);
    }

    /// The table of that name, if the input has it.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn TableSource>> {
        self.sources.get(name)
    }

    /// Names in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }
}
