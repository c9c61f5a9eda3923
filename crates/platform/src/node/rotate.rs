//! Another master key: every person's key is wrapped by it, then the settings name it. Whoever was erased before
//! and whose wrapped key still stands somewhere, in a copy of the disk or a server's log, is gone for good once
//! the old master key is destroyed.

use std::path::Path;

use super::config::{Secret, with_master};
use super::migrate::change_settings;
use super::{Folder, Lock, NodeError};
use crate::vault::{MasterKey, VaultError};

/// What became of a master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// People whose keys are wrapped by the new master key.
    pub keys: usize,
    /// The id of the old master key.
    pub old: String,
    /// Where the old one still is: it is to be destroyed there.
    pub was: Secret,
    /// The id of the new one.
    pub new: String,
    /// Whether the new one was made, and not found in its file.
    pub made: bool,
}

/// Wraps all of people's keys by the master key in the file `new`, which is made when it is not there, and names it
/// in the settings. Where the old one came from a variable the settings go on to name that. With several nodes on
/// one vault it is done on one, and on each of the others by the same file: there only the settings are left to
/// change.
///
/// # Errors
/// When the new key is the old one, or cannot be read or written; then everything is as before. Whoever was
/// interrupted does the same again.
pub fn rotate(folder: &Folder, _lock: &Lock, new: &Path) -> Result<Rotated, NodeError> {
    let old = folder.master()?;
    let made = !new.exists();
    let key = if made {
        let key = MasterKey::generate()?;
        key.write(new)?;
        key
    } else {
        MasterKey::read(new)?
    };
    if key.id() == old.id() {
        let shown = new.display();
        return Err(NodeError::wrong(
            format!("{shown} 就是现用的主密钥 {};请另给一个文件", old.id()),
            format!(
                "{shown} is the master key in use, {}; name another file",
                old.id()
            ),
        ));
    }
    let vault = match folder.vault(old.clone()) {
        // Another node was first, or this one was interrupted below.
        Err(NodeError::Vault(VaultError::WrongMaster { theirs, .. })) if theirs == key.id() => {
            folder.vault(key.clone())?
        }
        vault => vault?,
    };
    let keys = vault.rotate(key.clone())?;
    // A crash here leaves keys that only the new master key opens, and settings that name the old one: the next
    // start says which key it needs, and the same command again goes on here.
    if let Secret::File(_) = folder.config.master {
        let absolute = |path: &Path| std::path::absolute(path).map_err(NodeError::unread(path));
        let (new, home) = (absolute(new)?, absolute(folder.path())?);
        // Within the folder it is named as the folder's own, wherever that is moved to.
        let place = new.strip_prefix(&home).unwrap_or(&new);
        change_settings(folder.path(), |text| with_master(text, place))?;
    }
    Ok(Rotated {
        keys,
        old: old.id().to_owned(),
        was: folder.config.master.clone(),
        new: key.id().to_owned(),
        made,
    })
}
