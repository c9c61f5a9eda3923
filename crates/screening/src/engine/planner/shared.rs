//! Shared tables, each planned after those it reads, and the view `items`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::datasource::ViewTable;

use super::{Planner, Statement};
use crate::engine::failure::pack_error;
use crate::engine::plan::Work;
use crate::engine::slot::Slot;
use crate::pack::{Body, PackError, Rule};
use crate::sql::Select;

impl Planner<'_> {
    /// Plans the shared tables that the rules need, each after those it reads.
    pub(super) async fn plan_shared(&mut self, rules: &[Rule], selects: &[(usize, Select)]) {
        let mut wanted: BTreeSet<String> = selects
            .iter()
            .flat_map(|(_, select)| select.tables())
            .collect();
        for rule in rules {
            if let Body::RowCheck { over, .. } = &rule.body {
                wanted.insert(over.clone());
            }
            wanted.extend(rule.needs.iter().map(|need| need.table.clone()));
            let kinds = rule.subjects.iter().chain(&rule.also);
            wanted.extend(
                kinds
                    .filter_map(|kind| self.pack.subject(kind))
                    .map(|subject| subject.table.clone()),
            );
        }
        let mut open = Vec::new();
        for name in wanted {
            Box::pin(self.plan_shared_table(&name, &mut open)).await;
        }
    }

    /// `needs` may name a column of a shared table; which it has is known only now.
    pub(super) fn check_needs(&mut self, rules: &[Rule]) {
        for rule in rules {
            for need in &rule.needs {
                if self.shared.contains_key(&need.table)
                    && !self.has_column(&need.table, &need.column)
                {
                    self.errors.push(PackError::new(
                        &rule.file,
                        rule.line_of_word(&["needs"], Some(&need.column)),
                        format!("表 {} 没有列 {}", need.table, need.column),
                        format!("the table {} has no column {}", need.table, need.column),
                    ));
                }
            }
        }
    }

    pub(super) async fn plan_shared_table(&mut self, name: &str, open: &mut Vec<String>) {
        if self.tables.contains_key(name) || self.shared.contains_key(name) {
            return;
        }
        if name == "items" && self.items.is_some() {
            Box::pin(self.plan_shared_table("item_masks", open)).await;
            self.plan_items_view().await;
            return;
        }
        let declared = self.pack.shared.iter().find(|table| table.id == name);
        let (file, line, sql) = match declared {
            Some(table) => (table.file.clone(), table.line, table.sql.clone()),
            None => match (
                name,
                self.items,
                self.items
                    .and_then(|items| self.pack.subject(&items.subject)),
            ) {
                ("item_masks", Some(items), Some(subject)) => {
                    ("items".to_owned(), 1, items.masks_sql(subject))
                }
                _ => return,
            },
        };
        if open.iter().any(|other| other == name) {
            self.errors.push(PackError::new(
                &file,
                line,
                format!("共享表互相依赖:{} → {name}", open.join(" → ")),
                format!(
                    "shared tables need one another: {} → {name}",
                    open.join(" → ")
                ),
            ));
            return;
        }
        let select = match Select::parse(&sql) {
            Ok(select) => select,
            Err(problem) => {
                self.refused(&file, line, &sql, problem);
                return;
            }
        };
        let reads = select.tables();
        open.push(name.to_owned());
        for table in &reads {
            Box::pin(self.plan_shared_table(table, open)).await;
        }
        open.pop();
        let none = BTreeMap::new();
        let Some(looked) = self.look(&file, line, &sql, &select, &none).await else {
            return;
        };
        let parts = match declared.and_then(|table| table.by.clone()) {
            Some(by) => match self.parts(&looked.plan, by, &reads) {
                Ok(parts) => Some(Arc::new(parts)),
                Err(problem) => {
                    self.errors
                        .push(PackError::new(&file, line, problem.zh, problem.en));
                    return;
                }
            },
            None => None,
        };
        let yielded = looked.schema();
        let fields = yielded
            .fields()
            .iter()
            .map(|field| Field::new(field.name(), field.data_type().clone(), true));
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let slot = Arc::new(Slot::new(name, Arc::clone(&schema), None, &[]));
        self.register(name, &slot);
        self.shared.insert(name.to_owned(), schema);
        self.add(
            looked.plan,
            Statement {
                key: looked.key,
                name: name.to_owned(),
                work: Work::Shared(slot),
                reads: self.with_items(reads),
                parts,
                file,
                sql,
                line,
            },
        );
    }

    pub(super) async fn plan_items_view(&mut self) {
        let Some(items) = self.items else { return };
        let Some(subject) = self.pack.subject(&items.subject) else {
            return;
        };
        let sql = items.rows_sql(subject);
        let none = BTreeMap::new();
        let Ok(select) = Select::parse(&sql) else {
            return;
        };
        let Some(logical) = self.logical("items", 1, &sql, &select, &none).await else {
            return;
        };
        let schema: SchemaRef = Arc::new(logical.schema().as_arrow().clone());
        let view = Arc::new(ViewTable::new(logical, None));
        if let Err(error) = self.session.register("items", view) {
            self.errors.push(pack_error("items", "", 0, &error));
        }
        self.shared.insert("items".to_owned(), schema);
    }

    /// Who reads the view `items` reads the table below it.
    pub(super) fn with_items(&self, mut reads: BTreeSet<String>) -> BTreeSet<String> {
        if self.items.is_some() && reads.contains("items") {
            reads.insert("item_masks".to_owned());
        }
        reads
    }
}
