//! What can be wrong with a node's folder, in both languages: what, where, what to do.

use std::io;
use std::path::{Path, PathBuf};

use kandeng_ledger::{PublishError, StoreError};

use crate::context::Text;
use crate::person::PersonError;
use crate::platform::CommandError;
use crate::vault::VaultError;

/// A node that cannot do what it is asked to.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Something is wrong with the folder, its settings or keys, and a person can put it right.
    #[error("{}", .0.en)]
    Wrong(Text),
    /// Another process has the folder.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// A file could not be read.
    #[error("{}: {error}", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file could not be written; what was there before is there still.
    #[error("{}: {error}", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The ledger's store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger and its second place do not fit together.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A command of the node itself was not carried out.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// Somebody asked to stop.
    #[error("stopped")]
    Stopped,
}

impl From<PersonError> for NodeError {
    fn from(error: PersonError) -> Self {
        match error {
            PersonError::Command(error) => Self::Command(error),
            PersonError::Vault(error) => Self::Vault(error),
        }
    }
}

impl From<rusqlite::Error> for NodeError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl NodeError {
    /// Something that a person can put right.
    pub fn wrong(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Wrong(Text::new(zh, en))
    }

    pub(super) fn unread(path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Unread {
            path: path.clone(),
            error,
        }
    }

    pub(super) fn unwritten(path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Unwritten {
            path: path.clone(),
            error,
        }
    }

    /// The sentence in both languages.
    pub fn text(&self) -> Text {
        match self {
            Self::Wrong(text) => text.clone(),
            Self::InUse(path) => {
                let path = path.display();
                Text::new(
                    format!("{path} 正由另一个 kandeng 进程写入;请等它结束,或先停下它"),
                    format!(
                        "another kandeng process is writing to {path}; wait until it has ended, or stop it first"
                    ),
                )
            }
            Self::Unread { path, error } => Text::new(
                format!("{}:无法读取:{error}", path.display()),
                format!("{}: cannot be read: {error}", path.display()),
            ),
            Self::Unwritten { path, error } => Text::new(
                format!("{}:无法写入:{error}", path.display()),
                format!("{}: cannot be written: {error}", path.display()),
            ),
            Self::Store(error) => of_store(error),
            Self::Publish(error) => of_publish(error),
            Self::Vault(error) => of_vault(error),
            Self::Command(CommandError::Refused(refusal)) => refusal.text.clone(),
            Self::Command(CommandError::Store(error)) => of_store(error),
            Self::Command(error) => Text::new(
                format!("命令未能执行:{error}"),
                format!("the command was not carried out: {error}"),
            ),
            Self::Stopped => Text::new("已停止", "stopped"),
        }
    }
}

/// What the ledger's store says, for a person.
pub fn of_store(error: &StoreError) -> Text {
    match error {
        StoreError::Damaged { position, problem } => Text::new(
            format!(
                "账本在第 {position} 条处损坏:{problem}。请用 kandeng verify 查明,再从备份恢复(kandeng restore)"
            ),
            format!(
                "the ledger is damaged at position {position}: {problem}. Look at it with `kandeng verify`, then bring back a backup with `kandeng restore`"
            ),
        ),
        StoreError::Projection { position, problem } => Text::new(
            format!("读模型不能接受第 {position} 条:{problem}。可用 kandeng rebuild 重建"),
            format!(
                "the read model cannot take position {position}: {problem}. Try `kandeng rebuild`"
            ),
        ),
        StoreError::Database {
            problem,
            full: true,
            ..
        } => Text::new(
            format!("数据库无法写入:{problem};请看磁盘是否已满、文件是否只读"),
            format!(
                "the database cannot be written: {problem}; see whether the disk is full or the file read-only"
            ),
        ),
        other => Text::new(
            format!("数据库出错:{other}"),
            format!("the database: {other}"),
        ),
    }
}

/// What the second place says, for a person.
pub fn of_publish(error: &PublishError) -> Text {
    match error {
        PublishError::Behind {
            ours,
            theirs,
            place,
        } => Text::new(
            format!(
                "账本只有 {ours} 条,而 {place} 有 {theirs} 条的检查点:账本被退回了,多半是恢复了旧备份。请找回较新的账本;若确已丢失,用 kandeng restore --accept-loss 另起新源"
            ),
            format!(
                "the ledger has {ours} entries, {place} has a checkpoint of {theirs}: it was set back, most often by restoring an old backup. Bring the newer ledger back or, if it is lost, start a new origin with `kandeng restore --accept-loss`"
            ),
        ),
        PublishError::Forked { size, place } => Text::new(
            format!(
                "{place} 有 {size} 条的检查点,而账本不是它的延续:一方的历史被改写过。请两份都留存,请人比对"
            ),
            error.to_string(),
        ),
        PublishError::Foreign { place, problem } => Text::new(
            format!("{place} 不是本账本的检查点:{problem}。请查看 kandeng.toml 的 [second_place]"),
            format!(
                "{place} is no checkpoint of this ledger: {problem}. See [second_place] in kandeng.toml"
            ),
        ),
        PublishError::File { place, problem } => Text::new(
            format!("第二处 {place} 无法读写:{problem}"),
            format!("the second place {place} cannot be read or written: {problem}"),
        ),
        PublishError::Witness { .. } => Text::new(error.zh(), error.to_string()),
        PublishError::Store(error) => of_store(error),
    }
}

fn of_vault(error: &VaultError) -> Text {
    match error {
        VaultError::WrongMaster { ours, theirs } => Text::new(
            format!("主密钥 {ours} 不对:个人密钥由主密钥 {theirs} 封存;请放回那一把"),
            format!(
                "{ours} is the wrong master key: people's keys are wrapped by {theirs}; put that one back"
            ),
        ),
        other => other.text(),
    }
}
