//! `verify` of a million events beside SHA-256 of the same bytes, by the sha2 crate and by OpenSSL where that
//! is installed.
//!
//! `cargo run --release -p kandeng-ledger --example verify_rate [EVENTS]`

#![allow(clippy::unwrap_used)]

use std::process::{Command, Stdio};
use std::time::Instant;

use kandeng_ledger::store::Reader as _;
use kandeng_ledger::store::sqlite::{Sqlite, SqliteReader};
use kandeng_ledger::{
    Append, Ledger, NewEvent, Occasion, SigningKey, StreamName, Trust, Write, verify,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

const ROUNDS: usize = 3;

fn main() {
    let events = std::env::args()
        .nth(1)
        .map_or(1_000_000, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let key = SigningKey::from_secret("bench.example", &[7; 32]).unwrap();
    let trust = Trust::ledger(key.verifier());
    fill(&path, key, events);

    // What is hashed of each entry: both parts with their salts, and the leaf.
    let mut reader = SqliteReader::open(&path).unwrap();
    let mut bytes = Vec::new();
    let mut position = 0;
    loop {
        let page = reader.entries(position, 10_000).unwrap();
        if page.is_empty() {
            break;
        }
        position += page.len() as u64;
        for entry in page {
            for part in [entry.envelope.unwrap(), entry.payload.unwrap()] {
                bytes.extend_from_slice(&part.salt);
                bytes.extend_from_slice(&part.bytes);
            }
            bytes.extend_from_slice(&entry.leaf.0);
        }
    }
    println!("{position} events, {} MiB", bytes.len() >> 20);
    let file = folder.path().join("bytes");
    std::fs::write(&file, &bytes).unwrap();
    drop(bytes);

    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let reference = sha2_seconds(&file);
        let start = Instant::now();
        let report = verify(&mut reader, &trust, &[], &mut |_, _| {}).unwrap();
        let ours = start.elapsed().as_secs_f64();
        assert_eq!(report.entries, events);
        let openssl = openssl_seconds(&file);
        let beside = openssl.map_or_else(
            || "OpenSSL is not here".to_owned(),
            |seconds| format!("OpenSSL {seconds:.2} s ({:.2} times)", ours / seconds),
        );
        println!(
            "verify {ours:.2} s, {:.0} events/s, {} checkpoints; sha2 {reference:.2} s ({:.2} times), {beside}",
            events as f64 / ours,
            report.checkpoints,
            ours / reference
        );
        ratios.push(ours / openssl.map_or(reference, |seconds| seconds.min(reference)));
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "verify: median {:.2} times the faster of the two",
        ratios[ROUNDS / 2]
    );
}

/// Sixteen events of 512 bytes to an append, from 16 writers: some 4,000 commits for a million.
fn fill(path: &std::path::Path, key: SigningKey, events: u64) {
    let ledger = Ledger::start(Sqlite::open(path, None).unwrap(), key).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..16_u64 {
            let ledger = ledger.clone();
            writers.spawn(async move {
                let mut version = 0;
                while version < events / 16 {
                    let count = (events / 16 - version).min(16);
                    ledger
                        .append_all(append(writer, version, count))
                        .await
                        .unwrap();
                    version += count;
                }
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap();
        }
    });
    ledger.close();
}

fn append(stream: u64, version: u64, count: u64) -> Append {
    let text = "x".repeat(512 - r#"{"number":0000000,"text":""}"#.len());
    let event = |number| {
        NewEvent::new(
            "noted",
            1,
            serde_json::json!({"number": 1_000_000 + number, "text": text}),
        )
    };
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
            events: (version..version + count).map(event).collect(),
        }],
    }
}

fn sha2_seconds(file: &std::path::Path) -> f64 {
    let bytes = std::fs::read(file).unwrap();
    let start = Instant::now();
    let hash = Sha256::digest(&bytes);
    let elapsed = start.elapsed().as_secs_f64();
    assert_ne!(hash[0..4], [0; 4]);
    elapsed
}

/// By OpenSSL's own count of bytes a second on blocks of 16 KiB.
fn openssl_seconds(file: &std::path::Path) -> Option<f64> {
    let output = Command::new("openssl")
        .args([
            "speed", "-seconds", "1", "-bytes", "16384", "-mr", "-evp", "sha256",
        ])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = said.lines().find(|line| line.starts_with("+F"))?;
    let rate: f64 = line.rsplit(':').next()?.trim().parse().ok()?;
    Some(std::fs::metadata(file).ok()?.len() as f64 / rate)
}
