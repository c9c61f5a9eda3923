//! Reading a ledger in a file, each reader with a connection of its own.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use uuid::Uuid;

use super::positions;
use crate::checkpoint::Checkpoint;
use crate::error::StoreError;
use crate::event::StreamName;
use crate::leaf::Leaf;
use crate::store::{Reader, Row8, Stored, leaf, parse_note};

/// Reads a ledger in a file, whether or not somebody is appending to it.
pub struct SqliteReader {
    connection: Connection,
}

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
        Ok(Self { connection })
    }
}

const ENTRY: &str = "select e.position, s.name, e.version, e.leaf, e.envelope, e.envelope_salt, \
     e.payload, e.payload_salt from ledger_entries e join ledger_streams s on s.id = e.stream";

impl Reader for SqliteReader {
    fn checkpoint(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        let found = self
            .connection
            .prepare_cached("select size, note from ledger_checkpoints order by size desc limit 1")?
            .query_row([], note)
            .optional()?;
        found
            .map(|(size, note)| parse_note(size, &note))
            .transpose()
    }

    fn checkpoints(&mut self, size: u64, limit: usize) -> Result<Vec<Checkpoint>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "select size, note from ledger_checkpoints where size >= ?1 order by size limit ?2",
        )?;
        let notes = select.query_map(params![size as i64, limit as i64], note)?;
        notes
            .map(|found| {
                let (size, note) = found?;
                parse_note(size, &note)
            })
            .collect()
    }

    fn cosigned(&mut self, size: u64, limit: usize) -> Result<Vec<Checkpoint>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "select size, note from ledger_cosigned where size >= ?1 order by size limit ?2",
        )?;
        let notes = select.query_map(params![size as i64, limit as i64], note)?;
        notes
            .map(|found| {
                let (size, note) = found?;
                parse_note(size, &note)
            })
            .collect()
    }

    fn newest_cosigned(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        let found = self
            .connection
            .prepare_cached("select size, note from ledger_cosigned order by size desc limit 1")?
            .query_row([], note)
            .optional()?;
        found
            .map(|(size, note)| parse_note(size, &note))
            .transpose()
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
        let sql = format!("{ENTRY} where e.position >= ?1 order by e.position limit ?2");
        let mut select = self.connection.prepare_cached(&sql)?;
        collect(select.query_map(params![position as i64, limit as i64], stored)?)
    }

    fn stream(
        &mut self,
        stream: &StreamName,
        version: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let sql = format!(
            "{ENTRY} where e.stream = (select id from ledger_streams where name = ?1) \
             and e.version >= ?2 order by e.version limit ?3"
        );
        let mut select = self.connection.prepare_cached(&sql)?;
        let found = params![stream.as_str(), version as i64, limit as i64];
        collect(select.query_map(found, stored)?)
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

fn stored(row: &Row<'_>) -> rusqlite::Result<Row8> {
    Ok(Row8 {
        position: row.get::<_, i64>(0)? as u64,
        stream: row.get(1)?,
        version: row.get::<_, i64>(2)? as u64,
        leaf: Leaf::from_bytes(row.get_ref(3)?.as_blob()?),
        envelope: row.get(4)?,
        envelope_salt: row.get(5)?,
        payload: row.get(6)?,
        payload_salt: row.get(7)?,
    })
}

fn collect(rows: impl Iterator<Item = rusqlite::Result<Row8>>) -> Result<Vec<Stored>, StoreError> {
    rows.map(|row| row?.stored()).collect()
}
