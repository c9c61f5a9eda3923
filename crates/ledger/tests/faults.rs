//! A store that fails at its n-th step, for every n: each statement, each commit before and after it took
//! effect, each taking of the ledger. After every fault the ledger opens, verifies, holds what was
//! acknowledged, and holds nothing twice.
//!
//! Statements fail in the database itself, by triggers that count down; what happens around a commit is done
//! by a store around the store.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use kandeng_ledger::store::postgres::{Address, Postgres, PostgresReader};
use kandeng_ledger::store::sqlite::{Sqlite, SqliteReader};
use kandeng_ledger::store::{Batch, OpenReader, Reader, Standing, Store};
use kandeng_ledger::{Append, AppendError, Ledger, Part, StoreError, StreamName, verify};
use support::postgres::Server;
use support::{Place, command, key, noted, passed_on, project, trust};
use uuid::Uuid;

/// Fails at its `left`-th step.
struct Failing {
    store: Box<dyn Store>,
    left: Arc<AtomicI64>,
}

impl Failing {
    fn now(&self) -> bool {
        self.left.fetch_sub(1, Ordering::SeqCst) == 0
    }
}

fn injected() -> StoreError {
    StoreError::Database {
        store: "test",
        problem: "injected".to_owned(),
        full: false,
    }
}

fn unsure() -> StoreError {
    StoreError::Unsure {
        store: "test",
        problem: "injected".to_owned(),
    }
}

impl Store for Failing {
    fn begin(&mut self, streams: &[StreamName], commands: &[Uuid]) -> Result<Standing, StoreError> {
        if self.now() {
            return Err(injected());
        }
        let standing = self.store.begin(streams, commands)?;
        if self.now() {
            self.store.rollback();
            return Err(injected());
        }
        Ok(standing)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        // As a connection that breaks before the commit arrives, or before its answer does.
        if self.now() {
            self.store.rollback();
            return Err(unsure());
        }
        self.store.commit(batch)?;
        if self.now() { Err(unsure()) } else { Ok(()) }
    }

    passed_on!();

    fn opener(&self) -> OpenReader {
        self.store.opener()
    }
}

/// A database with triggers that count down.
trait Home {
    fn store(&self) -> Box<dyn Store>;
    fn reader(&self) -> Box<dyn Reader>;
    /// Lets the `n`-th write from now fail; with nothing, none.
    fn set(&self, n: Option<i64>);
}

struct File(Place);

/// A fault at a commit itself is a promise to another row that is not there, looked at when committing.
const FAULTS: &str = "
create table fault (writes integer);
insert into fault values (null);
create table promised (id integer primary key);
create table promise (id integer references promised (id) deferrable initially deferred);
";

const TABLES: [&str; 4] = [
    "ledger_entries",
    "ledger_commands",
    "ledger_tiles",
    "ledger_checkpoints",
];

impl File {
    fn new() -> Self {
        let place = Place::new();
        drop(Sqlite::open(&place.path(), None).unwrap());
        let connection = place.attack();
        connection.execute_batch(FAULTS).unwrap();
        for (table, what) in TABLES
            .map(|table| (table, "insert"))
            .into_iter()
            .chain([("ledger_entries", "update"), ("ledger_streams", "insert")])
        {
            connection
                .execute_batch(&format!(
                    "create trigger fault_{table}_{what} before {what} on {table} begin
                        update fault set writes = writes - 1;
                        insert into promise select 1 from fault where writes = -1000;
                        select raise(abort, 'injected') from fault where writes = 0;
                    end;"
                ))
                .unwrap();
        }
        Self(place)
    }
}

impl Home for File {
    fn store(&self) -> Box<dyn Store> {
        Box::new(Sqlite::open(&self.0.path(), None).unwrap())
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(SqliteReader::open(&self.0.path()).unwrap())
    }

    fn set(&self, n: Option<i64>) {
        self.0
            .attack()
            .execute("update fault set writes = ?1", [n])
            .unwrap();
    }
}

struct Database<'a> {
    server: &'a Server,
    name: String,
}

impl<'a> Database<'a> {
    fn new(server: &'a Server, name: &str) -> Self {
        let home = Self {
            server,
            name: name.to_owned(),
        };
        drop(home.store());
        let mut client = server.client(name);
        client.batch_execute(FAULTS).unwrap();
        client
            .batch_execute(
                "create function fault() returns trigger language plpgsql as $$
                declare writes_left integer;
                begin
                    update fault set writes = writes - 1 returning writes into writes_left;
                    if writes_left = -1000 then insert into promise values (1); end if;
                    if writes_left = 0 then raise exception 'injected'; end if;
                    return new;
                end $$",
            )
            .unwrap();
        for (table, what) in TABLES
            .map(|table| (table, "insert"))
            .into_iter()
            .chain([("ledger_entries", "update"), ("ledger_head", "update")])
        {
            client
                .batch_execute(&format!(
                    "create trigger fault_{what} before {what} on {table} for each row execute function fault()"
                ))
                .unwrap();
        }
        home
    }

    fn address(&self) -> Address {
        Address::parse(&self.server.address(&self.name)).unwrap()
    }
}

