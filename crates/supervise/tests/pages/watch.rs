//! Screening as a service: nothing is missed over a restart, a doubt does not go away with its filing, and whoever is
//! responsible is told once.

use axum::http::StatusCode;
use kandeng_ledger::StreamName;
use kandeng_platform::account::Role;
use kandeng_platform::flag::{Flag, Pass};
use kandeng_supervise::watch::Hours;

use super::support::{Browser, block_on};
use super::{County, form, send};

async fn fill(clerk: &mut Browser<'_>, project: &str, category: &str, fields: &[(&str, &str)]) {
    let path = format!("{project}/items/{category}");
    let shown = clerk.get(&path).await;
    let saved = send(clerk, &path, &form(&shown, fields)).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
}

/// State, rule and how often it was raised or changed, for each flag.
fn flags(county: &County) -> Vec<(String, String, Option<String>)> {
    let platform = county.house.site.platform();
    platform
        .query(|connection| {
            connection
                .prepare("select rule, state, not_applicable from flags order by rule, stream")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })
        .unwrap()
}

fn size(county: &County) -> u64 {
    let newest = county.house.site.platform().ledger().checkpoint();
    newest.map_or(0, |newest| newest.size)
}

/// What was told, to how many, by channel.
fn notices(county: &County) -> Vec<(String, String)> {
    let platform = county.house.site.platform();
    platform
        .query(|connection| {
            connection
                .prepare("select channel, recipient from notices order by stream")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
        .unwrap()
}

/// What was told, word for word.
fn letters(county: &County) -> Vec<String> {
    let platform = county.house.site.platform();
    let all = platform.ledger().read_from(0, 10_000).unwrap();
    all.iter()
        .filter(|event| {
            let envelope = event.envelope.as_ref();
            envelope.is_some_and(|envelope| envelope.kind == "notice-queued")
        })
        .map(|event| event.payload.as_ref().unwrap().to_string())
        .collect()
}

#[test]
fn what_was_filed_while_nobody_screened_is_found_after_a_restart_and_once() {
    block_on(async {
        let mut county = County::new().await;
        county.screen().await;
        {
            let mut clerk = county.clerk().await;
            let project = county.file(&mut clerk, "99012120260001", "路").await;
            fill(
                &mut clerk,
                &project,
                "approval",
                &[("f.approval_date", "2025-03-14")],
            )
            .await;
            fill(
                &mut clerk,
                &project,
                "construction",
                &[("f.start_date", "2025-01-02")],
            )
            .await;
        }
        assert!(flags(&county).is_empty());
        county.restart();
        county.screen().await;
        let found = flags(&county);
        assert!(
            found
                .iter()
                .any(|(rule, state, _)| rule == "Q03" && state == "open"),
            "{found:?}"
        );
        // Started again and again, nothing is raised twice: only that it was screened is written down.
        for _ in 0..2 {
            let before = size(&county);
            county.restart();
            county.screen().await;
            assert_eq!(size(&county), before + 1);
        }
        assert_eq!(flags(&county), found);
        // Without a restart and without a change nothing is written at all.
        let before = size(&county);
        county.screen().await;
        assert_eq!(size(&county), before);
    });
}

#[test]
fn a_change_reaches_the_same_flags_as_screening_everything() {
    block_on(async {
        let mut county = County::new().await;
        county.screen().await;
        {
            let mut clerk = county.clerk().await;
            // Two filings that only together are doubtful: the same voucher was paid twice.
            for code in ["99012120260001", "99012120260002"] {
                let project = county.file(&mut clerk, code, "渠").await;
                let row = [
                    ("r.payments.1000000.date", "2025-07-05"),
                    ("r.payments.1000000.amount", "29000"),
                    ("r.payments.1000000.voucher", "PZ-0001"),
                ];
                fill(&mut clerk, &project, "disbursement", &row).await;
                county.screen().await;
            }
        }
        let by_changes = flags(&county);
        assert!(
            by_changes.iter().any(|(rule, ..)| rule == "Q09"),
            "{by_changes:?}"
        );
        county.restart();
        county.screen().await;
        assert_eq!(flags(&county), by_changes);
    });
}

#[test]
fn a_doubt_stays_when_its_project_is_withdrawn_and_says_so() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county.file(&mut clerk, "99012120260001", "路").await;
        county.screen().await;
        assert!(
            flags(&county)
                .iter()
                .all(|(_, state, why)| state == "open" && why.is_none())
        );
        let mut reviewer = county
            .house
            .signed_in("review", Role::Reviewer, "990121003")
            .await;
        let token = reviewer.token().await;
        // A clerk cannot: to them there is no such thing.
        let theirs = clerk.token().await;
        let path = format!("{project}/withdraw");
        let fields = [("form_token", &*theirs), ("reason", "误填")];
        assert_eq!(
            clerk.post(&path, &fields).await.status,
            StatusCode::NOT_FOUND
        );
        let fields = [("form_token", &*token), ("reason", "误填")];
        let done = reviewer.post(&path, &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        county.screen().await;
        let after = flags(&county);
        assert!(!after.is_empty());
        for (rule, state, why) in after {
            assert_eq!(
                (state.as_str(), why.as_deref()),
                ("open", Some("withdrawn")),
                "{rule}"
            );
        }
    });
}

