//! One check of a draft: every step over its rows, then what that says of its subject.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;

use super::{DraftAnswer, DraftCheck, DraftOutcome};
use crate::engine::answers::{Answer, absent_reason, need_reason};
use crate::engine::apart::PopulationParts;
use crate::engine::counts::Counts;
use crate::engine::failure::{Failure, FailureCause};
use crate::engine::finding::Finding;
use crate::engine::plan::{Counting, RowChecks, Step, Work};
use crate::engine::population::PopulationRows;
use crate::engine::row_checks::figure_places;
use crate::engine::slot::Rows;
use crate::engine::tally::{Found, Tally};
use crate::engine::task_rows::TaskRows;
use crate::pack::Reach;
use crate::{Batches, SourceError, Tables, Text};

/// A check on its way: the rows of its draft, and what the steps gave so far.
pub(super) struct Check<'a> {
    desk: &'a DraftCheck,
    rows: Arc<TaskRows>,
    context: Arc<TaskContext>,
    found: Vec<Found>,
    populations: Vec<PopulationRows>,
    counted: Vec<(Arc<Counting>, Counts)>,
    failures: Vec<Failure>,
    /// By step.
    failed_tables: BTreeMap<usize, Failure>,
}

impl<'a> Check<'a> {
    pub(super) fn new(desk: &'a DraftCheck, tables: &Tables) -> Result<Self, SourceError> {
        let rows = Arc::new(TaskRows::new(tables, &desk.numbered)?);
        let populations = desk.populations.iter();
        Ok(Self {
            desk,
            context: rows.context(&desk.config, &desk.env),
            rows,
            found: Vec::new(),
            populations: populations.map(|_| PopulationRows::default()).collect(),
            counted: Vec::new(),
            failures: Vec::new(),
            failed_tables: BTreeMap::new(),
        })
    }

    /// Takes every step. One that fails costs the rules that wait for it, and the others go on.
    pub(super) async fn run(&mut self) {
        for (index, step) in &self.desk.steps {
            if let Err(failure) = self.step(step).await {
                self.failed(*index, step, failure).await;
            }
        }
    }

    async fn step(&mut self, step: &Step) -> Result<(), Failure> {
        let failed = step.reads.iter().find_map(|it| self.failed_tables.get(it));
        if let Some(failure) = failed {
            return Err(failure.clone());
        }
        let limit = self.desk.settings.time_limit;
        match tokio::time::timeout(limit, self.work(step)).await {
            Ok(done) => done.map_err(|error| self.failure(&step.work.what(&step.name), &error)),
            Err(_) => Err(Failure::out_of_time(&step.work.what(&step.name), limit)),
        }
    }

    async fn work(&mut self, step: &Step) -> Result<(), DataFusionError> {
        if let Work::Counting(counting) = &step.work {
            let slot = &counting.slot;
            let rows = self.rows.get(slot);
            let counts = Counts::collect(slot, rows, &counting.child, &counting.subject).await?;
            self.counted.push((Arc::clone(counting), counts));
            return Ok(());
        }
        let Some(plan) = &step.plan else {
            return Err(DataFusionError::Plan("no plan".to_owned()));
        };
        if let Work::Population(place, subject) = &step.work {
            let plan = reset_plan_states(Arc::clone(plan))?;
            self.populations[*place] =
                PopulationRows::collect(&plan, &self.context, subject).await?;
            return Ok(());
        }
        let batches = collect(plan, &self.context).await?;
        match &step.work {
            Work::Shared(_) => {
                let made = Batches::new(plan.schema(), batches);
                self.rows.insert(&step.name, Rows::of(Arc::new(made)));
            }
            Work::Rule(rule) => {
                let found = batches.into_iter();
                self.found
                    .extend(found.map(|batch| Found { rule: *rule, batch }));
            }
            Work::RowChecks(checks) => {
                let found = checks.split(&batches, |member| self.figures(member));
                self.found.extend(found);
            }
            Work::Population(..) | Work::Counting(_) => {}
        }
        Ok(())
    }

    /// Names the rules that a failed step leaves without an answer.
    async fn failed(&mut self, index: usize, step: &Step, failure: Failure) {
        match &step.work {
            Work::Shared(_) => {
                self.failed_tables.insert(index, failure);
            }
            Work::RowChecks(checks) if failure.cause == FailureCause::Execution => {
                self.row_checks_alone(checks).await;
            }
            Work::Population(place, _) if failure.cause == FailureCause::Execution => {
                if let Err(error) = self.population_alone(*place).await {
                    let failure = self.failure(&step.work.what(&step.name), &error);
                    self.none_answers(&step.work, &failure);
                }
            }
            work => self.none_answers(work, &failure),
        }
    }

