//! Verifying a whole ledger: every leaf, the tree, every checkpoint, what was opened and what erased.
//!
//! Reads and hashes; changes nothing. The first thing that is wrong is named with its position.

mod chapter;
mod evidence;
mod older;
mod tiles;
mod walk;

use std::sync::mpsc;

use crate::checkpoint::{Checkpoint, Trust};
use crate::error::StoreError;
use crate::origin::Gap;
use crate::store::Reader;
use chapter::{Chapter, Local, Log};
pub use evidence::{BYTES_FIELD, EVIDENCE_FIELD, Evidence, EvidenceFolder, Found};
pub use tiles::{Fetch, Tiles};
use walk::Walk;

/// What was looked at and found in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries whose leaf, place and commitments are right.
    pub entries: u64,
    /// Full tiles that hold what the leaves give.
    pub tiles: u64,
    /// Checkpoints that are signed and whose root is right.
    pub checkpoints: u64,
    /// Parts that were erased, each by an event that says so.
    pub erased: u64,
    /// Earlier checkpoints, brought by whoever asks, that this ledger is a continuation of.
    pub continued: u64,
    /// Checkpoints with cosignatures whose root is right.
    pub cosigned: u64,
    /// Evidence files whose bytes are those that were named.
    pub evidence: u64,
    /// Losses that the ledger itself tells of: older origins that it goes on from, the newest first.
    pub gaps: Vec<Gap>,
    /// Earlier checkpoints that were brought and lie within what was told to be lost.
    pub in_gap: u64,
}

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("position {position}: {fault}")]
pub struct Wrong {
    /// Where.
    pub position: u64,
    /// What.
    pub fault: Fault,
}

/// In which way a ledger can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The entry is not there.
    #[error("the entry is missing")]
    Missing,
    /// The envelope or the payload is not what was committed to.
    #[error("the {0} was changed")]
    Changed(&'static str),
    /// The envelope says another stream or version than the entry's place.
    #[error("the entry stands in the wrong place of its stream")]
    Misplaced,
    /// A part is gone and no event says that it was erased.
    #[error("the {0} is gone, and no event says that it was erased")]
    Lost(&'static str),
    /// A tile holds other hashes than its leaves give.
    #[error("tile {level}/{number} does not fit its leaves")]
    Tile {
        /// The tile's level.
        level: u8,
        /// Its number.
        number: u64,
    },
    /// A tile is not there.
    #[error("tile {level}/{number} is missing")]
    NoTile {
        /// The tile's level.
        level: u8,
        /// Its number.
        number: u64,
    },
    /// The tree at a checkpoint's size has another root than was signed.
    #[error("the tree of {size} entries is not the one that was signed ({whose} checkpoint)")]
    Root {
        /// The checkpoint's size.
        size: u64,
        /// `stored`, `cosigned`, `earlier` or `old` (of an older origin).
        whose: &'static str,
    },
    /// A checkpoint's signature does not hold.
    #[error("a checkpoint of {size} entries: {problem}")]
    Signature {
        /// The checkpoint's size.
        size: u64,
        /// In which way.
        problem: String,
    },
    /// The ledger is shorter than an earlier checkpoint.
    #[error("the ledger has {actual} entries, an earlier checkpoint has {size}")]
    Shorter {
        /// The checkpoint's size.
        size: u64,
        /// The ledger's.
        actual: u64,
    },
    /// Entries after the last checkpoint.
    #[error("the entry is under no checkpoint")]
    Unsigned,
    /// The start of a new origin contradicts itself.
    #[error("the ledger's beginning after a loss: {0}")]
    Origin(String),
    /// An evidence file has other bytes than were named.
    #[error("the evidence {0} was changed")]
    Evidence(String),
    /// An evidence file is not there, and no event says that it was erased.
    #[error("the evidence {0} is gone, and no event says that it was erased")]
    NoEvidence(String),
    /// The database, the folder or the server failed.
    #[error("{0}")]
    Store(String),
}

impl From<StoreError> for Wrong {
    fn from(error: StoreError) -> Self {
        let position = match &error {
            StoreError::Damaged { position, .. } => *position,
            _ => 0,
        };
        Self {
            position,
            fault: Fault::Store(error.to_string()),
        }
    }
}

/// What is looked at beside the ledger itself.
#[derive(Default)]
pub struct Checks<'a> {
    /// Checkpoints that somebody kept: the ledger must be a continuation of each.
    pub earlier: &'a [Checkpoint],
    /// Where the files are that payloads name by their hash.
    pub evidence: Option<&'a mut dyn Evidence>,
}

/// Verifies everything that `reader` has, as far as it was signed when this began. `earlier` are checkpoints
/// that somebody kept: the ledger must be a continuation of each. `progress` is told the entries done and
/// their number.
///
/// # Errors
/// The first position that is wrong, and in which way.
pub fn verify(
    reader: &mut dyn Reader,
    trust: &Trust,
    earlier: &[Checkpoint],
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, Wrong> {
    let checks = Checks {
        earlier,
        evidence: None,
    };
    verify_with(reader, trust, checks, progress)
}

/// [`verify`] with everything else that can be looked at.
///
/// # Errors
/// As [`verify`].
pub fn verify_with<'a>(
    reader: &mut dyn Reader,
    trust: &'a Trust,
    checks: Checks<'a>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, Wrong> {
    let newest = reader.checkpoint()?;
    let size = newest.as_ref().map_or(0, |checkpoint| checkpoint.size);
    let mut log = Local::new(reader, size);
    run(&mut log, trust, size, checks, progress)
}

/// Verifies what a ledger has published, in a folder or over HTTP: every leaf, every tile, the checkpoint and
/// its continuation of `earlier`. What the leaves commit to is not there to be looked at.
///
/// # Errors
/// The first position that is wrong, and in which way.
pub fn verify_published(
    tiles: &mut Tiles,
    trust: &Trust,
    earlier: &[Checkpoint],
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, Wrong> {
    let checks = Checks {
        earlier,
        evidence: None,
    };
    // Nothing is fetched on the word of a checkpoint that is not signed.
    let newest = tiles.newest(trust)?;
    let size = newest.as_ref().map_or(0, |checkpoint| checkpoint.size);
    let mut log = tiles.log(newest);
    run(&mut log, trust, size, checks, progress)
}

/// Chapters that are read ahead.
const AHEAD: usize = 2;

/// Reads on one thread and hashes on this one.
fn run<'a>(
    log: &mut dyn Log,
    trust: &'a Trust,
    size: u64,
    checks: Checks<'a>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, Wrong> {
    let mut walk = Walk::new(trust, checks);
    std::thread::scope(|scope| {
        let (send, chapters) = mpsc::sync_channel::<Result<Chapter, Wrong>>(AHEAD);
        scope.spawn(move || {
            let mut first = 0;
            while first < size {
                let chapter = log.chapter(first);
                let read = chapter
                    .as_ref()
                    .map_or(0, |chapter| chapter.items.len() as u64);
                // Whoever found a fault reads no further.
                if send.send(chapter).is_err() || read == 0 {
                    return;
                }
                first += read;
            }
            if let Err(wrong) = log.beyond(size) {
                let _ = send.send(Err(wrong));
            }
        });
        for chapter in chapters {
            walk.chapter(&chapter?)?;
            progress(walk.size(), size);
        }
        Ok::<(), Wrong>(())
    })?;
    walk.finish(size)
}
