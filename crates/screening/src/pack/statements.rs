//! The SQL of a pack as far as it can be judged without planning: one SELECT each, no clock and no chance,
//! parameters that are declared and used, shared tables that do not need one another.

use std::collections::{BTreeMap, BTreeSet};

use super::rule::{Body, Rule};
use super::{Pack, PackError, Param};
use crate::sql::{Bindings, Problem, Select};

pub(super) fn check(pack: &Pack) -> Vec<PackError> {
    let mut errors = Vec::new();
    let mut ids = BTreeMap::new();
    for rule in &pack.rules {
        if let Some(other) = ids.insert(rule.id.to_lowercase(), &rule.file) {
            errors.push(PackError::new(
                &rule.file,
                rule.line_of("id"),
                format!("编号 {} 与 {other} 的相同(不分大小写)", rule.id),
                format!(
                    "the id {} is that of {other}; capitals make no difference",
                    rule.id
                ),
            ));
        }
        errors.extend(check_rule(rule));
    }
    let mut reads = BTreeMap::new();
    for table in &pack.shared {
        if pack.table(&table.id).is_some() {
            errors.push(PackError::new(
                &table.file,
                1,
                format!("输入已有表 {},共享表须另取名字", table.id),
                format!(
                    "the input has a table {} already; a shared table needs another name",
                    table.id
                ),
            ));
        }
        match checked(&table.sql, &BTreeMap::new()) {
            Ok(select) => {
                reads.insert(table.id.as_str(), select.tables());
            }
            Err(problem) => {
                let line = problem.line_in(&table.sql, table.line);
                let text = problem.text;
                errors.push(PackError::new(&table.file, line, text.zh, text.en));
            }
        }
    }
    for table in &pack.shared {
        if let Some(round) = round_trip(&table.id, &reads) {
            errors.push(PackError::new(
                &table.file,
                table.line,
                format!("共享表互相依赖:{}", round.join(" → ")),
                format!("shared tables need one another: {}", round.join(" → ")),
            ));
        }
    }
    errors
}

fn checked(sql: &str, params: &BTreeMap<String, Param>) -> Result<Select, Problem> {
    let select = Select::parse(sql)?;
    // Any date will do: nothing is run.
    let as_of = jiff::civil::date(2000, 1, 1);
    select.bind(&Bindings { as_of, params })?;
    Ok(select)
}

fn check_rule(rule: &Rule) -> Vec<PackError> {
    let mut errors = Vec::new();
    let mut used = BTreeSet::new();
    if let Body::Query { sql, line } = &rule.body {
        match checked(sql, &rule.params) {
            Ok(select) => used.extend(select.placeholders()),
            Err(problem) => {
                let line = problem.line_in(sql, *line);
                errors.push(PackError::new(
                    &rule.file,
                    line,
                    problem.text.zh,
                    problem.text.en,
                ));
            }
        }
    }
    for (key, sql) in header_sql(rule) {
        match checked(&format!("select ({sql})"), &rule.params) {
            Ok(select) => used.extend(select.placeholders()),
            Err(problem) => errors.push(PackError::new(
                &rule.file,
                rule.line_of_word(&[key], problem.word.as_deref()),
                format!("{key}:{}", problem.text.zh),
                format!("{key}: {}", problem.text.en),
            )),
        }
    }
    if errors.is_empty() {
        for name in rule.params.keys().filter(|name| !used.contains(*name)) {
            errors.push(PackError::new(
                &rule.file,
                rule.line_of_word(&["params"], Some(name)),
                format!("参数 {name} 没有用到;请在 SQL 里写 ${name},或从 params 删去"),
                format!(
                    "the parameter {name} is used nowhere; write ${name} in the SQL, or drop it from `params`"
                ),
            ));
        }
    }
    errors
}

/// SQL that stands in the header, by key.
fn header_sql(rule: &Rule) -> Vec<(&'static str, &str)> {
    let mut all = Vec::new();
    if let Some(applies) = &rule.applies {
        all.push(("applies", applies.as_str()));
    }
    if let Body::RowCheck {
        flag_when, figures, ..
    } = &rule.body
    {
        all.push(("flag_when", flag_when.as_str()));
        all.extend(figures.iter().map(|(_, sql)| ("figures", sql.as_str())));
    }
    all
}

