//! Going through a ledger from its first entry, with a tree that grows along and is held against whatever was
//! stored, signed or kept of it. Touches no database.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;

use super::chapter::{Chapter, Item};
use super::evidence::{Found, named};
use super::older::{Old, held_against};
use super::{Checks, Evidence, Fault, Report, Wrong};
use crate::checkpoint::{Checkpoint, CheckpointError, Keys, Trust};
use crate::leaf::{LEAF_SIZE, Leaf, Part};
use crate::ledger::ERASED;
use crate::origin::Beginning;
use crate::store::Stored;
use crate::tree::{Frontier, FullTile};

pub(super) struct Walk<'a> {
    trust: &'a Trust,
    /// The keys of that trust, read once; or why they are none.
    keys: Result<Keys, CheckpointError>,
    frontier: Frontier,
    report: Report,
    /// How an envelope must end, made anew for each.
    end: String,
    /// Parts that are not there.
    gone: BTreeSet<(u64, &'static str)>,
    /// Parts that an event says were erased.
    told: BTreeSet<(u64, String)>,
    /// Earlier checkpoints of this origin, in order of size, the largest last.
    earlier: std::iter::Peekable<std::vec::IntoIter<Checkpoint>>,
    /// Earlier checkpoints of older origins.
    of_old: Vec<Checkpoint>,
    /// Older origins that this ledger goes on from, the newest first.
    old: Vec<Old>,
    evidence: Option<&'a mut dyn Evidence>,
    looked_at: HashSet<String>,
    /// Files that are not there, by who named them first, and those that were told to be erased.
    no_evidence: BTreeMap<u64, String>,
    erased_evidence: HashSet<String>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(trust: &'a Trust, checks: Checks<'a>) -> Self {
        let mut earlier: Vec<_> = checks.earlier.to_vec();
        earlier.sort_by_key(|checkpoint| checkpoint.size);
        // Those of nobody's are held against this ledger, and are found not to be signed by it.
        let own = |checkpoint: &Checkpoint| {
            let origin = checkpoint.origin();
            let root = trust
                .origin()
                .rsplit_once('/')
                .map_or(trust.origin(), |(root, _)| root);
            origin == trust.origin() || !(origin == root || origin.starts_with(&format!("{root}/")))
        };
        let (own, of_old): (Vec<_>, Vec<_>) = earlier.into_iter().partition(own);
        Self {
            trust,
            keys: trust.keys(),
            frontier: Frontier::default(),
            report: Report::default(),
            end: String::new(),
            gone: BTreeSet::new(),
            told: BTreeSet::new(),
            earlier: own.into_iter().peekable(),
            of_old,
            old: Vec::new(),
            evidence: checks.evidence,
            looked_at: HashSet::new(),
            no_evidence: BTreeMap::new(),
            erased_evidence: HashSet::new(),
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.frontier.size()
    }

    pub(super) fn chapter(&mut self, chapter: &Chapter) -> Result<(), Wrong> {
        let mut signed = chapter.signed.iter().peekable();
        let mut cosigned = chapter.cosigned.iter().peekable();
        for item in &chapter.items {
            let leaf = match item {
                Item::Whole(stored) => {
                    self.entry(stored)?;
                    &stored.leaf
                }
                Item::Leaf(leaf) => leaf,
            };
            self.report.entries += 1;
            self.grow(leaf, chapter)?;
            let size = self.frontier.size();
            while let Some(checkpoint) = signed.next_if(|checkpoint| checkpoint.size <= size) {
                self.checkpoint(checkpoint, "stored")?;
                self.report.checkpoints += 1;
            }
            while let Some(checkpoint) = cosigned.next_if(|checkpoint| checkpoint.size <= size) {
                self.checkpoint(checkpoint, "cosigned")?;
                self.report.cosigned += 1;
            }
            while let Some(checkpoint) = self.earlier.next_if(|checkpoint| checkpoint.size == size)
            {
                self.checkpoint(&checkpoint, "earlier")?;
                self.report.continued += 1;
            }
        }
        for (level, edge) in &chapter.edge {
            if *edge != self.frontier.partial_tile(*level) {
                let level = *level;
                let number = self.frontier.size() >> (8 * (u32::from(level) + 1));
                let fault = if edge.is_empty() {
                    Fault::NoTile { level, number }
                } else {
                    Fault::Tile { level, number }
                };
                return self.wrong(fault);
            }
        }
        Ok(())
    }

    fn wrong<T>(&self, fault: Fault) -> Result<T, Wrong> {
        Err(Wrong {
            position: self.frontier.size(),
            fault,
        })
    }

    /// The leaf joins this origin's tree and those of the older ones that it belongs to.
    fn grow(&mut self, leaf: &Leaf, chapter: &Chapter) -> Result<(), Wrong> {
        let hash = leaf.hash();
        let position = self.frontier.size();
        for tile in self.frontier.push(hash) {
            self.tile(&tile, chapter)?;
        }
        for old in self
            .old
            .iter_mut()
            .filter(|old| old.starts <= position && !old.is_read())
        {
            old.grow(hash, position)?;
        }
        Ok(())
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
            self.end.clear();
            // Cannot fail: a String takes everything.
            let _ = write!(
                self.end,
                ",\"stream\":\"{}\",\"version\":{}}}",
                stored.stream, stored.version
            );
            if !envelope.bytes.ends_with(self.end.as_bytes()) {
                return self.wrong(Fault::Misplaced);
            }
        }
        match stored.stream.kind() {
            "erasure" => self.erasure(stored),
            // Only the first entry, of this ledger or of one that it goes on from, begins anything.
            Beginning::STREAM if self.begins_here() => self.beginning(stored)?,
            _ => {}
        }
        self.evidence_of(stored)
    }

    fn begins_here(&self) -> bool {
        let position = self.frontier.size();
        position == self.old.last().map_or(0, |old| old.starts)
    }

    fn beginning(&mut self, stored: &Stored) -> Result<(), Wrong> {
        if let Some(old) = Old::begun_in(stored, &mut self.of_old)? {
            self.report.continued += old.continued();
            self.report.in_gap += old.lost(stored.position)?;
            self.report.gaps.push(old.gap.clone());
            self.old.push(old);
        }
        Ok(())
    }

    /// What an event of erasure says was erased.
    fn erasure(&mut self, stored: &Stored) {
        let json = |part: &Option<crate::leaf::Opened>| -> Option<serde_json::Value> {
            serde_json::from_slice(&part.as_ref()?.bytes).ok()
        };
        let (Some(envelope), Some(payload)) = (json(&stored.envelope), json(&stored.payload))
        else {
            return;
        };
        if envelope["kind"] != ERASED {
            return;
        }
        if let Some(hash) = payload["evidence"].as_str() {
            self.erased_evidence.insert(hash.to_owned());
        }
        // In an older origin's entries positions count from where those begin.
        let inner = self.old.iter().rev().find(|old| !old.is_read());
        let starts = inner.map_or(0, |old| old.starts);
        if let (Some(position), Some(part)) =
            (payload["position"].as_u64(), payload["part"].as_str())
        {
            self.told
                .insert((starts.saturating_add(position), part.to_owned()));
        }
    }

    fn evidence_of(&mut self, stored: &Stored) -> Result<(), Wrong> {
        let (Some(evidence), Some(payload)) = (&mut self.evidence, &stored.payload) else {
            return Ok(());
        };
        let mut hashes = Vec::new();
        named(&payload.bytes, &mut hashes);
        for hash in hashes {
            if !self.looked_at.insert(hash.clone()) {
                continue;
            }
            let fault = match evidence.look(&hash) {
                Ok(Found::Right) => {
                    self.report.evidence += 1;
                    continue;
                }
                Ok(Found::Absent) => {
                    self.no_evidence.insert(stored.position, hash);
                    continue;
                }
                Ok(Found::Changed) => Fault::Evidence(hash),
                Err(problem) => Fault::Store(problem),
            };
            return Err(Wrong {
                position: stored.position,
                fault,
            });
        }
        Ok(())
    }

    fn tile(&mut self, tile: &FullTile, chapter: &Chapter) -> Result<(), Wrong> {
        let (level, number) = (tile.level, tile.index);
        let position = number << (8 * (u32::from(level) + 1));
        let fault = match chapter.tiles.get(&(level, number)) {
            None => Fault::NoTile { level, number },
            Some(stored) if *stored != tile.hashes => Fault::Tile { level, number },
            Some(_) => {
                self.report.tiles += 1;
                return Ok(());
            }
        };
        Err(Wrong { position, fault })
    }

    fn checkpoint(&self, checkpoint: &Checkpoint, whose: &'static str) -> Result<(), Wrong> {
        let position = checkpoint.size.saturating_sub(1);
        let verified = match &self.keys {
            Ok(keys) => keys.verify(&checkpoint.note),
            Err(error) => Err(error.clone()),
        };
        held_against(checkpoint, verified, &self.frontier, whose, position)
    }

    pub(super) fn finish(mut self, size: u64) -> Result<Report, Wrong> {
        let actual = self.frontier.size();
        if actual < size {
            return self.wrong(Fault::Missing);
        }
        // Checkpoints of no entries at all: everything continues them, if they are of this ledger.
        while let Some(checkpoint) = self.earlier.next_if(|checkpoint| checkpoint.size == 0) {
            let none = Frontier::default();
            held_against(
                &checkpoint,
                self.trust.verify(&checkpoint.note),
                &none,
                "earlier",
                0,
            )?;
            self.report.continued += 1;
        }
        let longer = self.earlier.next().or_else(|| self.of_old.first().cloned());
        if let Some(checkpoint) = longer {
            let fault = match self.trust.verify(&checkpoint.note) {
                Ok(_) => Fault::Shorter {
                    size: checkpoint.size,
                    actual,
                },
                Err(error) => Fault::Signature {
                    size: checkpoint.size,
                    problem: error.to_string(),
                },
            };
            return self.wrong(fault);
        }
        if self.old.iter().any(|old| !old.is_read()) {
            return self.wrong(Fault::Missing);
        }
        for (position, part) in &self.gone {
            if !self.told.contains(&(*position, (*part).to_owned())) {
                return Err(Wrong {
                    position: *position,
                    fault: Fault::Lost(part),
                });
            }
        }
        let told = &self.erased_evidence;
        let lost = self
            .no_evidence
            .into_iter()
            .find(|(_, hash)| !told.contains(hash));
        if let Some((position, hash)) = lost {
            return Err(Wrong {
                position,
                fault: Fault::NoEvidence(hash),
            });
        }
        self.report.erased = self.gone.len() as u64;
        Ok(self.report)
    }
}

const _: () = assert!(
    LEAF_SIZE < 1 << 16,
    "a bundle's entries have lengths of 16 bits"
);
