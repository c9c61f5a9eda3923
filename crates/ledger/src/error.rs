//! What can go wrong, by what the caller can do about it.

use crate::event::StreamName;

/// An event that cannot be an entry. The caller changes the event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The name of a stream or kind is malformed.
    #[error(
        "no name of a stream or kind: {0:?} (expected a lower-case word, for streams `kind/UUID`)"
    )]
    Name(String),
    /// The payload is too large.
    #[error(
        "the payload of {kind} has {bytes} bytes; at most {} fit, larger things belong into the evidence store",
        crate::event::MAX_PAYLOAD
    )]
    TooLarge {
        /// The event's kind.
        kind: String,
        /// Bytes of its canonical payload.
        bytes: usize,
    },
    /// A number has no exact place in JSON.
    #[error("the number {0} is too large to be read alike everywhere")]
    Number(String),
    /// The payload has no canonical form.
    #[error("no canonical JSON: {0}")]
    Json(String),
    /// Nothing was to be appended.
    #[error("there is no event to append")]
    Nothing,
    /// What was to be erased is not there.
    #[error("there is no entry {0} to erase")]
    NoEntry(u64),
}

/// An append that did not happen.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else wrote to the stream first. The caller reads it again and decides anew.
    #[error("{stream} stands at {actual}, not at {expected}")]
    Conflict {
        /// The stream.
        stream: StreamName,
        /// The next version that the caller expected.
        expected: u64,
        /// The next version.
        actual: u64,
    },
    /// The command was appended before. The caller takes the first answer.
    #[error("the command was carried out before, at positions {first} and following")]
    Repeated {
        /// The first of its positions.
        first: u64,
        /// How many there are.
        count: u64,
    },
    /// Too many writers are waiting. The caller tries again later, or tells the person.
    #[error("the ledger is busy: {0} writers are waiting")]
    Busy(usize),
    /// The event itself is wrong.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The read model could not take the events: a fault of a projection. Nothing was appended.
    #[error("the read model cannot take the event: {0}")]
    Projection(String),
    /// The disk is full, the file is read-only, the server is away. Nothing was appended, unless it is
    /// [`StoreError::Unsure`]; the caller may try again with the same command id.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger was closed.
    #[error("the ledger is closed")]
    Closed,
}

/// The database below failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no.
    #[error("{store}: {problem}")]
    Database {
        /// Which store.
        store: &'static str,
        /// In its own words.
        problem: String,
        /// Whether the disk is full or read-only.
        full: bool,
    },
    /// The connection broke while the batch was being kept: it is there, or it is not. The caller asks
    /// again with the same command id, or reads the stream.
    #[error("{store}: whether the events were kept is not known, the connection broke: {problem}")]
    Unsure {
        /// Which store.
        store: &'static str,
        /// In its own words.
        problem: String,
    },
    /// Somebody else appended since the batch was begun; nothing was kept. The writer begins it again, and
    /// nobody else sees this.
    #[error("another node appended meanwhile")]
    Overtaken,
    /// What is stored contradicts itself.
    #[error("the ledger is damaged at position {position}: {problem}")]
    Damaged {
        /// The first position concerned.
        position: u64,
        /// In which way.
        problem: String,
    },
    /// A projection refused an event of the batch.
    #[error("projecting position {position}: {problem}")]
    Projection {
        /// The event.
        position: u64,
        /// In the projection's words.
        problem: String,
    },
}

impl StoreError {
    pub(crate) fn damaged(position: u64, problem: impl Into<String>) -> Self {
        Self::Damaged {
            position,
            problem: problem.into(),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{CannotOpen, DiskFull, ReadOnly, SystemIoFailure};
        let full = matches!(
            error.sqlite_error_code(),
            Some(DiskFull | ReadOnly | SystemIoFailure | CannotOpen)
        );
        Self::Database {
            store: "SQLite",
            problem: error.to_string(),
            full,
        }
    }
}
