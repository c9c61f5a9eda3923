//! What we publish and hand out, checked by Go's transparency log and signed notes, and by Python's aics-tlog. The
//! one needs Go and its package `golang.org/x/mod` (Debian: golang-go, golang-golang-x-mod-dev), so it runs when
//! asked for; the other runs where there is a Python of 3.12 or newer with that package.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use kandeng_ledger::store::Reader as _;
use kandeng_ledger::{Folder, Open};
use support::{Place, filled, key, trust};

/// A ledger of 700 entries that is published, with receipts and proofs beside it, and where.
fn handed_out() -> (Place, PathBuf) {
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
    ledger.close();
    (place, elsewhere)
}

/// A changed leaf, which whoever checks must notice.
fn spoil(elsewhere: &Path) {
    let bundle = elsewhere.join("tile/entries/000");
    let mut bytes = fs::read(&bundle).unwrap();
    bytes[70] ^= 1;
    fs::write(&bundle, bytes).unwrap();
}

#[test]
#[ignore = "needs Go with golang.org/x/mod"]
fn go_agrees_with_tree_notes_receipts_and_consistency() {
    let (place, elsewhere) = handed_out();
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
    spoil(&elsewhere);
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

/// A Python that is new enough and has the package: the one that `KANDENG_PYTHON` names, or one by its usual name.
fn python() -> Option<String> {
    const ASK: &str = "import sys, aics_tlog; assert sys.version_info >= (3, 12)";
    let named = std::env::var("KANDENG_PYTHON").into_iter();
    let usual = ["python3", "python3.14", "python3.13", "python3.12"].map(str::to_owned);
    named.chain(usual).find(|program| {
        let asked = Command::new(program).args(["-c", ASK]).output();
        asked.is_ok_and(|asked| asked.status.success())
    })
}

#[test]
fn aics_tlog_agrees_where_it_is_installed() {
    let Some(python) = python() else {
        println!(
            "skipped: there is no Python of 3.12 or newer with aics-tlog (or KANDENG_PYTHON names none)"
        );
        return;
    };
    let (_place, elsewhere) = handed_out();
    let check = || {
        Command::new(&python)
            .arg("tests/independent/check.py")
            .arg(&elsewhere)
            .arg(key().verifier())
            .output()
            .unwrap()
    };
    let checked = check();
    let said = String::from_utf8_lossy(&checked.stdout);
    let complaint = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}{complaint}");
    assert_eq!(
        said.trim(),
        "checkpoint of 700 entries is signed by ledger.example/990121\n\
         4 tiles and 3 bundles give the signed root\n\
         6 receipts hold\n\
         6 consistency proofs hold"
    );
    spoil(&elsewhere);
    assert!(!check().status.success());
}
