//! One step of a run: waits for the tables it reads, works within its time and memory, tells its readers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use datafusion::arrow::array::{RecordBatch, UInt32Array};
use datafusion::arrow::compute::take_record_batch;
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryPool, PeakRecordingPool};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::apart::PopulationParts;
use super::counts::Counts;
use super::failure::Failure;
use super::outcome::StepProfile;
use super::parts::Parts;
use super::plan::{Counting, RowChecks, Work};
use super::population::PopulationRows;
use super::session::Session;
use super::slot::{Rows, Slot};
use super::tally::Found;
use super::task_rows::TaskRows;
use super::turns::Turns;
use crate::pack::Rule;
use crate::{Batches, Text};

/// What work may take beyond its time limit before it counts as stuck.
const GRACE: Duration = Duration::from_millis(500);

/// Where a step stands, for those that wait for its table.
#[derive(Clone)]
pub(super) enum Standing {
    Open,
    Done,
    Failed(Failure),
}

/// What a step gave.
pub(super) enum Yield {
    /// The rows of a shared table; none when they are in their place.
    Table(Vec<RecordBatch>),
    Findings(Vec<Found>, Vec<Failure>),
    /// With the rules that failed.
    Population(usize, PopulationRows, Vec<Failure>),
    Counts(Arc<Counting>, Counts),
}

/// A step that has ended.
pub(super) struct StepDone {
    pub index: usize,
    pub result: Result<Yield, Failure>,
    pub profile: Option<StepProfile>,
}

/// Who has yet to read the tables of a run.
#[derive(Default)]
pub(super) struct Readers {
    /// Every table, with the number of steps that have yet to read it.
    pub tables: Vec<(Arc<Slot>, AtomicUsize)>,
    /// For each step the tables that it reads.
    pub reads: Vec<Vec<usize>>,
}

impl Readers {
    /// Forgets the tables that nobody will read again, now that a step has ended.
    fn release(&self, step: usize) {
        for table in &self.reads[step] {
            let (slot, readers) = &self.tables[*table];
            if readers.fetch_sub(1, Ordering::AcqRel) == 1 {
                slot.clear();
            }
        }
    }
}

/// What every step of a run shares.
pub(super) struct Run {
    pub session: Session,
    pub task: Arc<TaskContext>,
    pub env: Arc<RuntimeEnv>,
    pub turns: Turns,
    /// When it is each step's turn.
    pub places: Vec<usize>,
    pub threads: usize,
    pub time_limit: Duration,
    pub memory_limit: usize,
    pub as_of: jiff::civil::Date,
    pub profile: bool,
    pub rules: Vec<(Arc<Rule>, Vec<usize>)>,
    pub standings: Vec<watch::Sender<Standing>>,
    pub readers: Readers,
    pub populations: Vec<PopulationParts>,
    /// Bytes of findings that are kept, over all rules.
    pub kept: AtomicUsize,
}

impl Run {
    /// Does a step, once the tables that it reads are there.
    pub(super) async fn step(
        self: Arc<Self>,
        index: usize,
        name: String,
        work: Work,
        reads: Vec<usize>,
        plan: Option<Arc<dyn ExecutionPlan>>,
        parts: Option<Arc<Parts>>,
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
        let turn = self.turns.take(self.places[index]).await;
        let result = match blocked {
            Some(failure) => Err(failure),
            None => self.timed(&name, work, plan, parts, &mut profile).await,
        };
        self.release(index, &result);
        // Those that waited for its table join the others that wait for their turn.
        tokio::task::yield_now().await;
        drop(turn);
        StepDone {
            index,
            result,
            profile,
        }
    }

    /// Works in the turn of the step.
    async fn timed(
        self: &Arc<Self>,
        name: &str,
        work: Work,
        plan: Option<Arc<dyn ExecutionPlan>>,
        parts: Option<Arc<Parts>>,
        profile: &mut Option<StepProfile>,
    ) -> Result<Yield, Failure> {
        let start = Instant::now();
        let recording = Arc::new(PeakRecordingPool::new(Arc::clone(&self.env.memory_pool)));
        let context = self.task_context(&recording);
        let what = match &work {
            Work::RowChecks(RowChecks { members, .. }) if members.len() == 1 => {
                Failure::rule(&self.rules[members[0]].0.id)
            }
            work => work.what(name),
        };
        let result = {
            let (run, work, plan) = (Arc::clone(self), work.clone(), plan.clone());
            let (what, context) = (what.clone(), Arc::clone(&context));
            self.within(&what.clone(), async move {
                run.work(&what, &work, plan.as_ref(), parts.as_deref(), &context)
                    .await
            })
            .await
        };
        let result = match (result, &work) {
            // One of several rules is to blame, and the others are to answer.
            (Err(_), Work::RowChecks(checks)) if checks.members.len() > 1 => {
                Ok(self.row_checks_apart(checks, &context).await)
            }
            (Err(_), Work::Population(place, _)) if !self.populations[*place].rules.is_empty() => {
                self.population_apart(*place, &context).await
            }
            // Filled here: what was given up may still be at work, and must not come back later.
            (Ok(Yield::Table(batches)), Work::Shared(slot)) => {
                if let Some(plan) = &plan {
                    let source = Batches::new(plan.schema(), batches);
                    slot.fill(Rows::of(Arc::new(source)));
                }
                Ok(Yield::Table(Vec::new()))
            }
            (result, _) => result,
        };
        if self.profile {
            *profile = Some(StepProfile {
                name: name.to_owned(),
                elapsed: start.elapsed(),
                peak_bytes: recording.peak_reserved(),
                plan: plan.map_or_else(String::new, |plan| {
                    DisplayableExecutionPlan::with_metrics(plan.as_ref())
                        .indent(false)
                        .to_string()
                }),
            });
        }
        result
    }

