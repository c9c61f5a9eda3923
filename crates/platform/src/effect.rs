//! What follows from a decision beside its own events, in the same append: a value reserved, something
//! expected by a time, somebody told.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::context::Text;

/// One thing that follows.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A value that nobody else may have is taken.
    Reserve(Unique),
    /// It is given free.
    Release(Unique),
    /// Something is expected by a time.
    Expect(Expectation),
    /// What was expected has come.
    Meet(Expected),
    /// It is no longer expected.
    Waive(Expected, Text),
    /// Somebody is to be told.
    Notify(NewNotice),
}

/// A value that one thing may have: a project code, a plate in a car park.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unique {
    /// Among which values, such as `project-code`.
    pub space: &'static str,
    /// The value. It leaves this program as a keyed hash only.
    pub value: String,
    /// Whose it is.
    pub owner: Uuid,
}

/// What is expected of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The stream or thing that it is expected of.
    pub subject: String,
    /// What, such as `case-answer`.
    pub kind: String,
}

/// What is expected by a time, and what happens otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// What, of whom.
    pub expected: Expected,
    /// By when.
    pub by: Timestamp,
    /// What is done when it does not come: a name that the platform was given a follow-up for.
    pub then: String,
    /// What the follow-up is to know.
    pub detail: Value,
}

/// Something that somebody is to be told. It holds no names and no personal data: whoever reads it opens
/// the page.
#[derive(Clone, Debug, PartialEq)]
pub struct NewNotice {
    /// Why: the same cause is told one recipient once.
    pub cause: String,
    /// The account.
    pub to: Uuid,
    /// By which sender, such as `email`.
    pub channel: String,
    /// A line.
    pub subject: Text,
    /// The rest.
    pub body: Text,
}
