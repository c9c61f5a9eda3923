//! Commands on a node's folder: make it, verify it, read its ledger, copy it, bring it back.
//!
//! What is done lives in `kandeng_platform::node` and `kandeng_ledger`; here are arguments, words and exit codes.

pub(crate) mod backup;
pub(crate) mod init;
pub(crate) mod ledger;
pub(crate) mod migrate;
pub(crate) mod notices;
pub(crate) mod rebuild;
pub(crate) mod receipt;
pub(crate) mod scenes;
pub(crate) mod serve;
pub(crate) mod vault;
pub(crate) mod verify;

use kandeng_platform::node::NodeError;

use crate::failure::Failure;

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        match error {
            NodeError::Unread { path, error } => Self::unread(&path)(error),
            NodeError::Unwritten { path, error } => Self::unwritten(&path)(error),
            NodeError::Stopped => Self::Stopped,
            other => {
                let text = other.text();
                Self::wrong(text.zh, text.en)
            }
        }
    }
}

impl From<kandeng_ledger::StoreError> for Failure {
    fn from(error: kandeng_ledger::StoreError) -> Self {
        NodeError::from(error).into()
    }
}

/// What commands of a node are carried out on.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| {
            Failure::wrong(
                format!("系统不能启动线程:{error}"),
                format!("the system starts no thread: {error}"),
            )
        })
}

/// Nothing under that number.
fn no_entry(position: u64, size: u64) -> Failure {
    Failure::wrong(
        format!("没有第 {position} 条;账本有 {size} 条,从 0 起数"),
        format!("there is no position {position}; the ledger has {size} entries, counted from 0"),
    )
}
