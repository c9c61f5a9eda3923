//! A witness in the settings: it cosigns what a node publishes, and tells when the ledger was set back.

use std::fs;
use std::path::Path;

use kandeng_ledger::Trust;

use crate::nodes::{init_with, note, open, size};
use crate::witness::TestWitness;
use crate::{refused, stdout, succeed};

/// A node whose only place elsewhere is the witness.
fn node(folder: &Path) -> TestWitness {
    let node = init_with(folder, &[]);
    let public = fs::read_to_string(node.join("ledger.pub")).unwrap();
    let witness = TestWitness::new(Trust {
        ledger: public.trim().to_owned(),
        witnesses: Vec::new(),
    });
    let path = node.join("kandeng.toml");
    let mut settings = fs::read_to_string(&path).unwrap();
    settings.push_str(&format!(
        "\n[second_place]\nwitness = \"{}\"\nwitness_key = \"{}\"\n",
        witness.http.url(),
        witness.key.verifier()
    ));
    fs::write(&path, settings).unwrap();
    witness
}

#[test]
fn a_witness_cosigns_what_is_published_and_verify_and_receipts_show_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let witness = node(folder);
    let path = folder.join("node");
    let writing = open(&path);
    note(&writing, 0, 30);
    writing.close();
    assert_eq!((size(&path), witness.size()), (30, 30));
    let told = stdout(&succeed(folder, &["verify", "node", "--lang", "en"]));
    assert!(told.contains("Witnesses have cosigned"), "{told}");
    let told = stdout(&succeed(folder, &["verify", "node", "--lang", "zh"]));
    assert!(told.contains("见证"), "{told}");
    let receipt = stdout(&succeed(folder, &["receipt", "node", "7"]));
    assert!(receipt.contains("— witness.example/w1 "), "{receipt}");
}

#[test]
fn a_ledger_that_was_set_back_does_not_start_because_the_witness_knows_of_more() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let witness = node(folder);
    let path = folder.join("node");
    let writing = open(&path);
    note(&writing, 0, 10);
    writing.close();
    fs::copy(path.join("kandeng.db"), folder.join("old.db")).unwrap();
    let writing = open(&path);
    note(&writing, 10, 20);
    writing.close();
    assert_eq!(witness.size(), 20);
    fs::copy(folder.join("old.db"), path.join("kandeng.db")).unwrap();
    // A command that writes opens the node.
    let write = ["notices", "retry", "node", "--all", "--lang"];
    refused(
        folder,
        &[&write[..], &["en"]].concat(),
        &["10", "20", "restore"],
    );
    refused(
        folder,
        &[&write[..], &["zh"]].concat(),
        &["10", "20", "退回"],
    );
    // One that cannot be asked keeps nobody from working.
    drop(witness);
    succeed(folder, &[&write[..], &["en"]].concat());
}
