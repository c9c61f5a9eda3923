//! Rules into SQL: the population of a kind of subject, and all row checks over a table as one SELECT.

use std::fmt::Write as _;

use crate::pack::PackError;
use crate::pack::{Body, Need, Rule, Subject};
use crate::sql::{Bindings, Problem, Select};
use crate::{ColumnDeclaration, TableDeclaration};

/// The code in a population's answer for a subject that the rule does not apply to.
pub(crate) const OUTSIDE: u8 = 255;

/// SQL of an expression with its parameters bound.
pub(crate) fn bind_expression(sql: &str, bindings: &Bindings<'_>) -> Result<String, Problem> {
    let statement = Select::parse(&format!("select ({sql})"))?
        .bind(bindings)?
        .to_string();
    Ok(statement
        .trim_start_matches("SELECT ")
        .trim_start_matches("select ")
        .to_owned())
}

/// A problem with the SQL in the value of a header's key.
pub(crate) fn header_error(rule: &Rule, key: &str, problem: &Problem) -> PackError {
    PackError::new(
        &rule.file,
        rule.line_of_word(&[key], problem.word.as_deref()),
        format!("{key}:{}", problem.text.zh),
        format!("{key}: {}", problem.text.en),
    )
}

/// What must be filled in one table for one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NeedKind {
    /// A column of the subject's own row.
    Own(Need),
    /// A row of a child table with all of these columns.
    Child { table: String, columns: Vec<String> },
    /// A table that is there at all, with this column.
    Register(Need),
}

impl NeedKind {
    /// A rule's needs, those on one child table taken together.
    pub(crate) fn of(
        rule: &Rule,
        subject: &Subject,
        table: impl Fn(&str) -> Option<TableDeclaration>,
    ) -> Vec<Self> {
        let mut kinds: Vec<Self> = Vec::new();
        for need in &rule.needs {
            if need.table == subject.table {
                kinds.push(Self::Own(need.clone()));
                continue;
            }
            let has_id = table(&need.table).is_some_and(|table| {
                let names = |column: &ColumnDeclaration| {
                    column.name == subject.id || Some(&column.name) == subject.number.as_ref()
                };
                table.columns.iter().any(names)
            });
            if !has_id {
                kinds.push(Self::Register(need.clone()));
                continue;
            }
            let same = kinds.iter_mut().find_map(|kind| match kind {
                Self::Child { table, columns } if *table == need.table => Some(columns),
                _ => None,
            });
            if let Some(columns) = same {
                columns.push(need.column.clone());
            } else {
                kinds.push(Self::Child {
                    table: need.table.clone(),
                    columns: vec![need.column.clone()],
                });
            }
        }
        kinds
    }
}

/// A child table of a subject, counted once for all rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Child {
    pub table: String,
    /// Sets of columns that some rule needs to be filled together.
    pub sets: Vec<Vec<String>>,
}

/// A rule's need of a whole row in a child table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChildNeed {
    /// What the rule answers for a subject without one.
    pub code: u8,
    /// The child and the set of columns, by their places in [`Population::children`].
    pub child: usize,
    pub set: usize,
}

/// The population of one kind of subject: its SQL and how to read its columns.
pub(crate) struct Population {
    pub sql: String,
    pub has_row_no: bool,
    pub children: Vec<Child>,
    /// By rule.
    pub child_needs: Vec<Vec<ChildNeed>>,
}

