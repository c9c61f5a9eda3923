//! A projection without figures. DataFusion's own writes out every expression as text each time it begins,
//! to name how long it took; for a draft of ten rows that is a good part of the work.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::ReplaceChildrenOptions;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;

/// Expressions over the rows of its input, in the same partitions and order.
#[derive(Clone, Debug)]
pub(super) struct PlainProjection {
    input: Arc<dyn ExecutionPlan>,
    expressions: Arc<[Arc<dyn PhysicalExpr>]>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl PlainProjection {
    /// The same as a projection of DataFusion's.
    pub(super) fn of(projection: &ProjectionExec) -> Self {
        let expressions = projection.expr().iter();
        Self {
            input: Arc::clone(projection.input()),
            expressions: expressions.map(|named| Arc::clone(&named.expr)).collect(),
            schema: projection.schema(),
            properties: Arc::clone(projection.properties()),
        }
    }
}

impl DisplayAs for PlainProjection {
    fn fmt_as(&self, _kind: DisplayFormatType, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.schema.fields().iter();
        let names: Vec<_> = names.map(|field| field.name().as_str()).collect();
        write!(formatter, "PlainProjection: [{}]", names.join(", "))
    }
}

impl ExecutionPlan for PlainProjection {
    fn name(&self) -> &'static str {
        "PlainProjection"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for expression in self.expressions.iter() {
            if visit(expression)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    /// Plans are finished when this takes its place, and only ever get the same children anew.
    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self {
            input: children.swap_remove(0),
            ..self.as_ref().clone()
        }))
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self {
            input: children.swap_remove(0),
            ..self.as_ref().clone()
        }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let (expressions, schema) = (Arc::clone(&self.expressions), Arc::clone(&self.schema));
        let rows = self.input.execute(partition, context)?;
        let rows = rows.map(move |batch| project(&expressions, &schema, &batch?));
        let stream = RecordBatchStreamAdapter::new(Arc::clone(&self.schema), rows);
        Ok(Box::pin(stream))
    }
}

fn project(
    expressions: &[Arc<dyn PhysicalExpr>],
    schema: &SchemaRef,
    batch: &RecordBatch,
) -> Result<RecordBatch> {
    let rows = batch.num_rows();
    let columns = expressions
        .iter()
        .map(|expression| expression.evaluate(batch)?.into_array_of_size(rows))
        .collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &options,
    )?)
}
