//! Why a command could not do what it was asked, in both languages. Exit status 2.

use std::io;
use std::path::Path;

use kandeng_screening::pack::PackError;
use kandeng_screening::{EngineError, Text};
use kandeng_supervise::{import, system};
use thiserror::Error;

use crate::language::Words;

/// Why a command stopped.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// Something is wrong with the input or the arguments.
    #[error("{0}")]
    Wrong(Text),
    /// Rules cannot be read or planned.
    #[error("{} error(s) in the rules", .0.len())]
    Rules(Vec<PackError>),
    /// A file could not be read.
    #[error("{path}: {error}")]
    Unread {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// A file could not be written; what was there before is there still.
    #[error("{path}: {error}")]
    Unwritten {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// Standard output could not be written to the end.
    #[error("standard output: {0}")]
    Cut(io::Error),
    /// Somebody pressed Ctrl-C.
    #[error("stopped")]
    Stopped,
}

impl Failure {
    pub(crate) fn wrong(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Wrong(Text::new(zh, en))
    }

    pub(crate) fn no_rule(id: &str) -> Self {
        let id = import::shown(id);
        Self::wrong(
            format!("没有规则 {id};用 kandeng rules list 查看全部"),
            format!("there is no rule {id}; `kandeng rules list` shows all"),
        )
    }

    pub(crate) fn unread(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.display().to_string();
        move |error| Self::Unread { path, error }
    }

    pub(crate) fn unwritten(path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.display().to_string();
        move |error| Self::Unwritten {
            path: path.clone(),
            error,
        }
    }

    /// How writing to standard output went. Whoever reads it may stop reading: that is no failure.
    pub(crate) fn of_stdout(written: io::Result<()>) -> Result<(), Self> {
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Self::Cut(error)),
            _ => Ok(()),
        }
    }

    /// What is printed, line by line.
    pub(crate) fn lines(&self, words: Words) -> Vec<String> {
        match self {
            Self::Wrong(text) => {
                vec![words.say_with("error", &[("problem", words.of(text).to_owned())])]
            }
            Self::Rules(errors) => errors
                .iter()
                .map(|error| {
                    let place = if error.line == 0 {
                        error.file.clone()
                    } else {
                        format!("{}:{}", error.file, error.line)
                    };
                    let problem = format!("{place}: {}", words.of(&error.message));
                    words.say_with("error", &[("problem", problem)])
                })
                .collect(),
            Self::Unread { path, error } => {
                let why = words.of(&system::says(error)).to_owned();
                vec![words.say_with("error-unread", &[("path", path.clone()), ("why", why)])]
            }
            Self::Unwritten { path, error } => {
                let why = words.of(&system::says(error)).to_owned();
                vec![words.say_with("error-unwritten", &[("path", path.clone()), ("why", why)])]
            }
            Self::Cut(error) => {
                let why = words.of(&system::says(error)).to_owned();
                vec![words.say_with("error-stdout", &[("why", why)])]
            }
            Self::Stopped => vec![words.say("stopped")],
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Pack(errors) => Self::Rules(errors),
            EngineError::Cancelled => Self::Stopped,
            EngineError::Table { table, source } => Self::wrong(
                format!("表 {table} 读取失败:{source}"),
                format!("the table {table} cannot be read: {source}"),
            ),
            EngineError::Machine(problem) => Self::wrong(
                format!("引擎无法启动:{problem}"),
                format!("the engine could not start: {problem}"),
            ),
        }
    }
}
