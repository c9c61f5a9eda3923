//! Answers to commands that came with an id and changed nothing, refusals among them: kept, so that a phone that
//! sends the command again gets the same answer, whatever has happened since.

use kandeng_ledger::Recorded;
use serde::{Deserialize, Serialize};

use crate::aggregate::Events;
use crate::context::Refusal;
use crate::platform::{Answer, CommandError};

/// What a stream `refusal/COMMAND` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub(crate) enum RefusedEvent {
    /// The command was refused.
    CommandRefused(Refusal),
    /// It was so already.
    CommandWithoutEffect {},
}

impl Events for RefusedEvent {
    const VERSIONS: &'static [(&'static str, u16)] =
        &[("command-refused", 1), ("command-without-effect", 1)];
}

impl RefusedEvent {
    pub(crate) const STREAM: &'static str = "refusal";

    /// The answer that an event tells of, if it tells of one.
    pub(crate) fn answer(event: Recorded) -> Option<Result<Answer, CommandError>> {
        if event.stream.kind() != Self::STREAM {
            return None;
        }
        let (envelope, payload) = (event.envelope?, event.payload?);
        match Self::read(&envelope.kind, envelope.schema, &payload).ok()? {
            Self::CommandRefused(refusal) => Some(Err(refusal.into())),
            Self::CommandWithoutEffect {} => Some(Ok(Answer::Nothing)),
        }
    }
}
