//! What was found wrong with an input while it was read: where, which value, what was expected.
//!
//! Knows no format and no rule; readers make these, commands print them.

use kandeng_screening::Text;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Something was left out or read in another way; the rest is as it stands.
    Warning,
    /// A part of the input could not be read at all.
    Error,
}

/// One thing found wrong, or a sum of many alike with the place of the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file, as it was named.
    pub file: String,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The row of a sheet or the line of a text file, counted from 1.
    pub row: Option<u64>,
    /// The column of a sheet, or the path of a field.
    pub column: Option<String>,
    /// The value, shortened.
    pub value: Option<String>,
    /// What is wrong and what was expected.
    pub message: Text,
}

impl Diagnostic {
    /// A warning about a file as a whole.
    pub fn warning(file: impl Into<String>, message: Text) -> Self {
        Self {
            severity: Severity::Warning,
            file: file.into(),
            sheet: None,
            row: None,
            column: None,
            value: None,
            message,
        }
    }

    /// An error in a file as a whole.
    pub fn error(file: impl Into<String>, message: Text) -> Self {
        Self {
            severity: Severity::Error,
            ..Self::warning(file, message)
        }
    }

    /// The same on a sheet.
    #[must_use]
    pub fn on_sheet(mut self, sheet: impl Into<String>) -> Self {
        self.sheet = Some(sheet.into());
        self
    }

    /// The same at a row or line.
    #[must_use]
    pub fn at_row(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }

    /// The same at a column or field.
    #[must_use]
    pub fn at_column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// The same with the value, cut to what a line can hold.
    #[must_use]
    pub fn with_value(mut self, value: &str) -> Self {
        self.value = Some(shortened(value));
        self
    }
}

/// The first 40 characters on one line, with an ellipsis where more follow.
pub fn shortened(value: &str) -> String {
    let mut short: String = value
        .chars()
        .take(40)
        .map(|letter| {
            if letter.is_control() {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect();
    if value.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_and_kept_on_one_line() {
        assert_eq!(shortened("a\nb"), "a\u{fffd}b");
        assert_eq!(shortened(&"长".repeat(60)).chars().count(), 41);
    }
}
