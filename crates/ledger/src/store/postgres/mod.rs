//! The store for several nodes: PostgreSQL. Each node keeps a read model of its own elsewhere.
//!
//! One row is locked for every append, so that positions have no gaps and each batch sees what the last one
//! left. A batch is one statement, which appends to a ledger of the size that it expects or not at all. A node
//! that found the ledger as it had left it sends that statement alone; when others are about, the ledger is
//! taken first, and the batch and its commit travel together.

mod address;
mod connection;
mod read;
mod session;
mod tables;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

pub use address::Address;
pub use read::PostgresReader;

use super::{Batch, OpenReader, Standing, Store, Watch};
use crate::checkpoint::Checkpoint;
use crate::error::StoreError;
use crate::event::StreamName;
use connection::{Mover, wait};
use session::Session;

/// How this store is called in errors.
const NAME: &str = "PostgreSQL";

/// A ledger in the current schema of a PostgreSQL database.
pub struct Postgres {
    address: Address,
    mover: Arc<Mover>,
    session: Option<Session>,
    /// What this node's batches are told apart by when they are heard of.
    node: String,
    heads: Heads,
    /// Whether the batch was begun without taking the ledger.
    guessed: bool,
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
            node: Uuid::new_v4().to_string(),
            heads: Heads::default(),
            guessed: false,
        };
        let client = store.mover.connect(&store.address, None)?;
        wait(tables::make(&client))?;
        store.session = Some(Session::new(client, &store.node)?);
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
            self.session = Some(Session::new(client, &self.node)?);
        }
        // Cannot be nothing: it was set above.
        self.session.as_mut().ok_or_else(|| failed("closed"))
    }

    /// Ends a transaction that may be open.
    fn release(&mut self) {
        let Some(session) = self.session.as_mut().filter(|session| session.open) else {
            return;
        };
        session.open = false;
        // Who cannot be told has lost the connection, and then the server rolls back by itself.
        if wait(session.client.batch_execute("rollback")).is_err() {
            self.session = None;
        }
    }
}

/// Where the streams stand that this node appended to last.
#[derive(Default)]
struct Heads {
    size: u64,
    known: HashMap<StreamName, u64>,
    /// Whether this node found the ledger as it had left it when it took it last.
    alone: bool,
}

/// The most streams that are remembered: some megabytes.
const MOST: usize = 16_384;

impl Heads {
    /// How the streams stand if nobody has appended since; nothing when others are about or one is not known.
    fn guess(&self, streams: &[StreamName], commands: &[Uuid]) -> Option<Standing> {
        if !self.alone || streams.is_empty() {
            return None;
        }
        let next = streams.iter().map(|stream| self.known.get(stream).copied());
        Some(Standing {
            size: self.size,
            next: next.collect::<Option<_>>()?,
            // A command that was carried out before is in the way of the batch.
            done: vec![None; commands.len()],
            guessed: true,
        })
    }

    /// How the ledger stands, as it was taken.
    fn taken(&mut self, streams: &[StreamName], standing: &Standing) {
        self.alone = standing.size == self.size;
        if !self.alone || self.known.len() > MOST {
            self.known.clear();
        }
        self.size = standing.size;
        self.known
            .extend(streams.iter().cloned().zip(standing.next.iter().copied()));
    }

    fn kept(&mut self, batch: &Batch) {
        for entry in &batch.entries {
            let recorded = &entry.recorded;
            self.size = recorded.position + 1;
            match self.known.get_mut(&recorded.stream) {
                Some(next) => *next = recorded.version + 1,
                None => {
                    self.known
                        .insert(recorded.stream.clone(), recorded.version + 1);
                }
            }
        }
    }
}

impl Store for Postgres {
    fn begin(&mut self, streams: &[StreamName], commands: &[Uuid]) -> Result<Standing, StoreError> {
        self.release();
        if let Some(guessed) = self.heads.guess(streams, commands) {
            self.guessed = true;
            return Ok(guessed);
        }
        let known = self.session.is_some();
        let mut taken = self
            .session()
            .and_then(|session| session.begin(streams, commands));
        if taken.is_err() {
            self.rollback();
            // A server that was restarted since: nothing was taken, so nothing is taken twice.
            if known && self.session.is_none() {
                taken = self
                    .session()
                    .and_then(|session| session.begin(streams, commands));
                if taken.is_err() {
                    self.rollback();
                }
            }
        }
        let standing = taken?;
        self.heads.taken(streams, &standing);
        Ok(standing)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let guessed = std::mem::take(&mut self.guessed);
        let size = self.heads.size;
        let result = if guessed {
            self.session()
                .and_then(|session| session.append_at_once(batch, size))
        } else {
            // The session that began: on another one nothing is begun.
            let session = self.session.as_mut().filter(|session| session.open);
            session
                .ok_or_else(|| failed("nothing was begun"))
                .and_then(|session| session.commit(batch, size))
        };
        match result {
            Ok(()) => self.heads.kept(batch),
            Err(_) => self.rollback(),
        }
        result
    }

    fn rollback(&mut self) {
        self.guessed = false;
        // Whatever went wrong, the ledger is taken next time.
        self.heads.alone = false;
        self.release();
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
            self.node.clone(),
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