#[test]
fn officers_are_told_of_the_rest_once_a_day_and_by_no_name() {
    block_on(async {
        let hours = Hours {
            channel: Some("duty".to_owned()),
            ..Hours::default()
        };
        let mut county = County::with(hours).await;
        {
            let _near = county
                .house
                .signed_in("near", Role::Officer, "990121")
                .await;
            let _far = county.house.signed_in("far", Role::Officer, "990122").await;
            let mut clerk = county.clerk().await;
            county
                .file(&mut clerk, "99012120260001", "王桂香家门口的路")
                .await;
        }
        // The house's clock stands at eight in the morning of a day in China, half an hour before the digest.
        county.screen().await;
        assert!(!flags(&county).is_empty());
        assert!(notices(&county).is_empty(), "nothing here is grave");
        county.house.later(3_600);
        county.screen().await;
        let told = notices(&county);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].0, "duty");
        // With the project and the items in red, as a doubt, and without a name.
        let letter = &letters(&county)[0];
        for word in [
            "项目 99012120260001:",
            "疑点不是结论",
            "Project 99012120260001: ",
        ] {
            assert!(letter.contains(word), "{letter}");
        }
        assert!(!letter.contains("王桂香"), "{letter}");
        county.restart();
        county.screen().await;
        assert_eq!(notices(&county), told, "the same day's digest twice");
        county.house.later(24 * 3_600);
        county.screen().await;
        assert_eq!(notices(&county), told, "nothing new came up");
        // What had gone and is there again is told like what is new.
        let platform = county.house.site.platform();
        let open: Vec<String> = platform
            .query(|connection| {
                connection
                    .prepare("select stream from flags where state = 'open'")?
                    .query_map([], |row| row.get(0))?
                    .collect()
            })
            .unwrap();
        let cx = county.house.cx();
        let gone = platform.append(&cx, |plan| {
            open.iter().try_for_each(|stream| {
                let id = stream.split_once('/').unwrap().1.parse().unwrap();
                plan.decide::<Flag, _>(StreamName::new("flag", id).unwrap(), Pass)
            })
        });
        gone.await.unwrap();
        county.restart();
        county.screen().await;
        assert_eq!(notices(&county), told, "the day's digest is over");
        county.house.later(24 * 3_600);
        county.screen().await;
        assert_eq!(notices(&county).len(), 2, "what came back");
        county.house.later(24 * 3_600);
        county.screen().await;
        assert_eq!(notices(&county).len(), 2, "the same cause twice");
    });
}

#[test]
fn a_grave_doubt_is_told_at_once_and_the_same_cause_once() {
    block_on(async {
        let hours = Hours {
            channel: Some("duty".to_owned()),
            ..Hours::default()
        };
        let mut county = County::with(hours).await;
        county.screen().await;
        let project;
        {
            let _near = county
                .house
                .signed_in("near", Role::Officer, "990121")
                .await;
            let mut clerk = county.clerk().await;
            project = county
                .file(&mut clerk, "99012120260001", "王桂香家门口的路")
                .await;
            fill(
                &mut clerk,
                &project,
                "tendering",
                &[("f.contract_amount", "100000")],
            )
            .await;
            let paid = [
                ("r.payments.1000000.date", "2025-07-05"),
                ("r.payments.1000000.amount", "200000"),
                ("r.payments.1000000.payee_name", "王桂香"),
            ];
            fill(&mut clerk, &project, "disbursement", &paid).await;
            county.screen().await;
            let told = letters(&county);
            let of_k24 = told.iter().filter(|letter| letter.contains("合同"));
            assert_eq!(of_k24.count(), 1, "{told:?}");
            for letter in &told {
                assert!(
                    letter.contains("99012120260001") && letter.contains("疑点"),
                    "{letter}"
                );
                assert!(!letter.contains("王桂香"), "{letter}");
            }
        }
        let told = letters(&county).len();
        county.restart();
        county.screen().await;
        assert_eq!(letters(&county).len(), told, "the same cause twice");
    });
}

