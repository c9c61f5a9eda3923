//! Sorts after the joins that leave little to sort.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{JoinType, Result};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::sorts::sort::SortExec;

/// Puts rows into order after a join, not before it. A hash join keeps the order of its second side, so that DataFusion
/// sorts that side as a whole, however few of its rows the join lets through. Statements of rules join the few rows
/// that are in doubt with the many of a table.
#[derive(Debug)]
pub(super) struct LateSorts;

impl LateSorts {
    pub(super) const NAME: &'static str = "late_sorts";
}

impl PhysicalOptimizerRule for LateSorts {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            Ok(match sorted_after(&node)? {
                Some(sort) => Transformed::yes(sort),
                None => Transformed::no(node),
            })
        })
        .data()
    }

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The sort over a join whose second side is sorted as a whole.
fn sorted_after(node: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(join) = node.downcast_ref::<HashJoinExec>() else {
        return Ok(None);
    };
    let Some(sort) = join.right().downcast_ref::<SortExec>() else {
        return Ok(None);
    };
    let before = match join.join_type() {
        JoinType::Inner => join.left().schema().fields().len(),
        JoinType::RightSemi => 0,
        _ => return Ok(None),
    };
    if sort.fetch().is_some() || sort.preserve_partitioning() {
        return Ok(None);
    }
    let schema = node.schema();
    let order = sort.expr().iter().map(|sorted| {
        let place = before + sorted.expr.downcast_ref::<Column>()?.index();
        let place = match join.projection.as_deref() {
            Some(shown) => shown.iter().position(|column| *column == place)?,
            None => place,
        };
        let column = Column::new(schema.field(place).name(), place);
        Some(PhysicalSortExpr::new(Arc::new(column), sorted.options))
    });
    let Some(order) = order.collect::<Option<Vec<_>>>().and_then(LexOrdering::new) else {
        return Ok(None);
    };
    let sides = vec![Arc::clone(join.left()), Arc::clone(sort.input())];
    let anew = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
    let join = Arc::clone(node).replace_children(sides, anew)?;
    Ok(Some(Arc::new(SortExec::new(order, join))))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::util::pretty::pretty_format_batches;
    use datafusion::execution::SessionStateBuilder;
    use datafusion::physical_plan::displayable;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    const DOUBTS: &str = "create table doubts as select * from (values (3), (5)) as d(k)";
    const MANY: &str = "create table many as select v % 9 as k, cast(v as varchar) as s, v from generate_series(1, 90) as g(v)";

    async fn context(late: bool) -> SessionContext {
        let mut config = SessionConfig::new().with_target_partitions(1);
        let optimizer = &mut config.options_mut().optimizer;
        optimizer.enable_dynamic_filter_pushdown = false;
        let mut builder = SessionStateBuilder::new()
            .with_config(config)
            .with_default_features();
        if late {
            builder = builder.with_physical_optimizer_rule(Arc::new(LateSorts));
        }
        let context = SessionContext::new_with_state(builder.build());
        for table in [DOUBTS, MANY] {
            context.sql(table).await.unwrap().collect().await.unwrap();
        }
        context
    }

    async fn answer(context: &SessionContext, sql: &str) -> (String, String) {
        let frame = context.sql(sql).await.unwrap();
        let plan = frame.clone().create_physical_plan().await.unwrap();
        let shown = displayable(plan.as_ref()).indent(false).to_string();
        let rows = frame.collect().await.unwrap();
        (shown, pretty_format_batches(&rows).unwrap().to_string())
    }

    #[tokio::test]
    async fn only_what_a_join_lets_through_is_sorted() {
        let (early, late) = (context(false).await, context(true).await);
        for sql in [
            "select d.k, array_agg(m.s order by m.s desc) from doubts d join many m on m.k = d.k group by d.k order by d.k",
            "select array_agg(m.v order by m.s, m.v) from doubts d join doubts e on e.k = d.k join many m on m.k = e.k",
            "select array_agg(v order by s) from many where k in (select k from doubts)",
        ] {
            let (before, expected) = answer(&early, sql).await;
            let (after, found) = answer(&late, sql).await;
            assert_eq!(found, expected, "{sql}");
            let sort_is_first = |plan: &str| {
                let place = |node| plan.find(node).unwrap_or(usize::MAX);
                place("SortExec: expr=[s") < place("HashJoinExec")
            };
            assert!(!sort_is_first(&before), "{before}");
            assert!(sort_is_first(&after), "{after}");
        }
    }
}
