//! Flags: raised once, quiet while nothing changes, reopened when something does, never by a new rule.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use kandeng_ledger::StreamName;
use kandeng_platform::flag::{Confirm, Dismiss, Dismissal, Flag, Found, RuleRun, Sweep, Swept};
use kandeng_platform::{CommandError, Platform, Text};
use support::{Node, block_on};

fn found(subject: &str, measured: f64) -> Found {
    Found {
        rule: "K17".to_owned(),
        rule_version: "v1".to_owned(),
        severity: "high".to_owned(),
        subject_kind: "project".to_owned(),
        subject: subject.to_owned(),
        key: String::new(),
        fingerprint: format!("{subject}/{measured}"),
        items: vec!["scale".to_owned(), "boundary".to_owned()],
        money_fen: Some(9_500_000),
        figures: serde_json::json!({"declared_mu": 102.5, "measured_mu": measured}),
        says: Text::new("申报 102.5 亩", "102.5 mu declared"),
    }
}

fn run(found: Vec<Found>) -> RuleRun {
    RuleRun {
        rule: "K17".to_owned(),
        found,
        not_applicable: BTreeMap::new(),
    }
}

fn one(platform: &Platform, column: &str) -> Vec<String> {
    platform
        .query(|connection| {
            let sql = format!("select coalesce({column}, '-') from flags order by subject");
            connection
                .prepare(&sql)?
                .query_map([], |row| row.get(0))?
                .collect()
        })
        .unwrap()
}

fn streams(platform: &Platform) -> Vec<StreamName> {
    one(platform, "stream")
        .iter()
        .map(|name| name.parse().unwrap())
        .collect()
}

#[test]
fn a_run_over_an_unchanged_county_appends_nothing() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let runs = [run((0..500)
            .map(|n| found(&format!("P{n:03}"), 61.5))
            .collect())];
        let sweep = Sweep::new(&platform);
        let first = sweep.take(&runs, &node.cx()).await.unwrap();
        assert_eq!(
            first,
            Swept {
                changed: 500,
                seen: 500
            }
        );
        let before = platform.ledger().checkpoint();
        let again = sweep.take(&runs, &node.cx()).await.unwrap();
        assert_eq!(
            again,
            Swept {
                changed: 0,
                seen: 500
            }
        );
        assert_eq!(platform.ledger().checkpoint(), before);
    });
}

#[test]
fn a_flag_is_cleared_only_when_the_rule_answers_passed() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let sweep = Sweep::new(&platform);
        sweep
            .take(&[run(vec![found("A", 61.5), found("B", 60.0)])], &node.cx())
            .await
            .unwrap();
        let mut runs = [run(Vec::new())];
        let subject = ("project".to_owned(), "A".to_owned());
        runs[0]
            .not_applicable
            .insert(subject, "empty: projects.scale".to_owned());
        sweep.take(&runs, &node.cx()).await.unwrap();
        assert_eq!(one(&platform, "state"), ["open", "cleared"]);
        assert_eq!(
            one(&platform, "not_applicable"),
            ["empty: projects.scale", "-"]
        );
        // The same answer again is no news.
        let swept = sweep.take(&runs, &node.cx()).await.unwrap();
        assert_eq!(swept.changed, 0);
        // A rule that did not run leaves its flags as they are.
        sweep.take(&[], &node.cx()).await.unwrap();
        assert_eq!(one(&platform, "state"), ["open", "cleared"]);
        // It compares again, with the same result.
        sweep
            .take(&[run(vec![found("A", 61.5)])], &node.cx())
            .await
            .unwrap();
        assert_eq!(one(&platform, "not_applicable"), ["-", "-"]);
        assert_eq!(one(&platform, "state"), ["open", "cleared"]);
        // And what was cleared can come back.
        sweep
            .take(&[run(vec![found("A", 61.5), found("B", 60.0)])], &node.cx())
            .await
            .unwrap();
        assert_eq!(one(&platform, "state"), ["open", "open"]);
    });
}

#[test]
fn a_dismissed_flag_stays_dismissed_until_its_input_changes_and_says_what_changed() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let sweep = Sweep::new(&platform);
        sweep
            .take(&[run(vec![found("A", 61.5)])], &node.cx())
            .await
            .unwrap();
        let stream = streams(&platform).remove(0);
        let dismiss = Dismiss {
            reason: Dismissal::Explained,
            note: "terraces, measured on the map".to_owned(),
        };
        platform
            .append(&node.cx(), |plan| {
                plan.decide::<Flag, _>(stream.clone(), dismiss.clone())
            })
            .await
            .unwrap();
        sweep
            .take(&[run(vec![found("A", 61.5)])], &node.cx())
            .await
            .unwrap();
        assert_eq!(one(&platform, "state"), ["dismissed"]);
        // Passing now does not undo what a person decided.
        sweep.take(&[run(Vec::new())], &node.cx()).await.unwrap();
        assert_eq!(one(&platform, "state"), ["dismissed"]);
        sweep
            .take(&[run(vec![found("A", 40.0)])], &node.cx())
            .await
            .unwrap();
        assert_eq!(one(&platform, "state"), ["open"]);
        assert_eq!(one(&platform, "changed"), ["[\"measured_mu\"]"]);
        // Twice is refused, and so is confirming what is not open.
        platform
            .append(&node.cx(), |plan| {
                plan.decide::<Flag, _>(stream.clone(), Confirm { case: None })
            })
            .await
            .unwrap();
        let refused = platform
            .append(&node.cx(), |plan| {
                plan.decide::<Flag, _>(stream.clone(), dismiss.clone())
            })
            .await;
        assert!(matches!(refused, Err(CommandError::Refused(why)) if why.code == "flag-not-open"));
    });
}

#[test]
fn a_new_version_of_the_rule_never_reopens_in_silence() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let sweep = Sweep::new(&platform);
        sweep
            .take(&[run(vec![found("A", 61.5), found("B", 61.5)])], &node.cx())
            .await
            .unwrap();
        let stream = streams(&platform).remove(0);
        let dismiss = Dismiss {
            reason: Dismissal::Unfounded,
            note: String::new(),
        };
        platform
            .append(&node.cx(), |plan| {
                plan.decide::<Flag, _>(stream.clone(), dismiss.clone())
            })
            .await
            .unwrap();
        let stricter = |subject: &str| Found {
            rule_version: "v2".to_owned(),
            fingerprint: format!("v2/{subject}"),
            ..found(subject, 61.5)
        };
        sweep
            .take(&[run(vec![stricter("A"), stricter("B")])], &node.cx())
            .await
            .unwrap();
        assert_eq!(one(&platform, "state"), ["dismissed", "open"]);
        // But it is on the list of those that the officer looks through.
        assert_eq!(one(&platform, "cast(rule_changed as text)"), ["1", "1"]);
        sweep
            .take(&[run(vec![stricter("A"), stricter("B")])], &node.cx())
            .await
            .unwrap();
        assert_eq!(one(&platform, "state"), ["dismissed", "open"]);
    });
}
