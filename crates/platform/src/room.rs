//! Room on the disk. A node that serves pages keeps a file of some size as a reserve. When a write fails for want of
//! room, the reserve is given up and the node is *short of room*: it goes on reading, and what little is left is for
//! signing in and for the traces that reading leaves. Once the reserve can be written again there is room enough, and
//! the node takes everything again.
//!
//! The file system is never asked how much is free: quotas, thin disks and reserves of its own make that a guess,
//! while a reserve that was written is there.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kandeng_ledger::StoreError;

use crate::node::NodeError;
use crate::platform::{CommandError, Platform};
use crate::vault::VaultError;

/// How often it is looked whether there is room again.
const LOOK: Duration = Duration::from_secs(5);

/// What is written at once.
const BLOCK: usize = 1 << 20;

/// Streams that are written to although room is short: who signs in and out, and who read what.
const STILL_WRITTEN: [&str; 3] = ["account", "reading", "person"];

/// Whether there is room, and the reserve.
#[derive(Default)]
pub struct Room {
    reserve: OnceLock<Reserve>,
    short: AtomicBool,
}

struct Reserve {
    path: PathBuf,
    bytes: u64,
}

impl Room {
    /// Keeps a reserve of `bytes` in the file `path` from now on. Without room for it, the node is short of room at once.
    pub fn keep(&self, path: PathBuf, bytes: u64) {
        if self.reserve.set(Reserve { path, bytes }).is_ok() {
            self.short.store(true, Ordering::SeqCst);
            if !self.look() {
                tracing::warn!("no room for the reserve: the node only reads until there is");
            }
        }
    }

    /// Whether the node is short of room. One that keeps no reserve never is.
    pub fn is_short(&self) -> bool {
        self.short.load(Ordering::SeqCst)
    }

    /// A write failed for want of room: the reserve is given up.
    pub fn ran_out(&self) {
        let Some(reserve) = self.reserve.get() else {
            return;
        };
        if !self.short.swap(true, Ordering::SeqCst) {
            reserve.give_up();
            tracing::warn!("no room on the disk: the node only reads until there is");
        }
    }

    /// Looks whether there is room again, by writing the reserve. It may take as long as writing so much does.
    pub fn look(&self) -> bool {
        let (Some(reserve), true) = (self.reserve.get(), self.is_short()) else {
            return !self.is_short();
        };
        match reserve.take() {
            Ok(()) => {
                self.short.store(false, Ordering::SeqCst);
                tracing::info!("there is room on the disk");
                true
            }
            Err(_) => {
                // What was written of it is room that reading needs.
                reserve.give_up();
                false
            }
        }
    }
}

impl Reserve {
    /// Writes it, unless it stands there whole. The bytes are such that no file system makes them smaller.
    fn take(&self) -> io::Result<()> {
        let whole = fs::metadata(&self.path).is_ok_and(|file| file.len() == self.bytes);
        if whole {
            return Ok(());
        }
        let mut block = vec![0; BLOCK];
        getrandom::fill(&mut block).map_err(io::Error::other)?;
        let mut file = File::create(&self.path)?;
        let mut left = self.bytes;
        while left > 0 {
            let part = block.len().min(usize::try_from(left).unwrap_or(BLOCK));
            file.write_all(&block[..part])?;
            left -= part as u64;
        }
        file.sync_all()
    }

    fn give_up(&self) {
        // What is not there takes no room.
        let _ = fs::remove_file(&self.path);
    }
}

/// Looks again and again whether there is room, for as long as the node is served.
pub async fn watch_room(platform: Platform) {
    loop {
        tokio::time::sleep(LOOK).await;
        if platform.room().is_short() {
            let platform = platform.clone();
            // A look that failed to start is made the next time.
            let _ = tokio::task::spawn_blocking(move || platform.room().look()).await;
        }
    }
}

/// What a command is told that would use up the room that is left.
pub(crate) fn refused_for_room() -> CommandError {
    CommandError::Store(StoreError::Database {
        store: "the node",
        problem: "what room is left is for reading and signing in".to_owned(),
        full: true,
    })
}

/// Whether streams of a kind are written to although room is short.
pub(crate) fn is_still_written(kind: &str) -> bool {
    STILL_WRITTEN.contains(&kind)
}

/// Whether an error says that something could not be written for want of room.
pub fn is_for_want_of_room(error: &(dyn Error + 'static)) -> bool {
    let of_system = |error: &io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::FileTooLarge
                | io::ErrorKind::ReadOnlyFilesystem
        )
    };
    let of_store = |error: &StoreError| matches!(error, StoreError::Database { full: true, .. });
    let mut next = Some(error);
    while let Some(error) = next {
        let is = if let Some(error) = error.downcast_ref::<io::Error>() {
            let inner = error.get_ref();
            of_system(error) || inner.is_some_and(|inner| is_for_want_of_room(inner))
        } else if let Some(error) = error.downcast_ref::<StoreError>() {
            of_store(error)
        } else if let Some(error) = error.downcast_ref::<rusqlite::Error>() {
            error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
        } else if let Some(NodeError::Unwritten { error, .. }) = error.downcast_ref() {
            of_system(error)
        } else if let Some(CommandError::Store(error)) = error.downcast_ref() {
            of_store(error)
        } else if let Some(VaultError::Database(error)) = error.downcast_ref() {
            error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
        } else {
            false
        };
        if is {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> io::Error {
        io::ErrorKind::StorageFull.into()
    }

    #[test]
    fn a_reserve_is_given_up_when_room_ends_and_written_again_when_there_is_some() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reserve");
        let room = Room::default();
        // Nobody keeps a reserve: nothing turns read-only.
        room.ran_out();
        assert!(!room.is_short());
        room.keep(path.clone(), 3 * BLOCK as u64 / 2);
        assert_eq!(fs::metadata(&path).unwrap().len(), 3 * BLOCK as u64 / 2);
        assert!(!room.is_short());
        room.ran_out();
        assert!(room.is_short() && !path.exists());
        assert!(room.look() && !room.is_short() && path.exists());
    }

    #[test]
    fn a_reserve_that_cannot_be_written_leaves_the_node_short_of_room() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("not there").join("reserve");
        let room = Room::default();
        room.keep(path.clone(), 10);
        assert!(room.is_short() && !room.look());
        fs::create_dir(path.parent().unwrap()).unwrap();
        assert!(room.look() && !room.is_short());
    }

    #[test]
    fn want_of_room_is_known_however_deep_it_lies() {
        let within = NodeError::Unwritten {
            path: PathBuf::new(),
            error: full(),
        };
        assert!(is_for_want_of_room(&full()));
        assert!(is_for_want_of_room(&within));
        assert!(is_for_want_of_room(&io::Error::other(within)));
        assert!(is_for_want_of_room(&refused_for_room()));
        let other: io::Error = io::ErrorKind::NotFound.into();
        assert!(!is_for_want_of_room(&other));
        assert!(!is_for_want_of_room(&CommandError::Busy));
    }
}
