//! `kandeng init`, and folders that are none or are wrong.

use std::fs;

use crate::nodes::{filled, init, open};
use crate::{files, kandeng, refused, stderr, stdout, succeed};

#[test]
fn init_makes_a_node_and_says_what_to_keep() {
    let folder = tempfile::tempdir().unwrap();
    let output = succeed(folder.path(), &["init", "node", "--lang", "en"]);
    let told = stdout(&output);
    for word in ["ledger.invalid/", "signing key", "--origin", "--second"] {
        assert!(told.contains(word), "no {word} in {told}");
    }
    let node = folder.path().join("node");
    assert_eq!(
        files(&node),
        [
            "channels",
            "evidence",
            "kandeng.db",
            "kandeng.toml",
            "keys",
            "ledger.pub",
            "people.db"
        ]
    );
    assert_eq!(
        files(&node.join("keys")),
        ["county.key", "master.key", "naming.key", "signing.key"]
    );
    assert_eq!(files(folder.path()), ["node"]);
    open(&node).close();
    let told = stdout(&succeed(folder.path(), &["init", "另一个", "--lang", "zh"]));
    assert!(told.contains("签名密钥"), "{told}");
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_keys() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let node = init(folder.path());
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&node), 0o700);
    for name in ["county.key", "master.key", "naming.key", "signing.key"] {
        assert_eq!(mode(&node.join("keys").join(name)), 0o600, "{name}");
    }
    fs::set_permissions(
        node.join("keys/signing.key"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    let args = ["backup", "node", "backup", "--with-keys", "--lang", "en"];
    refused(
        folder.path(),
        &args,
        &["keys/signing.key", "644", "chmod 600"],
    );
    assert_eq!(files(folder.path()), ["node", "second"]);
}

#[test]
fn init_writes_over_nothing() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    let before = fs::read(folder.path().join("node/keys/signing.key")).unwrap();
    refused(
        folder.path(),
        &["init", "node", "--lang", "en"],
        &["node", "not empty"],
    );
    refused(
        folder.path(),
        &["init", "node", "--lang", "zh"],
        &["不是空文件夹"],
    );
    assert_eq!(
        fs::read(folder.path().join("node/keys/signing.key")).unwrap(),
        before
    );
    fs::create_dir(folder.path().join("empty")).unwrap();
    succeed(folder.path(), &["init", "empty"]);
}

#[test]
fn init_refuses_names_and_codes_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    for (args, word) in [
        (["init", "node", "--origin", "my ledger"], "spaces"),
        (["init", "node", "--origin", "a+b"], "plus signs"),
        (["init", "node", "--jurisdiction", "99"], "6, 9 or 12"),
        (["init", "node", "--second", "node/second"], "within"),
    ] {
        let args: Vec<&str> = args.into_iter().chain(["--lang", "en"]).collect();
        refused(folder.path(), &args, &[word]);
        assert!(files(folder.path()).is_empty(), "{args:?}");
    }
}

#[test]
fn a_second_place_belongs_to_one_ledger() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    let args = ["init", "other", "--second", "second", "--lang", "en"];
    refused(folder.path(), &args, &["second", "ledger.example/990121"]);
    assert!(!folder.path().join("other").exists());
}

#[test]
fn every_command_says_when_a_folder_is_none() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    for args in [
        vec!["verify", "empty"],
        vec!["receipt", "empty", "0"],
        vec!["rebuild", "empty"],
        vec!["backup", "empty", "backup"],
        vec!["restore", "empty", "new"],
        vec!["ledger", "tail", "empty"],
        vec!["ledger", "show", "empty", "0"],
        vec!["ledger", "stats", "empty"],
        vec![
            "migrate",
            "empty",
            "--to",
            "postgres",
            "--address-variable",
            "X",
        ],
    ] {
        for (language, word) in [("en", "no folder of Kandeng"), ("zh", "不是看灯的文件夹")]
        {
            let args: Vec<&str> = args.iter().copied().chain(["--lang", language]).collect();
            refused(folder.path(), &args, &["empty", "kandeng.toml", word]);
        }
    }
    let args = ["ledger", "stats", "nowhere", "--lang", "en"];
    refused(
        folder.path(),
        &args,
        &["nowhere does not exist", "kandeng init"],
    );
    assert_eq!(files(folder.path()), ["empty"]);
}

#[test]
fn a_setting_that_nobody_knows_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let node = init(folder.path());
    let path = node.join("kandeng.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("colour = \"red\"\n{text}")).unwrap();
    let args = ["ledger", "stats", "node", "--lang", "en"];
    refused(folder.path(), &args, &["kandeng.toml:1", "colour"]);
}

#[test]
fn two_processes_do_not_write_to_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 10);
    let node = open(&path);
    refused(
        folder.path(),
        &["rebuild", "node", "--lang", "en"],
        &["another kandeng process", "node"],
    );
    node.close();
    let output = kandeng(folder.path(), &["rebuild", "node", "--lang", "en"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("10 events"), "{}", stdout(&output));
}
