//! Packages of open data read as filings: project packages of OC4IDS 0.9, release and record packages of OCDS.
//!
//! What the 42 items have a place for becomes rows of typed cells, each with its place in the document as a JSON pointer;
//! everything else is told with the reason why it is not carried. Nothing that a package leaves out is emptied: both
//! standards leave out what a publisher does not say. Reads no other file, writes nothing.

mod contracting;
mod found;
mod gather;
mod leftover;
mod lists;
mod locations;
mod part;
mod parties;
mod process;
mod project;
mod refused;
mod releases;
mod shape;
mod taking;

use std::path::Path;

use serde_json::Value;

pub use found::NotCarried;
pub(crate) use found::{Cell, Found};
pub use refused::PackageError;
pub use shape::PackageKind;

use crate::import::{Import, ImportOptions};
use shape::Shape;

/// The most bytes of a document: it is held whole while it is read.
pub const MOST_BYTES: u64 = 64 << 20;

/// The most values in one: each takes many times what it has in the document while its project is read.
const MOST_VALUES: usize = 8_000_000;

/// The most projects or contracting processes in one.
pub const MOST_PROJECTS: usize = 50_000;

/// Whether a file begins as JSON does; a file of filings of another kind never does.
pub fn is_json(path: &Path) -> bool {
    let mut start = [0; 64];
    let read =
        std::fs::File::open(path).and_then(|mut file| std::io::Read::read(&mut file, &mut start));
    let start = &start[..read.unwrap_or(0)];
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    matches!(start.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// Reads a package. `progress` is told how many projects of how many were read.
///
/// # Errors
/// [`PackageError`] when it is no package that is read, or one whose projects cannot be told apart: nothing of it can
/// be taken then.
pub fn read(
    path: &Path,
    options: &ImportOptions,
    progress: &dyn Fn(usize, usize),
) -> Result<Import, PackageError> {
    let bytes = load(path)?;
    let text =
        std::str::from_utf8(&bytes).map_err(|error| PackageError::not_utf8(&bytes, error))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Between two values stands a comma.
    if memchr::memchr_iter(b',', text.as_bytes()).count() >= MOST_VALUES {
        return Err(PackageError::too_many_values());
    }
    let shape = Shape::of(text)?;
    let mut found = Found::new(shape.kind);
    let count = shape.count;
    let mut done = 0;
    let mut take = |found: &mut Found, place: String, value: Value| {
        if options.is_cancelled() {
            return Err(PackageError::cancelled());
        }
        progress(done, count);
        done += 1;
        match shape.kind {
            PackageKind::Projects => project::read(&options.filing, found, place, value),
            _ => contracting::read(&options.filing, found, place, value),
        }
    };
    match shape.kind {
        PackageKind::Projects => {
            shape::each(text, "projects", |index, value| {
                take(&mut found, format!("/projects/{index}"), value)
            })?;
        }
        kind => {
            releases::each(text, kind, &mut found, &mut |found, place, value| {
                take(found, place, value)
            })?;
        }
    }
    progress(count, count);
    found.check()?;
    gather::gather(found, path, &bytes, options)
}

/// The bytes of a file, as far as they are read.
fn load(path: &Path) -> Result<Vec<u8>, PackageError> {
    let length = std::fs::metadata(path)
        .map_err(|error| PackageError::io(&error))?
        .len();
    if length > MOST_BYTES {
        return Err(PackageError::too_large(length));
    }
    std::fs::read(path).map_err(|error| PackageError::io(&error))
}
