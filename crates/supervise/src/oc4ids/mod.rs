//! Filings as open data: project packages of the Open Contracting for Infrastructure Data Standard (OC4IDS) 0.9. They are
//! read in again by [`crate::packages`].
//!
//! What goes out is what the declaration says is public, or everything that the standard has a place for. Organizations
//! stand in it; people do not, neither by name nor by mark or number. Flags and cases are no part of it.

mod export;
mod filed;
mod json;
pub(crate) mod panel;
mod parties;
mod process;
mod project;
pub(crate) mod words;

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

/// The scheme of stages, as the declaration has them: the standard's statuses are fewer and others.
pub(crate) const STAGE_SCHEME: &str = "project-stage";

/// The title of who benefits.
pub(crate) const BENEFIT: &str = "受益户数与人数";

/// The title of a payment that is planned.
pub(crate) const PLANNED: &str = "计划拨付";

/// Roles of parties that the standard's open codelist does not have.
pub(crate) mod roles {
    /// Who approved the project.
    pub(crate) const APPROVAL_AUTHORITY: &str = "approvalAuthority";
    /// Who owns what was built.
    pub(crate) const ASSET_OWNER: &str = "assetOwner";
    /// Who keeps it up.
    pub(crate) const UPKEEP_BODY: &str = "upkeepBody";
    /// Who the money of the project goes to, as its own item says.
    pub(crate) const PROJECT_PAYEE: &str = "projectPayee";

    /// Roles that parties have by being referred to.
    pub(crate) const ARE_REFERRED: [&str; 5] = [
        "publicAuthority",
        "procuringEntity",
        "supplier",
        "tenderer",
        "payee",
    ];
}
