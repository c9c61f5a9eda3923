//! What the platform itself records, as a workbook carries it: taken under the county's seal, else not.

use super::columns::Value;
use super::identity::IdentityKey;
use crate::filing::Sheet;

/// The columns of a sheet that hold what was recorded, and the seal over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seal {
    column: usize,
    sealed: Vec<usize>,
    recorded: Vec<usize>,
}

impl Seal {
    /// Of a sheet that may carry what was recorded.
    pub fn of(sheet: &Sheet) -> Option<Self> {
        let column = sheet
            .columns
            .iter()
            .position(|column| !column.seals.is_empty())?;
        let sealed = sheet.columns[column].seals.iter();
        let recorded = sheet.columns.iter().enumerate();
        Some(Self {
            column,
            sealed: sealed.filter_map(|key| sheet.position(key)).collect(),
            recorded: recorded
                .filter(|(_, column)| column.recorded)
                .map(|(index, _)| index)
                .collect(),
        })
    }

    /// Whether this is the column that holds the seal.
    pub fn is_at(&self, column: usize) -> bool {
        self.column == column
    }

    /// Puts the seal on a row that holds what was recorded.
    pub fn close(&self, values: &mut [Value], key: &IdentityKey) {
        let claims = |value: &Value| !matches!(value, Value::Null | Value::Bool(false));
        if self.recorded.iter().any(|column| claims(&values[*column])) {
            let sealed = self.sealed.iter().map(|column| written(&values[*column]));
            values[self.column] = Value::Text(key.seal(sealed));
        }
    }

    /// Takes out of a row what claims to be recorded and is not under the seal: its columns.
    pub fn break_open(&self, values: &mut [Value], key: &IdentityKey) -> Vec<usize> {
        // "No" claims nothing.
        let claims = |value: &Value| !matches!(value, Value::Null | Value::Bool(false));
        let claimed = self.recorded.iter().copied();
        let claimed: Vec<_> = claimed.filter(|column| claims(&values[*column])).collect();
        if claimed.is_empty() {
            return claimed;
        }
        let sealed = self.sealed.iter().map(|column| written(&values[*column]));
        let expected = key.seal(sealed);
        if values[self.column] == Value::Text(expected) {
            return Vec::new();
        }
        for column in &claimed {
            values[*column] = Value::Null;
        }
        claimed
    }
}

/// A value as it is sealed.
fn written(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        Value::Bool(true) => "true",
        // Numbers and dates are not sealed: nothing of them is recorded yet.
        _ => "",
    }
}
