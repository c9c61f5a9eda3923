//! The rows on both sides: what the rule of a doubt compared, of the project itself and of those related to it, as it is
//! filed now. People are shown as 个人 A, numbers of people and accounts not at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kandeng_platform::page::{Problem, Site, Words};
use kandeng_screening::columns_read;
use kandeng_screening::pack::{Pack, Rule};

use super::super::project::written;
use super::super::words::pick;
use super::found::FlagRow;
use crate::filing::{Column, Field, Filing};
use crate::packs;
use crate::project::{ProjectPage, page_of_code};

/// Related projects that are shown beside the flag's own.
const OTHERS: usize = 4;

/// Rows of one list that are shown of one project.
const ROWS: usize = 20;

/// What is shown of one project.
pub(crate) struct Side {
    pub code: String,
    pub href: String,
    pub name: String,
    pub tables: Vec<Table>,
}

/// Its rows in one table.
pub(crate) struct Table {
    pub name: String,
    /// Headers, and whether the rule compares the column.
    pub columns: Vec<(String, bool)>,
    pub rows: Vec<Vec<Cell>>,
    /// Rows that are not shown.
    pub more: usize,
}

/// A cell as people read it.
pub(crate) struct Cell {
    /// What the column is called; nothing where the cell is empty.
    pub label: String,
    pub text: String,
    pub compared: bool,
    /// The same stands on another side, in the same column.
    pub same: bool,
}

/// What a project holds, by table and column: each value as it is stored.
type Values = HashMap<(String, String), BTreeSet<String>>;

/// The sides of a flag, as far as they are projects: its own first, then those of `related`, which the viewer may read.
pub(crate) fn sides(
    site: &Site,
    words: Words,
    filing: &Filing,
    (pack, rule): (&Pack, &Rule),
    flag: &FlagRow,
    related: &[(String, String)],
) -> Result<Vec<Side>, Problem> {
    let own = (flag.subject_kind == "project").then_some(&flag.subject);
    let related = related.iter().map(|(_, code)| code).take(OTHERS);
    let pages = site.platform().query(|connection| {
        let mut pages = Vec::new();
        for code in own.into_iter().chain(related) {
            pages.extend(page_of_code(connection, filing, code)?);
        }
        Ok(pages)
    })?;
    let compared = compared(filing, pack, rule, flag);
    let values: Vec<Values> = pages.iter().map(|page| values(page, &compared)).collect();
    let sides = pages.iter().enumerate().map(|(index, page)| {
        let shared = |table: &str, column: &Column, typed: &str| {
            // What may be the same for many without meaning anything is not pointed at.
            let tells = matches!(
                column.field,
                Field::Text | Field::Code | Field::Uscc | Field::Identity
            );
            let key = (table.to_owned(), column.key.clone());
            let others = values
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index);
            tells
                && !typed.trim().is_empty()
                && others
                    .filter_map(|(_, values)| values.get(&key))
                    .any(|values| values.contains(typed))
        };
        Side {
            code: page.row.code.clone(),
            href: format!("/supervise/projects/{}", page.row.id),
            name: page
                .row
                .name
                .clone()
                .unwrap_or_else(|| words.say("unnamed")),
            tables: tables(words, filing, page, &compared, &shared),
        }
    });
    Ok(sides.collect())
}

