//! Reading a ledger in a file, each reader with a connection of its own.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use uuid::Uuid;

use super::positions;
use crate::checkpoint::Checkpoint;
use crate::error::StoreError;
use crate::event::StreamName;
use crate::leaf::{Leaf, Opened, Salt};
use crate::store::{Reader, Stored, leaf, parse_note};

/// Reads a ledger in a file, whether or not somebody is appending to it.
pub struct SqliteReader {
    connection: Connection,
    /// Names of streams by their rows, which never change once they are there.
    names: HashMap<i64, StreamName>,
}

/// The most names that are remembered: some megabytes.
const MOST: usize = 16_384;

impl SqliteReader {
    /// Opens the file for reading only.
    ///
    /// # Errors
    /// When there is no ledger.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        super::plan_once(&connection)?;
        Ok(Self {
            connection,
            names: HashMap::new(),
        })
    }
}

const ENTRY: &str = "select position, stream, version, leaf, envelope, envelope_salt, payload, payload_salt \
     from ledger_entries";

/// The name of the stream in that row.
fn name_of(
    connection: &Connection,
    names: &mut HashMap<i64, StreamName>,
    row: i64,
    position: u64,
) -> Result<StreamName, StoreError> {
    if let Some(name) = names.get(&row) {
        return Ok(name.clone());
    }
    let damaged = |problem: String| StoreError::damaged(position, problem);
    let name: Option<String> = connection
        .prepare_cached("select name from ledger_streams where id = ?1")?
        .query_row([row], |row| row.get(0))
        .optional()?;
    let name: StreamName = name
        .ok_or_else(|| damaged("its stream has no name".to_owned()))?
        .parse()
        .map_err(|error: crate::EventError| damaged(error.to_string()))?;
    if names.len() >= MOST {
        names.clear();
    }
    names.insert(row, name.clone());
    Ok(name)
}

/// Entries from `position` on, as the connection's transaction has them.
pub(super) fn entries(
    connection: &Connection,
    names: &mut HashMap<i64, StreamName>,
    position: u64,
    limit: usize,
) -> Result<Vec<Stored>, StoreError> {
    let sql = format!("{ENTRY} where position >= ?1 order by position limit ?2");
    let mut select = connection.prepare_cached(&sql)?;
    let mut rows = select.query(params![position as i64, limit as i64])?;
    let mut all = Vec::with_capacity(limit.min(4_096));
    while let Some(row) = rows.next()? {
        let position = row.get::<_, i64>(0)? as u64;
        let name = name_of(connection, names, row.get(1)?, position)?;
        all.push(stored(row, name)?);
    }
    Ok(all)
}

impl SqliteReader {
    fn newest_note(&self, sql: &str) -> Result<Option<Checkpoint>, StoreError> {
        let mut select = self.connection.prepare_cached(sql)?;
        let found = select.query_row([], note).optional()?;
        found
            .map(|(size, note)| parse_note(size, &note))
            .transpose()
    }

    fn notes(&self, sql: &str, size: u64, limit: usize) -> Result<Vec<Checkpoint>, StoreError> {
        let mut select = self.connection.prepare_cached(sql)?;
        let notes = select.query_map(params![size as i64, limit as i64], note)?;
        notes
            .map(|found| {
                let (size, note) = found?;
                parse_note(size, &note)
            })
            .collect()
    }
}

impl Reader for SqliteReader {
    fn checkpoint(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        self.newest_note("select size, note from ledger_checkpoints order by size desc limit 1")
    }

    fn checkpoints(&mut self, size: u64, limit: usize) -> Result<Vec<Checkpoint>, StoreError> {
        const SQL: &str =
            "select size, note from ledger_checkpoints where size >= ?1 order by size limit ?2";
        self.notes(SQL, size, limit)
    }

    fn cosigned(&mut self, size: u64, limit: usize) -> Result<Vec<Checkpoint>, StoreError> {
        const SQL: &str =
            "select size, note from ledger_cosigned where size >= ?1 order by size limit ?2";
        self.notes(SQL, size, limit)
    }

    fn newest_cosigned(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        self.newest_note("select size, note from ledger_cosigned order by size desc limit 1")
    }

    fn commands(
        &mut self,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<(Uuid, u64, u64)>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "select id, first, count from ledger_commands where id > ?1 order by id limit ?2",
        )?;
        // Before every id comes the empty one.
        let after = after.map_or(Vec::new(), |id| id.as_bytes().to_vec());
        let rows = select.query_map(params![after, limit as i64], |row| {
            let id: [u8; 16] = row.get(0)?;
            let (first, count): (i64, i64) = (row.get(1)?, row.get(2)?);
            Ok((Uuid::from_bytes(id), first as u64, count as u64))
        })?;
        rows.map(|row| row.map_err(StoreError::from)).collect()
    }

    fn entries(&mut self, position: u64, limit: usize) -> Result<Vec<Stored>, StoreError> {
        entries(&self.connection, &mut self.names, position, limit)
    }

    fn stream(
        &mut self,
        stream: &StreamName,
        version: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let sql = format!(
            "{ENTRY} where stream = (select id from ledger_streams where name = ?1) \
             and version >= ?2 order by version limit ?3"
        );
        let mut select = self.connection.prepare_cached(&sql)?;
        let mut rows = select.query(params![stream.as_str(), version as i64, limit as i64])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(stored(row, stream.clone())?);
        }
        Ok(all)
    }

    fn leaves(&mut self, position: u64, limit: usize) -> Result<Vec<Leaf>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "select position, leaf from ledger_entries where position >= ?1 order by position limit ?2",
        )?;
        let rows = select.query_map(params![position as i64, limit as i64], |row| {
            Ok((row.get::<_, i64>(0)? as u64, row.get::<_, Vec<u8>>(1)?))
        })?;
        rows.map(|row| {
            let (position, bytes) = row?;
            leaf(position, &bytes)
        })
        .collect()
    }

    fn tile(&mut self, level: u8, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("select hashes from ledger_tiles where level = ?1 and number = ?2")?
            .query_row(params![level, number as i64], |row| row.get(0))
            .optional()?)
    }

    fn command(&mut self, id: Uuid) -> Result<Option<(u64, u64)>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("select first, count from ledger_commands where id = ?1")?
            .query_row([&id.as_bytes()[..]], positions)
            .optional()?)
    }
}

fn note(row: &Row<'_>) -> rusqlite::Result<(u64, String)> {
    Ok((row.get::<_, i64>(0)? as u64, row.get(1)?))
}

fn stored(row: &Row<'_>, stream: StreamName) -> Result<Stored, StoreError> {
    let position = row.get::<_, i64>(0)? as u64;
    let opened = |bytes: usize| -> rusqlite::Result<Option<Opened>> {
        let (bytes, salt): (Option<Vec<u8>>, Option<Salt>) = (row.get(bytes)?, row.get(bytes + 1)?);
        Ok(bytes.zip(salt).map(|(bytes, salt)| Opened { bytes, salt }))
    };
    Ok(Stored {
        position,
        stream,
        version: row.get::<_, i64>(2)? as u64,
        leaf: leaf(
            position,
            row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?,
        )?,
        envelope: opened(4)?,
        payload: opened(6)?,
    })
}
