//! The embedded store: one SQLite file, in which the node's read model lives too, so that an event and
//! what it changes there are one transaction.
//!
//! WAL with `synchronous=FULL`: a commit is on disk when it returns.

mod heads;
mod read;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, Row, params};

use heads::Heads;
pub use read::SqliteReader;
use uuid::Uuid;

use super::{Batch, OpenReader, Standing, Store, Stored};
use crate::checkpoint::Checkpoint;
use crate::error::StoreError;
use crate::event::{Recorded, StreamName};
use crate::leaf::Part;

/// Tables of the ledger. Those of the read model are made by whoever projects into it.
const TABLES: &str = "
create table if not exists ledger_streams (
    id integer primary key,
    name text not null unique
) strict;
create table if not exists ledger_entries (
    position integer primary key,
    stream integer not null references ledger_streams (id),
    version integer not null,
    leaf blob not null,
    envelope blob,
    envelope_salt blob,
    payload blob,
    payload_salt blob
) strict;
create unique index if not exists ledger_entries_of_stream on ledger_entries (stream, version);
create table if not exists ledger_commands (
    id blob primary key,
    first integer not null,
    count integer not null
) strict, without rowid;
create table if not exists ledger_tiles (
    level integer not null,
    number integer not null,
    hashes blob not null,
    primary key (level, number)
) strict;
create table if not exists ledger_checkpoints (
    size integer primary key,
    note text not null
) strict;
create table if not exists ledger_cosigned (
    size integer primary key,
    note text not null
) strict;
";

/// Entries that are read at once for a read model that is made anew.
const RENEWED_AT_ONCE: usize = 2_048;

/// How long another connection's transaction is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What takes events into the read model, within the ledger's own transaction.
pub trait Projector: Send {
    /// Makes what is missing of the read model's tables.
    ///
    /// # Errors
    /// In the projection's words.
    fn prepare(&mut self, to: &Connection) -> Result<(), String>;

    /// Takes events in, in order, each exactly once.
    ///
    /// # Errors
    /// The position of the event that it cannot take, and why. The events' append fails then.
    fn project(&mut self, to: &Connection, events: &[&Recorded]) -> Result<(), (u64, String)>;

    /// Makes anew what was made of events of which something has just been erased. `page` gives the entries
    /// from a position on as they are now, a page at a time, nothing at the end.
    ///
    /// Whoever keeps nothing of what events say has nothing to do.
    ///
    /// # Errors
    /// As [`Projector::project`]: nothing is erased then.
    fn renew(
        &mut self,
        to: &Connection,
        page: &mut dyn FnMut(u64) -> Result<Vec<Recorded>, StoreError>,
    ) -> Result<(), (u64, String)> {
        let _ = (to, page);
        Ok(())
    }
}

/// A ledger in one file.
pub struct Sqlite {
    path: PathBuf,
    connection: Connection,
    projector: Option<Box<dyn Projector>>,
    heads: Heads,
    /// Whether the WAL may still hold what was erased.
    unwiped: bool,
}

