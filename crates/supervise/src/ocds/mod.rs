//! Open Contracting Data Standard 1.0 and 1.1: releases, versioned releases and records, in packages
//! or bare, as JSON or JSON Lines, gzipped or not, read into tables. Knows no rule.

mod assembly;
mod choice;
mod columns;
mod error;
mod instant;
mod intern;
mod merge;
mod oddities;
mod package;
mod parse;
mod release;
mod report;
mod rows;
mod source;
pub mod synth;
mod tables;
mod value;
mod words;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use encoding_rs::Encoding;
use kandeng_screening::{Tables, Text};
use serde::de::DeserializeSeed;
use serde_json::Value;

pub use error::OcdsError;
pub(crate) use merge::{merged, when};
pub use oddities::Counts;
pub use tables::declarations;

use crate::diagnostic::Diagnostic;
use assembly::Assembly;
use parse::{Account, Block};
use release::Release;
use rows::Rows;
use source::{Buffer, Source};

/// How an input is to be read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Name of the encoding (WHATWG); UTF-8 when not given.
    pub encoding: Option<String>,
    /// The currency whose amounts are compared; the first one seen in a bid when not given.
    pub currency: Option<String>,
    /// Set by somebody else to stop the reading.
    pub cancel: Arc<AtomicBool>,
    /// Threads that parse; as many as there are cores, four at most, when 0.
    pub threads: usize,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

/// What was read.
pub struct OcdsImport {
    /// The tables of [`declarations`].
    pub tables: Tables,
    /// What was odd, in order of file and line.
    pub diagnostics: Vec<Diagnostic>,
    /// The files.
    pub inputs: Vec<InputFile>,
    /// What they held.
    pub counts: Counts,
    /// Contracting processes in the tables.
    pub processes: usize,
    /// The currency that amounts are in, when there is any.
    pub currency: Option<String>,
    /// What they held, as a sentence.
    pub kind: Text,
}

/// How an OCDS file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OcdsKind {
    /// A document on each line.
    pub lines: bool,
    /// Packed with gzip.
    pub gzip: bool,
}

/// Whether a file looks like OCDS, judged by its first 64 KiB.
pub fn detect(path: &Path) -> Option<OcdsKind> {
    let (head, gzip) = source::head(path);
    let text = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(&head)
        .trim_ascii_start();
    if !matches!(text.first(), Some(b'{' | b'[')) {
        return None;
    }
    let named = |name: &[u8]| text.windows(name.len()).any(|window| window == name);
    let known = [
        &b"\"ocid\""[..],
        b"\"releases\"",
        b"\"records\"",
        b"\"compiledRelease\"",
    ];
    known.iter().any(|name| named(name)).then(|| OcdsKind {
        lines: source::is_lines(text, text.len() < source::HEAD, path),
        gzip,
    })
}

/// Reads OCDS files into one set of tables.
///
/// # Errors
/// [`OcdsError`] when a file yields nothing at all. What can be read around is a diagnostic.
pub fn read(inputs: &[PathBuf], options: &ReadOptions) -> Result<OcdsImport, OcdsError> {
    let encoding = options
        .encoding
        .as_deref()
        .map(encoding_named)
        .transpose()?;
    let mut assembly = Assembly::new(options.currency.as_deref());
    let mut diagnostics = Vec::new();
    let mut files = Vec::new();
    for path in inputs {
        let mut source = Source::open(path, encoding)?;
        assembly.begin_file(source.lines);
        let blocks = parse_source(&mut source, &assembly, options)?;
        report::file(&source, &blocks, &mut diagnostics)?;
        report::oddities(&source, &blocks, &mut diagnostics);
        let (bytes, sha256) = source.finish();
        files.push(InputFile {
            path: path.clone(),
            bytes,
            sha256,
        });
    }
    let unmerged = assembly.unmerged();
    if !unmerged.is_empty() {
        let (rows, failed) = merge_partial(inputs, encoding, &unmerged, options)?;
        assembly.add_merged(rows);
        diagnostics.extend(failed);
    }
    let file = inputs
        .first()
        .map(|path| path.display().to_string())
        .unwrap_or_default();
    let finished = assembly.finish().map_err(|error| OcdsError::Io {
        file: file.clone(),
        source: io::Error::other(error),
    })?;
    report::run(&file, &finished, options, &mut diagnostics);
    Ok(OcdsImport {
        kind: report::kind(&finished.counts, finished.processes),
        tables: finished.tables,
        diagnostics,
        inputs: files,
        counts: finished.counts,
        processes: finished.processes,
        currency: finished.currency,
    })
}