    /// Does some work within the time limit, on a thread of its own. Work that lets others have their
    /// turn is stopped; what is stuck inside one function cannot be, and is left behind.
    pub(super) async fn within<T: Send + 'static>(
        &self,
        what: &Text,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let limit = self.time_limit;
        let threads = Handle::current();
        let task = tokio::task::spawn_blocking(move || {
            threads.block_on(tokio::time::timeout(limit, work))
        });
        match tokio::time::timeout(limit + GRACE, task).await {
            Ok(Ok(Ok(done))) => done,
            Ok(Ok(Err(_))) | Err(_) => Err(Failure::out_of_time(what, limit)),
            Ok(Err(error)) => {
                let error = DataFusionError::Execution(error.to_string());
                Err(Failure::from_error(what, &error, self.memory_limit))
            }
        }
    }

    fn task_context(&self, pool: &Arc<PeakRecordingPool>) -> Arc<TaskContext> {
        if self.profile {
            let pool: Arc<dyn MemoryPool> = Arc::clone(pool) as _;
            let env = RuntimeEnv {
                memory_pool: pool,
                ..self.env.as_ref().clone()
            };
            self.session.task(&Arc::new(env))
        } else {
            Arc::clone(&self.task)
        }
    }

    /// Tells those that wait, and frees tables that nobody will read again.
    fn release(&self, index: usize, result: &Result<Yield, Failure>) {
        let standing = match result {
            Ok(_) => Standing::Done,
            Err(failure) => Standing::Failed(failure.clone()),
        };
        self.standings[index].send_replace(standing);
        self.readers.release(index);
    }

    async fn work(
        self: &Arc<Self>,
        what: &Text,
        work: &Work,
        plan: Option<&Arc<dyn ExecutionPlan>>,
        parts: Option<&Parts>,
        context: &Arc<TaskContext>,
    ) -> Result<Yield, Failure> {
        let failed = |error: DataFusionError| Failure::from_error(what, &error, self.memory_limit);
        if let Work::Counting(counting) = work {
            let counts = Counts::collect(
                &counting.slot,
                counting.slot.rows(),
                &counting.child,
                &counting.subject,
            );
            let counts = counts.await.map_err(failed)?;
            return Ok(Yield::Counts(Arc::clone(counting), counts));
        }
        let Some(plan) = plan else {
            return Err(failed(DataFusionError::Plan("no plan".to_owned())));
        };
        match work {
            Work::Counting(_) => Ok(Yield::Table(Vec::new())),
            Work::Shared(_) => {
                let parts = match parts {
                    Some(parts) => parts.cut(self.threads).map_err(failed)?,
                    None => Vec::new(),
                };
                let batches = if parts.is_empty() {
                    self.collect(plan, context).await
                } else {
                    self.collect_parts(plan, parts).await
                };
                Ok(Yield::Table(batches.map_err(failed)?))
            }
            Work::Rule(rule) => {
                let batches = self.collect(plan, context).await.map_err(failed)?;
                let found = batches
                    .into_iter()
                    .map(|batch| Found { rule: *rule, batch })
                    .collect();
                Ok(Yield::Findings(found, Vec::new()))
            }
            Work::RowChecks(checks) => self.row_checks(what, checks, plan, context).await,
            Work::Population(place, subject) => {
                let rows = PopulationRows::collect(plan, context, subject).await;
                Ok(Yield::Population(*place, rows.map_err(failed)?, Vec::new()))
            }
        }
    }

    /// The rows of all parts, in order. The first is worked in the step's own turn, and
    /// the others come before every step that waits.
    async fn collect_parts(
        self: &Arc<Self>,
        plan: &Arc<dyn ExecutionPlan>,
        parts: Vec<Arc<TaskRows>>,
    ) -> Result<Vec<RecordBatch>, DataFusionError> {
        let mut tasks = JoinSet::new();
        for (place, rows) in parts.into_iter().enumerate() {
            let run = Arc::clone(self);
            let plan = reset_plan_states(Arc::clone(plan))?;
            let threads = Handle::current();
            // A part may get stuck as well, and must not take with it the threads that keep the time.
            tasks.spawn_blocking(move || {
                threads.block_on(async {
                    let turn = match place {
                        0 => None,
                        _ => Some(run.turns.take(0).await),
                    };
                    let context = rows.context(run.task.session_config(), &run.env);
                    let batches = run.collect(&plan, &context).await;
                    drop(turn);
                    (place, batches)
                })
            });
        }
        let mut done = BTreeMap::new();
        while let Some(part) = tasks.join_next().await {
            let (place, batches) = part.map_err(|error| DataFusionError::External(error.into()))?;
            done.insert(place, batches?);
        }
        Ok(done.into_values().flatten().collect())
    }

    pub(super) async fn collect(
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
