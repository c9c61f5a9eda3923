//! Where a workbook goes, and whether it is still wanted.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The place of a workbook that is to be written.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    /// The file.
    pub path: &'a Path,
    cancel: Option<&'a AtomicBool>,
}

impl<'a> Output<'a> {
    /// This file, given up when somebody sets the flag before it is complete.
    pub fn until(path: &'a Path, cancel: &'a AtomicBool) -> Self {
        Self {
            path,
            cancel: Some(cancel),
        }
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.cancel.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }
}

impl<'a> From<&'a Path> for Output<'a> {
    fn from(path: &'a Path) -> Self {
        Self { path, cancel: None }
    }
}

impl<'a> From<&'a PathBuf> for Output<'a> {
    fn from(path: &'a PathBuf) -> Self {
        Self::from(path.as_path())
    }
}

/// A file that takes no more once it is given up.
pub(super) struct Watched<'a, W> {
    pub inner: W,
    pub output: Output<'a>,
}

impl<W: Write> Write for Watched<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.output.is_given_up() {
            return Err(io::Error::other("given up"));
        }
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Seek> Seek for Watched<'_, W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
