//! `kandeng verify` and `kandeng receipt`: what is wrong is said with its position, and a proof is one.

use std::fs;
use std::path::Path;

use kandeng_ledger::{Part, Receipt, Trust};
use serde_json::json;

use crate::nodes::{append, attack, filled, note, open};
use crate::{json as parsed, kandeng, refused, stderr, stdout, succeed};

/// Runs `verify`, expects that something is wrong, and gives what was said.
fn wrong(folder: &Path, args: &[&str]) -> String {
    let args: Vec<&str> = ["verify"].iter().chain(args).copied().collect();
    let output = kandeng(folder, &args);
    assert_eq!(
        output.status.code(),
        Some(1),
        "{args:?}: {}",
        stderr(&output)
    );
    assert!(stderr(&output).is_empty(), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn a_node_that_nobody_touched_is_in_order() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 300);
    let told = stdout(&succeed(folder.path(), &["verify", "node", "--lang", "en"]));
    for words in [
        "300 entries",
        "1 full tiles",
        "30 checkpoints",
        "published: 300",
    ] {
        assert!(told.contains(words), "no {words} in {told}");
    }
    let report = parsed(&succeed(
        folder.path(),
        &["verify", "node", "--format", "json"],
    ));
    assert_eq!(report["right"], true);
    assert_eq!(report["entries"], 300);
    let told = stdout(&succeed(folder.path(), &["verify", "node", "--lang", "zh"]));
    assert!(told.contains("无误:300 条"), "{told}");
}

#[test]
fn a_changed_byte_is_found_with_its_position() {
    for (sql, position, en, zh) in [
        (
            "update ledger_entries set payload = cast('{\"number\":9}' as blob) where position = 123",
            123,
            "the payload was changed",
            "内容被改过",
        ),
        (
            "update ledger_entries set envelope = cast(replace(cast(envelope as text), '990121', \
             '990122') as blob) where position = 7",
            7,
            "the envelope was changed",
            "信封被改过",
        ),
        (
            "delete from ledger_entries where position = 299",
            299,
            "the entry is missing",
            "这一条不在了",
        ),
        (
            "update ledger_entries set payload = null, payload_salt = null where position = 5",
            5,
            "no event says that it was erased",
            "没有事件说它被删除",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let node = filled(folder.path(), 300);
        attack(&node.join("kandeng.db"), sql);
        let told = wrong(folder.path(), &["node", "--lang", "en"]);
        assert!(
            told.contains(&format!("position {position}: ")) && told.contains(en),
            "{told}"
        );
        let told = wrong(folder.path(), &["node", "--lang", "zh"]);
        assert!(
            told.contains(&format!("第 {position} 条")) && told.contains(zh),
            "{told}"
        );
        let report: serde_json::Value =
            serde_json::from_str(&wrong(folder.path(), &["node", "--format", "json"])).unwrap();
        assert_eq!(
            (&report["right"], &report["position"]),
            (&json!(false), &json!(position))
        );
    }
}

#[test]
fn a_ledger_whose_end_was_cut_off_is_found_by_what_was_published_or_kept() {
    let folder = tempfile::tempdir().unwrap();
    let node = filled(folder.path(), 100);
    let kept = folder.path().join("kept");
    fs::copy(folder.path().join("second/checkpoint"), &kept).unwrap();
    let told = stdout(&succeed(
        folder.path(),
        &["verify", "node", "--checkpoint", "kept", "--lang", "en"],
    ));
    assert!(told.contains("continues all 1 checkpoints"), "{told}");
    for sql in [
        "delete from ledger_entries where position >= 90",
        "delete from ledger_checkpoints where size > 90",
    ] {
        attack(&node.join("kandeng.db"), sql);
    }
    let told = wrong(folder.path(), &["node", "--lang", "en"]);
    assert!(
        told.contains("90 entries") && told.contains("second"),
        "{told}"
    );
    // Without the second place whoever kept a checkpoint still knows.
    let settings = node.join("kandeng.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let text = text.split("[second_place]").next().unwrap();
    fs::write(&settings, text).unwrap();
    succeed(folder.path(), &["verify", "node"]);
    let told = wrong(
        folder.path(),
        &["node", "--checkpoint", "kept", "--lang", "en"],
    );
    assert!(told.contains("an earlier checkpoint has 100"), "{told}");
}

#[test]
fn changed_and_missing_evidence_is_found_with_the_entry_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 20);
    let node = open(&path);
    let evidence = node.folder.evidence();
    let name = evidence.put(&b"a photo of the site"[..]).unwrap();
    evidence.put(&b"named by nobody yet"[..]).unwrap();
    append(
        &node,
        77,
        0,
        vec![
            json!({}),
            json!({ "photos": [{ "sha256": name, "bytes": 19 }] }),
        ],
    );
    node.close();
    let told = stdout(&succeed(folder.path(), &["verify", "node", "--lang", "en"]));
    assert!(told.contains("2 files of evidence, 1 named"), "{told}");
    let photo = evidence.path(&name);
    fs::write(&photo, b"a photo of another site").unwrap();
    let told = wrong(folder.path(), &["node", "--lang", "en"]);
    assert!(
        told.contains("position 21: ") && told.contains("was changed"),
        "{told}"
    );
    fs::remove_file(&photo).unwrap();
    let told = wrong(folder.path(), &["node", "--lang", "zh"]);
    assert!(told.contains("第 21 条") && told.contains("不在"), "{told}");
    fs::write(&photo, b"a photo of the site").unwrap();
    let other = &evidence.list().unwrap()[usize::from(evidence.list().unwrap()[0] == name)];
    fs::write(evidence.path(other), b"something else").unwrap();
    let told = wrong(folder.path(), &["node", "--lang", "en"]);
    assert!(
        told.contains(other) && told.contains("was changed"),
        "{told}"
    );
}

