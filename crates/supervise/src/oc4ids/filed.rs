//! A filing as an export looks at it: item by item, as far as it may be shown, and nothing of people.

use crate::filing::{Filing, Sheet};
use crate::import::columns::Value;
use crate::import::key_of;
use crate::import::value::date;
use crate::project::each::{Opened, ReadRow};
use crate::project::people;

use super::Scope;

/// A filing, and how much of it is shown.
pub(super) struct Filed<'a> {
    pub filing: &'a Filing,
    pub opened: &'a Opened,
    pub scope: Scope,
}

/// A row of it.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    filing: &'a Filing,
    sheet: &'a Sheet,
    row: &'a ReadRow,
}

impl<'a> Filed<'a> {
    /// Whether an item may be shown.
    pub fn shows(&self, item: &str) -> bool {
        let item = self.filing.item(item);
        item.is_some_and(|item| self.scope == Scope::Everything || item.public)
    }

    /// The project's own row as an item shows it; nothing when it may not be shown.
    pub fn own(&self, item: &str) -> Option<View<'a>> {
        let row = self.opened.sheets.first()?.first()?;
        self.shows(item).then_some(View {
            filing: self.filing,
            sheet: &self.filing.sheets[0],
            row,
        })
    }

    /// The rows of a list as an item shows it, with their numbers from 1.
    pub fn rows(&self, item: &str, table: &str) -> Vec<(usize, View<'a>)> {
        let place = self
            .filing
            .sheets
            .iter()
            .position(|sheet| sheet.table == table);
        let (Some(place), true) = (place, self.shows(item)) else {
            return Vec::new();
        };
        let view = |row| View {
            filing: self.filing,
            sheet: &self.filing.sheets[place],
            row,
        };
        let rows = self.opened.sheets.get(place).into_iter().flatten();
        (1..).zip(rows.map(view)).collect()
    }
}

impl<'a> View<'a> {
    fn value(&self, column: &str) -> &'a Value {
        let place = self.sheet.position(column);
        place
            .and_then(|place| self.row.values.get(place))
            .unwrap_or(&Value::Null)
    }

    /// A text that names nobody: neither a mark of a person nor a number that became a hash.
    pub fn text(&self, column: &str) -> Option<&'a str> {
        match self.value(column) {
            Value::Text(text) => {
                let text = text.trim();
                (!text.is_empty() && !is_personal(text)).then_some(text)
            }
            _ => None,
        }
    }

    /// A body's name; nothing where a person's stands in its place.
    pub fn body(&self, column: &str) -> Option<&'a str> {
        self.text(column)
            .filter(|name| !people::is_person(name, None, None))
    }

    /// The name that a choice has in Chinese.
    pub fn label(&self, column: &str) -> Option<&'a str> {
        let key = self.text(column)?;
        let declared = &self.sheet.columns[self.sheet.position(column)?];
        let choice = self.filing.choices(declared).iter();
        let choice = choice.clone().find(|choice| choice.key == key);
        Some(choice.map_or(key, |choice| choice.zh.as_str()))
    }

    /// An amount in fen.
    pub fn money(&self, column: &str) -> Option<i64> {
        self.whole(column)
    }

    /// A whole number.
    pub fn whole(&self, column: &str) -> Option<i64> {
        match self.value(column) {
            Value::Int(whole) => Some(*whole),
            _ => None,
        }
    }

    /// A number.
    pub fn number(&self, column: &str) -> Option<f64> {
        match self.value(column) {
            Value::Float(number) => Some(*number),
            Value::Int(whole) => Some(*whole as f64),
            _ => None,
        }
    }

    /// A day, written `2025-03-14`.
    pub fn day(&self, column: &str) -> Option<String> {
        match self.value(column) {
            Value::Date(day) => Some(date::print(*day)),
            _ => None,
        }
    }
}

/// Whether a text holds a person's mark, or a number of a person or account as its hash.
fn is_personal(text: &str) -> bool {
    if people::person_of(text).is_some() {
        return true;
    }
    // `KEYID:` and 32 digits, wherever in the text.
    text.match_indices(':').any(|(at, _)| {
        let from = at.checked_sub(8);
        let hash = from.and_then(|from| text.get(from..at + 33));
        hash.is_some_and(|hash| key_of(hash).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::is_personal;

    #[test]
    fn marks_and_hashes_are_personal_wherever_they_stand() {
        let hash = "5e884898:0123456789abcdef0123456789abcdef";
        for text in [
            "person/0190163d-8694-739b-aea5-966c26f8ad90".to_owned(),
            hash.to_owned(),
            format!("转给{hash}了"),
        ] {
            assert!(is_personal(&text), "{text}");
        }
        for text in ["三组:水渠", "比例 1:200", "5e884898:01", "人:员"] {
            assert!(!is_personal(text), "{text}");
        }
    }
}
