//! The store for several nodes: PostgreSQL. Each node keeps a read model of its own elsewhere.
//!
//! One row is locked for every append, so that positions have no gaps and each batch sees what the last one
//! left. A batch is one statement; it and its commit travel together.

mod address;
mod connection;
mod read;
mod tables;
mod watch;

use std::sync::Arc;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

pub use address::Address;
pub use read::PostgresReader;

use super::{Batch, OpenReader, Standing, Store, Watch};
use crate::checkpoint::Checkpoint;
use crate::error::StoreError;
use crate::event::StreamName;
use crate::leaf::Part;
use connection::{Mover, wait};

/// How this store is called in errors.
const NAME: &str = "PostgreSQL";

/// A ledger in the current schema of a PostgreSQL database.
pub struct Postgres {
    address: Address,
    mover: Arc<Mover>,
    session: Option<Session>,
}

/// A connection that appends.
struct Session {
    client: Client,
    lock: Statement,
    next: Statement,
    done: Statement,
    insert: Statement,
    /// Whether a transaction may be open.
    open: bool,
}

impl Postgres {
    /// Connects to the ledger at `address`, whose tables are made when they are not there.
    ///
    /// # Errors
    /// When the server cannot be reached or does not sync to disk.
    pub fn open(address: Address) -> Result<Self, StoreError> {
        let mover = Mover::new()?;
        let mut store = Self {
            address,
            mover,
            session: None,
        };
        let client = store.mover.connect(&store.address, None)?;
        wait(tables::make(&client))?;
        store.session = Some(Session::new(client)?);
        Ok(store)
    }

    /// The session, a new one when the last was lost.
    fn session(&mut self) -> Result<&mut Session, StoreError> {
        let lost = self
            .session
            .as_ref()
            .is_none_or(|session| session.client.is_closed());
        if lost {
            let client = self.mover.connect(&self.address, None)?;
            self.session = Some(Session::new(client)?);
        }
        // Cannot be nothing: it was set above.
        self.session.as_mut().ok_or_else(|| failed("closed"))
    }
}

impl Session {
    fn new(client: Client) -> Result<Self, StoreError> {
        let prepare = |sql| wait(client.prepare(sql)).map_err(error);
        Ok(Self {
            lock: prepare(tables::LOCK)?,
            next: prepare(tables::NEXT)?,
            done: prepare(tables::DONE)?,
            insert: prepare(tables::INSERT)?,
            open: false,
            client,
        })
    }

    fn begin(&mut self, streams: &[StreamName], commands: &[Uuid]) -> Result<Standing, StoreError> {
        let streams: Vec<&str> = streams.iter().map(StreamName::as_str).collect();
        let commands: Vec<String> = commands.iter().map(Uuid::to_string).collect();
        let asked: [&(dyn ToSql + Sync); 2] = [&streams, &commands];
        self.open = true;
        let client = &self.client;
        // All four travel together; each has its own view of the data, the last two from after the lock.
        // A crash from here to the commit leaves nothing, and the server gives the row free.
        let (begun, locked, next, done) = wait(async {
            tokio::join!(
                biased;
                client.batch_execute("begin isolation level read committed"),
                client.query_one(&self.lock, &[]),
                client.query(&self.next, &asked[..1]),
                client.query(&self.done, &asked[1..]),
            )
        });
        begun.map_err(error)?;
        let size: i64 = locked.map_err(error)?.get(0);
        let next = next.map_err(error)?;
        let done = done.map_err(error)?;
        Ok(Standing {
            size: size as u64,
            next: next.iter().map(|row| row.get::<_, i64>(0) as u64).collect(),
            done: done
                .iter()
                .map(|row| {
                    let first: Option<i64> = row.get(0);
                    let count: Option<i64> = row.get(1);
                    first
                        .zip(count)
                        .map(|(first, count)| (first as u64, count as u64))
                })
                .collect(),
        })
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let rows = tables::Rows::of(batch);
        let parameters = rows.parameters();
        let client = &self.client;
        if !batch.erasures.is_empty() {
            wait(client.execute(&self.insert, &parameters)).map_err(error)?;
            for (position, part) in &batch.erasures {
                let sql = match part {
                    Part::Envelope => tables::ERASE_ENVELOPE,
                    Part::Payload => tables::ERASE_PAYLOAD,
                };
                wait(client.execute(sql, &[&(*position as i64)])).map_err(error)?;
            }
            wait(client.batch_execute("commit")).map_err(|lost| unsure(&lost))?;
            self.open = false;
            return Ok(());
        }
        // A crash of the server before the commit is on its disk leaves nothing; after that the batch is
        // there, whether or not the answer arrives.
        let (inserted, committed) = wait(async {
            tokio::join!(
                biased;
                client.execute(&self.insert, &parameters),
                client.batch_execute("commit"),
            )
        });
        match (inserted, committed) {
            (Ok(_), Ok(())) => {
                self.open = false;
                Ok(())
            }
            // The commit after a statement that was refused is a rollback.
            (Err(refused), _) if refused.as_db_error().is_some() => Err(error(refused)),
            (Err(lost), _) | (_, Err(lost)) => Err(unsure(&lost)),
        }
    }
}

