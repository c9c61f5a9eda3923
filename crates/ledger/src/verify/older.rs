//! Older origins that a ledger goes on from: their trees grow along and are held against what was signed and
//! kept of them.

use tlog_tiles::tlog::Hash;

use super::{Fault, Wrong};
use crate::checkpoint::{Checkpoint, CheckpointError, Trust, Verified};
use crate::origin::{Beginning, Gap};
use crate::store::Stored;
use crate::tree::Frontier;

/// An older origin: its entries follow here, as far as they were kept.
pub(super) struct Old {
    /// The position of its first entry.
    pub starts: u64,
    pub gap: Gap,
    trust: Trust,
    frontier: Frontier,
    kept: Option<Checkpoint>,
    known: Checkpoint,
    earlier: Vec<Checkpoint>,
}

impl Old {
    /// The older origin that an entry tells of, with those of `earlier` checkpoints that are of it.
    pub(super) fn begun_in(
        stored: &Stored,
        earlier: &mut Vec<Checkpoint>,
    ) -> Result<Option<Self>, Wrong> {
        let Some(beginning) = Beginning::of(stored) else {
            return Ok(None);
        };
        let wrong = |problem: String| Wrong {
            position: stored.position,
            fault: Fault::Origin(problem),
        };
        let beginning = beginning.map_err(wrong)?;
        let trust = Trust::ledger(&beginning.key);
        let note = |note: &str| {
            trust
                .verify(note)
                .map(|verified| verified.checkpoint)
                .map_err(|error| wrong(error.to_string()))
        };
        let known = note(&beginning.known)?;
        let kept = beginning.kept.as_deref().map(note).transpose()?;
        let kept_size = kept.as_ref().map_or(0, |kept| kept.size);
        let lost = (beginning.lost.from, beginning.lost.to);
        if lost != (kept_size, known.size) || kept_size > known.size {
            return Err(wrong(
                "the lost range is not between the two checkpoints".to_owned(),
            ));
        }
        let (own, others) = std::mem::take(earlier)
            .into_iter()
            .partition(|checkpoint| checkpoint.origin() == trust.origin());
        *earlier = others;
        Ok(Some(Self {
            starts: stored.position + 1,
            gap: Gap {
                origin: trust.origin().to_owned(),
                kept: kept_size,
                known: known.size,
                decided_by: beginning.decided_by,
                reason: beginning.reason,
            },
            trust,
            frontier: Frontier::default(),
            kept,
            known,
            earlier: own,
        }))
    }

    /// An entry of it.
    pub(super) fn grow(&mut self, hash: Hash, position: u64) -> Result<(), Wrong> {
        self.frontier.push(hash);
        self.check(position)
    }

    /// How many of the checkpoints that were brought lie in what was kept.
    pub(super) fn continued(&self) -> u64 {
        let kept = self.kept_size();
        self.earlier
            .iter()
            .filter(|earlier| earlier.size <= kept)
            .count() as u64
    }

    fn kept_size(&self) -> u64 {
        self.kept.as_ref().map_or(0, |kept| kept.size)
    }

    /// Whether all that was kept of it has been read.
    pub(super) fn is_read(&self) -> bool {
        self.frontier.size() >= self.kept_size()
    }

    /// Its tree has grown: is it what was signed and kept of it?
    fn check(&self, position: u64) -> Result<(), Wrong> {
        let size = self.frontier.size();
        for earlier in self.earlier.iter().filter(|earlier| earlier.size == size) {
            held_against(
                earlier,
                self.trust.verify(&earlier.note),
                &self.frontier,
                "earlier",
                position,
            )?;
        }
        match self.kept.as_ref().filter(|kept| kept.size == size) {
            Some(kept) => held_against(
                kept,
                self.trust.verify(&kept.note),
                &self.frontier,
                "old",
                position,
            ),
            None => Ok(()),
        }
    }

    /// How many of the checkpoints that were brought lie in what was lost.
    pub(super) fn lost(&self, position: u64) -> Result<u64, Wrong> {
        let mut lost = 0;
        for earlier in &self.earlier {
            let wrong = |fault| Wrong { position, fault };
            let size = earlier.size;
            let verified = self.trust.verify(&earlier.note).map_err(|error| {
                let problem = error.to_string();
                wrong(Fault::Signature { size, problem })
            })?;
            if size > self.known.size {
                return Err(wrong(Fault::Origin(format!(
                    "it says that {} were known, an earlier checkpoint has {size}",
                    self.known.size
                ))));
            }
            if size == self.known.size && verified.checkpoint.root != self.known.root {
                return Err(wrong(Fault::Root {
                    size,
                    whose: "earlier",
                }));
            }
            lost += u64::from(size > self.kept_size());
        }
        Ok(lost)
    }
}

/// Whether a checkpoint is signed and is of a tree.
pub(super) fn held_against(
    checkpoint: &Checkpoint,
    verified: Result<Verified, CheckpointError>,
    frontier: &Frontier,
    whose: &'static str,
    position: u64,
) -> Result<(), Wrong> {
    let size = checkpoint.size;
    let fault = match verified {
        Err(error) => Fault::Signature {
            size,
            problem: error.to_string(),
        },
        Ok(verified)
            if verified.checkpoint.size != frontier.size()
                || verified.checkpoint.root != frontier.root() =>
        {
            Fault::Root { size, whose }
        }
        Ok(_) => return Ok(()),
    };
    Err(Wrong { position, fault })
}
