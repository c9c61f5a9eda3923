//! Nodes whose ledger is in PostgreSQL: moved there, backed up from there, and two of them on one ledger.

#![allow(clippy::unwrap_used)]

#[path = "../../ledger/tests/support/postgres.rs"]
mod postgres;
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use kandeng_platform::Context;
use kandeng_platform::node::{
    Config, Folder, Node, NodeError, Opening, Restore, Secret, StoreAt, backup, init, migrate,
    rebuild, restore,
};
use kandeng_platform::person::{ErasePerson, Person};
use support::block_on;
use uuid::Uuid;

/// How long the tests wait for publication.
const SECONDS: std::time::Duration = std::time::Duration::from_secs(30);

struct Places(tempfile::TempDir);

impl Places {
    fn new() -> Self {
        let places = Self(tempfile::tempdir().unwrap());
        let mut config = Config::new("ledger.example/990121", "990121");
        config.second_place = Some(places.path("second"));
        init(&places.path("node"), &config).unwrap();
        places
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The address in a file that nobody else reads.
    fn store(&self, server: &postgres::Server, database: &str) -> StoreAt {
        let path = self.path(database);
        fs::write(&path, server.address(database)).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        StoreAt::postgres(Secret::File(path))
    }

    fn migrate(&self, store: &StoreAt, most: u64) -> Result<u64, NodeError> {
        let folder = Folder::open(&self.path("node")).unwrap();
        let lock = folder.lock().unwrap();
        migrate(&folder, &lock, store, &mut |done, _| done < most).map(|copied| copied.entries)
    }
}

fn open(path: &Path) -> Node {
    Node::open(path, Opening::default()).unwrap()
}

fn cx(command: u128) -> Context {
    Context {
        command: Some(Uuid::from_u128(command)),
        ..Context::of_the_platform("2026-06-30T08:00:00Z".parse().unwrap())
    }
}

/// Forgets people, one command each.
fn erase(node: &Node, people: std::ops::Range<u128>) {
    for person in people {
        let erase = ErasePerson {
            reason: "asked".to_owned(),
        };
        let (id, cx) = (Uuid::from_u128(person), cx(person));
        block_on(node.platform.carry_out::<Person, _>(id, erase, &cx)).unwrap();
    }
}

fn erased(node: &Node) -> usize {
    support::rows(&node.platform, "erased_people").len()
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_moved_ledger_is_the_same_and_goes_on() {
    let server = postgres::Server::start();
    let places = Places::new();
    let node = open(&places.path("node"));
    erase(&node, 0..30);
    // A payload that is gone, so that the copy has a gap in the same place.
    let ledger = node.platform.ledger().clone();
    let occasion = kandeng_ledger::Occasion {
        at: "2026-06-30T08:00:00Z".parse().unwrap(),
        actor: Uuid::from_u128(1),
        jurisdiction: "990121".to_owned(),
        command: None,
    };
    block_on(ledger.erase(occasion, 3, kandeng_ledger::Part::Payload, "by mistake")).unwrap();
    let before = ledger.checkpoint().unwrap();
    let stored = ledger.stored_from(0, 100).unwrap();
    drop(ledger);
    node.published(SECONDS).unwrap();
    node.close();

    let store = places.store(&server, "county");
    assert_eq!(places.migrate(&store, u64::MAX).unwrap(), 31);
    let folder = Folder::open(&places.path("node")).unwrap();
    assert_eq!(folder.config.store, store);
    assert_eq!(folder.reader().unwrap().entries(0, 100).unwrap(), stored);
    assert_eq!(folder.reader().unwrap().checkpoint().unwrap(), Some(before));
    folder.verify(&[], &mut |_, _| {}).unwrap().unwrap();
    // What is erased from now on must not stand in the old file.
    let old = rusqlite::Connection::open(folder.database()).unwrap();
    let left: i64 = old
        .query_row(
            "select count(*) from sqlite_schema where name like 'ledger%'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left, 0);
    drop(old);

    let node = open(&places.path("node"));
    assert_eq!(erased(&node), 30);
    // The same commands again are known; others go on.
    erase(&node, 0..40);
    assert_eq!(erased(&node), 40);
    assert_eq!(node.published(SECONDS).unwrap().folder, Some(41));
    node.close();
    let again = places.migrate(&store, u64::MAX).err().unwrap();
    assert!(again.text().en.contains("already"));
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_move_that_was_broken_off_leaves_the_node_as_it_was_and_goes_on() {
    let server = postgres::Server::start();
    let places = Places::new();
    let node = open(&places.path("node"));
    // More than are read at once.
    let events = |stream: u128| kandeng_ledger::Append {
        occasion: kandeng_ledger::Occasion {
            at: "2026-06-30T08:00:00Z".parse().unwrap(),
            actor: Uuid::from_u128(1),
            jurisdiction: "990121".to_owned(),
            command: None,
        },
        writes: vec![kandeng_ledger::Write {
            stream: kandeng_ledger::StreamName::new("note", Uuid::from_u128(stream)).unwrap(),
            expected: 0,
            events: (0..500)
                .map(|number| {
                    kandeng_ledger::NewEvent::new("noted", 1, serde_json::json!({ "n": number }))
                })
                .collect(),
        }],
    };
    for stream in 0..20 {
        node.platform
            .ledger()
            .append_all_blocking(events(stream))
            .unwrap();
    }
    node.close();
    let store = places.store(&server, "county");
    let stopped = places.migrate(&store, 4_000).err().unwrap();
    assert!(matches!(stopped, NodeError::Stopped));
    let node = open(&places.path("node"));
    assert_eq!(node.folder.config.store, StoreAt::Sqlite);
    node.platform
        .ledger()
        .append_all_blocking(events(20))
        .unwrap();
    node.close();
    assert_eq!(places.migrate(&store, u64::MAX).unwrap(), 10_500);
    open(&places.path("node")).close();

    // Another ledger does not go where one is.
    let others = Places::new();
    let node = open(&others.path("node"));
    erase(&node, 0..3);
    node.close();
    let foreign = others
        .migrate(&others.store(&server, "county"), u64::MAX)
        .err()
        .unwrap();
    assert!(foreign.text().en.contains("another ledger"), "{foreign}");
    open(&others.path("node")).close();
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_backup_of_a_moved_node_comes_back_in_a_file() {
    let server = postgres::Server::start();
    let places = Places::new();
    let node = open(&places.path("node"));
    erase(&node, 0..5);
    node.close();
    places
        .migrate(&places.store(&server, "county"), u64::MAX)
        .unwrap();
    let node = open(&places.path("node"));
    erase(&node, 5..12);
    let now = "2026-06-30T08:00:00Z".parse().unwrap();
    let done = backup(
        &node.folder,
        &places.path("backup"),
        true,
        now,
        &mut |_, _| true,
    );
    assert_eq!(done.unwrap().size, 12);
    node.published(SECONDS).unwrap();
    node.close();
    drop(server);
    let what = Restore {
        from: &places.path("backup"),
        to: &places.path("new"),
        keys: None,
        people: None,
        known: &[],
        accept_loss: None,
    };
    let restored = restore(&what, now, &mut |_, _| {}).unwrap();
    assert_eq!((restored.entries, restored.erased), (12, 12));
    let node = open(&places.path("new"));
    assert_eq!(node.folder.config.store, StoreAt::Sqlite);
    erase(&node, 0..13);
    assert_eq!(erased(&node), 13);
    node.close();
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_second_node_on_the_same_ledger_reads_what_the_first_writes_and_its_own_at_once() {
    let server = postgres::Server::start();
    let places = Places::new();
    places
        .migrate(&places.store(&server, "county"), u64::MAX)
        .unwrap();
    // Settings and keys are all that another node needs.
    fs::create_dir_all(places.path("other/keys")).unwrap();
    for name in [
        "kandeng.toml",
        "ledger.pub",
        "keys/signing.key",
        "keys/naming.key",
        "keys/master.key",
    ] {
        fs::copy(
            places.path("node").join(name),
            places.path("other").join(name),
        )
        .unwrap();
    }
    let (one, other) = (open(&places.path("node")), open(&places.path("other")));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for person in 0..40 {
                erase(&one, person..person + 1);
                assert!(erased(&one) as u128 > person, "it does not see its own");
            }
        });
        scope.spawn(|| {
            // The same people at the same time, by other commands.
            for person in 0..40 {
                let erase = ErasePerson {
                    reason: "asked".to_owned(),
                };
                let (id, cx) = (Uuid::from_u128(person), cx(1_000 + person));
                block_on(other.platform.carry_out::<Person, _>(id, erase, &cx)).unwrap();
            }
        });
    });
    // A command of the one is known to the other, which waits until it has it.
    erase(&one, 40..41);
    erase(&other, 40..41);
    assert_eq!(erased(&other), 41);
    let rows = |node: &Node| support::rows(&node.platform, "erased_people");
    erase(&one, 41..42);
    erase(&other, 41..42);
    assert_eq!(rows(&one), rows(&other));
    let size = one.platform.ledger().checkpoint().unwrap().size;
    assert_eq!(size, 42, "somebody was erased twice");
    let before = rows(&one);
    one.close();
    other.close();
    let folder = Folder::open(&places.path("node")).unwrap();
    let lock = folder.lock().unwrap();
    assert_eq!(
        rebuild(&folder, &lock, Vec::new(), &mut |_, _| true)
            .unwrap()
            .events,
        42
    );
    drop(lock);
    let one = open(&places.path("node"));
    assert_eq!(rows(&one), before);
    one.close();
}