#[test]
fn what_is_published_is_verified_by_itself_in_a_folder_and_over_http() {
    let folder = tempfile::tempdir().unwrap();
    let node = filled(folder.path(), 300);
    let told = stdout(&succeed(
        folder.path(),
        &["verify", "second", "--lang", "en"],
    ));
    assert!(told.contains("300 leaves"), "{told}");
    let server = crate::serve::Server::start(folder.path().join("second"));
    let url = server.url();
    let kept = folder.path().join("second/checkpoint");
    let args = ["verify", &url, "--lang", "en"];
    refused(folder.path(), &args, &["--public-key"]);
    let kept = kept.display().to_string();
    let args = [
        "verify",
        &url,
        "--public-key",
        "node/ledger.pub",
        "--checkpoint",
        &kept,
    ];
    let report = parsed(&succeed(
        folder.path(),
        &[&args[..], &["--format", "json"]].concat(),
    ));
    assert_eq!(
        (&report["entries"], &report["continued"]),
        (&json!(300), &json!(1))
    );
    // One hash of one tile.
    let tile = folder.path().join("second/tile/0/000");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[77] ^= 1;
    fs::write(&tile, bytes).unwrap();
    for place in ["second", &url] {
        let args = [place, "--public-key", "node/ledger.pub", "--lang", "en"];
        let told = wrong(folder.path(), &args);
        assert!(told.contains("position 0: tile 0/0 does not fit"), "{told}");
    }
    drop(server);
    let args = [
        "verify",
        &url,
        "--public-key",
        "node/ledger.pub",
        "--lang",
        "en",
    ];
    refused(folder.path(), &args, &["cannot be had"]);
    let _ = node;
}

#[test]
fn a_node_is_verified_while_somebody_appends_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 5_000);
    let node = open(&path);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 5_000;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) && number < 20_000 {
                note(&node, number, number + 10);
                number += 10;
            }
        });
        for _ in 0..5 {
            succeed(folder.path(), &["verify", "node"]);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    node.close();
}

#[test]
fn a_checkpoint_of_another_ledger_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 10);
    fs::write(
        folder.path().join("kept"),
        "ledger.example/other\n1\nAAAA\n\n— x y\n",
    )
    .unwrap();
    let args = ["verify", "node", "--checkpoint", "kept", "--lang", "en"];
    refused(
        folder.path(),
        &args,
        &["kept is no checkpoint of this ledger"],
    );
    let args = ["verify", "node", "--checkpoint", "nowhere", "--lang", "en"];
    refused(folder.path(), &args, &["nowhere"]);
}

#[test]
fn a_receipt_proves_its_entry_with_the_public_key_alone() {
    let folder = tempfile::tempdir().unwrap();
    let node = filled(folder.path(), 300);
    let trust = Trust::ledger(&fs::read_to_string(node.join("ledger.pub")).unwrap());
    for (open, parts) in [
        ("both", (true, true)),
        ("envelope", (true, false)),
        ("payload", (false, true)),
        ("none", (false, false)),
    ] {
        let output = succeed(folder.path(), &["receipt", "node", "123", "--open", open]);
        let receipt = Receipt::parse(&stdout(&output)).unwrap();
        receipt.verify(&trust).unwrap();
        assert_eq!(receipt.position, 123);
        assert_eq!(
            (receipt.envelope.is_some(), receipt.payload.is_some()),
            parts,
            "{open}"
        );
        if let Some(payload) = receipt.payload {
            assert_eq!(payload.bytes, br#"{"number":123}"#);
            assert_eq!(payload.commitment(), receipt.leaf.commitment(Part::Payload));
        }
    }
    succeed(
        folder.path(),
        &["receipt", "node", "0", "-o", "first.tlog-proof"],
    );
    let text = fs::read_to_string(folder.path().join("first.tlog-proof")).unwrap();
    Receipt::parse(&text).unwrap().verify(&trust).unwrap();
}

#[test]
fn a_receipt_that_would_prove_nothing_is_not_given() {
    let folder = tempfile::tempdir().unwrap();
    let node = filled(folder.path(), 20);
    for (position, words) in [
        ("20", "no position 20"),
        ("99999999999999999999", "whole number"),
    ] {
        let args = ["receipt", "node", position, "--lang", "en"];
        refused(folder.path(), &args, &[words]);
    }
    attack(
        &node.join("kandeng.db"),
        "update ledger_entries set payload = cast('{}' as blob) where position = 3",
    );
    refused(
        folder.path(),
        &["receipt", "node", "3", "--lang", "en"],
        &["payload", "kandeng verify"],
    );
}
