//! Verdicts on flags: a grave one takes two officers, some are drawn so that every rule is measured, and what
//! officers decided is counted for ever.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use kandeng_ledger::StreamName;
use kandeng_platform::case::{
    Case, Check, CheckCase, Close, FlagVerdict, Hear, OnSite, OpenCase, Outcome, OutcomeKind, Rungs,
};
use kandeng_platform::flag::{
    Answered, Confirm, Decline, Dismiss, Dismissal, Flag, Found, RuleRun, Sweep, Tally, draw,
};
use kandeng_platform::{Answer, CommandError, Context, Platform, Text};
use support::{Node, block_on, rows};
use uuid::Uuid;

fn found(rule: &str, severity: &str, subject: &str) -> Found {
    Found {
        rule: rule.to_owned(),
        rule_version: "v1".to_owned(),
        severity: severity.to_owned(),
        subject_kind: "project".to_owned(),
        subject: subject.to_owned(),
        key: String::new(),
        fingerprint: subject.to_owned(),
        items: vec!["scale".to_owned()],
        related: Vec::new(),
        money_fen: None,
        registers: Some(Vec::new()),
        withheld: Vec::new(),
        figures: serde_json::json!({}),
        says: Text::new("疑点", "a doubt"),
    }
}

async fn raise(node: &Node, platform: &Platform, rule: &str, severity: &str, subjects: &[&str]) {
    let run = RuleRun {
        rule: rule.to_owned(),
        version: "v1".to_owned(),
        found: subjects
            .iter()
            .map(|subject| found(rule, severity, subject))
            .collect(),
        answers: BTreeMap::new(),
    };
    let sweep = Sweep::new(platform);
    sweep.take(&[run], &node.cx()).await.unwrap();
}

fn streams(platform: &Platform, rule: &str) -> Vec<StreamName> {
    let names: Vec<String> = platform
        .query(|connection| {
            connection
                .prepare("select stream from flags where rule = ?1 order by subject")?
                .query_map([rule], |row| row.get(0))?
                .collect()
        })
        .unwrap();
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn by(node: &Node, officer: u128) -> Context {
    Context {
        actor: Uuid::from_u128(officer),
        ..node.cx()
    }
}

fn nothing_to_it(reason: Dismissal) -> Dismiss {
    Dismiss {
        reason,
        note: "measured on the map".to_owned(),
    }
}

async fn decide<C: Clone>(
    platform: &Platform,
    cx: &Context,
    flag: &StreamName,
    command: C,
) -> Result<Answer, CommandError>
where
    Flag: kandeng_platform::Decide<C>,
{
    platform
        .append(cx, |plan| {
            plan.decide::<Flag, _>(flag.clone(), command.clone())
        })
        .await
}

fn code(result: Result<Answer, CommandError>) -> String {
    match result {
        Err(CommandError::Refused(refusal)) => refusal.code,
        other => format!("{other:?}"),
    }
}

fn state(platform: &Platform, flag: &StreamName) -> String {
    platform
        .query(|connection| {
            connection.query_row(
                "select state from flags where stream = ?1",
                [flag.as_str()],
                |row| row.get(0),
            )
        })
        .unwrap()
}

fn tallies(platform: &Platform, drawn_only: bool) -> BTreeMap<String, Tally> {
    platform
        .query(|connection| Tally::of_rules(connection, 0, drawn_only))
        .unwrap()
}

#[test]
fn a_grave_flag_is_dismissed_only_when_a_second_officer_gives_the_same_reason() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        raise(&node, &platform, "K17", "high", &["A"]).await;
        let flag = streams(&platform, "K17").remove(0);
        let unfounded = nothing_to_it(Dismissal::Unfounded);
        let first = decide(&platform, &by(&node, 1), &flag, unfounded.clone()).await;
        assert!(first.is_ok());
        assert_eq!(state(&platform, &flag), "open");
        // The same officer cannot be the second one.
        let again = decide(&platform, &by(&node, 1), &flag, unfounded.clone()).await;
        assert_eq!(code(again), "second-officer");
        // Another reason is another proposal, and who made the first may agree to it.
        let explained = nothing_to_it(Dismissal::Explained);
        decide(&platform, &by(&node, 2), &flag, explained.clone())
            .await
            .unwrap();
        assert_eq!(state(&platform, &flag), "open");
        decide(&platform, &by(&node, 1), &flag, explained)
            .await
            .unwrap();
        assert_eq!(state(&platform, &flag), "dismissed");
        assert_eq!(tallies(&platform, false)["K17"].explained, 1);
    });
}

