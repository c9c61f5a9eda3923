//! Running: steps wait for the tables they read, as many at a time as there are threads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use datafusion::common::DataFusionError;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::apart::PopulationParts;
use super::compile::NeedKind;
use super::failure::{EngineError, Failure};
use super::outcome::Outcome;
use super::plan::{Prepared, Step, Work};
use super::population::PopulationRows;
use super::row_checks::figure_places;
use super::scan::slots_of;
use super::slot::Slot;
use super::steps::{Readers, Run, Standing, StepDone, Yield};
use super::tally::Tally;
use super::turns::{Turns, places};
use crate::Tables;
use crate::pack::Need;

/// How often a run looks whether it is to stop.
const TICK: Duration = Duration::from_millis(50);

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
                let plan = self.steps[*index].plan.clone();
                Ok((*index, plan.map(reset_plan_states).transpose()?))
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
                let parts = steps[index].parts.clone();
                tasks.spawn(async move { run.step(index, name, work, reads, plan, parts).await });
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
        Ok(self.outcome(done, &absent)?)
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
                Work::Population(..) | Work::Counting(_) => true,
            };
            if runs {
                wanted.insert(index);
                wanted.extend(&step.reads);
            }
        }
        wanted.into_iter().collect()
    }

    fn shared_run(&self, wanted: &[usize]) -> Run {
        let threads = if self.settings.profile {
            1
        } else {
            self.settings.threads.max(1)
        };
        Run {
            session: self.session.clone(),
            task: self.session.task(&self.env),
            env: Arc::clone(&self.env),
            turns: Turns::new(threads),
            places: places(&self.steps, wanted),
            threads,
            time_limit: self.settings.time_limit,
            memory_limit: self.settings.memory_limit,
            as_of: self.settings.as_of,
            profile: self.settings.profile,
            rules: self
                .rules
                .iter()
                .map(|planned| (Arc::clone(&planned.rule), figure_places(&planned.rule)))
                .collect(),
            standings: self
                .steps
                .iter()
                .map(|_| watch::Sender::new(Standing::Open))
                .collect(),
            readers: self.readers(wanted),
            populations: self.populations.iter().map(PopulationParts::of).collect(),
            kept: AtomicUsize::new(0),
        }
    }

    /// Of every table that steps read how many of them do, and of every step what it reads.
    fn readers(&self, wanted: &[usize]) -> Readers {
        let shared = self.steps.iter().filter_map(|step| match &step.work {
            Work::Shared(slot) => Some((step.name.as_str(), slot)),
            _ => None,
        });
        let given = self.tables.iter().map(|(name, slot)| (name.as_str(), slot));
        let slots: BTreeMap<&str, &Arc<Slot>> = given.chain(shared).collect();
        let mut readers = Readers::default();
        let mut places = BTreeMap::new();
        readers.reads.resize_with(self.steps.len(), Vec::new);
        for index in wanted {
            let step = &self.steps[*index];
            let mut names = step.plan.as_ref().map(slots_of).unwrap_or_default();
            if let Work::Counting(counting) = &step.work {
                names.insert(counting.slot.name().to_owned());
            }
            for name in names {
                let Some((name, slot)) = slots.get_key_value(name.as_str()) else {
                    continue;
                };
                let place = *places.entry(*name).or_insert_with(|| {
                    readers.tables.push((Arc::clone(slot), AtomicUsize::new(0)));
                    readers.tables.len() - 1
                });
                *readers.tables[place].1.get_mut() += 1;
                readers.reads[*index].push(place);
            }
        }
        readers
    }

    fn outcome(
        &self,
        done: Vec<StepDone>,
        absent: &BTreeMap<(usize, usize), Need>,
    ) -> Result<Outcome, DataFusionError> {
        let mut found = Vec::new();
        let mut failures: Vec<Failure> = Vec::new();
        let mut profile = Vec::new();
        let mut populations: Vec<PopulationRows> = self
            .populations
            .iter()
            .map(|_| PopulationRows::default())
            .collect();
        let mut counted = Vec::new();
        for step in done {
            profile.extend(step.profile);
            match step.result {
                Ok(Yield::Table(_)) => {}
                Ok(Yield::Findings(rows, failed)) => {
                    found.extend(rows);
                    failures.extend(failed);
                }
                Ok(Yield::Population(place, rows, failed)) => {
                    populations[place] = rows;
                    failures.extend(failed);
                }
                Ok(Yield::Counts(counting, counts)) => counted.push((counting, counts)),
                Err(failure) => {
                    failures.extend(self.failures_of(&self.steps[step.index], &failure));
                }
            }
        }
        for (counting, counts) in counted {
            let needs = &self.populations[counting.population].compiled.child_needs;
            populations[counting.population].add(counting.place, &counts, needs)?;
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
        let rules = step.work.rules(&self.populations).into_iter();
        rules
            .map(|rule| failure.clone().of(&self.rules[rule].rule.id))
            .collect()
    }
}
