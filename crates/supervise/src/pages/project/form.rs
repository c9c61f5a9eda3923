//! A category's form, from the browser to an edit: which cells it names, and what it is based on.
//!
//! `f.COLUMN` is a field of the project's own, `r.LIST.ROW.COLUMN` a cell of a list, `d.LIST.ROW` a row that goes,
//! `c.…` (with the name of a field behind it) a hidden number that goes, `e.ITEM` the edition of an item as the page
//! showed it, `k.ITEM` what somebody chose where two had changed the same.

use std::collections::{BTreeMap, BTreeSet};

use kandeng_platform::Text;
use kandeng_platform::page::Problem;

use crate::filing::{Category, Field, Filing};
use crate::project::{Cells, Edit};

/// The most fields that a form has.
const MOST_FIELDS: usize = 100_000;

/// What a form says.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    /// What is typed.
    pub edit: Edit,
    /// The editions that the page showed.
    pub based_on: BTreeMap<String, u32>,
    /// Items of which the other's value is to stay.
    pub theirs: BTreeSet<String>,
}

impl Sent {
    /// Reads a form of a category. What names something that the category does not have is not ours.
    pub fn read(
        filing: &Filing,
        category: &Category,
        fields: Vec<(String, String)>,
    ) -> Result<Self, Problem> {
        if fields.len() > MOST_FIELDS {
            return Err(Problem::too_large());
        }
        let mut sent = Self::default();
        let own = filing.sheets[0].table.as_str();
        let unknown = || {
            Problem::unreadable(Text::new(
                "表单中有本页没有的字段,请重新打开页面再填",
                "the form has a field that this page does not have; open the page again",
            ))
        };
        let mut cleared = Vec::new();
        for (name, value) in fields {
            let mut parts = name.splitn(2, '.');
            let (kind, rest) = (parts.next().unwrap_or_default(), parts.next());
            let Some(rest) = rest else {
                continue;
            };
            match kind {
                "f" => {
                    field(filing, category, own, rest).ok_or_else(unknown)?;
                    let typed = typed(filing, own, rest, value);
                    if let Some(typed) = typed {
                        sent.edit.fields.insert(rest.to_owned(), typed);
                    }
                }
                "r" => {
                    let (list, row, column) = cell(rest).ok_or_else(unknown)?;
                    field(filing, category, list, column).ok_or_else(unknown)?;
                    if let Some(typed) = typed(filing, list, column, value) {
                        cells(&mut sent.edit, list, row).insert(column.to_owned(), typed);
                    }
                }
                "d" => {
                    let (list, row) = rest.split_once('.').ok_or_else(unknown)?;
                    let row = row.parse().map_err(|_| unknown())?;
                    has_list(filing, category, list).ok_or_else(unknown)?;
                    cleared.push((list.to_owned(), row));
                }
                "c" => {
                    if let Some(column) = rest.strip_prefix("f.") {
                        field(filing, category, own, column).ok_or_else(unknown)?;
                        sent.edit.fields.insert(column.to_owned(), None);
                    } else {
                        let cell = rest.strip_prefix("r.").and_then(cell);
                        let (list, row, column) = cell.ok_or_else(unknown)?;
                        field(filing, category, list, column).ok_or_else(unknown)?;
                        cells(&mut sent.edit, list, row).insert(column.to_owned(), None);
                    }
                }
                "e" => {
                    let edition = value.parse().map_err(|_| unknown())?;
                    if edition > 0 {
                        sent.based_on.insert(rest.to_owned(), edition);
                    }
                }
                "k" if value == "theirs" => {
                    sent.theirs.insert(rest.to_owned());
                }
                _ => {}
            }
        }
        for (list, row) in cleared {
            sent.edit.rows.entry(list).or_default().insert(row, None);
        }
        sent.leave_theirs(filing);
        Ok(sent)
    }

    /// Takes out what is to stay as the other has it.
    fn leave_theirs(&mut self, filing: &Filing) {
        for item in &self.theirs {
            for (table, column) in filing.columns_of(item) {
                if table == filing.sheets[0].table {
                    self.edit.fields.remove(column);
                    continue;
                }
                if let Some(rows) = self.edit.rows.get_mut(table) {
                    rows.retain(|_, cells| cells.is_some());
                    for cells in rows.values_mut().flatten() {
                        cells.remove(column);
                    }
                    rows.retain(|_, cells| cells.as_ref().is_some_and(|cells| !cells.is_empty()));
                }
            }
        }
    }
}

