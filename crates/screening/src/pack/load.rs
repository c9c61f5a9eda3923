//! From a pack's files to rules, checked key by key; every error names file and line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;

use super::header::{Entry, Header};
use super::rule::{Audience, Body, Need, Reach, Rule, RuleTexts, Severity};
use super::{PackError, PackFiles, Param};
use crate::{Items, TableDeclaration, TableSource, Tables, Text, says};

/// Every key a rule's header may have.
const RULE_KEYS: &[&str] = &[
    "id",
    "title.zh",
    "title.en",
    "audience",
    "severity",
    "subject",
    "also",
    "applies",
    "needs",
    "items",
    "key",
    "reach",
    "params",
    "basis",
    "basis.zh",
    "basis.en",
    "method.zh",
    "method.en",
    "why.zh",
    "why.en",
    "excludes.zh",
    "excludes.en",
    "says.zh",
    "says.en",
    "today",
    "over",
    "flag_when",
    "figures",
];
const SHARED_KEYS: &[&str] = &["id", "what.zh", "what.en"];

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

/// Reads one header's values and remembers everything that is wrong with them.
struct Reader<'a> {
    file: &'a str,
    header: &'a Header,
    errors: Vec<PackError>,
}

impl<'a> Reader<'a> {
    fn new(file: &'a str, header: &'a Header, keys: &[&str]) -> Self {
        let mut reader = Self {
            file,
            header,
            errors: Vec::new(),
        };
        for entry in &header.entries {
            if !keys.contains(&entry.key.as_str()) {
                reader.fail(
                    entry.line,
                    format!("未知的键“{}”;可用的键:{}", entry.key, keys.join("、")),
                    format!(
                        "unknown key `{}`; the keys are {}",
                        entry.key,
                        keys.join(", ")
                    ),
                );
            }
        }
        reader
    }

    fn fail(&mut self, line: usize, zh: impl Into<String>, en: impl Into<String>) {
        self.errors.push(PackError::new(self.file, line, zh, en));
    }

    fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.header.get(key).filter(|entry| !entry.value.is_empty())
    }

    fn value(&self, key: &str) -> Option<String> {
        self.entry(key).map(|entry| entry.value.clone())
    }

    fn required(&mut self, key: &str) -> String {
        self.value(key).unwrap_or_else(|| {
            let line = self.header.get(key).map_or(1, |entry| entry.line);
            self.fail(line, format!("缺少“{key}”"), format!("`{key}` is missing"));
            String::new()
        })
    }

    fn list(&self, key: &str) -> Vec<String> {
        self.value(key)
            .map(|value| {
                value
                    .split(',')
                    .map(|part| part.trim().to_owned())
                    .filter(|part| !part.is_empty())
                    .collect()
            })
            .unwrap_or_default()
    }

    /// Both languages, or an error naming the one that is missing.
    fn required_text(&mut self, key: &str) -> Text {
        let zh = self.required(&format!("{key}.zh"));
        let en = self.required(&format!("{key}.en"));
        Text { zh, en }
    }

    fn optional_text(&mut self, key: &str) -> Text {
        let one_for_both = self.value(key);
        let zh = self.value(&format!("{key}.zh"));
        let en = self.value(&format!("{key}.en"));
        match (zh, en, one_for_both) {
            (None, None, None) => Text::default(),
            (None, None, Some(both)) if both == "practice" => Text::new("实务", "practice"),
            (None, None, Some(both)) => Text::same(both),
            (Some(zh), Some(en), _) => Text { zh, en },
            _ => self.required_text(key),
        }
    }

    fn word<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Option<T>,
        words: &str,
        default: T,
    ) -> T {
        let value = self.required(key);
        if value.is_empty() {
            return default;
        }
        parse(&value).unwrap_or_else(|| {
            let line = self.header.get(key).map_or(0, |entry| entry.line);
            self.fail(
                line,
                format!("“{value}”不可用于 {key};应为 {words} 之一"),
                format!("`{value}` is no {key}; it is one of {words}"),
            );
            default
        })
    }
}

fn read_shared(file: &str, stem: &str, text: &str) -> Result<SharedTable, Vec<PackError>> {
    let header = Header::parse(file, text).map_err(|error| vec![error])?;
    let mut reader = Reader::new(file, &header, SHARED_KEYS);
    let id = reader.required("id");
    check_id(&mut reader, &id, stem);
    let what = reader.required_text("what");
    if header.body.is_empty() {
        reader.fail(header.body_line, "缺少 SQL", "there is no SQL");
    }
    if reader.errors.is_empty() {
        Ok(SharedTable {
            id,
            what,
            sql: header.body.clone(),
            file: file.to_owned(),
            line: header.body_line,
        })
    } else {
        Err(reader.errors)
    }
}

fn check_id(reader: &mut Reader<'_>, id: &str, stem: &str) {
    if !id.is_empty() && id != stem {
        let line = reader.header.get("id").map_or(0, |entry| entry.line);
        reader.fail(
            line,
            format!("编号 {id} 与文件名 {stem}.sql 不一致"),
            format!("the id {id} differs from the file's name {stem}.sql"),
        );
    }
}

