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
    rebuild, restore, rotate,
};
use kandeng_platform::person::{ErasePerson, Person};
use kandeng_platform::vault::Reference;
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

    /// A node that was moved to the database `county`.
    fn moved_to(server: &postgres::Server) -> Self {
        let places = Self::new();
        let store = places.store(server, "county");
        places.migrate(&store, u64::MAX).unwrap();
        places
    }

    fn two_nodes(&self) -> (Node, Node) {
        self.second_node();
        (open(&self.path("node")), open(&self.path("other")))
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

    /// Settings and keys are all that another node needs.
    fn second_node(&self) {
        fs::create_dir_all(self.path("other/keys")).unwrap();
        for name in [
            "kandeng.toml",
            "ledger.pub",
            "keys/signing.key",
            "keys/naming.key",
            "keys/county.key",
            "keys/master.key",
        ] {
            fs::copy(self.path("node").join(name), self.path("other").join(name)).unwrap();
        }
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
    let places = Places::moved_to(&server);
    let (one, other) = places.two_nodes();
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
    let events = one.platform.ledger().read_from(0, 1_000).unwrap();
    let size = events.len() as u64;
    let erasures = events
        .iter()
        .filter(|event| event.envelope.as_ref().unwrap().kind == "person-erased");
    assert_eq!(erasures.count(), 42, "somebody was erased twice");
    let before = rows(&one);
    one.close();
    other.close();
    let folder = Folder::open(&places.path("node")).unwrap();
    let lock = folder.lock().unwrap();
    assert_eq!(
        rebuild(&folder, &lock, Vec::new(), &mut |_, _| true)
            .unwrap()
            .events,
        size
    );
    drop(lock);
    let one = open(&places.path("node"));
    assert_eq!(rows(&one), before);
    one.close();
}

/// What a node shows of a value, which is an event.
fn look(node: &Node, reference: Reference) -> Option<String> {
    let cx = Context {
        command: None,
        ..cx(0)
    };
    let opened = node
        .platform
        .open_value(&node.vault, reference, "case 12", &cx);
    // Whoever was erased is so in the vault, or, before that, in the ledger.
    block_on(opened).unwrap()
}

fn forget(node: &Node, person: u128, command: u128) {
    let (person, cx) = (Uuid::from_u128(person), cx(command));
    let erase = node
        .platform
        .erase_person(&node.vault, person, "left the scene", &cx);
    block_on(erase).unwrap();
}

#[test]
#[ignore = "needs PostgreSQL"]
fn what_one_node_seals_the_other_opens_and_what_one_erases_is_shut_on_both_at_once() {
    let server = postgres::Server::start();
    let places = Places::new();
    let node = open(&places.path("node"));
    // Sealed before the move, by a node by itself; and somebody who was forgotten there.
    let early = node.vault.store(Uuid::from_u128(1), "early").unwrap();
    let gone = node.vault.store(Uuid::from_u128(2), "gone").unwrap();
    forget(&node, 2, 1);
    node.close();
    places
        .migrate(&places.store(&server, "county"), u64::MAX)
        .unwrap();
    let folder = Folder::open(&places.path("node")).unwrap();
    assert!(!folder.people().exists(), "keys are left in the old place");
    let (one, other) = places.two_nodes();
    let sealed = one.vault.store(Uuid::from_u128(3), "王桂香").unwrap();
    for node in [&one, &other] {
        assert_eq!(look(node, early).as_deref(), Some("early"));
        assert_eq!(look(node, sealed).as_deref(), Some("王桂香"));
        assert_eq!(look(node, gone), None);
    }
    // Each opening is in the ledger, whichever node it was on.
    block_on(one.platform.see_all()).unwrap();
    assert_eq!(support::rows(&one.platform, "opened_values").len(), 4);
    forget(&other, 3, 2);
    for node in [&one, &other] {
        assert_eq!(look(node, sealed), None);
        assert!(node.vault.store(Uuid::from_u128(3), "again").is_err());
        assert_eq!(look(node, early).as_deref(), Some("early"));
    }
    one.close();
    other.close();
}

#[test]
#[ignore = "needs PostgreSQL"]
fn an_erasure_whose_node_died_in_between_is_shut_too_and_made_good_by_whoever_starts() {
    let server = postgres::Server::start();
    let places = Places::moved_to(&server);
    let (one, other) = places.two_nodes();
    let sealed = one.vault.store(Uuid::from_u128(3), "王桂香").unwrap();
    // The event, and then nothing.
    erase(&one, 3..4);
    let reason = Context {
        command: None,
        ..cx(0)
    };
    let opened = other
        .platform
        .open_value(&other.vault, sealed, "case 12", &reason);
    assert!(block_on(opened).is_err(), "the ledger says that it is gone");
    other.close();
    let keys = |server: &postgres::Server| -> i64 {
        let mut client = server.client("county");
        let row = client.query_one("select count(*) from kandeng_keys.person_keys", &[]);
        row.unwrap().get(0)
    };
    assert_eq!(keys(&server), 1);
    let other = open(&places.path("other"));
    assert_eq!(keys(&server), 0);
    assert_eq!(look(&one, sealed), None);
    one.close();
    other.close();
}

/// Keys in a database of their own, that the ledger's user cannot read: a dump of the ledger's database opens
/// nothing, not even with the master key.
#[test]
#[ignore = "needs PostgreSQL"]
fn people_s_keys_may_stand_in_a_database_of_their_own_and_are_backed_up_apart() {
    let server = postgres::Server::start();
    let places = Places::new();
    let node = open(&places.path("node"));
    let early = node.vault.store(Uuid::from_u128(1), "early").unwrap();
    node.close();
    let StoreAt::Postgres { address, .. } = places.store(&server, "county") else {
        unreachable!("it is on a server");
    };
    let StoreAt::Postgres { address: keys, .. } = places.store(&server, "people") else {
        unreachable!("it is on a server");
    };
    let apart = StoreAt::Postgres {
        address,
        certificates: None,
        keys: Some(keys),
    };
    places.migrate(&apart, u64::MAX).unwrap();
    let node = open(&places.path("node"));
    let late = node.vault.store(Uuid::from_u128(2), "late").unwrap();
    let gone = node.vault.store(Uuid::from_u128(3), "gone").unwrap();
    let has = |database: &str, table: &str| -> bool {
        let row = server
            .client(database)
            .query_one("select to_regclass($1) is not null", &[&table])
            .unwrap();
        row.get(0)
    };
    assert!(has("county", "vault_values") && !has("county", "kandeng_keys.person_keys"));
    assert!(has("people", "kandeng_keys.person_keys") && !has("people", "vault_values"));

    let now = "2026-06-30T08:00:00Z".parse().unwrap();
    let to = places.path("backup");
    backup(&node.folder, &to, true, now, &mut |_, _| true).unwrap();
    let people = places.path("people.backup");
    kandeng_platform::node::backup_people(&node.folder, &people, now).unwrap();
    forget(&node, 3, 9);
    node.published(SECONDS).unwrap();
    node.close();
    // The ledger has gone on: the backup knows that it is behind. What it lacks is accepted as lost.
    let loss = kandeng_platform::node::Loss {
        by: Uuid::from_u128(1),
        reason: "for the test",
    };
    let restored = |name: &str, people: Option<&Path>| {
        let to = places.path(name);
        let what = Restore {
            from: &places.path("backup"),
            to: &to,
            keys: Some(&places.path("node")),
            people,
            known: &[],
            accept_loss: None,
        };
        let behind = restore(&what, now, &mut |_, _| {}).err().unwrap();
        assert!(
            behind.text().en.contains("restoring an old backup"),
            "{behind}"
        );
        let accepted = Restore {
            accept_loss: Some(loss),
            ..what
        };
        let sealed = restore(&accepted, now, &mut |_, _| {}).unwrap().sealed;
        // Each of the two is published in its own place.
        let second = places.path("second").join("2");
        fs::rename(&second, places.path(&format!("{name}-second"))).unwrap();
        sealed
    };
    // Keys of the old node, as they are on its server now: the one who was forgotten since stays so.
    assert_eq!(restored("from-old", None), 1);
    // Keys of their backup: all, as they were then.
    assert_eq!(restored("from-backup", Some(&people)), 0);
    fs::rename(
        places.path("from-backup-second"),
        places.path("second").join("2"),
    )
    .unwrap();
    let node = open(&places.path("from-backup"));
    assert_eq!(look(&node, early).as_deref(), Some("early"));
    assert_eq!(look(&node, late).as_deref(), Some("late"));
    assert_eq!(look(&node, gone).as_deref(), Some("gone"));
    node.close();
}

/// A node that has no second place: only the old node, which is on the server, knows that the backup is behind.
#[test]
#[ignore = "needs PostgreSQL"]
fn a_restore_is_held_against_the_old_node_on_its_server() {
    let server = postgres::Server::start();
    let places = Places(tempfile::tempdir().unwrap());
    init(
        &places.path("node"),
        &Config::new("ledger.example/990121", "990121"),
    )
    .unwrap();
    places
        .migrate(&places.store(&server, "county"), u64::MAX)
        .unwrap();
    let node = open(&places.path("node"));
    erase(&node, 0..3);
    let now = "2026-06-30T08:00:00Z".parse().unwrap();
    let to = places.path("backup");
    backup(&node.folder, &to, true, now, &mut |_, _| true).unwrap();
    erase(&node, 3..5);
    node.close();
    let what = Restore {
        from: &to,
        to: &places.path("new"),
        keys: Some(&places.path("node")),
        people: None,
        known: &[],
        accept_loss: None,
    };
    let behind = restore(&what, now, &mut |_, _| {}).err().unwrap();
    assert!(
        behind.text().en.contains("has a checkpoint of 5"),
        "{behind}"
    );
    assert!(!places.path("new").exists());
}

#[test]
#[ignore = "needs PostgreSQL"]
fn one_node_changes_the_master_key_and_the_others_follow_by_the_same_file() {
    let server = postgres::Server::start();
    let places = Places::moved_to(&server);
    places.second_node();
    let node = open(&places.path("node"));
    let sealed = node.vault.store(Uuid::from_u128(1), "王桂香").unwrap();
    node.close();
    let new = places.path("new.key");
    let turn = |name: &str| {
        let folder = Folder::open(&places.path(name)).unwrap();
        let lock = folder.lock().unwrap();
        rotate(&folder, &lock, &new).unwrap()
    };
    let turned = turn("node");
    assert_eq!((turned.keys, turned.made), (1, true));
    let Err(NodeError::Vault(told)) = Node::open(&places.path("other"), Opening::default()) else {
        panic!("it opens by the old key");
    };
    assert!(told.text().en.contains(&turned.new), "{told}");
    let turned = turn("other");
    assert_eq!((turned.keys, turned.made), (1, false));
    for name in ["node", "other"] {
        let node = open(&places.path(name));
        assert_eq!(look(&node, sealed).as_deref(), Some("王桂香"));
        node.close();
    }
}
