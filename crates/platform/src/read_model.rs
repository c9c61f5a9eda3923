//! The read model: tables that events fill, in ledger order, each event once.
//!
//! Everything people see and rules check is read from here. Nothing is ever written here but by events, so
//! all of it can be made anew.

use std::sync::mpsc;

use kandeng_ledger::store::sqlite::Projector;
use kandeng_ledger::store::{Reader, Stored};
use kandeng_ledger::{Recorded, StoreError};
use rusqlite::{Connection, OptionalExtension, params};

/// Events that are read and taken in at once.
const PAGE: usize = 2_048;

/// Pages that are read ahead.
const AHEAD: usize = 4;

/// Some tables of the read model, and how events fill them.
pub trait Tables: Send + Sync {
    /// A name that no other has, such as `deadlines`.
    fn name(&self) -> &'static str;

    /// The version of the tables: raised when they change, and the read model is made anew.
    fn version(&self) -> u32;

    /// The names of the tables.
    fn tables(&self) -> &'static [&'static str];

    /// SQL that makes them, with the indexes that [`Tables::project`] needs.
    fn create(&self) -> &'static str;

    /// Statements `create index NAME …` for whoever reads. Filling does without them, and they are made when
    /// the tables are full.
    fn indexes(&self) -> &'static [&'static str] {
        &[]
    }

    /// Takes an event in. Kinds that it does not know are none of its business.
    ///
    /// # Errors
    /// In words for whoever wrote the projection: the event is not appended.
    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String>;
}

/// All tables, filled together.
pub struct ReadModel {
    parts: Vec<Box<dyn Tables>>,
}

const STANDING: &str = "
create table if not exists read_model (
    part text primary key,
    version integer not null,
    position integer not null
) strict, without rowid;
";

impl ReadModel {
    /// The read model of these parts.
    pub fn new(parts: Vec<Box<dyn Tables>>) -> Self {
        Self { parts }
    }

    /// The next position that the tables wait for; nothing when they are of another version and must be
    /// made anew.
    ///
    /// # Errors
    /// When the database fails.
    pub fn position(&self, of: &Connection) -> Result<Option<u64>, rusqlite::Error> {
        let waiting = self.waiting(of)?;
        Ok(waiting.map(|waiting| waiting.into_iter().min().unwrap_or(0)))
    }

    /// The next position that each part waits for, in their order.
    fn waiting(&self, of: &Connection) -> Result<Option<Vec<u64>>, rusqlite::Error> {
        let mut waiting = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let standing: Option<(u32, i64)> = of
                .prepare_cached("select version, position from read_model where part = ?1")?
                .query_row([part.name()], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            match standing {
                Some((version, position)) if version == part.version() => {
                    waiting.push(position as u64);
                }
                _ => return Ok(None),
            }
        }
        Ok(Some(waiting))
    }

    /// Empties the tables and makes them as they are to be today.
    ///
    /// # Errors
    /// When the database fails.
    pub fn clear(&self, to: &Connection) -> Result<(), rusqlite::Error> {
        to.execute_batch(STANDING)?;
        for part in &self.parts {
            for table in part.tables() {
                // Of this database, whatever others are attached to it.
                to.execute_batch(&format!("drop table if exists main.\"{table}\""))?;
            }
            to.execute_batch(part.create())?;
            for index in part.indexes() {
                to.execute_batch(index)?;
            }
            to.execute(
                "insert into read_model values (?1, ?2, 0) on conflict (part) do update set \
                 version = excluded.version, position = 0",
                params![part.name(), part.version()],
            )?;
        }
        Ok(())
    }

