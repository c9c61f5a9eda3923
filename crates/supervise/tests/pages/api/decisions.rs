//! What officers read and decide by programs: the queue, a flag with why, a verdict, a question.

use axum::http::StatusCode;
use kandeng_platform::account::{Role, Scope, Scopes};
use serde_json::json;

use super::super::County;
use super::super::support::block_on;
use super::{Program, clerk, doubtful, first_flag, officer};

#[test]
fn the_queue_and_a_flag_are_read_by_whoever_may_and_by_nobody_else() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        doubtful(&county, &mut clerk, "99012120260001").await;
        let mut auditor = Program::reading(&county, "auditor", Role::Auditor, "990121").await;
        let queue = auditor.get("/api/supervise/queue").await;
        assert_eq!(
            (queue.status, &queue.body["total"]),
            (StatusCode::OK, &json!(1)),
            "{queue:?}"
        );
        let subject = &queue.body["subjects"][0];
        assert_eq!(subject["subject"], "99012120260001");
        let rule = subject["flags"][0]["rule"].as_str().unwrap();
        for (query, total) in [
            (format!("rule={rule}"), 1),
            ("rule=K99".to_owned(), 0),
            ("place=990121003".to_owned(), 1),
            ("place=990121004".to_owned(), 0),
            ("state=dismissed".to_owned(), 0),
            ("year=2025".to_owned(), 0),
        ] {
            let narrowed = auditor.get(&format!("/api/supervise/queue?{query}")).await;
            assert_eq!(narrowed.body["total"], total, "{query}");
        }
        let beyond = auditor.get("/api/supervise/queue?from=5").await;
        assert_eq!(
            (&beyond.body["subjects"], &beyond.body["next"]),
            (&json!([]), &json!(null))
        );
        let path = first_flag(&mut auditor).await;
        // Reading leaves a trace, and whoever does not work on doubts says why.
        auditor
            .get(&path)
            .await
            .is(StatusCode::FORBIDDEN, "reason-needed");
        let flag = auditor.get_with(&path, "reading-reason", "audit").await;
        assert_eq!(flag.status, StatusCode::OK, "{flag:?}");
        assert!(flag.body["about"]["method"]["zh"].is_string());
        assert!(flag.body["about"]["sql"].is_string());
        assert_eq!(flag.body["sides"][0]["code"], "99012120260001");
        clerk
            .get(&path)
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
        clerk
            .get("/api/supervise/queue")
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
        let mut other = Program::of(&county, "other", Role::Officer, "990122").await;
        other
            .get(&path)
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
        // An auditor decides nothing, whatever the key.
        let decided = auditor.post(&format!("{path}/confirm"), json!({})).await;
        decided.is(StatusCode::NOT_FOUND, "not-found");
    });
}

#[test]
fn a_doubt_is_dismissed_with_a_reason_once() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        doubtful(&county, &mut clerk, "99012120260001").await;
        let mut officer = officer(&county).await;
        let flag = first_flag(&mut officer).await;
        let dismiss = format!("{flag}/dismiss");
        let why = json!({ "reason": "explained", "note": "有会议纪要" });
        let nothing = officer
            .post(&dismiss, json!({ "reason": "explained", "note": " " }))
            .await;
        nothing.is(StatusCode::CONFLICT, "no-reason");
        let unknown = officer
            .post(&dismiss, json!({ "reason": "bored", "note": "x" }))
            .await;
        unknown.is(StatusCode::BAD_REQUEST, "unreadable");
        assert_eq!(unknown.body["field"], "/reason");
        officer.key(Scopes::new()).await;
        let reading = officer.post(&dismiss, why.clone()).await;
        reading.is(StatusCode::FORBIDDEN, "beyond-scope");
        officer.key(Scope::ALL.into()).await;
        let first = officer.post_as(4, &dismiss, why.clone()).await;
        assert_eq!(
            (first.status, &first.body["changed"]),
            (StatusCode::OK, &json!(true)),
            "{first:?}"
        );
        let again = officer.post_as(4, &dismiss, why.clone()).await;
        assert_eq!(again.body, first.body);
        let read = officer.get(&flag).await;
        assert_eq!(
            (&read.body["state"], &read.body["dismissal"]),
            (&json!("dismissed"), &json!("explained"))
        );
        // Over, it is not decided otherwise.
        let late = officer.post(&format!("{flag}/confirm"), json!({})).await;
        assert_eq!(late.status, StatusCode::CONFLICT, "{late:?}");
        let mut other = Program::of(&county, "other", Role::Officer, "990122").await;
        other
            .post(&dismiss, why)
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
    });
}

