//! What publishing does to a disk, step by step, so that a test can let any one of them fail.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// A disk. Each call is one thing that can fail, or that the power can fail after.
pub trait Disk: Send + Sync {
    /// Makes a folder and those above it.
    ///
    /// # Errors
    /// In the system's words, as all that follow.
    fn make_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes or empties a file and writes it.
    #[allow(missing_docs)]
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Waits until a file, or the names in a folder, are on the disk.
    fn sync(&self, path: &Path) -> io::Result<()>;

    /// Gives a file another name; whoever reads sees the one or the other.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a folder and what is in it.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
}

/// The file system.
pub(super) struct FileSystem;

impl Disk for FileSystem {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        File::create(path)?.write_all(bytes)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }
}
