//! A pack: its rules, shared tables and subjects, checked against the tables they name; every error names
//! file and line.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;

use super::reading::{read_rule, read_shared};
use super::rule::{Body, Rule};
use super::{PackError, PackFiles};
use crate::{Items, TableDeclaration, TableSource, Tables, Text};

/// What a pack calls a subject: a table with one row for each.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// `project`, `organization`, `buyer` …
    pub kind: String,
    /// The table, of the input or of `shared/`.
    pub table: String,
    /// The column that findings name.
    pub id: String,
    /// The column of whole numbers that the engine adds to the subject's table and to every table of the
    /// input with the column `id`: the same number for the same id. Joins and groups by it are cheap.
    pub number: Option<String>,
    /// The column that people know the subject by, when `id` is a number inside the run only.
    pub label: Option<String>,
    /// SQL that gives the village of a subject, for rules whose reach is the village.
    pub village: Option<String>,
    /// SQL that gives the owner of a subject, for rules whose reach is the owner.
    pub owner: Option<String>,
}

/// A table that several rules need, made once a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedTable {
    /// Its name.
    pub id: String,
    /// What it holds.
    pub what: Text,
    /// The column of keys, when rows of one key come from rows of that key alone and all tables read come
    /// in its order: such a table is worked in parts side by side.
    pub by: Option<String>,
    /// One SELECT.
    pub sql: String,
    /// The file and the line its SQL begins on.
    pub file: String,
    /// The line its SQL begins on.
    pub line: usize,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PackFile {
    #[serde(default)]
    tables: Vec<TableDeclaration>,
    #[serde(default)]
    subjects: Vec<Subject>,
}

/// Rules, shared tables and subjects, read and checked.
#[derive(Clone, Debug)]
pub struct Pack {
    /// In order of id.
    pub rules: Vec<Rule>,
    /// In order of name.
    pub shared: Vec<SharedTable>,
    /// What findings may be about.
    pub subjects: Vec<Subject>,
    /// Tables of the input that rules may read.
    pub tables: Vec<TableDeclaration>,
    /// Tables that an input may be without, such as registers.
    pub optional: BTreeSet<String>,
    /// Tables that are the same for every input, such as a list of allowed units.
    pub constants: Tables,
    /// The files the pack was read from, fixtures among them.
    pub files: PackFiles,
}

impl Pack {
    /// Reads a pack over the tables that `declared` and its `pack.toml` name, marking `items`.
    ///
    /// # Errors
    /// All that is wrong, not just the first: unknown or missing keys, a text missing in one
    /// language, a table, column or item that is not declared, an unknown subject, no fixtures.
    pub fn load(
        files: PackFiles,
        declared: Vec<TableDeclaration>,
        items: Option<&Items>,
    ) -> Result<Self, Vec<PackError>> {
        let mut errors = Vec::new();
        let mut pack = Self {
            rules: Vec::new(),
            shared: Vec::new(),
            subjects: Vec::new(),
            tables: declared,
            optional: BTreeSet::new(),
            constants: Tables::new(),
            files,
        };
        match read_pack_file(&pack.files) {
            Ok(file) => {
                pack.tables.extend(file.tables);
                pack.subjects = file.subjects;
            }
            Err(error) => errors.push(error),
        }
        for (path, text) in pack.files.iter() {
            let Some(stem) = path.strip_suffix(".sql") else {
                continue;
            };
            if let Some(name) = stem.strip_prefix("shared/") {
                match read_shared(path, name, text) {
                    Ok(table) => pack.shared.push(table),
                    Err(mut found) => errors.append(&mut found),
                }
            } else {
                match read_rule(path, stem, text) {
                    Ok(rule) => pack.rules.push(rule),
                    Err(mut found) => errors.append(&mut found),
                }
            }
        }
        errors.extend(pack.check());
        if !pack.files.is_vouched() {
            errors.extend(super::statements::check(&pack));
        }
        errors.extend(pack.unknown_items(items));
        errors.extend(pack.without_fixtures());
        if errors.is_empty() {
            Ok(pack)
        } else {
            errors.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
            Err(errors)
        }
    }

    /// Adds a table that is the same for every input.
    #[must_use]
    pub fn with_constant(mut self, table: TableDeclaration, rows: Arc<dyn TableSource>) -> Self {
        self.constants.insert(table.name.clone(), rows);
        self.tables.push(table);
        self
    }

    /// Names tables that an input may be without.
    #[must_use]
    pub fn with_optional(mut self, tables: impl IntoIterator<Item = String>) -> Self {
        self.optional.extend(tables);
        self
    }