#[test]
fn a_proposal_ends_when_it_is_declined_and_when_the_figures_change() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        raise(&node, &platform, "K17", "high", &["A"]).await;
        let flag = streams(&platform, "K17").remove(0);
        let unfounded = nothing_to_it(Dismissal::Unfounded);
        let decline = Decline {
            note: "the map is old".to_owned(),
        };
        let early = decide(&platform, &by(&node, 2), &flag, decline.clone()).await;
        assert_eq!(code(early), "nothing-proposed");
        let first = by(&node, 1);
        let propose = || decide(&platform, &first, &flag, unfounded.clone());
        propose().await.unwrap();
        decide(&platform, &by(&node, 2), &flag, decline)
            .await
            .unwrap();
        // Proposed anew, it waits for somebody else again.
        propose().await.unwrap();
        assert_eq!(state(&platform, &flag), "open");
        let changed = RuleRun {
            rule: "K17".to_owned(),
            version: "v1".to_owned(),
            found: vec![Found {
                fingerprint: "other figures".to_owned(),
                ..found("K17", "high", "A")
            }],
            answers: BTreeMap::new(),
        };
        let sweep = Sweep::new(&platform);
        sweep.take(&[changed], &node.cx()).await.unwrap();
        decide(&platform, &by(&node, 2), &flag, unfounded)
            .await
            .unwrap();
        assert_eq!(state(&platform, &flag), "open");
    });
}

#[test]
fn one_in_ten_open_flags_is_drawn_and_leaves_the_sample_with_its_verdict() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let subjects: Vec<String> = (0..45).map(|n| format!("P{n:02}")).collect();
        let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
        raise(&node, &platform, "K01", "medium", &subjects).await;
        assert_eq!(draw(&platform, &node.cx()).await.unwrap(), 5);
        // Enough are drawn: nothing is appended.
        let before = platform.ledger().checkpoint();
        assert_eq!(draw(&platform, &node.cx()).await.unwrap(), 0);
        assert_eq!(platform.ledger().checkpoint(), before);
        let drawn = |platform: &Platform| -> Vec<String> {
            platform
                .query(|connection| {
                    connection
                        .prepare("select stream from flags where drawn = 1 order by stream")?
                        .query_map([], |row| row.get(0))?
                        .collect()
                })
                .unwrap()
        };
        let sample = drawn(&platform);
        assert_eq!(sample.len(), 5);
        let in_sample: StreamName = sample[0].parse().unwrap();
        let beside = streams(&platform, "K01")
            .into_iter()
            .find(|flag| !sample.contains(&flag.to_string()))
            .unwrap();
        decide(&platform, &by(&node, 1), &in_sample, Confirm { case: None })
            .await
            .unwrap();
        decide(
            &platform,
            &by(&node, 1),
            &beside,
            nothing_to_it(Dismissal::Unfounded),
        )
        .await
        .unwrap();
        assert_eq!(drawn(&platform).len(), 4);
        assert_eq!(tallies(&platform, false)["K01"].right_of(false), (1, 2));
        // Over the sample alone the published interval is taken.
        assert_eq!(tallies(&platform, true)["K01"].right_of(false), (1, 1));
        assert_eq!(draw(&platform, &node.cx()).await.unwrap(), 1);
    });
}

#[test]
fn a_flag_that_comes_back_keeps_its_earlier_verdict_in_the_count() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        raise(&node, &platform, "K01", "low", &["A"]).await;
        let flag = streams(&platform, "K01").remove(0);
        let unfounded = nothing_to_it(Dismissal::Unfounded);
        decide(&platform, &by(&node, 1), &flag, unfounded)
            .await
            .unwrap();
        let changed = RuleRun {
            rule: "K01".to_owned(),
            version: "v1".to_owned(),
            found: vec![Found {
                fingerprint: "other figures".to_owned(),
                ..found("K01", "low", "A")
            }],
            answers: BTreeMap::from([(("project".to_owned(), "B".to_owned()), Answered::Passed)]),
        };
        let sweep = Sweep::new(&platform);
        sweep.take(&[changed], &node.cx()).await.unwrap();
        assert_eq!(tallies(&platform, false)["K01"].unfounded, 1);
        decide(&platform, &by(&node, 1), &flag, Confirm { case: None })
            .await
            .unwrap();
        assert_eq!(tallies(&platform, false)["K01"].right_of(false), (1, 2));
    });
}

/// A day for each rung.
fn rungs() -> Rungs {
    let day = SignedDuration::from_hours(24);
    Rungs::new(day, day, day)
}

async fn open_case(node: &Node, platform: &Platform, flags: &[StreamName]) -> Uuid {
    let id = Uuid::from_u128(5);
    let open = OpenCase {
        id,
        flags: flags.to_vec(),
        lead: Uuid::from_u128(8),
        assignee: Uuid::from_u128(7),
        checks: flags
            .iter()
            .map(|flag| Check {
                flag: flag.clone(),
                items: vec!["scale".to_owned()],
                says: Text::new("现场丈量", "measure on site"),
            })
            .collect(),
        within: rungs(),
    };
    platform
        .carry_out::<Case, _>(id, open, &node.cx())
        .await
        .unwrap();
    id
}

