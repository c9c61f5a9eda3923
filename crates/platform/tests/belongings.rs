//! A node that was given another county's key, or another folder of evidence, notices before it does anything.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;

use kandeng_platform::node::{Config, Folder, Node, Opening, Restore, backup, init, restore};
use support::block_on;

fn made(folder: &Path) {
    init(folder, &Config::new("ledger.example/990121", "990121")).unwrap();
}

/// What it is told when it starts; nothing where all is well.
fn started(folder: &Path) -> Option<String> {
    let node = Node::open(folder, Opening::default()).unwrap();
    let held = block_on(node.hold_belongings());
    node.close();
    held.err().map(|error| error.text().en)
}

#[test]
fn another_county_key_is_noticed_and_taken_only_when_somebody_accepts_it() {
    let folder = tempfile::tempdir().unwrap();
    let node = folder.path().join("node");
    made(&node);
    assert_eq!(started(&node), None);
    assert_eq!(started(&node), None);
    let key = node.join("keys/county.key");
    let own = fs::read(&key).unwrap();
    fs::write(&key, format!("{}\n", "5a".repeat(32))).unwrap();
    let told = started(&node).unwrap();
    assert!(told.contains("keys/county.key"), "{told}");
    // One that is not there is not made anew.
    fs::remove_file(&key).unwrap();
    assert!(started(&node).unwrap().contains("keys/county.key"));
    assert!(!key.exists());
    // The old one is put back, and all is well.
    let other = folder.path().join("other");
    made(&other);
    fs::copy(other.join("keys/county.key"), &key).unwrap();
    let told = started(&node).unwrap();
    fs::write(&key, &own).unwrap();
    assert_eq!(started(&node), None);
    // It is lost for good: whoever runs the node says so, with the id that it was told.
    let id = told.split("this is ").nth(1).unwrap();
    let id = id.split(')').next().unwrap();
    fs::copy(other.join("keys/county.key"), &key).unwrap();
    let accepted = node.join("keys/county.accepted");
    fs::write(&accepted, "0000000000000000").unwrap();
    assert!(started(&node).is_some());
    fs::write(&accepted, id).unwrap();
    assert_eq!(started(&node), None);
    assert!(!accepted.exists());
    fs::write(&key, &own).unwrap();
    assert!(started(&node).is_some(), "there is no way back by chance");
}

#[test]
fn a_node_with_a_folder_of_evidence_of_its_own_is_told_which_one_is_shared() {
    let folder = tempfile::tempdir().unwrap();
    let node = folder.path().join("node");
    made(&node);
    assert_eq!(started(&node), None);
    let evidence = node.join("evidence");
    let aside = folder.path().join("aside");
    fs::rename(&evidence, &aside).unwrap();
    fs::create_dir(&evidence).unwrap();
    let told = started(&node).unwrap();
    let id = fs::read_to_string(aside.join("folder.id")).unwrap();
    assert!(told.contains(id.trim()), "{told}");
    assert!(!evidence.join("folder.id").exists());
    fs::write(evidence.join("folder.id"), "another").unwrap();
    assert!(started(&node).is_some());
    fs::remove_dir_all(&evidence).unwrap();
    fs::rename(&aside, &evidence).unwrap();
    assert_eq!(started(&node), None);
}

#[test]
fn what_is_restored_has_the_folder_that_the_ledger_knows() {
    let folder = tempfile::tempdir().unwrap();
    let node = folder.path().join("node");
    made(&node);
    assert_eq!(started(&node), None);
    let now = "2026-06-30T08:00:00Z".parse().unwrap();
    let copy = folder.path().join("backup");
    let whole = Folder::open(&node).unwrap();
    backup(&whole, &copy, true, now, &mut |_, _| true).unwrap();
    let back = folder.path().join("back");
    let what = Restore {
        from: &copy,
        to: &back,
        keys: Some(&node),
        people: None,
        known: &[],
        accept_loss: None,
    };
    restore(&what, now, &mut |_, _| {}).unwrap();
    assert_eq!(started(&back), None);
}
