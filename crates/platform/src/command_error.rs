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
        match error {
            // Somebody typed it: they are told, and nothing is wrong with us. Nothing was appended.
            EventError::TooLarge { .. } => Self::Refused(Refusal::new(
                "too-much-text",
                "填写的内容太长,一次放不下,请缩短后再试",
                "what was written is too long to be taken at once; shorten it and try again",
            )),
            other => Self::Append(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_writes_too_much_is_told_so_and_it_is_no_fault_of_ours() {
        let error = CommandError::from(EventError::TooLarge {
            kind: "thing-read".to_owned(),
            bytes: 70_000,
        });
        assert!(error.left_nothing());
        assert!(matches!(error, CommandError::Refused(why) if why.code == "too-much-text"));
        let error = CommandError::from(EventError::Nothing);
        assert!(matches!(error, CommandError::Append(_)));
    }
}
