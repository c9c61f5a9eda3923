//! Plans as checks of drafts run them. What no draft can change is made once: parts that read nothing but
//! lasting tables are run when a check is planned, and their rows stand in their place.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::projection::ProjectionExec;

use super::check::collect;
use super::concatenation::Concatenation;
use super::plain_projection::PlainProjection;
use crate::engine::scan::slots_of;

/// The plan with the rows of its lasting parts. A part that fails stays as it is, and fails its rule.
pub(super) async fn fold(
    plan: &Arc<dyn ExecutionPlan>,
    lasting: &BTreeSet<String>,
    context: &Arc<TaskContext>,
) -> Result<Arc<dyn ExecutionPlan>> {
    if plan.children().is_empty() {
        return Ok(Arc::clone(plan));
    }
    let slots = slots_of(plan);
    if !slots.is_empty() && slots.is_subset(lasting) {
        return match collect(plan, context).await {
            Ok(rows) => Ok(MemorySourceConfig::try_new_exec(
                &[rows],
                plan.schema(),
                None,
            )?),
            Err(_) => Ok(Arc::clone(plan)),
        };
    }
    let mut children = Vec::new();
    for child in plan.children() {
        children.push(Box::pin(fold(child, lasting, context)).await?);
    }
    let plan = replace_children_if_necessary(Arc::clone(plan), children)?;
    if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
        return Ok(Arc::new(PlainProjection::of(projection)));
    }
    let gathered = plan.downcast_ref::<CoalescePartitionsExec>();
    Ok(match gathered.and_then(Concatenation::of) {
        Some(concatenation) => Arc::new(concatenation),
        None => plan,
    })
}
