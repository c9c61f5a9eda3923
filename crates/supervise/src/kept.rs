//! The bytes of files that filings name: kept by their SHA-256 in the node's folder of evidence, with previews of
//! photos in a folder beside it. A preview is made once, when it is first asked for, and can be made again at any time.
//!
//! Knows neither projects nor who may see what: its callers do.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use kandeng_evidence::{Limits, PhotoError, preview};
use kandeng_platform::node::{Evidence, NodeError};
use tokio::sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit};

/// The most pixels a side of a preview.
const SIDE: u32 = 480;

/// How many forms with files arrive at a time.
const MOST_ARRIVING: usize = 16;

/// What reading one photo may take.
pub(crate) fn limits(file_bytes: u64) -> Limits {
    Limits {
        file_bytes,
        pixels: 120_000_000,
        decoded_bytes: 384 << 20,
        ..Limits::default()
    }
}

/// Where bytes are.
pub(crate) struct Kept {
    evidence: Evidence,
    previews: PathBuf,
    arriving: Semaphore,
    keeping: Mutex<()>,
    decoding: Semaphore,
}

impl Kept {
    /// In these folders.
    pub fn new(evidence: Evidence, previews: PathBuf) -> Self {
        Self {
            evidence,
            previews,
            arriving: Semaphore::new(MOST_ARRIVING),
            keeping: Mutex::new(()),
            decoding: Semaphore::new(1),
        }
    }

    /// Where the file of that hash is.
    pub fn path(&self, sha256: &str) -> PathBuf {
        self.evidence.path(sha256)
    }

    /// For whoever has files sent: nothing where too many are on their way already, since each takes room on the disk.
    pub fn arriving(&self) -> Option<SemaphorePermit<'_>> {
        self.arriving.try_acquire().ok()
    }

    /// For whoever keeps files and appends the event that names them: one at a time, so that what is taken back
    /// after a refusal is nobody else's.
    pub async fn keeping(&self) -> MutexGuard<'_, ()> {
        self.keeping.lock().await
    }

    /// For whoever decodes a picture: one at a time, since each may take hundreds of megabytes.
    pub async fn decoding(&self) -> Option<SemaphorePermit<'_>> {
        // Nothing only if it were closed, which it never is.
        self.decoding.acquire().await.ok()
    }

    /// Keeps the bytes of a file. Gives whether they were not there before. Blocks.
    pub fn put(&self, from: &Path, sha256: &str) -> Result<bool, NodeError> {
        if self.path(sha256).is_file() {
            return Ok(false);
        }
        let file = std::fs::File::open(from).map_err(|error| NodeError::Unread {
            path: from.to_owned(),
            error,
        })?;
        self.evidence.put(file).map(|_| true)
    }

    /// Takes back what no event names. Blocks.
    pub fn take_back(&self, sha256: &str) -> Result<(), NodeError> {
        self.evidence.take_back(sha256)
    }

    /// Erases the bytes and the preview of a file. What is not there is no error. Blocks.
    pub fn erase(&self, sha256: &str) -> Result<(), NodeError> {
        let preview = self.preview_path(sha256);
        match std::fs::remove_file(&preview) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(NodeError::Unwritten {
                    path: preview,
                    error,
                });
            }
            _ => {}
        }
        self.evidence.take_back(sha256)
    }

    fn preview_path(&self, sha256: &str) -> PathBuf {
        self.previews.join(format!("{sha256}.jpg"))
    }

    /// The preview of a photo.
    pub async fn preview(&self, sha256: &str) -> Result<Vec<u8>, PhotoError> {
        let made = self.preview_path(sha256);
        let there = made.clone();
        let read = tokio::task::spawn_blocking(move || std::fs::read(there)).await;
        if let Ok(Ok(bytes)) = read {
            return Ok(bytes);
        }
        let _one = self.decoding().await;
        let (from, previews) = (self.path(sha256), self.previews.clone());
        let work = move || {
            // Somebody else may have made it while this waited.
            if let Ok(bytes) = std::fs::read(&made) {
                return Ok(bytes);
            }
            let bytes = preview(&from, SIDE, &limits(u64::MAX))?;
            // One that cannot be put away is shown all the same, and made again next time.
            if let Err(error) = put_away(&previews, &made, &bytes) {
                tracing::warn!(error = %error, "a preview could not be kept");
            }
            Ok(bytes)
        };
        let work = tokio::task::spawn_blocking(work).await;
        work.unwrap_or_else(|error| Err(PhotoError::Unreadable(std::io::Error::other(error))))
    }
}

/// Written beside its place and renamed: a reader sees all of it or nothing.
fn put_away(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(bytes)?;
    beside.persist(path).map_err(|error| error.error)?;
    Ok(())
}