    /// Takes events in, from the position that the tables wait for; those before it are passed over.
    ///
    /// # Errors
    /// The position of the event that a table cannot take, and why.
    pub fn take(&self, to: &Connection, events: &[&Recorded]) -> Result<(), (u64, String)> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return Ok(());
        };
        let failed = |position: u64, error: &dyn std::fmt::Display| (position, error.to_string());
        // Parts may wait for different positions: whoever opened the node without some of them left those behind.
        let waiting = self
            .waiting(to)
            .map_err(|error| failed(last.position, &error))?
            .ok_or_else(|| failed(last.position, &"the read model must be made anew"))?;
        let next = waiting.iter().copied().min().unwrap_or(0);
        if first.position > next {
            let problem = format!("the read model waits for position {next}");
            return Err(failed(first.position, &problem));
        }
        for event in events {
            for (part, waiting) in self.parts.iter().zip(&waiting) {
                if event.position < *waiting {
                    continue;
                }
                part.project(to, event)
                    .map_err(|problem| (event.position, format!("{}: {problem}", part.name())))?;
            }
        }
        for part in &self.parts {
            to.prepare_cached(
                "update read_model set position = ?1 where part = ?2 and position < ?1",
            )
            .and_then(|mut update| update.execute(params![last.position as i64 + 1, part.name()]))
            .map_err(|error| failed(last.position, &error))?;
        }
        Ok(())
    }

    /// Makes the tables anew in the transaction that is open, since something was erased of events that they
    /// were filled from. `page` gives the events from a position on as they are now, nothing at the end.
    ///
    /// What a table made of several events cannot be told apart again, so all of it is made anew: as fast as a
    /// rebuild, and erasing from the ledger is rare (people are erased by their keys).
    ///
    /// # Errors
    /// The position of the event that a table cannot take, and why.
    pub fn renew(
        &self,
        to: &Connection,
        page: &mut dyn FnMut(u64) -> Result<Vec<Recorded>, StoreError>,
    ) -> Result<(), (u64, String)> {
        self.clear(to).map_err(|error| (0, error.to_string()))?;
        let mut position = 0;
        loop {
            let events = page(position).map_err(|error| (position, error.to_string()))?;
            if events.is_empty() {
                return Ok(());
            }
            self.take(to, &events.iter().collect::<Vec<_>>())?;
            position += events.len() as u64;
        }
    }

    /// Fills tables that nobody reads yet with everything that `reader` has, from the position that they wait
    /// for; what is read next is parsed while what was read is taken in. `progress` is told the position and
    /// says whether to go on.
    ///
    /// Gives the position that the tables wait for then; nothing when it was stopped. Whoever is killed or
    /// stopped within throws the tables away: they have no indexes.
    ///
    /// # Errors
    /// When the ledger cannot be read, or a table cannot take an event.
    pub fn fill(
        &self,
        mut reader: Box<dyn Reader>,
        to: &mut Connection,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Option<u64>, StoreError> {
        let mut position = self.position(to)?.unwrap_or(0);
        to.set_prepared_statement_cache_capacity(256);
        let indexes: Vec<&str> = self
            .parts
            .iter()
            .flat_map(|part| part.indexes().iter().copied())
            .collect();
        for name in indexes.iter().filter_map(|index| index.split(' ').nth(2)) {
            to.execute_batch(&format!("drop index if exists {name}"))?;
        }
        let filled = std::thread::scope(|scope| {
            let (pages, page) = mpsc::sync_channel(AHEAD);
            let (give_back, returned) = mpsc::channel::<Vec<Recorded>>();
            let mut next = position;
            scope.spawn(move || {
                loop {
                    // What was made here is freed here: the other side has enough to do.
                    while returned.try_recv().is_ok() {}
                    let read = read_page(reader.as_mut(), next);
                    next += read.as_ref().map_or(0, |events| events.len() as u64);
                    let last = read.as_ref().map_or(true, Vec::is_empty);
                    // Nobody takes any more in: stopped, or a table refused an event.
                    if pages.send(read).is_err() || last {
                        return;
                    }
                }
            });
            for events in page {
                let events = events?;
                if events.is_empty() {
                    break;
                }
                if !progress(position) {
                    return Ok(None);
                }
                position += events.len() as u64;
                let transaction = to.transaction()?;
                self.take(&transaction, &events.iter().collect::<Vec<_>>())
                    .map_err(|(position, problem)| StoreError::Projection { position, problem })?;
                transaction.commit()?;
                // Once the reader has ended they are freed here.
                let _ = give_back.send(events);
            }
            Ok::<_, StoreError>(Some(position))
        })?;
        for index in indexes {
            to.execute_batch(index)?;
        }
        Ok(filled)
    }

    /// Makes the tables where there are none yet.
    ///
    /// # Errors
    /// When the database fails.
    pub fn prepare(&self, to: &Connection) -> Result<(), rusqlite::Error> {
        to.execute_batch(STANDING)?;
        let empty: bool =
            to.query_row("select not exists (select 1 from read_model)", [], |row| {
                row.get(0)
            })?;
        if empty { self.clear(to) } else { Ok(()) }
    }

    /// The names of all tables, for copying them.
    pub fn tables(&self) -> impl Iterator<Item = &'static str> {
        self.parts
            .iter()
            .flat_map(|part| part.tables().iter().copied())
            .chain(["read_model"])
    }
}

fn read_page(reader: &mut dyn Reader, position: u64) -> Result<Vec<Recorded>, StoreError> {
    let stored = reader.entries(position, PAGE)?;
    stored.into_iter().map(Stored::recorded).collect()
}

/// A read model that the ledger's store and the node both use.
pub(crate) struct Shared(pub std::sync::Arc<ReadModel>);

impl Projector for Shared {
    fn prepare(&mut self, to: &Connection) -> Result<(), String> {
        self.0.prepare(to).map_err(|error| error.to_string())
    }

    fn project(&mut self, to: &Connection, events: &[&Recorded]) -> Result<(), (u64, String)> {
        self.0.take(to, events)
    }

    fn renew(
        &mut self,
        to: &Connection,
        page: &mut dyn FnMut(u64) -> Result<Vec<Recorded>, StoreError>,
    ) -> Result<(), (u64, String)> {
        self.0.renew(to, page)
    }
}

/// How SQLite answers a statement, step by step, without the conditions that it shows in brackets.
#[cfg(test)]
pub(crate) fn plan_of(connection: &Connection, sql: &str) -> Vec<String> {
    let mut explain = connection
        .prepare(&format!("explain query plan {sql}"))
        .unwrap();
    let parameters = vec![1_i64; explain.parameter_count()];
    let steps = explain.query_map(rusqlite::params_from_iter(parameters), |row| {
        row.get::<_, String>(3)
    });
    steps
        .unwrap()
        .map(|step| {
            let step = step.unwrap();
            step.split(" (").next().unwrap_or_default().to_owned()
        })
        .collect()
}
