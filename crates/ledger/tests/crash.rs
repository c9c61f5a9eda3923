//! SIGKILL at random moments, 200 times; after every one what was acknowledged is there, the tree is right and the
//! read model is what a rebuild gives. Over PostgreSQL too (when asked for by `--ignored`), and there the server itself
//! is killed while its client goes on.
//!
//! The parent starts this program again as a child that appends as fast as it can and reports every
//! acknowledged position over a pipe.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kandeng_ledger::store::Reader;
use kandeng_ledger::store::postgres::{Address, Postgres, PostgresReader};
use kandeng_ledger::store::sqlite::{Sqlite, SqliteReader};
use kandeng_ledger::{Append, AppendError, Ledger, Report, verify};
use support::postgres::Server;
use support::{Sums, command, key, one, rebuilt, sums, trust};

const KILLS: u64 = 200;

const FILE: &str = "what_was_acknowledged_survives_200_kills";
const DATABASE: &str = "over_postgres_what_was_acknowledged_survives_200_kills";
const SERVER: &str = "a_server_that_is_killed_loses_and_doubles_nothing";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if let Some(place) = arguments.iter().position(|argument| argument == "--child") {
        return child(&arguments[place + 1], &arguments[place + 2]);
    }
    // As cargo's own test programs, so that filters and lists work.
    let filters: Vec<_> = arguments
        .iter()
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let mut passed = 0;
    for (name, ignored) in [(FILE, false), (DATABASE, true), (SERVER, true)] {
        let wanted = has("--include-ignored") || has("--ignored") == ignored;
        let named =
            filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
        if has("--list") {
            println!("{name}: test");
        } else if wanted && named {
            let said = match name {
                FILE => kill_children_of_a_file(),
                DATABASE => kill_children_of_a_database(),
                _ => kill_the_server(),
            };
            println!("{name} ... ok ({said})");
            passed += 1;
        }
    }
    println!("\n{passed} passed, 0 failed");
}

/// A file by its path, a database by its address.
fn open(place: &str) -> Ledger {
    if place.starts_with("host=") {
        let store = Postgres::open(Address::parse(place).unwrap()).unwrap();
        return Ledger::start(store, key()).unwrap();
    }
    let store = Sqlite::open(Path::new(place), Some(Box::new(Sums))).unwrap();
    Ledger::start(store, key()).unwrap()
}

fn verified(place: &str) -> Report {
    if place.starts_with("host=") {
        let mut reader = PostgresReader::open(Address::parse(place).unwrap()).unwrap();
        return verify(&mut reader, &trust(), &[], &mut |_, _| {}).unwrap();
    }
    let mut reader = SqliteReader::open(Path::new(place)).unwrap();
    verify(&mut reader, &trust(), &[], &mut |_, _| {}).unwrap()
}

