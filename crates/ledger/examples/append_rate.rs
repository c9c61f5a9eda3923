//! Durable appends by 64 writers, and the latency of one append at 100 a second, each beside plain SQLite
//! doing the same work on the same disk in the same minute.
//!
//! `cargo run --release -p kandeng-ledger --example append_rate`

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use kandeng_ledger::store::sqlite::{Projector, Sqlite};
use kandeng_ledger::{Append, Ledger, NewEvent, Occasion, Recorded, SigningKey, StreamName, Write};
use rusqlite::{Connection, params};
use uuid::Uuid;

const WRITERS: u64 = 64;
const ENTRIES: u64 = 16_000;
/// Short ones in turn, because a disk's speed changes within seconds.
const ROUNDS: usize = 21;
const LATENCY_ROUNDS: usize = 5;

fn main() {
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        let (plain, _) = plain_rate(folder.path());
        let (ours, commits) = ledger_rate(folder.path());
        println!(
            "64 writers: plain {plain:9.0}/s, ledger {ours:9.0}/s, {:.2} of it ({:.1} entries a commit)",
            ours / plain,
            ENTRIES as f64 / commits as f64
        );
        ratios.push(ours / plain);
    }
    ratios.sort_by(f64::total_cmp);
    println!("64 writers: median ratio {:.2}", ratios[ROUNDS / 2]);

    let mut ratios = Vec::new();
    for _ in 0..LATENCY_ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        let (plain, ours) = latencies(folder.path());
        let ratio = ours.as_secs_f64() / plain.as_secs_f64();
        println!("100 a second: plain commit {plain:?}, ledger append {ours:?}, {ratio:.2} times");
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "100 a second: median ratio {:.2}",
        ratios[LATENCY_ROUNDS / 2]
    );
}

/// 512 bytes of payload in canonical JSON.
fn event(number: u64) -> NewEvent {
    let text = "x".repeat(512 - r#"{"number":0000000,"text":""}"#.len());
    let number = 1_000_000 + number;
    NewEvent::new(
        "noted",
        1,
        serde_json::json!({"number": number, "text": text}),
    )
}

fn append(stream: u64, version: u64) -> Append {
    Append {
        occasion: Occasion {
            at: "2026-06-30T08:00:00Z".parse().unwrap(),
            actor: Uuid::from_u128(1),
            jurisdiction: "990121".to_owned(),
            command: None,
        },
        writes: vec![Write {
            stream: StreamName::new("project", Uuid::from_u128(u128::from(stream))).unwrap(),
            expected: version,
            events: vec![event(version)],
        }],
    }
}

/// One projection, as small as a useful one: the last event of each stream.
struct Last;

impl Projector for Last {
    fn prepare(&mut self, to: &Connection) -> Result<(), String> {
        to.execute_batch(LAST).map_err(|error| error.to_string())
    }

    fn project(&mut self, to: &Connection, events: &[&Recorded]) -> Result<(), (u64, String)> {
        let refused = |error: rusqlite::Error| (0, error.to_string());
        let mut insert = to.prepare_cached(PROJECT).map_err(refused)?;
        for event in events {
            insert
                .execute(params![event.stream.as_str(), event.position as i64])
                .map_err(refused)?;
        }
        Ok(())
    }
}

const LAST: &str =
    "create table if not exists last (stream text primary key, position integer not null) strict";
const PROJECT: &str = "insert into last values (?1, ?2) on conflict (stream) do update set position = excluded.position";

fn open(folder: &Path) -> Ledger {
    let store = Sqlite::open(&folder.join("ledger.db"), Some(Box::new(Last))).unwrap();
    Ledger::start(
        store,
        SigningKey::from_secret("bench.example", &[7; 32]).unwrap(),
    )
    .unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap()
}

fn ledger_rate(folder: &Path) -> (f64, u64) {
    let ledger = open(folder);
    let elapsed = runtime().block_on(async {
        let start = Instant::now();
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let ledger = ledger.clone();
            writers.spawn(async move {
                for version in 0..ENTRIES / WRITERS {
                    ledger.append_all(append(writer, version)).await.unwrap();
                }
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap();
        }
        start.elapsed()
    });
    ledger.close();
    let commits = Connection::open(folder.join("ledger.db"))
        .unwrap()
        .query_row("select count(*) from ledger_checkpoints", [], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap();
    (ENTRIES as f64 / elapsed.as_secs_f64(), commits as u64)
}

/// The same rows in a table with the same indexes, 64 to a commit, nothing hashed or signed.
fn plain(folder: &Path) -> Connection {
    let connection = Connection::open(folder.join("plain.db")).unwrap();
    connection
        .pragma_update(None, "journal_mode", "wal")
        .unwrap();
    connection
        .pragma_update(None, "synchronous", "full")
        .unwrap();
    connection
        .pragma_update(None, "wal_autocheckpoint", 4_000)
        .unwrap();
    connection
        .pragma_update(None, "cache_size", -32_768)
        .unwrap();
    connection
        .execute_batch(
            "create table entries (
                position integer primary key, stream integer not null, version integer not null,
                leaf blob not null, envelope blob, envelope_salt blob, payload blob, payload_salt blob
            ) strict;
            create unique index entries_of_stream on entries (stream, version);",
        )
        .unwrap();
    connection
}

fn insert(connection: &Connection, position: u64, stream: u64, version: u64) {
    connection
        .prepare_cached("insert into entries values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
        .unwrap()
        .execute(params![
            position as i64,
            stream as i64,
            version as i64,
            &[1_u8; 65][..],
            &[b'e'; 240][..],
            &[2_u8; 16][..],
            &[b'p'; 512][..],
            &[3_u8; 16][..],
        ])
        .unwrap();
}

fn plain_rate(folder: &Path) -> (f64, u64) {
    let connection = plain(folder);
    let start = Instant::now();
    for version in 0..ENTRIES / WRITERS {
        connection.execute_batch("begin immediate").unwrap();
        for stream in 0..WRITERS {
            insert(&connection, version * WRITERS + stream, stream, version);
        }
        connection.execute_batch("commit").unwrap();
    }
    (
        ENTRIES as f64 / start.elapsed().as_secs_f64(),
        ENTRIES / WRITERS,
    )
}

/// Ten milliseconds on the average and never the same twice, so that nothing falls into step with the disk.
fn pace(number: u64) -> Duration {
    Duration::from_micros(2_000 + number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 16_000)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// A commit of one plain row and an append of one event in turn, so that both meet the same disk.
fn latencies(folder: &Path) -> (Duration, Duration) {
    let connection = plain(folder);
    let ledger = open(folder);
    let (mut commits, mut appends) = (Vec::new(), Vec::new());
    for number in 0..200 {
        std::thread::sleep(pace(2 * number));
        let start = Instant::now();
        insert(&connection, number, number, 0);
        commits.push(start.elapsed());
        std::thread::sleep(pace(2 * number + 1));
        let append = append(number, 0);
        let start = Instant::now();
        ledger.append_all_blocking(append).unwrap();
        appends.push(start.elapsed());
    }
    ledger.close();
    (median(commits), median(appends))
}
