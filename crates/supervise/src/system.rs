//! Files at the edge: how one is written whole or not at all, and what the operating system says when it cannot be,
//! as a sentence in both languages that ends in what to do. Libraries wrap such an error in words of their own: the
//! one inside is found and told.

use std::cell::Cell;
use std::error::Error;
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use kandeng_screening::Text;
use rust_xlsxwriter::XlsxError;
use tempfile::NamedTempFile;

/// A new file in the folder of `path`, to be filled and renamed to it, so that it is there whole or not at all.
///
/// # Errors
/// When the folder is not there or cannot be written.
pub fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".kandeng-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What any new file of this person gets; a temporary file's own default would shut colleagues out.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// A file that fails once and then takes everything, to no effect. Libraries that finish a file while they clean up
/// would else complain on stderr, in words of their own, of what we tell already.
pub(crate) struct FailsOnce<W> {
    inner: W,
    has_failed: bool,
}

impl<W> FailsOnce<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self {
            inner,
            has_failed: false,
        }
    }
}

impl<W: Write> Write for FailsOnce<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.has_failed {
            return Ok(bytes.len());
        }
        let written = self.inner.write(bytes);
        self.has_failed = written
            .as_ref()
            .is_err_and(|error| error.kind() != ErrorKind::Interrupted);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.has_failed {
            return Ok(());
        }
        self.inner.flush()
    }
}

impl<W: Seek> Seek for FailsOnce<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread is caught and told as an error, so that nothing need be printed of it.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Runs what writes below `folder` through a library that panics when its own temporary file cannot be written:
/// sheets in constant memory (`rust_xlsxwriter`). The panic becomes what the system says of that folder.
pub(crate) fn guarded<T>(folder: &Path, write: impl FnOnce() -> T) -> io::Result<T> {
    GUARDED.set(true);
    let done = catch_unwind(AssertUnwindSafe(write));
    GUARDED.set(false);
    done.map_err(|_| {
        try_to_write(folder)
            .err()
            .unwrap_or_else(|| io::Error::other("a library broke off"))
    })
}

/// What is left over of a full disk is still full: the files that filled it are there until the error is told.
fn try_to_write(folder: &Path) -> io::Result<()> {
    let mut file = tempfile::tempfile_in(folder)?;
    file.write_all(&[0; 1 << 16])?;
    file.sync_all()
}

/// Why a file could not be read or written, and what helps. Begins in lower case, has no full stop.
pub fn says(error: &io::Error) -> Text {
    let error = innermost(error);
    let (zh, en) = match error.kind() {
        ErrorKind::StorageFull => (
            "磁盘已满;请腾出空间,或写到别处",
            "the disk is full; free some space or write elsewhere",
        ),
        ErrorKind::QuotaExceeded => (
            "磁盘配额已用完;请腾出空间,或写到别处",
            "the disk quota is used up; free some space or write elsewhere",
        ),
        ErrorKind::FileTooLarge => (
            "文件超出系统允许的大小;请放宽限制(ulimit -f),或写到别的磁盘",
            "the file would be larger than the system allows; raise the limit (ulimit -f) or write to another disk",
        ),
        ErrorKind::PermissionDenied => (
            "没有权限;请检查文件和文件夹的权限,或换一个位置",
            "permission denied; check the rights of the file and its folder, or name another place",
        ),
        ErrorKind::ReadOnlyFilesystem => (
            "该磁盘只能读取;请写到别处",
            "the disk can only be read; write elsewhere",
        ),
        ErrorKind::NotFound => (
            "没有这个文件或文件夹;请检查名称,文件夹需先建好",
            "there is no such file or folder; check the name, and make the folder first",
        ),
        ErrorKind::NotADirectory => (
            "路径中有一段不是文件夹;请检查名称",
            "a part of the path is no folder; check the name",
        ),
        ErrorKind::IsADirectory => (
            "这是文件夹,不是文件;请写明文件名",
            "this is a folder and no file; name a file",
        ),
        ErrorKind::DirectoryNotEmpty => (
            "该处已有同名的文件夹,且不是空的;请换一个名称",
            "a folder of this name is there and not empty; choose another name",
        ),
        ErrorKind::AlreadyExists => (
            "已有同名的文件;请换一个名称",
            "a file of this name is there already; choose another name",
        ),
        ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy => (
            "文件正被别的程序使用;请关闭后重试",
            "another program is using the file; close it and run this again",
        ),
        ErrorKind::InvalidFilename => (
            "系统不接受这个文件名;请换一个较短或较简单的名称",
            "the system does not take this file name; choose a shorter or plainer one",
        ),
        ErrorKind::UnexpectedEof => (
            "文件提前结束,可能不完整;请重新取得该文件",
            "the file ends too early and may be incomplete; get it again",
        ),
        _ => {
            return Text::new(
                format!("系统报告:{error}"),
                format!("the system says: {error}"),
            );
        }
    };
    Text::new(zh, en)
}

/// The error of the system that the others were made from.
fn innermost(error: &io::Error) -> &io::Error {
    let mut found = error;
    let mut next = inner(error);
    while let Some(cause) = next {
        next = if let Some(deeper) = cause.downcast_ref::<io::Error>() {
            found = deeper;
            inner(deeper)
        } else {
            held(cause)
        };
    }
    found
}

/// What a library's error holds; some leave it out of their own way down.
fn held<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error.downcast_ref::<XlsxError>() {
        Some(XlsxError::IoError(held)) => return Some(held),
        Some(XlsxError::ZipError(held)) => return Some(held),
        _ => {}
    }
    match error.downcast_ref::<csv::Error>().map(csv::Error::kind) {
        Some(csv::ErrorKind::Io(held)) => Some(held),
        _ => error.source(),
    }
}

fn inner(error: &io::Error) -> Option<&(dyn Error + 'static)> {
    error.get_ref().map(|held| held as _)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> io::Error {
        io::Error::from(ErrorKind::StorageFull)
    }

    #[test]
    fn a_full_disk_is_called_that_however_deep_a_library_has_wrapped_it() {
        let wrapped = [
            full(),
            io::Error::other(full()),
            io::Error::other(XlsxError::IoError(full())),
            io::Error::other(XlsxError::ZipError(zip::result::ZipError::Io(full()))),
            io::Error::other(zip::result::ZipError::Io(io::Error::other(full()))),
            io::Error::other(parquet::errors::ParquetError::External(Box::new(full()))),
            io::Error::other(csv::Error::from(full())),
        ];
        for error in wrapped {
            assert_eq!(says(&error), says(&full()), "{error:?}");
        }
        assert!(says(&full()).zh.starts_with("磁盘已满"));
        assert!(says(&full()).en.starts_with("the disk is full"));
    }

    #[test]
    fn what_has_no_sentence_here_is_told_in_the_systems_words() {
        let odd = io::Error::other("odd");
        assert_eq!(says(&odd).en, "the system says: odd");
    }
}
