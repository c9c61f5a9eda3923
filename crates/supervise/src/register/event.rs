//! What happens to registers, as the ledger keeps it: who, what for, until when; never a row.

use jiff::civil::Date;
use kandeng_platform::Events;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why an upload was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// Its last day has passed.
    Expired,
    /// Whoever may took it back.
    Withdrawn,
    /// Another took its place.
    Replaced,
    /// It never came to be: storing it was cut off.
    Abandoned,
}

/// What happened to a kind of register. Who did it is in the envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum RegisterEvent {
    /// Rows begin to be stored.
    RegisterUploadBegun {
        /// The kind.
        register: String,
        /// The upload: whose key the rows are sealed by.
        upload: Uuid,
    },
    /// They are all there, and rules read them.
    RegisterUploaded {
        /// The kind.
        register: String,
        /// The upload.
        upload: Uuid,
        /// Who answers for it.
        owner: Uuid,
        /// What for.
        purpose: String,
        /// What allows it.
        basis: String,
        /// The last day on which it is there.
        expires: Date,
        /// How many rows.
        rows: usize,
        /// SHA-256 of the file that they came in.
        file: String,
        /// Where they are in the vault.
        rows_at: Uuid,
    },
    /// Rules have read it in a screening. Written by earlier versions; now [`RegistersUsed`](super::RegisterUseEvent).
    RegisterUsed {
        /// The kind.
        register: String,
        /// The upload.
        upload: Uuid,
        /// The only date that rules saw.
        as_of: Date,
        /// Which rules.
        rules: Vec<String>,
    },
    /// It is not in force any more. The key of its rows is destroyed next.
    RegisterDeleted {
        /// The kind.
        register: String,
        /// The upload.
        upload: Uuid,
        /// Why.
        why: Over,
    },
    /// The county says what allows a register that is off without.
    RegisterBasisStated {
        /// The kind.
        register: String,
        /// What allows it.
        basis: String,
    },
}

impl Events for RegisterEvent {
    const VERSIONS: &'static [(&'static str, u16)] = &[
        ("register-upload-begun", 1),
        ("register-uploaded", 1),
        ("register-used", 1),
        ("register-deleted", 1),
        ("register-basis-stated", 1),
    ];
}
