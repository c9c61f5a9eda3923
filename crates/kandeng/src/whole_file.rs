//! Files that are there whole or not at all: a full disk or Ctrl-C half way leaves what was there before.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use kandeng_supervise::system;

use crate::failure::Failure;

/// Whether a path is there and is neither a file nor a folder, such as `/dev/null` or a pipe: a rename would put a file
/// in its place.
pub(crate) fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Writes beside the file and renames; into what is no file, straight.
pub(crate) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let stop = crate::interrupt::flag();
    match write_until(path, &stop, write) {
        Err(_) if stop.load(Ordering::Relaxed) => Err(Failure::Stopped),
        written => written.map_err(Failure::unwritten(path)),
    }
}

fn write_until(
    path: &Path,
    stop: &AtomicBool,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    if is_special(path) {
        let inner = std::fs::File::options().write(true).open(path)?;
        let mut out = BufWriter::with_capacity(1 << 18, Stoppable { inner, stop });
        write(&mut out)?;
        return out.flush();
    }
    let mut beside = system::beside(path)?;
    let mut out = BufWriter::with_capacity(
        1 << 18,
        Stoppable {
            inner: &mut beside,
            stop,
        },
    );
    write(&mut out)?;
    out.flush()?;
    drop(out);
    beside.as_file().sync_all()?;
    if stop.load(Ordering::Relaxed) {
        return Err(stopped());
    }
    beside.persist(path)?;
    Ok(())
}

fn stopped() -> io::Error {
    io::Error::other("stopped")
}

/// A file that takes no more after Ctrl-C.
struct Stoppable<'a, W> {
    inner: W,
    stop: &'a AtomicBool,
}

impl<W: Write> Write for Stoppable<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(stopped());
        }
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_stopped_half_way_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flags.csv");
        std::fs::write(&path, "earlier").unwrap();
        let stop = AtomicBool::new(false);
        let written = write_until(&path, &stop, |out| {
            out.write_all(&[7; 1 << 20])?;
            stop.store(true, Ordering::Relaxed);
            out.write_all(&[7; 1 << 20])
        });
        assert!(written.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"earlier");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
