//! Verifying a node, also while somebody appends to it: the ledger to its newest checkpoint, what was published,
//! and the files that entries name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use kandeng_ledger::store::{Reader, Stored};
use kandeng_ledger::{
    Checkpoint, Fault, Folder as Published, Leaf, PublishError, Report, StoreError, StreamName,
    Wrong, verify,
};
use uuid::Uuid;

use super::evidence::named_in;
use super::{Folder, NodeError};

/// What was looked at and found in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeReport {
    /// The ledger.
    pub ledger: Report,
    /// Files of evidence that are what their names say.
    pub evidence: usize,
    /// Those of them that entries name.
    pub named: usize,
    /// Entries under the checkpoint that stands in the second place, which this ledger continues.
    pub published: Option<u64>,
}

/// The first thing that is wrong with a node.
#[derive(Debug)]
pub enum NodeWrong {
    /// In the ledger.
    Ledger(Wrong),
    /// The ledger is no continuation of what was published.
    Published(PublishError),
    /// A file is not what its name says.
    Changed {
        /// The first entry that names it, if one does.
        position: Option<u64>,
        /// Where it is.
        path: PathBuf,
    },
    /// A file that an entry names is not there.
    Missing {
        /// The first entry that names it.
        position: u64,
        /// Where it should be.
        path: PathBuf,
    },
}

impl NodeWrong {
    /// The first entry concerned, if one is.
    pub fn position(&self) -> Option<u64> {
        match self {
            Self::Ledger(wrong) => Some(wrong.position),
            Self::Published(_) => None,
            Self::Changed { position, .. } => *position,
            Self::Missing { position, .. } => Some(*position),
        }
    }
}

