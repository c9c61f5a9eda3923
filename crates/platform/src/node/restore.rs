//! Bringing a backup back, into a new folder that is there whole or not at all.
//!
//! Before anything is readable the copy is verified, everybody who was erased is erased again, and the ledger is
//! held against every later checkpoint that can be found.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kandeng_ledger::store::Reader as _;
use kandeng_ledger::store::sqlite::SqliteReader;
use kandeng_ledger::{Checkpoint, Folder as Published, continues, verify};
use rusqlite::Connection;

use super::backup::{BACKUP, copy_database, copy_keys};
use super::config::CONFIG;
use super::folder::{Beside, Folder, PUBLIC};
use super::{Node, NodeError, Opening, of_store};
use crate::context::Text;

/// What is to be brought back.
pub struct Restore<'a> {
    /// The backup.
    pub from: &'a Path,
    /// The folder that is to be made.
    pub to: &'a Path,
    /// A folder with the keys, when they are not in the backup: the old node's, or a copy of it.
    pub keys: Option<&'a Path>,
    /// A backup of people's keys, to be taken in place of the old node's own.
    pub people: Option<&'a Path>,
    /// Who decided that later entries are lost, where that is so.
    pub accept_loss: Option<&'a str>,
}

/// What was brought back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Entries of the ledger.
    pub entries: u64,
    /// Files of evidence.
    pub evidence: usize,
    /// People who were erased again.
    pub erased: usize,
    /// Sealed values that no key at hand opens.
    pub sealed: u64,
    /// Deadlines that run.
    pub running: u64,
    /// Those of them whose time has come: they fire when the node starts.
    pub due: u64,
}

