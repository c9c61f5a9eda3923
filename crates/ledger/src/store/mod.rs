//! Where entries live. One file for each database, each with its own SQL; all pass `tests/conformance`.
//!
//! A store keeps what it is given and orders it. It hashes nothing, signs nothing and decides nothing.

pub mod postgres;
pub mod sqlite;

use uuid::Uuid;

use crate::checkpoint::{Checkpoint, Trust};
use crate::error::StoreError;
use crate::event::{Recorded, StreamName};
use crate::leaf::{Leaf, Opened, Part, Salt, Sealed};
use crate::tree::FullTile;

/// What a store knows of the streams and commands of a batch, and that nobody will change it before
/// the batch ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Entries in the ledger.
    pub size: u64,
    /// For each stream asked for, its next version.
    pub next: Vec<u64>,
    /// For each command asked for, the first of its positions and their number, if it was appended.
    pub done: Vec<Option<(u64, u64)>>,
    /// Whether this is only what the store expects; a commit that succeeds shows that it was so.
    pub guessed: bool,
}

/// Entries that are appended together, or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// In order of their positions.
    pub entries: Vec<Sealed>,
    /// Commands with their first position and the number of their events.
    pub commands: Vec<(Uuid, u64, u64)>,
    /// Parts to be forgotten.
    pub erasures: Vec<(u64, Part)>,
    /// Tiles that these entries fill.
    pub tiles: Vec<FullTile>,
    /// The signed tree over all entries to the last of these.
    pub checkpoint: Option<Checkpoint>,
}

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its place in the ledger.
    pub position: u64,
    /// The stream.
    pub stream: StreamName,
    /// Its place in the stream.
    pub version: u64,
    /// The leaf.
    pub leaf: Leaf,
    /// The envelope and its salt, unless erased.
    pub envelope: Option<Opened>,
    /// The payload and its salt, unless erased.
    pub payload: Option<Opened>,
}

/// The write side: one batch at a time.
pub trait Store: Send {
    /// Takes the ledger for writing and says how streams and commands stand. From here to
    /// [`Store::commit`] or [`Store::rollback`] nobody else appends; or, where the standing is
    /// [guessed](Standing::guessed), the commit fails with [`StoreError::Overtaken`] when somebody did. After a
    /// rollback or a failed commit nothing is guessed.
    ///
    /// # Errors
    /// When the database fails; then nothing was taken.
    fn begin(&mut self, streams: &[StreamName], commands: &[Uuid]) -> Result<Standing, StoreError>;

    /// Keeps the batch, durably, and gives the ledger free.
    ///
    /// # Errors
    /// When the database or a projection fails; then nothing is kept. [`StoreError::Unsure`] when the
    /// connection broke in the middle of the commit: whether the batch is kept must be looked up.
    /// [`StoreError::Overtaken`] when another node appended since: nothing is kept, and the batch can be begun
    /// again.
    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError>;

    /// Gives the ledger free and keeps nothing.
    fn rollback(&mut self);

    /// Keeps what witnesses said of a stored checkpoint: its note with their cosignatures.
    ///
    /// # Errors
    /// When the database fails; then nothing is kept.
    fn keep_cosigned(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError>;

    /// What tells when another node has appended; nothing when no other can.
    fn watch(&self) -> Option<Box<dyn Watch>> {
        None
    }

    /// What opens readers, each with a connection of its own, wherever the store itself has gone.
    fn opener(&self) -> OpenReader;
}

impl<S: Store + ?Sized> Store for Box<S> {
    fn begin(&mut self, streams: &[StreamName], commands: &[Uuid]) -> Result<Standing, StoreError> {
        (**self).begin(streams, commands)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        (**self).commit(batch)
    }

    fn rollback(&mut self) {
        (**self).rollback();
    }

    fn keep_cosigned(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        (**self).keep_cosigned(checkpoint)
    }

    fn watch(&self) -> Option<Box<dyn Watch>> {
        (**self).watch()
    }

    fn opener(&self) -> OpenReader {
        (**self).opener()
    }
}

/// Waits for what others append.
pub trait Watch: Send {
    /// Returns when somebody may have appended, or after `most`. A lost connection is no error: then it
    /// only waits, and whoever looks afterwards is polling.
    fn wait(&mut self, most: std::time::Duration);
}

/// Opens a reader; fails when the database cannot be opened.
pub type OpenReader = Box<dyn Fn() -> Result<Box<dyn Reader>, StoreError> + Send + Sync>;

/// The read side. Readers see whole batches only.
pub trait Reader: Send {
    /// The newest checkpoint.
    ///
    /// # Errors
    /// When the database fails; so for all that follow.
    fn checkpoint(&mut self) -> Result<Option<Checkpoint>, StoreError>;

