//! `kandeng vault rotate`: another master key over people's keys.

use std::fs;
use std::path::Path;

use kandeng_platform::Context;
use kandeng_platform::vault::Reference;
use uuid::Uuid;

use crate::nodes::{init, open};
use crate::{kandeng, program, refused, stderr, stdout, succeed};

fn sealed(path: &Path) -> Reference {
    let node = open(path);
    let reference = node.vault.store(Uuid::from_u128(1), "王桂香").unwrap();
    node.close();
    reference
}

/// What the node shows of the value.
fn shown(path: &Path, reference: Reference) -> Option<String> {
    let node = open(path);
    let cx = Context::of_the_platform("2026-06-30T08:00:00Z".parse().unwrap());
    let opened = node
        .platform
        .open_value(&node.vault, reference, "case 12", &cx);
    let value = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(opened)
        .unwrap();
    node.close();
    value
}

#[test]
fn the_master_key_is_changed_and_the_old_one_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = init(folder);
    let reference = sealed(&path);
    let old = fs::read_to_string(path.join("keys/master.key")).unwrap();
    let rotate = ["vault", "rotate", "node", "--new-key"];
    let told = succeed(
        folder,
        &[&rotate[..], &["node/keys/master-2.key", "--lang", "en"]].concat(),
    );
    let told = stdout(&told);
    assert!(
        told.contains("keys of 1 people") && told.contains("destroy the old master key"),
        "{told}"
    );
    assert!(told.contains("node/keys/master.key"), "{told}");
    let new = fs::read_to_string(path.join("keys/master-2.key")).unwrap();
    for key in [&old, &new] {
        assert!(!told.contains(key.trim()), "a key is shown");
    }
    let settings = fs::read_to_string(path.join("kandeng.toml")).unwrap();
    assert!(
        settings.contains("master_key = \"keys/master-2.key\""),
        "{settings}"
    );
    fs::remove_file(path.join("keys/master.key")).unwrap();
    assert_eq!(shown(&path, reference).as_deref(), Some("王桂香"));
    // With the keys in a backup, the new one is among them.
    succeed(folder, &["backup", "node", "backup", "--with-keys"]);
    assert!(folder.join("backup/keys/master-2.key").is_file());

    // The same key again is none; and Chinese says so too.
    let again = [&rotate[..], &["node/keys/master-2.key", "--lang"]].concat();
    refused(folder, &[&again[..], &["en"]].concat(), &["in use"]);
    refused(folder, &[&again[..], &["zh"]].concat(), &["主密钥"]);
    let told = succeed(
        folder,
        &[&rotate[..], &["third.key", "--lang", "zh"]].concat(),
    );
    assert!(stdout(&told).contains("1 人的密钥现由主密钥"));
    // Whoever goes back to the old key is told which one it is to be.
    fs::write(path.join("kandeng.toml"), settings).unwrap();
    let output = kandeng(
        folder,
        &["notices", "retry", "node", "--all", "--lang", "en"],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("is the wrong master key"),
        "{}",
        stderr(&output)
    );
    // The settings were not changed, as when somebody pulled the plug there: the same again makes it good.
    let told = succeed(
        folder,
        &[&rotate[..], &["third.key", "--lang", "en"]].concat(),
    );
    assert!(stdout(&told).contains("keys of 1 people"));
    assert_eq!(shown(&path, reference).as_deref(), Some("王桂香"));
}

#[test]
fn a_master_key_from_a_variable_stays_one_and_a_file_that_others_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = init(folder);
    let old = fs::read_to_string(path.join("keys/master.key")).unwrap();
    fs::remove_file(path.join("keys/master.key")).unwrap();
    let settings = fs::read_to_string(path.join("kandeng.toml")).unwrap();
    let settings = settings.replace(
        "master_key = \"keys/master.key\"",
        "master_key_variable = \"KANDENG_TEST_MASTER\"",
    );
    fs::write(path.join("kandeng.toml"), &settings).unwrap();
    let rotate = |key: &str| {
        program(
            folder,
            &["vault", "rotate", "node", "--new-key", key, "--lang", "en"],
        )
        .env("KANDENG_TEST_MASTER", old.trim())
        .output()
        .unwrap()
    };
    fs::write(folder.join("open.key"), "7".repeat(64)).unwrap();
    let mode = std::process::Command::new("chmod")
        .args(["644", "open.key"])
        .current_dir(folder)
        .status();
    assert!(mode.unwrap().success());
    let output = rotate("open.key");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("chmod 600"), "{}", stderr(&output));
    let output = rotate("new.key");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("Set KANDENG_TEST_MASTER"));
    assert_eq!(
        fs::read_to_string(path.join("kandeng.toml")).unwrap(),
        settings
    );
}
