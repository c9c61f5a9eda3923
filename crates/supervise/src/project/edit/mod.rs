//! What is changed of a filing: cells as they were typed, of the project's own row and of rows in lists.
//!
//! Knows columns by their keys only; which item one belongs to is looked up in the declaration.

mod packing;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::filing::Filing;
use packing::Packing;

/// One row as it was typed, by the keys of its columns. What is empty is not there.
pub type Row = BTreeMap<String, String>;

/// What is typed into the cells of a row; nothing where a cell is emptied.
pub type Cells = BTreeMap<String, Option<String>>;

/// The most bytes of one cell: a boundary of some ten thousand points.
pub const MAX_CELL: usize = 512 * 1024;

/// The most rows that a list of one project has.
pub const MAX_ROWS: usize = 20_000;

/// Cells that change, and rows that go. Rows have numbers that are never given again.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Of the project's own row.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub fields: Cells,
    /// By list and row; nothing where the row goes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub rows: BTreeMap<String, BTreeMap<u32, Option<Cells>>>,
    /// A cell of this edit that goes on where the edit before ended: too long for one event.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub continued: bool,
}

/// Its shape only: what is typed may hold what no log may.
impl std::fmt::Debug for Edit {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows: BTreeMap<_, _> = self
            .rows
            .iter()
            .map(|(list, rows)| (list, rows.len()))
            .collect();
        formatter
            .debug_struct("Edit")
            .field("fields", &self.fields.keys())
            .field("rows", &rows)
            .finish_non_exhaustive()
    }
}

impl Edit {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.rows.values().all(BTreeMap::is_empty)
    }

    /// A field of the project's own.
    #[must_use]
    pub fn with(mut self, column: &str, typed: &str) -> Self {
        let typed = (!typed.is_empty()).then(|| typed.to_owned());
        self.fields.insert(column.to_owned(), typed);
        self
    }

    /// Cells of a row in a list.
    #[must_use]
    pub fn with_row<'c>(
        mut self,
        list: &str,
        row: u32,
        cells: impl IntoIterator<Item = (&'c str, &'c str)>,
    ) -> Self {
        let cells = cells
            .into_iter()
            .map(|(column, typed)| (column.to_owned(), Some(typed.to_owned())))
            .collect();
        self.rows
            .entry(list.to_owned())
            .or_default()
            .insert(row, Some(cells));
        self
    }

    /// A row of a list that goes.
    #[must_use]
    pub fn without_row(mut self, list: &str, row: u32) -> Self {
        self.rows
            .entry(list.to_owned())
            .or_default()
            .insert(row, None);
        self
    }

    /// Every cell that is typed: list (nothing for the project's own row), row, column, text.
    pub fn typed(&self) -> impl Iterator<Item = (Option<&str>, u32, &str, &str)> {
        let own = self.fields.iter().filter_map(|(column, typed)| {
            typed
                .as_deref()
                .map(|typed| (None, 0, column.as_str(), typed))
        });
        let listed = self.rows.iter().flat_map(|(list, rows)| {
            rows.iter().flat_map(move |(row, cells)| {
                cells.iter().flatten().filter_map(move |(column, typed)| {
                    let typed = typed.as_deref()?;
                    Some((Some(list.as_str()), *row, column.as_str(), typed))
                })
            })
        });
        own.chain(listed)
    }

    /// The items whose cells change, given what rows held that go.
    pub fn items(&self, filing: &Filing, held: &Filed) -> BTreeSet<String> {
        let mut items = BTreeSet::new();
        let mut touch = |table: &str, column: &str| {
            if let Some(item) = filing.item_of(table, column) {
                items.insert(item.to_owned());
            }
        };
        let own = filing.sheets[0].table.as_str();
        for column in self.fields.keys() {
            touch(own, column);
        }
        for (list, rows) in &self.rows {
            for (row, cells) in rows {
                match cells {
                    Some(cells) => cells.keys().for_each(|column| touch(list, column)),
                    None => {
                        let gone = held.lists.get(list).and_then(|rows| rows.get(row));
                        gone.into_iter()
                            .flat_map(Row::keys)
                            .for_each(|column| touch(list, column));
                    }
                }
            }
        }
        items
    }

    /// The edit in parts that fit into events, in order.
    pub fn parts(self) -> Vec<Self> {
        let mut packing = Packing::default();
        for (column, typed) in self.fields {
            packing.cell(None, &column, typed);
        }
        for (list, rows) in self.rows {
            for (row, cells) in rows {
                match cells {
                    None => packing.gone(&list, row),
                    Some(cells) => {
                        for (column, typed) in cells {
                            packing.cell(Some((&list, row)), &column, typed);
                        }
                    }
                }
            }
        }
        packing.done()
    }
}

