//! What can go wrong while a county is made: use `Projects`, `AsOf` and `TooManyRows` for wrong wishes,
//! `Io` for files (a full disk that a format's library reports too), `Encoding` for what such a library refuses
//! before anything is written.

use crate::system::says;
use kandeng_screening::Text;
use kandeng_screening::arrow::error::ArrowError;
use std::path::{Path, PathBuf};

/// Why a county was not made.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    /// Too few or too many projects.
    #[error("a synthetic county has 50 to 1,000,000 projects, not {0}")]
    Projects(usize),
    /// A day outside the years that codes can name.
    #[error("as-of must lie between 1990 and 2190, not on {0}")]
    AsOf(jiff::civil::Date),
    /// More payments than any project has.
    #[error("a project has at most 10,000 payments, not {0}")]
    Payments(usize),
    /// A workbook's sheet holds about a million rows.
    #[error(
        "a workbook cannot hold some {0} rows in a sheet; write csv or parquet, or fewer projects"
    )]
    TooManyRows(usize),
    /// Somebody else's file stands where one would be written.
    #[error("{}: there already, and no fictional data: choose another folder", .0.display())]
    Occupied(PathBuf),
    /// A file or folder could not be written.
    #[error("{}: cannot be written: {}", path.display(), says(source).en)]
    Io {
        /// What was to be written.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A library that encodes a format refused.
    #[error("could not write {what}: {reason}")]
    Encoding {
        /// Format or file.
        what: String,
        /// The library's words.
        reason: String,
    },
    /// Asked to stop.
    #[error("cancelled; nothing was left behind")]
    Cancelled,
}

impl SynthError {
    pub(super) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// A format's library could not write a file: most often the disk.
    pub(super) fn unwritten(
        path: &Path,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::io(path, std::io::Error::other(error))
    }

    /// The same with the path that a file was to get in the end, where it was written beside.
    pub(super) fn named_in(self, beside: &Path, out: &Path) -> Self {
        match self {
            Self::Io { path, source } => {
                let path = path
                    .strip_prefix(beside)
                    .map_or_else(|_| path.clone(), |inner| out.join(inner));
                Self::Io { path, source }
            }
            other => other,
        }
    }

    pub(super) fn encoding(what: &str, reason: impl std::fmt::Display) -> Self {
        Self::Encoding {
            what: what.to_owned(),
            reason: reason.to_string(),
        }
    }

    /// The message in both languages.
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Projects(projects) => {
                format!("模拟县的项目数应在 50 至 1,000,000 之间,而非 {projects}")
            }
            Self::AsOf(day) => format!("基准日应在 1990 至 2190 年之间,而非 {day}"),
            Self::Payments(payments) => {
                format!("每个项目的拨付最多 10,000 笔,而非 {payments}")
            }
            Self::TooManyRows(rows) => {
                format!("一张工作表装不下约 {rows} 行;请改用 csv 或 parquet,或减少项目数")
            }
            Self::Occupied(path) => {
                format!(
                    "{}:已有此文件,且不是模拟数据;请另选一个文件夹",
                    path.display()
                )
            }
            Self::Io { path, source } => {
                format!("{}:无法写入:{}", path.display(), says(source).zh)
            }
            Self::Encoding { what, reason } => format!("无法写出 {what}:{reason}"),
            Self::Cancelled => "已取消,未留下任何文件".to_owned(),
        };
        Text::new(zh, self.to_string())
    }
}

impl From<ArrowError> for SynthError {
    fn from(error: ArrowError) -> Self {
        Self::encoding("arrow", error)
    }
}
