//! Cases by programs: opened, read with a trace, worked on, closed with a verdict on each flag.

use axum::http::StatusCode;
use kandeng_platform::account::Role;
use serde_json::{Value, json};

use super::super::County;
use super::super::support::block_on;
use super::{Program, clerk, doubtful, first_flag, officer};

/// A case on the first flag of the queue, by its address.
async fn opened(officer: &mut Program<'_>) -> String {
    let flag = first_flag(officer).await;
    let verify = format!("{flag}/verify");
    let opened = officer.post_as(6, &verify, json!({})).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{opened:?}");
    let again = officer.post_as(6, &verify, json!({})).await;
    assert_eq!(again.location, opened.location);
    let second = officer.post_as(7, &verify, json!({})).await;
    second.is(StatusCode::CONFLICT, "flag-in-case");
    let of = second.body["case"].as_str().unwrap();
    assert!(opened.location.ends_with(of), "{second:?}");
    opened.location
}

#[test]
fn a_case_is_worked_on_heard_and_closed_with_a_verdict_on_each_flag() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        doubtful(&county, &mut clerk, "99012120260001").await;
        let mut officer = officer(&county).await;
        let case = opened(&mut officer).await;
        let read = officer.get(&case).await;
        assert_eq!(
            (read.status, &read.body["state"]),
            (StatusCode::OK, &json!("open")),
            "{read:?}"
        );
        assert_eq!(read.body["assignee"], officer.account.to_string());
        let check = json!({ "place": 0, "found": "differs", "note": "实测不符" });
        let checked = officer.post(&format!("{case}/check"), check).await;
        assert_eq!(checked.status, StatusCode::OK, "{checked:?}");
        let none = json!({ "place": 99, "found": "as-filed" });
        let none = officer.post(&format!("{case}/check"), none).await;
        assert_eq!(none.status, StatusCode::CONFLICT, "{none:?}");
        let answered = officer
            .post(&format!("{case}/answer"), json!({ "note": "已核查" }))
            .await;
        assert_eq!(answered.status, StatusCode::OK, "{answered:?}");
        let flags = read.body["flags"].as_array().unwrap();
        let verdicts: serde_json::Map<String, Value> = flags
            .iter()
            .map(|flag| (flag["id"].as_str().unwrap().to_owned(), json!("confirmed")))
            .collect();
        let closing = json!({
            "kind": "rectified", "recovered_fen": 9_500_000, "problems_solved": 1, "note": "已退回多付的款",
            "verdicts": verdicts,
        });
        let close = format!("{case}/close");
        let unheard = officer.post(&close, closing.clone()).await;
        unheard.is(StatusCode::CONFLICT, "not-heard");
        let heard = json!({ "heard": true, "note": "村委会说明系笔误" });
        let heard = officer.post(&format!("{case}/hear"), heard).await;
        assert_eq!(heard.status, StatusCode::OK, "{heard:?}");
        let below =
            json!({ "kind": "rectified", "recovered_fen": -1, "note": "x", "verdicts": {} });
        let below = officer.post(&close, below).await;
        assert_eq!(below.body["field"], "/recovered_fen", "{below:?}");
        let none = json!({ "kind": "rectified", "note": "x", "verdicts": { "x": "confirmed" } });
        officer
            .post(&close, none)
            .await
            .is(StatusCode::CONFLICT, "may-not-decide");
        let closed = officer.post(&close, closing).await;
        assert_eq!(closed.status, StatusCode::OK, "{closed:?}");
        let read = officer.get(&case).await;
        assert_eq!(read.body["outcome"]["recovered_fen"], 9_500_000, "{read:?}");
        assert!(
            read.body["flags"]
                .as_array()
                .unwrap()
                .iter()
                .all(|flag| flag["state"] == "confirmed")
        );
        let list = officer.get("/api/supervise/cases?state=closed").await;
        assert_eq!(list.body["cases"][0]["outcome"], "rectified", "{list:?}");
        assert_eq!(
            officer.get("/api/supervise/cases?state=open").await.body["cases"],
            json!([])
        );
        assert_eq!(
            officer.get("/api/supervise/cases?from=1").await.body["cases"],
            json!([])
        );
    });
}

