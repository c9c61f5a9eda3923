//! One draft checked at once: rules planned beforehand, rows of one subject, its findings and answers.
//!
//! Only rules that whoever files may see are planned here; there is no way to ask for others. Plans
//! are shared by all checks, rows belong to one check each and travel with its task, so that checks
//! side by side never meet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionConfig;
use futures::StreamExt;
use tokio::runtime::Runtime;

use super::Settings;
use super::answers::{Answer, absent_reason, need_reason};
use super::counts::Counts;
use super::failure::{EngineError, Failure, FailureCause};
use super::finding::Finding;
use super::lanes::Lanes;
use super::lasting::fold;
use super::plan::{Counting, PlannedPopulation, PlannedRule, Prepared, RowChecks, Step, Work};
use super::population::PopulationRows;
use super::row_checks::figure_places;
use super::scan::slots_of;
use super::session::Session;
use super::slot::{Rows, Slot};
use super::tally::{Found, Tally};
use super::task_rows::TaskRows;
use crate::figure::Labels;
use crate::items::Items;
use crate::pack::{Audience, Need, Pack, Param, Reach, Rule};
use crate::{Batches, Tables, Text};

/// Rows that statements hand on at a time. Operators make room for as many beforehand, column by
/// column: with DataFusion's 8192 a draft of ten rows would mostly allocate.
const BATCH_ROWS: usize = 64;

/// What checks of drafts are told beforehand.
#[derive(Clone, Debug)]
pub struct DraftSettings {
    /// The only date that rules may see. A new day needs a new [`DraftCheck`].
    pub as_of: jiff::civil::Date,
    /// Values for parameters, by rule and name.
    pub params: BTreeMap<(String, String), Param>,
    /// How the values of choices are called in sentences.
    pub labels: Labels,
    /// Bytes that all checks together may hold in memory.
    pub memory_limit: usize,
    /// Time that one rule may take.
    pub time_limit: Duration,
    /// Checks that run at the same time; others wait their turn.
    pub at_once: usize,
}

impl DraftSettings {
    /// Everything by default: 256 MiB, two seconds a rule, as many checks at once as there are cores.
    pub fn new(as_of: jiff::civil::Date) -> Self {
        Self {
            as_of,
            params: BTreeMap::new(),
            labels: Labels::new(),
            memory_limit: 256 << 20,
            time_limit: Duration::from_secs(2),
            at_once: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        }
    }
}

/// A rule's answer about the draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftAnswer {
    /// The rule. One that does not apply to the draft at all gives no answer.
    pub rule: String,
    /// What it says.
    pub answer: Answer,
    /// Why it could not compare.
    pub because: Option<Text>,
}

/// What a check says about a draft.
#[derive(Clone, Debug, Default)]
pub struct DraftOutcome {
    /// In order of rule and key.
    pub findings: Vec<Finding>,
    /// In order of rule.
    pub answers: Vec<DraftAnswer>,
    /// Rules that gave no answer.
    pub failures: Vec<Failure>,
}

/// The rules that whoever files may see, planned once, for any number of checks at the same time.
///
/// ```text
/// let check = DraftCheck::new(&pack, Some(&items), "project", settings, &registers)?;
/// // on any thread, as often as one likes:
/// let outcome = check.check(&tables, "99010120250001", &BTreeSet::new());
/// ```
pub struct DraftCheck {
    kind: String,
    settings: DraftSettings,
    labels: Arc<Labels>,
    rules: Vec<PlannedRule>,
    populations: Vec<PlannedPopulation>,
    /// Those that read a draft's rows, each after those whose tables it reads.
    steps: Vec<(usize, Step)>,
    absent: BTreeMap<(usize, usize), Need>,
    session: Session,
    env: Arc<RuntimeEnv>,
    config: SessionConfig,
    /// Tables whose ids of subjects some statement wants numbered.
    numbered: Vec<Arc<Slot>>,
    /// Holds what is kept of the reference tables.
    _kept: MemoryReservation,
    lanes: Lanes,
}

