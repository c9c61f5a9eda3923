//! A table whose columns are known before its rows are: planned against, filled later.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, Statistics};
use datafusion::datasource::TableType;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::coop::cooperative;
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};

use super::task_rows::TaskRows;
use crate::{BatchIter, Batches, TableSource};

/// Tables up to this many bytes of used columns are decoded once and kept for all rules.
const KEPT_BYTES: usize = 256 << 20;

/// A declared table, with the rows of the run once they are there.
pub(crate) struct Slot {
    name: String,
    schema: SchemaRef,
    rows_hint: Option<usize>,
    used: Mutex<BTreeSet<usize>>,
    source: RwLock<Option<Arc<dyn TableSource>>>,
}

impl Slot {
    pub(crate) fn new(name: &str, schema: SchemaRef, rows_hint: Option<usize>) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            schema,
            rows_hint,
            used: Mutex::default(),
            source: RwLock::default(),
        })
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Gives the slot its rows. A table that can be kept in memory is decoded here, once, and only
    /// in the columns that some plan reads.
    pub(crate) fn fill(&self, source: Arc<dyn TableSource>) -> Result<(), crate::SourceError> {
        let used: Vec<usize> = lock(&self.used).iter().copied().collect();
        let kept = if source.is_in_memory() || !self.is_small(source.rows(), &used) {
            source
        } else {
            let own = source.schema();
            let columns: Vec<usize> = used
                .iter()
                .filter_map(|column| own.index_of(self.schema.field(*column).name()).ok())
                .collect();
            let schema = Arc::new(own.project(&columns)?);
            let batches = source.read(&columns)?.collect::<Result<Vec<_>, _>>()?;
            Arc::new(Batches::new(schema, batches))
        };
        *self.source.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(())
    }

    /// Forgets the rows.
    pub(crate) fn clear(&self) {
        *self.source.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn is_small(&self, rows: Option<usize>, used: &[usize]) -> bool {
        // Text is taken as 24 bytes a value, everything else as 8.
        let width: usize = used
            .iter()
            .map(|column| {
                let kind = self.schema.field(*column).data_type();
                kind.primitive_width().unwrap_or(24)
            })
            .sum();
        rows.is_some_and(|rows| rows.saturating_mul(width) <= KEPT_BYTES)
    }

    fn read(
        &self,
        of_task: Option<Arc<dyn TableSource>>,
        columns: &[usize],
        schema: &SchemaRef,
    ) -> Result<BatchIter> {
        let own = || {
            self.source
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .clone()
        };
        let Some(source) = of_task.or_else(own) else {
            return Ok(Box::new(std::iter::empty()));
        };
        let own = source.schema();
        // For every wanted column its place among the columns read, or none when it is absent.
        let mut wanted = Vec::new();
        let mut places = Vec::with_capacity(columns.len());
        for column in columns {
            match own.index_of(self.schema.field(*column).name()) {
                Ok(index) => {
                    places.push(Some(wanted.len()));
                    wanted.push(index);
                }
                Err(_) => places.push(None),
            }
        }
        let batches = source.read(&wanted).map_err(DataFusionError::External)?;
        let schema = Arc::clone(schema);
        Ok(Box::new(
            batches.map(move |batch| Ok(arrange(&batch?, &places, &schema)?)),
        ))
    }
}

/// Columns in the order asked for, absent ones null, other types cast to the declared one.
fn arrange(
    batch: &RecordBatch,
    places: &[Option<usize>],
    schema: &SchemaRef,
) -> Result<RecordBatch> {
    let rows = batch.num_rows();
    let columns = places
        .iter()
        .zip(schema.fields())
        .map(|(place, field)| -> Result<ArrayRef> {
            let Some(place) = place else {
                return Ok(new_null_array(field.data_type(), rows));
            };
            let column = batch.column(*place);
            if column.data_type() == field.data_type() {
                Ok(Arc::clone(column))
            } else {
                Ok(cast(column, field.data_type())?)
            }
        })
        .collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &options,
    )?)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic elsewhere cannot leave a set of numbers half-written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Slot({})", self.name)
    }
}

/// The slot as DataFusion's planner meets it.
#[derive(Debug)]
pub(crate) struct SlotTable(pub(crate) Arc<Slot>);

#[async_trait]
impl TableProvider for SlotTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns = match projection {
            Some(columns) => columns.clone(),
            None => (0..self.0.schema.fields().len()).collect(),
        };
        lock(&self.0.used).extend(&columns);
        let schema = Arc::new(self.0.schema.project(&columns)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Arc::new(SlotScan {
            slot: Arc::clone(&self.0),
            columns,
            schema,
            properties: Arc::new(properties),
        }))
    }
}

/// Names of the slots that a plan reads.
pub(crate) fn slots_of(plan: &Arc<dyn ExecutionPlan>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let Some(scan) = plan.downcast_ref::<SlotScan>() {
        names.insert(scan.slot.name.clone());
    }
    for child in plan.children() {
        names.extend(slots_of(child));
    }
    names
}

/// Reads some columns of a slot, in one partition.
#[derive(Debug)]
struct SlotScan {
    slot: Arc<Slot>,
    columns: Vec<usize>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl DisplayAs for SlotScan {
    fn fmt_as(&self, _kind: DisplayFormatType, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self
            .schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        write!(
            formatter,
            "SlotScan: {} [{}]",
            self.slot.name,
            names.join(", ")
        )
    }
}

impl ExecutionPlan for SlotScan {
    fn name(&self) -> &'static str {
        "SlotScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(
        &self,
        _partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let of_task = context
            .session_config()
            .get_extension::<TaskRows>()
            .and_then(|rows| rows.get(&self.slot.name));
        let batches = self.slot.read(of_task, &self.columns, &self.schema)?;
        let batches = batches.map(|batch| batch.map_err(DataFusionError::External));
        let stream =
            RecordBatchStreamAdapter::new(Arc::clone(&self.schema), futures::stream::iter(batches));
        Ok(Box::pin(cooperative(stream)))
    }

    fn partition_statistics(&self, _partition: Option<usize>) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema);
        if let Some(rows) = self.slot.rows_hint {
            statistics.num_rows = Precision::Inexact(rows);
        }
        Ok(Arc::new(statistics))
    }
}
