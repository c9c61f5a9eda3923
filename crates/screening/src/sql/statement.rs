//! One SELECT of a rule: parsed, checked, its parameters bound as literal nodes of the syntax tree.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::sql::parser::{DFParserBuilder, Statement as DfStatement};
use datafusion::sql::sqlparser::ast::{
    Array, CastKind, DataType, Expr, Query, SetExpr, Statement, UnaryOperator, Value,
    visit_expressions, visit_expressions_mut, visit_relations,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;

use crate::Text;
use crate::pack::Param;

/// Functions that would let a rule see more than its input: the clock and chance.
const FORBIDDEN: &[&str] = &[
    "now",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "today",
    "random",
    "uuid",
];

/// What `$name` stands for.
pub(crate) struct Bindings<'a> {
    /// The date of the run.
    pub as_of: jiff::civil::Date,
    /// The rule's parameters.
    pub params: &'a BTreeMap<String, Param>,
}

/// What is wrong with a statement, and where in it.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    /// What is wrong and what to do.
    pub text: Text,
    /// The word that is to blame.
    pub word: Option<String>,
    /// The line of the statement, counted from 1, as far as the parser tells it.
    line: Option<usize>,
}

impl Problem {
    fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            text: Text::new(zh, en),
            word: None,
            line: None,
        }
    }

    fn with_word(mut self, word: &str) -> Self {
        self.word = Some(word.to_owned());
        self
    }

    /// The line in the file of a statement that begins on line `first`.
    pub(crate) fn line_in(&self, sql: &str, first: usize) -> usize {
        let of_word = || {
            let word = self.word.as_deref()?;
            sql.lines().position(|line| has_word(line, word))
        };
        let offset = self
            .line
            .map(|line| line.saturating_sub(1))
            .or_else(of_word);
        first + offset.unwrap_or(0)
    }
}

/// Whether a line holds a word by itself, in any case of letters.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    line.to_lowercase()
        .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
        .any(|part| part == word.to_lowercase())
}

/// The parser tells where it stopped as `… at Line: 2, Column: 6`; people are told the line of the file.
fn parse_problem(problem: &str) -> Problem {
    let place = problem.find(" at Line: ");
    let line = place.and_then(|place| {
        let digits = problem[place + " at Line: ".len()..].split(',').next()?;
        digits.trim().parse().ok()
    });
    let said = place.map_or(problem, |place| &problem[..place]);
    let said = said
        .trim_start_matches("SQL error: ")
        .trim_start_matches("ParserError(\"");
    Problem {
        line,
        ..Problem::new(
            format!("SQL 无法解析:{said}"),
            format!("the SQL cannot be parsed: {said}"),
        )
    }
}

/// A SELECT that may be planned.
#[derive(Clone, Debug)]
pub(crate) struct Select {
    query: Box<Query>,
}

impl Select {
    /// Parses one SELECT and nothing else.
    pub(crate) fn parse(sql: &str) -> Result<Self, Problem> {
        let mut statements = DFParserBuilder::new(sql)
            .with_dialect(&PostgreSqlDialect {})
            .build()
            .and_then(|mut parser| parser.parse_statements())
            .map_err(|error| parse_problem(&error.strip_backtrace()))?;
        if statements.len() != 1 {
            return Err(Problem::new(
                format!("应当只有一条 SELECT,却有 {} 条语句", statements.len()),
                format!(
                    "one SELECT is wanted, here are {} statements",
                    statements.len()
                ),
            ));
        }
        let Some(DfStatement::Statement(statement)) = statements.pop_front() else {
            return Err(only_select());
        };
        let Statement::Query(query) = *statement else {
            return Err(only_select());
        };
        if !reads_only(&query) {
            return Err(only_select());
        }
        let select = Self { query };
        select.check_functions()?;
        Ok(select)
    }

    /// Names of tables that the SELECT reads, those of its own `with` left out.
    pub(crate) fn tables(&self) -> BTreeSet<String> {
        let mut own = BTreeSet::new();
        collect_ctes(&self.query, &mut own);
        let mut tables = BTreeSet::new();
        let _ = visit_relations(&self.query, |relation| {
            let name = relation.to_string().trim_matches('"').to_lowercase();
            if !own.contains(&name) {
                tables.insert(name);
            }
            ControlFlow::<()>::Continue(())
        });
        tables
    }

    /// The statement with every `$name` replaced by its value.
    pub(crate) fn bind(&self, bindings: &Bindings<'_>) -> Result<DfStatement, Problem> {
        let mut query = self.query.clone();
        let flow = visit_expressions_mut(&mut query, |expr| {
            if let Expr::Value(value) = expr
                && let Value::Placeholder(name) = &value.value
            {
                match bindings.literal(name.trim_start_matches('$')) {
                    Some(literal) => *expr = literal,
                    None => return ControlFlow::Break(name.clone()),
                }
            }
            ControlFlow::Continue(())
        });
        match flow {
            ControlFlow::Continue(()) => {
                Ok(DfStatement::Statement(Box::new(Statement::Query(query))))
            }
            ControlFlow::Break(name) => Err(Problem::new(
                format!("参数 {name} 没有定义;请写进 params,或改用 $as_of"),
                format!("the parameter {name} is not declared; add it to `params`, or use $as_of"),
            )
            .with_word(name.trim_start_matches('$'))),
        }
    }

    /// Names of the parameters that it uses.
    pub(crate) fn placeholders(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let _ = visit_expressions(&self.query, |expr| {
            if let Expr::Value(value) = expr
                && let Value::Placeholder(name) = &value.value
            {
                names.insert(name.trim_start_matches('$').to_owned());
            }
            ControlFlow::<()>::Continue(())
        });
        names
    }