#[test]
fn several_are_dismissed_at_once_or_none() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        doubtful(&county, &mut clerk, "99012120260001").await;
        doubtful(&county, &mut clerk, "99012120260002").await;
        let mut officer = officer(&county).await;
        let queue = officer.get("/api/supervise/queue").await;
        let flags: Vec<serde_json::Value> = (queue.body["subjects"].as_array().unwrap().iter())
            .map(|subject| subject["flags"][0]["id"].clone())
            .collect();
        assert_eq!(flags.len(), 2);
        let path = "/api/supervise/queue/dismiss";
        let why = |flags: &[serde_json::Value]| json!({ "flags": flags, "reason": "explained", "note": "有会议纪要" });
        let mut township = Program::of(&county, "township", Role::Officer, "990121004").await;
        let not_theirs = township.post(path, why(&flags)).await;
        not_theirs.is(StatusCode::NOT_FOUND, "not-found");
        let nobodys = json!("00000000-0000-7000-8000-000000000000");
        let none = officer.post(path, why(&[flags[0].clone(), nobodys])).await;
        none.is(StatusCode::NOT_FOUND, "not-found");
        assert_eq!(officer.get("/api/supervise/queue").await.body["total"], 2);
        let nothing = officer.post(path, why(&[])).await;
        assert_eq!(nothing.body["field"], "/flags", "{nothing:?}");
        let done = officer.post(path, why(&flags)).await;
        assert_eq!(
            (done.status, &done.body["changed"]),
            (StatusCode::OK, &json!(true)),
            "{done:?}"
        );
        let left = officer.get("/api/supervise/queue?state=dismissed").await;
        assert_eq!(left.body["total"], 2, "{left:?}");
    });
}

#[test]
fn a_question_reaches_whoever_filed_and_carries_no_rule() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        doubtful(&county, &mut clerk, "99012120260001").await;
        let mut officer = officer(&county).await;
        let flag = first_flag(&mut officer).await;
        let rule = officer.get(&flag).await.body["rule"]
            .as_str()
            .unwrap()
            .to_owned();
        let ask = format!("{flag}/ask");
        let telling = officer
            .post(&ask, json!({ "text": format!("{rule} 说有问题") }))
            .await;
        assert_eq!(telling.status, StatusCode::CONFLICT, "{telling:?}");
        let question = json!({ "text": "请补充开工时间的依据。" });
        // First as it would be read: what may not be asked is told already, and nothing is written.
        let preview = format!("{ask}/preview");
        let told = officer
            .post(&preview, json!({ "text": format!("{rule} 说有问题") }))
            .await;
        told.is(StatusCode::CONFLICT, telling.problem());
        let seen = officer.post(&preview, question.clone()).await;
        assert_eq!(
            seen.body,
            json!({ "text": "请补充开工时间的依据。", "waits": false }),
            "{seen:?}"
        );
        let none_yet = clerk.get("/api/supervise/questions").await;
        assert_eq!(none_yet.body["questions"], json!([]));
        let asked = officer.post_as(5, &ask, question.clone()).await;
        assert_eq!(asked.status, StatusCode::CREATED, "{asked:?}");
        let again = officer.post_as(5, &ask, question).await;
        assert_eq!(again.body["question"], asked.body["question"]);
        let waiting = clerk.get("/api/supervise/questions").await;
        let line = &waiting.body["questions"][0];
        assert_eq!(
            (&line["id"], &line["answer_it"]),
            (&asked.body["question"], &json!(true))
        );
        assert!(!waiting.body.to_string().contains(&rule));
        let path = format!("/api/supervise/questions/{}", line["id"].as_str().unwrap());
        let mut other = Program::of(&county, "other", Role::Clerk, "990121003").await;
        let not_asked = other
            .post(&format!("{path}/answer"), json!({ "text": "x" }))
            .await;
        not_asked.is(StatusCode::NOT_FOUND, "not-found");
        let answered = clerk
            .post(&format!("{path}/answer"), json!({ "text": "开工令附后。" }))
            .await;
        assert_eq!(answered.status, StatusCode::OK, "{answered:?}");
        let twice = clerk
            .post(&format!("{path}/answer"), json!({ "text": "再答" }))
            .await;
        assert_eq!(twice.status, StatusCode::CONFLICT, "{twice:?}");
    });
}

#[test]
fn everything_is_screened_when_somebody_who_may_asks() {
    block_on(async {
        let county = County::new().await;
        let mut officer = officer(&county).await;
        let asked = officer.post("/api/supervise/screen", json!({})).await;
        assert_eq!(asked.status, StatusCode::OK, "{asked:?}");
        let mut clerk = clerk(&county).await;
        let not_theirs = clerk.post("/api/supervise/screen", json!({})).await;
        not_theirs.is(StatusCode::NOT_FOUND, "not-found");
    });
}