fn outcome(kind: OutcomeKind) -> Outcome {
    Outcome {
        kind,
        note: "as the minutes say".to_owned(),
        ..Outcome::default()
    }
}

#[test]
fn a_case_ends_together_with_its_flags_or_not_at_all() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        raise(&node, &platform, "K17", "high", &["A"]).await;
        raise(&node, &platform, "K05", "low", &["A"]).await;
        let grave = streams(&platform, "K17").remove(0);
        let small = streams(&platform, "K05").remove(0);
        let id = open_case(&node, &platform, &[grave.clone(), small.clone()]).await;
        let officer = by(&node, 7);
        let hear = Hear {
            heard: false,
            note: "the cooperative is dissolved".to_owned(),
        };
        platform
            .carry_out::<Case, _>(id, hear, &officer)
            .await
            .unwrap();
        let end = |kind: OutcomeKind, verdicts: Vec<(StreamName, FlagVerdict)>| {
            let close = Close {
                id,
                outcome: outcome(kind),
            };
            let verdicts: BTreeMap<_, _> = verdicts.into_iter().collect();
            let (platform, officer) = (platform.clone(), officer.clone());
            async move {
                platform
                    .append(&officer, |plan| {
                        kandeng_platform::case::close(plan, &close, &verdicts)
                    })
                    .await
            }
        };
        let yes = FlagVerdict::Confirmed;
        let no = || FlagVerdict::Dismissed(Dismissal::Unfounded);
        let one = vec![(grave.clone(), yes.clone())];
        assert_eq!(
            code(end(OutcomeKind::Rectified, one).await),
            "flag-without-verdict"
        );
        let against = vec![(grave.clone(), no()), (small.clone(), no())];
        assert_eq!(
            code(end(OutcomeKind::Rectified, against.clone()).await),
            "outcome-against-verdicts"
        );
        assert_eq!(
            code(end(OutcomeKind::Unfounded, against).await),
            "second-officer"
        );
        // Nothing of it was done.
        assert_eq!(state(&platform, &small), "open");
        assert!(rows(&platform, "cases")[0].contains("open"));
        let both = vec![(grave.clone(), yes), (small.clone(), no())];
        end(OutcomeKind::Rectified, both).await.unwrap();
        assert_eq!(state(&platform, &grave), "confirmed");
        assert_eq!(state(&platform, &small), "dismissed");
        assert!(rows(&platform, "cases")[0].contains("rectified"));
    });
}

#[test]
fn what_was_cleared_before_a_case_ends_takes_no_verdict() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        raise(&node, &platform, "K05", "low", &["A"]).await;
        let flag = streams(&platform, "K05").remove(0);
        let id = open_case(&node, &platform, std::slice::from_ref(&flag)).await;
        let end = |kind: OutcomeKind| {
            let close = Close {
                id,
                outcome: outcome(kind),
            };
            let (platform, officer) = (platform.clone(), by(&node, 7));
            async move {
                platform
                    .append(&officer, |plan| {
                        kandeng_platform::case::close(plan, &close, &BTreeMap::new())
                    })
                    .await
            }
        };
        assert_eq!(
            code(end(OutcomeKind::Explained).await),
            "flag-without-verdict"
        );
        let run = RuleRun {
            rule: "K05".to_owned(),
            version: "v1".to_owned(),
            found: Vec::new(),
            answers: BTreeMap::from([(("project".to_owned(), "A".to_owned()), Answered::Passed)]),
        };
        let sweep = Sweep::new(&platform);
        sweep.take(&[run], &node.cx()).await.unwrap();
        assert_eq!(state(&platform, &flag), "cleared");
        // Put right, it may have been so: then the body concerned is heard as ever.
        assert_eq!(code(end(OutcomeKind::Rectified).await), "not-heard");
        end(OutcomeKind::Explained).await.unwrap();
        assert_eq!(state(&platform, &flag), "cleared");
    });
}

#[test]
fn what_was_looked_at_on_site_stands_beside_each_check() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        raise(&node, &platform, "K05", "low", &["A"]).await;
        let id = open_case(&node, &platform, &streams(&platform, "K05")).await;
        let check = |check: u32, found: OnSite, note: &str| {
            let made = CheckCase {
                check,
                found,
                note: note.to_owned(),
                evidence: vec!["ab".repeat(32)],
            };
            let (platform, cx) = (platform.clone(), by(&node, 7));
            async move { platform.carry_out::<Case, _>(id, made, &cx).await }
        };
        assert_eq!(code(check(1, OnSite::AsFiled, "").await), "no-such-check");
        assert_eq!(code(check(0, OnSite::Differs, " ").await), "text-missing");
        check(0, OnSite::NotSeen, "the bridge is out")
            .await
            .unwrap();
        check(0, OnSite::Differs, "41.2 mu").await.unwrap();
        let row = rows(&platform, "case_checks").remove(0);
        assert!(row.contains("differs 41.2 mu"), "{row}");
    });
}
