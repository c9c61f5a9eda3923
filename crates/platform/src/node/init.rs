//! Making a node's folder: settings, keys, empty databases. It is there whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use kandeng_ledger::SigningKey;
use kandeng_ledger::store::sqlite::Sqlite;

use super::config::{CONFIG, Config, Secret};
use super::folder::{Beside, Folder, PUBLIC};
use super::secrets::write_secret;
use super::{NodeError, origin_error};
use crate::hex::hex;
use crate::vault::{MasterKey, Vault, VaultError};

/// Makes the folder of a new node. Nothing is written when anything is wrong.
///
/// # Errors
/// When the folder is there and not empty, the origin is no name, or a file cannot be written.
pub fn init(place: &Path, config: &Config) -> Result<Folder, NodeError> {
    let signing = SigningKey::generate(&config.origin).map_err(|error| origin_error(&error))?;
    check_jurisdiction(&config.jurisdiction)?;
    let second = second_place(place, config)?;
    let beside = Beside::begin(place)?;
    fill(beside.path(), config, &signing)?;
    if let Some(second) = &second {
        // A crash from here to the end leaves a second place that waits for a ledger of that key, which is
        // lost: the next attempt says so. It comes first, so that no ledger is without its second place.
        prepare_second_place(second, &signing)?;
    }
    beside.finish()?;
    Folder::open(place)
}

fn fill(folder: &Path, config: &Config, signing: &SigningKey) -> Result<(), NodeError> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(NodeError::unwritten(&path))
    };
    write(CONFIG, &config.text())?;
    write(PUBLIC, &format!("{}\n", signing.verifier()))?;
    let new = Folder::open(folder)?;
    for folder in [new.keys(), folder.join("evidence"), folder.join("channels")] {
        fs::create_dir(&folder).map_err(NodeError::unwritten(&folder))?;
        only_for_the_owner(&folder)?;
    }
    write_secret(&new.signing_path(), signing.text())?;
    for path in [new.naming_path(), new.county_path()] {
        write_secret(&path, &hex(&crate::vault::random_key()?))?;
    }
    let master = match &config.master {
        Secret::File(path) => {
            let master = MasterKey::generate()?;
            master.write(&folder.join(path))?;
            master
        }
        Secret::Variable(_) => MasterKey::parse(&config.master.read(folder)?)?,
    };
    drop(Sqlite::open(&new.database(), None)?);
    drop(Vault::open(&new.people(), &new.database(), master)?);
    Ok(())
}

/// The key by which whoever starts the node knows that the second place is there and is the right one: an empty
/// mount point is not.
pub(super) fn prepare_second_place(second: &Path, signing: &SigningKey) -> Result<(), NodeError> {
    fs::create_dir_all(second).map_err(NodeError::unwritten(second))?;
    let path = second.join(PUBLIC);
    match fs::read_to_string(&path) {
        Ok(text) if text.trim() == signing.verifier() => Ok(()),
        Ok(text) => {
            let theirs = text.split('+').next().unwrap_or_default().to_owned();
            let shown = second.display();
            Err(NodeError::wrong(
                format!("{shown} 已是账本 {theirs} 的第二处;请另指定一个文件夹"),
                format!(
                    "{shown} is the second place of the ledger {theirs} already; name another folder"
                ),
            ))
        }
        Err(_) => fs::write(&path, format!("{}\n", signing.verifier()))
            .map_err(NodeError::unwritten(&path)),
    }
}

fn second_place(place: &Path, config: &Config) -> Result<Option<PathBuf>, NodeError> {
    let Some(second) = &config.second_place else {
        return Ok(None);
    };
    let second = place.join(second);
    let absolute = |path: &Path| std::path::absolute(path).map_err(NodeError::unread(path));
    if absolute(&second)?.starts_with(absolute(place)?) {
        return Err(NodeError::wrong(
            format!(
                "第二处 {} 在节点文件夹之内;应放在别的磁盘或别的机器上",
                second.display()
            ),
            format!(
                "the second place {} is within the node's own folder; it belongs onto another disk or machine",
                second.display()
            ),
        ));
    }
    Ok(Some(second))
}

fn check_jurisdiction(code: &str) -> Result<(), NodeError> {
    if matches!(code.len(), 6 | 9 | 12) && code.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(());
    }
    Err(NodeError::wrong(
        format!("“{code}”不是行政区划代码;应为 6、9 或 12 位数字"),
        format!("{code:?} is no division code; it has 6, 9 or 12 digits"),
    ))
}

/// Nobody else lists what is in there.
fn only_for_the_owner(folder: &Path) -> Result<(), NodeError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .map_err(NodeError::unwritten(folder))?;
    }
    Ok(())
}

impl From<getrandom::Error> for NodeError {
    fn from(error: getrandom::Error) -> Self {
        VaultError::Randomness(error.to_string()).into()
    }
}
