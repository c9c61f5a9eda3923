//! Rules: a query each, or one statement for all row checks over a table.

use std::collections::{BTreeMap, BTreeSet};

use super::{Planner, ROW_CHECK_KEYS, Statement};
use crate::engine::compile::row_checks_sql;
use crate::engine::plan::{Layout, RowChecks, Work};
use crate::pack::{Body, PackError, Rule};
use crate::says;
use crate::sql::{Bindings, Select};

impl Planner<'_> {
    pub(super) fn parse_queries(&mut self, rules: &[Rule]) -> Vec<(usize, Select)> {
        let mut selects = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            if let Body::Query { sql, line } = &rule.body {
                match Select::parse(sql) {
                    Ok(select) => selects.push((index, select)),
                    Err(problem) => self.refused(&rule.file, *line, sql, problem),
                }
            }
        }
        selects
    }

    pub(super) async fn plan_query(
        &mut self,
        index: usize,
        rule: &Rule,
        select: &Select,
    ) -> Option<Layout> {
        let Body::Query { sql, line } = &rule.body else {
            return None;
        };
        let params = rule.params.clone();
        let looked = self.look(&rule.file, *line, sql, select, &params).await?;
        let Some(layout) = Layout::of(&looked.schema()) else {
            self.errors.push(PackError::new(
                &rule.file,
                *line,
                "查询结果缺少 subject 列",
                "the query yields no column `subject`",
            ));
            return None;
        };
        self.check_figures(rule, &layout);
        self.add(
            looked.plan,
            Statement {
                key: looked.key,
                name: rule.id.clone(),
                work: Work::Rule(index),
                reads: self.with_items(select.tables()),
                parts: None,
                file: rule.file.clone(),
                sql: sql.clone(),
                line: *line,
            },
        );
        Some(layout)
    }

    /// `key`, `today`, `personal` and the sentence may only name figures that the rule yields.
    pub(super) fn check_figures(&mut self, rule: &Rule, layout: &Layout) {
        let says = |says: &str| -> Vec<String> {
            let names = says::placeholders(says).unwrap_or_default();
            names.into_iter().map(str::to_owned).collect()
        };
        let wanted = [
            ("key", rule.key.clone()),
            ("today", rule.today.clone()),
            ("personal", rule.personal.clone()),
            ("says.zh", says(&rule.texts.says.zh)),
            ("says.en", says(&rule.texts.says.en)),
        ];
        for (key, names) in wanted {
            for name in BTreeSet::from_iter(names) {
                let known = layout.figures.iter().any(|(figure, _)| *figure == name)
                    || matches!(name.as_str(), "subject" | "related" | "money_fen" | "items");
                if !known {
                    self.errors.push(PackError::new(
                        &rule.file,
                        rule.line_of_word(&[key], Some(&name)),
                        format!("查询结果没有指标 {name},而 {key} 提到它"),
                        format!("the rule yields no figure {name}, which `{key}` names"),
                    ));
                }
            }
        }
    }

    pub(super) async fn plan_row_checks(
        &mut self,
        rules: &[Rule],
        layouts: &mut BTreeMap<usize, Layout>,
    ) {
        let mut groups: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for (index, rule) in rules.iter().enumerate() {
            let Body::RowCheck { over, figures, .. } = &rule.body else {
                continue;
            };
            let Some(subject) = rule
                .subjects
                .first()
                .and_then(|kind| self.pack.subject(kind))
            else {
                continue;
            };
            let layout = Layout {
                rows: vec![(over.clone(), 1)],
                figures: figures
                    .iter()
                    .enumerate()
                    .map(|(place, (name, _))| (name.clone(), place + 2))
                    .collect(),
                ..Layout::default()
            };
            self.check_figures(rule, &layout);
            layouts.insert(index, layout);
            let number = subject.number.as_ref();
            let id = number
                .filter(|number| self.has_column(over, number))
                .unwrap_or(&subject.id);
            groups
                .entry((over.clone(), id.clone()))
                .or_default()
                .push(index);
        }
        for ((over, id), members) in groups {
            self.plan_row_check_group(rules, &over, &id, members).await;
        }
    }

    pub(super) async fn plan_row_check_group(
        &mut self,
        rules: &[Rule],
        over: &str,
        id: &str,
        members: Vec<usize>,
    ) {
        let has_row_no = self.has_column(over, "row_no");
        let as_of = self.settings.as_of;
        let bound: Vec<_> = members
            .iter()
            .map(|index| {
                let params = &rules[*index].params;
                (&rules[*index], Bindings { as_of, params })
            })
            .collect();
        let sql = match row_checks_sql(over, id, has_row_no, &bound) {
            Ok(sql) => sql,
            Err(error) => {
                self.errors.push(error);
                return;
            }
        };
        let file = rules[members[0]].file.clone();
        let (shown, line) = match members[..] {
            [member] => rules[member].header_of(ROW_CHECK_KEYS),
            _ => (sql.clone(), 0),
        };
        let none = BTreeMap::new();
        let planned = match Select::parse(&sql) {
            Ok(select) => {
                let before = self.errors.len();
                let looked = self.look(&file, line, &shown, &select, &none).await;
                if looked.is_none() && members.len() > 1 {
                    // Some check of the group is wrong: plan each by itself, so that it is named.
                    self.errors.truncate(before);
                    for member in members {
                        Box::pin(self.plan_row_check_group(rules, over, id, vec![member])).await;
                    }
                    return;
                }
                looked
            }
            Err(problem) => {
                self.refused(&file, line, &shown, problem);
                None
            }
        };
        if let Some(looked) = planned {
            self.add(
                looked.plan,
                Statement {
                    key: looked.key,
                    name: format!("row checks over {over}"),
                    work: Work::RowChecks(RowChecks {
                        over: over.to_owned(),
                        id: id.to_owned(),
                        has_row_no,
                        members,
                    }),
                    reads: BTreeSet::from([over.to_owned()]),
                    parts: None,
                    file,
                    sql: shown,
                    line,
                },
            );
        }
    }
}
