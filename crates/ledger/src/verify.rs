//! Verifying a whole ledger: every leaf, the tree, every checkpoint, what was opened and what erased.
//!
//! Reads and hashes; changes nothing. The first thing that is wrong is named with its position.

use std::collections::BTreeSet;

use crate::checkpoint::{Checkpoint, Trust};
use crate::error::StoreError;
use crate::leaf::{LEAF_SIZE, Part};
use crate::ledger::ERASED;
use crate::store::{Reader, Stored};
use crate::tree::{Frontier, FullTile};

/// Entries that are read at once.
const PAGE: usize = 4_096;

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
        /// `stored` or `earlier`.
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
    /// The database failed.
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

/// Verifies everything that `reader` has. `earlier` are checkpoints that somebody kept: the ledger must
/// be a continuation of each. `progress` is told the entries done and their number.
///
/// # Errors
/// The first position that is wrong, and in which way.
pub fn verify(
    reader: &mut dyn Reader,
    trust: &Trust,
    earlier: &[Checkpoint],
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, Wrong> {
    let mut walk = Walk {
        trust,
        frontier: Frontier::default(),
        report: Report::default(),
        gone: BTreeSet::new(),
        told: BTreeSet::new(),
    };
    let newest = reader.checkpoint()?;
    let size = newest.as_ref().map_or(0, |checkpoint| checkpoint.size);
    let mut signed = Signed::default();
    let mut earlier: Vec<&Checkpoint> = earlier.iter().collect();
    earlier.sort_by_key(|checkpoint| checkpoint.size);
    let mut earlier = earlier.into_iter().peekable();
    loop {
        let first = walk.frontier.size();
        let page = reader.entries(first, PAGE)?;
        if page.is_empty() {
            break;
        }
        for stored in &page {
            walk.entry(stored)?;
            let full = walk.frontier.push(stored.leaf.hash());
            for tile in full {
                walk.tile(reader, &tile)?;
            }
            while let Some(checkpoint) = signed.at(reader, walk.frontier.size())? {
                walk.checkpoint(&checkpoint, "stored")?;
                walk.report.checkpoints += 1;
            }
            while let Some(checkpoint) =
                earlier.next_if(|checkpoint| checkpoint.size == walk.frontier.size())
            {
                walk.checkpoint(checkpoint, "earlier")?;
                walk.report.continued += 1;
            }
        }
        progress(walk.frontier.size(), size);
    }
    walk.finish(size, earlier.next())
}

/// Stored checkpoints, in order of their size, a page at a time.
#[derive(Default)]
struct Signed {
    page: std::collections::VecDeque<Checkpoint>,
    from: u64,
    over: bool,
}

impl Signed {
    /// The next checkpoint, if it is of this size.
    fn at(&mut self, reader: &mut dyn Reader, size: u64) -> Result<Option<Checkpoint>, StoreError> {
        if self.page.is_empty() && !self.over {
            self.page = reader.checkpoints(self.from, PAGE)?.into();
            self.over = self.page.len() < PAGE;
            self.from = self.page.back().map_or(self.from, |last| last.size + 1);
        }
        let fits = self.page.front().is_some_and(|next| next.size <= size);
        Ok(if fits { self.page.pop_front() } else { None })
    }
}

struct Walk<'a> {
    trust: &'a Trust,
    frontier: Frontier,
    report: Report,
    /// Parts that are not there.
    gone: BTreeSet<(u64, &'static str)>,
    /// Parts that an event says were erased.
    told: BTreeSet<(u64, String)>,
}

impl Walk<'_> {
    fn wrong<T>(&self, fault: Fault) -> Result<T, Wrong> {
        Err(Wrong {
            position: self.frontier.size(),
            fault,
        })
    }

    fn entry(&mut self, stored: &Stored) -> Result<(), Wrong> {
        if stored.position != self.frontier.size() {
            return self.wrong(Fault::Missing);
        }
        for (part, opened) in [
            (Part::Envelope, &stored.envelope),
            (Part::Payload, &stored.payload),
        ] {
            match opened {
                Some(opened) if opened.commitment() != stored.leaf.commitment(part) => {
                    return self.wrong(Fault::Changed(part.name()));
                }
                Some(_) => {}
                None => {
                    self.gone.insert((stored.position, part.name()));
                }
            }
        }
        if let Some(envelope) = &stored.envelope {
            // Canonical JSON has its fields in alphabetical order, so the last two are known text.
            let end = format!(
                ",\"stream\":\"{}\",\"version\":{}}}",
                stored.stream, stored.version
            );
            if !envelope.bytes.ends_with(end.as_bytes()) {
                return self.wrong(Fault::Misplaced);
            }
        }
        if stored.stream.kind() == "erasure"
            && let Some(told) = erasure(stored)
        {
            self.told.insert(told);
        }
        self.report.entries += 1;
        Ok(())
    }

    fn tile(&mut self, reader: &mut dyn Reader, tile: &FullTile) -> Result<(), Wrong> {
        let (level, number) = (tile.level, tile.index);
        let position = number << (8 * (u32::from(level) + 1));
        let fault = match reader.tile(level, number)? {
            None => Fault::NoTile { level, number },
            Some(stored) if stored != tile.hashes => Fault::Tile { level, number },
            Some(_) => {
                self.report.tiles += 1;
                return Ok(());
            }
        };
        Err(Wrong { position, fault })
    }

    /// The checkpoint's size is that of the tree so far.
    fn checkpoint(&self, checkpoint: &Checkpoint, whose: &'static str) -> Result<(), Wrong> {
        let size = checkpoint.size;
        let position = size.saturating_sub(1);
        let fault = match self.trust.verify(&checkpoint.note) {
            Err(error) => Fault::Signature {
                size,
                problem: error.to_string(),
            },
            Ok(verified)
                if size != self.frontier.size()
                    || verified.checkpoint.root != self.frontier.root() =>
            {
                Fault::Root { size, whose }
            }
            Ok(_) => return Ok(()),
        };
        Err(Wrong { position, fault })
    }

    fn finish(mut self, size: u64, longer: Option<&Checkpoint>) -> Result<Report, Wrong> {
        let actual = self.frontier.size();
        if actual < size {
            return self.wrong(Fault::Missing);
        }
        if actual > size {
            return Err(Wrong {
                position: size,
                fault: Fault::Unsigned,
            });
        }
        if let Some(checkpoint) = longer {
            return self.wrong(Fault::Shorter {
                size: checkpoint.size,
                actual,
            });
        }
        for (position, part) in &self.gone {
            if !self.told.contains(&(*position, (*part).to_owned())) {
                return Err(Wrong {
                    position: *position,
                    fault: Fault::Lost(part),
                });
            }
        }
        self.report.erased = self.gone.len() as u64;
        Ok(self.report)
    }
}

/// What an event of erasure says was erased.
fn erasure(stored: &Stored) -> Option<(u64, String)> {
    let envelope: serde_json::Value =
        serde_json::from_slice(&stored.envelope.as_ref()?.bytes).ok()?;
    if envelope.get("kind")?.as_str()? != ERASED {
        return None;
    }
    let payload: serde_json::Value =
        serde_json::from_slice(&stored.payload.as_ref()?.bytes).ok()?;
    let position = payload.get("position")?.as_u64()?;
    let part = payload.get("part")?.as_str()?;
    Some((position, part.to_owned()))
}

const _: () = assert!(
    LEAF_SIZE < 1 << 16,
    "a bundle's entries have lengths of 16 bits"
);