impl DraftCheck {
    /// Plans the rules for drafts about subjects of `kind`. `reference` holds the tables that are
    /// the same for every draft, such as registers; shared tables made of nothing else are made here,
    /// once. A table that the pack calls optional and that is not among them is absent.
    ///
    /// # Errors
    /// Every statement that cannot be planned, with file and line; a reference table that cannot
    /// be read; a rule's shared table that cannot be made of reference tables.
    pub fn new(
        pack: &Pack,
        items: Option<&Items>,
        kind: &str,
        settings: DraftSettings,
        reference: &Tables,
    ) -> Result<Self, EngineError> {
        let mut planning = Settings::new(settings.as_of, Audience::Filer);
        planning.params.clone_from(&settings.params);
        planning.labels = settings.labels.clone();
        planning.memory_limit = settings.memory_limit;
        planning.threads = 1;
        // A draft is a handful of rows; what it is compared with may be many.
        planning.rows = pack
            .tables
            .iter()
            .map(|table| {
                let rows = reference.get(&table.name).and_then(|source| source.rows());
                (table.name.clone(), rows.unwrap_or(1))
            })
            .collect();
        let prepared = Prepared::planned(pack, items, planning, Session::for_tasks)?;
        let lasting = lasting_tables(pack, reference);
        let kept = prepared.fill(&lasting)?;
        let absent = prepared.absent_needs(&with_filing_tables(pack, &lasting));
        let wanted = prepared.wanted_steps(&absent);
        let Prepared {
            runtime,
            session,
            env,
            tables,
            steps,
            rules,
            populations,
            ..
        } = prepared;
        // It planned and has nothing left to do; dropping it could block.
        runtime.shutdown_background();
        let is_numbered = |slot: &Arc<Slot>| {
            let number = slot.number();
            number.is_some_and(|number| slot.is_read(number.column))
        };
        let numbered = tables.into_values().filter(is_numbered).collect();
        let mut check = Self {
            kind: kind.to_owned(),
            labels: Arc::new(settings.labels.clone()),
            settings,
            rules,
            populations,
            steps: Vec::new(),
            absent,
            config: session.config().clone().with_batch_size(BATCH_ROWS),
            session,
            env,
            numbered,
            _kept: kept,
            lanes: Lanes::new(1)?,
        };
        check.make_lasting(pack, steps, &wanted)?;
        check.lanes = Lanes::new(check.settings.at_once)?;
        Ok(check)
    }

    /// Makes the shared tables that no draft can change, and keeps the steps that one can.
    fn make_lasting(
        &mut self,
        pack: &Pack,
        steps: Vec<Step>,
        wanted: &[usize],
    ) -> Result<(), EngineError> {
        let constants: BTreeSet<String> = pack.constants.names().map(str::to_owned).collect();
        let mut lasting: BTreeSet<String> = pack.optional.union(&constants).cloned().collect();
        // The numbers of subjects are another draft's in the next check.
        lasting.retain(|table| self.numbered.iter().all(|slot| slot.name() != table));
        let context = self.session.task(&self.env);
        for (index, mut step) in steps.into_iter().enumerate() {
            if !wanted.contains(&index) {
                continue;
            }
            if let Work::Shared(slot) = &step.work
                && let Some(plan) = &step.plan
                && slots_of(plan).is_subset(&lasting)
            {
                let batches = self
                    .lanes
                    .run(|runtime| runtime.block_on(collect(plan, &context)))?;
                let made = Batches::new(plan.schema(), batches);
                slot.fill(Rows::of(Arc::new(made)));
                lasting.insert(step.name);
                continue;
            }
            if let Some(plan) = &step.plan {
                let folding = fold(plan, &lasting, &context);
                let folded = self.lanes.run(|runtime| runtime.block_on(folding))?;
                step.plan = Some(folded);
            }
            self.steps.push((index, step));
        }
        Ok(())
    }