fn cells<'e>(edit: &'e mut Edit, list: &str, row: u32) -> &'e mut Cells {
    let rows = edit.rows.entry(list.to_owned()).or_default();
    rows.entry(row).or_default().get_or_insert_with(Cells::new)
}

/// `LIST.ROW.COLUMN`.
fn cell(name: &str) -> Option<(&str, u32, &str)> {
    let mut parts = name.splitn(3, '.');
    let (list, row, column) = (parts.next()?, parts.next()?, parts.next()?);
    Some((list, row.parse().ok()?, column))
}

/// Whether a category shows a list: one of its items is kept in it.
fn has_list(filing: &Filing, category: &Category, list: &str) -> Option<()> {
    let sheet = filing.sheets[1..]
        .iter()
        .find(|sheet| sheet.table == list)?;
    let is_ours = |item: &String| category.items.iter().any(|known| known.key == *item);
    sheet
        .columns
        .iter()
        .filter_map(|column| column.item.as_ref())
        .any(is_ours)
        .then_some(())
}

/// Whether a category shows a column.
fn field(filing: &Filing, category: &Category, table: &str, column: &str) -> Option<()> {
    let found = filing.column(table, column)?;
    if found.recorded || column == "project_code" || !found.seals.is_empty() {
        return None;
    }
    if table != filing.sheets[0].table {
        return has_list(filing, category, table);
    }
    let item = found.item.as_ref()?;
    let is_ours = category.items.iter().any(|known| known.key == *item);
    is_ours.then_some(())
}

/// What a field says of its cell: nothing where a number that is not shown was left alone.
#[expect(clippy::option_option)] // unsaid, emptied, typed
fn typed(filing: &Filing, table: &str, column: &str, value: String) -> Option<Option<String>> {
    // Browsers send line breaks as two characters.
    let value = value.replace("\r\n", "\n");
    let is_number = filing
        .column(table, column)
        .is_some_and(|column| column.field == Field::Identity);
    let is_empty = value.trim().is_empty();
    if is_number && is_empty {
        return None;
    }
    Some((!is_empty).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(fields: &[(&str, &str)]) -> Result<Sent, Problem> {
        let filing = Filing::embedded();
        let category = filing
            .categories
            .iter()
            .find(|category| category.key == "disbursement");
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Sent::read(filing, category.unwrap(), fields.collect())
    }

    #[test]
    fn a_form_becomes_an_edit() {
        let sent = sent(&[
            ("form_token", "x"),
            ("f.paid_total", "186000"),
            ("f.payee_uscc", ""),
            ("r.payments.3.amount", "12.10"),
            ("r.payments.3.payee_id", ""),
            ("r.payments.1000000.voucher", "PZ-2"),
            ("d.payments.1", "1"),
            ("c.r.payments.4.account", "1"),
            ("e.payments", "7"),
            ("e.payee", "0"),
        ]);
        let sent = sent.unwrap();
        assert_eq!(sent.edit.fields["paid_total"].as_deref(), Some("186000"));
        assert_eq!(sent.edit.fields["payee_uscc"], None);
        let payments = &sent.edit.rows["payments"];
        let third = payments[&3].as_ref().unwrap();
        assert_eq!(third["amount"].as_deref(), Some("12.10"));
        // A number that no page shows is left alone where nothing is typed.
        assert!(!third.contains_key("payee_id"));
        assert_eq!(payments[&4].as_ref().unwrap()["account"], None);
        assert_eq!(payments[&1], None);
        assert_eq!(sent.based_on, BTreeMap::from([("payments".to_owned(), 7)]));
    }

    #[test]
    fn what_another_has_changed_can_stay() {
        let sent = sent(&[
            ("f.paid_total", "186000"),
            ("r.payments.3.amount", "12.10"),
            ("r.payments.3.voucher", "PZ-3"),
            ("k.payments", "theirs"),
        ]);
        let sent = sent.unwrap();
        let third = sent.edit.rows["payments"][&3].as_ref().unwrap();
        assert_eq!(third.keys().collect::<Vec<_>>(), ["voucher"]);
        assert!(sent.edit.fields.contains_key("paid_total"));
    }

    #[test]
    fn fields_of_other_pages_and_what_the_platform_records_are_refused() {
        for name in [
            "f.name",
            "f.project_code",
            "f.nothing",
            "r.bids.1.amount",
            "r.payments.x.amount",
            "r.payments.1.project_code",
            "d.nothing.1",
        ] {
            assert!(sent(&[(name, "1")]).is_err(), "{name}");
        }
    }
}