#[test]
fn without_a_channel_nobody_is_written_to() {
    block_on(async {
        let county = County::new().await;
        let _officer = county
            .house
            .signed_in("near", Role::Officer, "990121")
            .await;
        let mut clerk = county.clerk().await;
        county.file(&mut clerk, "99012120260001", "路").await;
        county.house.later(3_600);
        county.screen().await;
        assert!(!flags(&county).is_empty());
        assert!(notices(&county).is_empty());
    });
}

/// How often everything was screened.
fn screenings(county: &County) -> i64 {
    let platform = county.house.site.platform();
    platform
        .query(|of| of.query_row("select count(*) from screenings", [], |row| row.get(0)))
        .unwrap()
}

#[test]
fn a_clock_that_ran_ahead_and_was_set_back_skips_no_night() {
    block_on(async {
        let county = County::new().await;
        county.screen().await;
        county.house.later(400 * 24 * 3_600);
        county.screen().await;
        county.house.later(-399 * 24 * 3_600);
        county.screen().await;
        let before = screenings(&county);
        county.screen().await;
        assert_eq!(screenings(&county), before, "again without a reason");
        for night in 1..=2 {
            county.house.later(24 * 3_600);
            county.screen().await;
            assert_eq!(screenings(&county), before + night);
        }
    });
}

#[test]
fn what_came_up_before_a_node_stood_still_for_days_is_in_the_next_digest() {
    block_on(async {
        let hours = Hours {
            channel: Some("duty".to_owned()),
            ..Hours::default()
        };
        let mut county = County::with(hours).await;
        {
            let _near = county
                .house
                .signed_in("near", Role::Officer, "990121")
                .await;
            let mut clerk = county.clerk().await;
            county.file(&mut clerk, "99012120260001", "路").await;
        }
        county.screen().await;
        assert!(!flags(&county).is_empty() && notices(&county).is_empty());
        // The power was off over a weekend and a holiday.
        county.house.later(4 * 24 * 3_600 + 3_600);
        county.restart();
        county.screen().await;
        let told = notices(&county);
        assert_eq!(told.len(), 1, "{told:?}");
        for _ in 0..3 {
            county.house.later(24 * 3_600);
            county.screen().await;
        }
        assert_eq!(notices(&county), told, "told again of the same");
    });
}

#[test]
fn what_is_filed_while_another_filing_is_screened_is_screened_too() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut county = County::new().await;
        county.screen().await;
        {
            let mut clerk = county.clerk().await;
            county.file(&mut clerk, "99012120260001", "路").await;
            // Rules wait for their thread, after it was looked what changed.
            let (go_on, waits) = std::sync::mpsc::channel::<()>();
            tokio::task::spawn_blocking(move || waits.recv());
            let mut screening = std::pin::pin!(county.screen());
            let a_while = std::time::Duration::from_millis(500);
            let busy = tokio::time::timeout(a_while, &mut screening).await;
            assert!(busy.is_err(), "nothing was screened");
            county.file(&mut clerk, "99012120260002", "渠").await;
            go_on.send(()).unwrap();
            screening.await;
            county.screen().await;
        }
        let by_changes = flags(&county);
        county.restart();
        county.screen().await;
        let at_night = flags(&county);
        assert_eq!(at_night.len(), by_changes.len(), "found at night only");
    });
}

#[test]
fn what_was_erased_from_the_ledger_is_not_kept_in_memory_after_the_next_round() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county.file(&mut clerk, "99012120260001", "路").await;
        let approved = [("f.approval_date", "2025-03-14")];
        fill(&mut clerk, &project, "approval", &approved).await;
        county.screen().await;
        assert!(county.watch.keeps_filings().await);
        county.screen().await;
        assert!(county.watch.keeps_filings().await, "nothing was erased");
        let platform = county.house.site.platform();
        let events = platform.ledger().read_from(0, 1_000).unwrap();
        let changed = events.iter().rev().find(|event| {
            let envelope = event.envelope.as_ref();
            envelope.is_some_and(|envelope| envelope.kind == "items-changed")
        });
        let cx = county.house.cx();
        let occasion = kandeng_ledger::Occasion {
            at: cx.at,
            actor: cx.actor,
            jurisdiction: cx.jurisdiction,
            command: None,
        };
        let part = kandeng_ledger::Part::Payload;
        let position = changed.unwrap().position;
        let erased = platform.ledger().erase(occasion, position, part, "asked");
        erased.await.unwrap();
        platform.see_all().await.unwrap();
        county.screen().await;
        // Nothing is due and nothing changed: whoever needs the county reads it anew.
        assert!(!county.watch.keeps_filings().await);
    });
}