/// The way from a shared table back to itself, told by the first of the tables on it.
fn round_trip(table: &str, reads: &BTreeMap<&str, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut open = vec![vec![table.to_owned()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = open.pop() {
        let Some(next) = way.last().and_then(|last| reads.get(last.as_str())) else {
            continue;
        };
        for name in next {
            let mut way = way.clone();
            way.push(name.clone());
            if name == table {
                let is_first = way.iter().all(|other| table <= other.as_str());
                return is_first.then_some(way);
            }
            if seen.insert(name.clone()) {
                open.push(way);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::PackFiles;
    use super::*;
    use crate::{ColumnType, TableDeclaration};

    const HEADER: &str = "-- id: T01\n-- title.zh: 甲\n-- title.en: A\n-- audience: filer\n-- severity: low\n-- subject: thing\n-- reach: record\n-- basis: practice\n-- says.zh: 一\n-- says.en: one\n-- params: most = 3\n";
    const PACK: &str = "[[subjects]]\nkind = 'thing'\ntable = 'things'\nid = 'name'\n";

    fn told(rule: &str, shared: &[(&str, &str)]) -> Vec<String> {
        let things = TableDeclaration::new(
            "things",
            &[("name", ColumnType::Text), ("size", ColumnType::Float)],
        );
        let rule = format!("{HEADER}{rule}");
        let mut files = vec![
            ("T01.sql", rule.as_str()),
            ("T01.fixture", ""),
            ("pack.toml", PACK),
        ];
        files.extend(shared);
        match Pack::load(PackFiles::from_texts(files), vec![things], None) {
            Ok(_) => Vec::new(),
            Err(errors) => errors
                .iter()
                .map(|error| format!("{}:{} {}", error.file, error.line, error.message.en))
                .collect(),
        }
    }

    fn one(rule: &str) -> String {
        let told = told(rule, &[]);
        assert_eq!(told.len(), 1, "{told:?}");
        told.into_iter().next().unwrap()
    }

    #[test]
    fn what_no_rule_may_do_is_an_error_of_loading() {
        let select = "select name as subject from things\nwhere size > $most";
        assert_eq!(told(select, &[]), Vec::<String>::new());
        for (rule, wanted) in [
            (
                format!("{select}\n  and now() > $as_of"),
                "T01.sql:14 a rule may not use now",
            ),
            (
                format!("{select} and \"now\"() > $as_of"),
                "T01.sql:13 a rule may not use now",
            ),
            (
                "delete from things where size > $most".to_owned(),
                "T01.sql:12 a rule may only be a SELECT",
            ),
            (
                format!("{select};\nselect 1"),
                "T01.sql:12 one SELECT is wanted",
            ),
            (
                format!("{select}\n  and size < $least"),
                "T01.sql:14 the parameter $least is not declared",
            ),
            (
                "select name as subject\nform things, $most".to_owned(),
                "T01.sql:13 the SQL cannot be parsed",
            ),
            (
                "select name as subject from things".to_owned(),
                "T01.sql:11 the parameter most is used nowhere",
            ),
        ] {
            let told = one(&rule);
            assert!(told.starts_with(wanted), "{told}\n{wanted}");
        }
    }

    #[test]
    fn sql_in_the_header_is_checked_on_its_line() {
        let rule = |applies: &str, flag: &str, figure: &str| {
            format!(
                "-- applies: {applies}\n-- over: things\n-- flag_when: {flag}\n-- figures: a = 1,\n--     b = {figure}\n"
            )
        };
        assert_eq!(
            told(&rule("true", "size > $most", "size"), &[]),
            Vec::<String>::new()
        );
        for (rule, wanted) in [
            (
                rule("size > $x", "size > $most", "size"),
                "T01.sql:12 applies: the parameter $x",
            ),
            (
                rule("true", "size > now() + $most", "size"),
                "T01.sql:14 flag_when: a rule may not use now",
            ),
            (
                rule("true", "size > $most", "$x"),
                "T01.sql:16 figures: the parameter $x",
            ),
        ] {
            let told = one(&rule);
            assert!(told.starts_with(wanted), "{told}\n{wanted}");
        }
    }

    #[test]
    fn ids_that_differ_in_capitals_only_are_one_id() {
        let rule = "select name as subject from things where size > $most";
        let other = format!("{HEADER}{rule}").replace("id: T01", "id: t01");
        let told = told(rule, &[("t01.sql", &other), ("t01.fixture", "")]);
        assert_eq!(
            told,
            ["t01.sql:1 the id t01 is that of T01.sql; capitals make no difference"]
        );
    }

    #[test]
    fn shared_tables_that_need_one_another_are_told_of_once() {
        let rule = "select name as subject from a where size > $most";
        let shared = |id: &str, from: &str| {
            format!("-- id: {id}\n-- what.zh: 一\n-- what.en: one\nselect * from {from}\n")
        };
        let told = |a: &str, b: &str| {
            let (a, b) = (shared("a", a), shared("b", b));
            self::told(rule, &[("shared/a.sql", &a), ("shared/b.sql", &b)])
        };
        assert_eq!(told("b", "things"), Vec::<String>::new());
        assert_eq!(
            told("b", "a"),
            ["shared/a.sql:4 shared tables need one another: a → b → a"]
        );
        assert_eq!(
            told("b", "b"),
            ["shared/b.sql:4 shared tables need one another: b → b"]
        );
    }

    #[test]
    fn a_shared_table_has_no_parameters_and_a_name_of_its_own() {
        let rule = "select name as subject from things where size > $most";
        let shared = "-- id: things\n-- what.zh: 一\n-- what.en: one\nselect 1\nwhere $most > 2\n";
        let told = told(rule, &[("shared/things.sql", shared)]);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("shared/things.sql:1 the input has a table things already"));
        assert!(told[1].starts_with("shared/things.sql:5 the parameter $most is not declared"));
    }
}
