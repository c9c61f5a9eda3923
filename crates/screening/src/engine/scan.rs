//! A slot as DataFusion meets it: a table to plan with, and a scan of some of its columns.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, Statistics};
use datafusion::datasource::TableType;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::coop::cooperative;
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};

use super::slot::Slot;
use super::task_rows::TaskRows;
use crate::BatchIter;

/// The slot as DataFusion's planner meets it.
#[derive(Debug)]
pub(crate) struct SlotTable(pub(crate) Arc<Slot>);

#[async_trait]
impl TableProvider for SlotTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.0.schema())
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
            None => (0..self.0.schema().fields().len()).collect(),
        };
        Ok(Arc::new(SlotScan::of(&self.0, columns)?))
    }
}

/// Names of the slots that a plan reads.
pub(crate) fn slots_of(plan: &Arc<dyn ExecutionPlan>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let Some(scan) = plan.downcast_ref::<SlotScan>() {
        names.insert(scan.slot.name().to_owned());
    }
    for child in plan.children() {
        names.extend(slots_of(child));
    }
    names
}

/// The order of rows, as far as its columns are read.
fn equivalence(order: &[usize], columns: &[usize], schema: &SchemaRef) -> EquivalenceProperties {
    let ascending = SortOptions::default().asc();
    let order = order.iter().map_while(|column| {
        let place = columns.iter().position(|read| read == column)?;
        let column = Column::new(schema.field(place).name(), place);
        Some(PhysicalSortExpr::new(Arc::new(column), ascending))
    });
    let order: Vec<_> = order.collect();
    EquivalenceProperties::new_with_orderings(Arc::clone(schema), [order])
}

/// Reads some columns of a slot, in one partition.
#[derive(Debug)]
pub(crate) struct SlotScan {
    slot: Arc<Slot>,
    columns: Vec<usize>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl SlotScan {
    /// One more reader of these columns.
    pub(crate) fn of(slot: &Arc<Slot>, columns: Vec<usize>) -> Result<Self> {
        let schema = Arc::new(slot.schema().project(&columns)?);
        slot.will_read(&columns);
        let properties = PlanProperties::new(
            equivalence(slot.order(), &columns, &schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            slot: Arc::clone(slot),
            columns,
            schema,
            properties: Arc::new(properties),
        })
    }

    /// What it reads.
    pub(crate) fn slot(&self) -> &Arc<Slot> {
        &self.slot
    }

    /// The columns it reads, by their places in the slot.
    pub(crate) fn columns(&self) -> &[usize] {
        &self.columns
    }
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
            self.slot.name(),
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
        let batches: BatchIter = match TaskRows::rows_of(&self.slot, &context) {
            Some(rows) => self.slot.read(rows, &self.columns)?,
            None => Box::new(std::iter::empty()),
        };
        let batches = batches.map(|batch| batch.map_err(DataFusionError::External));
        let stream =
            RecordBatchStreamAdapter::new(Arc::clone(&self.schema), futures::stream::iter(batches));
        Ok(Box::pin(cooperative(stream)))
    }

    fn partition_statistics(&self, _partition: Option<usize>) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema);
        if let Some(rows) = self.slot.rows_hint() {
            statistics.num_rows = Precision::Inexact(rows);
        }
        Ok(Arc::new(statistics))
    }
}
