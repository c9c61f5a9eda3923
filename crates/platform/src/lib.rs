//! What all scenes share: the command loop, deadlines, notices, the vault, flags and cases.
//!
//! Knows commands, events and people's roles in them. It must not know what a scene is about.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod account;
mod aggregate;
pub mod api;
pub mod authority;
pub mod case;
mod clock;
mod command_error;
mod context;
pub mod deadline;
mod effect;
mod elsewhere;
pub mod flag;
mod half_width;
mod hex;
pub mod jurisdiction;
mod kinds;
pub mod node;
pub mod notice;
pub mod page;
pub mod person;
mod plan;
mod platform;
mod read_model;
pub mod reading;
mod refused;
mod remembered;
mod room;
pub mod rounds;
mod scene;
mod tagged;
pub mod unique;
pub mod vault;

pub use aggregate::{Aggregate, Decide, Decision, Events, Loaded, UnreadableEvent, fold};
pub use clock::{Clock, CountedIds, Ids, RandomIds, SetClock, SystemClock};
pub use command_error::CommandError;
pub use context::{Context, Language, Refusal, Text};
pub use effect::{Effect, Expectation, Expected, NewNotice, Unique};
pub use kinds::{EventKinds, shared_event_kinds};
pub use plan::Plan;
pub use platform::{Answer, FollowUp, Parts, Platform, shared_tables};
pub use read_model::{ReadModel, Tables};
pub use remembered::Remembered;
pub use room::{Room, is_for_want_of_room, watch_room};
pub use scene::{Scene, Work};
