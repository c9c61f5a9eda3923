//! The demonstration has every state on show: of doubts, cases, questions, signatures and projects.

use std::collections::BTreeSet;
use std::io::BufRead as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::program;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already where the test got that far.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a query finds, one word a row.
fn found(connection: &Connection, query: &str) -> BTreeSet<String> {
    let mut prepared = connection.prepare(query).unwrap();
    let rows = prepared.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// By what is looked at: every state that there is.
const STATES: [(&str, &str); 8] = [
    (
        "select state from flags",
        "cleared confirmed dismissed open",
    ),
    (
        "select dismissal from flags where dismissal is not null",
        "duplicate explained filing-corrected unfounded",
    ),
    (
        "select 'second' from flags where proposed is not null",
        "second",
    ),
    (
        "select coalesce(rung, state) from cases",
        "closed investigate open referred supervise urge",
    ),
    (
        "select outcome from cases where outcome is not null",
        "explained rectified sanctioned unfounded",
    ),
    (
        "select state from questions",
        "answered declined overdue sent waiting",
    ),
    (
        "select level || ' ' || what from project_signatures",
        "department signed|township returned|township signed|village signed",
    ),
    (
        "select case withdrawn when 1 then 'withdrawn' else stage end from projects",
        "accepted approved building closed filed upkeep withdrawn",
    ),
];

#[test]
fn every_state_is_on_show() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["demo", "--projects", "800", "--port", "0", "--dir", "demo"];
    let mut child = program(folder.path(), &args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let told = child.stdout.take().unwrap();
    let running = Running(child);
    let mut lines = std::io::BufReader::new(told).lines();
    let is_there = lines.any(|line| line.unwrap().contains("http://127.0.0.1:"));
    assert!(is_there, "it was not made");
    let database = folder.path().join("demo/node/kandeng.db");
    let connection =
        Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let wanted = |told: &str| -> BTreeSet<String> {
        let by = if told.contains('|') { '|' } else { ' ' };
        told.split(by).map(str::to_owned).collect()
    };
    // What was mended is seen to be so by the screening that follows the start.
    let start = Instant::now();
    loop {
        let lacking: Vec<_> = STATES
            .iter()
            .map(|(query, told)| (query, wanted(told), found(&connection, query)))
            .filter(|(_, wanted, found)| !wanted.is_subset(found))
            .collect();
        if lacking.is_empty() {
            break;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "{lacking:#?}");
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(running);
}
