//! A node's folder as whoever runs it meets it: made, opened, rebuilt, backed up, brought back.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use kandeng_ledger::PublishError;
use kandeng_platform::Context;
use kandeng_platform::node::{
    self, Config, Folder, Node, NodeError, Opening, Restore, Restored, backup, init, rebuild,
    restore,
};
use kandeng_platform::vault::Reference;
use support::block_on;
use uuid::Uuid;

/// How long the tests wait for publication.
const SECONDS: std::time::Duration = std::time::Duration::from_secs(30);

/// Folders of one test: the node, its second place, backups.
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

    fn open(&self, name: &str) -> Node {
        Node::open(&self.path(name), Opening::default()).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn restore(&self, from: &str, to: &str, keys: Option<&str>) -> Result<Restored, NodeError> {
        let keys = keys.map(|keys| self.path(keys));
        let what = Restore {
            from: &self.path(from),
            to: &self.path(to),
            keys: keys.as_deref(),
            people: None,
            known: &[],
            accept_loss: None,
        };
        restore(&what, now(), &mut |_, _| {})
    }
}

fn now() -> jiff::Timestamp {
    "2026-06-30T08:00:00Z".parse().unwrap()
}

fn cx() -> Context {
    Context {
        jurisdiction: "990121".to_owned(),
        ..Context::of_the_platform(now())
    }
}

/// A value of a person, opened once, so that the ledger and the read model know of it.
fn value(node: &Node, person: u128) -> Reference {
    let reference = node.vault.store(Uuid::from_u128(person), "王桂香").unwrap();
    block_on(
        node.platform
            .open_value(&node.vault, reference, "case 12", &cx()),
    )
    .unwrap();
    reference
}

fn opened(node: &Node, reference: Reference) -> Option<String> {
    block_on(
        node.platform
            .open_value(&node.vault, reference, "look", &cx()),
    )
    .unwrap()
}

fn size(folder: &Path) -> u64 {
    let folder = Folder::open(folder).unwrap();
    let newest = folder.reader().unwrap().checkpoint().unwrap();
    newest.map_or(0, |checkpoint| checkpoint.size)
}

fn told(error: NodeError) -> String {
    let text = error.text();
    assert!(!text.zh.is_empty() && text.zh != text.en);
    text.en
}

#[test]
fn a_new_folder_opens_and_only_once() {
    let places = Places::new();
    let node = places.open("node");
    let second = Node::open(&places.path("node"), Opening::default());
    assert!(matches!(second.err(), Some(NodeError::InUse(path)) if path == places.path("node")));
    node.close();
    places.open("node").close();
    let again = init(
        &places.path("node"),
        &Config::new("ledger.example/1", "990121"),
    );
    assert!(told(again.err().unwrap()).contains("not empty"));
}

#[test]
fn a_wrong_setting_makes_no_folder() {
    let places = Places(tempfile::tempdir().unwrap());
    let place = places.path("node");
    for (origin, code, word) in [
        ("has spaces", "990121", "origin"),
        ("ledger.example/99", "99", "division code"),
    ] {
        let wrong = init(&place, &Config::new(origin, code)).err().unwrap();
        assert!(told(wrong).contains(word));
    }
    let mut within = Config::new("ledger.example/99", "990121");
    within.second_place = Some("second".into());
    let wrong = init(&place, &within).err().unwrap();
    assert!(told(wrong).contains("within the node's own folder"));
    assert!(places.names().is_empty());
}

#[test]
fn a_ledger_that_was_set_back_does_not_open() {
    let places = Places::new();
    let node = places.open("node");
    value(&node, 1);
    node.published(SECONDS).unwrap();
    node.close();
    backup(
        &Folder::open(&places.path("node")).unwrap(),
        &places.path("old"),
        true,
        now(),
        &mut |_, _| true,
    )
    .unwrap();
    let node = places.open("node");
    value(&node, 2);
    node.published(SECONDS).unwrap();
    node.close();
    fs::copy(
        places.path("old/kandeng.db"),
        places.path("node/kandeng.db"),
    )
    .unwrap();
    let error = Node::open(&places.path("node"), Opening::default())
        .err()
        .unwrap();
    assert!(matches!(
        error,
        NodeError::Publish(PublishError::Behind {
            ours: 1,
            theirs: 2,
            ..
        })
    ));
    assert!(told(error).contains("--accept-loss"));
}

