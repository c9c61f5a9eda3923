//! The history of an item, from the ledger itself.

use jiff::Timestamp;
use kandeng_ledger::StreamName;
use kandeng_platform::{Aggregate, CommandError, Platform};
use uuid::Uuid;

use crate::filing::Filing;
use crate::project::edit::{Edit, Filed, Row};
use crate::project::{Project, ProjectEvent};

/// One cell of an item that was changed: who, when, from, to. Names of people stand as marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemChange {
    /// The edition that changed it.
    pub edition: u32,
    /// Who.
    pub by: Uuid,
    /// When.
    pub at: Timestamp,
    /// The list and the row in it; nothing for the project's own row.
    pub row: Option<(String, u32)>,
    /// The column.
    pub column: String,
    /// What was typed there before.
    pub from: Option<String>,
    /// What is typed there since.
    pub to: Option<String>,
    /// SHA-256 of the file that it was read from.
    pub file: Option<String>,
}

/// Every change of an item, oldest first, from the ledger itself.
///
/// # Errors
/// When the ledger cannot be read.
pub fn history(
    platform: &Platform,
    filing: &Filing,
    id: Uuid,
    item: &str,
) -> Result<Vec<ItemChange>, CommandError> {
    let stream = StreamName::new(Project::STREAM, id)?;
    let mut filed = Filed::default();
    let mut changes = Vec::new();
    for recorded in platform.ledger().read_stream(&stream, 0)? {
        let read = Project::event_in(&recorded).map_err(CommandError::Append)?;
        let (envelope, edition, by, edit, file) = match read {
            Some((
                envelope,
                ProjectEvent::ItemsChanged {
                    edition,
                    by,
                    edit,
                    file,
                    ..
                },
            )) => (envelope, edition, by, edit, file),
            // What went with a file that was erased stands again; who typed it when is told without it.
            Some((_, ProjectEvent::FilingRestated { stands, .. })) => {
                filed.take(stands);
                continue;
            }
            _ => continue,
        };
        let continued = edit.continued;
        let cells: Vec<_> = cells_of(filing, item, &edit, &filed)
            .into_iter()
            .map(|(row, column)| {
                let from = typed_at(&filed, row.as_ref(), &column);
                (row, column, from)
            })
            .collect();
        filed.take(edit);
        for (row, column, from) in cells {
            let to = typed_at(&filed, row.as_ref(), &column);
            // A cell that goes on in a further event is one change.
            if continued
                && let Some(last) = changes.iter_mut().rev().find(|last: &&mut ItemChange| {
                    last.edition == edition && last.row == row && last.column == column
                })
            {
                last.to = to;
                continue;
            }
            if from != to {
                changes.push(ItemChange {
                    edition,
                    by,
                    at: envelope.at,
                    row,
                    column,
                    from,
                    to,
                    file: file.clone(),
                });
            }
        }
    }
    Ok(changes)
}

fn typed_at(filed: &Filed, row: Option<&(String, u32)>, column: &str) -> Option<String> {
    let cells: Option<&Row> = match row {
        None => Some(&filed.fields),
        Some((list, row)) => filed.lists.get(list).and_then(|rows| rows.get(row)),
    };
    cells.and_then(|cells| cells.get(column)).cloned()
}

/// Cells of an item that an edit touches.
fn cells_of(
    filing: &Filing,
    item: &str,
    edit: &Edit,
    before: &Filed,
) -> Vec<(Option<(String, u32)>, String)> {
    let mut cells = Vec::new();
    for (table, column) in filing.columns_of(item) {
        if table == filing.sheets[0].table {
            if edit.fields.contains_key(column) {
                cells.push((None, column.to_owned()));
            }
            continue;
        }
        for (row, typed) in edit.rows.get(table).into_iter().flatten() {
            let held = before.lists.get(table).and_then(|rows| rows.get(row));
            let touches = match typed {
                Some(typed) => typed.contains_key(column),
                None => held.is_some_and(|held| held.contains_key(column)),
            };
            if touches {
                cells.push((Some((table.to_owned(), *row)), column.to_owned()));
            }
        }
    }
    cells
}
