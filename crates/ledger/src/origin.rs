//! Going on after a loss: a new origin, whose first entry says what is known of the old one, what is lost
//! and who decided to do without it.
//!
//! The kept entries follow with the leaves that they always had. So whoever holds an old checkpoint within
//! what was kept can still have it proven, and the gap can be seen by everybody for ever.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::checkpoint::{Checkpoint, SigningKey, Trust};
use crate::edge::signed_edge;
use crate::error::{EventError, StoreError};
use crate::event::{NewEvent, Occasion, StreamName};
use crate::leaf::{Opened, Part, Sealed, salts};
use crate::store::{Batch, Reader, Store, Stored};
use crate::tree::Frontier;

/// Entries that are copied at once.
const PAGE: usize = 2_048;

/// A new origin that cannot be begun.
#[derive(Debug, thiserror::Error)]
pub enum OriginError {
    /// The ledger in hand has everything that is known: it can be used as it is.
    #[error(
        "nothing is lost: the ledger in hand has {kept} entries, the newest checkpoint known has {known}"
    )]
    NothingLost {
        /// Entries in hand.
        kept: u64,
        /// Entries of the newest checkpoint known.
        known: u64,
    },
    /// The newest checkpoint known is not signed by the old key.
    #[error("the newest checkpoint known is no good: {0}")]
    Checkpoint(#[from] crate::CheckpointError),
    /// The new key has the wrong name.
    #[error("the new key is for {actual:?}; the origin after {old:?} is {expected:?}")]
    Name {
        /// The old origin.
        old: String,
        /// The name that follows it.
        expected: String,
        /// The key's.
        actual: String,
    },
    /// There is something already where the new ledger should be.
    #[error("there is a ledger of {0} entries already where the new one should be")]
    NotEmpty(u64),
    /// An event of the beginning is malformed.
    #[error(transparent)]
    Event(#[from] EventError),
    /// One of the stores failed. What was copied is under no checkpoint and opens as no ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who decided to accept a loss, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// The account that decided.
    pub by: Uuid,
    /// The division code that it acted for.
    pub jurisdiction: String,
    /// Why, for those who will ask.
    pub reason: String,
}

/// A loss that a ledger tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The older origin.
    pub origin: String,
    /// How many of its entries were kept: those from here on are lost …
    pub kept: u64,
    /// … to before this one.
    pub known: u64,
    /// Who decided.
    pub decided_by: Uuid,
    /// Why.
    pub reason: String,
}

/// What the first entry of a new origin says.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Beginning {
    pub decided_by: Uuid,
    /// The newest checkpoint of what was kept; none when nothing was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kept: Option<String>,
    /// The old origin's public key.
    pub key: String,
    /// The newest checkpoint known.
    pub known: String,
    pub lost: Lost,
    pub reason: String,
}

/// Positions of the old origin, the first and the one after the last.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lost {
    pub from: u64,
    pub to: u64,
}

impl Beginning {
    /// The kind of its stream.
    pub(crate) const STREAM: &'static str = "origin";

    /// The kind of the event.
    pub(crate) const KIND: &'static str = "origin-begun";

    /// What an entry says, when it is such a one.
    pub(crate) fn of(stored: &Stored) -> Option<Result<Self, String>> {
        let envelope: crate::event::Envelope =
            serde_json::from_slice(&stored.envelope.as_ref()?.bytes).ok()?;
        if envelope.kind != Self::KIND {
            return None;
        }
        let Some(payload) = &stored.payload else {
            return Some(Err("what it says was erased".to_owned()));
        };
        Some(serde_json::from_slice(&payload.bytes).map_err(|error| error.to_string()))
    }
}

/// The name after `origin`: `…/2`, `…/3` and so on.
///
/// ```
/// assert_eq!(kandeng_ledger::next_origin("ledger.example/990121"), "ledger.example/990121/2");
/// assert_eq!(kandeng_ledger::next_origin("ledger.example/990121/2"), "ledger.example/990121/3");
/// ```
pub fn next_origin(origin: &str) -> String {
    // The number of a jurisdiction has six digits or more; an origin's is counted up from 2.
    let counted = origin.rsplit_once('/').and_then(|(root, number)| {
        let number = number
            .parse::<u32>()
            .ok()
            .filter(|number| (2..1_000).contains(number))?;
        Some((root, number))
    });
    match counted {
        Some((root, number)) => format!("{root}/{}", number + 1),
        None => format!("{origin}/2"),
    }
}

