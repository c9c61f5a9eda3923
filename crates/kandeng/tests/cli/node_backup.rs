//! `kandeng backup`, `restore` and `rebuild`, as an operator uses them.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use uuid::Uuid;

use crate::nodes::{attack, filled, note, open, size};
use crate::{files, refused, stderr, stdout, succeed};

#[test]
fn a_backup_taken_while_somebody_appends_is_whole_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 1_000);
    let node = open(&path);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 1_000;
            while !stop.load(Ordering::Relaxed) && number < 20_000 {
                note(&node, number, number + 10);
                number += 10;
            }
        });
        for number in 0..5 {
            let name = format!("backup{number}");
            succeed(folder.path(), &["backup", "node", &name, "--with-keys"]);
            succeed(folder.path(), &["verify", &name]);
        }
        stop.store(true, Ordering::Relaxed);
    });
    node.close();
    assert!(size(&folder.path().join("backup0")) >= 1_000);
    // Of those five the ledger has gone on and published more since, which is no fault of theirs.
    let first = succeed(folder.path(), &["verify", "backup0", "--lang", "en"]);
    assert!(
        stdout(&first).contains("has gone on since"),
        "{}",
        stdout(&first)
    );
    succeed(folder.path(), &["backup", "node", "last", "--with-keys"]);
    let told = stdout(&succeed(
        folder.path(),
        &["restore", "last", "new", "--lang", "en"],
    ));
    assert!(told.contains("entries, verified"), "{told}");
    assert_eq!(
        size(&folder.path().join("new")),
        size(&folder.path().join("last"))
    );
    succeed(folder.path(), &["verify", "new"]);
}

#[test]
fn a_backup_holds_keys_only_when_asked_and_people_never() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 10);
    let told = stdout(&succeed(
        folder.path(),
        &["backup", "node", "plain", "--lang", "en"],
    ));
    assert!(told.contains("No keys are in it"), "{told}");
    assert_eq!(
        files(&folder.path().join("plain")),
        [
            "backup.toml",
            "evidence",
            "kandeng.db",
            "kandeng.toml",
            "ledger.pub"
        ]
        .into_iter()
        .filter(|name| *name != "evidence" || folder.path().join("plain/evidence").exists())
        .collect::<Vec<_>>()
    );
    succeed(folder.path(), &["backup", "node", "whole", "--with-keys"]);
    let keys = files(&folder.path().join("whole/keys"));
    assert_eq!(
        keys,
        ["county.key", "master.key", "naming.key", "signing.key"]
    );
    assert!(!folder.path().join("whole/people.db").exists());
    // A backup is not written to, and not over.
    refused(
        folder.path(),
        &["rebuild", "whole", "--lang", "en"],
        &["kandeng restore"],
    );
    refused(
        folder.path(),
        &["backup", "node", "whole", "--lang", "en"],
        &["not empty"],
    );
    refused(
        folder.path(),
        &["backup", "node", "node/backup", "--lang", "en"],
        &["within"],
    );
    refused(
        folder.path(),
        &["restore", "plain", "new", "--lang", "en"],
        &["--keys"],
    );
    succeed(
        folder.path(),
        &["restore", "plain", "new", "--keys", "node"],
    );
    refused(
        folder.path(),
        &["restore", "plain", "new", "--keys", "node", "--lang", "en"],
        &["not empty"],
    );
    refused(
        folder.path(),
        &["restore", "node", "again", "--lang", "en"],
        &["backup.toml"],
    );
    succeed(
        folder.path(),
        &["restore", "plain", "bare", "--keys", "whole/keys"],
    );
}

#[test]
fn an_old_backup_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 20);
    succeed(folder.path(), &["backup", "node", "old", "--with-keys"]);
    let node = open(&path);
    note(&node, 20, 30);
    node.close();
    fs::rename(&path, folder.path().join("lost")).unwrap();
    refused(
        folder.path(),
        &["restore", "old", "node", "--lang", "en"],
        &["20 entries", "30", "second", "--accept-loss"],
    );
    refused(
        folder.path(),
        &["restore", "old", "node", "--lang", "zh"],
        &["20 条", "30 条", "旧备份"],
    );
    assert_eq!(files(folder.path()), ["lost", "old", "second"]);
}