    /// The rule of that id, in any case of letters.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules
            .iter()
            .find(|rule| rule.id.eq_ignore_ascii_case(id))
    }

    /// The subject of that kind.
    pub fn subject(&self, kind: &str) -> Option<&Subject> {
        self.subjects.iter().find(|subject| subject.kind == kind)
    }

    /// The declared table of that name.
    pub fn table(&self, name: &str) -> Option<&TableDeclaration> {
        self.tables.iter().find(|table| table.name == name)
    }

    fn check(&self) -> Vec<PackError> {
        let shared: BTreeSet<&str> = self.shared.iter().map(|table| table.id.as_str()).collect();
        let mut errors = self.check_numbers();
        for rule in &self.rules {
            let at = |key: &str| line_of(&rule.source, key);
            for kind in rule.subjects.iter().chain(&rule.also) {
                if self.subject(kind).is_none() {
                    errors.push(PackError::new(
                        &rule.file,
                        at("subject"),
                        format!("pack.toml 没有定义主体“{kind}”"),
                        format!("pack.toml declares no subject `{kind}`"),
                    ));
                }
            }
            for need in &rule.needs {
                if let Some(table) = self.table(&need.table) {
                    if !table
                        .columns
                        .iter()
                        .any(|column| column.name == need.column)
                    {
                        errors.push(PackError::new(
                            &rule.file,
                            at("needs"),
                            format!("表 {} 没有列 {}", need.table, need.column),
                            format!("the table {} has no column {}", need.table, need.column),
                        ));
                    }
                } else if !shared.contains(need.table.as_str()) {
                    errors.push(PackError::new(
                        &rule.file,
                        at("needs"),
                        format!("没有表 {}", need.table),
                        format!("there is no table {}", need.table),
                    ));
                }
            }
            if let Body::RowCheck { over, .. } = &rule.body
                && self.table(over).is_none()
                && !shared.contains(over.as_str())
            {
                errors.push(PackError::new(
                    &rule.file,
                    at("over"),
                    format!("没有表 {over}"),
                    format!("there is no table {over}"),
                ));
            }
        }
        errors
    }

    /// Items that a rule's header marks and nothing declares.
    fn unknown_items(&self, items: Option<&Items>) -> Vec<PackError> {
        let known: BTreeSet<&str> = items
            .map(|items| items.checks.iter().map(|check| check.item.as_str()))
            .into_iter()
            .flatten()
            .collect();
        let unknown = self.rules.iter().flat_map(|rule| {
            let items = rule.items.iter().map(move |item| (rule, item));
            items.filter(|(_, item)| !known.contains(item.as_str()))
        });
        unknown
            .map(|(rule, item)| {
                PackError::new(
                    &rule.file,
                    line_of(&rule.source, "items"),
                    format!("没有信息项 {item}"),
                    format!("there is no item {item}"),
                )
            })
            .collect()
    }

    /// Rules that have no fixtures beside them.
    fn without_fixtures(&self) -> Vec<PackError> {
        self.rules
            .iter()
            .filter(|rule| self.fixture(rule).is_none())
            .map(|rule| {
                PackError::new(
                    &rule.file,
                    1,
                    format!("缺少用例文件 {}.fixture", rule.id),
                    format!("the file of fixtures {}.fixture is missing", rule.id),
                )
            })
            .collect()
    }

    /// A subject with a number has a table of the input with its id as text, and no table has a column
    /// of the number's name already.
    fn check_numbers(&self) -> Vec<PackError> {
        let numbered = self
            .subjects
            .iter()
            .filter_map(|subject| Some((subject, subject.number.as_ref()?)));
        let mut errors = Vec::new();
        for (subject, number) in numbered {
            let has = |table: &TableDeclaration, name: &str| {
                table.columns.iter().any(|column| column.name == name)
            };
            let own = self.table(&subject.table);
            if !own.is_some_and(|table| has(table, &subject.id)) {
                errors.push(PackError::new(
                    "pack.toml",
                    0,
                    format!(
                        "主体“{}”有 number,但输入没有表 {}({})",
                        subject.kind, subject.table, subject.id
                    ),
                    format!(
                        "the subject `{}` has a number, but no table {} ({}) is declared",
                        subject.kind, subject.table, subject.id
                    ),
                ));
            }
            for table in self.tables.iter().filter(|table| has(table, number)) {
                errors.push(PackError::new(
                    "pack.toml",
                    0,
                    format!("表 {} 已有列 {number}", table.name),
                    format!("the table {} has a column {number} already", table.name),
                ));
            }
        }
        errors
    }

    /// Path and text of a rule's fixtures.
    pub fn fixture(&self, rule: &Rule) -> Option<(String, &str)> {
        let path = format!("{}.fixture", rule.file.trim_end_matches(".sql"));
        self.files.get(&path).map(|text| (path.clone(), text))
    }
}

