//! A small domain to try the platform on: doors that are opened, with a name that no other door has, a time
//! by which they must be closed, and somebody who is told.

#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kandeng_ledger::{Recorded, SigningKey};
use kandeng_platform::{
    Aggregate, Context, CountedIds, Decide, Decision, Effect, Events, Expectation, Expected,
    FollowUp, Language, NewNotice, Parts, Platform, Refusal, SetClock, Tables, Text, Unique,
};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
#[allow(clippy::enum_variant_names)] // kinds of events say what they are about
pub enum DoorEvent {
    DoorOpened { name: String },
    DoorClosed {},
    DoorLeftOpen {},
}

impl Events for DoorEvent {
    const VERSIONS: &'static [(&'static str, u16)] = &[
        ("door-opened", 1),
        ("door-closed", 1),
        ("door-left-open", 1),
    ];
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Door {
    pub open: Option<String>,
    pub left_open: u32,
}

impl Aggregate for Door {
    const STREAM: &'static str = "door";
    type Event = DoorEvent;

    fn apply(&mut self, event: DoorEvent) {
        match event {
            DoorEvent::DoorOpened { name } => self.open = Some(name),
            DoorEvent::DoorClosed {} => self.open = None,
            DoorEvent::DoorLeftOpen {} => self.left_open += 1,
        }
    }
}

/// Open it, to be closed after a while.
#[derive(Clone, Debug)]
pub struct Open {
    pub id: Uuid,
    pub name: String,
    pub minutes: i64,
}

#[derive(Clone, Copy, Debug)]
pub struct Close(pub Uuid);

#[derive(Clone, Copy, Debug)]
pub struct LeaveOpen(pub Uuid);

fn to_be_closed(id: Uuid) -> Expected {
    Expected {
        subject: format!("door/{id}"),
        kind: "closing".to_owned(),
    }
}

impl Decide<Open> for Door {
    fn decide(&self, open: Open, cx: &Context) -> Result<Decision<DoorEvent>, Refusal> {
        if self.open.is_some() {
            return Err(Refusal::new(
                "door-open",
                "门已经开着",
                "the door is open already",
            ));
        }
        let value = Unique {
            space: "door-name",
            value: open.name.clone(),
            owner: open.id,
        };
        let expectation = Expectation {
            expected: to_be_closed(open.id),
            by: cx.at + SignedDuration::from_mins(open.minutes),
            then: "door-left-open".to_owned(),
            detail: serde_json::json!({ "door": open.id.to_string() }),
        };
        Ok(Decision::from(DoorEvent::DoorOpened { name: open.name })
            .and(Effect::Reserve(value))
            .and(Effect::Expect(expectation)))
    }
}

impl Decide<Close> for Door {
    fn decide(&self, Close(id): Close, _: &Context) -> Result<Decision<DoorEvent>, Refusal> {
        let Some(name) = &self.open else {
            return Ok(Decision::of([]));
        };
        let value = Unique {
            space: "door-name",
            value: name.clone(),
            owner: id,
        };
        Ok(Decision::from(DoorEvent::DoorClosed {})
            .and(Effect::Release(value))
            .and(Effect::Meet(to_be_closed(id))))
    }
}

impl Decide<LeaveOpen> for Door {
    fn decide(
        &self,
        LeaveOpen(id): LeaveOpen,
        _: &Context,
    ) -> Result<Decision<DoorEvent>, Refusal> {
        let notice = NewNotice {
            cause: format!("door-left-open/{id}/{}", self.left_open),
            to: Uuid::from_u128(9),
            channel: "log".to_owned(),
            subject: Text::new("门未关", "A door was left open"),
            body: Text::default(),
        };
        Ok(Decision::from(DoorEvent::DoorLeftOpen {}).and(Effect::Notify(notice)))
    }
}

/// The table `doors`.
pub struct DoorTables;

