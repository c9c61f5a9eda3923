//! `kandeng migrate --to postgres`, against a server of the test's own.

use std::fs;
use std::path::Path;

use crate::nodes::{attack, filled, note, open, size};
use crate::postgres::Server;
use crate::{files, kandeng, refused, stderr, stdout, succeed};

/// The address in a file that nobody else reads.
fn address(folder: &Path, server: &Server, database: &str) {
    let path = folder.join(database);
    fs::write(&path, server.address(database)).unwrap();
    let mode = std::process::Command::new("chmod")
        .arg("600")
        .arg(&path)
        .status();
    assert!(mode.unwrap().success());
}

const MIGRATE: [&str; 8] = [
    "migrate",
    "node",
    "--to",
    "postgres",
    "--address-file",
    "county",
    "--lang",
    "en",
];

#[test]
#[ignore = "needs PostgreSQL"]
fn a_node_moves_to_postgresql_and_every_command_goes_on() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = filled(folder, 300);
    address(folder, &server, "county");
    let before = stdout(&succeed(folder, &["receipt", "node", "123"]));
    let told = stdout(&succeed(folder, &MIGRATE));
    assert!(told.contains("300 entries and 30 checkpoints"), "{told}");
    let settings = fs::read_to_string(path.join("kandeng.toml")).unwrap();
    assert!(
        settings.contains("kind = \"postgres\"") && !settings.contains("host="),
        "{settings}"
    );

    assert_eq!(
        stdout(&succeed(folder, &["receipt", "node", "123"])),
        before
    );
    let told = stdout(&succeed(folder, &["verify", "node", "--lang", "en"]));
    assert!(
        told.contains("300 entries") && told.contains("30 checkpoints"),
        "{told}"
    );
    let node = open(&path);
    note(&node, 300, 310);
    node.close();
    assert_eq!(size(&path), 310);
    let told = stdout(&succeed(folder, &["rebuild", "node", "--lang", "en"]));
    assert!(told.contains("310 events"), "{told}");
    succeed(folder, &["ledger", "stats", "node"]);
    succeed(folder, &["backup", "node", "backup", "--with-keys"]);
    succeed(folder, &["verify", "backup"]);
    succeed(folder, &["restore", "backup", "new"]);
    assert_eq!(size(&folder.join("new")), 310);
    refused(folder, &MIGRATE, &["already"]);

    // Somebody with the database in hand.
    let changed = server
        .client("county")
        .execute(
            "update ledger_entries set payload = '{}' where position = 123",
            &[],
        )
        .unwrap();
    assert_eq!(changed, 1);
    let output = kandeng(folder, &["verify", "node", "--lang", "en"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("position 123: the payload was changed"));
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_move_that_cannot_be_made_leaves_the_node_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = filled(folder, 20);
    let settings = fs::read(path.join("kandeng.toml")).unwrap();
    refused(
        folder,
        &["migrate", "node", "--to", "postgres", "--lang", "en"],
        &["--address-file"],
    );
    refused(folder, &MIGRATE, &["county"]);
    fs::write(
        folder.join("county"),
        "host=/nowhere user=kandeng password=secret",
    )
    .unwrap();
    refused(folder, &MIGRATE, &["county", "chmod 600"]);
    let mode = std::process::Command::new("chmod")
        .args(["600", "county"])
        .current_dir(folder)
        .status();
    assert!(mode.unwrap().success());
    let output = kandeng(folder, &MIGRATE);
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(
        told.contains("PostgreSQL") && !told.contains("secret"),
        "{told}"
    );

    // A damaged ledger does not move.
    attack(
        &path.join("kandeng.db"),
        "update ledger_entries set payload = cast('{}' as blob) where position = 13",
    );
    let server = Server::start();
    fs::remove_file(folder.join("county")).unwrap();
    address(folder, &server, "county");
    refused(folder, &MIGRATE, &["position 13", "payload"]);
    assert_eq!(fs::read(path.join("kandeng.toml")).unwrap(), settings);
    assert_eq!(size(&path), 20);
    assert_eq!(files(folder), ["county", "node", "second"]);
}
