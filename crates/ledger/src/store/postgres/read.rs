//! Reading a ledger in PostgreSQL, each reader with a connection of its own that comes back after a loss.

use std::collections::HashMap;
use std::sync::Arc;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};
use uuid::Uuid;

use super::address::Address;
use super::connection::{Mover, wait};
use super::{error, failed};
use crate::checkpoint::Checkpoint;
use crate::error::StoreError;
use crate::event::StreamName;
use crate::leaf::{Leaf, Salt};
use crate::store::{Reader, Row8, Stored, leaf, parse_note};

/// Reads a ledger, whether or not somebody is appending to it.
pub struct PostgresReader {
    address: Address,
    mover: Arc<Mover>,
    session: Option<Session>,
}

struct Session {
    client: Client,
    statements: HashMap<&'static str, Statement>,
}

impl PostgresReader {
    /// Connects to the ledger at `address`, for reading only.
    ///
    /// # Errors
    /// When the server cannot be reached or has no ledger.
    pub fn open(address: Address) -> Result<Self, StoreError> {
        let mut reader = Self::with(address, Mover::new()?);
        reader.checkpoint()?;
        Ok(reader)
    }

    pub(super) fn with(address: Address, mover: Arc<Mover>) -> Self {
        Self {
            address,
            mover,
            session: None,
        }
    }

    /// Asks; once more on a new connection when the old one is lost, which reading allows.
    fn rows(
        &mut self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        if let Some(session) = &mut self.session {
            match session.rows(sql, parameters) {
                Err(_) if session.client.is_closed() => self.session = None,
                answer => return answer,
            }
        }
        let client = self.mover.connect(&self.address, None)?;
        wait(client.batch_execute("set default_transaction_read_only = on")).map_err(error)?;
        self.session
            .insert(Session {
                client,
                statements: HashMap::new(),
            })
            .rows(sql, parameters)
    }

    fn note(&mut self, sql: &'static str) -> Result<Option<Checkpoint>, StoreError> {
        let rows = self.rows(sql, &[])?;
        rows.first().map(noted).transpose()
    }

    fn notes(
        &mut self,
        sql: &'static str,
        size: u64,
        limit: usize,
    ) -> Result<Vec<Checkpoint>, StoreError> {
        let rows = self.rows(sql, &[&(size as i64), &(limit as i64)])?;
        rows.iter().map(noted).collect()
    }
}

impl Session {
    fn rows(
        &mut self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let statement = match self.statements.get(sql) {
            Some(statement) => statement,
            None => {
                let statement = wait(self.client.prepare(sql)).map_err(error)?;
                self.statements.entry(sql).or_insert(statement)
            }
        };
        wait(self.client.query(statement, parameters)).map_err(error)
    }
}

const ENTRIES: &str = "select position, stream, version, leaf, envelope, envelope_salt, payload, \
     payload_salt from ledger_entries where position >= $1 order by position limit $2";
const STREAM: &str = "select position, stream, version, leaf, envelope, envelope_salt, payload, \
     payload_salt from ledger_entries where stream = $1 and version >= $2 order by version limit $3";

impl Reader for PostgresReader {
    fn checkpoint(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        self.note("select size, note from ledger_checkpoints order by size desc limit 1")
    }

    fn checkpoints(&mut self, size: u64, limit: usize) -> Result<Vec<Checkpoint>, StoreError> {
        const SQL: &str =
            "select size, note from ledger_checkpoints where size >= $1 order by size limit $2";
        self.notes(SQL, size, limit)
    }

    fn cosigned(&mut self, size: u64, limit: usize) -> Result<Vec<Checkpoint>, StoreError> {
        const SQL: &str =
            "select size, note from ledger_cosigned where size >= $1 order by size limit $2";
        self.notes(SQL, size, limit)
    }

    fn newest_cosigned(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        self.note("select size, note from ledger_cosigned order by size desc limit 1")
    }

    fn entries(&mut self, position: u64, limit: usize) -> Result<Vec<Stored>, StoreError> {
        let rows = self.rows(ENTRIES, &[&(position as i64), &(limit as i64)])?;
        rows.iter().map(stored).collect()
    }

    fn stream(
        &mut self,
        stream: &StreamName,
        version: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let (version, limit) = (version as i64, limit as i64);
        let rows = self.rows(STREAM, &[&stream.as_str(), &version, &limit])?;
        rows.iter().map(stored).collect()
    }

    fn leaves(&mut self, position: u64, limit: usize) -> Result<Vec<Leaf>, StoreError> {
        const SQL: &str = "select position, leaf from ledger_entries where position >= $1 \
             order by position limit $2";
        let rows = self.rows(SQL, &[&(position as i64), &(limit as i64)])?;
        rows.iter()
            .map(|row| leaf(row.get::<_, i64>(0) as u64, row.get(1)))
            .collect()
    }

    fn tile(&mut self, level: u8, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        const SQL: &str = "select hashes from ledger_tiles where level = $1 and number = $2";
        let rows = self.rows(SQL, &[&i16::from(level), &(number as i64)])?;
        Ok(rows.first().map(|row| row.get(0)))
    }

    fn command(&mut self, id: Uuid) -> Result<Option<(u64, u64)>, StoreError> {
        const SQL: &str = "select first, count from ledger_commands where id = $1::text::uuid";
        let rows = self.rows(SQL, &[&id.to_string()])?;
        Ok(rows.first().map(|row| {
            let (first, count): (i64, i64) = (row.get(0), row.get(1));
            (first as u64, count as u64)
        }))
    }

    fn commands(
        &mut self,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<(Uuid, u64, u64)>, StoreError> {
        const FIRST: &str = "select id::text, first, count from ledger_commands order by ledger_commands.id limit $1";
        const NEXT: &str = "select id::text, first, count from ledger_commands \
             where ledger_commands.id > $1::text::uuid order by ledger_commands.id limit $2";
        let limit = limit as i64;
        let rows = match after {
            None => self.rows(FIRST, &[&limit])?,
            Some(after) => self.rows(NEXT, &[&after.to_string(), &limit])?,
        };
        rows.iter()
            .map(|row| {
                let (first, count): (i64, i64) = (row.get(1), row.get(2));
                let id = Uuid::parse_str(row.get(0)).map_err(|error| failed(error.to_string()))?;
                Ok((id, first as u64, count as u64))
            })
            .collect()
    }
}

fn noted(row: &Row) -> Result<Checkpoint, StoreError> {
    parse_note(row.get::<_, i64>(0) as u64, row.get(1))
}

fn stored(row: &Row) -> Result<Stored, StoreError> {
    let salt = |column: usize| -> Option<Salt> {
        row.get::<_, Option<&[u8]>>(column)
            .and_then(|salt| salt.try_into().ok())
    };
    Row8 {
        position: row.get::<_, i64>(0) as u64,
        stream: row.get(1),
        version: row.get::<_, i64>(2) as u64,
        leaf: Leaf::from_bytes(row.get(3)),
        envelope: row.get(4),
        envelope_salt: salt(5),
        payload: row.get(6),
        payload_salt: salt(7),
    }
    .stored()
}
