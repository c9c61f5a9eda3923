//! Backups of people's keys, which lapse. A backup is sealed under a key of its own, the wrapping key, that is
//! kept in a folder beside the master key, never beside the backup, and destroyed when its time has come: then
//! the backup, in however many copies, is noise, and with it everybody who was erased since.
//!
//! Whoever restores keys gets a database in which everybody is as they were; the vault stays shut until the
//! ledger's erasures were replayed on it. Overwriting a file is as much as a program can do to destroy it:
//! the folder of wrapping keys belongs on a disk that keeps no old copies (no snapshots, no backups).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::sqlite::SqliteKeys;
use super::store::WrappedKey;
use super::{Vault, VaultError, seal};
use crate::context::Text;

/// How long a backup lives unless it is set otherwise, and at most: what people are promised.
pub const MOST_DAYS: u32 = 30;

const ENDING: &str = "wrapping-key";

/// Backups of one vault's keys.
#[derive(Clone, Debug)]
pub struct KeyBackups {
    folder: PathBuf,
    days: u32,
}

/// A backup, as it says of itself. Its first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBackup {
    /// Which.
    pub id: Uuid,
    /// When it was made.
    pub made: Timestamp,
    /// When it lapses.
    pub lapses: Timestamp,
}

/// The file beside the master key.
#[derive(Serialize, Deserialize)]
struct Wrapping {
    backup: KeyBackup,
    key: String,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Contents {
    keys: Vec<Person>,
    erased: Vec<Uuid>,
}

#[derive(Serialize, Deserialize)]
struct Person {
    person: Uuid,
    master: String,
    wrapped: Vec<u8>,
}

impl Person {
    fn into_key(self) -> WrappedKey {
        WrappedKey {
            person: self.person,
            master: self.master,
            wrapped: self.wrapped,
        }
    }
}

impl KeyBackups {
    /// Wrapping keys in `folder`, which is made when it is not there; backups that live `days`.
    ///
    /// # Errors
    /// When the days are none or more than [`MOST_DAYS`], or the folder cannot be made.
    pub fn new(folder: &Path, days: u32) -> Result<Self, VaultError> {
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(VaultError::Backup(Text::new(
                format!("密钥备份应保留 1 至 {MOST_DAYS} 天,不是 {days} 天"),
                format!("backups of keys live for 1 to {MOST_DAYS} days, not {days}"),
            )));
        }
        let mut maker = fs::DirBuilder::new();
        maker.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            maker.mode(0o700);
        }
        maker
            .create(folder)
            .map_err(|error| problem(folder, &error))?;
        Ok(Self {
            folder: folder.to_owned(),
            days,
        })
    }

    /// Backs up all keys to a new file at `to`.
    ///
    /// # Errors
    /// When `to` is there already or beside the wrapping keys, or cannot be written.
    pub fn make(&self, vault: &Vault, to: &Path, now: Timestamp) -> Result<KeyBackup, VaultError> {
        self.must_be_elsewhere(to)?;
        let (keys, erased) = vault.keys.everything()?;
        let contents = Contents {
            keys: keys
                .into_iter()
                .map(|key| Person {
                    person: key.person,
                    master: key.master,
                    wrapped: key.wrapped,
                })
                .collect(),
            erased,
        };
        let backup = KeyBackup {
            id: Uuid::new_v4(),
            made: now,
            lapses: now.saturating_add(self.life()).unwrap_or(Timestamp::MAX),
        };
        let key = seal::random::<32>()?;
        // Cannot fail: ids, text and numbers.
        let mut file = serde_json::to_vec(&backup).unwrap_or_default();
        let contents = serde_json::to_vec(&contents).unwrap_or_default();
        let sealed = seal::seal(&key, &file, &contents)?;
        file.push(b'\n');
        file.extend(sealed);
        // The wrapping key first: a crash after this line leaves a key without a backup, which lapses.
        self.keep(&backup, &key)?;
        write_new(to, &file)?;
        Ok(backup)
    }

    /// Destroys the wrapping keys of all backups whose time has come: at start and daily. A shorter life than
    /// the one that a backup was made for counts for it too.
    ///
    /// # Errors
    /// When a file cannot be destroyed; the others are.
    pub fn lapse(&self, now: Timestamp) -> Result<Vec<Uuid>, VaultError> {
        let mut lapsed = Vec::new();
        let mut failed = None;
        for path in self.files()? {
            let id = match read(&path) {
                Some(wrapping) if now < self.end(&wrapping.backup) => continue,
                Some(wrapping) => Some(wrapping.backup.id),
                // Overwritten before a crash, or broken: nobody opens anything by it.
                None => None,
            };
            match destroy(&path) {
                Ok(()) => lapsed.extend(id),
                Err(error) => failed = Some(problem(&path, &error)),
            }
        }
        failed.map_or(Ok(lapsed), Err)
    }

    /// Backups that have not lapsed, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn standing(&self) -> Result<Vec<KeyBackup>, VaultError> {
        let files = self.files()?;
        let mut standing: Vec<KeyBackup> = files
            .iter()
            .filter_map(|path| Some(read(path)?.backup))
            .collect();
        standing.sort_by_key(|backup| (backup.made, backup.id));
        Ok(standing)
    }

    /// Makes the database of keys at `keys` from the backup at `from`.
    ///
    /// # Errors
    /// [`VaultError::Lapsed`] when its time has come; [`VaultError::Backup`] when there are keys already, or
    /// the file is none or was changed.
    pub fn restore(&self, from: &Path, keys: &Path, now: Timestamp) -> Result<(), VaultError> {
        let file = fs::read(from).map_err(|error| problem(from, &error))?;
        let broken = || {
            let shown = from.display();
            VaultError::Backup(Text::new(
                format!("{shown} 不是密钥备份,或被改动过"),
                format!("{shown} is no backup of keys, or was changed"),
            ))
        };
        let end = file
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or_else(broken)?;
        let (header, sealed) = (&file[..end], &file[end + 1..]);
        let backup: KeyBackup = serde_json::from_slice(header).map_err(|_| broken())?;
        self.lapse(now)?;
        let lapsed = || VaultError::Lapsed {
            at: self.end(&backup),
        };
        let wrapping = read(&self.path(backup.id)).ok_or_else(lapsed)?;
        let key = unhex(&wrapping.key).ok_or_else(lapsed)?;
        let contents = seal::open(&key, header, sealed).map_err(|_| broken())?;
        let contents: Contents = serde_json::from_slice(&contents).map_err(|_| broken())?;
        if keys.exists() {
            let shown = keys.display();
            return Err(VaultError::Backup(Text::new(
                format!("{shown} 已存在;若要以备份替换,请先移走"),
                format!("{shown} is there already; to put the backup in its place, move it away"),
            )));
        }
        let kept: Vec<WrappedKey> = contents.keys.into_iter().map(Person::into_key).collect();
        write_keys(keys, &kept, &contents.erased)
    }

    fn life(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.days))
    }

    fn end(&self, backup: &KeyBackup) -> Timestamp {
        let end = backup.made.saturating_add(self.life());
        end.unwrap_or(Timestamp::MAX).min(backup.lapses)
    }

    fn path(&self, id: Uuid) -> PathBuf {
        self.folder.join(format!("{id}.{ENDING}"))
    }

    fn files(&self) -> Result<Vec<PathBuf>, VaultError> {
        let entries = fs::read_dir(&self.folder).map_err(|error| problem(&self.folder, &error))?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        Ok(paths
            .filter(|path| path.extension().is_some_and(|ending| ending == ENDING))
            .collect())
    }

    fn keep(&self, backup: &KeyBackup, key: &[u8; 32]) -> Result<(), VaultError> {
        let wrapping = Wrapping {
            backup: backup.clone(),
            key: key.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        // Cannot fail: ids and text.
        let text = serde_json::to_vec(&wrapping).unwrap_or_default();
        write_new(&self.path(backup.id), &text)
    }

    fn must_be_elsewhere(&self, to: &Path) -> Result<(), VaultError> {
        let folder = match to.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let place = |path: &Path| fs::canonicalize(path).map_err(|error| problem(path, &error));
        if place(folder)?.starts_with(place(&self.folder)?) {
            return Err(VaultError::Backup(Text::new(
                "密钥备份不得与其封装密钥放在一起",
                "a backup of keys must not stand beside the keys that it is wrapped by",
            )));
        }
        Ok(())
    }
}

