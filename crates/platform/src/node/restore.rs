//! Bringing a backup back, into a new folder that is there whole or not at all.
//!
//! Before anything is readable the copy is verified, everybody who was erased is erased again, and the ledger is
//! held against every later checkpoint that can be found.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kandeng_ledger::store::sqlite::{Sqlite, SqliteReader};
use kandeng_ledger::{
    Checkpoint, Decision, Folder as Published, Gap, OriginError, SigningKey, begin_origin,
    continues, next_origin, verify,
};
use uuid::Uuid;

use super::backup::{BACKUP, copy_database, copy_keys, copy_settings};
use super::config::{CONFIG, StoreAt, with_origin, with_second_place};
use super::folder::{Beside, Folder};
use super::init::prepare_second_place;
use super::secrets::write_secret;
use super::{Node, NodeError, Opening};
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
    /// Checkpoints of this ledger that somebody kept elsewhere.
    pub known: &'a [Checkpoint],
    /// Who decided that later entries are lost, where that is so.
    pub accept_loss: Option<Loss<'a>>,
}

/// A decision to do without entries that are known to have been there.
#[derive(Clone, Copy, Debug)]
pub struct Loss<'a> {
    /// The account that decided.
    pub by: Uuid,
    /// Why, for those who will ask. It stands in the ledger: no names.
    pub reason: &'a str,
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
    /// What is lost, and the new origin that says so.
    pub loss: Option<(Gap, String)>,
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
    copy_settings(&backup, beside.path())?;
    let to = beside.path().join("kandeng.db");
    fs::copy(backup.database(), &to).map_err(NodeError::unwritten(&to))?;
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
    let newer = newer(what, &backup, old.as_ref())?;
    let loss = match what.accept_loss {
        None => {
            for (place, theirs) in &newer {
                continues(&mut reader, theirs, place)?;
            }
            drop(reader);
            None
        }
        Some(loss) => {
            drop(reader);
            Some(begin(what, &new, &newer, loss, at)?)
        }
    };
    // Its settings may be those of a new origin by now.
    let new = Folder::open(beside.path())?;
    let lock = new.lock()?;
    let node = Node::open_locked(new, lock, Opening::default())?;
    let mut restored = look(&node, at, report.entries, evidence)?;
    restored.loss = loss;
    node.close();
    beside.finish()?;
    Ok(restored)
}

/// Begins the origin after that of the backup, in the place of its ledger: the first entry says what is lost and
/// who decided, the kept entries follow as they were. A crash within leaves nothing: the folder is not in its
/// place yet.
fn begin(
    what: &Restore<'_>,
    new: &Folder,
    newer: &[(String, Checkpoint)],
    loss: Loss<'_>,
    at: Timestamp,
) -> Result<(Gap, String), NodeError> {
    let trust = new.trust()?;
    let Some((_, known)) = newer.iter().max_by_key(|(_, known)| known.size) else {
        return Err(nothing_lost());
    };
    let origin = next_origin(trust.origin());
    let key = SigningKey::generate(&origin).map_err(|error| super::origin_error(&error))?;
    let kept = new.path().join("kept.db");
    fs::rename(new.database(), &kept).map_err(NodeError::unwritten(&kept))?;
    let gap = {
        let mut from = SqliteReader::open(&kept)?;
        let mut to = Sqlite::open(&new.database(), None)?;
        let decision = Decision {
            at,
            by: loss.by,
            jurisdiction: new.config.jurisdiction.clone(),
            reason: loss.reason.to_owned(),
        };
        begin_origin(
            &mut from,
            &trust.ledger,
            &known.note,
            &mut to,
            &key,
            &decision,
        )
        .map_err(|error| match error {
            OriginError::NothingLost { .. } => nothing_lost(),
            OriginError::Store(error) => NodeError::Store(error),
            other => NodeError::wrong(
                format!("不能另起新源:{other}"),
                format!("no new origin can be started: {other}"),
            ),
        })?
    };
    // Sealed personal values stand beside the ledger, and come along.
    crate::vault::values_between_files(&kept, &new.database())?;
    fs::remove_file(&kept).map_err(NodeError::unwritten(&kept))?;
    let signing = new.signing_path();
    fs::remove_file(&signing).map_err(NodeError::unwritten(&signing))?;
    write_secret(&signing, key.text())?;
    let public = new.public_path();
    fs::write(&public, format!("{}\n", key.verifier())).map_err(NodeError::unwritten(&public))?;
    let path = new.path().join(CONFIG);
    let text = fs::read_to_string(&path).map_err(NodeError::unread(&path))?;
    let mut text = with_origin(&text, &origin);
    if let Some(second) = &new.config.second_place {
        let second = second_after(second, &origin);
        prepare_second_place(&what.to.join(&second), &key)?;
        text = with_second_place(&text, &second);
    }
    fs::write(&path, text).map_err(NodeError::unwritten(&path))?;
    Ok((gap, origin))
}

