//! A workbook's package, looked through before anything opens it: how much it unpacks to in truth,
//! and which of its sheets have merged cells. Nothing is kept of what is unpacked.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::error::ImportError;
use super::options::ImportOptions;

/// The largest file that is opened.
pub(crate) const MOST_BYTES: u64 = 1 << 30;
/// The most a package may unpack to.
const MOST_UNPACKED: u64 = 2 << 30;
/// Below this nobody minds the ratio.
const HARMLESS: u64 = 64 << 20;
/// XML of sheets packs 10 to 60 times; a bomb 1,000 times.
const MOST_RATIO: u64 = 300;
/// The most parts a package may have.
const MOST_ENTRIES: usize = 20_000;

/// What a look through the package found.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    /// Whether any sheet has merged cells.
    pub merged: bool,
}

/// Looks through a package on two threads.
///
/// # Errors
/// When the package is broken, too large or a bomb, or the person stopped the run.
pub(crate) fn look(path: &Path, options: &ImportOptions) -> Result<Looked, ImportError> {
    let packed = std::fs::metadata(path)
        .map_err(|error| ImportError::io(path, &error))?
        .len();
    if packed > MOST_BYTES {
        return Err(ImportError::TooLarge {
            path: path.to_owned(),
            what: format!("{} MB", packed >> 20),
            limit: format!("{} MB", MOST_BYTES >> 20),
        });
    }
    let mut archive = open(path)?;
    if archive.len() > MOST_ENTRIES {
        return Err(ImportError::TooLarge {
            path: path.to_owned(),
            what: format!("{} parts", archive.len()),
            limit: format!("{MOST_ENTRIES} parts"),
        });
    }
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let entry = archive
            .by_index_raw(index)
            .map_err(|error| broken(path, &error))?;
        let is_xml = entry
            .name()
            .is_ok_and(|name| name.ends_with(".xml") || name.ends_with(".rels"));
        parts.push((entry.size(), index, is_xml));
    }
    let limit = MOST_UNPACKED.min(HARMLESS.max(packed.saturating_mul(MOST_RATIO)));
    let declared = parts
        .iter()
        .fold(0_u64, |sum, part| sum.saturating_add(part.0));
    if declared > limit {
        return Err(ImportError::ZipBomb {
            path: path.to_owned(),
            megabytes: limit >> 20,
        });
    }
    drop(archive);
    // The declared sizes may lie, so the parts that will be read are unpacked once and counted.
    parts.retain(|part| part.2);
    parts.sort_unstable_by(|one, other| other.cmp(one));
    let next = AtomicUsize::new(0);
    let unpacked = AtomicU64::new(0);
    let work = || -> Result<bool, ImportError> {
        let mut archive = open(path)?;
        let mut merged = false;
        while let Some((_, index, _)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let entry = archive
                .by_index(*index)
                .map_err(|error| broken(path, &error))?;
            merged |= unpack(path, entry, limit, &unpacked, options)?;
        }
        Ok(merged)
    };
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        // Cannot fail: the thread returns its errors and has nothing to panic about.
        let one = work();
        (
            one,
            other
                .join()
                .unwrap_or_else(|_| Err(ImportError::broken(path, "workbook", "unreadable"))),
        )
    });
    Ok(Looked {
        merged: one? | other?,
    })
}

fn open(path: &Path) -> Result<zip::ZipArchive<BufReader<File>>, ImportError> {
    let file = File::open(path).map_err(|error| ImportError::io(path, &error))?;
    zip::ZipArchive::new(BufReader::new(file)).map_err(|error| broken(path, &error))
}

fn broken(path: &Path, error: &zip::result::ZipError) -> ImportError {
    if let zip::result::ZipError::UnsupportedArchive(why) = error
        && why.contains("assword")
    {
        return ImportError::Password(path.to_owned());
    }
    ImportError::broken(path, "workbook", error)
}

/// Counts what a part unpacks to; true when it has merged cells.
fn unpack(
    path: &Path,
    mut entry: impl Read,
    limit: u64,
    unpacked: &AtomicU64,
    options: &ImportOptions,
) -> Result<bool, ImportError> {
    // A prefix may stand before it.
    const MERGED: &[u8] = b"mergeCell ";
    let mut buffer = vec![0; 1 << 18];
    let mut kept = 0;
    let mut merged = false;
    loop {
        options.check_cancelled()?;
        let read = entry
            .read(&mut buffer[kept..])
            .map_err(|error| ImportError::broken(path, "workbook", error))?;
        if read == 0 {
            return Ok(merged);
        }
        if unpacked.fetch_add(read as u64, Ordering::Relaxed) + read as u64 > limit {
            return Err(ImportError::ZipBomb {
                path: path.to_owned(),
                megabytes: limit >> 20,
            });
        }
        let filled = kept + read;
        merged = merged || contains(&buffer[..filled], MERGED);
        kept = filled.min(MERGED.len() - 1);
        buffer.copy_within(filled - kept..filled, 0);
    }
}

/// Whether the bytes hold `wanted`, looking only where an uncommon byte of it stands.
fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let mut from = 0;
    // `C` is rare in sheets: cells are `<c `.
    while let Some(place) = bytes[from..].iter().position(|byte| *byte == b'C') {
        let place = from + place;
        // The `C` of `mergeCell ` stands at 5.
        if place >= 5 && bytes[place - 5..].starts_with(wanted) {
            return true;
        }
        from = place + 1;
    }
    false
}
