//! Moving a node's ledger and its vault from its own files to PostgreSQL. The settings are changed last: until then
//! the node runs as before, and a move that was broken off goes on where it stopped.

use std::io::Write as _;
use std::path::Path;

use kandeng_ledger::store::Store as _;
use kandeng_ledger::store::postgres::Postgres;
use kandeng_ledger::verify;
use rusqlite::Connection;

use super::config::{CONFIG, Config, StoreAt, with_store};
use super::copy::{Copied, copy};
use super::{Folder, Lock, NodeError};
use crate::vault::{MasterKey, Vault};

/// Tables of a ledger in SQLite.
const OLD: [&str; 6] = [
    "ledger_cosigned",
    "ledger_checkpoints",
    "ledger_tiles",
    "ledger_commands",
    "ledger_entries",
    "ledger_streams",
];

/// Moves the ledger to `store`, which is PostgreSQL. `progress` is told the entries done and their number, and
/// says whether to go on.
///
/// # Errors
/// When the database cannot be reached or holds another ledger, or the copy is not what was copied; then the
/// node is as before.
pub fn migrate(
    folder: &Folder,
    _lock: &Lock,
    store: &StoreAt,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Copied, NodeError> {
    if folder.config.store != StoreAt::Sqlite {
        return Err(NodeError::wrong(
            format!("{CONFIG} 说账本已在 PostgreSQL"),
            format!("{CONFIG} says that the ledger is in PostgreSQL already"),
        ));
    }
    let trust = folder.trust()?;
    let mut from = folder.reader()?;
    folder.check_second_place()?;
    let mut to = Postgres::open(folder.address(store)?)?;
    let copied = copy(from.as_mut(), &mut to, progress)?;
    let newest = from.checkpoint()?;
    let mut there = to.opener()()?;
    // As if nobody had copied it: every leaf, the tree, every checkpoint, from what is there now.
    let kept: Vec<_> = newest.clone().into_iter().collect();
    let report = verify(there.as_mut(), &trust, &kept, &mut |_, _| {}).map_err(|wrong| {
        NodeError::wrong(
            format!("复制后的账本不对:第 {} 条:{}", wrong.position, wrong.fault),
            format!("the copied ledger is wrong: {wrong}"),
        )
    })?;
    if there.checkpoint()? != newest || report.checkpoints != copied.checkpoints {
        return Err(NodeError::wrong(
            "复制后的账本与原账本的检查点不同",
            "the copied ledger has other checkpoints than the original",
        ));
    }
    let master = folder.master()?;
    let [keys, values] = folder.addresses(store)?;
    let vault = Vault::open_shared(keys, values, master.clone())?;
    vault.take_from(&Vault::open(
        &folder.people(),
        &folder.database(),
        master.clone(),
    )?)?;
    settle(folder.path(), store)?;
    // A crash here leaves the old ledger and the old vault in their files, where nobody reads them; the next
    // start forgets them.
    forget_old_ledger(&folder.database())?;
    carry_vault(folder, &vault, master)?;
    Ok(copied)
}

/// Takes what a vault in the node's files holds into the one that all nodes share, and takes it out of the files:
/// whoever is erased from now on is erased there, and must not stand here still.
pub(super) fn carry_vault(
    folder: &Folder,
    shared: &Vault,
    master: MasterKey,
) -> Result<(), NodeError> {
    let (people, database) = (folder.people(), folder.database());
    if crate::vault::is_in_files(&people, &database)? {
        shared.take_from(&Vault::open(&people, &database, master)?)?;
        crate::vault::forget_files(&people, &database)?;
    }
    Ok(())
}

/// Changes where the ledger is in the settings.
pub(super) fn settle(folder: &Path, store: &StoreAt) -> Result<(), NodeError> {
    change_settings(folder, |text| with_store(text, store))
}

/// Writes the settings beside and renames them: the old ones or the new ones are there. What cannot be read again
/// is not written.
pub(super) fn change_settings(
    folder: &Path,
    change: impl Fn(&str) -> String,
) -> Result<(), NodeError> {
    let path = folder.join(CONFIG);
    let text = std::fs::read_to_string(&path).map_err(NodeError::unread(&path))?;
    let text = change(&text);
    Config::parse(&text, &path)?;
    let write = || -> std::io::Result<()> {
        let mut beside = tempfile::NamedTempFile::new_in(folder)?;
        beside.write_all(text.as_bytes())?;
        beside.as_file().sync_all()?;
        beside.persist(&path).map_err(|error| error.error)?;
        std::fs::File::open(folder)?.sync_all()
    };
    write().map_err(NodeError::unwritten(&path))
}

/// Takes a ledger that was moved away out of the node's file, overwritten: what is erased from now on is erased
/// in PostgreSQL, and must not stand here still.
pub(super) fn forget_old_ledger(database: &Path) -> Result<(), NodeError> {
    let connection = Connection::open(database)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    let there: bool = connection.query_row(
        "select exists (select 1 from sqlite_schema where name = 'ledger_entries')",
        [],
        |row| row.get(0),
    )?;
    if !there {
        return Ok(());
    }
    connection.pragma_update(None, "secure_delete", true)?;
    let drops: String = OLD
        .iter()
        .map(|table| format!("drop table if exists {table};"))
        .collect();
    connection.execute_batch(&format!("begin immediate; {drops} commit;"))?;
    connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
    Ok(())
}
