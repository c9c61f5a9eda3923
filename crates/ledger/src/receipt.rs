//! Receipts: a proof that an entry is under a signed checkpoint, as one text (C2SP tlog-proof).
//!
//! With the ledger's public key alone, offline, anybody can check it. What the entry says can be
//! opened in the receipt's `extra` line, part by part.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};
use tlog_tiles::tlog::{Hash, check_record, prove_record};

use crate::checkpoint::{Checkpoint, CheckpointError, Trust, Verified};
use crate::edge::{Roots, tile_with};
use crate::error::StoreError;
use crate::leaf::{Leaf, Opened, Part};
use crate::ledger::Ledger;
use crate::store::Reader;
use crate::tree::{Hashes, TileSource};

/// The first line of every receipt.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A receipt that proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The text is no tlog-proof.
    #[error("line {line} of the receipt: {problem}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// Its checkpoint is no good.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not in the tree.
    #[error("entry {0} is not in the tree of the checkpoint")]
    NotIncluded(u64),
    /// An opened part is not what the leaf commits to.
    #[error("the {0} is not the one that was recorded")]
    NotCommitted(&'static str),
    /// The ledger has no such entry.
    #[error("there is no entry {0}")]
    NoEntry(u64),
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

impl From<StoreError> for ReceiptError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Which parts of an entry a receipt opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// Who, when, in which stream.
    pub envelope: bool,
    /// What.
    pub payload: bool,
}

/// A proof that an entry is under a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// The entry's place.
    pub position: u64,
    /// Hashes from the leaf's sibling to the root's child (RFC 6962 §2.1.1).
    pub proof: Vec<Hash>,
    /// The signed tree.
    pub checkpoint: Checkpoint,
    /// The leaf.
    pub leaf: Leaf,
    /// The envelope, if opened.
    pub envelope: Option<Opened>,
    /// The payload, if opened.
    pub payload: Option<Opened>,
}

/// What a receipt's `extra` line holds, as JSON: the leaf, and what opens it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extra {
    leaf: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    envelope: Option<Part64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    payload: Option<Part64>,
}

/// A part's canonical text and its salt in base64.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part64 {
    salt: String,
    text: String,
}

impl Part64 {
    fn of(opened: &Opened) -> Self {
        Self {
            salt: BASE64_STANDARD.encode(opened.salt),
            text: String::from_utf8_lossy(&opened.bytes).into_owned(),
        }
    }

    fn opened(self) -> Option<Opened> {
        Some(Opened {
            salt: BASE64_STANDARD.decode(self.salt).ok()?.try_into().ok()?,
            bytes: self.text.into_bytes(),
        })
    }
}

/// Tiles by way of one reader.
pub(crate) struct ReaderTiles<'a> {
    reader: std::cell::RefCell<&'a mut dyn Reader>,
    roots: Option<&'a Roots>,
}

impl<'a> ReaderTiles<'a> {
    pub(crate) fn new(reader: &'a mut dyn Reader) -> Self {
        Self {
            reader: std::cell::RefCell::new(reader),
            roots: None,
        }
    }

    /// The same, with roots of tiles that are known from earlier proofs.
    pub(crate) fn knowing(reader: &'a mut dyn Reader, roots: &'a Roots) -> Self {
        Self {
            reader: std::cell::RefCell::new(reader),
            roots: Some(roots),
        }
    }
}

impl TileSource for ReaderTiles<'_> {
    fn tile(&self, level: u8, index: u64, width: usize) -> Result<Vec<u8>, String> {
        let mut reader = self.reader.borrow_mut();
        tile_with(&mut **reader, self.roots, level, index, width).map_err(|error| error.to_string())
    }
}

impl Ledger {
    /// The proof that the entry at `position` is under `checkpoint`, which is of this ledger and larger.
    ///
    /// # Errors
    /// [`ReceiptError::NoEntry`] when the checkpoint does not reach so far.
    pub fn prove(&self, position: u64, checkpoint: &Checkpoint) -> Result<Vec<Hash>, ReceiptError> {
        if position >= checkpoint.size {
            return Err(ReceiptError::NoEntry(position));
        }
        self.read(|reader| {
            let tiles = ReaderTiles::knowing(reader, self.roots());
            prove(&tiles, position, checkpoint)
        })
        .map_err(ReceiptError::from)
    }

    /// The proof that the tree of `old` leaves is the beginning of the tree of `new`.
    ///
    /// # Errors
    /// When the store fails or `old` is larger than `new`.
    pub fn prove_consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, StoreError> {
        if old == 0 {
            return Ok(Vec::new());
        }
        self.read(|reader| {
            let tiles = ReaderTiles::knowing(reader, self.roots());
            let hashes = Hashes::new(&tiles, new);
            tlog_tiles::tlog::prove_tree(new, old, &hashes)
                .map_err(|error| StoreError::damaged(old, error.to_string()))
        })
    }

    /// The checkpoint that a receipt for `position` is best given under: the newest that a witness has
    /// cosigned, or, while none reaches so far, the newest.
    ///
    /// # Errors
    /// [`ReceiptError::NoEntry`] when none reaches so far.
    pub fn best_checkpoint(&self, position: u64) -> Result<Checkpoint, ReceiptError> {
        let witnessed = self.read(|reader| reader.newest_cosigned())?;
        witnessed
            .filter(|checkpoint| checkpoint.size > position)
            .or_else(|| self.checkpoint())
            .filter(|checkpoint| checkpoint.size > position)
            .ok_or(ReceiptError::NoEntry(position))
    }