fn read_pack_file(files: &PackFiles) -> Result<PackFile, PackError> {
    let Some(text) = files.get("pack.toml") else {
        return Ok(PackFile::default());
    };
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(0, |span| {
            text[..span.start.min(text.len())].lines().count().max(1)
        });
        PackError::new(
            "pack.toml",
            line,
            format!("格式错误:{}", error.message()),
            error.message().to_owned(),
        )
    })
}

/// The line of a header key, for errors found after reading.
fn line_of(source: &str, key: &str) -> usize {
    source
        .lines()
        .position(|line| {
            line.strip_prefix("--")
                .and_then(|rest| rest.trim_start().strip_prefix(key))
                .is_some_and(|rest| rest.trim_start().starts_with(':'))
        })
        .map_or(0, |index| index + 1)
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ColumnType, Filled, ItemCheck};

    const RULE: &str = "-- id: T01\n-- title.zh: 甲\n-- title.en: A\n-- audience: filer\n-- severity: low\n-- subject: thing\n-- needs: things.size\n-- reach: record\n-- basis: practice\n-- says.zh: {size}\n-- says.en: {size}\n-- over: things\n-- flag_when: size > 3\n-- figures: size = coalesce(size, 0), other = 1\n";
    const PACK: &str = "[[subjects]]\nkind = 'thing'\ntable = 'things'\nid = 'name'\n";

    fn load(rule: &str) -> Result<Pack, Vec<PackError>> {
        load_files(&[("T01.sql", rule), ("T01.fixture", ""), ("pack.toml", PACK)])
    }

    fn load_files(files: &[(&str, &str)]) -> Result<Pack, Vec<PackError>> {
        let things = TableDeclaration::new(
            "things",
            &[("name", ColumnType::Text), ("size", ColumnType::Float)],
        );
        let height = ItemCheck {
            item: "height".into(),
            category: "measures".into(),
            label: Text::same("height"),
            applies: "true".into(),
            required: "true".into(),
            filled: Filled::Own("size is not null".into()),
        };
        let items = Items {
            subject: "thing".into(),
            checks: vec![height],
        };
        let files = PackFiles::from_texts(files.iter().copied());
        Pack::load(files, vec![things], Some(&items))
    }

    #[test]
    fn a_row_check_is_read_with_its_figures() {
        let pack = load(RULE).unwrap();
        let Body::RowCheck { figures, .. } = &pack.rules[0].body else {
            panic!("not a row check");
        };
        assert_eq!(figures[0], ("size".into(), "coalesce(size, 0)".into()));
        assert_eq!(pack.rules[0].texts.basis.zh, "实务");
    }

    #[test]
    fn an_unknown_key_names_file_and_line() {
        let errors = load(&RULE.replace("-- severity", "-- gravity")).unwrap_err();
        assert!(errors.iter().any(|error| error.file == "T01.sql"
            && error.line == 5
            && error.message.en.contains("unknown key `gravity`")));
    }

    #[test]
    fn a_title_missing_in_one_language_is_an_error() {
        let errors = load(&RULE.replace("-- title.en: A\n", "")).unwrap_err();
        assert!(errors[0].message.en.contains("title.en"));
    }

    #[test]
    fn a_column_that_the_table_does_not_have_is_an_error() {
        let errors = load(&RULE.replace("things.size", "things.weight")).unwrap_err();
        assert_eq!(errors[0].line, 7);
        assert!(errors[0].message.en.contains("no column weight"));
    }

    #[test]
    fn a_rule_without_fixtures_does_not_load() {
        let errors = load_files(&[("T01.sql", RULE), ("pack.toml", PACK)]).unwrap_err();
        assert_eq!((errors[0].file.as_str(), errors[0].line), ("T01.sql", 1));
        assert!(errors[0].message.en.contains("T01.fixture"));
    }

    #[test]
    fn an_item_that_nobody_declares_is_an_error() {
        let marks =
            |items: &str| load(&RULE.replace("-- reach", &format!("-- items: {items}\n-- reach")));
        marks("height").unwrap();
        let errors = marks("height, weight").unwrap_err();
        assert_eq!(errors[0].line, 8);
        assert!(errors[0].message.en.contains("no item weight"));
    }

    #[test]
    fn a_number_takes_a_table_with_the_id_and_a_name_that_is_free() {
        let load = |pack: &str| {
            let things = TableDeclaration::new("things", &[("name", ColumnType::Text)]);
            Pack::load(
                PackFiles::from_texts([("pack.toml", pack)]),
                vec![things],
                None,
            )
        };
        assert!(load(&format!("{PACK}number = 'thing'\n")).is_ok());
        let taken = load(&format!("{PACK}number = 'name'\n")).unwrap_err();
        assert!(taken[0].message.en.contains("has a column name already"));
        let nowhere = PACK.replace("'things'", "'nowhere'") + "number = 'thing'\n";
        let nowhere = load(&nowhere).unwrap_err();
        assert!(nowhere[0].message.en.contains("no table nowhere (name)"));
    }
}
