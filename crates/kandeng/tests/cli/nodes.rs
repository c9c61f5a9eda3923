//! Nodes for the tests of commands: made by the program, filled by the platform, tampered with as an attacker would.

use std::path::{Path, PathBuf};

use kandeng_ledger::{Append, NewEvent, Occasion, StreamName, Write};
use kandeng_platform::node::{Node, Opening};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::succeed;

/// A node `node` with a second place `second`, of a name of its own.
pub fn init(folder: &Path) -> PathBuf {
    init_with(folder, &["--second", "second"])
}

/// A node `node` with these arguments more.
pub fn init_with(folder: &Path, more: &[&str]) -> PathBuf {
    let args = [
        "init",
        "node",
        "--origin",
        "ledger.example/990121",
        "--jurisdiction",
        "990121",
        "--lang",
        "en",
    ];
    succeed(folder, &[&args, more].concat());
    folder.join("node")
}

/// The same with `count` entries, ten to a stream. Closing a node publishes what it has.
pub fn filled(folder: &Path, count: u64) -> PathBuf {
    let path = init(folder);
    let node = open(&path);
    note(&node, 0, count);
    node.close();
    path
}

pub fn open(path: &Path) -> Node {
    // With the tables of all scenes, as the program opens it.
    let opening = Opening {
        tables: kandeng_supervise::tables(),
        ..Opening::default()
    };
    Node::open(path, opening).unwrap()
}

/// Notes numbers `from` to `to`, ten to a stream, a stream to a batch of its own.
pub fn note(node: &Node, from: u64, to: u64) {
    for stream in from / 10..to.div_ceil(10) {
        let first = (stream * 10).max(from);
        let last = (stream * 10 + 10).min(to);
        let events = (first..last).map(|number| json!({ "number": number }));
        append(node, u128::from(stream), first % 10, events.collect());
    }
}

/// Appends payloads to a stream that stands at `expected`.
pub fn append(node: &Node, stream: u128, expected: u64, payloads: Vec<Value>) {
    let events = payloads
        .into_iter()
        .map(|payload| NewEvent::new("noted", 1, payload));
    let append = Append {
        occasion: Occasion {
            at: "2026-06-30T08:00:00Z".parse().unwrap(),
            actor: Uuid::from_u128(1),
            jurisdiction: "990121".to_owned(),
            command: None,
        },
        writes: vec![Write {
            stream: StreamName::new("note", Uuid::from_u128(stream)).unwrap(),
            expected,
            events: events.collect(),
        }],
    };
    node.platform.ledger().append_all_blocking(append).unwrap();
}

/// Does to the database what somebody with the file in hand can do.
pub fn attack(database: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(database).unwrap();
    let changed = connection.execute(sql, []).unwrap();
    assert!(changed > 0, "the attack did nothing: {sql}");
}

/// How many entries the ledger has.
pub fn size(path: &Path) -> u64 {
    let folder = kandeng_platform::node::Folder::open(path).unwrap();
    let newest = folder.reader().unwrap().checkpoint().unwrap();
    newest.map_or(0, |checkpoint| checkpoint.size)
}
