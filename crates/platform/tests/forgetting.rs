//! A flag that was dismissed long ago names nobody any more, in the ledger, the read model and the files; what was
//! decided on it stays, and every proof holds.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use kandeng_ledger::StreamName;
use kandeng_platform::flag::{Dismiss, Dismissal, Flag, Found, RuleRun, Sweep, Tally, forget};
use kandeng_platform::{Clock as _, Platform, Text};
use support::{Node, block_on, rows};

const PAYEE: &str = "91990121MA0LINKED0";
const OTHER: &str = "99012120240099";

fn found(subject: &str) -> Found {
    Found {
        rule: "K26".to_owned(),
        rule_version: "v1".to_owned(),
        severity: "medium".to_owned(),
        subject_kind: "project".to_owned(),
        subject: subject.to_owned(),
        key: format!("{PAYEE}/{subject}"),
        fingerprint: subject.to_owned(),
        items: vec!["payee".to_owned()],
        related: vec![OTHER.to_owned()],
        money_fen: Some(9_500_000),
        registers: Some(Vec::new()),
        withheld: Vec::new(),
        figures: serde_json::json!({"names": [PAYEE], "payments": 3}),
        says: Text::new(format!("账户以 {PAYEE} 收款"), format!("paid to {PAYEE}")),
    }
}

fn run(subjects: &[&str]) -> RuleRun {
    RuleRun {
        rule: "K26".to_owned(),
        version: "v1".to_owned(),
        found: subjects.iter().map(|subject| found(subject)).collect(),
        answers: BTreeMap::new(),
    }
}

async fn sweep(node: &Node, platform: &Platform, subjects: &[&str]) -> usize {
    let swept = Sweep::new(platform);
    let swept = swept.take(&[run(subjects)], &node.cx()).await.unwrap();
    swept.changed
}

/// Two flags, of which the first is dismissed.
async fn dismissed(node: &Node, platform: &Platform) {
    sweep(node, platform, &["A", "B"]).await;
    let of = "select stream from flags where subject = 'A'";
    let stream: String = platform
        .query(|connection| connection.query_row(of, [], |row| row.get(0)))
        .unwrap();
    let stream: StreamName = stream.parse().unwrap();
    let dismiss = Dismiss {
        reason: Dismissal::Explained,
        note: "a collective account".to_owned(),
    };
    platform
        .append(&node.cx(), |plan| {
            plan.decide::<Flag, _>(stream.clone(), dismiss.clone())
        })
        .await
        .unwrap();
}

async fn forget_after(node: &Node, platform: &Platform, days: i64) -> usize {
    let before = node.clock.now() - SignedDuration::from_hours(24 * days);
    let personal = BTreeMap::from([("K26".to_owned(), vec!["names".to_owned()])]);
    forget(platform, before, &personal, &node.cx())
        .await
        .unwrap()
}

/// Whether the ledger or the table says whom the flag of a subject pointed at.
fn linked(platform: &Platform, subject: &str) -> bool {
    let names = |text: &str| text.contains(PAYEE) || text.contains(OTHER);
    let events = platform.ledger().read_from(0, 1_000).unwrap();
    let mut payloads = events.iter().filter_map(|event| event.payload.as_ref());
    let in_ledger = payloads
        .any(|payload| payload["found"]["subject"] == subject && names(&payload.to_string()));
    let of = "select related || figures || key || says_zh || says_en from flags where subject = ?1";
    let told: String = platform
        .query(|connection| connection.query_row(of, [subject], |row| row.get(0)))
        .unwrap();
    in_ledger || names(&told)
}

#[test]
fn whom_a_flag_pointed_at_is_forgotten_after_its_time_and_what_was_decided_stays() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        dismissed(&node, &platform).await;
        // Not a day early.
        node.clock
            .set(node.clock.now() + SignedDuration::from_hours(24 * 729));
        assert_eq!(forget_after(&node, &platform, 730).await, 0);
        assert!(linked(&platform, "A"));
        node.clock
            .set(node.clock.now() + SignedDuration::from_hours(24 * 2));
        let tallies = || platform.query(|of| Tally::of_rules(of, 0, false)).unwrap();
        let before = tallies();
        assert_eq!(forget_after(&node, &platform, 730).await, 1);
        assert!(!linked(&platform, "A"));
        // What nobody dismissed is as it was.
        assert!(linked(&platform, "B"));
        assert_eq!(tallies(), before);
        assert!(rows(&platform, "flag_erasures").is_empty());
        // Once is enough, and the same finding again is still the one that was dismissed.
        let size = platform.ledger().checkpoint().unwrap().size;
        assert_eq!(forget_after(&node, &platform, 730).await, 0);
        assert_eq!(sweep(&node, &platform, &["A", "B"]).await, 0);
        assert_eq!(platform.ledger().checkpoint().unwrap().size, size);
    });
}

#[test]
fn tables_made_anew_know_no_more_and_every_proof_holds() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        dismissed(&node, &platform).await;
        node.clock
            .set(node.clock.now() + SignedDuration::from_hours(24 * 800));
        assert_eq!(forget_after(&node, &platform, 730).await, 1);
    });
    let tables = ["flags", "flag_verdicts", "flag_erasures"];
    let live = tables.map(|table| rows(&platform, table));
    assert_eq!(live[1].len(), 1);
    let mut reader = kandeng_ledger::store::sqlite::SqliteReader::open(&node.database()).unwrap();
    let trust = platform.ledger().trust();
    let report = kandeng_ledger::verify(&mut reader, trust, &[], &mut |_, _| {});
    let size = platform.ledger().checkpoint().unwrap().size;
    assert_eq!(report.unwrap().entries, size);
    let read_model = kandeng_platform::ReadModel::new({
        let mut tables = kandeng_platform::shared_tables();
        tables.push(Box::new(support::DoorTables));
        tables
    });
    let mut to = rusqlite::Connection::open(node.folder().join("beside.db")).unwrap();
    read_model.clear(&to).unwrap();
    let reader =
        Box::new(kandeng_ledger::store::sqlite::SqliteReader::open(&node.database()).unwrap());
    read_model.fill(reader, &mut to, &mut |_| true).unwrap();
    let anew = |table: &str| -> i64 {
        let count = format!("select count(*) from {table}");
        to.query_row(&count, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(tables.map(anew), [2, 1, 0]);
    let told: String = to
        .query_row(
            "select state || dismissal || related || key || figures || says_zh from flags where subject = 'A'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(
        told,
        "dismissedexplained[]{\"payments\":3}账户以 〔…〕 收款"
    );
}

#[test]
fn of_a_rule_that_nobody_knows_any_more_every_text_is_forgotten() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        dismissed(&node, &platform).await;
        node.clock
            .set(node.clock.now() + SignedDuration::from_hours(24 * 800));
        let before = node.clock.now() - SignedDuration::from_hours(24 * 730);
        let forgotten = forget(&platform, before, &BTreeMap::new(), &node.cx()).await;
        assert_eq!(forgotten.unwrap(), 1);
        assert!(!linked(&platform, "A"));
        // Numbers name nobody: what remains says how much it was about.
        let of = "select figures from flags where subject = 'A'";
        let figures: String = platform
            .query(|connection| connection.query_row(of, [], |row| row.get(0)))
            .unwrap();
        assert_eq!(figures, "{\"payments\":3}");
    });
}
