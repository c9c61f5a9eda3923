//! What happens to a project, as the ledger keeps it for ever. Numbers of people and accounts are hashed before
//! they get here, names of people are references into the vault.

use std::collections::BTreeMap;

use kandeng_platform::Events;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::edit::Edit;
use super::files::{KeptFile, Told};
use super::vouch::{Level, Looked};

/// What happened to a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum ProjectEvent {
    /// It was filed, under a code that no other has.
    ProjectFiled {
        /// The code.
        code: String,
        /// The version of the declaration that it is filed by, for good.
        declaration: u32,
        /// Who filed it.
        by: Uuid,
        /// The stage, where it was named; otherwise its items show it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        stage: Option<String>,
    },
    /// Items were changed. What they held before stands in the events before.
    ItemsChanged {
        /// The edition that the filing is now, from 1. Events of one command have the same.
        edition: u32,
        /// Who changed them.
        by: Uuid,
        /// Which items.
        items: Vec<String>,
        /// What is typed there now.
        edit: Edit,
        /// People whom the edit names, each with the reference to the name in the vault.
        #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
        people: BTreeMap<Uuid, Uuid>,
        /// SHA-256 of the file that it was read from.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        file: Option<String>,
    },
    /// Files were kept for it: photos and papers that its items name.
    FilesKept {
        /// Who added them.
        by: Uuid,
        /// Which: hash, length, kind, name, what a photo says of itself. Never bytes.
        files: Vec<KeptFile>,
    },
    /// A file that no item named any more was erased for good: its bytes, its previews, and what the ledger said of it.
    FileErased {
        /// Who erased it.
        by: Uuid,
        /// Why.
        reason: String,
        /// What it was kept by.
        sha256: String,
        /// Positions of the ledger whose payloads go.
        erase: Vec<u64>,
    },
    /// What the events said that go with a file, of everything else.
    FilingRestated {
        /// Those events.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        told: Vec<Told>,
        /// What stands in the cells that they filled.
        stands: Edit,
        /// People whom they named.
        #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
        people: BTreeMap<Uuid, Uuid>,
    },
    /// It reached another stage, or went back to one.
    StageMoved {
        /// Which.
        stage: String,
        /// Who moved it.
        by: Uuid,
        /// Why, where it went back.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
    /// The village handed a category in, and with that vouches for it.
    CategorySubmitted {
        /// Which.
        category: String,
        /// The edition that is vouched for.
        edition: u32,
        /// Who vouches.
        by: Uuid,
        /// What was looked at.
        looked: Looked,
    },
    /// A level above vouches for a category.
    CategorySigned {
        /// Which.
        category: String,
        /// Which level.
        level: Level,
        /// The edition that is vouched for.
        edition: u32,
        /// Who vouches.
        by: Uuid,
        /// What was looked at.
        looked: Looked,
    },
    /// A level gave a category back.
    CategoryReturned {
        /// Which.
        category: String,
        /// Which level.
        level: Level,
        /// The edition that was looked at.
        edition: u32,
        /// Who gave it back.
        by: Uuid,
        /// Why.
        reason: String,
    },
    /// It was withdrawn: filed in error, or twice. Its code is free again.
    ProjectWithdrawn {
        /// Who withdrew it.
        by: Uuid,
        /// Why.
        reason: String,
    },
}

impl Events for ProjectEvent {
    const VERSIONS: &'static [(&'static str, u16)] = &[
        ("project-filed", 1),
        ("items-changed", 1),
        ("files-kept", 1),
        ("file-erased", 1),
        ("filing-restated", 1),
        ("stage-moved", 1),
        ("category-submitted", 1),
        ("category-signed", 1),
        ("category-returned", 1),
        ("project-withdrawn", 1),
    ];
}
