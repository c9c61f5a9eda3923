//! A draft as it was typed: text by field, and rows of text in lists.

use std::collections::BTreeMap;

/// One row as it was typed, by the key of its column.
pub(super) type Row = BTreeMap<String, String>;

/// A filing in a form. Fields are named by the keys of the declaration's columns; what is not typed
/// may be left out or empty. Rows of lists belong to the draft and carry no project code.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Draft {
    pub(super) fields: Row,
    pub(super) lists: BTreeMap<String, Vec<Row>>,
}

/// Its shape only: what is typed may hold numbers that no log may.
impl std::fmt::Debug for Draft {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lists: BTreeMap<_, _> = self
            .lists
            .iter()
            .map(|(list, rows)| (list, rows.len()))
            .collect();
        formatter
            .debug_struct("Draft")
            .field("fields", &self.fields.keys())
            .field("rows", &lists)
            .finish()
    }
}

impl Draft {
    /// An empty form.
    pub fn new() -> Self {
        Self::default()
    }

    /// The form with a field of its own filled in.
    #[must_use]
    pub fn with(mut self, column: impl Into<String>, typed: impl Into<String>) -> Self {
        self.fields.insert(column.into(), typed.into());
        self
    }

    /// The form with one more row in a list, such as `payments`.
    #[must_use]
    pub fn with_row<K: Into<String>, V: Into<String>>(
        mut self,
        list: impl Into<String>,
        row: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let row = row
            .into_iter()
            .map(|(column, typed)| (column.into(), typed.into()));
        self.lists
            .entry(list.into())
            .or_default()
            .push(row.collect());
        self
    }
}
