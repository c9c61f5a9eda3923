//! Row checks over one table run as one SELECT, and what each of them found in its rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;

use super::compile::row_checks_sql;
use super::failure::Failure;
use super::plan::RowChecks;
use super::session::Session;
use super::steps::{Run, Yield};
use super::tally::Found;
use crate::Text;
use crate::pack::{Body, Rule};
use crate::sql::{Bindings, Select};

/// The places of a row check's figures.
pub(super) fn figure_places(rule: &Rule) -> Vec<usize> {
    match &rule.body {
        Body::RowCheck { figures, .. } => (0..figures.len()).collect(),
        Body::Query { .. } => Vec::new(),
    }
}

impl RowChecks {
    /// What a message calls them.
    pub(super) fn what(&self) -> Text {
        Text::new(
            format!("对表 {} 的逐行检查", self.over),
            format!("checking the rows of {}", self.over),
        )
    }

    /// One of the checks by itself.
    pub(super) fn alone(&self, member: usize) -> Self {
        Self {
            members: vec![member],
            ..self.clone()
        }
    }

    /// The SELECT of one check by itself.
    pub(super) async fn plan_alone(
        &self,
        session: &Session,
        as_of: jiff::civil::Date,
        rule: &Rule,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let bindings = Bindings {
            as_of,
            params: &rule.params,
        };
        let none = BTreeMap::new();
        let unbound = Bindings {
            as_of,
            params: &none,
        };
        let sql = row_checks_sql(&self.over, &self.id, self.has_row_no, &[(rule, bindings)])
            .map_err(|error| DataFusionError::Plan(error.to_string()))?;
        let statement = Select::parse(&sql)
            .and_then(|select| select.bind(&unbound))
            .map_err(|problem| DataFusionError::Plan(problem.text.en))?;
        let logical = session.logical(statement).await?;
        session.physical(&logical).await
    }

    /// The rows of the one SELECT as rows of each check: subject, row, figures. `figures` is the
    /// number of a check's figures.
    pub(super) fn split(
        &self,
        batches: &[RecordBatch],
        figures: impl Fn(usize) -> usize,
    ) -> Vec<Found> {
        let mut found = Vec::new();
        for batch in batches {
            let mut figure = 2 + self.members.len();
            for (place, member) in self.members.iter().enumerate() {
                let count = figures(*member);
                let mut columns = vec![0, 1];
                columns.extend(figure..figure + count);
                figure += count;
                let flag = batch.column(2 + place).as_boolean();
                if flag.true_count() == 0 {
                    continue;
                }
                let rows = filter_record_batch(batch, flag).and_then(|rows| rows.project(&columns));
                if let Ok(batch) = rows {
                    found.push(Found {
                        rule: *member,
                        batch,
                    });
                }
            }
        }
        found
    }
}

impl Run {
    pub(super) async fn row_checks(
        &self,
        what: &Text,
        checks: &RowChecks,
        plan: &Arc<dyn ExecutionPlan>,
        context: &Arc<TaskContext>,
    ) -> Result<Yield, Failure> {
        let batches = self.collect(plan, context).await;
        let batches =
            batches.map_err(|error| Failure::from_error(what, &error, self.memory_limit))?;
        Ok(Yield::Findings(self.split(checks, &batches), Vec::new()))
    }

    pub(super) async fn single_row_check(
        &self,
        checks: &RowChecks,
        member: usize,
        context: &Arc<TaskContext>,
    ) -> Result<Vec<Found>, DataFusionError> {
        let rule = &self.rules[member].0;
        let plan = checks.plan_alone(&self.session, self.as_of, rule).await?;
        let batches = self.collect(&plan, context).await?;
        Ok(self.split(&checks.alone(member), &batches))
    }

    fn split(&self, checks: &RowChecks, batches: &[RecordBatch]) -> Vec<Found> {
        checks.split(batches, |member| self.rules[member].1.len())
    }
}