#[test]
fn a_loss_that_is_accepted_starts_a_new_origin_and_verify_tells_of_the_gap() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 20);
    succeed(folder.path(), &["backup", "node", "old", "--with-keys"]);
    let node = open(&path);
    note(&node, 20, 30);
    node.close();
    fs::rename(&path, folder.path().join("lost")).unwrap();
    let account = "01890a5d-ac96-774b-bcce-b302099a8057";
    let args = [
        "restore",
        "old",
        "node",
        "--accept-loss",
        "--decided-by",
        account,
        "--reason",
        "the disk burnt",
        "--lang",
        "en",
    ];
    let told = stdout(&succeed(folder.path(), &args));
    for words in [
        "ledger.example/990121/2",
        "positions 20 to 29",
        "ledger.pub",
    ] {
        assert!(told.contains(words), "no {words} in {told}");
    }
    // The old origin's last checkpoint, as somebody kept it, and one from before the backup.
    fs::copy(
        folder.path().join("second/checkpoint"),
        folder.path().join("kept"),
    )
    .unwrap();
    let told = stdout(&succeed(
        folder.path(),
        &["verify", "node", "--checkpoint", "kept", "--lang", "en"],
    ));
    for words in [
        "21 entries",
        "goes on from ledger.example/990121 after a loss: positions 20 to 29",
        account,
        "the disk burnt",
        "1 of the checkpoints that were given lie within",
    ] {
        assert!(told.contains(words), "no {words} in {told}");
    }
    let node = open(&folder.path().join("node"));
    note(&node, 20, 25);
    node.close();
    succeed(folder.path(), &["verify", "node"]);
    succeed(folder.path(), &["verify", "second/2"]);
    succeed(folder.path(), &["receipt", "node", "25"]);
    // There is nothing to be lost twice.
    succeed(folder.path(), &["backup", "node", "new", "--with-keys"]);
    let args = ["restore", "new", "again", "--accept-loss", "--lang", "en"];
    refused(folder.path(), &args, &["nothing is lost"]);
}

#[test]
fn people_come_back_from_a_backup_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 10);
    let node = open(&path);
    node.vault.store(Uuid::from_u128(7), "王桂香").unwrap();
    node.close();
    let args = [
        "backup", "node", "backup", "--people", "people", "--lang", "en",
    ];
    let told = stdout(&succeed(folder.path(), &args));
    assert!(told.contains("until"), "{told}");
    let bytes = fs::read(folder.path().join("people")).unwrap();
    assert!(!bytes.windows(9).any(|window| window == "王桂香".as_bytes()));
    fs::remove_file(path.join("people.db")).unwrap();
    let args = [
        "restore", "backup", "new", "--keys", "node", "--people", "people", "--lang", "en",
    ];
    let output = succeed(folder.path(), &args);
    assert!(stderr(&output).is_empty(), "{}", stderr(&output));
    // The keys that it is wrapped by are gone: it has lapsed.
    fs::remove_dir_all(path.join("keys/wrapping")).unwrap();
    let args = [
        "restore", "backup", "later", "--keys", "node", "--people", "people", "--lang", "en",
    ];
    refused(folder.path(), &args, &["lapsed"]);
}

#[test]
fn a_damaged_backup_is_refused_with_its_position() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 20);
    succeed(folder.path(), &["backup", "node", "backup", "--with-keys"]);
    attack(
        &folder.path().join("backup/kandeng.db"),
        "update ledger_entries set payload = cast('{}' as blob) where position = 13",
    );
    refused(
        folder.path(),
        &["restore", "backup", "new", "--lang", "en"],
        &["damaged", "position 13", "payload"],
    );
    assert_eq!(files(folder.path()), ["backup", "node", "second"]);
}

#[test]
fn whoever_was_erased_stays_erased_and_sealed_values_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 10);
    let node = open(&path);
    let person = Uuid::from_u128(7);
    node.vault.store(person, "王桂香").unwrap();
    node.close();
    succeed(folder.path(), &["backup", "node", "backup", "--with-keys"]);
    let output = succeed(folder.path(), &["restore", "backup", "new", "--lang", "en"]);
    assert!(
        stderr(&output).contains("1 personal values stay sealed"),
        "{}",
        stderr(&output)
    );
    let output = succeed(
        folder.path(),
        &[
            "restore", "backup", "with", "--keys", "node", "--lang", "en",
        ],
    );
    assert!(stderr(&output).is_empty(), "{}", stderr(&output));
}

/// What the read model says of a table.
fn standing(path: &Path) -> Vec<(String, i64)> {
    let connection = rusqlite::Connection::open(path.join("kandeng.db")).unwrap();
    let mut select = connection
        .prepare("select part, position from read_model order by part")
        .unwrap();
    let rows = select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_rebuild_puts_right_what_somebody_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = filled(folder.path(), 30);
    let before = standing(&path);
    assert!(
        before.iter().all(|(_, position)| *position == 30),
        "{before:?}"
    );
    attack(
        &path.join("kandeng.db"),
        "insert into erased_people values ('00000000-0000-0000-0000-000000000007')",
    );
    let told = stdout(&succeed(
        folder.path(),
        &["rebuild", "node", "--lang", "en"],
    ));
    assert!(told.contains("30 events"), "{told}");
    assert_eq!(standing(&path), before);
    let connection = rusqlite::Connection::open(path.join("kandeng.db")).unwrap();
    let left: i64 = connection
        .query_row("select count(*) from erased_people", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}
