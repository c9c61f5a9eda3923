//! The supervision of publicly funded projects: the filing of 42 items, how it is read and marked,
//! its rule pack, and the same for open contracting data.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::float_cmp))]

mod api;
pub mod cells;
pub mod diagnostic;
pub mod draft;
pub mod filing;
pub mod import;
mod kept;
pub mod marking;
pub mod measured;
pub mod oc4ids;
pub mod ocds;
pub mod officer;
pub mod packages;
pub mod packs;
mod pages;
pub mod project;
pub mod register;
mod scene;
pub mod synth;
pub mod system;
pub mod watch;

pub use kandeng_geo::Datum;
pub use parquet;
pub use scene::{Settings, Supervise, event_kinds, tables};
