//! Cells as the read model stores them: a JSON object for each row.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use crate::project::edit::{Cells, Edit, Filed, Row, put};

/// Takes an edit into the stored cells.
pub(super) fn edit_cells(to: &Connection, project: i64, edit: Edit) -> rusqlite::Result<()> {
    let continued = edit.continued;
    if !edit.fields.is_empty() {
        let held: String = to
            .prepare_cached("select cells from project_fields where project = ?1")?
            .query_row([project], |row| row.get(0))?;
        to.prepare_cached("update project_fields set cells = ?2 where project = ?1")?
            .execute(params![project, with(Some(&held), edit.fields, continued)])?;
    }
    for (list, rows) in edit.rows {
        for (row, cells) in rows {
            let Some(cells) = cells else {
                to.prepare_cached(
                    "delete from project_rows where project = ?1 and list = ?2 and row = ?3",
                )?
                .execute(params![project, list, row])?;
                continue;
            };
            let held: Option<String> = to
                .prepare_cached(
                    "select cells from project_rows where project = ?1 and list = ?2 and row = ?3",
                )?
                .query_row(params![project, list, row], |row| row.get(0))
                .optional()?;
            let cells = with(held.as_deref(), cells, continued);
            to.prepare_cached(
                "insert into project_rows values (?1, ?2, ?3, ?4) on conflict do update set cells = ?4",
            )?
            .execute(params![project, list, row, cells])?;
        }
    }
    Ok(())
}

/// Stored cells with others put in.
fn with(held: Option<&str>, cells: Cells, continued: bool) -> String {
    let mut row = held.map(row_of).unwrap_or_default();
    put(&mut row, cells, continued);
    // Cannot fail: texts by texts.
    serde_json::to_string(&row).unwrap_or_default()
}

/// A row from its stored cells.
pub(in crate::project) fn row_of(cells: &str) -> Row {
    // Cannot fail: written by this file.
    serde_json::from_str(cells).unwrap_or_default()
}

/// What a project's filing holds.
pub(in crate::project) fn filed(of: &Connection, project: i64) -> rusqlite::Result<Filed> {
    let fields: String = of
        .prepare_cached("select cells from project_fields where project = ?1")?
        .query_row([project], |row| row.get(0))?;
    let mut filed = Filed {
        fields: row_of(&fields),
        lists: BTreeMap::new(),
    };
    let mut select =
        of.prepare_cached("select list, row, cells from project_rows where project = ?1")?;
    let mut rows = select.query([project])?;
    while let Some(row) = rows.next()? {
        let (list, number) = (row.get(0)?, row.get(1)?);
        let cells = row_of(row.get_ref(2)?.as_str()?);
        filed.lists.entry(list).or_default().insert(number, cells);
    }
    Ok(filed)
}