/// Where the new origin is published: beside what the old one published, which stays. `ledger` is followed by
/// `ledger/2`, that by `ledger/3`.
fn second_after(second: &Path, origin: &str) -> PathBuf {
    let number = origin.rsplit('/').next().unwrap_or(origin);
    let is_numbered = second
        .file_name()
        .and_then(|name| name.to_str()?.parse::<u32>().ok())
        .is_some_and(|last| number.parse::<u32>().is_ok_and(|number| number == last + 1));
    match second.parent() {
        Some(parent) if is_numbered => parent.join(number),
        _ => second.join(number),
    }
}

fn nothing_lost() -> NodeError {
    NodeError::wrong(
        "没有已知的更新检查点,并未丢失任何条目;请去掉 --accept-loss",
        "no later checkpoint is known, so nothing is lost; leave out --accept-loss",
    )
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
            if what.people.is_none() {
                people_of(old, new)?;
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

/// People's keys as the old node has them, with the erased ones gone. Where it kept them on a server, that server
/// must answer: without it name a backup of people's keys, or leave the settings out of the folder of keys.
fn people_of(old: &Folder, new: &Folder) -> Result<(), NodeError> {
    if old.config.store != StoreAt::Sqlite {
        return Ok(old.vault(old.master()?)?.write_keys(&new.people())?);
    }
    if old.people().is_file() {
        copy_database(&old.people(), &new.people())?;
    }
    Ok(())
}

/// A folder into which somebody put the key files, with or without `keys/` around them.
fn from_bare_folder(what: &Restore<'_>, folder: &Path, new: &Folder) -> Result<(), NodeError> {
    for (path, needed) in new.key_files() {
        let name = path.file_name().unwrap_or_default();
        let from = [folder.join(&path), folder.join(name)]
            .into_iter()
            .find(|path| path.is_file());
        if from.is_none() && !needed {
            continue;
        }
        let from = from.unwrap_or_else(|| folder.join(name));
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
    let trust = backup.trust()?;
    let mut found = Vec::new();
    for known in what.known {
        let verified = trust.verify(&known.note).map_err(|error| {
            NodeError::wrong(
                format!("所给的检查点不是本账本的:{error}"),
                format!("the checkpoint that was given is not of this ledger: {error}"),
            )
        })?;
        found.push(("--checkpoint".to_owned(), verified.checkpoint));
    }
    if let Some(second) = &backup.config.second_place {
        let place = what.to.join(second);
        if let Some(theirs) = Published::new(&place).newest(&trust)? {
            found.push((place.display().to_string(), theirs));
        }
    }
    if let Some(old) = old {
        // An old node that is damaged or gone has no checkpoint to show: that is why it is restored.
        let theirs = old.reader().ok().and_then(|mut old| old.checkpoint().ok());
        if let Some(theirs) = theirs.flatten()
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
        sealed: node.vault.sealed_for_good()?,
        running: running as u64,
        due: due as u64,
        loss: None,
    })
}