    fn check_functions(&self) -> Result<(), Problem> {
        let flow = visit_expressions(&self.query, |expr| {
            if let Expr::Function(function) = expr {
                // `"now"()` and `public.now()` are the same function.
                let name = function.name.0.last().map(ToString::to_string);
                let name = name.unwrap_or_default().to_lowercase();
                let name = name.trim_matches('"').to_owned();
                if FORBIDDEN.contains(&name.as_str()) {
                    return ControlFlow::Break(name);
                }
            }
            ControlFlow::Continue(())
        });
        match flow {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(name) => Err(Problem::new(
                format!("规则不得使用 {name};唯一可见的日期是 $as_of"),
                format!("a rule may not use {name}; the only date it may see is $as_of"),
            )
            .with_word(&name)),
        }
    }
}

fn only_select() -> Problem {
    Problem::new("规则只能是 SELECT", "a rule may only be a SELECT")
}

fn reads_only(query: &Query) -> bool {
    fn body(set: &SetExpr) -> bool {
        match set {
            SetExpr::Select(select) => select.into.is_none(),
            SetExpr::Query(query) => reads_only(query),
            SetExpr::SetOperation { left, right, .. } => body(left) && body(right),
            SetExpr::Values(_) => true,
            _ => false,
        }
    }
    let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
    body(&query.body) && ctes.into_iter().all(|cte| reads_only(&cte.query))
}

fn collect_ctes(query: &Query, names: &mut BTreeSet<String>) {
    if let Some(with) = &query.with {
        for cte in &with.cte_tables {
            names.insert(cte.alias.name.value.to_lowercase());
            collect_ctes(&cte.query, names);
        }
    }
    if let SetExpr::Query(inner) = query.body.as_ref() {
        collect_ctes(inner, names);
    }
}

impl Bindings<'_> {
    fn literal(&self, name: &str) -> Option<Expr> {
        if name == "as_of" {
            return Some(Expr::Cast {
                kind: CastKind::Cast,
                expr: Box::new(text(&self.as_of.to_string())),
                data_type: DataType::Date,
                array: false,
                format: None,
            });
        }
        self.params.get(name).map(literal)
    }
}

fn literal(param: &Param) -> Expr {
    match param {
        Param::Int(value) => number(&value.unsigned_abs().to_string(), *value < 0),
        Param::Float(value) => number(&format!("{:?}", value.abs()), *value < 0.0),
        Param::Text(value) => text(value),
        Param::Bool(value) => Expr::Value(Value::Boolean(*value).into()),
        Param::List(values) => Expr::Array(Array {
            elem: values.iter().map(literal).collect(),
            named: true,
        }),
    }
}

fn number(digits: &str, negative: bool) -> Expr {
    let value = Expr::Value(Value::Number(digits.to_owned(), false).into());
    if negative {
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr: Box::new(value),
        }
    } else {
        value
    }
}

fn text(value: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(value.to_owned()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(sql: &str, params: &[(&str, Param)]) -> Result<String, Problem> {
        let params = params
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let bindings = Bindings {
            as_of: jiff::civil::date(2026, 6, 30),
            params: &params,
        };
        Select::parse(sql)?
            .bind(&bindings)
            .map(|statement| statement.to_string())
    }

    #[test]
    fn a_parameter_becomes_a_literal_and_never_sql() {
        let sql = bound(
            "select $evil",
            &[("evil", Param::Text("' or 1=1 --".into()))],
        )
        .unwrap();
        assert_eq!(sql, "SELECT ''' or 1=1 --'");
    }

    #[test]
    fn the_date_of_the_run_is_bound_as_a_date() {
        assert_eq!(
            bound("select $as_of", &[]).unwrap(),
            "SELECT CAST('2026-06-30' AS DATE)"
        );
    }

    #[test]
    fn an_undeclared_parameter_is_named() {
        assert!(
            bound("select $limit", &[])
                .unwrap_err()
                .text
                .en
                .contains("$limit")
        );
    }

    #[test]
    fn only_one_select_is_accepted() {
        for sql in [
            "delete from projects",
            "drop table projects",
            "select 1; select 2",
            "create table t as select 1",
            "with gone as (delete from projects returning *) select * from gone",
            "select * into copy from projects",
            "insert into t select 1",
            "copy projects to 'file.csv'",
        ] {
            assert!(Select::parse(sql).is_err(), "{sql} was accepted");
        }
    }

    #[test]
    fn the_clock_and_chance_are_refused() {
        for sql in [
            "select now()",
            "select current_date",
            "select 1 where current_timestamp > $as_of",
            "select random()",
            "select (select today())",
            "select \"now\"()",
            "select public.now()",
            "select 1 where \"Random\"() < 0.5",
        ] {
            assert!(Select::parse(sql).is_err(), "{sql} was accepted");
        }
    }

    #[test]
    fn a_problem_knows_its_line() {
        let first = |sql: &str| Select::parse(sql).unwrap_err().line_in(sql, 10);
        assert_eq!(first("select 1\nfrom a\nwhere b < now()"), 12);
        assert_eq!(first("select 1\nform a b c"), 11);
        assert_eq!(first("delete\nfrom a"), 10);
        let problem = Select::parse("select 1 form a b").unwrap_err();
        assert!(!problem.text.en.contains("Line:"), "{}", problem.text.en);
    }

    #[test]
    fn tables_are_found_without_those_of_its_own_with() {
        let select =
            Select::parse("with a as (select * from bids) select * from a join projects p on true")
                .unwrap();
        let tables: Vec<_> = select.tables().into_iter().collect();
        assert_eq!(tables, ["bids", "projects"]);
    }
}
