//! A pack as it is run: statements with their plans, and what becomes of their rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::physical_plan::ExecutionPlan;

use super::Settings;
use super::compile::{Child, NeedKind, Population};
use super::counts::key_column;
use super::failure::{EngineError, Failure};
use super::kept_plans::{KeptPlans, StatementKey};
use super::parts::Parts;
use super::planner::Planner;
use super::runtime::Threads;
use super::session::Session;
use super::slot::Slot;
use crate::Text;
use crate::items::Items;
use crate::pack::{Pack, Rule, Subject};

/// A pack planned for one kind of run. Running it again with other tables costs no planning.
pub struct Prepared {
    pub(super) runtime: Threads,
    pub(super) session: Session,
    pub(super) env: Arc<RuntimeEnv>,
    pub(super) settings: Settings,
    pub(super) tables: BTreeMap<String, Arc<Slot>>,
    pub(super) steps: Vec<Step>,
    pub(super) rules: Vec<PlannedRule>,
    pub(super) populations: Vec<PlannedPopulation>,
}

/// One statement of the run.
pub(super) struct Step {
    /// Of its statement.
    pub key: Option<StatementKey>,
    /// Whether its plan is one that an earlier run made.
    pub is_kept: bool,
    pub name: String,
    pub work: Work,
    /// None for steps that are no statement.
    pub plan: Option<Arc<dyn ExecutionPlan>>,
    /// Steps whose tables this one reads.
    pub reads: Vec<usize>,
    /// How it is cut to be worked side by side.
    pub parts: Option<Arc<Parts>>,
}

/// What becomes of a step's rows.
#[derive(Clone)]
pub(super) enum Work {
    /// They fill a table that other steps read.
    Shared(Arc<Slot>),
    /// They are findings of a rule.
    Rule(usize),
    /// They are findings of several row checks.
    RowChecks(RowChecks),
    /// They are the subjects of a kind.
    Population(usize, Subject),
    /// A child table is counted for a kind of subject.
    Counting(Arc<Counting>),
}

impl Work {
    /// What a message calls a step of this name.
    pub(super) fn what(&self, name: &str) -> Text {
        match self {
            Self::Shared(_) => {
                Text::new(format!("共享表 {name}"), format!("the shared table {name}"))
            }
            Self::Rule(_) => Failure::rule(name),
            Self::RowChecks(checks) => checks.what(),
            Self::Population(_, subject) => Text::new(
                format!("主体“{}”的清点", subject.kind),
                format!("counting the subjects `{}`", subject.kind),
            ),
            Self::Counting(counting) => {
                let (table, kind) = (&counting.child.table, &counting.subject.kind);
                Text::new(
                    format!("按主体“{kind}”清点表 {table}"),
                    format!("counting the rows of {table} for each `{kind}`"),
                )
            }
        }
    }

    /// The rules that have no answer when this fails. Those that read a shared table fail by themselves.
    pub(super) fn rules(&self, populations: &[PlannedPopulation]) -> Vec<usize> {
        match self {
            Self::Shared(_) => Vec::new(),
            Self::Rule(rule) => vec![*rule],
            Self::RowChecks(checks) => checks.members.clone(),
            Self::Population(place, _) => {
                let counted = populations[*place].rules.iter();
                counted.map(|(rule, _)| *rule).collect()
            }
            Self::Counting(counting) => {
                let population = &populations[counting.population];
                let needing = population
                    .rules
                    .iter()
                    .zip(&population.compiled.child_needs);
                needing
                    .filter(|(_, needs)| needs.iter().any(|need| need.child == counting.place))
                    .map(|((rule, _), _)| *rule)
                    .collect()
            }
        }
    }
}

/// A child table that is counted for a kind of subject.
pub(super) struct Counting {
    pub population: usize,
    /// The child's place among those of the population.
    pub place: usize,
    pub child: Child,
    pub subject: Subject,
    pub slot: Arc<Slot>,
}

/// Row checks that are compiled into one SELECT.
#[derive(Clone)]
pub(super) struct RowChecks {
    pub over: String,
    pub id: String,
    pub has_row_no: bool,
    /// The rules, in the order of their flags among the columns.
    pub members: Vec<usize>,
}

/// A rule with the parameters of this run and the shape of what it yields.
pub(super) struct PlannedRule {
    pub rule: Arc<Rule>,
    pub layout: Arc<Layout>,
}

/// One kind of subject and the rules counted over it.
pub(super) struct PlannedPopulation {
    pub subject: Subject,
    pub rules: Vec<(usize, Vec<NeedKind>)>,
    pub compiled: Population,
}

/// Where a finding's parts stand among the columns of a rule's rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    pub subject: usize,
    pub subject_kind: Option<usize>,
    pub related: Option<usize>,
    pub severity: Option<usize>,
    pub money: Option<usize>,
    pub items: Option<usize>,
    pub rows: Vec<(String, usize)>,
    pub figures: Vec<(String, usize)>,
}