    /// Checkpoints of at least `size` leaves, smallest first, at most `limit`.
    #[allow(missing_docs)]
    fn checkpoints(&mut self, size: u64, limit: usize) -> Result<Vec<Checkpoint>, StoreError>;

    /// Entries from `position` on, at most `limit`.
    fn entries(&mut self, position: u64, limit: usize) -> Result<Vec<Stored>, StoreError>;

    /// Entries of a stream from `version` on, at most `limit`.
    fn stream(
        &mut self,
        stream: &StreamName,
        version: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError>;

    /// Leaves from `position` on, at most `limit`.
    fn leaves(&mut self, position: u64, limit: usize) -> Result<Vec<Leaf>, StoreError>;

    /// A full tile.
    fn tile(&mut self, level: u8, number: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// Checkpoints with the cosignatures of witnesses, of at least `size` leaves, smallest first.
    fn cosigned(&mut self, size: u64, limit: usize) -> Result<Vec<Checkpoint>, StoreError>;

    /// The newest checkpoint that a witness has cosigned.
    fn newest_cosigned(&mut self) -> Result<Option<Checkpoint>, StoreError>;

    /// Commands with their first position and number, in order of their ids, those after `after`.
    fn commands(
        &mut self,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<(Uuid, u64, u64)>, StoreError>;

    /// The positions of a command, if it was appended: the first and their number.
    fn command(&mut self, id: Uuid) -> Result<Option<(u64, u64)>, StoreError>;
}

impl Stored {
    /// The entry as it is read by people and projections.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when what is stored is no envelope or no JSON.
    pub fn recorded(self) -> Result<Recorded, StoreError> {
        let damaged =
            |error: serde_json::Error| StoreError::damaged(self.position, error.to_string());
        Ok(Recorded {
            envelope: match &self.envelope {
                Some(opened) => Some(serde_json::from_slice(&opened.bytes).map_err(damaged)?),
                None => None,
            },
            payload: match &self.payload {
                Some(opened) => Some(serde_json::from_slice(&opened.bytes).map_err(damaged)?),
                None => None,
            },
            position: self.position,
            stream: self.stream,
            version: self.version,
        })
    }
}

/// The eight columns of an entry as a database gives them, its stream and leaf still to be read.
struct Row8 {
    position: u64,
    stream: String,
    version: u64,
    /// Nothing when it is none.
    leaf: Option<Leaf>,
    envelope: Option<Vec<u8>>,
    envelope_salt: Option<Salt>,
    payload: Option<Vec<u8>>,
    payload_salt: Option<Salt>,
}

impl Row8 {
    fn stored(self) -> Result<Stored, StoreError> {
        let opened = |bytes: Option<Vec<u8>>, salt: Option<Salt>| {
            bytes.zip(salt).map(|(bytes, salt)| Opened { bytes, salt })
        };
        Ok(Stored {
            position: self.position,
            stream: self
                .stream
                .parse()
                .map_err(|error| StoreError::damaged(self.position, format!("{error}")))?,
            version: self.version,
            leaf: self.leaf.ok_or_else(|| no_leaf(self.position))?,
            envelope: opened(self.envelope, self.envelope_salt),
            payload: opened(self.payload, self.payload_salt),
        })
    }
}

fn leaf(position: u64, bytes: &[u8]) -> Result<Leaf, StoreError> {
    Leaf::from_bytes(bytes).ok_or_else(|| no_leaf(position))
}

fn no_leaf(position: u64) -> StoreError {
    StoreError::damaged(position, "the leaf is none")
}

/// The note that is stored as that of `size` entries, as a checkpoint; its signature is for [`Trust::verify`].
/// One that stands in another's place would be passed over by whoever reads in order.
fn parse_note(size: u64, note: &str) -> Result<Checkpoint, StoreError> {
    let damaged = |problem: String| {
        StoreError::damaged(
            size.saturating_sub(1),
            format!("the checkpoint of {size} entries: {problem}"),
        )
    };
    let checkpoint = Trust::parse_unverified(note).map_err(|error| damaged(error.to_string()))?;
    if checkpoint.size == size {
        Ok(checkpoint)
    } else {
        Err(damaged(format!("its note is of {}", checkpoint.size)))
    }
}
