//! Refusals of commands that came with an id: kept, so that a phone that sends the command again gets the
//! same answer.

use kandeng_ledger::Recorded;
use serde::{Deserialize, Serialize};

use crate::aggregate::Events;
use crate::context::Refusal;

/// What a stream `refusal/COMMAND` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub(crate) enum RefusedEvent {
    /// The command was refused.
    CommandRefused(Refusal),
}

impl Events for RefusedEvent {
    const VERSIONS: &'static [(&'static str, u16)] = &[("command-refused", 1)];
}

impl RefusedEvent {
    pub(crate) const STREAM: &'static str = "refusal";

    /// The refusal that an event tells of, if it tells of one.
    pub(crate) fn of(event: Recorded) -> Option<Refusal> {
        if event.stream.kind() != Self::STREAM {
            return None;
        }
        let (envelope, payload) = (event.envelope?, event.payload?);
        let Self::CommandRefused(refusal) =
            Self::read(&envelope.kind, envelope.schema, &payload).ok()?;
        Some(refusal)
    }
}