fn encoding_named(name: &str) -> Result<&'static Encoding, OcdsError> {
    Encoding::for_label(name.trim().as_bytes()).ok_or_else(|| OcdsError::UnknownEncoding {
        name: name.to_owned(),
    })
}

/// Parses a source's blocks, several at a time where its lines stand alone, and hands their rows over.
/// What is to be said of the blocks comes back in order of the file.
fn parse_source(
    source: &mut Source,
    assembly: &Assembly,
    options: &ReadOptions,
) -> Result<Vec<Account>, OcdsError> {
    let cores = std::thread::available_parallelism()
        .map_or(1, std::num::NonZero::get)
        .min(4);
    let threads = match (source.lines, options.threads) {
        (false, _) => 1,
        (true, 0) => cores,
        (true, threads) => threads,
    };
    let lines = source.lines;
    let file = source.file.clone();
    let shared = Mutex::new((source, None));
    let done = Mutex::new(Vec::new());
    let work = || {
        let mut buffer = Buffer::default();
        loop {
            let next = {
                let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let (source, failure) = &mut *shared;
                if failure.is_some() {
                    return;
                }
                if options.cancel.load(Ordering::Relaxed) {
                    *failure = Some(OcdsError::Cancelled);
                    return;
                }
                match source.next_block(&mut buffer) {
                    Ok(next) => next,
                    Err(error) => {
                        *failure = Some(error);
                        return;
                    }
                }
            };
            let Some(index) = next else { return };
            let (rows, account) = Block::parse(buffer.bytes(), lines).account(index);
            if let Err(error) = assembly.add(index, rows, account.lines) {
                let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
                shared.1 = Some(OcdsError::Io {
                    file: file.clone(),
                    source: io::Error::other(error),
                });
                return;
            }
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(account);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let (_, failure) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = failure {
        return Err(error);
    }
    let mut blocks = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    blocks.sort_by_key(|block| block.index);
    Ok(blocks)
}

/// Reads the inputs once more for the releases of processes that are there in parts only; what of
/// them could not be merged is told.
fn merge_partial(
    inputs: &[PathBuf],
    encoding: Option<&'static Encoding>,
    ocids: &HashSet<String>,
    options: &ReadOptions,
) -> Result<(Rows, Vec<Diagnostic>), OcdsError> {
    let mut releases: std::collections::BTreeMap<String, Vec<Value>> =
        std::collections::BTreeMap::new();
    let mut order = Vec::new();
    for path in inputs {
        let mut source = Source::open(path, encoding)?;
        let mut buffer = Buffer::default();
        while source.next_block(&mut buffer)?.is_some() {
            if options.cancel.load(Ordering::Relaxed) {
                return Err(OcdsError::Cancelled);
            }
            let text = String::from_utf8_lossy(buffer.bytes());
            let mut take = |release: Value| {
                let Some(ocid) = release.get("ocid").and_then(Value::as_str) else {
                    return;
                };
                if ocids.contains(ocid) {
                    if !releases.contains_key(ocid) {
                        order.push(ocid.to_owned());
                    }
                    releases.entry(ocid.to_owned()).or_default().push(release);
                }
            };
            if source.lines {
                for value in text
                    .lines()
                    .filter_map(|line| serde_json::from_str(line).ok())
                {
                    merge::each_release(value, &mut take);
                }
            } else {
                let documents = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
                for value in documents.map_while(Result::ok) {
                    merge::each_release(value, &mut take);
                }
            }
        }
    }
    let mut rows = Rows::new();
    let mut failed = Vec::new();
    for ocid in order {
        let whole = merge::merged(releases.remove(&ocid).unwrap_or_default());
        if let Err(error) = Release(&mut rows).deserialize(&whole) {
            rows.cut_back();
            failed.push(report::unmerged(&inputs[0], &ocid, &error));
        }
    }
    rows.counts = Counts {
        merged: rows.processes.ocid.len() as u64,
        ..Counts::default()
    };
    rows.processes.line.fill(0);
    Ok((rows, failed))
}
