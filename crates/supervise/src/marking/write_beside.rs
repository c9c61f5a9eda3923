//! Writes a file beside its place and renames it: either the whole file is there or nothing is.

use std::fs::{self, Permissions};
use std::io::{self, BufWriter};
use std::path::Path;

use tempfile::NamedTempFile;

use super::MarkError;

/// Lets `fill` write into a new file in the folder of `output`, then gives it its name. When anything fails the new
/// file is taken away again and `output` stays as it was. `permissions` are those of the file it was made from.
pub(super) fn write_beside<T>(
    output: &Path,
    permissions: Option<Permissions>,
    fill: impl FnOnce(&mut BufWriter<&mut NamedTempFile>) -> Result<T, MarkError>,
) -> Result<T, MarkError> {
    let failed = |source: io::Error| MarkError::Write {
        path: output.to_owned(),
        source,
    };
    let folder = match output.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".kandeng-").suffix(".tmp");
    #[cfg(unix)]
    if permissions.is_none() {
        use std::os::unix::fs::PermissionsExt;
        // What any new file of this user gets; a temporary file's own default would shut colleagues out.
        builder.permissions(Permissions::from_mode(0o666));
    }
    let mut beside = builder.tempfile_in(folder).map_err(failed)?;
    let mut buffer = BufWriter::with_capacity(1 << 18, &mut beside);
    let made = fill(&mut buffer)?;
    buffer
        .into_inner()
        .map_err(|error| failed(error.into_error()))?;
    if let Some(permissions) = permissions {
        fs::set_permissions(beside.path(), permissions).map_err(failed)?;
    }
    // A crash after this line leaves the old file or the new one, never a part of it.
    beside.as_file().sync_data().map_err(failed)?;
    beside
        .persist(output)
        .map_err(|error| failed(error.error))?;
    Ok(made)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_full_disk_half_way_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let output = folder.path().join("a.xlsx");
        fs::write(&output, "old").expect("writes");
        let full = write_beside(&output, None, |file| {
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
}
