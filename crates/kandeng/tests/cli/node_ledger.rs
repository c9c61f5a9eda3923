//! `kandeng ledger tail|show|stats`: what the ledger holds, as text and as JSON, without personal values.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use uuid::Uuid;

use crate::nodes::{append, filled, note, open};
use crate::{json, program, refused, stdout, succeed};

#[test]
fn tail_shows_the_newest_entries_in_order() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 25);
    let told = stdout(&succeed(
        folder.path(),
        &["ledger", "tail", "node", "-n", "3"],
    ));
    let positions: Vec<_> = told
        .lines()
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(positions, ["22", "23", "24"]);
    assert!(
        told.contains("2026-06-30T08:00:00.000Z  noted  note/"),
        "{told}"
    );
    let output = succeed(
        folder.path(),
        &["ledger", "tail", "node", "-n", "99", "--format", "json"],
    );
    let lines = stdout(&output);
    let entries: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries.len(), 25);
    assert_eq!(entries[7]["payload"]["number"], 7);
    assert_eq!(entries[7]["envelope"]["kind"], "noted");
}

#[test]
fn tail_goes_on_with_what_comes() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 10);
    let args = ["ledger", "tail", "node", "-n", "1", "--follow"];
    let mut child = program(folder.path(), &args)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut position = || {
        let line = lines.next().unwrap().unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(position(), "9");
    let node = open(&path);
    note(&node, 10, 12);
    assert_eq!((position(), position()), ("10".to_owned(), "11".to_owned()));
    node.close();
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn show_says_whether_an_entry_is_what_was_committed_to() {
    let folder = tempfile::tempdir().unwrap();
    let node = filled(folder.path(), 25);
    let told = stdout(&succeed(
        folder.path(),
        &["ledger", "show", "node", "12", "--lang", "en"],
    ));
    for words in ["\"number\": 12", "as committed to", "tree of 20 entries"] {
        assert!(told.contains(words), "no {words} in {told}");
    }
    crate::nodes::attack(
        &node.join("kandeng.db"),
        "update ledger_entries set payload = cast('{}' as blob) where position = 12",
    );
    let args = ["ledger", "show", "node", "12", "--lang", "en"];
    assert!(stdout(&succeed(folder.path(), &args)).contains("CHANGED"));
    let shown = json(&succeed(
        folder.path(),
        &["ledger", "show", "node", "12", "--format", "json"],
    ));
    assert_eq!(shown["payload_fits"], false);
    assert_eq!(shown["envelope_fits"], true);
    let args = ["ledger", "show", "node", "25", "--lang", "en"];
    refused(folder.path(), &args, &["no position 25", "25 entries"]);
}

#[test]
fn stats_count_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 25);
    let stats = json(&succeed(
        folder.path(),
        &["ledger", "stats", "node", "--format", "json"],
    ));
    assert_eq!(stats["entries"], 25);
    assert_eq!(stats["published"], 25);
    assert_eq!(stats["streams"]["note"], 3);
    assert_eq!(stats["kinds"]["noted"], 25);
    assert_eq!(stats["erased_parts"], 0);
    let node = open(&path);
    note(&node, 25, 26);
    node.close();
    let told = stdout(&succeed(
        folder.path(),
        &["ledger", "stats", "node", "--lang", "en"],
    ));
    for words in ["Entries: 26", "Published: 26", "26  noted", "3  note"] {
        assert!(told.contains(words), "no {words} in {told}");
    }
}

#[test]
fn personal_values_are_nowhere_in_what_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 1);
    let node = open(&path);
    let reference = node.vault.store(Uuid::from_u128(9), "王桂香").unwrap();
    append(
        &node,
        9,
        0,
        vec![serde_json::json!({ "name": reference.0 })],
    );
    // What somebody put into an event by mistake is not shown either.
    append(
        &node,
        10,
        0,
        vec![serde_json::json!({ "id": "11010519491231002X" })],
    );
    node.close();
    for args in [
        ["ledger", "tail", "node", "--format", "json"].as_slice(),
        &["ledger", "show", "node", "1"],
        &["ledger", "show", "node", "2"],
        &["ledger", "stats", "node"],
    ] {
        let told = stdout(&succeed(folder.path(), args));
        assert!(
            !told.contains("王桂香") && !told.contains("11010519491231002X"),
            "{told}"
        );
    }
}