/// Brings a backup back. `progress` is told the entries verified and their number.
///
/// # Errors
/// When the backup is damaged, keys are missing, or later entries are known and nobody accepted their loss.
pub fn restore(
    what: &Restore<'_>,
    at: Timestamp,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Restored, NodeError> {
    let backup = Folder::open(what.from)?;
    if !what.from.join(BACKUP).is_file() {
        let shown = what.from.display();
        return Err(NodeError::wrong(
            format!("{shown} 不是备份:其中没有 {BACKUP};备份由 kandeng backup 写出"),
            format!(
                "{shown} is no backup: there is no {BACKUP} in it; `kandeng backup` writes one"
            ),
        ));
    }
    let old = old_node(what)?;
    let beside = Beside::begin(what.to)?;
    for name in [CONFIG, PUBLIC, "kandeng.db"] {
        let to = beside.path().join(name);
        fs::copy(what.from.join(name), &to).map_err(NodeError::unwritten(&to))?;
    }
    let evidence = backup.evidence().copy_to(&beside.path().join("evidence"))?;
    let new = Folder::open(beside.path())?;
    keys(what, &backup, old.as_ref(), &new)?;
    if let Some(people) = what.people {
        new.key_backups()?.restore(people, &new.people(), at)?;
    }
    let trust = new.trust()?;
    let mut reader = SqliteReader::open(&new.database())?;
    let report = verify(&mut reader, &trust, &[], progress).map_err(|wrong| {
        let text = Text::new(
            format!("备份已损坏:第 {} 条:{}", wrong.position, wrong.fault),
            format!("the backup is damaged: {wrong}"),
        );
        NodeError::Wrong(text)
    })?;
    for (place, theirs) in newer(what, &backup, old.as_ref())? {
        continues(&mut reader, &theirs, &place)?;
    }
    drop(reader);
    let _ = (what.accept_loss, of_store);
    let lock = new.lock()?;
    let node = Node::open_locked(new, lock, Opening::default())?;
    let restored = look(&node, at, report.entries, evidence)?;
    node.close();
    beside.finish()?;
    Ok(restored)
}

/// The node whose keys are taken, when it is one that opens.
fn old_node(what: &Restore<'_>) -> Result<Option<Folder>, NodeError> {
    match what.keys {
        Some(keys) if keys.join(CONFIG).is_file() => Folder::open(keys).map(Some),
        Some(keys) if !keys.is_dir() => Err(NodeError::wrong(
            format!("找不到密钥文件夹 {}", keys.display()),
            format!("the folder of keys {} does not exist", keys.display()),
        )),
        _ => Ok(None),
    }
}

/// Keys of the new folder: from the folder that was named, or from the backup. People's keys only ever come from
/// an old node; without them what is sealed stays sealed.
fn keys(
    what: &Restore<'_>,
    backup: &Folder,
    old: Option<&Folder>,
    new: &Folder,
) -> Result<(), NodeError> {
    let keys = new.keys();
    fs::create_dir_all(&keys).map_err(NodeError::unwritten(&keys))?;
    match (old, what.keys) {
        (Some(old), _) => {
            copy_keys(old, new.path())?;
            copy_wrapping(&old.keys(), new)?;
            if what.people.is_none() && old.people().is_file() {
                copy_database(&old.people(), &new.people())?;
            }
        }
        (None, Some(folder)) => from_bare_folder(what, folder, new)?,
        (None, None) if backup.signing_path().is_file() => copy_keys(backup, new.path())?,
        (None, None) => {
            let shown = what.from.display();
            return Err(NodeError::wrong(
                format!("备份 {shown} 不含密钥;请用 --keys 指明旧节点或密钥副本所在的文件夹"),
                format!(
                    "there are no keys in the backup {shown}; name the old node's folder, or that of a copy of its keys, with --keys"
                ),
            ));
        }
    }
    Ok(())
}

/// A folder into which somebody put the key files, with or without `keys/` around them.
fn from_bare_folder(what: &Restore<'_>, folder: &Path, new: &Folder) -> Result<(), NodeError> {
    let master = new.config.master.file(Path::new(""));
    let mut wanted = vec![
        PathBuf::from("keys/signing.key"),
        PathBuf::from("keys/naming.key"),
    ];
    wanted.extend(master.filter(|path| path.is_relative()));
    for path in wanted {
        let name = path.file_name().unwrap_or_default();
        let from = [folder.join(&path), folder.join(name)]
            .into_iter()
            .find(|path| path.is_file())
            .unwrap_or_else(|| folder.join(name));
        let text = super::secrets::read_secret(&from)?;
        super::secrets::write_secret(&new.path().join(&path), text.trim_end())?;
    }
    copy_wrapping(&folder.join("keys"), new)?;
    copy_wrapping(folder, new)?;
    let people = folder.join("people.db");
    if what.people.is_none() && people.is_file() {
        copy_database(&people, &new.people())?;
    }
    Ok(())
}

/// The keys that backups of people's keys are wrapped by: without them no such backup opens.
fn copy_wrapping(keys: &Path, new: &Folder) -> Result<(), NodeError> {
    let from = keys.join("wrapping");
    if !from.is_dir() {
        return Ok(());
    }
    let to = new.keys().join("wrapping");
    // Made as a folder that nobody else lists.
    drop(new.key_backups()?);
    for entry in fs::read_dir(&from).map_err(NodeError::unread(&from))? {
        let from = entry.map_err(NodeError::unread(&from))?.path();
        let to = to.join(from.file_name().unwrap_or_default());
        if from.is_file() && !to.exists() {
            let text = super::secrets::read_secret(&from)?;
            super::secrets::write_secret(&to, text.trim_end())?;
        }
    }
    Ok(())
}

/// Later checkpoints that can be found, and where: in the second place, and in the node that the keys are of.
fn newer(
    what: &Restore<'_>,
    backup: &Folder,
    old: Option<&Folder>,
) -> Result<Vec<(String, Checkpoint)>, NodeError> {
    let mut found = Vec::new();
    let trust = backup.trust()?;
    if let Some(second) = &backup.config.second_place {
        let place = what.to.join(second);
        if let Some(theirs) = Published::new(&place).newest(&trust)? {
            found.push((place.display().to_string(), theirs));
        }
    }
    if let Some(old) = old {
        // An old node that is damaged or gone has no checkpoint to show: that is why it is restored.
        let theirs = SqliteReader::open(&old.database()).and_then(|mut old| old.checkpoint());
        if let Some(theirs) = theirs.ok().flatten()
            && trust.verify(&theirs.note).is_ok()
        {
            found.push((old.path().display().to_string(), theirs));
        }
    }
    Ok(found)
}

/// What is to be known of the node before it goes on.
fn look(node: &Node, at: Timestamp, entries: u64, evidence: usize) -> Result<Restored, NodeError> {
    let erased = node.platform.replay_erasures(&node.vault)?;
    let now = at.as_millisecond();
    let (running, due) = node.platform.query(|connection| {
        let count = |sql: &str| connection.query_row(sql, [now], |row| row.get::<_, i64>(0));
        Ok((
            count("select count(*) from deadlines where state = 'running' and ?1 is not null")?,
            count("select count(*) from deadlines where state = 'running' and due <= ?1")?,
        ))
    })?;
    Ok(Restored {
        entries,
        evidence,
        erased,
        sealed: sealed_for_good(&node.folder)?,
        running: running as u64,
        due: due as u64,
    })
}

/// Sealed values of people whose keys are not at hand.
fn sealed_for_good(folder: &Folder) -> Result<u64, NodeError> {
    let values = Connection::open(folder.database())?;
    values.execute("attach ?1 as people", [folder.people().to_string_lossy()])?;
    let count: i64 = values.query_row(
        "select count(*) from vault_values where person not in (select person from people.person_keys)",
        [],
        |row| row.get(0),
    )?;
    Ok(count as u64)
}