/// The columns that the rule compares, by table. A list is one of them where an item of the flag stands in it or the rule
/// needs it: statements read others to add up or to leave out. Of a project's own row, the columns of those items, those
/// that the rule needs, and those whose name stands in no other table that it reads and is no plain word: that its
/// statement names those is no accident.
fn compared(
    filing: &Filing,
    pack: &Pack,
    rule: &Rule,
    flag: &FlagRow,
) -> BTreeMap<String, BTreeSet<String>> {
    let read = columns_read(pack, Some(&packs::items(filing)), &rule.id);
    let is_meant = |table: &str, column: &Column| {
        let of_item = (column.item.as_ref()).is_some_and(|item| flag.items.contains(item));
        let mut needs = rule.needs.iter();
        of_item || needs.any(|need| need.table == table && need.column == column.key)
    };
    let is_plain_or_shared = |table: &str, key: &String| {
        let mut others = read.iter().filter(|(other, _)| *other != table);
        !key.contains('_') || key == "project_code" || others.any(|(_, named)| named.contains(key))
    };
    let mut compared = BTreeMap::new();
    for sheet in &filing.sheets {
        let (table, columns) = (&sheet.table, &sheet.columns);
        let Some(named) = read.get(table) else {
            continue;
        };
        let is_own = table == OWN;
        if !is_own && !columns.iter().any(|column| is_meant(table, column)) {
            continue;
        }
        let columns = columns.iter().filter(|column| {
            named.contains(&column.key)
                && (!is_own || is_meant(table, column) || !is_plain_or_shared(table, &column.key))
        });
        let columns: BTreeSet<String> = columns.map(|column| column.key.clone()).collect();
        if !columns.is_empty() {
            compared.insert(table.clone(), columns);
        }
    }
    compared
}

fn values(page: &ProjectPage, compared: &BTreeMap<String, BTreeSet<String>>) -> Values {
    let mut values = Values::new();
    for (table, columns) in compared {
        let rows = page.filed.lists.get(table);
        let rows = rows.into_iter().flat_map(BTreeMap::values);
        let own = (table == OWN).then_some(&page.filed.fields);
        for row in own.into_iter().chain(rows) {
            for column in columns {
                if let Some(typed) = row.get(column) {
                    let key = (table.clone(), column.clone());
                    values.entry(key).or_default().insert(typed.clone());
                }
            }
        }
    }
    values
}

/// The table of projects' own rows.
const OWN: &str = "projects";

fn tables(
    words: Words,
    filing: &Filing,
    page: &ProjectPage,
    compared: &BTreeMap<String, BTreeSet<String>>,
    shared: &dyn Fn(&str, &Column, &str) -> bool,
) -> Vec<Table> {
    let mut tables = Vec::new();
    for sheet in &filing.sheets {
        let Some(meant) = compared.get(&sheet.table) else {
            continue;
        };
        let is_own = sheet.table == OWN;
        let rows: Vec<_> = if is_own {
            vec![&page.filed.fields]
        } else {
            let rows = page.filed.lists.get(&sheet.table);
            rows.into_iter().flat_map(BTreeMap::values).collect()
        };
        let is_filled = |column: &&Column| {
            let mut typed = rows.iter().filter_map(|row| row.get(&column.key));
            typed.any(|typed| !typed.trim().is_empty())
        };
        // Of a list whole rows, so that each can be told from the others; what is compared stands first.
        let (mut columns, others): (Vec<&Column>, Vec<&Column>) = sheet
            .columns
            .iter()
            .filter(is_filled)
            .partition(|column| meant.contains(&column.key));
        if columns.is_empty() {
            continue;
        }
        if !is_own {
            columns.extend(others);
        }
        let cell = |column: &Column, typed: &str| {
            let shown = page.shown(typed);
            let (label, text) = if typed.trim().is_empty() {
                (String::new(), String::new())
            } else {
                let text = written(words, filing, column, &shown).into_owned();
                (pick(words, &column.zh, &column.en).to_owned(), text)
            };
            Cell {
                label,
                text,
                compared: meant.contains(&column.key),
                same: meant.contains(&column.key) && shared(&sheet.table, column, typed),
            }
        };
        let shown = rows.iter().take(ROWS).map(|row| {
            let cells = columns.iter().map(|column| {
                let typed = row.get(&column.key).map_or("", |typed| typed);
                cell(column, typed)
            });
            cells.collect()
        });
        tables.push(Table {
            name: pick(words, &sheet.zh, &sheet.en).to_owned(),
            rows: shown.collect(),
            more: rows.len().saturating_sub(ROWS),
            columns: columns
                .iter()
                .map(|column| {
                    let name = pick(words, &column.zh, &column.en);
                    (name.to_owned(), meant.contains(&column.key))
                })
                .collect(),
        });
    }
    tables
}
