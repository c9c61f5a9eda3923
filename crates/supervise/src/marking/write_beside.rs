//! Writes a file beside its place and renames it: either the whole file is there or nothing is.

use std::fs::{self, Permissions};
use std::io::{self, BufWriter, Write};

use tempfile::NamedTempFile;

use crate::system::{self, FailsOnce};

use super::MarkError;
use super::output::{Output, Watched};

/// Lets `fill` write into a new file in the folder of `output`, then gives it its name. When anything fails, or the
/// output is given up, the new file is taken away again and what was there stays. `permissions` are those of the file
/// it was made from.
pub(super) fn write_beside<'a, T>(
    output: Output<'a>,
    permissions: Option<Permissions>,
    fill: impl FnOnce(&mut Beside<'a, '_>) -> Result<T, MarkError>,
) -> Result<T, MarkError> {
    let written = write(output, permissions, fill);
    if output.is_given_up() && written.is_err() {
        return Err(MarkError::Cancelled);
    }
    written
}

/// What `fill` writes into.
pub(super) type Beside<'a, 'f> = BufWriter<FailsOnce<Watched<'a, &'f mut NamedTempFile>>>;

fn write<'a, T>(
    output: Output<'a>,
    permissions: Option<Permissions>,
    fill: impl FnOnce(&mut Beside<'a, '_>) -> Result<T, MarkError>,
) -> Result<T, MarkError> {
    let failed = |source: io::Error| MarkError::Write {
        path: output.path.to_owned(),
        source,
    };
    let mut beside = system::beside(output.path).map_err(failed)?;
    let watched = Watched {
        inner: &mut beside,
        output,
    };
    let mut buffer = BufWriter::with_capacity(1 << 18, FailsOnce::new(watched));
    let made = fill(&mut buffer)?;
    buffer.flush().map_err(failed)?;
    drop(buffer);
    if let Some(permissions) = permissions {
        fs::set_permissions(beside.path(), permissions).map_err(failed)?;
    }
    // A crash after this line leaves the old file or the new one, never a part of it.
    beside.as_file().sync_data().map_err(failed)?;
    if output.is_given_up() {
        return Err(MarkError::Cancelled);
    }
    beside
        .persist(output.path)
        .map_err(|error| failed(error.error))?;
    Ok(made)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_full_disk_half_way_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let output = folder.path().join("a.xlsx");
        fs::write(&output, "old").expect("writes");
        let full = write_beside(Output::from(&output), None, |file| {
            file.write_all(&[7; 1 << 20]).expect("the first part fits");
            Err::<(), _>(MarkError::Write {
                path: output.clone(),
                source: io::Error::from(io::ErrorKind::StorageFull),
            })
        });
        assert!(matches!(full, Err(MarkError::Write { .. })));
        assert_eq!(fs::read(&output).expect("reads"), b"old");
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1);
    }

    #[test]
    fn a_file_that_is_given_up_half_way_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.xlsx");
        fs::write(&path, "old").expect("writes");
        let stop = AtomicBool::new(false);
        let output = Output::until(&path, &stop);
        let given_up = write_beside(output, None, |file| {
            file.write_all(&[7; 1 << 20]).expect("the first part fits");
            stop.store(true, Ordering::Relaxed);
            file.write_all(&[7; 1 << 20])
                .map_err(|source| MarkError::Write {
                    path: path.clone(),
                    source,
                })
        });
        assert!(matches!(given_up, Err(MarkError::Cancelled)));
        assert_eq!(fs::read(&path).expect("reads"), b"old");
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1);
    }
}
