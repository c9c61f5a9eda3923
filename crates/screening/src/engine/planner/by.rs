//! Whether a shared table says rightly that its rows of one key come from rows of that key alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};

use super::{Look, Planner};
use crate::Text;
use crate::engine::parts::Parts;
use crate::engine::session::is_subquery;

impl Planner<'_> {
    /// How a statement is cut by `key`, or what in it goes beyond rows of one key.
    pub(super) fn parts(
        &self,
        plan: &Look,
        by: String,
        reads: &BTreeSet<String>,
    ) -> Result<Parts, Text> {
        let mut slots = Vec::new();
        for table in reads {
            let declared = self.pack.table(table);
            let first = declared.and_then(|table| table.ordered_by.first());
            match self.tables.get(table) {
                Some(slot) if first == Some(&by) => slots.push(Arc::clone(slot)),
                _ => {
                    return Err(Text::new(
                        format!("by 写了 {by},但表 {table} 不是按它排序的输入表"),
                        format!(
                            "`by` says {by}, but {table} is no table of the input in its order"
                        ),
                    ));
                }
            }
        }
        let mut beyond = None;
        let Look::Anew(plan) = plan else {
            // It was looked through when it was planned.
            return Ok(Parts { by, reads: slots });
        };
        let walked = plan.apply(|node| {
            beyond = steps_beyond(node, &by)?;
            Ok(match beyond {
                Some(_) => TreeNodeRecursion::Stop,
                None => TreeNodeRecursion::Continue,
            })
        });
        let what = match walked {
            Ok(_) => beyond,
            Err(error) => Some(error.strip_backtrace()),
        };
        match what {
            None => Ok(Parts { by, reads: slots }),
            Some(what) => Err(Text::new(
                format!("by 写了 {by},但语句越过了同一 {by} 的行:{what};请删去 by 或改写语句"),
                format!(
                    "`by` says {by}, but the statement reaches beyond rows of one {by}: {what}; drop `by` or rewrite it"
                ),
            )),
        }
    }
}

/// How a node reaches beyond rows of one key.
fn steps_beyond(node: &LogicalPlan, key: &str) -> Result<Option<String>, DataFusionError> {
    let is_key = |expr: &Expr| matches!(expr, Expr::Column(column) if column.name == key);
    let reaches = match node {
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::TableScan(_)
        | LogicalPlan::Union(_)
        | LogicalPlan::Distinct(_) => false,
        LogicalPlan::Aggregate(aggregate) => !aggregate.group_expr.iter().any(is_key),
        LogicalPlan::Join(join) => {
            let on = join.on.iter().map(|(left, right)| (left, right));
            let filter = join.filter.iter().flat_map(split_conjunction);
            let equal = filter.filter_map(|part| match part {
                Expr::BinaryExpr(part) if part.op == Operator::Eq => {
                    Some((part.left.as_ref(), part.right.as_ref()))
                }
                _ => None,
            });
            !on.chain(equal)
                .any(|(left, right)| is_key(left) && is_key(right))
        }
        _ => true,
    };
    if reaches {
        return Ok(Some(node.display().to_string()));
    }
    let mut subquery = None;
    for expr in node.expressions() {
        expr.apply(|part| {
            if is_subquery(part) {
                subquery = Some(part.to_string());
                return Ok(TreeNodeRecursion::Stop);
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    Ok(subquery)
}