    fn none_answers(&mut self, work: &Work, failure: &Failure) {
        for rule in work.rules(&self.desk.populations) {
            let id = &self.desk.rules[rule].rule.id;
            self.failures.push(failure.clone().of(id));
        }
    }

    /// The subjects of a kind, and each rule's answers by themselves.
    async fn population_alone(&mut self, place: usize) -> Result<(), DataFusionError> {
        let parts = PopulationParts::of(&self.desk.populations[place]);
        let (session, as_of) = (&self.desk.session, self.desk.settings.as_of);
        let mut rows = parts.subjects(session, as_of, &self.context).await?;
        for (rule, needs) in &parts.rules {
            let rule = &self.desk.rules[*rule].rule;
            let answers = parts.answers(session, as_of, &self.context, rule, needs);
            match answers.await {
                Ok(answers) => rows.push_answers(answers),
                Err(error) => {
                    rows.push_answers(vec![0; rows.len()]);
                    let failure = self.failure(&Failure::rule(&rule.id), &error);
                    self.failures.push(failure.of(&rule.id));
                }
            }
        }
        self.populations[place] = rows;
        Ok(())
    }

    /// Each check of a group by itself, so that one division by zero costs one answer.
    async fn row_checks_alone(&mut self, checks: &RowChecks) {
        for member in &checks.members {
            let rule = &self.desk.rules[*member].rule;
            let rows = async {
                let as_of = self.desk.settings.as_of;
                let plan = checks.plan_alone(&self.desk.session, as_of, rule).await?;
                collect(&plan, &self.context).await
            };
            match rows.await {
                Ok(batches) => {
                    let alone = checks.alone(*member);
                    let found = alone.split(&batches, |member| self.figures(member));
                    self.found.extend(found);
                }
                Err(error) => {
                    let failure = self.failure(&Failure::rule(&rule.id), &error);
                    self.failures.push(failure.of(&rule.id));
                }
            }
        }
    }

    fn figures(&self, member: usize) -> usize {
        figure_places(&self.desk.rules[member].rule).len()
    }

    fn failure(&self, what: &Text, error: &DataFusionError) -> Failure {
        Failure::from_error(what, error, self.desk.settings.memory_limit)
    }

    /// What the steps say of a subject.
    pub(super) fn outcome(
        mut self,
        subject: &str,
        compared: &BTreeSet<String>,
    ) -> Result<DraftOutcome, DataFusionError> {
        for (counting, counts) in &self.counted {
            let needs = &self.desk.populations[counting.population]
                .compiled
                .child_needs;
            self.populations[counting.population].add(counting.place, counts, needs)?;
        }
        let mut failures = self.failures;
        failures.sort_by(|a, b| a.rule.cmp(&b.rule));
        failures.dedup_by(|a, b| a.rule == b.rule);
        let outcome = Tally {
            rules: &self.desk.rules,
            populations: &self.desk.populations,
            rows: self.populations,
            absent: &self.desk.absent,
            labels: &self.desk.labels,
        }
        .outcome(self.found, failures.clone(), Vec::new())?;
        let findings: Vec<Finding> = (0..outcome.len())
            .filter(|index| outcome.is_about(*index, &self.desk.kind, subject))
            .map(|index| outcome.finding(index))
            .collect();
        let mut populations = self.desk.populations.iter();
        let place = populations.position(|population| population.subject.kind == self.desk.kind);
        let mut answers = Vec::new();
        for (rule, code) in place.map_or_else(Vec::new, |place| outcome.codes_of(place, subject)) {
            let id = &self.desk.rules[rule].rule.id;
            if failures.iter().any(|failure| failure.rule == *id) {
                continue;
            }
            let is_flagged = findings.iter().any(|finding| finding.rule == *id);
            let because = match place {
                Some(place) if !is_flagged => self.desk.why_not(place, rule, code, compared),
                _ => None,
            };
            answers.push(DraftAnswer {
                rule: id.clone(),
                answer: match &because {
                    _ if is_flagged => Answer::Flagged,
                    Some(_) => Answer::NotApplicable,
                    None => Answer::Passed,
                },
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
}

impl DraftCheck {
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

/// The rows of a plan of its own: plans keep state, which every run must begin anew.
pub(super) async fn collect(
    plan: &Arc<dyn ExecutionPlan>,
    context: &Arc<TaskContext>,
) -> Result<Vec<RecordBatch>, DataFusionError> {
    let plan = reset_plan_states(Arc::clone(plan))?;
    let mut batches = Vec::new();
    for part in 0..plan.output_partitioning().partition_count() {
        let mut stream = plan.execute(part, Arc::clone(context))?;
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            if batch.num_rows() > 0 {
                batches.push(batch);
            }
        }
    }
    Ok(batches)
}
