//! Why a command could not do what it was asked, in both languages. Exit status 2.

use kandeng_screening::pack::PackError;
use kandeng_screening::{EngineError, Text};
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
    /// A file could not be written or read.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// Somebody pressed Ctrl-C.
    #[error("stopped")]
    Stopped,
}

impl Failure {
    pub(crate) fn wrong(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Wrong(Text::new(zh, en))
    }

    pub(crate) fn file(path: impl AsRef<std::path::Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().display().to_string();
        move |error| Self::File { path, error }
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
            Self::File { path, error } => {
                let key = if error.kind() == std::io::ErrorKind::StorageFull {
                    "error-disk-full"
                } else {
                    "error-file"
                };
                vec![words.say_with(
                    key,
                    &[("path", path.clone()), ("problem", error.to_string())],
                )]
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
