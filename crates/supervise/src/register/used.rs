//! That rules have read registers: one event a run, of a stream of its own, so that neither a run nor a look at a register
//! reads all the uses before it.

use jiff::civil::Date;
use kandeng_platform::{Aggregate, Context, Decide, Decision, Events, Refusal};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A register that a run has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// The kind.
    pub register: String,
    /// The upload.
    pub upload: Uuid,
    /// By which rules.
    pub rules: Vec<String>,
}

/// What happened. Who asked for the run is in the envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum RegisterUseEvent {
    /// A run of rules has read registers.
    RegistersUsed {
        /// The only date that rules saw.
        as_of: Date,
        /// Which registers.
        used: Vec<Used>,
    },
}

impl Events for RegisterUseEvent {
    const VERSIONS: &'static [(&'static str, u16)] = &[("registers-used", 1)];
}

/// A run that has read registers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisterUse;

impl Aggregate for RegisterUse {
    const STREAM: &'static str = "register-use";
    type Event = RegisterUseEvent;

    fn apply(&mut self, _: RegisterUseEvent) {}
}

/// Record what a run has read.
#[derive(Clone, Debug)]
pub(crate) struct UseRegisters {
    pub as_of: Date,
    pub used: Vec<Used>,
}

impl Decide<UseRegisters> for RegisterUse {
    fn decide(
        &self,
        UseRegisters { as_of, used }: UseRegisters,
        _: &Context,
    ) -> Result<Decision<RegisterUseEvent>, Refusal> {
        Ok(RegisterUseEvent::RegistersUsed { as_of, used }.into())
    }
}