/// What a filing holds: its own row and the rows of its lists, as they were typed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Filed {
    /// The project's own row, without its code.
    pub fields: Row,
    /// Lists, each row under its number.
    pub lists: BTreeMap<String, BTreeMap<u32, Row>>,
}

/// Its shape only.
impl std::fmt::Debug for Filed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows: BTreeMap<_, _> = self
            .lists
            .iter()
            .map(|(list, rows)| (list, rows.len()))
            .collect();
        formatter
            .debug_struct("Filed")
            .field("fields", &self.fields.keys())
            .field("rows", &rows)
            .finish_non_exhaustive()
    }
}

impl Filed {
    /// Takes an edit in.
    pub fn take(&mut self, edit: Edit) {
        let continued = edit.continued;
        put(&mut self.fields, edit.fields, continued);
        for (list, rows) in edit.rows {
            let kept = self.lists.entry(list).or_default();
            for (row, cells) in rows {
                match cells {
                    None => {
                        kept.remove(&row);
                    }
                    Some(cells) => put(kept.entry(row).or_default(), cells, continued),
                }
            }
        }
        self.lists.retain(|_, rows| !rows.is_empty());
    }

    /// What of an edit is not so already. Rows that would hold nothing are left out.
    pub fn news(&self, edit: Edit) -> Edit {
        let fields = differing(Some(&self.fields), edit.fields);
        let mut lists = BTreeMap::new();
        for (list, rows) in edit.rows {
            let kept = self.lists.get(&list);
            let mut news = BTreeMap::new();
            for (row, cells) in rows {
                let held = kept.and_then(|rows| rows.get(&row));
                match cells {
                    None if held.is_some() => {
                        news.insert(row, None);
                    }
                    None => {}
                    Some(cells) => {
                        let cells = differing(held, cells);
                        if !cells.is_empty() {
                            news.insert(row, Some(cells));
                        }
                    }
                }
            }
            if !news.is_empty() {
                lists.insert(list, news);
            }
        }
        Edit {
            fields,
            rows: lists,
            continued: false,
        }
    }
}

/// Puts cells into a row.
pub(in crate::project) fn put(row: &mut Row, cells: Cells, continued: bool) {
    for (column, typed) in cells {
        match typed {
            None => {
                row.remove(&column);
            }
            Some(typed) if continued => row.entry(column).or_default().push_str(&typed),
            Some(typed) => {
                row.insert(column, typed);
            }
        }
    }
}

fn differing(held: Option<&Row>, cells: Cells) -> Cells {
    cells
        .into_iter()
        .map(|(column, typed)| (column, typed.filter(|typed| !typed.is_empty())))
        .filter(|(column, typed)| held.and_then(|row| row.get(column)) != typed.as_ref())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(parts: Vec<Edit>) -> Filed {
        let mut filed = Filed::default();
        for part in parts {
            let bytes = serde_json::to_vec(&part).unwrap().len();
            assert!(bytes < 56 * 1024, "{bytes}");
            filed.take(part);
        }
        filed
    }

    #[test]
    fn an_edit_in_parts_comes_to_the_same_however_long_its_cells_are() {
        let long = "ئۇيغۇر🏔\u{1}\"".repeat(20_000);
        let edit = Edit::default()
            .with("boundary", &long)
            .with("name", "核桃")
            .with("address", &long[..long.len() / 10 * 10].replace('🏔', "村"))
            .with_row(
                "payments",
                1,
                [("purpose", long.as_str()), ("voucher", "1")],
            )
            .with_row("payments", 2, [("voucher", "2")]);
        let mut whole = Filed::default();
        whole.take(edit.clone());
        let parts = edit.parts();
        assert!(parts.len() > 10);
        assert_eq!(taken(parts), whole);
        assert_eq!(whole.fields["boundary"], long);
    }

    #[test]
    fn what_is_so_already_is_no_news() {
        let mut filed = Filed::default();
        filed.take(
            Edit::default()
                .with("name", "甲")
                .with_row("bids", 1, [("amount", "1")]),
        );
        let same = Edit::default()
            .with("name", "甲")
            .with("address", "")
            .with_row("bids", 1, [("amount", "1")])
            .without_row("bids", 7);
        assert!(filed.news(same).is_empty());
        let emptied = filed.news(Edit::default().with("name", ""));
        assert_eq!(emptied.fields["name"], None);
        filed.take(emptied);
        assert!(filed.fields.is_empty());
    }
}
