//! Why a command was not carried out, and whether that is certain.

use kandeng_ledger::{EventError, StoreError, StreamName};

use crate::aggregate::UnreadableEvent;
use crate::context::Refusal;

/// A command that was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The domain says no. The person is told why.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Others kept being first. The person looks again.
    #[error("others are changing {0} at the same time")]
    Contended(StreamName),
    /// A stored event cannot be read: the program is older than the ledger, or has a fault.
    #[error(transparent)]
    Unreadable(#[from] UnreadableEvent),
    /// Too many wait; try again later, with the same command id.
    #[error("too many commands are waiting")]
    Busy,
    /// The ledger or the read model failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The events could not be appended.
    #[error("{0}")]
    Append(String),
}

impl CommandError {
    /// Whether it is certain that nothing was appended: else it may have been, and nobody could say so.
    #[must_use]
    pub fn left_nothing(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Contended(_) | Self::Busy => true,
            Self::Store(error) => !matches!(error, StoreError::Unsure { .. }),
            Self::Unreadable(_) | Self::Append(_) => false,
        }
    }
}

impl From<EventError> for CommandError {
    fn from(error: EventError) -> Self {
        Self::Append(error.to_string())
    }
}
