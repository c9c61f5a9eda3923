//! Running: steps wait for the tables they read, as many at a time as there are threads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{cast, concat, take_record_batch};
use datafusion::arrow::datatypes::{DataType, Int64Type, UInt8Type};
use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::{MemoryPool, PeakRecordingPool};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::compile::NeedKind;
use super::failure::{EngineError, Failure};
use super::outcome::{Found, Outcome, PopulationRows, StepProfile, Tally};
use super::plan::{Prepared, RowChecks, Step, Work};
use super::slot::Slot;
use crate::pack::{Body, Need, Rule};
use crate::{Batches, Tables};

/// How often a run looks whether it is to stop.
const TICK: Duration = Duration::from_millis(50);

/// Where a step stands, for those that wait for its table.
#[derive(Clone)]
enum Standing {
    Open,
    Done,
    Failed(Failure),
}

/// What a step gave.
enum Yield {
    Table,
    Findings(Vec<Found>, Vec<Failure>),
    Population(usize, PopulationRows),
}

struct StepDone {
    index: usize,
    result: Result<Yield, Failure>,
    profile: Option<StepProfile>,
}

/// What every step of a run shares.
struct Run {
    state: Arc<SessionState>,
    env: Arc<RuntimeEnv>,
    permits: Semaphore,
    time_limit: Duration,
    memory_limit: usize,
    as_of: jiff::civil::Date,
    profile: bool,
    rules: Vec<(Arc<Rule>, Vec<usize>)>,
    standings: Vec<watch::Sender<Standing>>,
    readers: Vec<AtomicUsize>,
    /// The slots that steps fill.
    filled: Vec<Option<Arc<Slot>>>,
    /// Bytes of findings that are kept, over all rules.
    kept: AtomicUsize,
}

