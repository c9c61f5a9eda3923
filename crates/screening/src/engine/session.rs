//! DataFusion's session as rules use it: our functions, one partition, and of the optimizer's passes
//! those that statements of rules have a use for. Made once for a pack, shared by all its statements.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::{Optimizer, OptimizerRule};
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement;

use super::dense_groups::ByNumber;
use super::late_sorts::LateSorts;
use super::windows::WholeWindows;
use crate::functions;

/// Passes for subqueries, set comparisons and lateral joins.
const FOR_SUBQUERIES: &[&str] = &[
    "rewrite_set_comparison",
    "decorrelate_predicate_subquery",
    "scalar_subquery_to_join",
    "decorrelate_lateral_join",
];
/// Passes for `limit`.
const FOR_LIMITS: &[&str] = &["eliminate_limit", "push_down_limit"];
/// Passes for `union`.
const FOR_UNIONS: &[&str] = &["optimize_unions", "unions_to_filter"];
/// Passes that find nothing in statements of rules: tables without nested columns and without columns
/// that are never empty, no joins that nobody reads, no relations known to be empty.
const NEVER: &[&str] = &[
    "extract_leaf_expressions",
    "push_down_leaf_projections",
    "filter_null_join_keys",
    "propagate_empty_relation",
    "eliminate_group_by_constant",
];
/// Physical passes for several partitions, limits, and sources that filter, sort or count by themselves.
const NEVER_PHYSICAL: &[&str] = &[
    "aggregate_statistics",
    "LimitedDistinctAggregation",
    "FilterPushdown",
    "WindowTopN",
    "LimitAggregation",
    "LimitPushPastWindows",
    "HashJoinBuffering",
    "LimitPushdown",
    "TopKRepartition",
    "PushdownSort",
    "FilterPushdown(Post)",
    // Tables yield to other tasks by themselves (`scan.rs`).
    "EnsureCooperative",
];
/// The physical pass that puts rows into the order, and partitions into the one, that an operator asks for.
const FOR_ORDERS: &[&str] = &["EnsureRequirements", LateSorts::NAME, WholeWindows::NAME];

/// Plans statements over registered tables.
#[derive(Clone)]
pub(super) struct Session {
    state: Arc<SessionState>,
    /// The same without the passes for orders.
    unordered: Arc<SessionState>,
    rules: Arc<[Arc<dyn OptimizerRule + Send + Sync>]>,
}

impl Session {
    pub(super) fn new(env: &Arc<RuntimeEnv>) -> Self {
        Self::made(env, true)
    }

    /// A session whose plans may run side by side. A subquery that yields one value becomes a join: by
    /// itself it would keep the value in the plan, where another task reads it.
    pub(super) fn for_tasks(env: &Arc<RuntimeEnv>) -> Self {
        Self::made(env, false)
    }

    fn made(env: &Arc<RuntimeEnv>, values_in_plans: bool) -> Self {
        let mut config = SessionConfig::new()
            .with_target_partitions(1)
            .with_information_schema(false);
        let options = config.options_mut();
        options.optimizer.enable_dynamic_filter_pushdown = false;
        options
            .optimizer
            .enable_physical_uncorrelated_scalar_subquery = values_in_plans;
        let mut physical = PhysicalOptimizer::new().rules;
        physical.retain(|rule| !NEVER_PHYSICAL.contains(&rule.name()));
        if let Some(place) = physical
            .iter()
            .position(|rule| FOR_ORDERS.contains(&rule.name()))
        {
            physical.insert(place + 1, Arc::new(LateSorts));
            physical.insert(place + 2, Arc::new(WholeWindows));
        }
        physical.push(Arc::new(ByNumber));
        let mut builder = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(Arc::clone(env))
            .with_default_features()
            .with_physical_optimizer_rules(physical);
        functions::register(&mut builder);
        let state = builder.build();
        let mut passes = state.physical_optimizers().to_vec();
        passes.retain(|rule| !FOR_ORDERS.contains(&rule.name()));
        let unordered = SessionStateBuilder::new_from_existing(state.clone())
            .with_physical_optimizer_rules(passes);
        Self {
            state: Arc::new(state),
            unordered: Arc::new(unordered.build()),
            rules: Optimizer::new().rules.into(),
        }
    }

