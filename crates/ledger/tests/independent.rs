//! What we publish and hand out, checked by Go's transparency log and signed notes. Needs Go and its
//! package `golang.org/x/mod` (Debian: golang-go, golang-golang-x-mod-dev), so it runs when asked for.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use kandeng_ledger::store::Reader as _;
use kandeng_ledger::{Folder, Open};
use support::{filled, key, trust};

#[test]
#[ignore = "needs Go with golang.org/x/mod"]
fn go_agrees_with_tree_notes_receipts_and_consistency() {
    let place = filled(700);
    let elsewhere = place.folder.path().join("elsewhere");
    Folder::new(&elsewhere)
        .publish(&mut place.reader(), &trust())
        .unwrap();
    let ledger = place.open();
    let checkpoints = place.reader().checkpoints(0, 1_000).unwrap();
    fs::create_dir(elsewhere.join("receipts")).unwrap();
    fs::create_dir(elsewhere.join("consistency")).unwrap();
    let open = Open {
        envelope: true,
        payload: true,
    };
    for (position, at) in [
        (0, 0),
        (0, 699),
        (255, 255),
        (255, 256),
        (256, 511),
        (699, 699),
    ] {
        let receipt = ledger.receipt(position, &checkpoints[at], open).unwrap();
        let name = format!("receipts/{position}-{at}.tlog-proof");
        fs::write(elsewhere.join(name), receipt.text()).unwrap();
    }
    for (old, new) in [
        (0, 1),
        (0, 699),
        (255, 256),
        (254, 511),
        (511, 699),
        (699, 699),
    ] {
        let (old, new) = (&checkpoints[old], &checkpoints[new]);
        let mut request = format!("old {}\n", old.size);
        for hash in ledger.prove_consistency(old.size, new.size).unwrap() {
            request.push_str(&BASE64_STANDARD.encode(hash.0));
            request.push('\n');
        }
        request.push('\n');
        request.push_str(&new.note);
        let name = format!("consistency/{}-{}", old.size, new.size);
        fs::write(elsewhere.join(format!("{name}.txt")), request).unwrap();
        fs::write(elsewhere.join(format!("{name}.old")), &old.note).unwrap();
    }
    let checked = Command::new("go")
        .args(["run", "tests/independent/check.go"])
        .arg(&elsewhere)
        .arg(key().verifier())
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOFLAGS", "")
        .env("GOCACHE", place.folder.path().join("cache"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&checked.stdout);
    let complaint = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}{complaint}");
    assert_eq!(
        said.trim(),
        "checkpoint of 700 entries is signed by ledger.example/990121\n\
         700 leaves give the signed root\n\
         4 tiles are the library's\n\
         6 receipts hold\n\
         6 consistency proofs hold"
    );

    // The checker can say no.
    let bundle = elsewhere.join("tile/entries/000");
    let mut bytes = fs::read(&bundle).unwrap();
    bytes[70] ^= 1;
    fs::write(&bundle, bytes).unwrap();
    let checked = Command::new("go")
        .args(["run", "tests/independent/check.go"])
        .arg(&elsewhere)
        .arg(key().verifier())
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOCACHE", place.folder.path().join("cache"))
        .output()
        .unwrap();
    assert!(!checked.status.success());
}
