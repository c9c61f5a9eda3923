//! Filings one after another, read by a declaration: what every export goes through.

use std::collections::BTreeMap;

use kandeng_platform::{CommandError, Platform};
use rusqlite::Connection;
use uuid::Uuid;

use super::edit::Row;
use super::query::{self, Filter, ProjectRow};
use super::tables;
use crate::draft::reader::Reader;
use crate::import::columns::Value;

/// A row of a filing: what is typed, and what each declared column of its sheet reads in it.
pub(crate) struct ReadRow {
    pub values: Vec<Value>,
    pub typed: Row,
}

/// A filing, sheet by sheet in the declaration's order; the first holds the project's own row.
pub(crate) struct Opened {
    pub row: ProjectRow,
    /// The people whom the filing names, in order.
    pub people: Vec<Uuid>,
    pub sheets: Vec<Vec<ReadRow>>,
}

/// Goes through the filings of a list, in its order, all as they stand at one moment; gives how many there are. `begin` is
/// told which they are before the first of them.
pub(crate) fn each<E: From<CommandError>>(
    platform: &Platform,
    reader: &Reader,
    filter: &Filter,
    begin: impl FnOnce(&[ProjectRow]) -> Result<(), E>,
    mut take: impl FnMut(Opened) -> Result<(), E>,
) -> Result<u64, E> {
    let gone = platform.query_at_once(|of| {
        let projects = query::list(of, filter, 0, u32::MAX)?.rows;
        let count = projects.len() as u64;
        if let Err(error) = begin(&projects) {
            return Ok(Err(error));
        }
        for row in projects {
            if let Err(error) = take(opened(of, reader, row)?) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(count))
    });
    gone.map_err(CommandError::from)?
}

fn opened(of: &Connection, reader: &Reader, row: ProjectRow) -> rusqlite::Result<Opened> {
    let filed = tables::filed(of, row.project)?;
    let people = query::people_of(of, row.project)?;
    let mut lists = filed.lists;
    let sheets = reader.filing().sheets.iter().enumerate();
    let sheets = sheets.map(|(index, sheet)| {
        let rows = if index == 0 {
            BTreeMap::from([(0, filed.fields.clone())])
        } else {
            lists.remove(&sheet.table).unwrap_or_default()
        };
        rows.into_values()
            .map(|typed| {
                let pairs = typed
                    .iter()
                    .map(|(key, text)| (key.as_str(), text.as_str()));
                let of = Some((0, row.code.as_str()));
                let values = reader.row(index, pairs, of, &mut Vec::new());
                ReadRow { values, typed }
            })
            .collect()
    });
    Ok(Opened {
        sheets: sheets.collect(),
        people: people.into_iter().map(|(person, _)| person).collect(),
        row,
    })
}
