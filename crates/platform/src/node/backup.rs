//! A copy of the node while it runs: ledger, read model, sealed values, evidence, settings. People's keys are
//! never in it, so that a person who is forgotten is forgotten in every copy.
//!
//! The database is copied in one read transaction. Evidence is copied after it: files come before the events
//! that name them and never change, so whatever the copied ledger names is there.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use kandeng_ledger::store::Reader as _;
use kandeng_ledger::store::sqlite::{Sqlite, SqliteReader};
use rusqlite::{Connection, OpenFlags};

use super::NodeError;
use super::config::{CONFIG, StoreAt};
use super::copy::copy as copy_ledger;
use super::folder::{Beside, DIVISIONS, Folder, POLICIES, PUBLIC};
use super::migrate::settle;
use super::secrets::{read_secret, write_secret};
use crate::vault::KeyBackup;

/// The file by which a folder is known to be a backup, with what is in it.
pub(super) const BACKUP: &str = "backup.toml";

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// Entries in the copied ledger.
    pub size: u64,
    /// Files of evidence.
    pub evidence: usize,
    /// Whether the keys are in it.
    pub with_keys: bool,
}

/// Copies the node to a new folder, whole or not at all. The ledger of a backup is in SQLite, wherever the node's
/// is. `progress` is told the entries done and their number where they are copied one by one, and says whether to
/// go on.
///
/// # Errors
/// When `to` is there and not empty, or a file cannot be read or written.
pub fn backup(
    folder: &Folder,
    to: &Path,
    with_keys: bool,
    at: Timestamp,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<BackedUp, NodeError> {
    let absolute = |path: &Path| std::path::absolute(path).map_err(NodeError::unread(path));
    if absolute(to)?.starts_with(absolute(folder.path())?) {
        return Err(NodeError::wrong(
            format!("备份 {} 在节点文件夹之内;请写到别的磁盘", to.display()),
            format!(
                "the backup {} is within the node's own folder; write it to another disk",
                to.display()
            ),
        ));
    }
    // Nothing of it may be missing: what is not there is told before anything is written.
    drop(folder.reader()?);
    let beside = Beside::begin(to)?;
    copy_settings(folder, beside.path())?;
    let database = beside.path().join("kandeng.db");
    copy_database(&folder.database(), &database)?;
    if folder.config.store != StoreAt::Sqlite {
        // The read model was copied before, so the ledger is the newer of the two and fills it when it is opened.
        let mut ledger = Sqlite::open(&database, None)?;
        copy_ledger(folder.reader()?.as_mut(), &mut ledger, progress)?;
        drop(ledger);
        // After the ledger: a value is there before the event that names it.
        let [_, values] = folder.addresses(&folder.config.store)?;
        crate::vault::values_to_file(values, &database)?;
        // A file that can be read from where nobody may write.
        Connection::open(&database)?.pragma_update(None, "journal_mode", "delete")?;
        settle(beside.path(), &StoreAt::Sqlite)?;
    }
    let newest = SqliteReader::open(&database)?.checkpoint()?;
    let size = newest.as_ref().map_or(0, |checkpoint| checkpoint.size);
    let evidence = folder.evidence().copy_to(&beside.path().join("evidence"))?;
    if with_keys {
        copy_keys(folder, beside.path())?;
    }
    let root = newest.map_or_else(String::new, |checkpoint| checkpoint.root.to_string());
    let about = format!(
        "# 看灯节点的备份,用 kandeng restore 恢复。A backup of a Kandeng node; `kandeng restore` brings it back.\n\
         made = \"{at:.0}\"\nversion = \"{}\"\nentries = {size}\nroot = \"{root}\"\nwith_keys = {with_keys}\n",
        env!("CARGO_PKG_VERSION")
    );
    let path = beside.path().join(BACKUP);
    fs::write(&path, about).map_err(NodeError::unwritten(&path))?;
    beside.finish()?;
    Ok(BackedUp {
        size,
        evidence,
        with_keys,
    })
}

/// Backs up people's keys to a new file, sealed by a key that is destroyed when its time has come
/// ([`Config::backup_days`](super::Config)). The file belongs elsewhere than the node's keys.
///
/// # Errors
/// When the file is there already, or cannot be written.
pub fn backup_people(folder: &Folder, to: &Path, at: Timestamp) -> Result<KeyBackup, NodeError> {
    let vault = folder.vault(folder.master()?)?;
    let backups = folder.key_backups()?;
    backups.lapse(at)?;
    Ok(backups.make(&vault, to, at)?)
}

/// Copies a database as one transaction sees it, whoever writes to it meanwhile. Nothing that was deleted is in
/// the copy.
pub(super) fn copy_database(from: &Path, to: &Path) -> Result<(), NodeError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(from, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.execute("vacuum into ?1", [to.to_string_lossy()])?;
    Ok(())
}

/// What a node goes by and is no secret: settings, the public key, the county's own policies and names of divisions.
pub(super) fn copy_settings(from: &Folder, to: &Path) -> Result<(), NodeError> {
    let copy = |from: &Path, to: &Path| {
        fs::copy(from, to)
            .map(|_| ())
            .map_err(NodeError::unwritten(to))
    };
    for name in [CONFIG, PUBLIC] {
        copy(&from.path().join(name), &to.join(name))?;
    }
    if from.divisions().is_file() {
        copy(&from.divisions(), &to.join(DIVISIONS))?;
    }
    let policies = from.policies();
    if policies.is_dir() {
        let there = to.join(POLICIES);
        fs::create_dir(&there).map_err(NodeError::unwritten(&there))?;
        for entry in fs::read_dir(&policies).map_err(NodeError::unread(&policies))? {
            let entry = entry.map_err(NodeError::unread(&policies))?;
            if entry.path().is_file() {
                copy(&entry.path(), &there.join(entry.file_name()))?;
            }
        }
    }
    Ok(())
}

/// The keys, each in a file of mode 0600.
pub(super) fn copy_keys(from: &Folder, to: &Path) -> Result<(), NodeError> {
    for (path, needed) in from.key_files() {
        if !needed && !from.path().join(&path).exists() {
            continue;
        }
        let text = read_secret(&from.path().join(&path))?;
        let to = to.join(&path);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(NodeError::unwritten(parent))?;
        }
        write_secret(&to, text.trim_end())?;
    }
    Ok(())
}