/// A new file that only its owner may read, on disk when this returns.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        sync_folder(path)
    };
    write().map_err(|error| problem(path, &error))
}

/// Overwrites a file and removes it.
fn destroy(path: &Path) -> io::Result<()> {
    let length = fs::metadata(path)?.len() as usize;
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(&vec![0; length])?;
    file.sync_all()?;
    // A crash before this line leaves a file of zeros, which the next time removes.
    fs::remove_file(path)?;
    sync_folder(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

fn read(path: &Path) -> Option<Wrapping> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

/// A database of keys, made beside its place and renamed.
pub(super) fn write_keys(
    path: &Path,
    keys: &[WrappedKey],
    erased: &[Uuid],
) -> Result<(), VaultError> {
    let beside = with_ending(path, ".restoring");
    // Left by a crash; and what SQLite left of a database that is gone, which would be taken for the new one's.
    for left in [
        beside.clone(),
        with_ending(path, "-wal"),
        with_ending(path, "-shm"),
    ] {
        remove_if_there(&left)?;
    }
    SqliteKeys::fill(&beside, keys, erased)?;
    // A crash before this line leaves no keys, and the backup as it was.
    fs::rename(&beside, path)
        .and_then(|()| sync_folder(path))
        .map_err(|error| problem(path, &error))
}

/// Removes a database and what SQLite keeps beside it.
pub(super) fn remove_database(path: &Path) -> Result<(), VaultError> {
    ["-wal", "-shm", ""]
        .iter()
        .try_for_each(|ending| remove_if_there(&with_ending(path, ending)))
}

fn remove_if_there(path: &Path) -> Result<(), VaultError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(problem(path, &error)),
        _ => Ok(()),
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn problem(path: &Path, error: &io::Error) -> VaultError {
    let shown = path.display();
    VaultError::Backup(Text::new(
        format!("密钥备份:{shown}:{error}"),
        format!("the backup of keys: {shown}: {error}"),
    ))
}