fn read_rule(file: &str, stem: &str, text: &str) -> Result<Rule, Vec<PackError>> {
    let header = Header::parse(file, text).map_err(|error| vec![error])?;
    let mut reader = Reader::new(file, &header, RULE_KEYS);
    let id = reader.required("id");
    check_id(&mut reader, &id, stem);
    let audience = reader.word(
        "audience",
        |word| match word {
            "filer" => Some(Audience::Filer),
            "officer" => Some(Audience::Officer),
            "both" => Some(Audience::Both),
            _ => None,
        },
        "filer, officer, both",
        Audience::Officer,
    );
    let severity = reader.word(
        "severity",
        Severity::parse,
        "low, medium, high",
        Severity::Low,
    );
    let reach = reader.word(
        "reach",
        Reach::parse,
        "record, village, owner, county",
        Reach::County,
    );
    reader.required("subject");
    let needs = read_needs(&mut reader);
    let params = read_params(&mut reader);
    let body = read_body(&mut reader);
    let texts = RuleTexts {
        title: reader.required_text("title"),
        says: reader.required_text("says"),
        basis: reader.optional_text("basis"),
        method: reader.optional_text("method"),
        why: reader.optional_text("why"),
        excludes: reader.optional_text("excludes"),
    };
    if texts.basis == Text::default() {
        reader.fail(
            1,
            "缺少“basis”(依据;没有时写 practice)",
            "`basis` is missing (write practice where there is none)",
        );
    }
    for says in [&texts.says.zh, &texts.says.en] {
        if let Err(problem) = says::placeholders(says) {
            let line = header.get("says.zh").map_or(0, |entry| entry.line);
            reader.fail(
                line,
                format!("says:{}", problem.zh),
                format!("says: {}", problem.en),
            );
        }
    }
    let rule = Rule {
        id,
        texts,
        audience,
        severity,
        subjects: reader.list("subject"),
        also: reader.list("also"),
        applies: reader.value("applies"),
        needs,
        items: reader.list("items"),
        key: reader.list("key"),
        reach,
        params,
        today: reader.list("today"),
        body,
        file: file.to_owned(),
        source: text.to_owned(),
    };
    if reader.errors.is_empty() {
        Ok(rule)
    } else {
        Err(reader.errors)
    }
}

fn read_needs(reader: &mut Reader<'_>) -> Vec<Need> {
    let line = reader.header.get("needs").map_or(0, |entry| entry.line);
    let mut needs = Vec::new();
    for part in reader.list("needs") {
        if let Some((table, column)) = part.split_once('.') {
            needs.push(Need {
                table: table.trim().to_owned(),
                column: column.trim().trim_matches('"').to_owned(),
            });
        } else {
            reader.fail(
                line,
                format!("needs 应写成“表.列”,而不是“{part}”"),
                format!("`needs` reads table.column, not `{part}`"),
            );
        }
    }
    needs
}

fn read_params(reader: &mut Reader<'_>) -> BTreeMap<String, Param> {
    let Some(entry) = reader.entry("params") else {
        return BTreeMap::new();
    };
    match Param::parse_table(&entry.value) {
        Ok(params) => {
            if params.contains_key("as_of") {
                reader.fail(
                    entry.line,
                    "as_of 由运行给出,不能作参数",
                    "`as_of` is given by the run, it is no parameter",
                );
            }
            params
        }
        Err(problem) => {
            reader.fail(
                entry.line,
                format!("params 应写成“名 = 值, …”(TOML):{problem}"),
                format!("`params` reads `name = value, …` (TOML): {problem}"),
            );
            BTreeMap::new()
        }
    }
}

fn read_body(reader: &mut Reader<'_>) -> Body {
    let header = reader.header;
    let over = reader.value("over");
    if over.is_none() {
        for key in ["flag_when", "figures"] {
            if let Some(entry) = header.get(key) {
                reader.fail(
                    entry.line,
                    format!("{key} 需要 over"),
                    format!("`{key}` needs `over`"),
                );
            }
        }
        if header.body.is_empty() {
            reader.fail(
                header.body_line,
                "缺少 SQL,也没有 over 与 flag_when",
                "there is neither SQL nor `over` with `flag_when`",
            );
        }
        return Body::Query {
            sql: header.body.clone(),
            line: header.body_line,
        };
    }
    if !header.body.is_empty() {
        reader.fail(
            header.body_line,
            "逐行检查(over)之后不能再有 SQL",
            "a row check (`over`) has no SQL below its header",
        );
    }
    let flag_when = reader.required("flag_when");
    let mut figures = Vec::new();
    if let Some(entry) = reader.entry("figures") {
        for part in split_outside_brackets(&entry.value) {
            match part.split_once('=') {
                Some((name, expression))
                    if !name.trim().is_empty() && !expression.trim().is_empty() =>
                {
                    figures.push((name.trim().to_owned(), expression.trim().to_owned()));
                }
                _ => reader.fail(
                    entry.line,
                    format!("figures 应写成“名 = 表达式, …”,而不是“{part}”"),
                    format!("`figures` reads name = expression, …, not `{part}`"),
                ),
            }
        }
    }
    Body::RowCheck {
        over: over.unwrap_or_default(),
        flag_when,
        figures,
    }
}

/// Splits at commas that stand in no bracket and no quotes.
fn split_outside_brackets(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut depth = 0_usize;
    let mut quote = None;
    let mut start = 0;
    for (index, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(text[start..index].trim());
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
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
