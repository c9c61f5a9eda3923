//! Durable appends by 64 writers over PostgreSQL, beside one `insert … select unnest` of the same rows in
//! batches of the same size on the same server in the same minute. Starts a server of its own.
//!
//! `cargo run --release -p kandeng-ledger --example postgres_rate`

#![allow(clippy::unwrap_used)]

#[path = "../tests/support/postgres.rs"]
mod server;

use std::time::Instant;

use kandeng_ledger::store::postgres::{Address, Postgres};
use kandeng_ledger::{Append, Ledger, NewEvent, Occasion, SigningKey, StreamName, Write};
use uuid::Uuid;

const WRITERS: u64 = 64;
const ENTRIES: u64 = 12_800;
/// Short ones in turn, because a disk's speed changes within seconds.
const ROUNDS: usize = 21;

fn main() {
    let server = server::Server::start();
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let database = format!("round{round}");
        let address = server.address(&database);
        let (ours, commits) = ledger_rate(&address);
        let size = ENTRIES.div_ceil(commits);
        let plain = plain_rate(&mut server.client(&database), size);
        println!(
            "64 writers: plain {plain:8.0}/s in batches of {size}, ledger {ours:8.0}/s, {:.2} of it",
            ours / plain
        );
        ratios.push(ours / plain);
    }
    ratios.sort_by(f64::total_cmp);
    println!("64 writers: median ratio {:.2}", ratios[ROUNDS / 2]);
}

/// 512 bytes of payload in canonical JSON.
fn append(stream: u64, version: u64) -> Append {
    let text = "x".repeat(512 - r#"{"number":0000000,"text":""}"#.len());
    let payload = serde_json::json!({"number": 1_000_000 + version, "text": text});
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
            events: vec![NewEvent::new("noted", 1, payload)],
        }],
    }
}

fn ledger_rate(address: &str) -> (f64, u64) {
    let store = Postgres::open(Address::parse(address).unwrap()).unwrap();
    let key = SigningKey::from_secret("bench.example", &[7; 32]).unwrap();
    let ledger = Ledger::start(store, key).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    let elapsed = runtime.block_on(async {
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
    let commits = ledger
        .read(|reader| reader.checkpoints(0, ENTRIES as usize))
        .unwrap()
        .len();
    ledger.close();
    (ENTRIES as f64 / elapsed.as_secs_f64(), commits as u64)
}

/// The same rows into a table with the same indexes, nothing locked, hashed, looked up or signed.
fn plain_rate(client: &mut postgres::Client, size: u64) -> f64 {
    client
        .batch_execute(
            "create table plain (
                position bigint primary key, stream text collate \"C\" not null, version bigint not null,
                leaf bytea not null, envelope bytea, envelope_salt bytea, payload bytea, payload_salt bytea
            );
            create unique index plain_of_stream on plain (stream, version);",
        )
        .unwrap();
    let insert = client
        .prepare(
            "insert into plain select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bytea[], \
             $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[])",
        )
        .unwrap();
    let names: Vec<String> = (0..WRITERS)
        .map(|stream| format!("project/{}", Uuid::from_u128(u128::from(stream))))
        .collect();
    let start = Instant::now();
    let mut position = 0;
    while position < ENTRIES {
        let positions: Vec<i64> = (position..ENTRIES.min(position + size))
            .map(|place| place as i64)
            .collect();
        let streams: Vec<&str> = positions
            .iter()
            .map(|place| names[*place as usize % WRITERS as usize].as_str())
            .collect();
        let versions: Vec<i64> = positions
            .iter()
            .map(|place| place / WRITERS as i64)
            .collect();
        let of = |bytes: &'static [u8]| vec![bytes; positions.len()];
        client
            .execute(
                &insert,
                &[
                    &positions,
                    &streams,
                    &versions,
                    &of(&[1; 65]),
                    &of(&[b'e'; 240]),
                    &of(&[2; 16]),
                    &of(&[b'p'; 512]),
                    &of(&[3; 16]),
                ],
            )
            .unwrap();
        position += size;
    }
    ENTRIES as f64 / start.elapsed().as_secs_f64()
}