impl Tables for DoorTables {
    fn name(&self) -> &'static str {
        "doors"
    }

    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["doors"]
    }

    fn create(&self) -> &'static str {
        "create table doors (stream text primary key, name text, left_open integer not null default 0) strict"
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        let Some((_, read)) = Door::event_in(event)? else {
            return Ok(());
        };
        let stream = event.stream.as_str();
        let done = match read {
            DoorEvent::DoorOpened { name } => to.execute(
                "insert into doors (stream, name) values (?1, ?2) on conflict do update set name = ?2",
                params![stream, name],
            ),
            DoorEvent::DoorClosed {} => {
                to.execute("update doors set name = null where stream = ?1", [stream])
            }
            DoorEvent::DoorLeftOpen {} => to.execute(
                "update doors set left_open = left_open + 1 where stream = ?1",
                [stream],
            ),
        };
        done.map(|_| ()).map_err(|error| error.to_string())
    }
}

pub fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// A node in a folder, mostly a temporary one, whose time is ours.
pub struct Node {
    place: PathBuf,
    pub clock: Arc<SetClock>,
    temporary: Option<tempfile::TempDir>,
}

impl Node {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut node = Self::at(folder.path());
        node.temporary = Some(folder);
        node
    }

    /// Another node, of the same time.
    pub fn beside(other: &Node) -> Self {
        Self {
            clock: Arc::clone(&other.clock),
            ..Self::new()
        }
    }

    /// In a folder that is there and stays.
    pub fn at(place: &Path) -> Self {
        Self {
            place: place.to_owned(),
            clock: Arc::new(SetClock::at(start())),
            temporary: None,
        }
    }

    pub fn folder(&self) -> &Path {
        &self.place
    }

    pub fn database(&self) -> PathBuf {
        self.place.join("kandeng.db")
    }

    fn parts(&self) -> Parts {
        let left_open: FollowUp = Box::new(|plan, missed| {
            let id: Uuid = missed.detail["door"].as_str().unwrap().parse().unwrap();
            let stream = kandeng_ledger::StreamName::new(Door::STREAM, id)?;
            plan.decide::<Door, _>(stream, LeaveOpen(id))
        });
        Parts {
            database: self.database(),
            signing: SigningKey::from_secret("ledger.example/99", &[7; 32]).unwrap(),
            naming: [3; 32],
            clock: Arc::clone(&self.clock) as _,
            ids: Arc::new(CountedIds::default()),
            tables: vec![Box::new(DoorTables)],
            follow_ups: BTreeMap::from([("door-left-open".to_owned(), left_open)]),
            channel: "log".to_owned(),
        }
    }

    pub fn open(&self) -> Platform {
        Platform::open(self.parts()).unwrap()
    }

    /// With a ledger that other nodes write to as well.
    pub fn open_elsewhere(&self, store: impl kandeng_ledger::store::Store + 'static) -> Platform {
        Platform::open_elsewhere(self.parts(), store).unwrap()
    }

    pub fn cx(&self) -> Context {
        use kandeng_platform::Clock as _;
        Context {
            actor: Uuid::from_u128(1),
            jurisdiction: "990121".to_owned(),
            at: self.clock.now(),
            language: Language::Zh,
            command: None,
        }
    }
}

/// All rows of a table as text, in order.
pub fn rows(platform: &Platform, table: &str) -> Vec<String> {
    platform
        .query(|connection| {
            let mut select = connection.prepare(&format!("select * from {table} order by 1"))?;
            let columns = select.column_count();
            let rows = select.query_map([], |row| {
                let values: Vec<String> = (0..columns)
                    .map(|column| {
                        Ok(match row.get::<_, rusqlite::types::Value>(column)? {
                            rusqlite::types::Value::Null => "-".to_owned(),
                            rusqlite::types::Value::Integer(number) => number.to_string(),
                            rusqlite::types::Value::Text(text) => text,
                            other => format!("{other:?}"),
                        })
                    })
                    .collect::<rusqlite::Result<_>>()?;
                Ok(values.join(" "))
            })?;
            rows.collect()
        })
        .unwrap()
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap()
        .block_on(future)
}
