//! SQL of rules as statements: only SELECT, no clock of its own, parameters bound as values.

mod statement;

pub(crate) use statement::{Bindings, Problem, Select, has_word};
