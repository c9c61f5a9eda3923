//! Rule packs in SQL on Apache DataFusion: tables in, findings out.
//!
//! Knows tables, rules and findings. It must not know what a project or a county is.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::float_cmp))]

pub use datafusion::arrow;

mod engine;
mod figure;
pub mod fixture;
pub mod functions;
mod items;
pub mod pack;
mod says;
mod sql;
mod table;
mod text;

pub use engine::{
    Answer, Answers, Change, DraftAnswer, DraftCheck, DraftOutcome, DraftSettings, EngineError,
    Failure, FailureCause, Finding, KeptPlans, Outcome, Prepared, ReachMap, Reached, Reason,
    Settings, StepProfile, Subjects, columns_read, half_of_memory,
};
pub use figure::{Figure, Labels, Language};
pub use items::{Filled, ItemCheck, Items};
pub use pack::Severity;
pub use table::{
    BatchIter, Batches, ColumnDeclaration, ColumnType, SourceError, TableDeclaration, TableSource,
    Tables,
};
pub use text::Text;
