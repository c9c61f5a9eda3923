//! Values that only one thing may have. Each has a stream of its own, named by the value's keyed hash, and
//! whoever appends to it first has the value: the ledger itself decides, on one node or many.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::aggregate::{Aggregate, Decide, Decision, Events};
use crate::context::{Context, Refusal};

/// What happened to a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum ValueEvent {
    /// It was taken.
    Reserved {
        /// By whom.
        owner: Uuid,
    },
    /// It was given free.
    Released {
        /// By whom.
        owner: Uuid,
    },
}

impl Events for ValueEvent {
    const VERSIONS: &'static [(&'static str, u16)] = &[("reserved", 1), ("released", 1)];
}

/// A value and whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    owner: Option<Uuid>,
}

impl Aggregate for Value {
    const STREAM: &'static str = "value";
    type Event = ValueEvent;

    fn apply(&mut self, event: ValueEvent) {
        self.owner = match event {
            ValueEvent::Reserved { owner } => Some(owner),
            ValueEvent::Released { .. } => None,
        };
    }
}

impl Value {
    /// Whose it is.
    pub(crate) fn owner(&self) -> Option<Uuid> {
        self.owner
    }
}

/// Take the value.
#[derive(Clone, Copy, Debug)]
pub struct Reserve(pub Uuid);

/// Give it free.
#[derive(Clone, Copy, Debug)]
pub struct Release(pub Uuid);

impl Decide<Reserve> for Value {
    fn decide(
        &self,
        Reserve(owner): Reserve,
        _: &Context,
    ) -> Result<Decision<ValueEvent>, Refusal> {
        match self.owner {
            None => Ok(ValueEvent::Reserved { owner }.into()),
            Some(other) if other == owner => Ok(Decision::of([])),
            Some(_) => Err(Refusal::new(
                "value-taken",
                "这个值已经有人使用",
                "this value is in use already",
            )),
        }
    }
}

impl Decide<Release> for Value {
    fn decide(
        &self,
        Release(owner): Release,
        _: &Context,
    ) -> Result<Decision<ValueEvent>, Refusal> {
        // Whoever does not have it has nothing to give free.
        if self.owner == Some(owner) {
            Ok(ValueEvent::Released { owner }.into())
        } else {
            Ok(Decision::of([]))
        }
    }
}