impl Home for Database<'_> {
    fn store(&self) -> Box<dyn Store> {
        Box::new(Postgres::open(self.address()).unwrap())
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(PostgresReader::open(self.address()).unwrap())
    }

    fn set(&self, n: Option<i64>) {
        self.server
            .client(&self.name)
            .execute("update fault set writes = $1", &[&n.map(|n| n as i32)])
            .unwrap();
    }
}

/// Streams of several events, a tile's edge, an erasure: what a load is made of. Each step is tried with its
/// id until it is told "appended" or "appended before"; what was told first is compared with what is there.
fn load(home: &dyn Home, ledger: &Ledger, round: u128) -> (u64, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut acknowledged = BTreeMap::new();
    let mut failures = 0;
    let steps: [(u128, u64, usize); 4] = [(0, 0, 3), (1, 0, 250), (0, 3, 1), (2, 0, 9)];
    for (number, (stream, version, count)) in steps.into_iter().enumerate() {
        let id = round * 1_000 + number as u128 + 1;
        let append = || Append {
            occasion: command(id),
            writes: vec![kandeng_ledger::Write {
                stream: project(round * 1_000 + stream),
                expected: version,
                events: (0..count as u64).map(noted).collect(),
            }],
        };
        let mut failed = false;
        let first = loop {
            match ledger.append_all_blocking(append()) {
                Ok(appended) => {
                    assert_eq!(
                        appended.positions.end - appended.positions.start,
                        count as u64
                    );
                    break appended.positions.start;
                }
                Err(AppendError::Repeated { first, count: kept }) => {
                    assert!(failed, "nobody failed and yet it was there");
                    assert_eq!(kept, count as u64);
                    break first;
                }
                Err(AppendError::Store(_)) => {
                    assert!(!failed, "it failed twice");
                    failed = true;
                    failures += 1;
                    home.set(None);
                }
                Err(other) => panic!("{other}"),
            }
        };
        acknowledged.insert(id, (first, count as u64));
    }
    let erase = round * 1_000 + 900;
    let (first, _) = acknowledged[&(round * 1_000 + 1)];
    loop {
        match runtime.block_on(ledger.erase(command(erase), first, Part::Payload, "test")) {
            Ok(_) | Err(AppendError::Repeated { .. }) => break,
            Err(AppendError::Store(_)) => {
                failures += 1;
                home.set(None);
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(ledger.read_from(first, 1).unwrap()[0].payload, None);
    for (id, place) in &acknowledged {
        assert_eq!(ledger.command(Uuid::from_u128(*id)).unwrap(), Some(*place));
    }
    (
        acknowledged.values().map(|(_, count)| count).sum::<u64>() + 1,
        failures,
    )
}

fn verified(home: &dyn Home, expected: u64) {
    let report = verify(&mut *home.reader(), &trust(), &[], &mut |_, _| {}).unwrap();
    assert_eq!(report.entries, expected, "something was lost or doubled");
}

/// Every step around the transactions fails once.
fn around(home: &dyn Home) {
    let left = Arc::new(AtomicI64::new(-1));
    let mut expected = 0;
    for n in 0.. {
        let store = Failing {
            store: home.store(),
            left: left.clone(),
        };
        let ledger = Ledger::start(store, key()).unwrap();
        left.store(n, Ordering::SeqCst);
        let (entries, _) = load(home, &ledger, n as u128);
        let steps = n - left.load(Ordering::SeqCst);
        expected += entries;
        ledger.close();
        verified(home, expected);
        if steps <= n {
            assert!(n > 15, "only {n} steps");
            return;
        }
    }
}

/// The write of every row fails once, of the long run of equal ones every ninth; so does the commit after
/// them.
fn within(home: &dyn Home) {
    let mut expected = 0;
    let mut round = 500_000;
    for n in (1..).filter(|n| !(20..250).contains(n) || n % 9 == 0) {
        round += 1;
        let ledger = Ledger::start(home.store(), key()).unwrap();
        home.set(Some(n));
        let (entries, failures) = load(home, &ledger, round);
        expected += entries;
        ledger.close();
        home.set(None);
        verified(home, expected);
        if failures == 0 {
            assert!(n > 270, "only {n} writes");
            break;
        }
    }
    // The commit itself: a promise is broken at its end.
    for n in [-998, -997, -996] {
        round += 1;
        let ledger = Ledger::start(home.store(), key()).unwrap();
        home.set(Some(n));
        let (entries, failures) = load(home, &ledger, round);
        expected += entries;
        assert!(failures > 0);
        ledger.close();
        home.set(None);
        verified(home, expected);
    }
}

#[test]
fn sqlite_survives_a_fault_at_every_step() {
    around(&File::new());
}

#[test]
fn sqlite_survives_a_fault_at_every_write() {
    within(&File::new());
}

#[test]
#[ignore = "needs PostgreSQL"]
fn postgres_survives_a_fault_at_every_step() {
    let server = Server::start();
    around(&Database::new(&server, "around"));
}

#[test]
#[ignore = "needs PostgreSQL"]
fn postgres_survives_a_fault_at_every_write() {
    let server = Server::start();
    within(&Database::new(&server, "within"));
}