impl Prepared {
    /// Runs the rules over `tables`. `progress` is told the steps done and their number.
    ///
    /// # Errors
    /// When a table cannot be read or `cancel` was set. A rule that fails is no error: it is named
    /// in the outcome.
    pub fn run(
        &mut self,
        tables: &Tables,
        cancel: &AtomicBool,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Outcome, EngineError> {
        self.fill(tables)?;
        let absent = self.absent_needs(tables);
        let wanted = self.wanted_steps(&absent);
        let run = Arc::new(self.shared_run(&wanted));
        let plans: Vec<_> = wanted
            .iter()
            .map(|index| {
                Ok((
                    *index,
                    reset_plan_states(Arc::clone(&self.steps[*index].plan))?,
                ))
            })
            .collect::<Result<_, DataFusionError>>()?;
        let total = plans.len();
        let steps = &self.steps;
        let done = self.runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for (index, plan) in plans {
                let run = Arc::clone(&run);
                let work = steps[index].work.clone();
                let name = steps[index].name.clone();
                let reads = steps[index].reads.clone();
                tasks.spawn(async move { run.step(index, name, work, reads, plan).await });
            }
            let mut done = Vec::new();
            let mut tick = tokio::time::interval(TICK);
            loop {
                tokio::select! {
                    next = tasks.join_next() => match next {
                        None => return Ok(done),
                        Some(Ok(step)) => {
                            done.push(step);
                            progress(done.len(), total);
                        }
                        Some(Err(error)) => return Err(EngineError::Machine(error.to_string())),
                    },
                    _ = tick.tick() => if cancel.load(Ordering::Relaxed) {
                        return Err(EngineError::Cancelled);
                    },
                }
            }
        })?;
        for slot in self.tables.values() {
            slot.clear();
        }
        Ok(self.outcome(done, &absent))
    }

    pub(super) fn fill(&self, tables: &Tables) -> Result<(), EngineError> {
        let fill = |(name, slot): (&String, &Arc<Slot>)| match tables.get(name) {
            Some(source) => slot
                .fill(Arc::clone(source))
                .map_err(|source| EngineError::Table {
                    table: name.clone(),
                    source,
                }),
            None => {
                slot.clear();
                Ok(())
            }
        };
        // Two halves on two threads: decoding a table is the longest part of a small run.
        let (heavy, light): (Vec<_>, Vec<_>) = self
            .tables
            .iter()
            .enumerate()
            .partition(|(index, _)| index % 2 == 0);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| light.into_iter().try_for_each(|(_, entry)| fill(entry)));
            let first = heavy.into_iter().try_for_each(|(_, entry)| fill(entry));
            match other.join() {
                Ok(second) => first.and(second),
                Err(_) => Err(EngineError::Machine("a reader panicked".to_owned())),
            }
        })
    }

    /// For each rule and kind of subject the first thing it needs that the input does not have.
    pub(super) fn absent_needs(&self, tables: &Tables) -> BTreeMap<(usize, usize), Need> {
        let is_absent = |need: &Need| match (self.tables.get(&need.table), tables.get(&need.table))
        {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(_), Some(source)) => source.schema().index_of(&need.column).is_err(),
        };
        let mut absent = BTreeMap::new();
        for (place, population) in self.populations.iter().enumerate() {
            for (rule, needs) in &population.rules {
                let needs = needs.iter().flat_map(|need| match need {
                    NeedKind::Own(need) | NeedKind::Register(need) => vec![need.clone()],
                    NeedKind::Child { table, columns } => columns
                        .iter()
                        .map(|column| Need {
                            table: table.clone(),
                            column: column.clone(),
                        })
                        .collect(),
                });
                if let Some(need) = needs.into_iter().find(|need| is_absent(need)) {
                    absent.insert((*rule, place), need);
                }
            }
        }
        absent
    }

    /// Steps that some rule still waits for, in order.
    pub(super) fn wanted_steps(&self, absent: &BTreeMap<(usize, usize), Need>) -> Vec<usize> {
        let silent: BTreeSet<usize> = absent.keys().map(|(rule, _)| *rule).collect();
        let mut wanted = BTreeSet::new();
        for (index, step) in self.steps.iter().enumerate().rev() {
            let runs = match &step.work {
                Work::Shared(_) => wanted.contains(&index),
                Work::Rule(rule) => !silent.contains(rule),
                Work::RowChecks(checks) => checks.members.iter().any(|rule| !silent.contains(rule)),
                Work::Population(_) => true,
            };
            if runs {
                wanted.insert(index);
                wanted.extend(&step.reads);
            }
        }
        wanted.into_iter().collect()
    }

    fn shared_run(&self, wanted: &[usize]) -> Run {
        let readers = (0..self.steps.len())
            .map(|index| {
                let count = wanted
                    .iter()
                    .filter(|step| self.steps[**step].reads.contains(&index))
                    .count();
                AtomicUsize::new(count)
            })
            .collect();
        let threads = if self.settings.profile {
            1
        } else {
            self.settings.threads.max(1)
        };
        Run {
            state: Arc::clone(&self.state),
            env: Arc::clone(&self.env),
            permits: Semaphore::new(threads),
            time_limit: self.settings.time_limit,
            memory_limit: self.settings.memory_limit,
            as_of: self.settings.as_of,
            profile: self.settings.profile,
            rules: self
                .rules
                .iter()
                .map(|planned| (Arc::clone(&planned.rule), figure_counts(&planned.rule)))
                .collect(),
            standings: self
                .steps
                .iter()
                .map(|_| watch::Sender::new(Standing::Open))
                .collect(),
            readers,
            filled: self
                .steps
                .iter()
                .map(|step| match &step.work {
                    Work::Shared(slot) => Some(Arc::clone(slot)),
                    _ => None,
                })
                .collect(),
            kept: AtomicUsize::new(0),
        }
    }

    fn outcome(&self, done: Vec<StepDone>, absent: &BTreeMap<(usize, usize), Need>) -> Outcome {
        let mut found = Vec::new();
        let mut failures: Vec<Failure> = Vec::new();
        let mut profile = Vec::new();
        let mut populations: Vec<PopulationRows> = self
            .populations
            .iter()
            .map(|_| PopulationRows::default())
            .collect();
        for step in done {
            profile.extend(step.profile);
            match step.result {
                Ok(Yield::Table) => {}
                Ok(Yield::Findings(rows, failed)) => {
                    found.extend(rows);
                    failures.extend(failed);
                }
                Ok(Yield::Population(place, rows)) => populations[place] = rows,
                Err(failure) => {
                    failures.extend(self.failures_of(&self.steps[step.index], &failure));
                }
            }
        }
        failures.sort_by(|a, b| a.rule.cmp(&b.rule));
        failures.dedup_by(|a, b| a.rule == b.rule);
        Tally {
            rules: &self.rules,
            populations: &self.populations,
            rows: populations,
            absent,
            labels: &Arc::new(self.settings.labels.clone()),
        }
        .outcome(found, failures, profile)
    }

    /// A failed step as failures of the rules that needed it.
    fn failures_of(&self, step: &Step, failure: &Failure) -> Vec<Failure> {
        let of = |rules: Vec<usize>| {
            rules
                .into_iter()
                .map(|rule| Failure {
                    rule: self.rules[rule].rule.id.clone(),
                    ..failure.clone()
                })
                .collect()
        };
        match &step.work {
            // Those that read the table fail by themselves.
            Work::Shared(_) => Vec::new(),
            Work::Rule(rule) => of(vec![*rule]),
            Work::RowChecks(checks) => of(checks.members.clone()),
            Work::Population(place) => of(self.populations[*place]
                .rules
                .iter()
                .map(|(rule, _)| *rule)
                .collect()),
        }
    }
}

