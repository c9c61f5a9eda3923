//! Groups by a whole number.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Int64Type, SchemaRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, InputOrderMode,
    Partitioning, PlanProperties,
};
use futures::{StreamExt, TryStreamExt, stream};

use super::index::Index;

/// Lets aggregates by one whole number find their groups by place ([`DenseGroups`]), and those over a union in one
/// pass: DataFusion would group each of its tables by itself, and what comes of them once more.
#[derive(Debug)]
pub(super) struct ByNumber;

impl ByNumber {
    pub(super) const NAME: &'static str = "by_number";
}

impl PhysicalOptimizerRule for ByNumber {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            Ok(match by_number(&node)? {
                Some(groups) => Transformed::yes(Arc::new(groups) as Arc<dyn ExecutionPlan>),
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

/// The groups of an aggregate that has one whole number to group by, and needs no order.
fn by_number(node: &Arc<dyn ExecutionPlan>) -> Result<Option<DenseGroups>> {
    let Some(aggregate) = node.downcast_ref::<AggregateExec>() else {
        return Ok(None);
    };
    let single = match aggregate.mode() {
        AggregateMode::Single => Arc::clone(node),
        AggregateMode::Final => {
            let parts = aggregate
                .input()
                .downcast_ref::<CoalescePartitionsExec>()
                .and_then(|parts| parts.input().downcast_ref::<AggregateExec>());
            let Some(parts) = parts.filter(|parts| *parts.mode() == AggregateMode::Partial) else {
                return Ok(None);
            };
            let single = AggregateExec::try_new(
                AggregateMode::Single,
                parts.group_expr().clone(),
                parts.aggr_expr().to_vec(),
                parts.filter_expr().to_vec(),
                Arc::clone(parts.input()),
                parts.input_schema(),
            )?;
            if single.schema() != node.schema() {
                return Ok(None);
            }
            Arc::new(single)
        }
        _ => return Ok(None),
    };
    DenseGroups::over(single)
}

/// Works out an aggregate by one whole number: a group is found by its number's place in an array, where DataFusion
/// looks it up in a hash table. The numbers of subjects stand close together; a table of a million of them does not fit
/// a processor's cache, and every row of every child table would wait for memory.
#[derive(Debug)]
pub(super) struct DenseGroups {
    /// What is worked out: an [`AggregateExec`].
    aggregate: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl DenseGroups {
    /// None where the plan is no such aggregate.
    pub(super) fn over(plan: Arc<dyn ExecutionPlan>) -> Result<Option<Self>> {
        let Some(aggregate) = plan.downcast_ref::<AggregateExec>() else {
            return Ok(None);
        };
        let groups = aggregate.group_expr();
        let [(number, _)] = groups.expr() else {
            return Ok(None);
        };
        let is_number = number.data_type(&aggregate.input().schema())? == DataType::Int64;
        let fits = |aggregate: &Arc<AggregateFunctionExpr>| {
            aggregate.order_bys().is_empty() && aggregate.groups_accumulator_supported()
        };
        if !is_number
            || !groups.is_single()
            || *aggregate.mode() != AggregateMode::Single
            || *aggregate.input_order_mode() != InputOrderMode::Linear
            || aggregate.limit_options().is_some()
            || !aggregate.aggr_expr().iter().all(fits)
        {
            return Ok(None);
        }
        let properties = PlanProperties::new(
            EquivalenceProperties::new(aggregate.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Ok(Some(Self {
            properties: Arc::new(properties),
            aggregate: plan,
        }))
    }
}

impl DisplayAs for DenseGroups {
    fn fmt_as(&self, _kind: DisplayFormatType, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DenseGroups")
    }
}

impl ExecutionPlan for DenseGroups {
    fn name(&self) -> &'static str {
        "DenseGroups"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.aggregate]
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(plan) = children.pop() else {
            return Ok(self);
        };
        match Self::over(plan)? {
            Some(groups) => Ok(Arc::new(groups)),
            None => Err(DataFusionError::Internal(
                "not an aggregate by a whole number".to_owned(),
            )),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let anew = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        self.replace_children(children, anew)
    }

    fn execute(
        &self,
        _partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let mut groups = Groups::of(&self.aggregate, &context)?;
        let input = Arc::clone(groups.aggregate().input());
        let partitions = input.output_partitioning().partition_count();
        let rows = context.session_config().batch_size();
        let grouped = async move {
            for partition in 0..partitions {
                let mut batches = input.execute(partition, Arc::clone(&context))?;
                while let Some(batch) = batches.next().await {
                    groups.add(&batch?)?;
                }
            }
            let (whole, held) = groups.finish()?;
            let starts = (0..whole.num_rows()).step_by(rows.max(1));
            let slices = starts.map(move |start| {
                // What is held is let go of with the last slice.
                let _ = &held;
                Ok(whole.slice(start, rows.min(whole.num_rows() - start)))
            });
            Ok::<_, DataFusionError>(stream::iter(slices))
        };
        let batches = stream::once(grouped).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            batches,
        )))
    }
}

/// The groups so far.
struct Groups {
    plan: Arc<dyn ExecutionPlan>,
    places: Index<String>,
    /// The number of each group.
    numbers: Vec<Option<i64>>,
    /// The group of rows without a number.
    unnumbered: Option<u32>,
    /// The group of each row of a batch.
    of_rows: Vec<usize>,
    accumulators: Vec<Box<dyn GroupsAccumulator>>,
    held: MemoryReservation,
}

impl Groups {
    fn of(plan: &Arc<dyn ExecutionPlan>, context: &TaskContext) -> Result<Self> {
        let mut groups = Self {
            plan: Arc::clone(plan),
            places: Index::default(),
            numbers: Vec::new(),
            unnumbered: None,
            of_rows: Vec::new(),
            accumulators: Vec::new(),
            held: MemoryConsumer::new("DenseGroups").register(context.memory_pool()),
        };
        let aggregates = groups.aggregate().aggr_expr().iter();
        groups.accumulators = aggregates
            .map(|aggregate| aggregate.create_groups_accumulator())
            .collect::<Result<_>>()?;
        Ok(groups)
    }

    fn aggregate(&self) -> &AggregateExec {
        // Cannot fail: `DenseGroups` is made over nothing else.
        #[expect(clippy::expect_used)]
        self.plan.downcast_ref().expect("an aggregate")
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = batch.num_rows();
        let plan = Arc::clone(&self.plan);
        let Some(aggregate) = plan.downcast_ref::<AggregateExec>() else {
            return Ok(());
        };
        for (number, _) in aggregate.group_expr().expr() {
            let numbers = number.evaluate(batch)?.into_array(rows)?;
            self.find(numbers.as_primitive::<Int64Type>());
        }
        let all = self.numbers.len();
        let aggregates = aggregate.aggr_expr().iter().zip(aggregate.filter_expr());
        for ((aggregate, filter), accumulator) in aggregates.zip(&mut self.accumulators) {
            let array = |expr: &Arc<dyn PhysicalExpr>| expr.evaluate(batch)?.into_array(rows);
            let arguments: Vec<ArrayRef> = aggregate
                .expressions()
                .iter()
                .map(array)
                .collect::<Result<_>>()?;
            let filter = filter.as_ref().map(array).transpose()?;
            let filter = filter.as_ref().map(AsArray::as_boolean);
            accumulator.update_batch(&arguments, &self.of_rows, filter, all)?;
        }
        let size = self
            .accumulators
            .iter()
            .map(|accumulator| accumulator.size());
        let keys = self.numbers.capacity() * size_of::<Option<i64>>();
        self.held
            .try_resize(size.sum::<usize>() + keys + self.places.bytes())
    }

    /// Finds the group of each row; numbers met for the first time make new ones.
    fn find(&mut self, numbers: &Int64Array) {
        self.of_rows.clear();
        let mut last = (None, None);
        for number in numbers {
            if last.0 == Some(number)
                && let Some(group) = last.1
            {
                self.of_rows.push(group);
                continue;
            }
            let known = match number {
                Some(number) => self.places.of_number(number),
                None => self.unnumbered,
            };
            let group = known.unwrap_or_else(|| {
                let group = self.numbers.len() as u32;
                self.numbers.push(number);
                match number {
                    Some(number) => self.places.set_number(number, group),
                    None => self.unnumbered = Some(group),
                }
                group
            });
            last = (Some(number), Some(group as usize));
            self.of_rows.push(group as usize);
        }
    }

    /// All groups in the order in which they were met, and what is held for them.
    fn finish(mut self) -> Result<(RecordBatch, MemoryReservation)> {
        let schema: SchemaRef = self.plan.schema();
        let numbers: ArrayRef = Arc::new(Int64Array::from(std::mem::take(&mut self.numbers)));
        let mut columns = vec![numbers];
        for accumulator in &mut self.accumulators {
            columns.push(accumulator.evaluate(EmitTo::All)?);
        }
        let whole = RecordBatch::try_new(schema, columns)?;
        self.held.try_resize(whole.get_array_memory_size())?;
        Ok((whole, self.held))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::util::display::array_value_to_string;
    use datafusion::execution::SessionStateBuilder;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    fn context(by_number: bool) -> SessionContext {
        let mut builder = SessionStateBuilder::new()
            .with_config(
                SessionConfig::new()
                    .with_target_partitions(1)
                    .with_batch_size(7),
            )
            .with_default_features();
        if by_number {
            builder = builder.with_physical_optimizer_rule(Arc::new(ByNumber));
        }
        SessionContext::new_with_state(builder.build())
    }

    /// The rows in order, as text.
    async fn rows(context: &SessionContext, sql: &str) -> Vec<String> {
        let mut rows = Vec::new();
        for batch in context.sql(sql).await.unwrap().collect().await.unwrap() {
            for row in 0..batch.num_rows() {
                let columns = batch.columns().iter();
                let texts = columns.map(|column| array_value_to_string(column, row).unwrap());
                rows.push(texts.collect::<Vec<_>>().join("|"));
            }
        }
        rows.sort();
        rows
    }

    async fn plan(context: &SessionContext, sql: &str) -> String {
        let frame = context.sql(sql).await.unwrap();
        let plan = frame.create_physical_plan().await.unwrap();
        let shown = datafusion::physical_plan::displayable(plan.as_ref());
        shown.indent(false).to_string()
    }

    /// Numbers with gaps, below zero, far apart and missing, in no order.
    const TABLE: &str = "create table t as select
            case when v % 11 = 0 then null when v % 13 = 0 then -v when v % 17 = 0 then v * 100000000000
                else (v * 7919) % 50 end as n,
            v % 5 as x, cast(v as varchar) as s, v % 3 = 0 as b
        from generate_series(1, 500) as g(v)";

    #[tokio::test]
    async fn groups_are_those_of_the_hash_table() {
        let (ours, theirs) = (context(true), context(false));
        for context in [&ours, &theirs] {
            context.sql(TABLE).await.unwrap().collect().await.unwrap();
        }
        for sql in [
            "select n, count(*), sum(x), min(s), max(s) from t group by n",
            "select n, count(x) filter (where b), bit_or(x) from t group by n having count(*) > 3",
            "select n, count(distinct x), avg(x) from t group by n",
            "select n from t group by n",
            "select n + 1, max(x) from t where s <> '7' group by n + 1",
            "select n, count(*) from t where x > 100 group by n",
            "select n, bit_or(x), count(*) from (select n, x from t where b union all select n, x + 8 from t
                union all select x, n from t) as u group by n",
        ] {
            assert!(plan(&ours, sql).await.contains("DenseGroups"), "{sql}");
            assert_eq!(rows(&ours, sql).await, rows(&theirs, sql).await, "{sql}");
        }
        let union = "select n, max(x) from (select n, x from t union all select x, n from t) as u group by n";
        assert!(!plan(&ours, union).await.contains("mode=Partial"));
    }

    #[tokio::test]
    async fn other_groups_are_left_as_they_are() {
        let context = context(true);
        context.sql(TABLE).await.unwrap().collect().await.unwrap();
        for sql in [
            "select s, count(*) from t group by s",
            "select n, x, count(*) from t group by n, x",
            "select n, array_agg(s order by s) from t group by n",
            "select count(*) from t",
            "select n, count(*) from t group by rollup(n)",
        ] {
            assert!(!plan(&context, sql).await.contains("DenseGroups"), "{sql}");
        }
    }

    #[tokio::test]
    async fn what_the_groups_hold_is_counted() {
        let pool = Arc::new(datafusion::execution::memory_pool::GreedyMemoryPool::new(
            50_000,
        ));
        let env = datafusion::execution::runtime_env::RuntimeEnvBuilder::new()
            .with_memory_pool(pool)
            .build_arc()
            .unwrap();
        let state = SessionStateBuilder::new_from_existing(context(true).state())
            .with_runtime_env(env)
            .build();
        let context = SessionContext::new_with_state(state);
        let few =
            "select v % 10 as n, count(*) from generate_series(1, 20000) as g(v) group by v % 10";
        assert_eq!(rows(&context, few).await.len(), 10);
        let many = "select v * 7919 % 20011 as n, count(*) from generate_series(1, 20000) as g(v) group by v * 7919 % 20011";
        let error = context
            .sql(many)
            .await
            .unwrap()
            .collect()
            .await
            .unwrap_err();
        assert!(error.to_string().contains("DenseGroups"), "{error}");
    }
}