    /// The rules that a draft is checked by.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|planned| planned.rule.as_ref())
    }

    /// The day that the rules were planned for.
    pub fn as_of(&self) -> jiff::civil::Date {
        self.settings.as_of
    }

    /// Checks one draft and waits for the answer, and for its turn while as many checks run as may.
    /// Blocks: asynchronous callers use a thread that may.
    ///
    /// `tables` holds the rows of the subject; tables that it has no rows in may be left out. It may
    /// hold rows of other subjects that the subject's own are to be compared with; nothing is said
    /// about those. A rule that reaches beyond the record and finds nothing has only passed if all
    /// it would compare with was there: when `compared` names it. Otherwise its answer is
    /// [`Answer::NotApplicable`], never a pass.
    ///
    /// A rule that fails is named in the outcome, and the others answer.
    pub fn check(
        &self,
        tables: &Tables,
        subject: &str,
        compared: &BTreeSet<String>,
    ) -> DraftOutcome {
        self.lanes
            .run(|runtime| self.check_on(runtime, tables, subject, compared))
    }

    fn check_on(
        &self,
        runtime: &Runtime,
        tables: &Tables,
        subject: &str,
        compared: &BTreeSet<String>,
    ) -> DraftOutcome {
        let rows = match TaskRows::new(tables, &self.numbered) {
            Ok(rows) => Arc::new(rows),
            Err(error) => return self.failed_whole(&DataFusionError::External(error)),
        };
        let context = rows.context(&self.config, &self.env);
        let mut gathered = Gathered {
            populations: self
                .populations
                .iter()
                .map(|_| PopulationRows::default())
                .collect(),
            ..Gathered::default()
        };
        runtime.block_on(async {
            for (index, step) in &self.steps {
                if let Err(failure) = self.step(step, &rows, &context, &mut gathered).await {
                    self.failed(*index, step, failure, &context, &mut gathered)
                        .await;
                }
            }
        });
        match self.outcome(gathered, subject, compared) {
            Ok(outcome) => outcome,
            Err(error) => self.failed_whole(&error),
        }
    }

    /// No rule gives an answer.
    fn failed_whole(&self, error: &DataFusionError) -> DraftOutcome {
        let rules = self.rules().map(|rule| rule.id.as_str());
        DraftOutcome {
            failures: rules
                .map(|rule| Failure::from_error(rule, error, self.settings.memory_limit))
                .collect(),
            ..DraftOutcome::default()
        }
    }

    async fn step(
        &self,
        step: &Step,
        rows: &Arc<TaskRows>,
        context: &Arc<TaskContext>,
        gathered: &mut Gathered,
    ) -> Result<(), Failure> {
        for table in &step.reads {
            if let Some(failure) = gathered.failed_tables.get(table) {
                return Err(failure.clone());
            }
        }
        let limit = self.settings.time_limit;
        match tokio::time::timeout(limit, self.work(step, rows, context, gathered)).await {
            Ok(done) => done.map_err(|error| {
                Failure::from_error(&step.name, &error, self.settings.memory_limit)
            }),
            Err(_) => Err(Failure::out_of_time(&step.name, limit)),
        }
    }

    /// Names the rules that a failed step leaves without an answer.
    async fn failed(
        &self,
        index: usize,
        step: &Step,
        failure: Failure,
        context: &Arc<TaskContext>,
        gathered: &mut Gathered,
    ) {
        match &step.work {
            Work::Shared(_) => {
                gathered.failed_tables.insert(index, failure);
            }
            Work::RowChecks(checks) if failure.cause == FailureCause::Execution => {
                self.row_checks_alone(checks, context, gathered).await;
            }
            work => self.fail(&work.rules(&self.populations), &failure, gathered),
        }
    }

    async fn work(
        &self,
        step: &Step,
        rows: &Arc<TaskRows>,
        context: &Arc<TaskContext>,
        gathered: &mut Gathered,
    ) -> Result<(), DataFusionError> {
        if let Work::Counting(counting) = &step.work {
            let slot = &counting.slot;
            let counts = Counts::collect(slot, rows.get(slot), &counting.child, &counting.subject);
            gathered.counted.push((Arc::clone(counting), counts.await?));
            return Ok(());
        }
        let Some(plan) = &step.plan else {
            return Err(DataFusionError::Plan("no plan".to_owned()));
        };
        if let Work::Population(place, subject) = &step.work {
            let plan = reset_plan_states(Arc::clone(plan))?;
            gathered.populations[*place] = PopulationRows::collect(&plan, context, subject).await?;
            return Ok(());
        }
        let batches = collect(plan, context).await?;
        match &step.work {
            Work::Shared(_) => {
                let made = Batches::new(plan.schema(), batches);
                rows.insert(&step.name, Rows::of(Arc::new(made)));
            }
            Work::Rule(rule) => gathered.found.extend(
                batches
                    .into_iter()
                    .map(|batch| Found { rule: *rule, batch }),
            ),
            Work::RowChecks(checks) => {
                let found = checks.split(&batches, |member| self.figures(member));
                gathered.found.extend(found);
            }
            Work::Population(..) | Work::Counting(_) => {}
        }
        Ok(())
    }

    /// Each check of a group by itself, so that one division by zero costs one answer.
    async fn row_checks_alone(
        &self,
        checks: &RowChecks,
        context: &Arc<TaskContext>,
        gathered: &mut Gathered,
    ) {
        for member in &checks.members {
            let rule = &self.rules[*member].rule;
            let rows = async {
                let plan = checks
                    .plan_alone(&self.session, self.settings.as_of, rule)
                    .await?;
                collect(&plan, context).await
            };
            match rows.await {
                Ok(batches) => {
                    let found = checks
                        .alone(*member)
                        .split(&batches, |member| self.figures(member));
                    gathered.found.extend(found);
                }
                Err(error) => {
                    let failure = Failure::from_error(&rule.id, &error, self.settings.memory_limit);
                    gathered.failures.push(failure);
                }
            }
        }
    }

    fn figures(&self, member: usize) -> usize {
        figure_places(&self.rules[member].rule).len()
    }

    fn fail(&self, rules: &[usize], failure: &Failure, gathered: &mut Gathered) {
        for rule in rules {
            gathered.failures.push(Failure {
                rule: self.rules[*rule].rule.id.clone(),
                ..failure.clone()
            });
        }
    }

    fn outcome(
        &self,
        mut gathered: Gathered,
        subject: &str,
        compared: &BTreeSet<String>,
    ) -> Result<DraftOutcome, DataFusionError> {
        for (counting, counts) in gathered.counted {
            let needs = &self.populations[counting.population].compiled.child_needs;
            gathered.populations[counting.population].add(counting.place, &counts, needs)?;
        }
        gathered.failures.sort_by(|a, b| a.rule.cmp(&b.rule));
        gathered.failures.dedup_by(|a, b| a.rule == b.rule);
        let failures = gathered.failures;
        let outcome = Tally {
            rules: &self.rules,
            populations: &self.populations,
            rows: gathered.populations,
            absent: &self.absent,
            labels: &self.labels,
        }
        .outcome(gathered.found, failures.clone(), Vec::new())?;
        let findings: Vec<Finding> = (0..outcome.len())
            .filter(|index| outcome.is_about(*index, &self.kind, subject))
            .map(|index| outcome.finding(index))
            .collect();
        let Some(population) = self
            .populations
            .iter()
            .position(|population| population.subject.kind == self.kind)
        else {
            return Ok(DraftOutcome {
                findings,
                answers: Vec::new(),
                failures,
            });
        };
        let mut answers = Vec::new();
        for (rule, code) in outcome.codes_of(population, subject) {
            let id = &self.rules[rule].rule.id;
            if failures.iter().any(|failure| failure.rule == *id) {
                continue;
            }
            let (answer, because) = if findings.iter().any(|finding| finding.rule == *id) {
                (Answer::Flagged, None)
            } else if let Some(text) = self.why_not(population, rule, code, compared) {
                (Answer::NotApplicable, Some(text))
            } else {
                (Answer::Passed, None)
            };
            answers.push(DraftAnswer {
                rule: id.clone(),
                answer,
                because,
            });
        }
        answers.sort_by(|a, b| a.rule.cmp(&b.rule));
        Ok(DraftOutcome {
            findings,
            answers,
            failures,
        })
    }

    /// Why a rule that found nothing could not compare.
    fn why_not(
        &self,
        population: usize,
        rule: usize,
        code: u8,
        compared: &BTreeSet<String>,
    ) -> Option<Text> {
        if let Some(need) = self.absent.get(&(rule, population)) {
            return Some(absent_reason(need, 1).text);
        }
        if code > 0 {
            let (_, needs) = self.populations[population]
                .rules
                .iter()
                .find(|(counted, _)| *counted == rule)?;
            return Some(need_reason(needs.get(usize::from(code) - 1)?, 1).text);
        }
        let planned = &self.rules[rule].rule;
        let looks_further = planned.reach != Reach::Record && !compared.contains(&planned.id);
        looks_further.then(|| {
            Text::new(
                "没有与其他填报比对",
                "it was not compared with other filings",
            )
        })
    }
}

