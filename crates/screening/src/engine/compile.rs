//! Rules into SQL: the population of a kind of subject, and all row checks over a table as one SELECT.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::TableDeclaration;
use crate::items::all_filled;
use crate::pack::{Body, Need, Rule, Subject};
use crate::sql::{Bindings, Select};
use crate::{Text, pack::PackError};

/// The code in a population's answer for a subject that the rule does not apply to.
pub(crate) const OUTSIDE: u8 = 255;

/// SQL of an expression with its parameters bound.
pub(crate) fn bind_expression(sql: &str, bindings: &Bindings<'_>) -> Result<String, Text> {
    let statement = Select::parse(&format!("select ({sql})"))?
        .bind(bindings)?
        .to_string();
    Ok(statement
        .trim_start_matches("SELECT ")
        .trim_start_matches("select ")
        .to_owned())
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
            let has_id = table(&need.table)
                .is_some_and(|table| table.columns.iter().any(|column| column.name == subject.id));
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

/// One child table with a set of columns, counted once for all rules that need it.
type ChildKey = (String, Vec<String>);

/// The population of one kind of subject: its SQL and how to read its columns.
pub(crate) struct Population {
    pub sql: String,
    /// For each rule the columns that hold the number of its incomplete child rows.
    pub left_out: Vec<Vec<usize>>,
}

impl Population {
    /// Columns: id, label, `row_no`, one answer for each rule, then the counts of incomplete rows.
    pub(crate) fn compile(
        subject: &Subject,
        has_row_no: bool,
        rules: &[(&Rule, Vec<NeedKind>, Bindings<'_>)],
    ) -> Result<Self, PackError> {
        let mut children: Vec<ChildKey> = Vec::new();
        let mut left_out = Vec::new();
        let mut own = String::new();
        let mut answers = String::new();
        for (index, (rule, needs, bindings)) in rules.iter().enumerate() {
            let applies = match &rule.applies {
                None => "true".to_owned(),
                Some(sql) => bind_expression(sql, bindings).map_err(|problem| {
                    PackError::new(
                        &rule.file,
                        0,
                        format!("applies:{}", problem.zh),
                        format!("applies: {}", problem.en),
                    )
                })?,
            };
            // Cannot fail: writing to a String does not.
            let _ = write!(own, ", coalesce({applies}, false) as a{index}");
            let mut answer = format!("case when not s.a{index} then {OUTSIDE}");
            let mut counts = Vec::new();
            for (code, need) in needs.iter().enumerate() {
                let code = code + 1;
                match need {
                    NeedKind::Own(need) => {
                        let _ = write!(own, ", \"{}\" is null as n{index}_{code}", need.column);
                        let _ = write!(answer, " when s.n{index}_{code} then {code}");
                    }
                    NeedKind::Child { table, columns } => {
                        let key = (table.clone(), columns.clone());
                        let place = children
                            .iter()
                            .position(|child| *child == key)
                            .unwrap_or_else(|| {
                                children.push(key);
                                children.len() - 1
                            });
                        counts.push(place);
                        let _ = write!(
                            answer,
                            " when coalesce(c{table}.k{place}, 0) = 0 then {code}"
                        );
                    }
                    NeedKind::Register(_) => {}
                }
            }
            let _ = write!(
                answers,
                ", cast({answer} else 0 end as tinyint unsigned) as r{index}"
            );
            left_out.push(counts);
        }
        let mut tables: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, (table, _)) in children.iter().enumerate() {
            tables.entry(table).or_default().push(place);
        }
        let mut joins = String::new();
        for (table, places) in &tables {
            let counted: Vec<_> = places
                .iter()
                .map(|place| {
                    let filled = all_filled(&children[*place].1);
                    format!(
                        "count(*) filter (where {filled}) as k{place}, count(*) filter (where not ({filled})) as x{place}"
                    )
                })
                .collect();
            let _ = write!(
                joins,
                " left join (select \"{id}\" as child_id, {} from {table} group by \"{id}\") c{table} on s.id = c{table}.child_id",
                counted.join(", "),
                id = subject.id,
            );
        }
        let counts: String =
            children
                .iter()
                .enumerate()
                .fold(String::new(), |mut text, (place, (table, _))| {
                    let _ = write!(text, ", coalesce(c{table}.x{place}, 0) as x{place}");
                    text
                });
        let label = subject.label.as_deref().unwrap_or(&subject.id);
        let row_no = if has_row_no {
            "row_no"
        } else {
            "cast(null as bigint)"
        };
        let sql = format!(
            "with s as (select \"{id}\" as id, \"{label}\" as label, {row_no} as row_no{own} from {table}) \
             select s.id as id, s.label as label, s.row_no as row_no{answers}{counts} from s{joins}",
            id = subject.id,
            table = subject.table,
        );
        Ok(Self { sql, left_out })
    }
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
            bind_expression(sql, bindings).map_err(|problem| {
                PackError::new(
                    &rule.file,
                    0,
                    format!("{key}:{}", problem.zh),
                    format!("{key}: {}", problem.en),
                )
            })
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
