//! A range of projects, read from the read model.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use kandeng_screening::arrow::error::ArrowError;
use rusqlite::Connection;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use uuid::Uuid;

use super::columns::Columns;
use super::happened::Happened;
use super::table::Table;
use crate::draft::reader::Reader;
use crate::filing::Filing;
use crate::import::columns::Value;

/// A project's number in the read model, its id and its code.
pub(super) type Known = (i64, Uuid, String);

/// What there is of the projects of a range.
pub(super) struct Part {
    pub projects: Vec<Known>,
    tables: Vec<Columns>,
    changes: Happened,
    signatures: Happened,
}

impl Part {
    /// The projects with numbers in a range. Everything is as of one position in a transaction only.
    pub(super) fn read(
        of: &Connection,
        reader: &Reader,
        from: i64,
        to: i64,
    ) -> rusqlite::Result<Self> {
        let filing = reader.filing();
        let mut tables: Vec<Columns> = filing.sheets.iter().map(Columns::of).collect();
        let own = &filing.sheets[0];
        let (code_at, stage_at) = (own.position("project_code"), own.position("stage"));
        let mut projects: Vec<Known> = Vec::new();
        let mut select = of.prepare_cached(
            "select project, id, code, stage, cells from projects join project_fields using (project) \
             where withdrawn = 0 and project >= ?1 and project < ?2 order by project",
        )?;
        let mut rows = select.query([from, to])?;
        while let Some(row) = rows.next()? {
            let (number, code): (i64, String) = (row.get(0)?, row.get(2)?);
            let cells = cells(row.get_ref(4)?.as_str()?);
            let mut values = reader.row(0, pairs(&cells), None, &mut Vec::new());
            if let Some(place) = code_at {
                values[place] = Value::Text(code.clone());
            }
            if let Some(place) = stage_at {
                values[place] = Value::Text(row.get(3)?);
            }
            tables[0].keep(&values, number, 0);
            // Cannot fail to parse: the projection wrote it.
            let id = Uuid::try_parse(row.get_ref(1)?.as_str()?).unwrap_or_default();
            projects.push((number, id, code));
        }
        drop(rows);
        let index_of = |list: &str| filing.sheets.iter().position(|sheet| sheet.table == list);
        let mut select = of.prepare_cached(
            "select project, list, row, cells from project_rows where project >= ?1 and project < ?2",
        )?;
        let mut rows = select.query([from, to])?;
        let (mut place, mut index) = (0, 1);
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            while projects.get(place).is_some_and(|known| known.0 < number) {
                place += 1;
            }
            // None of a project that was withdrawn.
            let Some((_, _, code)) = projects.get(place).filter(|known| known.0 == number) else {
                continue;
            };
            let list = row.get_ref(1)?.as_str()?;
            if filing.sheets[index].table != list {
                let Some(found) = index_of(list) else {
                    continue;
                };
                index = found;
            }
            let cells = cells(row.get_ref(3)?.as_str()?);
            if cells.is_empty() {
                continue;
            }
            let values = reader.row(index, pairs(&cells), Some((0, code)), &mut Vec::new());
            tables[index].keep(&values, number, row.get(2)?);
        }
        drop(rows);
        let changes = Happened::read(
            of,
            "item",
            "changed_at",
            "select project, code, item, at from item_changes c join projects using (project) \
             where withdrawn = 0 and project >= ?1 and project < ?2 order by project, item, c.edition",
            [from, to],
        )?;
        let signatures = Happened::read(
            of,
            "category",
            "signed_at",
            "select project, code, category, at from project_signatures s join projects using (project) \
             where what = 'signed' and withdrawn = 0 and project >= ?1 and project < ?2 order by project, s.position",
            [from, to],
        )?;
        Ok(Self {
            projects,
            tables,
            changes,
            signatures,
        })
    }

    /// The projects, and the tables by name.
    pub(super) fn finish(
        self,
        filing: &Filing,
    ) -> Result<(Vec<Known>, BTreeMap<String, Table>), ArrowError> {
        let mut tables = BTreeMap::new();
        for (sheet, columns) in filing.sheets.iter().zip(self.tables) {
            tables.insert(sheet.table.clone(), columns.finish(sheet)?);
        }
        tables.insert("item_changes".to_owned(), self.changes.finish()?);
        tables.insert("signatures".to_owned(), self.signatures.finish()?);
        Ok((self.projects, tables))
    }
}

/// Cells by column, borrowed where JSON has nothing escaped.
type Borrowed<'t> = Vec<(Cow<'t, str>, Cow<'t, str>)>;

fn pairs<'c>(cells: &'c Borrowed<'_>) -> impl Iterator<Item = (&'c str, &'c str)> {
    cells.iter().map(|(column, typed)| (&**column, &**typed))
}

/// Stored cells, read without a map.
fn cells(json: &str) -> Borrowed<'_> {
    struct Cells;
    impl<'de> Visitor<'de> for Cells {
        type Value = Borrowed<'de>;

        fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
            to.write_str("cells by column")
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
            let mut cells = Vec::with_capacity(16);
            while let Some((Text(column), Text(typed))) = map.next_entry()? {
                cells.push((column, typed));
            }
            Ok(cells)
        }
    }
    let mut json = serde_json::Deserializer::from_str(json);
    // Cannot fail: the projection wrote it.
    json.deserialize_map(Cells).unwrap_or_default()
}

#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);