    /// Makes a table known.
    pub(super) fn register(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<()> {
        let schema = self.state.schema_for_ref(name)?;
        schema.register_table(name.to_owned(), table)?;
        Ok(())
    }

    /// The statement over the tables that are known.
    pub(super) async fn logical(&self, statement: Statement) -> Result<LogicalPlan> {
        self.state.statement_to_plan(statement).await
    }

    /// How the statement is to be run.
    pub(super) async fn physical(&self, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        let state = self.state.as_ref();
        let options = state.config_options();
        let plan = state
            .analyzer()
            .execute_and_check(plan.clone(), options, |_, _| {})?;
        let shape = Shape::of(&plan)?;
        let rules = self
            .rules
            .iter()
            .filter(|rule| shape.has_use_for(rule.name()));
        let optimizer = Optimizer::with_rules(rules.cloned().collect());
        let plan = optimizer.optimize(plan, state, |_, _| {})?;
        let state = if Shape::of(&plan)?.orders {
            state
        } else {
            self.unordered.as_ref()
        };
        state
            .query_planner()
            .create_physical_plan(&plan, state)
            .await
    }

    /// How plans of this session are run.
    pub(super) fn config(&self) -> &SessionConfig {
        self.state.config()
    }

    /// What is known of functions, for plans that name them.
    pub(super) fn functions(&self) -> TaskContext {
        TaskContext::from(self.state.as_ref())
    }

    /// What running plans needs to know.
    pub(super) fn task(&self, env: &Arc<RuntimeEnv>) -> Arc<TaskContext> {
        let context = TaskContext::default().with_session_config(self.state.config().clone());
        Arc::new(context.with_runtime(Arc::clone(env)))
    }
}

/// What a statement holds that some passes are there for.
#[derive(Default)]
struct Shape {
    subqueries: bool,
    limits: bool,
    unions: bool,
    /// Something that asks for rows in an order, or yields several partitions.
    orders: bool,
}

impl Shape {
    fn of(plan: &LogicalPlan) -> Result<Self> {
        let mut shape = Self::default();
        plan.apply(|node| {
            match node {
                LogicalPlan::Limit(_) => shape.limits = true,
                LogicalPlan::Sort(sort) => {
                    shape.limits |= sort.fetch.is_some();
                    shape.orders = true;
                }
                LogicalPlan::Union(_) => (shape.unions, shape.orders) = (true, true),
                LogicalPlan::Window(_)
                | LogicalPlan::Distinct(_)
                | LogicalPlan::RecursiveQuery(_) => {
                    shape.orders = true;
                }
                LogicalPlan::Subquery(_) => shape.subqueries = true,
                _ => {}
            }
            node.apply_expressions(|expr| {
                shape.subqueries |= expr.exists(|inner| Ok(is_subquery(inner)))?;
                shape.orders |= expr.exists(|inner| Ok(is_ordered(inner)))?;
                Ok(TreeNodeRecursion::Continue)
            })
        })?;
        if shape.subqueries {
            // What the subqueries hold was not looked at.
            shape = Self {
                subqueries: true,
                limits: true,
                unions: true,
                orders: true,
            };
        }
        Ok(shape)
    }

    fn has_use_for(&self, pass: &str) -> bool {
        (self.subqueries || !FOR_SUBQUERIES.contains(&pass))
            && (self.limits || !FOR_LIMITS.contains(&pass))
            && (self.unions || !FOR_UNIONS.contains(&pass))
            && !NEVER.contains(&pass)
    }
}

pub(super) fn is_subquery(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Exists(_)
            | Expr::InSubquery(_)
            | Expr::ScalarSubquery(_)
            | Expr::SetComparison(_)
            | Expr::OuterReferenceColumn(..)
    )
}

fn is_ordered(expr: &Expr) -> bool {
    match expr {
        Expr::AggregateFunction(aggregate) => !aggregate.params.order_by.is_empty(),
        Expr::WindowFunction(_) => true,
        _ => false,
    }
}
