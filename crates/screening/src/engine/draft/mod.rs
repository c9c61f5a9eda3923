//! One draft checked at once: rules planned beforehand, rows of one subject, its findings and answers.
//!
//! Only rules that whoever files may see are planned here; there is no way to ask for others. Plans
//! are shared by all checks, rows belong to one check each and travel with its task, so that checks
//! side by side never meet.

mod check;
mod concatenation;
mod lasting;
mod plain_projection;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use datafusion::common::DataFusionError;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::SessionConfig;

use super::Settings;
use super::answers::Answer;
use super::failure::{EngineError, Failure};
use super::finding::Finding;
use super::lanes::Lanes;
use super::plan::{PlannedPopulation, PlannedRule, Prepared, Step, Work};
use super::scan::slots_of;
use super::session::Session;
use super::slot::{Rows, Slot};
use crate::figure::Labels;
use crate::items::Items;
use crate::pack::{Audience, Need, Pack, Param, Rule};
use crate::{Batches, Tables, Text};
use check::{Check, collect};
use lasting::fold;

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
        prepared.fill(&lasting)?;
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
        // It planned and has nothing left to do.
        drop(runtime);
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
            .run(|runtime| match Check::new(self, tables) {
                Ok(mut check) => {
                    runtime.block_on(check.run());
                    check.outcome(subject, compared)
                }
                Err(error) => Err(DataFusionError::External(error)),
            })
            .unwrap_or_else(|error| self.failed_whole(&error))
    }

    /// No rule gives an answer.
    fn failed_whole(&self, error: &DataFusionError) -> DraftOutcome {
        let rules = self.rules().map(|rule| rule.id.as_str());
        DraftOutcome {
            failures: rules
                .map(|rule| {
                    let what = Failure::rule(rule);
                    Failure::from_error(&what, error, self.settings.memory_limit).of(rule)
                })
                .collect(),
            ..DraftOutcome::default()
        }
    }
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
