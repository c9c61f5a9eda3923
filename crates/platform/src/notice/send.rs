//! What carries a notice out of the house, and how it says that it could not.

use jiff::SignedDuration;

use super::Letter;
use crate::context::Text;

/// A notice that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", problem.en)]
pub struct SendError {
    /// Why, without addresses, contents or secrets: it stands in the ledger.
    pub problem: Text,
    /// Whether trying again is of no use, as with an account that has no address.
    pub for_good: bool,
    /// The least time that the other side asks for before the next try.
    pub after: Option<SignedDuration>,
}

impl SendError {
    /// It may be taken another time.
    pub fn again(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            problem: Text::new(zh, en),
            for_good: false,
            after: None,
        }
    }

    /// It will never be taken.
    pub fn for_good(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            for_good: true,
            ..Self::again(zh, en)
        }
    }

    /// Not before that time has gone by.
    #[must_use]
    pub fn after(self, pause: Option<SignedDuration>) -> Self {
        Self {
            after: pause,
            ..self
        }
    }
}

/// What carries notices out of the house. It may block, for less than the lease of a notice.
pub trait Sender: Send + Sync {
    /// Sends one. `key` is the same for every try of one notice, so that a receiver that can tell doubles
    /// apart does.
    ///
    /// # Errors
    /// When it was not taken.
    fn send(&self, key: &str, letter: &Letter) -> Result<(), SendError>;
}
