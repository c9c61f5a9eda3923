//! What a stream says so far, and what is decided on it. Pure: no files, no clock, no database.

use std::borrow::Cow;

use kandeng_ledger::{Envelope, NewEvent, Recorded};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::context::{Context, Refusal};
use crate::effect::Effect;
use crate::tagged::Tagged;

/// An event that was stored and cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {kind} of version {schema}: {problem}")]
pub struct UnreadableEvent {
    /// Its kind.
    pub kind: String,
    /// The version of its shape.
    pub schema: u16,
    /// What is wrong.
    pub problem: String,
}

/// The events of one kind of stream: an enum that serde writes as `{"kind": …, "payload": …}`.
///
/// ```
/// use kandeng_platform::Events;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// #[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
/// enum DoorEvent {
///     Opened { by: String },
/// }
///
/// impl Events for DoorEvent {
///     const VERSIONS: &[(&str, u16)] = &[("opened", 2)];
///
///     fn upcast(kind: &str, schema: u16, mut payload: serde_json::Value) -> Option<serde_json::Value> {
///         match (kind, schema) {
///             // Until version 2 nobody wrote down who it was.
///             ("opened", 1) => payload["by"] = "unknown".into(),
///             _ => return None,
///         }
///         Some(payload)
///     }
/// }
///
/// let old = DoorEvent::read("opened", 1, &serde_json::json!({}))?;
/// assert_eq!(old, DoorEvent::Opened { by: "unknown".to_owned() });
/// # Ok::<(), kandeng_platform::UnreadableEvent>(())
/// ```
pub trait Events: Serialize + DeserializeOwned {
    /// For each kind the version of its shape that is written today, from 1.
    const VERSIONS: &'static [(&'static str, u16)];

    /// Brings a payload from version `schema` to the next; nothing when there is no such step.
    fn upcast(kind: &str, schema: u16, payload: Value) -> Option<Value> {
        let _ = (kind, schema, payload);
        None
    }

    /// The event as it is stored.
    fn new_event(&self) -> NewEvent {
        // Cannot fail: events are plain data, with text keys and finite numbers.
        let mut value = serde_json::to_value(self).unwrap_or_default();
        let kind = value["kind"].as_str().unwrap_or_default().to_owned();
        let schema = version_of::<Self>(&kind).unwrap_or(1);
        NewEvent::new(&kind, schema, value["payload"].take())
    }

    /// The event that was stored, brought up to date.
    ///
    /// # Errors
    /// When the kind is unknown, a step is missing, or the payload is of another shape.
    fn read(kind: &str, schema: u16, payload: &Value) -> Result<Self, UnreadableEvent> {
        let unreadable = |problem: String| UnreadableEvent {
            kind: kind.to_owned(),
            schema,
            problem,
        };
        let newest =
            version_of::<Self>(kind).ok_or_else(|| unreadable("unknown kind".to_owned()))?;
        if schema > newest {
            return Err(unreadable(format!(
                "this program knows versions to {newest}: it is older than the ledger"
            )));
        }
        let mut payload = Cow::Borrowed(payload);
        for step in schema..newest {
            let next = Self::upcast(kind, step, payload.into_owned());
            let next =
                next.ok_or_else(|| unreadable(format!("no step from version {step} to the next")));
            payload = Cow::Owned(next?);
        }
        let tagged = Tagged {
            kind,
            payload: &payload,
        };
        Self::deserialize(tagged).map_err(|error| unreadable(error.to_string()))
    }
}

fn version_of<E: Events>(kind: &str) -> Option<u16> {
    let found = E::VERSIONS.iter().find(|(known, _)| *known == kind);
    found.map(|(_, version)| *version)
}

/// What one stream is about.
pub trait Aggregate: Default + Send {
    /// The first part of the stream's name.
    const STREAM: &'static str;
    /// What can happen to it.
    type Event: Events + Send;

    /// Takes in what happened.
    fn apply(&mut self, event: Self::Event);

    /// The event, with its envelope, if it is one of these streams' and nothing of it was erased: what a
    /// projection begins with.
    ///
    /// # Errors
    /// In words for whoever wrote the projection, when it cannot be read.
    fn event_in(recorded: &Recorded) -> Result<Option<(&Envelope, Self::Event)>, String> {
        if recorded.stream.kind() != Self::STREAM {
            return Ok(None);
        }
        let (Some(envelope), Some(payload)) = (&recorded.envelope, &recorded.payload) else {
            return Ok(None);
        };
        let event = Self::Event::read(&envelope.kind, envelope.schema, payload)
            .map_err(|error| error.to_string())?;
        Ok(Some((envelope, event)))
    }
}

/// What a command comes to.
#[derive(Debug)]
pub struct Decision<E> {
    /// What happens to the aggregate. Nothing means: it is so already.
    pub events: Vec<E>,
    /// What follows with it, in the same append.
    pub effects: Vec<Effect>,
}

impl<E> Decision<E> {
    /// These events.
    pub fn of(events: impl IntoIterator<Item = E>) -> Self {
        Self {
            events: events.into_iter().collect(),
            effects: Vec::new(),
        }
    }

    /// And this with them.
    #[must_use]
    pub fn and(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }
}

impl<E> From<E> for Decision<E> {
    fn from(event: E) -> Self {
        Self::of([event])
    }
}

/// An aggregate that answers a command.
pub trait Decide<C>: Aggregate {
    /// What the command comes to, given what the stream says so far.
    ///
    /// # Errors
    /// A refusal, which is an answer and no fault.
    fn decide(&self, command: C, cx: &Context) -> Result<Decision<Self::Event>, Refusal>;
}

/// An aggregate with the version that its stream stands at.
#[derive(Debug)]
pub struct Loaded<A> {
    /// What the stream says.
    pub state: A,
    /// The version that the next event gets.
    pub version: u64,
}

/// What a stream's events say. Erased ones are passed over: what they said is to be forgotten.
///
/// # Errors
/// When an event cannot be read.
pub fn fold<A: Aggregate>(events: Vec<Recorded>) -> Result<Loaded<A>, UnreadableEvent> {
    let mut loaded = Loaded {
        state: A::default(),
        version: 0,
    };
    for event in events {
        loaded.version = event.version + 1;
        if let (Some(envelope), Some(payload)) = (event.envelope, event.payload) {
            let event = A::Event::read(&envelope.kind, envelope.schema, &payload)?;
            loaded.state.apply(event);
        }
    }
    Ok(loaded)
}
