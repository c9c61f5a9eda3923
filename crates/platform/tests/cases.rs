//! Cases: rungs that climb by themselves, hearing before confirming, deadlines that end with the case.

#![allow(clippy::unwrap_used)]

#[path = "support/house.rs"]
mod house;
mod support;

use house::House;
use jiff::SignedDuration;
use kandeng_ledger::StreamName;
use kandeng_platform::account::Role;
use kandeng_platform::case::{
    AnswerCase, Case, Close, Hear, OpenCase, Outcome, OutcomeKind, Refer, Rungs, open,
};
use kandeng_platform::deadline::DeadlineLoop;
use kandeng_platform::{CommandError, Platform};
use support::{Node, block_on, rows, start};
use uuid::Uuid;

/// A day for each rung.
fn rungs() -> Rungs {
    let day = SignedDuration::from_hours(24);
    Rungs::new(day, day, day)
}

async fn opened(node: &Node, platform: &Platform) -> Uuid {
    let id = Uuid::from_u128(5);
    let open = OpenCase {
        id,
        flags: vec![StreamName::new("flag", Uuid::from_u128(6)).unwrap()],
        lead: Uuid::from_u128(8),
        assignee: Uuid::from_u128(7),
        checks: Vec::new(),
        within: rungs(),
    };
    platform
        .carry_out::<Case, _>(id, open, &node.cx())
        .await
        .unwrap();
    id
}

fn hear(note: &str) -> Hear {
    Hear {
        heard: true,
        note: note.to_owned(),
    }
}

fn rung(platform: &Platform) -> Option<String> {
    platform
        .query(|connection| connection.query_row("select rung from cases", [], |row| row.get(0)))
        .unwrap()
}

async fn days(node: &Node, platform: &Platform, days: i64) -> usize {
    node.clock
        .set(start() + SignedDuration::from_hours(24 * days));
    DeadlineLoop::new(platform.clone())
        .fire_due()
        .await
        .unwrap()
}

#[test]
fn a_case_without_an_answer_climbs_urge_supervise_investigate_and_no_further() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        opened(&node, &platform).await;
        for (day, expected) in [(1, "urge"), (2, "supervise"), (3, "investigate")] {
            assert_eq!(days(&node, &platform, day).await, 1);
            assert_eq!(rung(&platform).as_deref(), Some(expected));
            assert_eq!(rows(&platform, "notices").len(), day as usize);
        }
        assert_eq!(days(&node, &platform, 30).await, 0);
    });
}

#[test]
fn an_answer_stops_the_climbing() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let id = opened(&node, &platform).await;
        days(&node, &platform, 1).await;
        let answer = AnswerCase {
            id,
            note: "measured again".to_owned(),
        };
        platform
            .carry_out::<Case, _>(id, answer, &node.cx())
            .await
            .unwrap();
        assert_eq!(rung(&platform), None);
        assert_eq!(days(&node, &platform, 30).await, 0);
    });
}

#[test]
fn nobody_is_closed_upon_without_having_been_heard() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let id = opened(&node, &platform).await;
        let close = Close {
            id,
            outcome: Outcome {
                kind: OutcomeKind::Sanctioned,
                recovered_fen: 9_500_000,
                held_to_account: 6,
                problems_solved: 1,
                note: "paid back".to_owned(),
            },
        };
        let refused = platform
            .carry_out::<Case, _>(id, close.clone(), &node.cx())
            .await;
        assert!(matches!(refused, Err(CommandError::Refused(why)) if why.code == "not-heard"));
        platform
            .carry_out::<Case, _>(id, hear("the village says …"), &node.cx())
            .await
            .unwrap();
        platform
            .carry_out::<Case, _>(id, close.clone(), &node.cx())
            .await
            .unwrap();
        let row = rows(&platform, "cases").remove(0);
        assert!(
            row.contains("closed") && row.contains("9500000 6 1"),
            "{row}"
        );
        // Its deadline is waived with it, and it cannot end twice.
        assert!(rows(&platform, "deadlines")[0].ends_with("waived"));
        assert_eq!(days(&node, &platform, 30).await, 0);
        let again = platform.carry_out::<Case, _>(id, close, &node.cx()).await;
        assert!(matches!(again, Err(CommandError::Refused(why)) if why.code == "case-over"));
    });
}

