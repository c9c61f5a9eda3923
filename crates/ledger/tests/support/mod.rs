//! What the ledger's tests share: a ledger in a temporary folder, and events to put into it.

#![allow(dead_code, clippy::unwrap_used)]

pub mod cut;
pub mod http;
pub mod postgres;

/// What a store that wraps another one (`self.store`) leaves to it.
#[allow(unused_macros)]
macro_rules! passed_on {
    () => {
        fn rollback(&mut self) {
            self.store.rollback();
        }

        fn keep_cosigned(
            &mut self,
            checkpoint: &kandeng_ledger::Checkpoint,
        ) -> Result<(), kandeng_ledger::StoreError> {
            self.store.keep_cosigned(checkpoint)
        }
    };
}
#[allow(unused_imports)]
pub(crate) use passed_on;

use std::path::PathBuf;

use kandeng_ledger::store::sqlite::{Sqlite, SqliteReader};
use kandeng_ledger::{Append, Ledger, NewEvent, Occasion, SigningKey, StreamName, Trust, Write};
use serde_json::json;
use uuid::Uuid;

/// A name nobody else has.
pub const ORIGIN: &str = "ledger.example/990121";

/// A ledger in one file that goes with the test.
pub struct Place {
    pub folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("kandeng.db")
    }

    pub fn open(&self) -> Ledger {
        Ledger::start(Sqlite::open(&self.path(), None).unwrap(), key()).unwrap()
    }

    pub fn reader(&self) -> SqliteReader {
        SqliteReader::open(&self.path()).unwrap()
    }

    /// A connection that can do what an attacker with the file can do.
    pub fn attack(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }
}

pub fn key() -> SigningKey {
    SigningKey::from_secret(ORIGIN, &[7; 32]).unwrap()
}

pub fn trust() -> Trust {
    Trust::ledger(key().verifier())
}

/// The stream of project number `number`.
pub fn project(number: u128) -> StreamName {
    StreamName::new("project", Uuid::from_u128(number)).unwrap()
}

pub fn occasion() -> Occasion {
    Occasion {
        at: "2026-06-30T08:00:00Z".parse().unwrap(),
        actor: Uuid::from_u128(1),
        jurisdiction: "990121".to_owned(),
        command: None,
    }
}

/// The same occasion for the command of that number.
pub fn command(number: u128) -> Occasion {
    Occasion {
        command: Some(Uuid::from_u128(number)),
        ..occasion()
    }
}

pub fn noted(number: u64) -> NewEvent {
    NewEvent::new("noted", 1, json!({ "number": number }))
}

/// One event for one stream.
pub fn one(number: u128, expected: u64) -> Append {
    Append {
        occasion: occasion(),
        writes: vec![Write {
            stream: project(number),
            expected,
            events: vec![noted(expected)],
        }],
    }
}

/// A ledger of `count` entries in streams of ten.
pub fn filled(count: u64) -> Place {
    let place = Place::new();
    let ledger = place.open();
    for number in 0..count {
        let append = one(u128::from(number / 10), number % 10);
        ledger.append_all_blocking(append).unwrap();
    }
    ledger.close();
    place
}

/// A read model: events and the sum of their numbers by stream.
pub struct Sums;

impl kandeng_ledger::store::sqlite::Projector for Sums {
    fn prepare(&mut self, to: &rusqlite::Connection) -> Result<(), String> {
        to.execute_batch(
            "create table if not exists sums (
                stream text primary key, events integer not null, sum integer not null
            ) strict",
        )
        .map_err(|error| error.to_string())
    }

    fn project(
        &mut self,
        to: &rusqlite::Connection,
        events: &[&kandeng_ledger::Recorded],
    ) -> Result<(), (u64, String)> {
        for event in events {
            let number = event
                .payload
                .as_ref()
                .and_then(|payload| payload.get("number"))
                .and_then(serde_json::Value::as_i64);
            let refused = |problem: String| (event.position, problem);
            let number = number.ok_or_else(|| refused("there is no number".to_owned()))?;
            to.prepare_cached(
                "insert into sums values (?1, 1, ?2) on conflict (stream)
                 do update set events = events + 1, sum = sum + excluded.sum",
            )
            .and_then(|mut insert| insert.execute((event.stream.as_str(), number)))
            .map_err(|error| refused(error.to_string()))?;
        }
        Ok(())
    }
}

/// The read model's rows, in order.
pub fn sums(connection: &rusqlite::Connection) -> Vec<(String, i64, i64)> {
    let mut select = connection
        .prepare("select stream, events, sum from sums order by stream")
        .unwrap();
    let rows = select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

/// The read model made anew from the ledger alone.
pub fn rebuilt(ledger: &mut dyn kandeng_ledger::store::Reader) -> Vec<(String, i64, i64)> {
    use kandeng_ledger::store::sqlite::Projector as _;
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    Sums.prepare(&connection).unwrap();
    let mut position = 0;
    loop {
        let events: Vec<_> = ledger
            .entries(position, 500)
            .unwrap()
            .into_iter()
            .map(|stored| stored.recorded().unwrap())
            .collect();
        if events.is_empty() {
            return sums(&connection);
        }
        position += events.len() as u64;
        let events: Vec<_> = events.iter().collect();
        Sums.project(&connection, &events).unwrap();
    }
}
