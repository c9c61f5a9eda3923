//! Populations: the subjects of each kind, and the answers that their own rows give.

use std::collections::BTreeMap;

use super::{Looked, Planner, Statement};
use crate::engine::compile::{NeedKind, Population};
use crate::engine::plan::{PlannedPopulation, Work};
use crate::pack::{Rule, Subject};
use crate::sql::{Bindings, Select};

impl Planner<'_> {
    pub(super) async fn plan_populations(&mut self, rules: &[Rule]) -> Vec<PlannedPopulation> {
        let mut populations = Vec::new();
        for subject in &self.pack.subjects {
            let counted: Vec<usize> = (0..rules.len())
                .filter(|index| rules[*index].subjects.contains(&subject.kind))
                .collect();
            let named = rules.iter().any(|rule| rule.also.contains(&subject.kind));
            if counted.is_empty() && !named {
                continue;
            }
            let as_of = self.settings.as_of;
            let needs: Vec<_> = counted
                .iter()
                .map(|index| NeedKind::of(&rules[*index], subject, |name| self.declaration(name)))
                .collect();
            let bound: Vec<_> = counted
                .iter()
                .zip(&needs)
                .map(|(index, needs)| {
                    let params = &rules[*index].params;
                    (&rules[*index], needs.clone(), Bindings { as_of, params })
                })
                .collect();
            let has_row_no = self.has_column(&subject.table, "row_no");
            let compiled = match Population::compile(subject, has_row_no, &bound) {
                Ok(compiled) => compiled,
                Err(error) => {
                    self.errors.push(error);
                    continue;
                }
            };
            let Some(looked) = self
                .plan_population(subject, &compiled, rules, &counted)
                .await
            else {
                continue;
            };
            let Ok(select) = Select::parse(&compiled.sql) else {
                continue;
            };
            self.add(
                looked.plan,
                Statement {
                    key: looked.key,
                    name: format!("population {}", subject.kind),
                    work: Work::Population(populations.len(), subject.clone()),
                    reads: self.with_items(select.tables()),
                    parts: None,
                    file: "pack.toml".to_owned(),
                    sql: compiled.sql.clone(),
                    line: 0,
                },
            );
            populations.push(PlannedPopulation {
                subject: subject.clone(),
                rules: counted.into_iter().zip(needs).collect(),
                compiled,
            });
        }
        populations
    }

    /// Plans a population; when that fails, finds the rule whose `applies` or `needs` is to blame.
    pub(super) async fn plan_population(
        &mut self,
        subject: &Subject,
        compiled: &Population,
        rules: &[Rule],
        counted: &[usize],
    ) -> Option<Looked> {
        let none = BTreeMap::new();
        let before = self.errors.len();
        let select = match Select::parse(&compiled.sql) {
            Ok(select) => select,
            Err(problem) => {
                self.refused("pack.toml", 0, &compiled.sql, problem);
                return None;
            }
        };
        if let Some(looked) = self
            .look("pack.toml", 0, &compiled.sql, &select, &none)
            .await
        {
            return Some(looked);
        }
        let general = self.errors.split_off(before);
        for index in counted {
            let rule = &rules[*index];
            let applies = rule.applies.as_deref().unwrap_or("true");
            let sql = format!("select ({applies}) as a from {}", subject.table);
            let (shown, line) = rule.header_of(&["applies"]);
            match Select::parse(&sql) {
                Ok(select) => {
                    let params = rule.params.clone();
                    self.logical(&rule.file, line, &shown, &select, &params)
                        .await;
                }
                Err(problem) => self.refused(&rule.file, line, &shown, problem),
            }
        }
        if self.errors.len() == before {
            self.errors.extend(general);
        }
        None
    }
}