#[test]
fn a_referred_case_says_to_whom_and_is_over() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let id = opened(&node, &platform).await;
        let refer = Refer {
            id,
            to: "county supervision commission".to_owned(),
        };
        platform
            .carry_out::<Case, _>(id, refer, &node.cx())
            .await
            .unwrap();
        let row = rows(&platform, "cases").remove(0);
        assert!(row.contains("referred") && row.contains("county supervision commission"));
        assert_eq!(days(&node, &platform, 30).await, 0);
    });
}

/// Who was told, in order of account.
fn told(platform: &Platform) -> Vec<Uuid> {
    let of = "select recipient from notices order by recipient";
    let told: Vec<String> = platform
        .query(|connection| {
            connection
                .prepare(of)?
                .query_map([], |row| row.get(0))?
                .collect()
        })
        .unwrap();
    told.iter().map(|id| id.parse().unwrap()).collect()
}

#[test]
fn each_rung_reaches_whom_it_is_for_and_each_waits_its_own_time() {
    block_on(async {
        let house = House::new();
        let (node, platform) = (&house.node, &house.platform);
        let mut ids = Vec::new();
        for (login, role, place) in [
            ("officer", Role::Officer, "990121003"),
            ("township", Role::Manager, "990121003"),
            ("county", Role::Manager, "990121"),
            ("lead", Role::Manager, "990122"),
        ] {
            let (id, token) = house.invite(login, role, place).await;
            house.enrol(&token).await;
            ids.push(id);
        }
        let [officer, township, county, lead] = ids[..] else {
            panic!("four were invited");
        };
        let id = Uuid::from_u128(5);
        let day = |days: i64| SignedDuration::from_hours(24 * days);
        let open = OpenCase {
            id,
            flags: vec![StreamName::new("flag", Uuid::from_u128(6)).unwrap()],
            lead,
            assignee: officer,
            checks: Vec::new(),
            within: Rungs::new(day(4), day(2), day(1)),
        };
        platform
            .carry_out::<Case, _>(id, open, &node.cx())
            .await
            .unwrap();
        let opened = house.now();
        let mut known = Vec::new();
        for (after, mut reached) in [
            (4, vec![officer]),
            (6, vec![township]),
            (7, vec![township, county, lead]),
        ] {
            node.clock
                .set(opened + day(after) - SignedDuration::from_secs(1));
            let fire = DeadlineLoop::new(platform.clone());
            assert_eq!(fire.fire_due().await.unwrap(), 0, "day {after}, too early");
            node.clock.set(opened + day(after));
            assert_eq!(fire.fire_due().await.unwrap(), 1, "day {after}");
            known.append(&mut reached);
            known.sort();
            assert_eq!(told(platform), known, "day {after}");
        }
    });
}

#[test]
fn a_flag_is_in_one_open_case_at_a_time_and_whoever_opens_a_second_is_told_which() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let first = opened(&node, &platform).await;
        let second = OpenCase {
            id: Uuid::from_u128(9),
            flags: vec![StreamName::new("flag", Uuid::from_u128(6)).unwrap()],
            lead: Uuid::from_u128(8),
            assignee: Uuid::from_u128(7),
            checks: Vec::new(),
            within: rungs(),
        };
        let cx = node.cx();
        let again = platform.append(&cx, |plan| open(plan, &second)).await;
        let Err(CommandError::Refused(refusal)) = again else {
            panic!("{again:?}");
        };
        assert_eq!(refusal.code, "flag-in-case");
        for text in [&refusal.text.zh, &refusal.text.en] {
            assert!(text.contains(&first.to_string()), "{text}");
        }
        let refer = Refer {
            id: first,
            to: "县纪委".to_owned(),
        };
        platform
            .carry_out::<Case, _>(first, refer, &cx)
            .await
            .unwrap();
        platform
            .append(&cx, |plan| open(plan, &second))
            .await
            .unwrap();
        let open = platform.query(|of| kandeng_platform::case::open_case_of(of, &second.flags[0]));
        assert_eq!(open.unwrap(), Some(second.id));
    });
}
