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
mod leaf;
mod ledger;
mod publish;
mod receipt;
mod resource;
pub mod store;
pub mod tree;
mod verify;
mod writer;

pub use canonical::canonical;
pub use checkpoint::{Checkpoint, CheckpointError, SigningKey, Trust, Verified};
pub use cosignature::WitnessKey;
pub use error::{AppendError, EventError, StoreError};
pub use event::{Envelope, MAX_PAYLOAD, NewEvent, Occasion, Recorded, StreamName};
pub use follow::Follower;
pub use leaf::{LEAF_SIZE, Leaf, Opened, Part, Salt, Sealed};
pub use ledger::{Append, Appended, ERASED, Ledger, Write};
pub use publish::{Folder, PublishError, continues};
pub use receipt::{Open, Receipt, ReceiptError, receipt};
pub use resource::{NoResource, Resource};
pub use verify::{Fault, Report, Wrong, verify};
