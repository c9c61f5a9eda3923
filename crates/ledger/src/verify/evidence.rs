//! Files that payloads name by their SHA-256, looked at where they are kept.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

/// The field of a payload, at any depth, that names a file: 64 lower-case hexadecimal digits. It does so beside a number
/// in [`BYTES_FIELD`], the file's length. Without that it is a hash that somebody stated of a file elsewhere.
pub const EVIDENCE_FIELD: &str = "sha256";

/// The field beside [`EVIDENCE_FIELD`] that tells the file's length.
pub const BYTES_FIELD: &str = "bytes";

/// What is found where a file should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The bytes that were named.
    Right,
    /// Others.
    Changed,
    /// Nothing.
    Absent,
}

/// Where evidence is kept.
pub trait Evidence {
    /// Looks at the file of that name.
    ///
    /// # Errors
    /// In the place's words, when it cannot be looked at.
    fn look(&mut self, sha256: &str) -> Result<Found, String>;
}

/// A folder with files named by their hash, directly (`ab12…`) or by its first two digits (`ab/ab12…`).
#[derive(Clone, Debug)]
pub struct EvidenceFolder {
    path: PathBuf,
}

impl EvidenceFolder {
    /// The folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl Evidence for EvidenceFolder {
    fn look(&mut self, sha256: &str) -> Result<Found, String> {
        let named = self.path.join(sha256);
        let within = self.path.join(&sha256[..2]).join(sha256);
        let Some(path) = [named, within].into_iter().find(|path| path.exists()) else {
            return Ok(Found::Absent);
        };
        let problem = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut file = File::open(&path).map_err(problem)?;
        let mut hash = Sha256::new();
        let mut block = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut block).map_err(problem)?;
            if read == 0 {
                break;
            }
            hash.update(&block[..read]);
        }
        let digest: String = hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(if digest == sha256 {
            Found::Right
        } else {
            Found::Changed
        })
    }
}

/// The hashes that a payload names.
pub(super) fn named(payload: &[u8], to: &mut Vec<String>) {
    // Most payloads name none, and are not parsed.
    if !payload
        .windows(EVIDENCE_FIELD.len())
        .any(|part| part == EVIDENCE_FIELD.as_bytes())
    {
        return;
    }
    if let Ok(value) = serde_json::from_slice(payload) {
        collect(&value, to);
    }
}

fn collect(value: &serde_json::Value, to: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            let hash = fields
                .get(EVIDENCE_FIELD)
                .and_then(serde_json::Value::as_str);
            let is_kept = fields
                .get(BYTES_FIELD)
                .is_some_and(serde_json::Value::is_u64);
            to.extend(
                hash.filter(|hash| is_kept && is_hash(hash))
                    .map(str::to_owned),
            );
            fields.values().for_each(|value| collect(value, to));
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| collect(value, to)),
        _ => {}
    }
}

pub(super) fn is_hash(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
