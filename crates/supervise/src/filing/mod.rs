//! The 42 items as one declaration, and what is derived from it: tables, checks, template, page.
//! Reads no inputs and knows no rules.

mod checks;
mod declaration;
mod document;
mod error;
mod tables;
pub mod template;
mod units;

pub use checks::{Filled, ItemCheck};
pub use declaration::{Category, Choice, Column, Field, Filing, Item, Range, Sheet, Stage};
pub use error::FilingError;
pub(crate) use tables::ROW_NO;
pub use template::Wording;
pub use units::Units;
