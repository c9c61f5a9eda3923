//! Statements that serve several rules at once, one rule at a time: where the whole fails, this tells the
//! rule that is to blame, and the others still answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;

use super::compile::{NeedKind, Population};
use super::failure::Failure;
use super::plan::{PlannedPopulation, RowChecks};
use super::population::PopulationRows;
use super::session::Session;
use super::steps::{Run, Yield};
use super::tally::Found;
use crate::Text;
use crate::pack::{Rule, Subject};
use crate::sql::{Bindings, Select};

/// What the statement of a population is made of.
#[derive(Clone)]
pub(super) struct PopulationParts {
    subject: Subject,
    has_row_no: bool,
    /// The rules counted over it, with what they need.
    pub rules: Vec<(usize, Vec<NeedKind>)>,
}

impl PopulationParts {
    pub(super) fn of(planned: &PlannedPopulation) -> Self {
        Self {
            subject: planned.subject.clone(),
            has_row_no: planned.compiled.has_row_no,
            rules: planned.rules.clone(),
        }
    }

    /// Without rules, to look at one rule's `applies`.
    pub(super) fn of_applies(subject: &Subject) -> Self {
        Self {
            subject: subject.clone(),
            has_row_no: false,
            rules: Vec::new(),
        }
    }

    /// Whether a rule's `applies` can be planned.
    pub(super) async fn check(
        &self,
        session: &Session,
        as_of: jiff::civil::Date,
        rule: &Rule,
    ) -> Result<(), DataFusionError> {
        self.plan(session, as_of, Some((rule, &[])))
            .await
            .map(|_| ())
    }

    /// The statement for one of the rules, or for none: the subjects without an answer.
    async fn plan(
        &self,
        session: &Session,
        as_of: jiff::civil::Date,
        rule: Option<(&Rule, &[NeedKind])>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let refused = |problem: &Text| DataFusionError::Plan(problem.en.clone());
        let rules: Vec<_> = rule
            .into_iter()
            .map(|(rule, needs)| {
                let params = &rule.params;
                (rule, needs.to_vec(), Bindings { as_of, params })
            })
            .collect();
        let compiled = Population::compile(&self.subject, self.has_row_no, &rules)
            .map_err(|error| refused(&error.message))?;
        let none = BTreeMap::new();
        let unbound = Bindings {
            as_of,
            params: &none,
        };
        let statement = Select::parse(&compiled.sql)
            .and_then(|select| select.bind(&unbound))
            .map_err(|problem| refused(&problem.text))?;
        let logical = session.logical(statement).await?;
        session.physical(&logical).await
    }

    /// The subjects without an answer.
    pub(super) async fn subjects(
        &self,
        session: &Session,
        as_of: jiff::civil::Date,
        context: &Arc<TaskContext>,
    ) -> Result<PopulationRows, DataFusionError> {
        let plan = self.plan(session, as_of, None).await?;
        PopulationRows::collect(&plan, context, &self.subject).await
    }

    /// One rule's answer for each subject.
    pub(super) async fn answers(
        &self,
        session: &Session,
        as_of: jiff::civil::Date,
        context: &Arc<TaskContext>,
        rule: &Rule,
        needs: &[NeedKind],
    ) -> Result<Vec<u8>, DataFusionError> {
        let plan = self.plan(session, as_of, Some((rule, needs))).await?;
        let rows = PopulationRows::collect(&plan, context, &self.subject).await?;
        Ok(rows.answers.into_iter().next().unwrap_or_default())
    }
}

impl Run {
    /// Each row check of a group by itself.
    pub(super) async fn row_checks_apart(
        self: &Arc<Self>,
        checks: &RowChecks,
        context: &Arc<TaskContext>,
    ) -> Yield {
        let mut found: Vec<Found> = Vec::new();
        let mut failures = Vec::new();
        for member in &checks.members {
            let rule = Arc::clone(&self.rules[*member].0);
            let (run, checks, member) = (Arc::clone(self), checks.clone(), *member);
            let context = Arc::clone(context);
            let what = Failure::rule(&rule.id);
            let limit = self.memory_limit;
            let rows = self
                .within(&what.clone(), async move {
                    let single = run.single_row_check(&checks, member, &context).await;
                    single.map_err(|error| Failure::from_error(&what, &error, limit))
                })
                .await;
            match rows {
                Ok(rows) => found.extend(rows),
                Err(failure) => failures.push(failure.of(&rule.id)),
            }
        }
        Yield::Findings(found, failures)
    }

    /// The subjects of a kind, and each rule's answers by themselves.
    pub(super) async fn population_apart(
        self: &Arc<Self>,
        place: usize,
        context: &Arc<TaskContext>,
    ) -> Result<Yield, Failure> {
        let parts = Arc::new(self.populations[place].clone());
        let limit = self.memory_limit;
        let what = Text::new(
            format!("主体“{}”的清点", parts.subject.kind),
            format!("counting the subjects `{}`", parts.subject.kind),
        );
        let (run, kind, at) = (Arc::clone(self), Arc::clone(&parts), Arc::clone(context));
        let mut rows = self
            .within(&what.clone(), async move {
                let rows = kind.subjects(&run.session, run.as_of, &at).await;
                rows.map_err(|error| Failure::from_error(&what, &error, limit))
            })
            .await?;
        let mut failures = Vec::new();
        for (rule, needs) in &parts.rules {
            let rule = Arc::clone(&self.rules[*rule].0);
            let what = Failure::rule(&rule.id);
            let (run, kind, at) = (Arc::clone(self), Arc::clone(&parts), Arc::clone(context));
            let (of, needs) = (Arc::clone(&rule), needs.clone());
            let answers = self
                .within(&what.clone(), async move {
                    let (session, as_of) = (&run.session, run.as_of);
                    let answers = kind.answers(session, as_of, &at, &of, &needs).await;
                    answers.map_err(|error| Failure::from_error(&what, &error, limit))
                })
                .await;
            match answers {
                Ok(answers) => rows.push_answers(answers),
                Err(failure) => {
                    rows.push_answers(vec![0; rows.len()]);
                    failures.push(failure.of(&rule.id));
                }
            }
        }
        Ok(Yield::Population(place, rows, failures))
    }
}
