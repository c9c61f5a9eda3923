//! The bytes of files that filings name: kept by their SHA-256 in the node's folder of evidence, with previews of
//! photos in a folder beside it. A preview is made once, when it is first asked for, and can be made again at any time.
//!
//! Knows neither projects nor who may see what: its callers do.

use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kandeng_evidence::{Limits, PhotoError, preview};
use kandeng_platform::node::{Evidence, NodeError};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::task::JoinError;

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
    keeping: Arc<Mutex<()>>,
    decoding: Arc<Semaphore>,
}

impl Kept {
    /// In these folders.
    pub fn new(evidence: Evidence, previews: PathBuf) -> Self {
        Self {
            evidence,
            previews,
            arriving: Semaphore::new(MOST_ARRIVING),
            keeping: Arc::default(),
            decoding: Arc::new(Semaphore::new(1)),
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

    /// Keeps files and appends the event that names them: one at a time, so that what is taken back after a refusal is
    /// nobody else's, and to its end, also where whoever waits for it goes away.
    pub async fn keep<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, JoinError> {
        let keeping = Arc::clone(&self.keeping).lock_owned().await;
        let work = async move {
            let done = work.await;
            drop(keeping);
            done
        };
        tokio::spawn(work).await
    }

    /// Decodes pictures on a thread that may wait: one at a time, since each may take hundreds of megabytes.
    pub async fn decode<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        // Held by the work and not by whoever waits for it, who may go away. It cannot fail: nobody closes it.
        let turn = Arc::clone(&self.decoding).acquire_owned().await;
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await
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
        let made = self.decode(work).await;
        made.unwrap_or_else(|error| Err(PhotoError::Unreadable(std::io::Error::other(error))))
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    fn kept() -> Kept {
        Kept::new(Evidence::new(PathBuf::new()), PathBuf::new())
    }

    #[tokio::test]
    async fn whoever_goes_away_while_a_picture_is_decoded_lets_nobody_decode_beside_it() {
        let kept = kept();
        let (go_on, waits) = mpsc::channel::<()>();
        let gone = kept.decode(move || waits.recv());
        let gone = tokio::time::timeout(Duration::from_millis(50), gone).await;
        assert!(gone.is_err());
        let second = tokio::time::timeout(Duration::from_millis(50), kept.decode(|| ()));
        assert!(second.await.is_err(), "two at a time");
        go_on.send(()).unwrap();
        kept.decode(|| ()).await.unwrap();
    }

    #[tokio::test]
    async fn files_are_kept_to_the_end_and_one_after_the_other() {
        let kept = kept();
        let (go_on, waits) = tokio::sync::oneshot::channel::<()>();
        let (done, was_done) = tokio::sync::oneshot::channel();
        let gone = kept.keep(async move {
            waits.await.unwrap();
            done.send(()).unwrap();
        });
        let gone = tokio::time::timeout(Duration::from_millis(50), gone).await;
        assert!(gone.is_err());
        let second = tokio::time::timeout(Duration::from_millis(50), kept.keep(async {}));
        assert!(second.await.is_err(), "two at a time");
        go_on.send(()).unwrap();
        was_done.await.unwrap();
        kept.keep(async {}).await.unwrap();
    }
}
