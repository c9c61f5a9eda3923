//! Row checks that share one SELECT: their rows told apart again, and each planned alone when the
//! one SELECT fails.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::common::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::physical_plan::ExecutionPlan;

use super::compile::row_checks_sql;
use super::outcome::Found;
use super::plan::RowChecks;
use crate::pack::Rule;
use crate::sql::{Bindings, Select};

impl RowChecks {
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
        state: &SessionState,
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
            .map_err(|problem| DataFusionError::Plan(problem.en))?;
        let logical = state.statement_to_plan(statement).await?;
        state.create_physical_plan(&logical).await
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