fn figure_counts(rule: &Rule) -> Vec<usize> {
    match &rule.body {
        Body::RowCheck { figures, .. } => (0..figures.len()).collect(),
        Body::Query { .. } => Vec::new(),
    }
}

impl Run {
    async fn step(
        self: Arc<Self>,
        index: usize,
        name: String,
        work: Work,
        reads: Vec<usize>,
        plan: Arc<dyn ExecutionPlan>,
    ) -> StepDone {
        let mut blocked = None;
        for table in &reads {
            let mut standing = self.standings[*table].subscribe();
            let reached = standing
                .wait_for(|standing| !matches!(standing, Standing::Open))
                .await;
            if let Ok(standing) = reached
                && let Standing::Failed(failure) = &*standing
            {
                blocked = Some(failure.clone());
            }
        }
        let mut profile = None;
        let result = match blocked {
            Some(failure) => Err(failure),
            None => {
                let result = self.timed(&name, &work, &plan, &mut profile).await;
                match result {
                    Ok(result) => result,
                    Err(_) => Err(Failure::out_of_time(&name, self.time_limit)),
                }
            }
        };
        self.release(&reads, index, &result);
        StepDone {
            index,
            result,
            profile,
        }
    }

    /// Holds a permit only while it works, so that waiting costs no other step its turn.
    async fn timed(
        &self,
        name: &str,
        work: &Work,
        plan: &Arc<dyn ExecutionPlan>,
        profile: &mut Option<StepProfile>,
    ) -> Result<Result<Yield, Failure>, tokio::time::error::Elapsed> {
        // Cannot fail: the semaphore is never closed.
        let permit = self.permits.acquire().await;
        let start = Instant::now();
        let recording = Arc::new(PeakRecordingPool::new(Arc::clone(&self.env.memory_pool)));
        let context = self.task_context(&recording);
        let result =
            tokio::time::timeout(self.time_limit, self.work(name, work, plan, &context)).await;
        drop(permit);
        if self.profile {
            *profile = Some(StepProfile {
                name: name.to_owned(),
                elapsed: start.elapsed(),
                peak_bytes: recording.peak_reserved(),
                plan: DisplayableExecutionPlan::with_metrics(plan.as_ref())
                    .indent(false)
                    .to_string(),
            });
        }
        result
    }

    fn task_context(&self, pool: &Arc<PeakRecordingPool>) -> Arc<TaskContext> {
        let context = TaskContext::from(self.state.as_ref());
        if self.profile {
            let pool: Arc<dyn MemoryPool> = Arc::clone(pool) as _;
            let env = RuntimeEnv {
                memory_pool: pool,
                ..self.env.as_ref().clone()
            };
            Arc::new(context.with_runtime(Arc::new(env)))
        } else {
            Arc::new(context)
        }
    }

    /// Tells those that wait, and frees tables that nobody will read again.
    fn release(&self, reads: &[usize], index: usize, result: &Result<Yield, Failure>) {
        let standing = match result {
            Ok(_) => Standing::Done,
            Err(failure) => Standing::Failed(failure.clone()),
        };
        self.standings[index].send_replace(standing);
        for table in reads {
            if self.readers[*table].fetch_sub(1, Ordering::AcqRel) == 1
                && let Some(slot) = &self.filled[*table]
            {
                slot.clear();
            }
        }
    }

    async fn work(
        &self,
        name: &str,
        work: &Work,
        plan: &Arc<dyn ExecutionPlan>,
        context: &Arc<TaskContext>,
    ) -> Result<Yield, Failure> {
        let failed = |error: DataFusionError| Failure::from_error(name, &error, self.memory_limit);
        match work {
            Work::Shared(slot) => {
                let batches = self.collect(plan, context).await.map_err(failed)?;
                let source = Batches::new(plan.schema(), batches);
                slot.fill(Arc::new(source))
                    .map_err(|error| failed(DataFusionError::External(error)))?;
                Ok(Yield::Table)
            }
            Work::Rule(rule) => {
                let batches = self.collect(plan, context).await.map_err(failed)?;
                let found = batches
                    .into_iter()
                    .map(|batch| Found { rule: *rule, batch })
                    .collect();
                Ok(Yield::Findings(found, Vec::new()))
            }
            Work::RowChecks(checks) => self.row_checks(checks, plan, context).await,
            Work::Population(place) => {
                let rows = collect_population(plan, context).await.map_err(failed)?;
                Ok(Yield::Population(*place, rows))
            }
        }
    }

