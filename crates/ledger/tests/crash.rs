//! SIGKILL at random moments, 200 times: what was acknowledged is there, the tree is right, the read model
//! is what a rebuild gives.
//!
//! The parent starts this program again as a child that appends as fast as it can and reports every
//! acknowledged position over a pipe.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kandeng_ledger::store::sqlite::{Sqlite, SqliteReader};
use kandeng_ledger::{Append, Ledger, verify};
use support::{Sums, command, key, one, rebuilt, sums, trust};

const KILLS: u64 = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "--child") {
        Some(place) => child(Path::new(&arguments[place + 1]), &arguments[place + 2]),
        // As cargo's own test programs, so that filters and lists work.
        None if arguments.iter().any(|argument| argument == "--list") => {
            println!("what_was_acknowledged_survives_200_kills: test");
        }
        None => parent(),
    }
}

fn open(path: &Path) -> Ledger {
    let store = Sqlite::open(path, Some(Box::new(Sums))).unwrap();
    Ledger::start(store, key()).unwrap()
}

fn child(path: &Path, run: &str) {
    let run: u128 = run.parse().unwrap();
    let ledger = open(path);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..16_u128 {
            let ledger = ledger.clone();
            let stream = run * 16 + writer;
            writers.spawn(async move {
                for version in 0.. {
                    let id = (stream << 32) + u128::from(version);
                    let append = Append {
                        occasion: command(id),
                        ..one(stream, version)
                    };
                    let appended = ledger.append_all(append).await.unwrap();
                    // One write a line, so that a kill leaves whole lines and at most one part.
                    let line = format!("{} {id}\n", appended.positions.start);
                    std::io::stdout().write_all(line.as_bytes()).unwrap();
                }
            });
        }
        while writers.join_next().await.is_some() {}
    });
}

fn parent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kandeng.db");
    // Position → command, of everything that was ever acknowledged.
    let mut acknowledged: BTreeMap<u64, u128> = BTreeMap::new();
    let mut chance = 0x9E37_79B9_7F4A_7C15_u64;
    let start = Instant::now();
    for run in 0..KILLS {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("--child")
            .arg(&path)
            .arg(run.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let reader = std::thread::spawn({
            let pipe = child.stdout.take().unwrap();
            move || {
                let lines = BufReader::new(pipe).lines().map_while(Result::ok);
                lines
                    .filter_map(|line| {
                        let (position, id) = line.split_once(' ')?;
                        Some((position.parse().ok()?, id.parse().ok()?))
                    })
                    .collect::<Vec<(u64, u128)>>()
            }
        });
        std::thread::sleep(Duration::from_micros(5_000 + chance % 60_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut lines = reader.join().unwrap();
        // The last line may be cut within its number.
        lines.pop();
        acknowledged.extend(lines);
    }
    let kills = start.elapsed();

    let ledger = open(&path);
    for (position, id) in &acknowledged {
        let found = ledger.command(uuid::Uuid::from_u128(*id)).unwrap();
        assert_eq!(found, Some((*position, 1)), "acknowledged and not there");
    }
    let connection = rusqlite::Connection::open(&path).unwrap();
    assert_eq!(
        sums(&connection),
        rebuilt(&ledger),
        "read model and rebuild"
    );
    ledger.close();
    let mut reader = SqliteReader::open(&path).unwrap();
    let report = verify(&mut reader, &trust(), &[], &mut |_, _| {}).unwrap();
    assert!(report.entries >= acknowledged.len() as u64);
    assert!(
        acknowledged.len() > 1_000,
        "only {} were acknowledged: the kills came too early to show anything",
        acknowledged.len()
    );
    println!(
        "what_was_acknowledged_survives_200_kills ... ok ({} acknowledged, {} entries, kills {kills:?}, all {:?})\n\n1 passed, 0 failed",
        acknowledged.len(),
        report.entries,
        start.elapsed()
    );
}