/// A statement that is kept is planned once, and not again for each value that is put into it: SQLite would look
/// whether another plan were better, which costs more than most statements do.
///
/// # Errors
/// When the connection is of no use.
pub fn plan_once(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

impl Sqlite {
    /// Opens the ledger at `path`, made when it is not there.
    ///
    /// # Errors
    /// When the file cannot be opened or written.
    pub fn open(
        path: &Path,
        mut projector: Option<Box<dyn Projector>>,
    ) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "secure_delete", true)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -32_768)?;
        connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_prepared_statement_cache_capacity(256);
        plan_once(&connection)?;
        connection.execute_batch(TABLES)?;
        if let Some(projector) = &mut projector {
            projector
                .prepare(&connection)
                .map_err(|problem| StoreError::Projection {
                    position: 0,
                    problem,
                })?;
        }
        let mut store = Self {
            path: path.to_owned(),
            connection,
            projector,
            heads: Heads::default(),
            // A crash may have come between an erasure and its end.
            unwiped: true,
        };
        store.wipe();
        Ok(store)
    }

    /// Takes what was erased out of the WAL, where the pages before the erasure still stand. Whoever is reading
    /// at this moment is not waited for: then it is tried again after the next batch.
    fn wipe(&mut self) {
        if !self.unwiped {
            return;
        }
        let truncate = || -> rusqlite::Result<i64> {
            self.connection.busy_timeout(Duration::ZERO)?;
            self.connection
                .query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0))
        };
        self.unwiped = truncate() != Ok(0);
        // Fails for no connection that is open.
        let _ = self.connection.busy_timeout(PATIENCE);
    }

    fn insert(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let connection = &self.connection;
        let mut insert = connection.prepare_cached(
            "insert into ledger_entries (position, stream, version, leaf, envelope, envelope_salt, \
             payload, payload_salt) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        for entry in &batch.entries {
            let recorded = &entry.recorded;
            let stream = self
                .heads
                .append(connection, &recorded.stream, recorded.version)?;
            insert.execute(params![
                recorded.position as i64,
                stream,
                recorded.version as i64,
                &entry.leaf.0[..],
                &entry.envelope.bytes,
                &entry.envelope.salt[..],
                &entry.payload.bytes,
                &entry.payload.salt[..],
            ])?;
        }
        let mut done = connection
            .prepare_cached("insert into ledger_commands (id, first, count) values (?1, ?2, ?3)")?;
        for (id, first, count) in &batch.commands {
            done.execute(params![&id.as_bytes()[..], *first as i64, *count as i64])?;
        }
        let mut tile = connection.prepare_cached(
            "insert into ledger_tiles (level, number, hashes) values (?1, ?2, ?3)",
        )?;
        for full in &batch.tiles {
            tile.execute(params![full.level, full.index as i64, &full.hashes])?;
        }
        if let Some(checkpoint) = &batch.checkpoint {
            connection
                .prepare_cached("insert into ledger_checkpoints (size, note) values (?1, ?2)")?
                .execute(params![checkpoint.size as i64, &checkpoint.note])?;
        }
        for (position, part) in &batch.erasures {
            let sql = match part {
                Part::Envelope => {
                    "update ledger_entries set envelope = null, envelope_salt = null where position = ?1"
                }
                Part::Payload => {
                    "update ledger_entries set payload = null, payload_salt = null where position = ?1"
                }
            };
            connection
                .prepare_cached(sql)?
                .execute([*position as i64])?;
        }
        if let Some(projector) = &mut self.projector {
            let events: Vec<_> = batch.entries.iter().map(|entry| &entry.recorded).collect();
            let failed =
                |(position, problem): (u64, String)| StoreError::Projection { position, problem };
            projector.project(connection, &events).map_err(failed)?;
            // In the same transaction: what was erased is nowhere from the commit on.
            if !batch.erasures.is_empty() {
                let mut names = HashMap::new();
                let mut page = |position| {
                    let stored = read::entries(connection, &mut names, position, RENEWED_AT_ONCE)?;
                    stored.into_iter().map(Stored::recorded).collect()
                };
                projector.renew(connection, &mut page).map_err(failed)?;
            }
        }
        Ok(())
    }

    fn standing(
        &mut self,
        streams: &[StreamName],
        commands: &[Uuid],
    ) -> Result<Standing, StoreError> {
        let connection = &self.connection;
        let size: i64 = connection
            .prepare_cached("select coalesce(max(position) + 1, 0) from ledger_entries")?
            .query_row([], |row| row.get(0))?;
        let size = size as u64;
        let mut done =
            connection.prepare_cached("select first, count from ledger_commands where id = ?1")?;
        Ok(Standing {
            size,
            next: self.heads.next(connection, size, streams)?,
            done: commands
                .iter()
                .map(|id| done.query_row([&id.as_bytes()[..]], positions).optional())
                .collect::<Result<_, _>>()?,
            guessed: false,
        })
    }
}

impl Store for Sqlite {
    fn begin(&mut self, streams: &[StreamName], commands: &[Uuid]) -> Result<Standing, StoreError> {
        // A crash from here to the commit leaves nothing: the transaction is not in the file.
        self.connection
            .prepare_cached("begin immediate")?
            .execute([])?;
        let standing = self.standing(streams, commands);
        if standing.is_err() {
            self.rollback();
        }
        standing
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let result = self.insert(batch).and_then(|()| {
            // A crash within the commit leaves a WAL without its last, checksummed frame: the batch is
            // not there. After it the frame is synced: the batch is there, though nobody was told. A sync that
            // fails may leave a whole frame: the batch is gone for this process, which writes over it, and may be
            // there after a crash. Its writers were told that it failed and ask again with their id.
            self.connection
                .prepare_cached("commit")?
                .execute([])
                .map_err(StoreError::from)
        });
        match result {
            Ok(_) => {
                self.heads.kept(batch.entries.last());
                self.unwiped |= !batch.erasures.is_empty();
                self.wipe();
                Ok(())
            }
            Err(error) => {
                self.rollback();
                Err(error)
            }
        }
    }

    fn rollback(&mut self) {
        self.heads.forget();
        if !self.connection.is_autocommit() {
            // A rollback that fails leaves the transaction open, and the next `begin` says so.
            let _ = self.connection.execute_batch("rollback");
        }
    }

    fn keep_cosigned(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("insert or replace into ledger_cosigned (size, note) values (?1, ?2)")?
            .execute(params![checkpoint.size as i64, &checkpoint.note])?;
        Ok(())
    }

    fn opener(&self) -> OpenReader {
        let path = self.path.clone();
        Box::new(move || Ok(Box::new(SqliteReader::open(&path)?)))
    }
}

fn positions(row: &Row<'_>) -> rusqlite::Result<(u64, u64)> {
    let first: i64 = row.get(0)?;
    let count: i64 = row.get(1)?;
    Ok((first as u64, count as u64))
}
