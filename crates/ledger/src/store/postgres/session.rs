//! A connection that appends: taking the ledger, sending a batch, and what its answer means.

use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::connection::wait;
use super::{error, failed, tables, unsure};
use crate::error::StoreError;
use crate::event::StreamName;
use crate::leaf::Part;
use crate::store::{Batch, Standing};

pub(super) struct Session {
    pub client: Client,
    lock: Statement,
    next: Statement,
    done: Statement,
    insert: Statement,
    node: String,
    /// Whether a transaction may be open.
    pub open: bool,
}

impl Session {
    pub(super) fn new(client: Client, node: &str) -> Result<Self, StoreError> {
        let prepare = |sql| wait(client.prepare(sql)).map_err(error);
        Ok(Self {
            lock: prepare(tables::LOCK)?,
            next: prepare(tables::NEXT)?,
            done: prepare(tables::DONE)?,
            insert: prepare(tables::INSERT)?,
            node: node.to_owned(),
            open: false,
            client,
        })
    }

    /// Takes the ledger.
    pub(super) fn begin(
        &mut self,
        streams: &[StreamName],
        commands: &[Uuid],
    ) -> Result<Standing, StoreError> {
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
            guessed: false,
        })
    }

    /// Keeps a batch in the ledger that was taken with `size` entries.
    pub(super) fn commit(&mut self, batch: &Batch, size: u64) -> Result<(), StoreError> {
        let rows = tables::Rows::of(batch, size, &self.node);
        let parameters = rows.parameters();
        let client = &self.client;
        if !batch.erasures.is_empty() {
            let inserted = wait(client.execute(&self.insert, &parameters)).map_err(error)?;
            if inserted == 0 {
                return Err(failed("the ledger was not as it was taken"));
            }
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
            (Ok(1..), Ok(())) => {
                self.open = false;
                Ok(())
            }
            // Nobody can append while the ledger is taken, so nothing was kept and somebody meddled.
            (Ok(0), Ok(())) => Err(failed("the ledger was not as it was taken")),
            // The commit after a statement that was refused is a rollback.
            (Err(refused), _) if refused.as_db_error().is_some() => Err(error(refused)),
            (Err(lost), _) | (_, Err(lost)) => Err(unsure(&lost)),
        }
    }

    /// Keeps a batch in a ledger that has `size` entries, without taking it first: one statement that is its
    /// own transaction. It waits for whoever has the ledger in hand, and then does nothing when they appended.
    pub(super) fn append_at_once(&mut self, batch: &Batch, size: u64) -> Result<(), StoreError> {
        if !batch.erasures.is_empty() {
            return Err(StoreError::Overtaken);
        }
        let rows = tables::Rows::of(batch, size, &self.node);
        // A crash of the server before the answer: as with any commit.
        match wait(self.client.execute(&self.insert, &rows.parameters())) {
            Ok(0) => Err(StoreError::Overtaken),
            Ok(_) => Ok(()),
            // A command, or an entry, that is there already.
            Err(refused) if refused.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                Err(StoreError::Overtaken)
            }
            Err(refused) if is_refusal(&refused) => Err(error(refused)),
            Err(lost) => Err(unsure(&lost)),
        }
    }
}

/// Whether the server refused a statement and goes on. When the session ends with its words, they may come
/// after the commit.
fn is_refusal(error: &tokio_postgres::Error) -> bool {
    use tokio_postgres::error::Severity;
    error
        .as_db_error()
        .is_some_and(|said| said.parsed_severity() == Some(Severity::Error))
}
