//! SIGKILL at any moment of a command that writes: what was there before is there still, or all of the new.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use kandeng_ledger::{Append, NewEvent, Occasion, StreamName, Write};
use kandeng_platform::node::Node;
use serde_json::json;
use uuid::Uuid;

use crate::nodes::{init, open, size};
use crate::{files, program, succeed};

/// A node of 20,000 entries, so that a command takes long enough to be killed within.
fn large(folder: &Path) -> std::path::PathBuf {
    let path = init(folder);
    let node = open(&path);
    for stream in 0..40 {
        many(&node, stream, 500);
    }
    node.close();
    path
}

fn many(node: &Node, stream: u128, count: u64) {
    let events = (0..count).map(|number| {
        NewEvent::new(
            "noted",
            1,
            json!({ "number": number, "text": "x".repeat(200) }),
        )
    });
    let append = Append {
        occasion: Occasion {
            at: "2026-06-30T08:00:00Z".parse().unwrap(),
            actor: Uuid::from_u128(1),
            jurisdiction: "990121".to_owned(),
            command: None,
        },
        writes: vec![Write {
            stream: StreamName::new("note", Uuid::from_u128(stream)).unwrap(),
            expected: 0,
            events: events.collect(),
        }],
    };
    node.platform.ledger().append_all_blocking(append).unwrap();
}

/// Runs a command to its end and gives the time it took.
fn time(folder: &Path, args: &[&str]) -> Duration {
    let start = Instant::now();
    succeed(folder, args);
    start.elapsed()
}

/// Kills the command after `delay`; whether it was still running.
fn kill(folder: &Path, args: &[&str], delay: Duration) -> bool {
    let mut child = program(folder, args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(delay);
    let running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    running
}

/// Delays over the whole time that a command takes, a little beyond it.
fn delays(whole: Duration) -> impl Iterator<Item = Duration> {
    (0..16).map(move |step| whole * step / 14)
}

#[test]
fn a_killed_rebuild_leaves_a_read_model_that_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = large(folder.path());
    let whole = time(folder.path(), &["rebuild", "node"]);
    let mut within = 0;
    for delay in delays(whole) {
        within += u32::from(kill(folder.path(), &["rebuild", "node"], delay));
        let connection = rusqlite::Connection::open(path.join("kandeng.db")).unwrap();
        let standing: (i64, i64, i64) = connection
            .query_row(
                "select count(*), min(position), max(position) from read_model",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .unwrap();
        assert!(standing.0 > 0);
        assert_eq!((standing.1, standing.2), (20_000, 20_000));
        let checked: String = connection
            .query_row("pragma integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(checked, "ok");
    }
    assert!(within > 3, "only {within} kills came while it ran");
    succeed(folder.path(), &["rebuild", "node"]);
    assert!(!path.join("rebuild.db").exists());
    succeed(folder.path(), &["verify", "node"]);
}

#[test]
fn a_killed_backup_leaves_nothing_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    large(folder.path());
    let args = ["backup", "node", "backup", "--with-keys"];
    let whole = time(folder.path(), &args);
    let mut within = 0;
    for delay in delays(whole) {
        std::fs::remove_dir_all(folder.path().join("backup")).unwrap();
        within += u32::from(kill(folder.path(), &args, delay));
        if folder.path().join("backup").exists() {
            assert_eq!(size(&folder.path().join("backup")), 20_000);
        } else {
            // The next one removes what was left beside.
            succeed(folder.path(), &args);
        }
        assert_eq!(files(folder.path()), ["backup", "node", "second"]);
    }
    assert!(within > 3, "only {within} kills came while it ran");
    succeed(folder.path(), &["verify", "backup"]);
}

#[test]
fn a_killed_restore_leaves_nothing_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    large(folder.path());
    succeed(folder.path(), &["backup", "node", "backup", "--with-keys"]);
    let args = ["restore", "backup", "new"];
    let whole = time(folder.path(), &args);
    let mut within = 0;
    for delay in delays(whole) {
        std::fs::remove_dir_all(folder.path().join("new")).unwrap();
        within += u32::from(kill(folder.path(), &args, delay));
        if folder.path().join("new").exists() {
            assert_eq!(size(&folder.path().join("new")), 20_000);
        } else {
            succeed(folder.path(), &args);
        }
        assert_eq!(files(folder.path()), ["backup", "new", "node", "second"]);
    }
    assert!(within > 3, "only {within} kills came while it ran");
    succeed(folder.path(), &["verify", "new"]);
}