/// Begins the origin after that of `old`, whose public key is `old_key`: in `new`, which is empty, signed with
/// `key`. `known` is the newest checkpoint of the old origin that anybody has. Gives what is lost.
///
/// Commands of the lost range may come again by their ids; those of the kept range are known as done.
///
/// # Errors
/// See [`OriginError`].
pub fn begin_origin(
    old: &mut dyn Reader,
    old_key: &str,
    known: &str,
    new: &mut dyn Store,
    key: &SigningKey,
    decision: &Decision,
) -> Result<Gap, OriginError> {
    let trust = Trust::ledger(old_key);
    let known = trust.verify(known)?.checkpoint;
    let (edge, kept) = signed_edge(old, &trust)?;
    if known.size <= edge.size() {
        return Err(OriginError::NothingLost {
            kept: edge.size(),
            known: known.size,
        });
    }
    let expected = next_origin(trust.origin());
    if key.origin() != expected {
        return Err(OriginError::Name {
            old: trust.origin().to_owned(),
            expected,
            actual: key.origin().to_owned(),
        });
    }
    let standing = new.begin(&[], &[])?;
    new.rollback();
    if standing.size > 0 {
        return Err(OriginError::NotEmpty(standing.size));
    }
    let gap = Gap {
        origin: trust.origin().to_owned(),
        kept: edge.size(),
        known: known.size,
        decided_by: decision.by,
        reason: decision.reason.clone(),
    };
    let mut copy = Copy {
        frontier: Frontier::default(),
        batch: Batch::default(),
    };
    copy.push(first_entry(&trust, kept.as_ref(), &known, decision)?);
    let mut position = 0;
    loop {
        let page = old.entries(position, PAGE)?;
        position += page.len() as u64;
        let last = page.is_empty();
        for stored in page {
            copy.take(stored)?;
        }
        // A crash before the last batch leaves entries under no checkpoint, which open as no ledger.
        if last {
            break;
        }
        copy.keep(new)?;
    }
    if copy.frontier.size() != edge.size() + 1 {
        return Err(StoreError::damaged(position, "the entry is missing").into());
    }
    let mut after = None;
    loop {
        let page = old.commands(after, PAGE)?;
        let Some((last, _, _)) = page.last() else {
            break;
        };
        after = Some(*last);
        // Everything has moved by the one entry that came before.
        copy.batch.commands = page
            .into_iter()
            .map(|(id, first, count)| (id, first + 1, count))
            .collect();
        copy.keep(new)?;
    }
    copy.batch.checkpoint = Some(key.sign(copy.frontier.size(), copy.frontier.root())?);
    copy.keep(new)?;
    Ok(gap)
}

fn first_entry(
    trust: &Trust,
    kept: Option<&Checkpoint>,
    known: &Checkpoint,
    decision: &Decision,
) -> Result<Sealed, OriginError> {
    let beginning = Beginning {
        decided_by: decision.by,
        kept: kept.map(|kept| kept.note.clone()),
        key: trust.ledger.clone(),
        known: known.note.clone(),
        lost: Lost {
            from: kept.map_or(0, |kept| kept.size),
            to: known.size,
        },
        reason: decision.reason.clone(),
    };
    let payload =
        serde_json::to_value(beginning).map_err(|error| EventError::Json(error.to_string()))?;
    let occasion = Occasion {
        at: decision.at,
        actor: decision.by,
        jurisdiction: decision.jurisdiction.clone(),
        command: None,
    };
    let random = |error: getrandom::Error| StoreError::Database {
        store: "ledger",
        problem: format!("no randomness: {error}"),
        full: false,
    };
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(random)?;
    let id = uuid::Builder::from_random_bytes(id).into_uuid();
    let stream = StreamName::new(Beginning::STREAM, id)?;
    let event = NewEvent::new(Beginning::KIND, 1, payload);
    let salts = salts(1).map_err(random)?.remove(0);
    Ok(Sealed::new(event, &stream, 0, &occasion, salts)?)
}

/// A batch on its way into the new store, and the tree so far.
struct Copy {
    frontier: Frontier,
    batch: Batch,
}

impl Copy {
    fn push(&mut self, mut entry: Sealed) {
        entry.recorded.position = self.frontier.size();
        self.batch.tiles.extend(self.frontier.push(entry.hash));
        self.batch.entries.push(entry);
    }

    /// An entry as it was: its leaf, its salts, and what was erased erased again.
    fn take(&mut self, stored: Stored) -> Result<(), StoreError> {
        let position = self.frontier.size();
        let (leaf, envelope, payload) =
            (stored.leaf, stored.envelope.clone(), stored.payload.clone());
        for (part, gone) in [
            (Part::Envelope, envelope.is_none()),
            (Part::Payload, payload.is_none()),
        ] {
            if gone {
                self.batch.erasures.push((position, part));
            }
        }
        let nothing = || Opened {
            bytes: Vec::new(),
            salt: [0; 16],
        };
        let entry = Sealed {
            recorded: stored.recorded()?,
            envelope: envelope.unwrap_or_else(nothing),
            payload: payload.unwrap_or_else(nothing),
            hash: leaf.hash(),
            leaf,
        };
        self.push(entry);
        Ok(())
    }

    fn keep(&mut self, new: &mut dyn Store) -> Result<(), StoreError> {
        new.begin(&[], &[])?;
        new.commit(&std::mem::take(&mut self.batch))
    }
}
