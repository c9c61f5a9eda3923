//! Filings one after another, read by a declaration: what every export goes through.

use std::collections::BTreeMap;

use kandeng_platform::{CommandError, Platform};
use uuid::Uuid;

use super::edit::Row;
use super::query::{self, Filter, ProjectRow};
use super::tables;
use crate::draft::reader::Reader;
use crate::import::columns::Value;

/// Filings that are held at a time.
const AT_A_TIME: usize = 500;

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

/// The projects of a list, whole: one that is read page by page may shift in between.
pub(crate) fn listed(
    platform: &Platform,
    filter: &Filter,
) -> Result<Vec<ProjectRow>, CommandError> {
    let all = platform.query(|of| query::list(of, filter, 0, u32::MAX))?;
    Ok(all.rows)
}

/// Goes through the filings of projects, in their order.
pub(crate) fn each<E: From<CommandError>>(
    platform: &Platform,
    reader: &Reader,
    projects: Vec<ProjectRow>,
    mut take: impl FnMut(Opened) -> Result<(), E>,
) -> Result<(), E> {
    let mut projects = projects.into_iter();
    loop {
        let part: Vec<ProjectRow> = projects.by_ref().take(AT_A_TIME).collect();
        if part.is_empty() {
            return Ok(());
        }
        let read = platform.query(|of| {
            part.into_iter()
                .map(|row| {
                    let filed = tables::filed(of, row.project)?;
                    let people = query::people_of(of, row.project)?;
                    Ok((row, filed, people))
                })
                .collect::<rusqlite::Result<Vec<_>>>()
        });
        for (row, filed, people) in read.map_err(CommandError::from)? {
            let people = people.into_iter().map(|(person, _)| person).collect();
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
            let sheets = sheets.collect();
            take(Opened {
                row,
                people,
                sheets,
            })?;
        }
    }
}