#[test]
fn a_second_place_that_is_not_mounted_is_not_taken_for_a_new_one() {
    let places = Places::new();
    fs::rename(places.path("second"), places.path("away")).unwrap();
    for empty in [false, true] {
        if empty {
            fs::create_dir(places.path("second")).unwrap();
        }
        let error = Node::open(&places.path("node"), Opening::default())
            .err()
            .unwrap();
        assert!(told(error).contains("Mount it"));
    }
}

#[test]
fn a_missing_ledger_is_not_made_anew() {
    let places = Places::new();
    fs::remove_file(places.path("node/kandeng.db")).unwrap();
    let error = Node::open(&places.path("node"), Opening::default())
        .err()
        .unwrap();
    assert!(told(error).contains("is not there"));
    assert!(!places.path("node/kandeng.db").exists());
}

#[test]
fn a_rebuild_gives_the_same_tables_and_stopping_it_leaves_the_old_ones() {
    let places = Places::new();
    let node = places.open("node");
    for person in 0..20 {
        value(&node, person);
    }
    node.close();
    let folder = Folder::open(&places.path("node")).unwrap();
    let rows = || {
        let node = places.open("node");
        let rows = support::rows(&node.platform, "opened_values");
        node.close();
        rows
    };
    let before = rows();
    assert_eq!(before.len(), 20);
    // Somebody meddled with the read model.
    let meddle = rusqlite::Connection::open(folder.database()).unwrap();
    meddle
        .execute("update opened_values set reason = 'none'", [])
        .unwrap();
    // As if this program had a table more than the one before.
    meddle.execute("drop table flags", []).unwrap();
    drop(meddle);
    let meddled = rows();
    assert_ne!(meddled, before);

    let lock = folder.lock().unwrap();
    let stopped = rebuild(&folder, &lock, Vec::new(), &mut |done, _| done < 20);
    assert!(matches!(stopped, Err(NodeError::Stopped)));
    drop(lock);
    assert_eq!(rows(), meddled);
    assert!(!places.path("node/rebuild.db").exists());

    let lock = folder.lock().unwrap();
    let rebuilt = rebuild(&folder, &lock, Vec::new(), &mut |_, _| true).unwrap();
    assert_eq!(rebuilt.events, 20);
    drop(lock);
    assert_eq!(rows(), before);
    let made = rusqlite::Connection::open(folder.database()).unwrap();
    let indexes: i64 = made
        .query_row(
            "select count(*) from sqlite_schema where type = 'index' and tbl_name = 'flags' and sql is not null",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(indexes > 2, "the tables have no indexes");
}

#[test]
fn a_backup_holds_everything_but_people_and_comes_back() {
    let places = Places::new();
    let node = places.open("node");
    let evidence = node.folder.evidence();
    evidence.put(&b"a photo"[..]).unwrap();
    let reference = value(&node, 1);
    let own = [
        ("divisions.csv", "code,name\n990121,演示县\n"),
        (
            "policies/own.cedar",
            "forbid (principal, action, resource);\n",
        ),
    ];
    fs::create_dir(places.path("node/policies")).unwrap();
    for (name, text) in own {
        fs::write(places.path("node").join(name), text).unwrap();
    }
    let county = fs::read_to_string(places.path("node/keys/county.key")).unwrap();
    // While the node is open.
    let done = backup(
        &node.folder,
        &places.path("backup"),
        true,
        now(),
        &mut |_, _| true,
    )
    .unwrap();
    assert_eq!((done.size, done.evidence, done.with_keys), (1, 1, true));
    assert!(!places.path("backup/people.db").exists());
    node.published(SECONDS).unwrap();
    node.close();
    let in_backup = Node::open(&places.path("backup"), Opening::default())
        .err()
        .unwrap();
    assert!(told(in_backup).contains("kandeng restore"));

    // The machine is lost, and people's keys with it.
    let restored = places.restore("backup", "new", None).unwrap();
    assert_eq!(
        (restored.entries, restored.evidence, restored.sealed),
        (1, 1, 1)
    );
    let node = places.open("new");
    assert_eq!(opened(&node, reference), None);
    assert_eq!(
        node.folder.evidence().list().unwrap(),
        evidence.list().unwrap()
    );
    for (name, text) in own {
        assert_eq!(
            fs::read_to_string(places.path("new").join(name)).unwrap(),
            text
        );
    }
    assert_eq!(
        fs::read_to_string(node.folder.county_path()).unwrap(),
        county
    );
    node.close();
    assert_eq!(size(&places.path("new")), 1);
    assert_eq!(places.names(), ["backup", "new", "node", "second"]);
}

#[test]
fn a_backup_without_keys_takes_those_of_the_old_node_and_people_too() {
    let places = Places::new();
    let node = places.open("node");
    let kept = value(&node, 1);
    let gone = value(&node, 2);
    block_on(
        node.platform
            .erase_person(&node.vault, Uuid::from_u128(2), "asked", &cx()),
    )
    .unwrap();
    let people = places.path("copy.db");
    node.close();
    backup(
        &Folder::open(&places.path("node")).unwrap(),
        &places.path("backup"),
        false,
        now(),
        &mut |_, _| true,
    )
    .unwrap();
    assert!(!places.path("backup/keys").exists());
    fs::copy(places.path("node/people.db"), people).unwrap();

    let without = places.restore("backup", "new", None).err().unwrap();
    assert!(told(without).contains("--keys"));
    assert!(!places.path("new").exists());
    let restored = places.restore("backup", "new", Some("node")).unwrap();
    assert_eq!((restored.erased, restored.sealed), (1, 0));
    let node = places.open("new");
    assert_eq!(opened(&node, kept).as_deref(), Some("王桂香"));
    assert_eq!(opened(&node, gone), None);
    node.close();
}

#[test]
fn people_come_back_from_a_backup_of_their_keys_until_it_lapses_and_the_erased_never() {
    let places = Places::new();
    let node = places.open("node");
    let kept = value(&node, 1);
    let gone = value(&node, 2);
    fs::create_dir(places.path("vaults")).unwrap();
    let keys = places.path("vaults/monday");
    node::backup_people(&node.folder, &keys, now()).unwrap();
    block_on(
        node.platform
            .erase_person(&node.vault, Uuid::from_u128(2), "asked", &cx()),
    )
    .unwrap();
    backup(
        &node.folder,
        &places.path("backup"),
        true,
        now(),
        &mut |_, _| true,
    )
    .unwrap();
    node.close();
    // The database of people's keys is lost.
    fs::remove_file(places.path("node/people.db")).unwrap();
    let at_home = |to: &str, at: jiff::Timestamp| {
        let what = Restore {
            from: &places.path("backup"),
            to: &places.path(to),
            keys: Some(&places.path("node")),
            people: Some(&keys),
            known: &[],
            accept_loss: None,
        };
        restore(&what, at, &mut |_, _| {})
    };
    let restored = at_home("new", now()).unwrap();
    assert_eq!((restored.erased, restored.sealed), (1, 0));
    let node = places.open("new");
    assert_eq!(opened(&node, kept).as_deref(), Some("王桂香"));
    assert_eq!(opened(&node, gone), None);
    node.close();
    let later = now() + jiff::SignedDuration::from_hours(24 * 31);
    let lapsed = at_home("later", later).err().unwrap();
    assert!(told(lapsed).contains("lapsed"));
    assert!(!places.path("later").exists());
}

#[test]
fn an_old_backup_is_refused_while_later_entries_are_known() {
    let places = Places::new();
    let node = places.open("node");
    value(&node, 1);
    backup(
        &node.folder,
        &places.path("backup"),
        true,
        now(),
        &mut |_, _| true,
    )
    .unwrap();
    value(&node, 2);
    node.close();
    let error = places.restore("backup", "new", Some("node")).err().unwrap();
    assert!(told(error).contains("1 entries"));
    // Closing it has published what it had.
    let error = places.restore("backup", "new", None).err().unwrap();
    assert!(told(error).contains("--accept-loss"));
    assert!(!places.path("new").exists());
}

#[test]
fn a_loss_that_somebody_accepts_starts_a_new_origin_that_tells_of_it() {
    let places = Places::new();
    let node = places.open("node");
    let kept = value(&node, 1);
    backup(
        &node.folder,
        &places.path("backup"),
        true,
        now(),
        &mut |_, _| true,
    )
    .unwrap();
    let gone = value(&node, 2);
    node.close();
    let by = Uuid::from_u128(77);
    let what = |from: &str, to: &str| {
        let loss = node::Loss {
            by,
            reason: "the disk of the county's office burnt",
        };
        let what = Restore {
            from: &places.path(from),
            to: &places.path(to),
            keys: Some(&places.path("node")),
            people: None,
            known: &[],
            accept_loss: Some(loss),
        };
        restore(&what, now(), &mut |_, _| {})
    };
    let restored = what("backup", "new").unwrap();
    let (gap, origin) = restored.loss.unwrap();
    assert_eq!(origin, "ledger.example/990121/2");
    assert_eq!((gap.kept, gap.known, gap.decided_by), (1, 2, by));
    let node = places.open("new");
    assert_eq!(node.folder.config.origin, origin);
    assert_eq!(node.folder.second_place(), Some(places.path("second/2")));
    assert_eq!(opened(&node, kept).as_deref(), Some("王桂香"));
    assert_eq!(opened(&node, gone), None, "it was sealed after the backup");
    node.close();
    // Whoever has the last checkpoint of the old origin finds it within what was told to be lost.
    let signed = fs::read_to_string(places.path("second/checkpoint")).unwrap();
    let old = kandeng_ledger::Trust::parse_unverified(&signed).unwrap();
    let folder = Folder::open(&places.path("new")).unwrap();
    let report = folder.verify(&[old], &mut |_, _| {}).unwrap().unwrap();
    assert_eq!((report.ledger.gaps.len(), report.ledger.in_gap), (1, 1));
    // The old ledger does not go on as if nothing had happened, and a second loss is told after the first.
    backup(
        &folder,
        &places.path("second-backup"),
        true,
        now(),
        &mut |_, _| true,
    )
    .unwrap();
    let node = places.open("new");
    value(&node, 3);
    node.close();
    let what = Restore {
        from: &places.path("second-backup"),
        to: &places.path("newer"),
        keys: Some(&places.path("new")),
        people: None,
        known: &[],
        accept_loss: Some(node::Loss {
            by,
            reason: "again",
        }),
    };
    let (_, origin) = restore(&what, now(), &mut |_, _| {}).unwrap().loss.unwrap();
    assert_eq!(origin, "ledger.example/990121/3");
    let folder = Folder::open(&places.path("newer")).unwrap();
    assert_eq!(folder.second_place(), Some(places.path("second/3")));
    let report = folder.verify(&[], &mut |_, _| {}).unwrap().unwrap();
    assert_eq!(report.ledger.gaps.len(), 2);
}

#[test]
fn a_loss_that_is_none_is_not_accepted() {
    let places = Places::new();
    let node = places.open("node");
    value(&node, 1);
    node.close();
    let folder = Folder::open(&places.path("node")).unwrap();
    backup(&folder, &places.path("backup"), true, now(), &mut |_, _| {
        true
    })
    .unwrap();
    let what = Restore {
        from: &places.path("backup"),
        to: &places.path("new"),
        keys: None,
        people: None,
        known: &[],
        accept_loss: Some(node::Loss {
            by: Uuid::nil(),
            reason: "none",
        }),
    };
    let error = restore(&what, now(), &mut |_, _| {}).err().unwrap();
    assert!(told(error).contains("nothing is lost"));
    assert!(!places.path("new").exists());
}

#[test]
fn a_damaged_backup_does_not_come_back() {
    let places = Places::new();
    let node = places.open("node");
    value(&node, 1);
    value(&node, 2);
    backup(
        &node.folder,
        &places.path("backup"),
        true,
        now(),
        &mut |_, _| true,
    )
    .unwrap();
    node.close();
    let attack = rusqlite::Connection::open(places.path("backup/kandeng.db")).unwrap();
    let sql = "update ledger_entries set payload = cast('{}' as blob) where position = 1";
    assert_eq!(attack.execute(sql, []).unwrap(), 1);
    drop(attack);
    let error = places.restore("backup", "new", None).err().unwrap();
    assert!(told(error).contains("position 1: the payload was changed"));
    assert!(!places.path("new").exists());
    let no_backup = places.restore("node", "new", None).err().unwrap();
    assert!(told(no_backup).contains("backup.toml"));
}

#[test]
fn what_a_killed_process_was_making_is_removed_by_the_next() {
    let places = Places::new();
    let left = places.path(".backup.kandeng-xyz");
    fs::create_dir(&left).unwrap();
    fs::write(left.join(".making"), "").unwrap();
    let folder = Folder::open(&places.path("node")).unwrap();
    let held = fs::File::open(left.join(".making")).unwrap();
    held.lock().unwrap();
    let busy = backup(&folder, &places.path("backup"), true, now(), &mut |_, _| {
        true
    });
    assert!(
        matches!(busy, Err(NodeError::InUse(_))),
        "somebody is making it"
    );
    drop(held);
    backup(&folder, &places.path("backup"), true, now(), &mut |_, _| {
        true
    })
    .unwrap();
    assert_eq!(places.names(), ["backup", "node", "second"]);
}
