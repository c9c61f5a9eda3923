//! Cells of a filing as programs read and write them: as they were typed, under the keys of the declaration.

use std::collections::BTreeMap;

use kandeng_platform::Refusal;
use kandeng_platform::api::{At, Id};
use kandeng_platform::page::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::filing::{Field, Filing};
use crate::project::{Cells, Edit, Held, ProjectPage, Row};

/// The first number of rows that have none yet: above all that are ever given.
const NEW_ROWS: u32 = 1_000_000;

/// 一行的单元格 / The cells of a row
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CellsOut {
    /// 列的键 → 填写的文字;人名写作“个人 A” / Key of the column → what is typed; a person stands as 个人 A
    #[schema(example = json!({ "approved_budget": "600000", "approval_date": "2025-03-14" }))]
    pub cells: BTreeMap<String, String>,
    /// 填有证件号码、账号等而不显示的列 / Columns that hold a number of a person or an account, which nobody is shown
    pub hidden: Vec<String>,
}

impl CellsOut {
    pub fn of(filing: &Filing, table: &str, row: &Row, page: &ProjectPage) -> Self {
        let mut out = Self {
            cells: BTreeMap::new(),
            hidden: Vec::new(),
        };
        for (column, typed) in row {
            if is_hidden(filing, table, column) {
                out.hidden.push(column.clone());
            } else {
                out.cells.insert(column.clone(), page.shown(typed));
            }
        }
        out
    }
}

/// Whether a column holds numbers of people or accounts.
pub(super) fn is_hidden(filing: &Filing, table: &str, column: &str) -> bool {
    let field = filing.column(table, column).map(|column| column.field);
    field.is_none_or(|field| field == Field::Identity)
}

/// 清单中的一行 / A row of a list
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RowOut {
    /// 行号,永不重复使用 / Its number, never given again
    pub row: u32,
    #[serde(flatten)]
    pub cells: CellsOut,
}

/// 清单中要改的一行 / A row of a list that changes
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RowIn {
    /// 清单的键 / Key of the list
    #[schema(min_length = 1, max_length = 60, example = "payments")]
    list: String,
    /// 行号;新行不写 / Its number; none for a new row
    #[schema(minimum = 1)]
    row: Option<u32>,
    /// 列的键 → 填写的文字;null 清空;整行删除则不写 / Key of the column → what is typed, null to empty it; left out where
    /// the row goes
    #[schema(example = json!({ "amount": "12000", "voucher": "PZ-2" }))]
    cells: Option<BTreeMap<String, Option<String>>>,
}

/// What is typed, as an edit. What the declaration does not have filled in by people is named and refused.
pub(super) fn edit(
    filing: &Filing,
    fields: Option<BTreeMap<String, Option<String>>>,
    rows: Option<Vec<RowIn>>,
) -> Result<Edit, Problem> {
    let own = filing.sheets[0].table.as_str();
    let mut edit = Edit::default();
    for (column, typed) in fields.into_iter().flatten() {
        filled_in(filing, own, &column, &format!("/fields/{column}"))?;
        edit.fields.insert(column, unless_empty(typed));
    }
    for (place, row) in rows.into_iter().flatten().enumerate() {
        let at = format!("/rows/{place}");
        let is_list = filing.sheets[1..].iter().any(|sheet| {
            sheet.table == row.list && sheet.columns.iter().any(|column| column.item.is_some())
        });
        if !is_list {
            return Err(unknown(&format!("{at}/list")));
        }
        let mut cells = Cells::new();
        for (column, typed) in row.cells.iter().flatten() {
            filled_in(filing, &row.list, column, &format!("{at}/cells/{column}"))?;
            cells.insert(column.clone(), unless_empty(typed.clone()));
        }
        let number = match row.row {
            Some(number) => number,
            // No more than the body has bytes.
            None => NEW_ROWS + u32::try_from(place).unwrap_or(u32::MAX - NEW_ROWS),
        };
        let of_list = edit.rows.entry(row.list).or_default();
        let what = row.cells.is_some().then_some(cells);
        if of_list.insert(number, what).is_some() {
            let refusal =
                Refusal::new("said-twice", "同一行写了两次", "the same row is said twice");
            return Err(Problem::from(refusal).with("field", format!("{at}/row").into()));
        }
    }
    Ok(edit)
}

fn unless_empty(typed: Option<String>) -> Option<String> {
    typed.filter(|typed| !typed.trim().is_empty())
}

/// Whether people fill in a column: not what the platform records, not the code, not the stage.
fn filled_in(filing: &Filing, table: &str, column: &str, at: &str) -> Result<(), Problem> {
    let is_own = table == filing.sheets[0].table;
    let found = filing.column(table, column).filter(|found| {
        let is_item = !is_own || found.item.is_some();
        let is_code = column == "project_code" || is_own && column == "stage";
        !found.recorded && found.seals.is_empty() && is_item && !is_code
    });
    found.map(|_| ()).ok_or_else(|| unknown(at))
}

fn unknown(at: &str) -> Problem {
    let at: String = at.chars().take(120).collect();
    let refusal = Refusal::new(
        "unknown-item",
        format!("{at}:填报声明中没有,或不由人填写"),
        format!("{at}: the declaration has none, or nobody fills it in"),
    );
    Problem::from(refusal).with("field", at.into())
}

/// 他人先填的信息项 / An item that somebody else has filled in meanwhile
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeldItem {
    /// 信息项的键 / Key of the item
    item: String,
    /// 现在的版次:下一次更改以它为准 / Its edition by now: what the next change is based on
    edition: u32,
    /// 何人所填 / Whose account filled it in
    by: Id,
    at: At,
    /// 现在填写的内容 / What stands there
    cells: Vec<HeldCell>,
}

/// 现在填写的一格 / A cell as it stands
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeldCell {
    /// 清单的键;项目本身的列没有 / Key of the list; none for a column of the project's own
    list: Option<String>,
    /// 清单中的行号 / Number of the row in it
    row: Option<u32>,
    column: String,
    /// 填写的文字;不显示的没有 / What is typed; none where it is not shown
    typed: Option<String>,
}

impl HeldItem {
    pub fn of(filing: &Filing, held: &Held) -> Self {
        let own = filing.sheets[0].table.as_str();
        let cells = held.cells.iter().map(|cell| {
            let table = cell.row.as_ref().map_or(own, |(table, _)| table);
            let shown = !is_hidden(filing, table, &cell.column);
            HeldCell {
                list: cell.row.as_ref().map(|(list, _)| list.clone()),
                row: cell.row.as_ref().map(|(_, row)| *row),
                column: cell.column.clone(),
                typed: shown.then(|| cell.typed.clone()),
            }
        });
        Self {
            item: held.item.clone(),
            edition: held.standing.edition,
            by: Id(held.standing.by),
            at: At(held.standing.at),
            cells: cells.collect(),
        }
    }
}
