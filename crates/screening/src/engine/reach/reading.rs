//! What a rule reads: tables of the input, and every word of its statements. Knows no rows.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, ROW_NO};
use crate::items::Items;
use crate::pack::{Body, Pack, Reach, Rule};
use crate::sql::Select;

/// A rule as far as changes concern it.
pub(super) struct Reading {
    pub rule: String,
    pub reach: Reach,
    pub kinds: Vec<String>,
    /// Tables of the input that it reads, by whatever way.
    pub tables: BTreeSet<String>,
    /// Every word of its statements: a column that none of them names is not read.
    words: BTreeSet<String>,
    /// A statement takes all columns without naming them.
    takes_all: bool,
}

impl Reading {
    /// What a rule reads, through the shared tables down to those of the input.
    pub(super) fn of(pack: &Pack, items: Option<&Items>, rule: &Rule) -> Self {
        let kinds: Vec<String> = rule.subjects.iter().chain(&rule.also).cloned().collect();
        let mut reading = Self {
            rule: rule.id.clone(),
            reach: rule.reach,
            kinds,
            tables: BTreeSet::new(),
            words: BTreeSet::new(),
            takes_all: false,
        };
        let mut open: Vec<String> = Vec::new();
        match &rule.body {
            Body::Query { sql, .. } => open.extend(reading.take(sql)),
            Body::RowCheck {
                over,
                flag_when,
                figures,
            } => {
                open.push(over.clone());
                reading.take_words(flag_when);
                for (_, expression) in figures {
                    reading.take_words(expression);
                }
            }
        }
        if let Some(applies) = &rule.applies {
            open.extend(reading.take(&format!("select {applies}")));
        }
        for need in &rule.needs {
            open.push(need.table.clone());
            reading.words.insert(need.column.to_lowercase());
        }
        let kinds = reading.kinds.clone();
        for subject in kinds.iter().filter_map(|kind| pack.subject(kind)) {
            open.push(subject.table.clone());
            reading.words.insert(subject.id.to_lowercase());
            reading
                .words
                .extend(subject.label.as_ref().map(|label| label.to_lowercase()));
        }
        let mut seen = BTreeSet::new();
        while let Some(table) = open.pop() {
            if !seen.insert(table.clone()) {
                continue;
            }
            if pack.table(&table).is_some() {
                reading.tables.insert(table);
            } else if let Some(shared) = pack.shared.iter().find(|shared| shared.id == table) {
                open.extend(reading.take(&shared.sql));
            } else if let (true, Some(items)) =
                (matches!(table.as_str(), "items" | "item_masks"), items)
                && let Some(subject) = pack.subject(&items.subject)
            {
                open.extend(reading.take(&items.masks_sql(subject)));
            }
        }
        reading
    }

    /// The columns of the input that its statements name, by table.
    pub(super) fn columns(&self, pack: &Pack) -> BTreeMap<String, BTreeSet<String>> {
        let tables = pack.tables.iter();
        let read = tables.filter(|table| self.tables.contains(&table.name));
        read.map(|table| {
            let columns = table.columns.iter().map(|column| column.name.clone());
            let columns = columns.filter(|column| self.names(column));
            (table.name.clone(), columns.collect())
        })
        .collect()
    }

    fn names(&self, column: &str) -> bool {
        self.words.contains(&column.to_lowercase())
    }

    /// Whether it reads what changed. Where rows came or went, whoever reads the table sees it, even by
    /// counting them without naming a column.
    pub(super) fn reads(&self, change: &Change, declared: &BTreeMap<String, Vec<String>>) -> bool {
        change.columns.iter().any(|(table, columns)| {
            let all = declared.get(table).is_some_and(|all| {
                let own = all.iter().filter(|column| *column != ROW_NO);
                own.count() == columns.len()
            });
            self.tables.contains(table)
                && (self.takes_all || all || columns.iter().any(|column| self.names(column)))
        })
    }

    /// Takes the words of a statement, and gives the tables that it reads.
    fn take(&mut self, sql: &str) -> BTreeSet<String> {
        self.take_words(sql);
        match Select::parse(sql) {
            Ok(select) => select.tables(),
            // It does not run either; loading and planning say so.
            Err(_) => BTreeSet::new(),
        }
    }

    fn take_words(&mut self, sql: &str) {
        let code = sql
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"));
        let mut before = String::new();
        for line in code {
            let mut word = String::new();
            for letter in line.chars().chain(std::iter::once(' ')) {
                if letter.is_alphanumeric() || letter == '_' {
                    word.extend(letter.to_lowercase());
                    continue;
                }
                if !word.is_empty() {
                    self.takes_all |= word == "natural";
                    self.words.insert(word.clone());
                    before = std::mem::take(&mut word);
                }
                if letter == '*' {
                    // A product, and `count(*)`, have something else before them.
                    self.takes_all |=
                        matches!(before.as_str(), "select" | "distinct" | "all" | "," | ".");
                }
                if !letter.is_whitespace() {
                    before = letter.to_string();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(sql: &str) -> Reading {
        let mut reading = Reading {
            rule: String::new(),
            reach: Reach::Record,
            kinds: Vec::new(),
            tables: BTreeSet::new(),
            words: BTreeSet::new(),
            takes_all: false,
        };
        reading.take_words(sql);
        reading
    }

    #[test]
    fn a_star_that_stands_for_columns_is_told_from_a_product_and_a_count() {
        for sql in [
            "select * from a",
            "select a.*, b.x from a",
            "select x,\n* from a",
            "select distinct * from a",
            "select x from a natural join b",
        ] {
            assert!(taken(sql).takes_all, "{sql}");
        }
        for sql in [
            "select count(*), x * 3, (y) * 2 from a",
            "select x\n-- all columns, *\nfrom a",
        ] {
            assert!(!taken(sql).takes_all, "{sql}");
        }
    }

    #[test]
    fn rows_that_come_or_go_are_seen_by_whoever_counts_them() {
        let mut reading = taken("select name from things where (select count(*) from parts) > 3");
        reading.tables = BTreeSet::from(["things".to_owned(), "parts".to_owned()]);
        let columns = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        let declared =
            BTreeMap::from([("parts".to_owned(), columns(&["row_no", "thing", "weight"]))]);
        let change = |names: &[&str]| Change {
            columns: BTreeMap::from([("parts".to_owned(), columns(names).into_iter().collect())]),
            ..Change::default()
        };
        assert!(reading.reads(&change(&["thing", "weight"]), &declared));
        assert!(!reading.reads(&change(&["weight"]), &declared));
    }

    #[test]
    fn words_are_those_of_the_statement_and_not_of_its_remarks() {
        let reading = taken("select \"Scale\" from a\n-- not the budget\nwhere b.kind = 'x'");
        assert!(reading.words.contains("scale") && reading.words.contains("kind"));
        assert!(!reading.words.contains("budget"));
    }
}
