//! From a finding to the fields of the form that it is about.

use std::collections::BTreeSet;

use kandeng_screening::Finding;

use super::{Draft, FieldPlace};
use crate::filing::Filing;

/// The fields of a finding's items, in order. An item of the form itself is marked in its fields, an
/// item that is a list in the rows that the rule names, or as a whole where it names none.
pub(super) fn places(filing: &Filing, draft: &Draft, finding: &Finding) -> Vec<FieldPlace> {
    let mut places = BTreeSet::new();
    let mut shown = BTreeSet::new();
    for item in &finding.items {
        for (table, column) in filing.columns_of(item) {
            shown.insert(table);
            let place = |row: Option<usize>, column: Option<&str>| FieldPlace {
                item: Some(item.clone()),
                table: table.to_owned(),
                row,
                column: column.map(str::to_owned),
            };
            if table == "projects" {
                places.insert(place(None, Some(column)));
                continue;
            }
            let rows: Vec<usize> = rows_of(draft, finding, table).collect();
            if rows.is_empty() {
                places.insert(place(None, None));
            }
            places.extend(rows.into_iter().map(|row| place(Some(row), Some(column))));
        }
    }
    // Rows of lists that none of the items is kept in.
    for (table, _) in &finding.rows {
        if table == "projects" || shown.contains(table.as_str()) {
            continue;
        }
        places.extend(rows_of(draft, finding, table).map(|row| FieldPlace {
            item: None,
            table: table.clone(),
            row: Some(row),
            column: None,
        }));
    }
    places.into_iter().collect()
}

/// The draft's own rows of a list that a finding names, from 0.
fn rows_of<'a>(
    draft: &'a Draft,
    finding: &'a Finding,
    table: &'a str,
) -> impl Iterator<Item = usize> + 'a {
    let own = draft.lists.get(table).map_or(0, Vec::len);
    let named = finding.rows.iter().filter(move |(named, _)| named == table);
    named
        .filter_map(|(_, row_no)| usize::try_from(row_no.checked_sub(1)?).ok())
        .filter(move |row| *row < own)
}
