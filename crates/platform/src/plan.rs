//! What a command comes to: decisions on streams, each with what follows from it, put together into one append.

use std::collections::HashMap;

use kandeng_ledger::{StreamName, Write};

use crate::aggregate::{Aggregate, Decide, Decision, Events, Loaded, fold};
use crate::context::Context;
use crate::deadline::{self, Deadline};
use crate::effect::{Effect, Expected};
use crate::notice::{self, Notice};
use crate::platform::{CommandError, Platform};
use crate::unique::{self, Value};

/// Writes that are being put together: every decision sees what those before it came to.
pub struct Plan<'a> {
    platform: &'a Platform,
    /// Who asks, and when.
    pub cx: &'a Context,
    writes: Vec<Write>,
    /// The writes of each stream: an import decides on thousands.
    of: HashMap<StreamName, Vec<usize>>,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(platform: &'a Platform, cx: &'a Context) -> Self {
        Self {
            platform,
            cx,
            writes: Vec::new(),
            of: HashMap::new(),
        }
    }

    pub(crate) fn into_writes(self) -> Vec<Write> {
        self.writes
    }

    /// Decides a command on what `stream` says, with what was decided so far.
    ///
    /// # Errors
    /// The refusal, or a fault.
    pub fn decide<A, C>(&mut self, stream: StreamName, command: C) -> Result<(), CommandError>
    where
        A: Decide<C>,
    {
        let loaded = self.load::<A>(&stream)?;
        self.decide_on(loaded, stream, command)
    }

    /// What `stream` says, with what was decided so far.
    pub(crate) fn load<A: Aggregate>(
        &self,
        stream: &StreamName,
    ) -> Result<Loaded<A>, CommandError> {
        let mut loaded = fold::<A>(self.platform.ledger().read_stream(stream, 0)?)?;
        let pending = self.of.get(stream).into_iter().flatten();
        for event in pending.flat_map(|write| &self.writes[*write].events) {
            let event = A::Event::read(&event.kind, event.schema, &event.payload)?;
            loaded.state.apply(event);
            loaded.version += 1;
        }
        Ok(loaded)
    }

    /// [`Plan::decide`] on what was loaded: whoever looks at the state too sees the one that is decided on.
    pub(crate) fn decide_on<A, C>(
        &mut self,
        loaded: Loaded<A>,
        stream: StreamName,
        command: C,
    ) -> Result<(), CommandError>
    where
        A: Decide<C>,
    {
        let Decision { events, effects } = loaded.state.decide(command, self.cx)?;
        if !events.is_empty() {
            let place = self.writes.len();
            self.of.entry(stream.clone()).or_default().push(place);
            self.writes.push(Write {
                stream,
                expected: loaded.version,
                events: events.iter().map(Events::new_event).collect(),
            });
        }
        effects
            .into_iter()
            .try_for_each(|effect| self.effect(effect))
    }

    /// Lets something follow.
    ///
    /// # Errors
    /// As [`Plan::decide`].
    pub fn effect(&mut self, effect: Effect) -> Result<(), CommandError> {
        match effect {
            Effect::Reserve(value) => {
                let stream = self.platform.guard("value", &[value.space, &value.value])?;
                self.decide::<Value, _>(stream, unique::Reserve(value.owner))
            }
            Effect::Release(value) => {
                let stream = self.platform.guard("value", &[value.space, &value.value])?;
                self.decide::<Value, _>(stream, unique::Release(value.owner))
            }
            Effect::Expect(expectation) => {
                let stream = self.deadline(&expectation.expected)?;
                self.decide::<Deadline, _>(stream, deadline::Set(expectation))
            }
            Effect::Meet(expected) => {
                let stream = self.deadline(&expected)?;
                self.decide::<Deadline, _>(stream, deadline::Meet)
            }
            Effect::Waive(expected, reason) => {
                let stream = self.deadline(&expected)?;
                self.decide::<Deadline, _>(stream, deadline::Waive(reason))
            }
            Effect::Notify(new) => {
                let stream = self.platform.notice_of(&new.cause, new.to, &new.channel)?;
                self.decide::<Notice, _>(stream, notice::Queue(new))
            }
        }
    }

    fn deadline(&self, of: &Expected) -> Result<StreamName, CommandError> {
        self.platform.guard("deadline", &[&of.subject, &of.kind])
    }

    /// The node that this is planned on, for reading.
    pub fn platform(&self) -> &Platform {
        self.platform
    }
}
