//! The event log: group commit, Merkle tree, signed checkpoints, proofs.
//!
//! Knows events, streams and positions. It must not know what happened, to whom, or who may do it.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod canonical;
mod checkpoint;
mod cosignature;
mod edge;
mod error;
mod event;
mod follow;
mod http;
mod leaf;
mod ledger;
mod origin;
mod publish;
mod receipt;
mod resource;
pub mod store;
pub mod tree;
mod verify;
mod witness;
mod writer;

pub use canonical::canonical;
pub use checkpoint::{Checkpoint, CheckpointError, SigningKey, Trust, Verified};
pub use cosignature::WitnessKey;
pub use error::{AppendError, EventError, StoreError};
pub use event::{Envelope, MAX_PAYLOAD, NewEvent, Occasion, Recorded, StreamName};
pub use follow::Follower;
pub use leaf::{LEAF_SIZE, Leaf, Opened, Part, Salt, Sealed};
pub use ledger::{Append, Appended, ERASED, Ledger, Write};
pub use origin::{Decision, Gap, OriginError, begin_origin, next_origin};
pub use publish::{Disk, Folder, Places, PublishError, Published, Publisher, continues};
pub use receipt::{Open, Receipt, ReceiptError, receipt};
pub use resource::{NoResource, Resource};
pub use verify::{
    BYTES_FIELD, Checks, EVIDENCE_FIELD, Evidence, EvidenceFolder, Fault, Fetch, Found, Report,
    Tiles, Wrong, verify, verify_published, verify_with,
};
pub use witness::Witness;
