//! The disk itself goes wrong, or the process ends, at every single write, sync and truncation that the embedded store
//! makes, from the making of its file to its closing: also within a write. Afterwards the ledger opens, verifies,
//! holds what was acknowledged and nothing twice, and the read model is what a rebuild gives.
//!
//! A library of a few lines (`disk/fail.c`) stands between this program, started again as a child, and the system.

// The library comes between by LD_PRELOAD.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use kandeng_ledger::store::Reader as _;
use kandeng_ledger::store::sqlite::{Projector, Sqlite, SqliteReader};
use kandeng_ledger::{Append, AppendError, Ledger, Part, Recorded, StoreError, Write, verify};
use rusqlite::Connection;
use support::{command, key, noted, project, trust};
use uuid::Uuid;

/// Which file the child works on.
const PLACE: &str = "KANDENG_TEST_LEDGER";

/// Streams, versions and numbers of events: two streams by turns, and one that fills a tile.
const STEPS: [(u128, u64, u64); 6] = [
    (1, 0, 1),
    (1, 1, 3),
    (2, 0, 260),
    (1, 4, 1),
    (2, 260, 1),
    (1, 5, 2),
];
const ENTRIES: u64 = 268 + 1;

/// A read model: the number of events by stream.
struct Counts;

impl Projector for Counts {
    fn prepare(&mut self, to: &Connection) -> Result<(), String> {
        to.execute_batch(
            "create table if not exists counts (stream text primary key, events integer not null)",
        )
        .map_err(|error| error.to_string())
    }

    fn project(&mut self, to: &Connection, events: &[&Recorded]) -> Result<(), (u64, String)> {
        for event in events {
            to.prepare_cached(
                "insert into counts values (?1, 1)
                 on conflict (stream) do update set events = events + 1",
            )
            .and_then(|mut insert| insert.execute([event.stream.as_str()]))
            .map_err(|error| (event.position, error.to_string()))?;
        }
        Ok(())
    }
}

/// The ledger verifies and the read model is what a rebuild gives; how many entries there are, and how many erased.
fn looked_at(path: &Path) -> (u64, u64) {
    let mut reader = SqliteReader::open(path).unwrap();
    let report = verify(&mut reader, &trust(), &[], &mut |_, _| {}).unwrap();
    let mut rebuilt = BTreeMap::new();
    for entry in reader.entries(0, 10_000).unwrap() {
        *rebuilt.entry(entry.stream.to_string()).or_insert(0_i64) += 1;
    }
    let connection = Connection::open(path).unwrap();
    let mut select = connection
        .prepare("select stream, events from counts")
        .unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let counts: BTreeMap<String, i64> = rows.unwrap().map(Result::unwrap).collect();
    assert_eq!(counts, rebuilt, "read model and rebuild");
    (report.entries, report.erased)
}

fn open(path: &Path) -> Result<Ledger, StoreError> {
    Ledger::start(Sqlite::open(path, Some(Box::new(Counts)))?, key())
}

/// Appends all steps, each by its id until it is told that it is there; says so on the standard output.
fn work(path: &Path) {
    // A fault while the file is made or opened: whoever starts it tries again.
    let ledger = open(path).or_else(|_| open(path)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for (number, (stream, expected, count)) in STEPS.into_iter().enumerate() {
        let append = || Append {
            occasion: command(number as u128 + 1),
            writes: vec![Write {
                stream: project(stream),
                expected,
                events: (0..count).map(noted).collect(),
            }],
        };
        told(number, || ledger.append_all_blocking(append()));
    }
    told(STEPS.len(), || {
        let occasion = command(STEPS.len() as u128 + 1);
        runtime.block_on(ledger.erase(occasion, 1, Part::Envelope, "test"))
    });
    ledger.close();
    println!("finished");
}

fn told(number: usize, append: impl Fn() -> Result<kandeng_ledger::Appended, AppendError>) {
    for _ in 0..3 {
        match append() {
            Ok(_) | Err(AppendError::Repeated { .. }) => return println!("acknowledged {number}"),
            Err(AppendError::Store(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    panic!("one fault makes an append fail three times");
}

#[test]
#[ignore = "started by the tests below"]
fn child() {
    if let Some(path) = std::env::var_os(PLACE) {
        work(Path::new(&path));
    }
}

fn library(folder: &Path) -> PathBuf {
    let library = folder.join("fail.so");
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg("tests/disk/fail.c")
        .arg("-ldl")
        .status();
    assert!(made.unwrap().success(), "cc");
    library
}

/// Runs the child with a fault at step `at`; gives what it acknowledged, and whether the fault came.
fn run(library: &Path, path: &Path, how: &str, at: u64) -> (Vec<u128>, bool) {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(PLACE, path)
        .env("LD_PRELOAD", library)
        .env("FAIL_PATH", "kandeng.db")
        .env("FAIL_HOW", how)
        .env("FAIL_AT", at.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&child.stderr);
    let came = complaint.contains("fault");
    // Only a fault that ends the process ends the work.
    let finished = said.lines().any(|line| line == "finished");
    assert_eq!(
        finished,
        !came || how == "error",
        "{how} {at}: {said}{complaint}"
    );
    let acknowledged = said
        .lines()
        .filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok());
    (acknowledged.collect(), came)
}

/// A folder in memory where there is one: what is injected is the same there, and syncing costs nothing.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

fn at_every_step(how: &str) {
    let tools = tempfile::tempdir().unwrap();
    let library = library(tools.path());
    for at in 1.. {
        let folder = folder();
        let path = folder.path().join("kandeng.db");
        let (acknowledged, came) = run(&library, &path, how, at);
        // The disk is mended: what was acknowledged is there, and nothing is half there.
        let ledger = open(&path).unwrap();
        for number in acknowledged {
            let found = ledger.command(Uuid::from_u128(number + 1)).unwrap();
            assert!(found.is_some(), "{how} {at}: {number} was acknowledged");
        }
        let size = ledger.checkpoint().map_or(0, |newest| newest.size);
        ledger.close();
        assert_eq!(looked_at(&path).0, size, "{how} {at}");
        // And the work goes on where it was.
        work(&path);
        assert_eq!(looked_at(&path), (ENTRIES, 1), "{how} {at}");
        if !came {
            assert!(at > 60, "only {at} steps");
            println!("{how}: {at} steps");
            return;
        }
    }
}

#[test]
fn any_step_may_fail() {
    at_every_step("error");
}

#[test]
fn any_write_may_be_half_done_when_the_process_ends() {
    at_every_step("half");
}

#[test]
fn the_process_may_end_before_any_step() {
    at_every_step("kill");
}

#[test]
fn the_process_may_end_after_any_step() {
    at_every_step("late");
}
