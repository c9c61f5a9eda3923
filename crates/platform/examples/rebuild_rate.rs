//! How fast the read model of a node is made anew from a million events: flags that are raised, changed and
//! dismissed, deadlines, notices, values, as a county would have them.
//!
//! `cargo run --release -p kandeng-platform --example rebuild_rate [EVENTS]`

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Instant;

use kandeng_ledger::store::sqlite::{Sqlite, SqliteReader};
use kandeng_ledger::{Append, Ledger, Occasion, SigningKey, StreamName, Write};
use kandeng_platform::deadline::DeadlineEvent;
use kandeng_platform::flag::{Dismissal, FlagEvent, Found};
use kandeng_platform::notice::NoticeEvent;
use kandeng_platform::unique::ValueEvent;
use kandeng_platform::{Events, ReadModel, Text, shared_tables};
use rusqlite::Connection;
use uuid::Uuid;

const ROUNDS: usize = 5;

fn main() {
    let events: u64 = std::env::args()
        .nth(1)
        .map_or(1_000_000, |number| number.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kandeng.db");
    let start = Instant::now();
    let written = fill(&path, events);
    println!("{written} events written in {:.1?}", start.elapsed());
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let beside = folder.path().join("beside.db");
        let start = Instant::now();
        let mut to = Connection::open(&beside).unwrap();
        for (name, value) in [
            ("journal_mode", "off"),
            ("synchronous", "off"),
            ("cache_size", "-65536"),
        ] {
            to.pragma_update(None, name, value).unwrap();
        }
        let read_model = ReadModel::new(shared_tables());
        read_model.clear(&to).unwrap();
        let reader = Box::new(SqliteReader::open(&path).unwrap());
        let filled = read_model.fill(reader, &mut to, &mut |_| true).unwrap();
        assert_eq!(filled, Some(written));
        let rate = written as f64 / start.elapsed().as_secs_f64();
        println!("rebuilt at {rate:9.0} events/s");
        rates.push(rate);
        drop(to);
        std::fs::remove_file(&beside).unwrap();
    }
    rates.sort_by(f64::total_cmp);
    println!("median {:.0} events/s", rates[ROUNDS / 2]);
}

/// Ten events for each subject, a hundred subjects to an append.
fn fill(path: &Path, events: u64) -> u64 {
    let key = SigningKey::from_secret("bench.example", &[7; 32]).unwrap();
    let ledger = Ledger::start(Sqlite::open(path, None).unwrap(), key).unwrap();
    let mut written = 0;
    let mut subject = 0;
    while written < events {
        let mut writes = Vec::new();
        for _ in 0..100 {
            writes.extend(story(subject));
            subject += 1;
        }
        let append = Append {
            occasion: Occasion {
                at: "2026-06-30T08:00:00Z".parse().unwrap(),
                actor: Uuid::from_u128(1),
                jurisdiction: "990121".to_owned(),
                command: None,
            },
            writes,
        };
        written = ledger.append_all_blocking(append).unwrap().positions.end;
    }
    ledger.close();
    written
}

fn found(subject: u64, measured: f64) -> Found {
    Found {
        rule: format!("K{:02}", subject % 40),
        rule_version: "9c1f0e3a5b7d2846c1f0e3a5b7d28461".to_owned(),
        severity: "high".to_owned(),
        subject_kind: "project".to_owned(),
        subject: format!("9901212024{subject:07}"),
        key: String::new(),
        fingerprint: format!("{subject:032}{:032}", measured as u64),
        items: vec!["scale".to_owned(), "boundary".to_owned()],
        related: Vec::new(),
        money_fen: Some(9_500_000),
        figures: serde_json::json!({"declared_mu": 102.5, "measured_mu": measured, "error_mu": 1.56}),
        registers: Some(Vec::new()),
        withheld: Vec::new(),
        says: Text::new(
            "申报 102.5 亩,航拍照片至多显示 61.5 亩",
            "102.5 mu declared, at most 61.5 in the pictures",
        ),
    }
}

fn story(subject: u64) -> Vec<Write> {
    fn write<E: Events>(kind: &str, subject: u64, events: &[E]) -> Write {
        Write {
            stream: StreamName::new(kind, Uuid::from_u128((u128::from(subject) << 64) | 7))
                .unwrap(),
            expected: 0,
            events: events.iter().map(Events::new_event).collect(),
        }
    }
    let owner = Uuid::from_u128(u128::from(subject));
    vec![
        write(
            "flag",
            subject,
            &[
                FlagEvent::FlagRaised {
                    found: found(subject, 61.5),
                    rule_changed: false,
                },
                FlagEvent::FlagChanged {
                    found: found(subject, 70.5),
                    changed: vec!["measured_mu".to_owned()],
                },
                FlagEvent::FlagDismissed {
                    reason: Dismissal::Explained,
                    note: "已现场核实".to_owned(),
                },
            ],
        ),
        write(
            "deadline",
            subject,
            &[
                DeadlineEvent::DeadlineSet {
                    subject: format!("case/{owner}"),
                    what: "case-answer".to_owned(),
                    by: "2026-07-07T08:00:00Z".parse().unwrap(),
                    then: "case-climb".to_owned(),
                    detail: serde_json::json!({"case": owner.to_string()}),
                },
                DeadlineEvent::DeadlineMet {},
            ],
        ),
        write(
            "notice",
            subject,
            &[
                NoticeEvent::NoticeQueued {
                    to: owner,
                    channel: "log".to_owned(),
                    subject: Text::new("办件催办", "A case: urge"),
                    body: Text::new("有办件逾期未复,请处理", "a case has had no answer in time"),
                },
                NoticeEvent::NoticeLeased {
                    until: "2026-06-30T08:02:00Z".parse().unwrap(),
                },
                NoticeEvent::NoticeDelivered {},
            ],
        ),
        write(
            "value",
            subject,
            &[
                ValueEvent::Reserved { owner },
                ValueEvent::Released { owner },
            ],
        ),
    ]
}
