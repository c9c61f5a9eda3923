//! A rule pack: a folder of SQL files with headers, their shared tables and what they call subjects.
//!
//! Reading and checking only; nothing here plans or runs SQL.

mod header;
mod load;
mod param;
mod reading;
mod rule;
mod source;
mod statements;

pub use load::{Pack, SharedTable, Subject};
pub use param::Param;
pub use rule::{Audience, Body, Need, Reach, Rule, RuleTexts, Severity};
pub use source::PackFiles;

use thiserror::Error;

/// What is wrong with a pack, and where.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("{file}:{line}: {message}")]
pub struct PackError {
    /// The file, relative to the pack's folder.
    pub file: String,
    /// The line, counted from 1; 0 when the whole file is meant.
    pub line: usize,
    /// What is wrong and what to do, in English and Chinese.
    pub message: crate::Text,
}

impl PackError {
    pub(crate) fn new(
        file: &str,
        line: usize,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        Self {
            file: file.to_owned(),
            line,
            message: crate::Text::new(zh, en),
        }
    }
}