impl Folder {
    /// Verifies everything. `earlier` are checkpoints that somebody kept; `progress` is told the entries done
    /// and their number.
    ///
    /// # Errors
    /// When something cannot be looked at; what is wrong is an answer, the first thing of it.
    pub fn verify(
        &self,
        earlier: &[Checkpoint],
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Result<NodeReport, NodeWrong>, NodeError> {
        let trust = self.trust()?;
        let mut reader = Standing::new(self.reader()?)?;
        let report = match verify(&mut reader, &trust, earlier, progress) {
            Ok(report) => report,
            // An entry that was erased while this went on: the event that says so is further on.
            Err(Wrong {
                fault: Fault::Lost(_),
                ..
            }) if reader.has_moved()? => return self.verify(earlier, progress),
            Err(wrong) => return Ok(Err(NodeWrong::Ledger(wrong))),
        };
        if let Some(position) = reader.unsigned()? {
            let fault = Fault::Unsigned;
            return Ok(Err(NodeWrong::Ledger(Wrong { position, fault })));
        }
        let mut published = None;
        if let Some(second) = self.second_place() {
            match Published::new(second).check(self.reader()?.as_mut(), &trust) {
                Ok(theirs) => published = theirs.map(|theirs| theirs.size),
                Err(wrong @ (PublishError::Behind { .. } | PublishError::Forked { .. })) => {
                    return Ok(Err(NodeWrong::Published(wrong)));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let named = reader.named;
        if let Some(wrong) = self.verify_evidence(&named)? {
            return Ok(Err(wrong));
        }
        Ok(Ok(NodeReport {
            ledger: report,
            evidence: self.evidence().list()?.len(),
            named: named.len(),
            published,
        }))
    }

    /// Every file, and every file that an entry names; the one that the earliest entry names comes first.
    fn verify_evidence(
        &self,
        named: &BTreeMap<String, u64>,
    ) -> Result<Option<NodeWrong>, NodeError> {
        let evidence = self.evidence();
        let mut by_position: Vec<_> = named.iter().map(|(digits, at)| (*at, digits)).collect();
        by_position.sort_unstable();
        for (position, digits) in by_position {
            let path = evidence.path(digits);
            if !path.is_file() {
                return Ok(Some(NodeWrong::Missing { position, path }));
            }
            if let Some(changed) = evidence.check(digits)? {
                return Ok(Some(NodeWrong::Changed {
                    position: Some(position),
                    path: changed.path,
                }));
            }
        }
        for digits in evidence.list()? {
            if named.contains_key(&digits) {
                continue;
            }
            if let Some(changed) = evidence.check(&digits)? {
                return Ok(Some(NodeWrong::Changed {
                    position: None,
                    path: changed.path,
                }));
            }
        }
        Ok(None)
    }
}

/// A reader that stands at the checkpoint that was newest when it was made, whoever appends meanwhile; it notes
/// which files the entries name as they are read.
struct Standing {
    inner: Box<dyn Reader>,
    newest: Option<Checkpoint>,
    size: u64,
    named: BTreeMap<String, u64>,
}

impl Standing {
    fn new(mut inner: Box<dyn Reader>) -> Result<Self, StoreError> {
        let newest = inner.checkpoint()?;
        Ok(Self {
            size: newest.as_ref().map_or(0, |checkpoint| checkpoint.size),
            newest,
            inner,
            named: BTreeMap::new(),
        })
    }

    fn has_moved(&mut self) -> Result<bool, StoreError> {
        Ok(self.inner.checkpoint()? != self.newest)
    }

    /// The first entry that is under no checkpoint. Entries and their checkpoint are one transaction, so an
    /// entry read before a checkpoint that does not cover it was never signed.
    fn unsigned(&mut self) -> Result<Option<u64>, StoreError> {
        let beyond = self.inner.entries(self.size, 1)?;
        let newest = self.inner.checkpoint()?;
        let size = newest.map_or(0, |checkpoint| checkpoint.size);
        Ok(beyond
            .first()
            .map(|stored| stored.position)
            .filter(|position| *position >= size))
    }

    /// How many of `limit` from `position` on are under the checkpoint.
    fn within(&self, position: u64, limit: usize) -> usize {
        let left = self.size.saturating_sub(position);
        limit.min(usize::try_from(left).unwrap_or(usize::MAX))
    }
}

impl Reader for Standing {
    fn checkpoint(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        Ok(self.newest.clone())
    }

    fn checkpoints(&mut self, size: u64, limit: usize) -> Result<Vec<Checkpoint>, StoreError> {
        let mut found = self.inner.checkpoints(size, limit)?;
        found.retain(|checkpoint| checkpoint.size <= self.size);
        Ok(found)
    }

    fn entries(&mut self, position: u64, limit: usize) -> Result<Vec<Stored>, StoreError> {
        let limit = self.within(position, limit);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut page = self.inner.entries(position, limit)?;
        // A gap lets the store give later entries in place of those that are missing.
        page.retain(|stored| stored.position < self.size);
        for stored in &page {
            let payload = stored.payload.iter();
            for digits in payload.flat_map(|payload| named_in(&payload.bytes)) {
                self.named.entry(digits).or_insert(stored.position);
            }
        }
        Ok(page)
    }

    fn stream(
        &mut self,
        stream: &StreamName,
        version: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let mut page = self.inner.stream(stream, version, limit)?;
        page.retain(|stored| stored.position < self.size);
        Ok(page)
    }

    fn leaves(&mut self, position: u64, limit: usize) -> Result<Vec<Leaf>, StoreError> {
        match self.within(position, limit) {
            0 => Ok(Vec::new()),
            limit => self.inner.leaves(position, limit),
        }
    }

    fn tile(&mut self, level: u8, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.tile(level, number)
    }

    fn cosigned(&mut self, size: u64, limit: usize) -> Result<Vec<Checkpoint>, StoreError> {
        let mut found = self.inner.cosigned(size, limit)?;
        found.retain(|checkpoint| checkpoint.size <= self.size);
        Ok(found)
    }

    fn newest_cosigned(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        self.inner.newest_cosigned()
    }

    fn commands(
        &mut self,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<(Uuid, u64, u64)>, StoreError> {
        self.inner.commands(after, limit)
    }

    fn command(&mut self, id: Uuid) -> Result<Option<(u64, u64)>, StoreError> {
        self.inner.command(id)
    }
}
