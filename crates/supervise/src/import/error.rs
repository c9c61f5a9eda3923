//! Why an input cannot be read at all. What is wrong with single cells is a diagnostic instead.

use std::path::{Path, PathBuf};

use kandeng_screening::Text;

/// Why an input cannot be read at all. In each case the person names another input, or mends this one.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The system would not read it.
    #[error("{path}: {reason}", path = path.display(), reason = reason.en)]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        reason: Text,
    },
    /// Nothing in it.
    #[error("{path}: the file is empty", path = .0.display())]
    Empty(PathBuf),
    /// Not one of the kinds that are read.
    #[error("{path}: neither a workbook (.xlsx, .xls, .ods) nor a folder of CSV or Parquet files", path = .0.display())]
    UnknownKind(PathBuf),
    /// Named as a workbook, and none: a web page that a system calls `.xls`, or a file that came over damaged.
    #[error("{path}: not a workbook, whatever its name says: damaged, or of another kind; open it in a table program and save it as .xlsx", path = .0.display())]
    NoWorkbook(PathBuf),
    /// Opens only with a password.
    #[error("{path}: protected by a password; save a copy without one", path = .0.display())]
    Password(PathBuf),
    /// More than is read.
    #[error("{path}: {what} is more than is read ({limit})", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is too much.
        what: String,
        /// How much is read.
        limit: String,
    },
    /// A package that unpacks to far more than it should.
    #[error("{path}: unpacks to {megabytes} MB or more from very little; refused as a zip bomb", path = path.display())]
    ZipBomb {
        /// The file.
        path: PathBuf,
        /// What it unpacks to, at least.
        megabytes: u64,
    },
    /// Broken, or not what its name says.
    #[error("{path}: cannot be read as a {kind}: {reason}", path = path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What it should be.
        kind: String,
        /// What is wrong.
        reason: String,
    },
    /// Neither UTF-8 nor GB18030.
    #[error("{path}: neither UTF-8 nor GB18030; name the encoding with --encoding", path = .0.display())]
    Encoding(PathBuf),
    /// No encoding of that name.
    #[error("no encoding is called `{0}`")]
    UnknownEncoding(String),
    /// Bytes that the encoding named does not have.
    #[error("{path}: not {encoding}: some bytes have no meaning in it", path = path.display())]
    WrongEncoding {
        /// The file.
        path: PathBuf,
        /// The encoding that was asked for.
        encoding: String,
    },
    /// No projects.
    #[error("{}: no sheet or file of projects (项目, `projects`); found: {}", paths.join(", "), found.join(", "))]
    NoProjects {
        /// The inputs.
        paths: Vec<String>,
        /// Sheets or files that were there.
        found: Vec<String>,
    },
    /// Projects that cannot be told apart.
    #[error("{file}, sheet {sheet}: no column 项目编码 (`project_code`) in the first rows")]
    NoProjectCode {
        /// The file.
        file: String,
        /// The sheet.
        sheet: String,
    },
    /// The key file is open to others.
    #[error("{path}: the key may be read by others; run `chmod 600 {path}`", path = path.display())]
    KeyReadable {
        /// The key file.
        path: PathBuf,
    },
    /// The key file holds no key.
    #[error("{path}: not a key (64 hexadecimal digits)", path = path.display())]
    KeyMalformed {
        /// The key file.
        path: PathBuf,
    },
    /// More rows than are taken at a time.
    #[error(
        "more than {most} rows, which is as many as are taken at a time; split the file by township or year"
    )]
    TooManyRows {
        /// How many are.
        most: u64,
    },
    /// Stopped by the person.
    #[error("stopped")]
    Cancelled,
}

impl ImportError {
    /// What the system says of a path.
    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            reason: crate::system::says(error),
        }
    }

    /// A file that is not what it should be.
    pub(crate) fn broken(path: &Path, kind: &str, reason: impl std::fmt::Display) -> Self {
        Self::Broken {
            path: path.to_owned(),
            kind: kind.to_owned(),
            reason: reason.to_string(),
        }
    }

    /// The same in both languages.
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Io { path, reason } => format!("{}:{}", path.display(), reason.zh),
            Self::Empty(path) => format!("{}:文件为空", path.display()),
            Self::UnknownKind(path) => format!(
                "{}:既不是工作簿(.xlsx、.xls、.ods),也不是 CSV 或 Parquet 文件夹",
                path.display()
            ),
            Self::NoWorkbook(path) => format!(
                "{}:名为工作簿,内容却不是:文件已损坏,或其实是别的格式;请用 Excel 或 WPS 打开后另存为 .xlsx",
                path.display()
            ),
            Self::Password(path) => {
                format!("{}:工作簿有密码保护,请另存为无密码的副本", path.display())
            }
            Self::TooLarge { path, what, limit } => {
                format!("{}:超出可读上限({what} > {limit})", path.display())
            }
            Self::ZipBomb { path, megabytes } => format!(
                "{}:解压后至少 {megabytes} MB,与文件大小不符,按压缩炸弹拒绝读取",
                path.display()
            ),
            Self::Broken { path, kind, reason } => {
                let kind = if kind == "workbook" {
                    "工作簿"
                } else {
                    kind
                };
                format!(
                    "{}:无法作为 {kind} 读取,文件可能已损坏或不完整({reason})",
                    path.display()
                )
            }
            Self::Encoding(path) => format!(
                "{}:既不是 UTF-8 也不是 GB18030,请用 --encoding 指明编码",
                path.display()
            ),
            Self::UnknownEncoding(name) => format!("没有名为“{name}”的编码"),
            Self::WrongEncoding { path, encoding } => {
                format!("{}:不是 {encoding} 编码,有字节无法解读", path.display())
            }
            Self::NoProjects { paths, found } => format!(
                "{}:没有“项目”(projects)工作表或文件;已有:{}",
                paths.join("、"),
                found.join("、")
            ),
            Self::NoProjectCode { file, sheet } => {
                format!("{file},工作表“{sheet}”:前几行中没有“项目编码”(project_code)列")
            }
            Self::KeyReadable { path } => format!(
                "{}:密钥文件可被他人读取,请执行 chmod 600 {}",
                path.display(),
                path.display()
            ),
            Self::KeyMalformed { path } => {
                format!("{}:不是密钥(应为 64 位十六进制)", path.display())
            }
            Self::TooManyRows { most } => {
                format!("超过 {most} 行,一次最多导入这么多;请按乡镇或年度分成几份")
            }
            Self::Cancelled => "已停止".to_owned(),
        };
        Text::new(zh, self.to_string())
    }
}