impl Layout {
    pub(super) fn of(schema: &Schema) -> Option<Self> {
        let mut layout = Self::default();
        let mut subject = None;
        for (index, field) in schema.fields().iter().enumerate() {
            match field.name().as_str() {
                "subject" => subject = Some(index),
                "subject_kind" => layout.subject_kind = Some(index),
                "related" => layout.related = Some(index),
                "severity" => layout.severity = Some(index),
                "money_fen" => layout.money = Some(index),
                "items" => layout.items = Some(index),
                name => match name.strip_prefix("row_") {
                    Some(table) => layout.rows.push((table.to_owned(), index)),
                    None => layout.figures.push((name.to_owned(), index)),
                },
            }
        }
        layout.subject = subject?;
        Some(layout)
    }
}

impl Prepared {
    /// Plans the rules of `pack` that `settings` asks for. `items` is what `items` is derived from.
    ///
    /// # Errors
    /// Every statement that cannot be planned, with file and line.
    pub fn new(
        pack: &Pack,
        items: Option<&Items>,
        settings: Settings,
    ) -> Result<Self, EngineError> {
        Self::planned(pack, items, settings, Session::new)
    }

    /// Plans in a session of this make.
    pub(super) fn planned(
        pack: &Pack,
        items: Option<&Items>,
        settings: Settings,
        session: impl Fn(&Arc<RuntimeEnv>) -> Session,
    ) -> Result<Self, EngineError> {
        let runtime = Threads::new(settings.threads)?;
        let pool: Arc<dyn MemoryPool> = Arc::new(FairSpillPool::new(settings.memory_limit));
        let env = RuntimeEnvBuilder::new()
            .with_memory_pool(pool)
            .build_arc()
            .map_err(|error| EngineError::Machine(error.strip_backtrace()))?;
        let session = session(&env);
        let mut planner = Planner::new(pack, items, &settings, &session);
        let (rules, populations, mut steps) = runtime.block_on(async {
            let (rules, populations) = planner.plan().await;
            let steps = planner.steps().await?;
            Ok::<_, EngineError>((rules, populations, steps))
        })?;
        let tables = planner.tables;
        let counting = counting_steps(&steps, &tables, &populations);
        steps.extend(counting);
        Ok(Self {
            runtime,
            session,
            env,
            settings,
            tables,
            steps,
            rules,
            populations,
        })
    }

    /// The rules that run, with the parameters they run with.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|planned| planned.rule.as_ref())
    }

    /// What the run was asked to do.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many statements were planned anew, and how many as an earlier run did.
    pub fn statements(&self) -> (usize, usize) {
        let planned = self.steps.iter().filter(|step| step.key.is_some());
        let (taken, anew): (Vec<_>, Vec<_>) = planned.partition(|step| step.is_kept);
        (anew.len(), taken.len())
    }

    /// The plans of this run, for another one to take; none where it took all of them itself.
    pub fn plans_to_keep(&self) -> Option<KeptPlans> {
        if self.statements().0 == 0 {
            return None;
        }
        let mut kept = KeptPlans::default();
        for step in &self.steps {
            if let (Some(key), Some(plan)) = (step.key, &step.plan) {
                kept.keep(key, plan);
            }
        }
        Some(kept)
    }

    /// Name and plan of every statement, for tests and for authors of rules.
    pub fn plans(&self) -> impl Iterator<Item = (&str, String)> {
        self.steps.iter().filter_map(|step| {
            let shown = datafusion::physical_plan::displayable(step.plan.as_ref()?.as_ref());
            Some((step.name.as_str(), shown.indent(false).to_string()))
        })
    }
}

/// One step for each child table of each kind of subject.
fn counting_steps(
    steps: &[Step],
    tables: &BTreeMap<String, Arc<Slot>>,
    populations: &[PlannedPopulation],
) -> Vec<Step> {
    let mut counting = Vec::new();
    for (population, planned) in populations.iter().enumerate() {
        for (place, child) in planned.compiled.children.iter().enumerate() {
            let shared = steps.iter().enumerate().find_map(|(index, step)| {
                let Work::Shared(slot) = &step.work else {
                    return None;
                };
                (step.name == child.table).then_some((index, slot))
            });
            let slot = shared.map(|(_, slot)| slot).or(tables.get(&child.table));
            let Some(slot) = slot else { continue };
            let sets = child.sets.iter().flatten();
            let mut columns: Vec<usize> = sets
                .filter_map(|name| slot.schema().index_of(name).ok())
                .chain(key_column(slot, &planned.subject))
                .collect();
            columns.sort_unstable();
            columns.dedup();
            slot.will_read(&columns);
            counting.push(Step {
                key: None,
                is_kept: false,
                name: format!("rows of {} for each {}", child.table, planned.subject.kind),
                work: Work::Counting(Arc::new(Counting {
                    population,
                    place,
                    child: child.clone(),
                    subject: planned.subject.clone(),
                    slot: Arc::clone(slot),
                })),
                plan: None,
                parts: None,
                reads: shared.map(|(index, _)| index).into_iter().collect(),
            });
        }
    }
    counting
}

impl From<DataFusionError> for EngineError {
    fn from(error: DataFusionError) -> Self {
        Self::Machine(error.strip_backtrace())
    }
}
