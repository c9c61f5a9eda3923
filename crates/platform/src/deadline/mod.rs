//! Deadlines: something expected by a time. Met or waived in time, or missed, once, on one node or many.

mod run;
mod tables;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use run::DeadlineLoop;
pub use tables::DeadlineTables;

use crate::aggregate::{Aggregate, Decide, Decision, Events};
use crate::context::{Context, Refusal, Text};
use crate::effect::Expectation;

/// How long after its time a deadline counts as fired late: the node was down.
const LATE_SECONDS: i64 = 5;

/// What happened to a deadline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum DeadlineEvent {
    /// It was set, or set anew.
    DeadlineSet {
        /// Of whom.
        subject: String,
        /// What.
        what: String,
        /// By when.
        by: Timestamp,
        /// What is done otherwise.
        then: String,
        /// What the follow-up is to know.
        detail: Value,
    },
    /// What was expected has come.
    DeadlineMet {},
    /// It is no longer expected.
    DeadlineWaived {
        /// Why.
        reason: Text,
    },
    /// It has not come.
    DeadlineMissed {
        /// Whether nobody was awake when the time came.
        late: bool,
    },
}

impl Events for DeadlineEvent {
    const VERSIONS: &'static [(&'static str, u16)] = &[
        ("deadline-set", 1),
        ("deadline-met", 1),
        ("deadline-waived", 1),
        ("deadline-missed", 1),
    ];
}

/// Where a deadline stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Deadline {
    /// It was never set.
    #[default]
    Unset,
    /// It runs.
    Running {
        /// What was set.
        of: Running,
    },
    /// It was met, waived or missed.
    Over,
}

/// A deadline that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    /// Of whom.
    pub subject: String,
    /// What.
    pub what: String,
    /// By when.
    pub by: Timestamp,
    /// What is done otherwise.
    pub then: String,
    /// What the follow-up is to know.
    pub detail: Value,
}

impl Aggregate for Deadline {
    const STREAM: &'static str = "deadline";
    type Event = DeadlineEvent;

    fn apply(&mut self, event: DeadlineEvent) {
        *self = match event {
            DeadlineEvent::DeadlineSet {
                subject,
                what,
                by,
                then,
                detail,
            } => Self::Running {
                of: Running {
                    subject,
                    what,
                    by,
                    then,
                    detail,
                },
            },
            _ => Self::Over,
        };
    }
}

/// Set it, or set it anew.
#[derive(Clone, Debug)]
pub struct Set(pub Expectation);

/// What was expected has come.
#[derive(Clone, Copy, Debug)]
pub struct Meet;

/// It is no longer expected.
#[derive(Clone, Debug)]
pub struct Waive(pub Text);

/// Its time has come.
#[derive(Clone, Copy, Debug)]
pub struct Miss;

impl Decide<Set> for Deadline {
    fn decide(&self, Set(to): Set, _: &Context) -> Result<Decision<DeadlineEvent>, Refusal> {
        let same = matches!(self, Self::Running { of } if of.by == to.by && of.then == to.then
            && of.detail == to.detail);
        if same {
            return Ok(Decision::of([]));
        }
        Ok(DeadlineEvent::DeadlineSet {
            subject: to.expected.subject,
            what: to.expected.kind,
            by: to.by,
            then: to.then,
            detail: to.detail,
        }
        .into())
    }
}

impl Decide<Meet> for Deadline {
    fn decide(&self, _: Meet, _: &Context) -> Result<Decision<DeadlineEvent>, Refusal> {
        // What comes after the time was missed all the same: the miss stays, and nothing is met.
        match self {
            Self::Running { .. } => Ok(DeadlineEvent::DeadlineMet {}.into()),
            Self::Unset | Self::Over => Ok(Decision::of([])),
        }
    }
}

impl Decide<Waive> for Deadline {
    fn decide(
        &self,
        Waive(reason): Waive,
        _: &Context,
    ) -> Result<Decision<DeadlineEvent>, Refusal> {
        match self {
            Self::Running { .. } => Ok(DeadlineEvent::DeadlineWaived { reason }.into()),
            Self::Unset | Self::Over => Ok(Decision::of([])),
        }
    }
}

impl Decide<Miss> for Deadline {
    fn decide(&self, _: Miss, cx: &Context) -> Result<Decision<DeadlineEvent>, Refusal> {
        match self {
            Self::Running { of } if of.by <= cx.at => {
                let late = cx.at.as_second() - of.by.as_second() > LATE_SECONDS;
                Ok(DeadlineEvent::DeadlineMissed { late }.into())
            }
            // Met, waived, missed by another node, or set anew since it was looked at.
            _ => Ok(Decision::of([])),
        }
    }
}
