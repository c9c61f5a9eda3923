//! Every kind of event that this program knows, with the versions of its shape: what the ledger may hold, and
//! must be readable for ever.

use kandeng_ledger::NewEvent;
use serde_json::Value;

use crate::aggregate::{Aggregate, Events, UnreadableEvent};
use crate::refused::RefusedEvent;

/// The kinds of events of one kind of stream.
#[derive(Clone, Copy, Debug)]
pub struct EventKinds {
    /// The first part of the streams' names.
    pub stream: &'static str,
    /// Each kind with the version that is written today; all before it are read.
    pub versions: &'static [(&'static str, u16)],
    read: fn(&str, u16, &Value) -> Result<NewEvent, UnreadableEvent>,
}

impl EventKinds {
    /// Those of an aggregate.
    pub fn of<A: Aggregate>() -> Self {
        Self::on::<A::Event>(A::STREAM)
    }

    fn on<E: Events>(stream: &'static str) -> Self {
        Self {
            stream,
            versions: E::VERSIONS,
            read: |kind, schema, payload| Ok(E::read(kind, schema, payload)?.new_event()),
        }
    }

    /// An event as it would be written today.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn renew(
        &self,
        kind: &str,
        schema: u16,
        payload: &Value,
    ) -> Result<NewEvent, UnreadableEvent> {
        (self.read)(kind, schema, payload)
    }
}

/// The kinds that every node knows, whatever scenes it serves.
pub fn shared_event_kinds() -> Vec<EventKinds> {
    vec![
        EventKinds::of::<crate::account::Account>(),
        EventKinds::of::<crate::node::Belongings>(),
        EventKinds::of::<crate::case::Case>(),
        EventKinds::of::<crate::case::Question>(),
        EventKinds::of::<crate::deadline::Deadline>(),
        EventKinds::of::<crate::flag::Flag>(),
        EventKinds::of::<crate::flag::Rule>(),
        EventKinds::of::<crate::notice::Notice>(),
        EventKinds::of::<crate::person::Person>(),
        EventKinds::of::<crate::reading::Reading>(),
        EventKinds::of::<crate::unique::Value>(),
        EventKinds::on::<RefusedEvent>(RefusedEvent::STREAM),
    ]
}