    async fn collect(
        &self,
        plan: &Arc<dyn ExecutionPlan>,
        context: &Arc<TaskContext>,
    ) -> Result<Vec<RecordBatch>, DataFusionError> {
        let mut stream = execute_stream(Arc::clone(plan), Arc::clone(context))?;
        let mut batches = Vec::new();
        while let Some(batch) = stream.next().await {
            let batch = compact(batch?)?;
            let kept = self
                .kept
                .fetch_add(batch.get_array_memory_size(), Ordering::Relaxed);
            if kept > self.memory_limit {
                return Err(DataFusionError::ResourcesExhausted(
                    "the rows kept".to_owned(),
                ));
            }
            if batch.num_rows() > 0 {
                batches.push(batch);
            }
        }
        Ok(batches)
    }

    async fn row_checks(
        &self,
        checks: &RowChecks,
        plan: &Arc<dyn ExecutionPlan>,
        context: &Arc<TaskContext>,
    ) -> Result<Yield, Failure> {
        match self.collect(plan, context).await {
            Ok(batches) => Ok(Yield::Findings(self.split(checks, &batches), Vec::new())),
            Err(error) if checks.members.len() == 1 => {
                let id = &self.rules[checks.members[0]].0.id;
                Err(Failure::from_error(id, &error, self.memory_limit))
            }
            Err(_) => {
                // One of them fails on these rows: each by itself, so that the others still answer.
                let mut found = Vec::new();
                let mut failures = Vec::new();
                for member in &checks.members {
                    match self.single_row_check(checks, *member, context).await {
                        Ok(rows) => found.extend(rows),
                        Err(error) => {
                            let id = &self.rules[*member].0.id;
                            failures.push(Failure::from_error(id, &error, self.memory_limit));
                        }
                    }
                }
                Ok(Yield::Findings(found, failures))
            }
        }
    }

    async fn single_row_check(
        &self,
        checks: &RowChecks,
        member: usize,
        context: &Arc<TaskContext>,
    ) -> Result<Vec<Found>, DataFusionError> {
        let rule = &self.rules[member].0;
        let plan = checks.plan_alone(&self.state, self.as_of, rule).await?;
        let batches = self.collect(&plan, context).await?;
        Ok(self.split(&checks.alone(member), &batches))
    }

    /// The rows of the one SELECT as rows of each check: subject, row, figures.
    fn split(&self, checks: &RowChecks, batches: &[RecordBatch]) -> Vec<Found> {
        checks.split(batches, |member| self.rules[member].1.len())
    }
}

/// A batch that holds its own rows only. Operators yield slices of large batches, and every slice
/// would be counted, and kept, with the whole of what it was cut from.
fn compact(batch: RecordBatch) -> Result<RecordBatch, DataFusionError> {
    let used: usize = batch
        .columns()
        .iter()
        .map(|column| column.to_data().get_slice_memory_size())
        .sum::<Result<usize, _>>()?;
    if batch.get_array_memory_size() <= used.saturating_mul(2).max(64 << 10) {
        return Ok(batch);
    }
    let rows = UInt32Array::from_iter_values(0..batch.num_rows() as u32);
    Ok(take_record_batch(&batch, &rows)?)
}

pub(super) async fn collect_population(
    plan: &Arc<dyn ExecutionPlan>,
    context: &Arc<TaskContext>,
) -> Result<PopulationRows, DataFusionError> {
    let mut stream = execute_stream(Arc::clone(plan), Arc::clone(context))?;
    let mut ids: Vec<ArrayRef> = Vec::new();
    let mut labels: Vec<ArrayRef> = Vec::new();
    let mut row_nos: Vec<ArrayRef> = Vec::new();
    let mut rows = PopulationRows::default();
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        ids.push(Arc::clone(batch.column(0)));
        labels.push(cast(batch.column(1), &DataType::Utf8)?);
        row_nos.push(cast(batch.column(2), &DataType::Int64)?);
        let mut answers = 0;
        let mut counts = 0;
        for column in &batch.columns()[3..] {
            if let Some(codes) = column.as_primitive_opt::<UInt8Type>() {
                if rows.answers.len() <= answers {
                    rows.answers.push(Vec::new());
                }
                rows.answers[answers].extend_from_slice(codes.values());
                answers += 1;
            } else {
                if rows.incomplete.len() <= counts {
                    rows.incomplete.push(Vec::new());
                }
                let values: &Int64Array = column.as_primitive::<Int64Type>();
                rows.incomplete[counts].extend(
                    values
                        .values()
                        .iter()
                        .map(|count| u32::try_from(*count).unwrap_or(u32::MAX)),
                );
                counts += 1;
            }
        }
    }
    let joined = |arrays: Vec<ArrayRef>| -> Result<Option<ArrayRef>, DataFusionError> {
        if arrays.is_empty() {
            return Ok(None);
        }
        let parts: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
        Ok(Some(concat(&parts)?))
    };
    rows.ids = joined(ids)?;
    rows.labels = joined(labels)?;
    rows.row_nos = joined(row_nos)?;
    Ok(rows)
}
