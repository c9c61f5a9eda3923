//! What is wrong with an input, in words a clerk can act on: where, what was there, what was expected.
//! Knows nothing of how inputs are read.

use kandeng_screening::Text;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Read all the same, perhaps not as meant.
    Warning,
    /// Not read.
    Error,
}

/// One thing wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file, as it was named.
    pub file: String,
    /// The sheet, where there are sheets.
    pub sheet: Option<String>,
    /// The row or line, counted from 1.
    pub row: Option<u64>,
    /// The column's header, or its letter.
    pub column: Option<String>,
    /// What was there, shortened; never an identity or account number.
    pub value: Option<String>,
    /// What was expected.
    pub message: Text,
}
