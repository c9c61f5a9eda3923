//! Ten million events: memory while they are appended, and the time of an inclusion proof afterwards.
//!
//! `cargo run --release -p kandeng-ledger --example ten_million [EVENTS]`

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use kandeng_ledger::store::sqlite::Sqlite;
use kandeng_ledger::{Append, Ledger, NewEvent, Occasion, SigningKey, StreamName, Write};
use tlog_tiles::tlog::check_record;
use uuid::Uuid;

const AT_ONCE: u64 = 256;
const WRITERS: u64 = 4;
const PROOFS: u64 = 2_000;

fn main() {
    let events: u64 = std::env::args()
        .nth(1)
        .map_or(10_000_000, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let key = SigningKey::from_secret("bench.example", &[7; 32]).unwrap();
    let ledger = Ledger::start(Sqlite::open(&path, None).unwrap(), key).unwrap();
    let start = Instant::now();
    let each = events / WRITERS;
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let ledger = ledger.clone();
            scope.spawn(move || {
                let mut done = 0;
                while done < each {
                    let count = AT_ONCE.min(each - done);
                    ledger
                        .append_all_blocking(append(writer, done, count))
                        .unwrap();
                    done += count;
                    if writer == 0 && done % (each / 10).max(1) < AT_ONCE {
                        println!(
                            "{:9} events after {:4.0?}: {} MiB at most",
                            done * WRITERS,
                            start.elapsed(),
                            peak() >> 20
                        );
                    }
                }
            });
        }
    });
    let peak_of_appending = peak();
    let newest = ledger.checkpoint().unwrap();
    println!(
        "{} events in {:.0?}, {} MiB at most",
        newest.size,
        start.elapsed(),
        peak_of_appending >> 20
    );
    let mut times: Vec<Duration> = (0..PROOFS)
        .map(|number| {
            let position = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % newest.size;
            let start = Instant::now();
            let proof = ledger.prove(position, &newest).unwrap();
            let elapsed = start.elapsed();
            let leaf = ledger.read(|reader| reader.leaves(position, 1)).unwrap()[0];
            check_record(&proof, newest.size, newest.root, position, leaf.hash()).unwrap();
            elapsed
        })
        .collect();
    times.sort();
    println!(
        "inclusion proof: median {:?}, of a hundred the slowest {:?}",
        times[times.len() / 2],
        times[times.len() * 99 / 100]
    );
    ledger.close();
}

/// The most memory that this process ever had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1_024
}

/// Small events, in streams of ten thousand.
fn append(writer: u64, done: u64, count: u64) -> Append {
    let stream = (u128::from(writer) << 64) + u128::from(done / (AT_ONCE * 40));
    let version = done % (AT_ONCE * 40);
    Append {
        occasion: Occasion {
            at: "2026-06-30T08:00:00Z".parse().unwrap(),
            actor: Uuid::from_u128(1),
            jurisdiction: "990121".to_owned(),
            command: Some(Uuid::from_u128(
                (u128::from(writer) << 64) + u128::from(done) + 1,
            )),
        },
        writes: vec![Write {
            stream: StreamName::new("project", Uuid::from_u128(stream)).unwrap(),
            expected: version,
            events: (0..count)
                .map(|number| {
                    NewEvent::new("noted", 1, serde_json::json!({"number": done + number}))
                })
                .collect(),
        }],
    }
}