    /// A receipt for the entry at `position` under `checkpoint`.
    ///
    /// # Errors
    /// As [`Ledger::prove`].
    pub fn receipt(
        &self,
        position: u64,
        checkpoint: &Checkpoint,
        open: Open,
    ) -> Result<Receipt, ReceiptError> {
        self.read(|reader| Ok(receipt(reader, position, checkpoint, open)))?
    }
}

fn prove(
    tiles: &ReaderTiles<'_>,
    position: u64,
    checkpoint: &Checkpoint,
) -> Result<Vec<Hash>, StoreError> {
    let hashes = Hashes::new(tiles, checkpoint.size);
    prove_record(checkpoint.size, position, &hashes)
        .map_err(|error| StoreError::damaged(position, error.to_string()))
}

/// A receipt for the entry at `position` under `checkpoint`, for whoever reads a ledger that others write to.
///
/// # Errors
/// [`ReceiptError::NoEntry`] when the checkpoint does not reach so far, or when the store fails.
pub fn receipt(
    reader: &mut dyn Reader,
    position: u64,
    checkpoint: &Checkpoint,
    open: Open,
) -> Result<Receipt, ReceiptError> {
    if position >= checkpoint.size {
        return Err(ReceiptError::NoEntry(position));
    }
    let proof = prove(&ReaderTiles::new(reader), position, checkpoint)?;
    let stored = reader
        .entries(position, 1)?
        .pop()
        .filter(|stored| stored.position == position)
        .ok_or(ReceiptError::NoEntry(position))?;
    Ok(Receipt {
        position,
        proof,
        checkpoint: checkpoint.clone(),
        leaf: stored.leaf,
        envelope: stored.envelope.filter(|_| open.envelope),
        payload: stored.payload.filter(|_| open.payload),
    })
}

impl Receipt {
    /// The receipt as text.
    pub fn text(&self) -> String {
        let extra = Extra {
            leaf: BASE64_STANDARD.encode(self.leaf.0),
            envelope: self.envelope.as_ref().map(Part64::of),
            payload: self.payload.as_ref().map(Part64::of),
        };
        // Cannot fail: two texts and no maps.
        let extra = serde_json::to_vec(&extra).unwrap_or_default();
        let mut text = format!(
            "{HEADER}\nextra {}\nindex {}\n",
            BASE64_STANDARD.encode(extra),
            self.position
        );
        for hash in &self.proof {
            text.push_str(&BASE64_STANDARD.encode(hash.0));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint.note);
        text
    }

    /// The receipt that a text holds; nothing of it is believed yet.
    ///
    /// # Errors
    /// [`ReceiptError::Malformed`] with the line.
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        let malformed = |line: usize, problem: &str| ReceiptError::Malformed {
            line,
            problem: problem.to_owned(),
        };
        let (head, note) = text
            .split_once("\n\n")
            .ok_or_else(|| malformed(1, "there is no checkpoint"))?;
        let mut lines = head.lines().zip(1..);
        if lines.next().is_none_or(|(line, _)| line != HEADER) {
            return Err(malformed(1, &format!("expected {HEADER}")));
        }
        let extra = lines
            .next()
            .and_then(|(line, _)| line.strip_prefix("extra "))
            .and_then(|extra| BASE64_STANDARD.decode(extra).ok())
            .and_then(|extra| serde_json::from_slice::<Extra>(&extra).ok())
            .ok_or_else(|| malformed(2, "expected `extra` and the entry's leaf"))?;
        let leaf = BASE64_STANDARD
            .decode(&extra.leaf)
            .ok()
            .and_then(|bytes| Leaf::from_bytes(&bytes))
            .ok_or_else(|| malformed(2, "the leaf is none"))?;
        let opened = |part: Option<Part64>| match part {
            Some(part) => part
                .opened()
                .map(Some)
                .ok_or_else(|| malformed(2, "an opened part is malformed")),
            None => Ok(None),
        };
        let envelope = opened(extra.envelope)?;
        let payload = opened(extra.payload)?;
        let position = lines
            .next()
            .and_then(|(line, _)| line.strip_prefix("index "))
            .filter(|index| *index == "0" || !index.starts_with('0'))
            .and_then(|index| index.parse().ok())
            .ok_or_else(|| malformed(3, "expected `index` and a number"))?;
        let proof = lines
            .map(|(line, number)| {
                BASE64_STANDARD
                    .decode(line)
                    .ok()
                    .and_then(|bytes| Some(Hash(bytes.try_into().ok()?)))
                    .ok_or_else(|| malformed(number, "expected a hash in base64"))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            position,
            proof,
            checkpoint: Trust::parse_unverified(note)?,
            leaf,
            envelope,
            payload,
        })
    }

    /// Verifies everything: signatures, inclusion, opened parts.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn verify(&self, trust: &Trust) -> Result<Verified, ReceiptError> {
        let verified = trust.verify(&self.checkpoint.note)?;
        let checkpoint = &verified.checkpoint;
        check_record(
            &self.proof,
            checkpoint.size,
            checkpoint.root,
            self.position,
            self.leaf.hash(),
        )
        .map_err(|_| ReceiptError::NotIncluded(self.position))?;
        for (part, opened) in [
            (Part::Envelope, &self.envelope),
            (Part::Payload, &self.payload),
        ] {
            let fits = opened
                .as_ref()
                .is_none_or(|opened| opened.commitment() == self.leaf.commitment(part));
            if !fits {
                return Err(ReceiptError::NotCommitted(part.name()));
            }
        }
        Ok(verified)
    }
}