impl Population {
    /// Columns of the SQL: [`POPULATION_HEAD`], then for each rule its answer as far as the subject's
    /// own row tells it: [`OUTSIDE`], the first need whose column is empty (from 1), or 0. Child tables
    /// are counted apart.
    pub(crate) fn compile(
        subject: &Subject,
        has_row_no: bool,
        rules: &[(&Rule, Vec<NeedKind>, Bindings<'_>)],
    ) -> Result<Self, PackError> {
        let mut children: Vec<Child> = Vec::new();
        let mut child_needs = Vec::new();
        let mut answers = String::new();
        for (index, (rule, needs, bindings)) in rules.iter().enumerate() {
            let applies = match &rule.applies {
                None => "true".to_owned(),
                Some(sql) => bind_expression(sql, bindings)
                    .map_err(|problem| header_error(rule, "applies", &problem))?,
            };
            let mut answer = format!("when not coalesce({applies}, false) then {OUTSIDE}");
            let mut of_children = Vec::new();
            for (place, need) in needs.iter().enumerate() {
                let code = place as u8 + 1;
                match need {
                    // Cannot fail: writing to a String does not.
                    NeedKind::Own(need) => {
                        let _ = write!(answer, " when \"{}\" is null then {code}", need.column);
                    }
                    NeedKind::Child { table, columns } => {
                        let (child, set) = place_of(&mut children, table, columns);
                        of_children.push(ChildNeed { code, child, set });
                    }
                    NeedKind::Register(_) => {}
                }
            }
            let _ = write!(
                answers,
                ", cast(case {answer} else 0 end as tinyint unsigned) as r{index}"
            );
            child_needs.push(of_children);
        }
        let label = subject.label.as_deref().unwrap_or(&subject.id);
        let row_no = if has_row_no {
            "row_no"
        } else {
            "cast(null as bigint)"
        };
        let number = match &subject.number {
            Some(number) => format!("\"{number}\""),
            None => "cast(null as bigint)".to_owned(),
        };
        let sql = format!(
            "select \"{id}\" as id, \"{label}\" as label, {number} as number, {row_no} as row_no{answers} from {table}",
            id = subject.id,
            table = subject.table,
        );
        Ok(Self {
            sql,
            has_row_no,
            children,
            child_needs,
        })
    }
}

/// Columns of a population before the answers: id, label, number, `row_no`.
pub(crate) const POPULATION_HEAD: usize = 4;

/// The place of a child table and a set of its columns, made if it is new.
fn place_of(children: &mut Vec<Child>, table: &str, columns: &[String]) -> (usize, usize) {
    let child = children.iter().position(|child| child.table == table);
    let child = child.unwrap_or_else(|| {
        children.push(Child {
            table: table.to_owned(),
            sets: Vec::new(),
        });
        children.len() - 1
    });
    let sets = &mut children[child].sets;
    let set = sets.iter().position(|set| set == columns);
    let set = set.unwrap_or_else(|| {
        sets.push(columns.to_vec());
        sets.len() - 1
    });
    (child, set)
}

/// Row checks over one table as one SELECT.
///
/// Columns: `subject`, `row_no`, a flag for each rule, then the figures of all of them.
pub(crate) fn row_checks_sql(
    table: &str,
    id: &str,
    has_row_no: bool,
    rules: &[(&Rule, Bindings<'_>)],
) -> Result<String, PackError> {
    let mut inner = String::new();
    let mut flags = String::new();
    let mut all_figures = String::new();
    let mut any = Vec::new();
    for (index, (rule, bindings)) in rules.iter().enumerate() {
        let Body::RowCheck {
            flag_when, figures, ..
        } = &rule.body
        else {
            continue;
        };
        let bound = |sql: &str, key: &str| {
            bind_expression(sql, bindings).map_err(|problem| header_error(rule, key, &problem))
        };
        // Cannot fail: writing to a String does not.
        let _ = write!(
            inner,
            ", coalesce({}, false) as f{index}",
            bound(flag_when, "flag_when")?
        );
        let _ = write!(flags, ", f{index}");
        any.push(format!("f{index}"));
        for (place, (_, expression)) in figures.iter().enumerate() {
            let _ = write!(
                inner,
                ", {} as g{index}_{place}",
                bound(expression, "figures")?
            );
            let _ = write!(all_figures, ", g{index}_{place}");
        }
    }
    let row_no = if has_row_no {
        "row_no"
    } else {
        "cast(null as bigint)"
    };
    Ok(format!(
        "select subject, row_no{flags}{all_figures} from (select \"{id}\" as subject, {row_no} as row_no{inner} from {table}) where {}",
        any.join(" or ")
    ))
}