impl Store for Postgres {
    fn begin(&mut self, streams: &[StreamName], commands: &[Uuid]) -> Result<Standing, StoreError> {
        self.rollback();
        let known = self.session.is_some();
        let first = self.session()?.begin(streams, commands);
        if first.is_err() {
            self.rollback();
            // A server that was restarted since: nothing was taken, so nothing is taken twice.
            if known && self.session.is_none() {
                let second = self.session()?.begin(streams, commands);
                if second.is_err() {
                    self.rollback();
                }
                return second;
            }
        }
        first
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        // The session that began: on another one nothing is begun.
        let session = self
            .session
            .as_mut()
            .filter(|session| session.open)
            .ok_or_else(|| failed("nothing was begun"))?;
        let result = session.commit(batch);
        if result.is_err() {
            self.rollback();
        }
        result
    }

    fn rollback(&mut self) {
        let Some(session) = self.session.as_mut().filter(|session| session.open) else {
            return;
        };
        session.open = false;
        // Who cannot be told has lost the connection, and then the server rolls back by itself.
        if wait(session.client.batch_execute("rollback")).is_err() {
            self.session = None;
        }
    }

    fn keep_cosigned(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let size = checkpoint.size as i64;
        let client = &self.session()?.client;
        wait(client.execute(tables::KEEP_COSIGNED, &[&size, &checkpoint.note]))
            .map(|_| ())
            .map_err(error)
    }

    fn watch(&self) -> Option<Box<dyn Watch>> {
        Some(Box::new(watch::Listener::new(
            self.address.clone(),
            self.mover.clone(),
        )))
    }

    fn opener(&self) -> OpenReader {
        let (address, mover) = (self.address.clone(), self.mover.clone());
        Box::new(move || {
            Ok(Box::new(PostgresReader::with(
                address.clone(),
                mover.clone(),
            )))
        })
    }
}

/// What this store itself has to say.
fn failed(problem: impl Into<String>) -> StoreError {
    StoreError::Database {
        store: NAME,
        problem: problem.into(),
        full: false,
    }
}

/// What the server or the way to it said. Never its `DETAIL`, which repeats values.
fn error(error: tokio_postgres::Error) -> StoreError {
    use tokio_postgres::error::SqlState;
    let full = matches!(
        error.code(),
        Some(&SqlState::DISK_FULL | &SqlState::READ_ONLY_SQL_TRANSACTION)
    );
    StoreError::Database {
        store: NAME,
        problem: words(&error),
        full,
    }
}

fn unsure(error: &tokio_postgres::Error) -> StoreError {
    StoreError::Unsure {
        store: NAME,
        problem: words(error),
    }
}

fn words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} ({})", said.message(), said.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}