/// What the steps of a check gave so far.
#[derive(Default)]
struct Gathered {
    found: Vec<Found>,
    populations: Vec<PopulationRows>,
    counted: Vec<(Arc<Counting>, Counts)>,
    failures: Vec<Failure>,
    /// By step.
    failed_tables: BTreeMap<usize, Failure>,
}

/// The rows of a plan of its own: plans keep state, which every run must begin anew.
pub(super) async fn collect(
    plan: &Arc<dyn ExecutionPlan>,
    context: &Arc<TaskContext>,
) -> Result<Vec<RecordBatch>, DataFusionError> {
    let mut stream = execute_stream(reset_plan_states(Arc::clone(plan))?, Arc::clone(context))?;
    let mut batches = Vec::new();
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        if batch.num_rows() > 0 {
            batches.push(batch);
        }
    }
    Ok(batches)
}

/// The reference tables and the pack's own.
fn lasting_tables(pack: &Pack, reference: &Tables) -> Tables {
    let mut lasting = reference.clone();
    for name in pack.constants.names() {
        if let Some(source) = pack.constants.get(name) {
            lasting.insert(name, Arc::clone(source));
        }
    }
    lasting
}

/// The same and, without rows, every table that a filing always has.
fn with_filing_tables(pack: &Pack, lasting: &Tables) -> Tables {
    let mut tables = lasting.clone();
    for declared in &pack.tables {
        if !pack.optional.contains(&declared.name) && tables.get(&declared.name).is_none() {
            let empty = Batches::new(declared.schema(), Vec::new());
            tables.insert(&declared.name, Arc::new(empty));
        }
    }
    tables
}
