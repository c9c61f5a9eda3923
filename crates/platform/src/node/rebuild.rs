//! Making the read model anew: in a file beside, from the first event on, and swapped in one transaction.
//!
//! Ledger and read model share a file, so the new tables cannot be renamed into place as a file. They are filled
//! in a file of their own without any care for crashes, and copied in one transaction of the node's file, which
//! is on disk whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{Folder, Lock, NodeError};
use crate::read_model::{ReadModel, Tables};

/// What was made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Events taken in.
    pub events: u64,
    /// Tables filled.
    pub tables: usize,
}

/// Makes the read model of the node anew. Whoever is killed within leaves the old one as it was.
///
/// `tables` are the scenes'; `progress` is told the events done and their number, and says whether to go on.
///
/// # Errors
/// [`NodeError::InUse`] when somebody writes to the node, or what the ledger or a projection says.
pub fn rebuild(
    folder: &Folder,
    _lock: &Lock,
    tables: Vec<Box<dyn Tables>>,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Rebuilt, NodeError> {
    let mut parts = crate::platform::shared_tables();
    parts.extend(tables);
    let read_model = ReadModel::new(parts);
    let beside = folder.path().join("rebuild.db");
    // One that was killed leaves it; it holds nothing that anybody waits for.
    remove(&beside)?;
    let made = make(folder, &read_model, &beside, progress).and_then(|events| {
        swap(folder, &read_model, &beside).map(|tables| Rebuilt { events, tables })
    });
    remove(&beside)?;
    made
}

/// Fills the tables in a file beside. A crash leaves that file and nothing else.
fn make(
    folder: &Folder,
    read_model: &ReadModel,
    beside: &Path,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<u64, NodeError> {
    let mut reader = folder.reader()?;
    let newest = reader.checkpoint()?;
    let total = newest.map_or(0, |checkpoint| checkpoint.size);
    let mut to = Connection::open(beside)?;
    to.pragma_update(None, "journal_mode", "off")?;
    to.pragma_update(None, "synchronous", "off")?;
    to.pragma_update(None, "cache_size", -65_536)?;
    let transaction = to.transaction()?;
    read_model.clear(&transaction)?;
    transaction.commit()?;
    let filled = read_model.fill(reader, &mut to, &mut |done| progress(done, total))?;
    match filled {
        Some(position) if progress(position, total) => Ok(position),
        _ => Err(NodeError::Stopped),
    }
}

/// Puts the new tables in the place of the old ones, in one transaction of the node's own file; the other file
/// is only read.
fn swap(folder: &Folder, read_model: &ReadModel, beside: &Path) -> Result<usize, NodeError> {
    let mut to = Connection::open(folder.database())?;
    to.busy_timeout(std::time::Duration::from_secs(10))?;
    to.pragma_update(None, "synchronous", "full")?;
    to.pragma_update(None, "cache_size", -65_536)?;
    to.execute("attach ?1 as beside", [beside.to_string_lossy()])?;
    let transaction = to.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // A crash from here to the commit leaves the old tables: nothing of the transaction is in the file.
    read_model.clear(&transaction)?;
    let indexes = without_indexes(&transaction, read_model)?;
    let names: Vec<_> = read_model.tables().collect();
    for table in &names {
        // `read_model` itself was filled by `clear`.
        transaction.execute_batch(&format!(
            "delete from main.\"{table}\"; insert into main.\"{table}\" select * from beside.\"{table}\""
        ))?;
    }
    for index in indexes {
        transaction.execute_batch(&index)?;
    }
    transaction.commit()?;
    // A crash here leaves the new tables, and the file beside for the next start to remove.
    to.execute_batch("detach beside")?;
    Ok(names.len() - 1)
}

/// Drops the indexes of the tables, which are quicker made when the tables are full, and gives what makes them.
fn without_indexes(
    to: &Connection,
    read_model: &ReadModel,
) -> Result<Vec<String>, rusqlite::Error> {
    let mut made = Vec::new();
    for table in read_model.tables() {
        // Those that a primary key or `unique` brings have no statement, and stay.
        let indexes: Vec<(String, String)> = to
            .prepare_cached(
                "select name, sql from main.sqlite_schema where type = 'index' and sql is not null \
                 and tbl_name = ?1",
            )?
            .query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (name, sql) in indexes {
            to.execute_batch(&format!("drop index main.\"{name}\""))?;
            made.push(sql);
        }
    }
    Ok(made)
}

/// Removes a database and what SQLite keeps beside it.
fn remove(database: &Path) -> Result<(), NodeError> {
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut path = database.as_os_str().to_owned();
        path.push(end);
        let path = PathBuf::from(path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(NodeError::unwritten(&path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}
