//! From a finding to the cells that turn red: its items' columns, in the rows it compared.

use std::collections::BTreeSet;

use kandeng_screening::Finding;

use crate::filing::Filing;
use crate::import::{Import, Place};

/// The cells of a finding about a project, in order of file, sheet, row and column.
///
/// An item kept in the project's own row is marked there. An item kept in a table of its own is
/// marked in the rows that the rule names; where it names none, nothing is there to be marked, and
/// the project's code is.
pub fn cells(filing: &Filing, import: &Import, finding: &Finding) -> Vec<Place> {
    let mut places = BTreeSet::new();
    let mut has_nowhere = finding.items.is_empty();
    for item in &finding.items {
        let before = places.len();
        for (table, column) in filing.columns_of(item) {
            if table == "projects" {
                let rows = own_rows(finding);
                places.extend(rows.filter_map(|row| import.place(table, row, column)));
            } else {
                let rows = finding.rows.iter().filter(|(named, _)| named == table);
                places.extend(rows.filter_map(|(_, row)| import.place(table, *row, column)));
            }
        }
        has_nowhere |= places.len() == before;
    }
    // Rows of tables that none of the items is kept in, such as a later row with the same code.
    for (table, row) in &finding.rows {
        let is_marked = finding.items.iter().any(|item| {
            filing
                .columns_of(item)
                .iter()
                .any(|(named, _)| named == table)
        });
        if !is_marked && let Some(place) = import.place(table, *row, "project_code") {
            places.insert(place);
        }
    }
    if has_nowhere || places.is_empty() {
        let rows = own_rows(finding);
        places.extend(rows.filter_map(|row| import.place("projects", row, "project_code")));
    }
    places.into_iter().collect()
}

fn own_rows(finding: &Finding) -> impl Iterator<Item = i64> {
    let own = (finding.subject_kind == "project")
        .then_some(finding.subject_row)
        .flatten();
    let named = finding
        .rows
        .iter()
        .filter(|(table, _)| table == "projects")
        .map(|(_, row)| *row);
    own.into_iter().chain(named)
}
