//! Filings as open data: project packages of the Open Contracting for Infrastructure Data Standard (OC4IDS) 0.9, out
//! and in.
//!
//! What goes out is what the declaration says is public, or everything that the standard has a place for. Organizations
//! stand in it; people do not, neither by name nor by mark or number. Flags and cases are no part of it.

mod export;
mod filed;
mod json;
mod parties;
mod process;
mod project;
mod words;

pub use export::{Publisher, Scope, export_oc4ids};

/// The version of the standard.
pub const VERSION: &str = "0.9";

/// Among the identifiers of a project: its code, as filed.
pub(crate) const CODE_SCHEME: &str = "project-code";

/// The scheme of organizations' unified social credit codes (GB 32100).
pub(crate) const USCC_SCHEME: &str = "CN-USCC";

/// The gazetteer of division codes (GB/T 2260 and the statistical codes below counties).
pub(crate) const DIVISION_SCHEME: &str = "CN-DIVISION";

/// The scheme of kinds of projects, as the declaration has them.
pub(crate) const KIND_SCHEME: &str = "project-kind";
