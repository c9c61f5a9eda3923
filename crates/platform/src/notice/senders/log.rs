//! The log file: one line of JSON for each notice, on disk before it counts as delivered.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::Surroundings;
use crate::clock::Clock;
use crate::context::Text;
use crate::notice::{Letter, SendError, Sender};

pub(super) const KEYS: &[&str] = &["file"];

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    file: PathBuf,
}

/// Writes notices to a file. A line holds what the notice holds: the account's id, and texts that name nobody.
pub struct Log {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    writing: Mutex<()>,
}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    id: &'a str,
    to: String,
    subject: &'a Text,
    body: &'a Text,
}

impl Log {
    /// To the file at `path`, made with the first line.
    pub fn new(path: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self {
            path,
            clock,
            writing: Mutex::new(()),
        }
    }

    pub(super) fn open(settings: &Settings, around: &Surroundings<'_>) -> Self {
        let path = around.folder.join(&settings.file);
        Self::new(path, Arc::clone(&around.clock))
    }
}

impl Sender for Log {
    fn send(&self, key: &str, letter: &Letter) -> Result<(), SendError> {
        let line = Line {
            at: self.clock.now().to_string(),
            id: key,
            to: letter.to.to_string(),
            subject: &letter.subject,
            body: &letter.body,
        };
        // Cannot fail: text and text only.
        let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
        bytes.push(b'\n');
        // A panic elsewhere cannot leave anything half-done that this guards.
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        append(&self.path, bytes).map_err(|error| {
            let kind = error.kind();
            SendError::again(
                format!("写不进日志文件:{kind}"),
                format!("the log file cannot be written: {kind}"),
            )
        })
    }
}

fn append(path: &Path, mut bytes: Vec<u8>) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    if file.metadata()?.len() == 0 {
        // A crash before this line may leave no file: the notice is written again.
        sync_folder(path)?;
    } else {
        // A crash in the middle of a line left a part of one: it stays one broken line and spoils no other.
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            bytes.insert(0, b'\n');
        }
    }
    file.write_all(&bytes)?;
    // A crash before this line may leave no line, or a part: the notice is not yet delivered.
    file.sync_data()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}
