//! A workbook's package, looked through before anything opens it: how much it unpacks to in truth,
//! whether its sheets have merged cells, and formulas whose results nobody stored. Nothing is kept of what is unpacked.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use memchr::memmem;

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
    /// Cells with a formula and no result, as programs write them that do not calculate.
    pub unanswered: usize,
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
    let work = || -> Result<Looked, ImportError> {
        let mut archive = open(path)?;
        let mut looked = Looked::default();
        while let Some((_, index, _)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let entry = archive
                .by_index(*index)
                .map_err(|error| broken(path, &error))?;
            let part = unpack(path, entry, limit, &unpacked, options)?;
            looked.merged |= part.merged;
            looked.unanswered += part.unanswered;
        }
        Ok(looked)
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
    let (one, other) = (one?, other?);
    Ok(Looked {
        merged: one.merged || other.merged,
        unanswered: one.unanswered + other.unanswered,
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

/// Counts what a part unpacks to, and looks through it.
fn unpack(
    path: &Path,
    mut entry: impl Read,
    limit: u64,
    unpacked: &AtomicU64,
    options: &ImportOptions,
) -> Result<Looked, ImportError> {
    // A prefix may stand before it.
    const MERGED: &[u8] = b"mergeCell ";
    // As long as what is looked for, and no part ends so soon after it.
    const KEPT: usize = 15;
    let mut buffer = vec![0; 1 << 18];
    let mut kept = 0;
    let mut looked = Looked::default();
    loop {
        options.check_cancelled()?;
        let read = entry
            .read(&mut buffer[kept..])
            .map_err(|error| ImportError::broken(path, "workbook", error))?;
        if read == 0 {
            return Ok(looked);
        }
        if unpacked.fetch_add(read as u64, Ordering::Relaxed) + read as u64 > limit {
            return Err(ImportError::ZipBomb {
                path: path.to_owned(),
                megabytes: limit >> 20,
            });
        }
        let filled = kept + read;
        looked.merged = looked.merged || memmem::find(&buffer[..filled], MERGED).is_some();
        kept = filled.min(KEPT);
        // What begins in the bytes kept is counted with the next ones.
        looked.unanswered += unanswered(&buffer[..filled], filled - kept);
        buffer.copy_within(filled - kept..filled, 0);
    }
}

/// Formulas without a result, of those that end before a place.
fn unanswered(bytes: &[u8], before: usize) -> usize {
    const NONE: [&[u8]; 4] = [b"</f></c>", b"</f><v></v>", b"</f><v/>", b"</f><v />"];
    memmem::find_iter(bytes, b"</f>")
        .take_while(|place| *place < before)
        .filter(|place| NONE.iter().any(|none| bytes[*place..].starts_with(none)))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);
    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let few = buffer.len().min(self.1);
            self.0.read(&mut buffer[..few])
        }
    }

    #[test]
    fn formulas_without_result_are_counted_once_wherever_the_blocks_end() {
        let cells = [
            "<c r=\"A1\"><f>B1*2</f><v>4</v></c>",
            "<c r=\"A2\"><f>B2*2</f></c>",
            "<c r=\"A3\"><f>B3*2</f><v></v></c>",
            "<c r=\"A4\"><f>B4*2</f><v/></c>",
            "<c r=\"A5\"><f>B5*2</f><v /></c>",
            "<c r=\"A6\"><v/></c>",
        ];
        let sheet = format!("<sheetData>{}</sheetData></worksheet>", cells.concat());
        let sheet = sheet.repeat(300);
        let key = crate::import::IdentityKey::from_bytes([7; 32]);
        let options = ImportOptions::new(key);
        for few in [1, 7, 1000, 1 << 20] {
            let source = Slow(sheet.as_bytes(), few);
            let looked = unpack(
                Path::new("a"),
                source,
                u64::MAX,
                &AtomicU64::new(0),
                &options,
            );
            assert_eq!(looked.unwrap().unanswered, 4 * 300, "{few}");
        }
    }
}