fn child(place: &str, run: &str) {
    let run: u128 = run.parse().unwrap();
    let ledger = open(place);
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

/// Random, by a seed that is said: `KANDENG_SEED` gives the same moments again, as far as there are such.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let given = std::env::var("KANDENG_SEED").ok();
        let seed = given.map_or_else(
            || uuid::Uuid::new_v4().as_u64_pair().0,
            |seed| seed.parse().expect("KANDENG_SEED is a number"),
        );
        println!("KANDENG_SEED={seed}");
        // Zero would stay zero.
        Self(seed | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Kills a child `KILLS` times, each after a time of at least `least` milliseconds, and gives position →
/// command of everything that was ever acknowledged. `look` is shown after each kill what was acknowledged since
/// the one before.
fn kill_children(place: &str, least: u64, look: impl Fn(&[(u64, u128)])) -> BTreeMap<u64, u128> {
    let mut acknowledged = BTreeMap::new();
    let mut chance = Chance::new();
    for run in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("--child")
            .arg(place)
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
        std::thread::sleep(Duration::from_micros(least * 1_000 + chance.below(60_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut lines = reader.join().unwrap();
        // The last line may be cut within its number.
        lines.pop();
        look(&lines);
        acknowledged.extend(lines);
    }
    acknowledged
}

/// What was acknowledged is there, before anybody has opened the ledger to append again.
fn there(reader: &mut dyn Reader, acknowledged: &[(u64, u128)]) {
    for (position, id) in acknowledged {
        let found = reader.command(uuid::Uuid::from_u128(*id)).unwrap();
        assert_eq!(found, Some((*position, 1)), "acknowledged and not there");
    }
}

fn all_there(ledger: &Ledger, acknowledged: &BTreeMap<u64, u128>) {
    let all: Vec<_> = acknowledged
        .iter()
        .map(|(position, id)| (*position, *id))
        .collect();
    ledger
        .read(|reader| {
            there(reader, &all);
            Ok(())
        })
        .unwrap();
    assert!(
        acknowledged.len() > 1_000,
        "only {} were acknowledged: the kills came too early to show anything",
        acknowledged.len()
    );
}

fn kill_children_of_a_file() -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kandeng.db");
    let place = path.to_str().unwrap();
    let start = Instant::now();
    // A kill before the child has made the file leaves nothing to look at.
    let acknowledged = kill_children(place, 5, |since| {
        let Ok(mut reader) = SqliteReader::open(&path) else {
            return assert!(since.is_empty());
        };
        if reader.checkpoint().is_err() {
            return assert!(since.is_empty());
        }
        there(&mut reader, since);
        verify(&mut reader, &trust(), &[], &mut |_, _| {}).unwrap();
        let connection = rusqlite::Connection::open(&path).unwrap();
        assert_eq!(
            sums(&connection),
            rebuilt(&mut reader),
            "read model and rebuild"
        );
    });
    let ledger = open(place);
    all_there(&ledger, &acknowledged);
    let connection = rusqlite::Connection::open(&path).unwrap();
    assert_eq!(
        sums(&connection),
        ledger.read(|reader| Ok(rebuilt(reader))).unwrap(),
        "read model and rebuild"
    );
    ledger.close();
    let entries = verified(place).entries;
    assert!(entries >= acknowledged.len() as u64);
    format!(
        "{} acknowledged, {entries} entries, {:?}",
        acknowledged.len(),
        start.elapsed()
    )
}

fn kill_children_of_a_database() -> String {
    let server = Server::start();
    let place = server.address("county");
    let start = Instant::now();
    let acknowledged = kill_children(&place, 60, |since| {
        // A kill before the child has made the tables leaves nothing to look at.
        let Ok(mut reader) = PostgresReader::open(Address::parse(&place).unwrap()) else {
            return assert!(since.is_empty());
        };
        there(&mut reader, since);
    });
    let ledger = open(&place);
    all_there(&ledger, &acknowledged);
    ledger.close();
    let entries = verified(&place).entries;
    assert!(entries >= acknowledged.len() as u64);
    format!(
        "{} acknowledged, {entries} entries, {:?}",
        acknowledged.len(),
        start.elapsed()
    )
}

/// Writers that ask again with the same id until they have an answer, while the server is killed and started.
fn kill_the_server() -> String {
    const SERVER_KILLS: usize = 12;
    let server = Server::start();
    let place = server.address("county");
    let ledger = open(&place);
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8_u128)
        .map(|stream| {
            let (ledger, stop) = (ledger.clone(), stop.clone());
            std::thread::spawn(move || {
                let mut told = Vec::new();
                let (mut failed, mut again) = (0, 0);
                for version in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let id = (stream << 32) + u128::from(version) + 1;
                    let position = loop {
                        let append = Append {
                            occasion: command(id),
                            ..one(stream, version)
                        };
                        match ledger.append_all_blocking(append) {
                            Ok(appended) => break appended.positions.start,
                            Err(AppendError::Repeated { first, .. }) => {
                                again += 1;
                                break first;
                            }
                            Err(AppendError::Store(_)) => failed += 1,
                            Err(other) => panic!("{other}"),
                        }
                    };
                    told.push((position, id));
                }
                (told, failed, again)
            })
        })
        .collect();
    let mut chance = Chance::new();
    for _ in 0..SERVER_KILLS {
        std::thread::sleep(Duration::from_millis(100 + chance.below(400)));
        server.kill();
        server.up();
    }
    std::thread::sleep(Duration::from_millis(100));
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = BTreeMap::new();
    let (mut failures, mut repeats) = (0_u64, 0_u64);
    for writer in writers {
        let (told, failed, again) = writer.join().unwrap();
        acknowledged.extend(told);
        failures += failed;
        repeats += again;
    }
    assert!(failures > 0, "nobody noticed that the server was killed");
    all_there(&ledger, &acknowledged);
    ledger.close();
    // Everybody got an answer for everything in the end: so what is there is what was told, once each.
    let entries = verified(&place).entries;
    assert_eq!(entries, acknowledged.len() as u64);
    format!("{entries} entries, {failures} failures, {repeats} kept without an answer")
}
