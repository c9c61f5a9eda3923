//! The second place: a folder elsewhere that gets every checkpoint with its tiles and leaves, and that the
//! ledger is held against when it starts.
//!
//! The folder is complete for its checkpoint at every moment: tiles are written first, the checkpoint is
//! renamed into place last. A crash in between leaves tiles that nobody refers to yet.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tlog_tiles::tlog::{check_tree, prove_tree};

use crate::checkpoint::{Checkpoint, Trust};
use crate::error::StoreError;
use crate::receipt::ReaderTiles;
use crate::resource::Resource;
use crate::store::Reader;
use crate::tree::Hashes;

/// A ledger and its second place that do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The second place knows more than the ledger: the ledger was set back.
    #[error(
        "the ledger has {ours} entries, {place} has a checkpoint of {theirs}. The ledger was set back, most \
         often by restoring a backup. Bring the newer ledger back, or, if it is lost, start a new origin with \
         `kandeng restore --accept-loss`"
    )]
    Behind {
        /// The ledger's size.
        ours: u64,
        /// The size of the checkpoint found.
        theirs: u64,
        /// Where.
        place: String,
    },
    /// Both have the size and another history: somebody rewrote one of them.
    #[error(
        "{place} has a checkpoint of {size} entries that the ledger is no continuation of: history was \
         rewritten here or there. Keep both and have them compared"
    )]
    Forked {
        /// The checkpoint's size.
        size: u64,
        /// Where.
        place: String,
    },
    /// What stands there is no checkpoint of this ledger.
    #[error("{place}: {problem}")]
    Foreign {
        /// Where.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// The folder cannot be written or read.
    #[error("{place}: {problem}")]
    File {
        /// Which file.
        place: String,
        /// In the system's words.
        problem: String,
    },
    /// The ledger's own store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A folder that the ledger is published to.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at `path`, made at the first publication.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The newest checkpoint there, its signature verified; nothing when there is none yet.
    ///
    /// # Errors
    /// [`PublishError::Foreign`] when it is not of this ledger.
    pub fn newest(&self, trust: &Trust) -> Result<Option<Checkpoint>, PublishError> {
        let path = self.path.join("checkpoint");
        let note = match fs::read_to_string(&path) {
            Ok(note) => note,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(file_error(&path, &error)),
        };
        match trust.verify(&note) {
            Ok(verified) => Ok(Some(verified.checkpoint)),
            Err(error) => Err(PublishError::Foreign {
                place: path.display().to_string(),
                problem: error.to_string(),
            }),
        }
    }

    /// Whether the ledger continues what stands in this folder.
    ///
    /// # Errors
    /// [`PublishError::Behind`] or [`PublishError::Forked`] when it does not.
    pub fn check(
        &self,
        reader: &mut dyn Reader,
        trust: &Trust,
    ) -> Result<Option<Checkpoint>, PublishError> {
        let Some(theirs) = self.newest(trust)? else {
            return Ok(None);
        };
        continues(reader, &theirs, &self.path.display().to_string())?;
        Ok(Some(theirs))
    }

    /// Brings the folder up to the ledger's newest checkpoint, and gives that.
    ///
    /// # Errors
    /// As [`Folder::check`], or when a file cannot be written.
    pub fn publish(
        &self,
        reader: &mut dyn Reader,
        trust: &Trust,
    ) -> Result<Option<Checkpoint>, PublishError> {
        let theirs = self.check(reader, trust)?.map_or(0, |theirs| theirs.size);
        let Some(newest) = reader.checkpoint()? else {
            return Ok(None);
        };
        if theirs == newest.size {
            return Ok(Some(newest));
        }
        for resource in Resource::new_between(theirs, newest.size) {
            let bytes = resource.bytes(reader)?.ok_or_else(|| {
                StoreError::damaged(newest.size, format!("{resource} is missing"))
            })?;
            self.write(&resource.to_string(), &bytes)?;
            // What was partial is within the full one now. A crash before this line leaves it lying about.
            let _ = fs::remove_dir_all(self.path.join(format!("{resource}.p")));
        }
        self.write("checkpoint", newest.note.as_bytes())?;
        Ok(Some(newest))
    }

    /// Writes beside and renames: a reader sees the old file or the new one.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), PublishError> {
        let path = self.path.join(name);
        let parent = path.parent().unwrap_or(&self.path);
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(parent)?;
            let beside = path.with_extension("new");
            let mut file = File::create(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            // A crash here leaves `*.new`, which the next publication writes over.
            fs::rename(&beside, &path)?;
            File::open(parent)?.sync_all()
        };
        write().map_err(|error| file_error(&path, &error))
    }
}

/// Whether the ledger is a continuation of a checkpoint found at `place`.
///
/// # Errors
/// [`PublishError::Behind`] or [`PublishError::Forked`].
pub fn continues(
    reader: &mut dyn Reader,
    theirs: &Checkpoint,
    place: &str,
) -> Result<(), PublishError> {
    let newest = reader.checkpoint()?;
    let ours = newest.as_ref().map_or(0, |checkpoint| checkpoint.size);
    if ours < theirs.size {
        return Err(PublishError::Behind {
            ours,
            theirs: theirs.size,
            place: place.to_owned(),
        });
    }
    let Some(newest) = newest else {
        return Ok(());
    };
    let forked = || PublishError::Forked {
        size: theirs.size,
        place: place.to_owned(),
    };
    if theirs.size == 0 {
        return Ok(());
    }
    let tiles = ReaderTiles::new(reader);
    let hashes = Hashes::new(&tiles, newest.size);
    let proof = prove_tree(newest.size, theirs.size, &hashes)
        .map_err(|error| StoreError::damaged(theirs.size, error.to_string()))?;
    check_tree(&proof, newest.size, newest.root, theirs.size, theirs.root).map_err(|_| forked())
}

fn file_error(path: &Path, error: &std::io::Error) -> PublishError {
    PublishError::File {
        place: path.display().to_string(),
        problem: error.to_string(),
    }
}
