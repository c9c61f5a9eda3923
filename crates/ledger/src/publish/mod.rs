//! The second place: a folder elsewhere that gets every checkpoint with its tiles and leaves, and that the
//! ledger is held against when it starts.
//!
//! The folder is complete for its checkpoint at every moment: tiles are written first, the checkpoint is
//! renamed into place last. A crash in between leaves tiles that nobody refers to yet.

mod disk;
mod places;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tlog_tiles::tlog::{check_tree, prove_tree};

use crate::checkpoint::{Checkpoint, Trust};
use crate::error::StoreError;
use crate::receipt::ReaderTiles;
use crate::resource::Resource;
use crate::store::Reader;
use crate::tree::Hashes;
pub use disk::Disk;
use disk::FileSystem;
pub use places::{Places, Published, Publisher};

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
    /// A witness did not do its part.
    #[error("the witness {place}: {problem}")]
    Witness {
        /// Which one.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// The ledger's own store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PublishError {
    /// The same in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::Behind {
                ours,
                theirs,
                place,
            } => format!(
                "账本有 {ours} 条记录，而 {place} 存有 {theirs} 条记录的检查点：账本被退回到了较早的状态，多半是恢复了旧备份。请找回较新的账本；确已丢失的，用 `kandeng restore --accept-loss` 另立新源"
            ),
            Self::Forked { size, place } => format!(
                "{place} 存有 {size} 条记录的检查点，本账本并非其延续：两处之中有一处的历史被改写。请两份都留存，交人比对"
            ),
            Self::Foreign { place, problem } => {
                format!("{place} 存放的不是本账本的检查点：{problem}")
            }
            Self::File { place, problem } => format!("{place} 无法读写：{problem}"),
            Self::Witness { place, problem } => format!("见证方 {place} 未能见证：{problem}"),
            Self::Store(error) => format!("账本存储出错：{error}"),
        }
    }
}

/// A folder that the ledger is published to.
#[derive(Clone)]
pub struct Folder {
    path: PathBuf,
    disk: Arc<dyn Disk>,
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Folder({})", self.path.display())
    }
}

impl Folder {
    /// The folder at `path`, made at the first publication.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::on(path, Arc::new(FileSystem))
    }

    /// The folder on another disk than the file system, which reads as the file system does.
    pub fn on(path: impl Into<PathBuf>, disk: Arc<dyn Disk>) -> Self {
        Self {
            path: path.into(),
            disk,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
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
        let Some(newest) = reader.checkpoint()? else {
            self.check(reader, trust)?;
            return Ok(None);
        };
        self.publish_at(reader, trust, &newest)?;
        Ok(Some(newest))
    }

    /// Brings the folder up to `checkpoint`, which is of this ledger and may carry cosignatures.
    ///
    /// # Errors
    /// As [`Folder::publish`].
    pub fn publish_at(
        &self,
        reader: &mut dyn Reader,
        trust: &Trust,
        checkpoint: &Checkpoint,
    ) -> Result<(), PublishError> {
        let _alone = self.alone()?;
        let theirs = self.check(reader, trust)?;
        let size = theirs.as_ref().map_or(0, |theirs| theirs.size);
        if size > checkpoint.size {
            return Ok(());
        }
        // What a witness has said of this tree stays, also while that witness is away.
        let same = theirs.filter(|theirs| theirs.size == checkpoint.size);
        let note = match same {
            Some(theirs) => {
                let joined = theirs.joined(checkpoint);
                let joined =
                    joined.map_err(|error| StoreError::damaged(size, error.to_string()))?;
                if joined.note == theirs.note {
                    return Ok(());
                }
                joined.note
            }
            None => checkpoint.note.clone(),
        };
        let resources = Resource::new_between(size, checkpoint.size);
        for resource in &resources {
            let bytes = resource.bytes(reader)?.ok_or_else(|| {
                StoreError::damaged(checkpoint.size, format!("{resource} is missing"))
            })?;
            self.write(&resource.to_string(), &bytes)?;
        }
        // A crash before this line leaves the old checkpoint, and all that it needs beside what is new.
        self.write("checkpoint", note.as_bytes())?;
        for resource in resources.iter().filter(|resource| resource.is_full()) {
            // What was partial is within the full one now. What stays lying about does no harm.
            let partial = self.path.join(format!("{resource}.p"));
            if partial.exists() {
                let _ = self.disk.remove_folder(&partial);
            }
        }
        Ok(())
    }

    /// Waits until no other node publishes here, until what is given is dropped. Otherwise one that is slow could
    /// put an older checkpoint over a newer one, and take away what that needs.
    fn alone(&self) -> Result<fs::File, PublishError> {
        let path = self.path.join(".publishing");
        let lock = || -> std::io::Result<fs::File> {
            self.make(&self.path)?;
            let file = fs::File::create(&path)?;
            // A crash ends it: the system gives the lock free with the process.
            file.lock()?;
            Ok(file)
        };
        lock().map_err(|error| file_error(&path, &error))
    }

    /// Makes a folder and those above it, where they are not there.
    fn make(&self, folder: &Path) -> std::io::Result<()> {
        let new: Vec<&Path> = folder
            .ancestors()
            .take_while(|folder| !folder.exists())
            .collect();
        let Some(top) = new.last() else {
            return Ok(());
        };
        self.disk.make_folder(folder)?;
        // Their names stand in the folders above them; a crash before they are synced may take a folder away
        // with all that is in it, and the checkpoint is not there yet.
        for above in new.iter().skip(1).copied().chain(top.parent()) {
            self.disk.sync(above)?;
        }
        Ok(())
    }

    /// Writes beside and renames: a reader sees the old file or the new one.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), PublishError> {
        let path = self.path.join(name);
        let parent = path.parent().unwrap_or(&self.path);
        let write = || -> std::io::Result<()> {
            self.make(parent)?;
            let beside = path.with_extension("new");
            self.disk.write(&beside, bytes)?;
            self.disk.sync(&beside)?;
            // A crash here leaves `*.new`, which the next publication writes over.
            self.disk.rename(&beside, &path)?;
            self.disk.sync(parent)
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
