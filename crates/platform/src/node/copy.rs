//! Copying a ledger from one store to another: every entry with its salts, every checkpoint, command and tile.
//!
//! Nothing is signed anew. The copy is checked as it grows: each checkpoint's root must be that of the leaves that
//! were copied. One that was broken off goes on where it stopped.

use std::collections::VecDeque;

use kandeng_ledger::store::{Batch, Reader, Store, Stored};
use kandeng_ledger::tree::Frontier;
use kandeng_ledger::{Checkpoint, Opened, Part, Recorded, Sealed, StoreError};
use uuid::Uuid;

use super::NodeError;

/// What is read at once.
const PAGE: usize = 4_096;

/// What was copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Entries in the copy.
    pub entries: u64,
    /// Checkpoints over them.
    pub checkpoints: u64,
    /// The newest root; nothing when the ledger is empty.
    pub root: Option<String>,
}

/// Copies the ledger to its newest checkpoint. `progress` is told the entries done and their number, and says
/// whether to go on.
pub(super) fn copy(
    from: &mut dyn Reader,
    to: &mut dyn Store,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Copied, NodeError> {
    let newest = from.checkpoint()?;
    let size = newest.as_ref().map_or(0, |checkpoint| checkpoint.size);
    let before = to.opener()()?.checkpoint()?;
    let mut copying = Copying {
        commands: commands(from)?,
        checkpoints: VecDeque::new(),
        next: 1,
        before,
        frontier: Frontier::default(),
        batch: Batch::default(),
        copied: Copied::default(),
    };
    if copying.begun() > size {
        return Err(foreign());
    }
    while copying.frontier.size() < size {
        let position = copying.frontier.size();
        if !progress(position, size) {
            return Err(NodeError::Stopped);
        }
        let limit = PAGE.min(usize::try_from(size - position).unwrap_or(PAGE));
        let page = from.entries(position, limit)?;
        if page.is_empty() {
            return Err(damaged(position, "the entry is missing"));
        }
        for stored in page {
            copying.entry(from, to, stored)?;
        }
    }
    progress(size, size);
    for cosigned in all_cosigned(from, size)? {
        to.keep_cosigned(&cosigned)?;
    }
    copying.copied.entries = size;
    copying.copied.root = newest.map(|checkpoint| checkpoint.root.to_string());
    Ok(copying.copied)
}

struct Copying {
    /// In order of their first positions.
    commands: VecDeque<(Uuid, u64, u64)>,
    /// Those that come next, smallest first.
    checkpoints: VecDeque<Checkpoint>,
    /// The smallest size that was not read yet.
    next: u64,
    /// What the copy had when this began.
    before: Option<Checkpoint>,
    frontier: Frontier,
    batch: Batch,
    copied: Copied,
}

impl Copying {
    fn begun(&self) -> u64 {
        self.before.as_ref().map_or(0, |before| before.size)
    }

    fn entry(
        &mut self,
        from: &mut dyn Reader,
        to: &mut dyn Store,
        stored: Stored,
    ) -> Result<(), NodeError> {
        let position = self.frontier.size();
        if stored.position != position {
            return Err(damaged(position, "the entry is missing"));
        }
        let tiles = self.frontier.push(stored.leaf.hash());
        let is_there = position < self.begun();
        if !is_there {
            self.batch.tiles.extend(tiles);
            let entry = sealed(stored, &mut self.batch.erasures);
            self.batch.entries.push(entry);
        }
        let size = self.frontier.size();
        while let Some(checkpoint) = self.checkpoint(from, size)? {
            if checkpoint.root != self.frontier.root() {
                return Err(damaged(position, "the tree is not the one that was signed"));
            }
            self.copied.checkpoints += 1;
            self.batch.checkpoint = Some(checkpoint);
        }
        if let Some(before) = &self.before
            && before.size == size
            && before.root != self.frontier.root()
        {
            return Err(foreign());
        }
        while let Some(command) = self.commands.pop_front_if(|(_, first, _)| *first < size) {
            if !is_there {
                self.batch.commands.push(command);
            }
        }
        if self.batch.checkpoint.is_some() {
            let batch = std::mem::take(&mut self.batch);
            if !is_there {
                keep(to, &batch, position)?;
            }
        }
        Ok(())
    }

    /// The next checkpoint, if it is of this size.
    fn checkpoint(
        &mut self,
        from: &mut dyn Reader,
        size: u64,
    ) -> Result<Option<Checkpoint>, StoreError> {
        if self.checkpoints.is_empty() && self.next <= size {
            self.checkpoints = from.checkpoints(self.next, PAGE)?.into();
            self.next = self
                .checkpoints
                .back()
                .map_or(u64::MAX, |last| last.size + 1);
        }
        Ok(self
            .checkpoints
            .pop_front_if(|checkpoint| checkpoint.size == size))
    }
}

/// One batch of the original as one batch of the copy. A crash leaves whole batches.
fn keep(to: &mut dyn Store, batch: &Batch, position: u64) -> Result<(), NodeError> {
    let first = batch.entries.first();
    let first = first.map_or(position, |entry| entry.recorded.position);
    let standing = to.begin(&[], &[])?;
    if standing.size != first {
        to.rollback();
        return Err(foreign());
    }
    Ok(to.commit(batch)?)
}

/// The entry as a batch takes it. Parts that were erased are put in empty and erased within the same batch.
fn sealed(stored: Stored, erasures: &mut Vec<(u64, Part)>) -> Sealed {
    let position = stored.position;
    let mut part = |which: Part, opened: Option<Opened>| {
        opened.unwrap_or_else(|| {
            erasures.push((position, which));
            Opened {
                bytes: Vec::new(),
                salt: [0; 16],
            }
        })
    };
    Sealed {
        envelope: part(Part::Envelope, stored.envelope),
        payload: part(Part::Payload, stored.payload),
        hash: stored.leaf.hash(),
        leaf: stored.leaf,
        // Nobody projects here, so nobody reads what was recorded.
        recorded: Recorded {
            position,
            stream: stored.stream,
            version: stored.version,
            envelope: None,
            payload: None,
        },
    }
}

fn commands(from: &mut dyn Reader) -> Result<VecDeque<(Uuid, u64, u64)>, StoreError> {
    let mut all = Vec::new();
    loop {
        let after = all.last().map(|(id, _, _): &(Uuid, u64, u64)| *id);
        let page = from.commands(after, PAGE)?;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    all.sort_unstable_by_key(|(_, first, _)| *first);
    Ok(all.into())
}

fn all_cosigned(from: &mut dyn Reader, size: u64) -> Result<Vec<Checkpoint>, StoreError> {
    let mut all: Vec<Checkpoint> = Vec::new();
    loop {
        let next = all.last().map_or(0, |last| last.size + 1);
        let page = from.cosigned(next, PAGE)?;
        if page.is_empty() {
            all.retain(|checkpoint| checkpoint.size <= size);
            return Ok(all);
        }
        all.extend(page);
    }
}

fn damaged(position: u64, problem: &str) -> NodeError {
    NodeError::Store(StoreError::Damaged {
        position,
        problem: problem.to_owned(),
    })
}

fn foreign() -> NodeError {
    NodeError::wrong(
        "目标数据库里已有另一本账;请换一个空的数据库",
        "the database holds another ledger already; name an empty one",
    )
}