#[test]
fn reading_a_case_leaves_a_trace_with_its_reason() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        doubtful(&county, &mut clerk, "99012120260001").await;
        let mut officer = officer(&county).await;
        let case = opened(&mut officer).await;
        let mut auditor = Program::reading(&county, "auditor", Role::Auditor, "990121").await;
        let unsaid = auditor.get(&case).await;
        unsaid.is(StatusCode::FORBIDDEN, "reason-needed");
        assert!(!unsaid.body.to_string().contains("flags"));
        let blank = auditor.get_with(&case, "reading-reason", "%20").await;
        blank.is(StatusCode::FORBIDDEN, "reason-needed");
        let broken = auditor.get_with(&case, "reading-reason", "%FF").await;
        broken.is(StatusCode::FORBIDDEN, "reason-needed");
        let long = "a".repeat(1_001);
        let long = auditor.get_with(&case, "reading-reason", &long).await;
        long.is(StatusCode::BAD_REQUEST, "unreadable");
        assert_eq!(long.body["field"], "reading-reason");
        let said = auditor
            .get_with(&case, "reading-reason", "%E5%AE%A1%E8%AE%A1")
            .await;
        assert_eq!(said.status, StatusCode::OK, "{said:?}");
        let readings = auditor.get("/api/readings").await;
        let reading = &readings.body["readings"][0];
        assert_eq!(
            (&reading["what"], &reading["reason"]),
            (&json!("case"), &json!("审计"))
        );
        assert_eq!(reading["actor"], auditor.account.to_string());
        // Whoever said why goes on reading for a while.
        assert_eq!(auditor.get(&case).await.status, StatusCode::OK);
        // Whoever works on it left a trace as well.
        officer.get(&case).await;
        let of = format!("/api/readings?actor={}", officer.account);
        let theirs = auditor.get(&of).await;
        assert_eq!(
            theirs.body["readings"].as_array().unwrap().len(),
            1,
            "{theirs:?}"
        );
        clerk
            .get(&case)
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
        let mut other = Program::of(&county, "other", Role::Officer, "990122").await;
        other
            .get_with(&case, "reading-reason", "x")
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
    });
}

#[test]
fn a_case_is_assigned_to_whoever_may_work_on_it_and_handed_on() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        doubtful(&county, &mut clerk, "99012120260001").await;
        let mut manager = Program::of(&county, "manager", Role::Manager, "990121").await;
        let mut officer = officer(&county).await;
        let case = opened(&mut officer).await;
        let assign = format!("{case}/assign");
        let to = |account: uuid::Uuid| json!({ "assignee": account.to_string() });
        let not_theirs = manager.post(&assign, to(clerk.account)).await;
        not_theirs.is(StatusCode::CONFLICT, "may-not-work");
        let mut colleague = Program::of(&county, "colleague", Role::Officer, "990121").await;
        let assigned = manager.post(&assign, to(colleague.account)).await;
        assert_eq!(assigned.status, StatusCode::OK, "{assigned:?}");
        let mine = officer.get("/api/supervise/cases?mine=true").await;
        assert_eq!(mine.body["cases"], json!([]), "{mine:?}");
        let mut other = Program::of(&county, "other", Role::Officer, "990122").await;
        let refer = format!("{case}/refer");
        let there = other.post(&refer, json!({ "to": "县审计局" })).await;
        there.is(StatusCode::NOT_FOUND, "not-found");
        // A manager leads, and hands nothing on.
        let led = manager.post(&refer, json!({ "to": "县审计局" })).await;
        led.is(StatusCode::NOT_FOUND, "not-found");
        let handed = colleague.post(&refer, json!({ "to": "县审计局" })).await;
        assert_eq!(handed.status, StatusCode::OK, "{handed:?}");
        let list = colleague.get("/api/supervise/cases?state=referred").await;
        assert_eq!(list.body["cases"][0]["referred_to"], "县审计局", "{list:?}");
    });
}
