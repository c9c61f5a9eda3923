//! Why a red workbook could not be written, in words for both languages.

use std::path::PathBuf;

use kandeng_screening::Text;

use crate::system::says;

/// What went wrong; nothing was left behind at the output's place.
#[derive(Debug, thiserror::Error)]
pub enum MarkError {
    /// The original could not be opened or read: check the path and its permissions.
    #[error("{}: cannot be read: {}", path.display(), says(source).en)]
    Open {
        /// The original.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The original has a password: save it without one.
    #[error("{}: is protected by a password; save a copy without one", path.display())]
    Encrypted {
        /// The original.
        path: PathBuf,
    },
    /// The original is no `.xlsx` or `.xlsm`: use [`write_workbook`](super::write_workbook).
    #[error("{}: is not an Excel workbook (.xlsx, .xlsm)", path.display())]
    NotAWorkbook {
        /// The original.
        path: PathBuf,
    },
    /// Unpacked, the original would be larger than any filing (a zip bomb, or a workbook to be split).
    #[error("{}: unpacks to more than {limit_mib} MiB", path.display())]
    TooLarge {
        /// The original.
        path: PathBuf,
        /// The limit, in MiB.
        limit_mib: u64,
    },
    /// A part of the package is broken: open it in Excel, let that repair it, save it.
    #[error("part {part} of the workbook is damaged: {reason}")]
    Damaged {
        /// Name of the part in the package.
        part: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A mark names a sheet that the workbook lacks, or one that holds no cells.
    #[error("the workbook has no sheet {sheet:?} with cells")]
    NoSuchSheet {
        /// The name asked for.
        sheet: String,
    },
    /// A mark names a cell outside what a sheet can hold.
    #[error("sheet {sheet:?} cannot have a cell at row {row}, column {column}")]
    NoSuchCell {
        /// The sheet.
        sheet: String,
        /// Row as given, from 1.
        row: u32,
        /// Column as given, from 1.
        column: u32,
    },
    /// The values of a sheet are more than a sheet can hold: use CSV, JSON or Parquet output.
    #[error("sheet {sheet:?} has more rows or columns than an Excel sheet can hold")]
    SheetFull {
        /// The sheet.
        sheet: String,
    },
    /// The output would replace the original: choose another name.
    #[error("{}: the marked workbook must not replace the original", path.display())]
    WouldReplaceOriginal {
        /// The output.
        path: PathBuf,
    },
    /// The output could not be written: a full disk, a missing folder, no permission.
    #[error("{}: cannot be written: {}", path.display(), says(source).en)]
    Write {
        /// The output.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Stopped by the person before the output was complete.
    #[error("stopped")]
    Cancelled,
}

impl MarkError {
    /// The same as a sentence in both languages.
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Open { path, source } => {
                format!("{}: 无法读取:{}", path.display(), says(source).zh)
            }
            Self::Encrypted { path } => {
                format!("{}: 工作簿有密码保护, 请另存一份不带密码的", path.display())
            }
            Self::NotAWorkbook { path } => {
                format!("{}: 不是 Excel 工作簿 (.xlsx, .xlsm)", path.display())
            }
            Self::TooLarge { path, limit_mib } => {
                format!("{}: 解压后超过 {limit_mib} MiB", path.display())
            }
            Self::Damaged { part, reason } => {
                format!("工作簿的 {part} 部分已损坏: {reason}; 请用 Excel 打开修复后另存")
            }
            Self::NoSuchSheet { sheet } => format!("工作簿中没有可标注的工作表“{sheet}”"),
            Self::NoSuchCell { sheet, row, column } => {
                format!("工作表“{sheet}”不可能有第 {row} 行第 {column} 列的单元格")
            }
            Self::SheetFull { sheet } => {
                format!(
                    "“{sheet}”的行数或列数超出 Excel 工作表的上限, 请改用 CSV、JSON 或 Parquet 输出"
                )
            }
            Self::WouldReplaceOriginal { path } => {
                format!(
                    "{}: 标红结果不能覆盖原工作簿, 请换一个文件名",
                    path.display()
                )
            }
            Self::Write { path, source } => {
                format!("{}: 无法写入:{}", path.display(), says(source).zh)
            }
            Self::Cancelled => "已停止".to_owned(),
        };
        Text::new(zh, self.to_string())
    }

    /// A part that is not as it should be.
    pub(super) fn damaged(part: &str, reason: impl std::fmt::Display) -> Self {
        Self::Damaged {
            part: part.to_owned(),
            reason: format!("{reason}"),
        }
    }
}
