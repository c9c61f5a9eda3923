//! Rules and their parameters, views of the queue, numbers: who may, and what comes of it.

use axum::http::StatusCode;
use kandeng_platform::account::Role;
use serde_json::json;

use super::super::County;
use super::super::support::block_on;
use super::{Program, clerk, doubtful, filed, officer};

#[test]
fn rules_are_seen_by_officers_and_parameters_set_by_a_manager_of_the_county() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        filed(&mut clerk, "99012120260001").await;
        let mut officer = officer(&county).await;
        let rules = officer.get("/api/supervise/rules").await;
        assert_eq!(rules.status, StatusCode::OK, "{rules:?}");
        let rules = rules.body["rules"].as_array().unwrap();
        assert!(rules.len() > 40 && rules.iter().any(|rule| rule["id"] == "K17"));
        let path = "/api/supervise/rules/K17";
        let rule = officer.get(path).await;
        let parameters = rule.body["parameters"].as_array().unwrap();
        let place = parameters.iter().position(|one| one["name"] == "tolerance");
        let place = place.unwrap();
        let parameter = parameters[place].clone();
        assert!(parameter["value"].is_string(), "{rule:?}");
        clerk.get(path).await.is(StatusCode::NOT_FOUND, "not-found");
        officer
            .get("/api/supervise/rules/K99")
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
        let set = json!({
            "name": parameter["name"], "was": parameter["value"], "value": "0.2", "reason": "测量误差较大",
        });
        let at = format!("{path}/parameter");
        officer
            .post(&at, set.clone())
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
        let mut manager = Program::of(&county, "manager", Role::Manager, "990121").await;
        let tried = json!({ "name": parameter["name"], "value": "0.2" });
        let preview = manager.post(&format!("{path}/preview"), tried).await;
        assert_eq!(
            (preview.status, &preview.body["appear"]),
            (StatusCode::OK, &json!(0)),
            "{preview:?}"
        );
        let wrong = json!({ "name": parameter["name"], "value": "much" });
        let wrong = manager.post(&format!("{path}/preview"), wrong).await;
        wrong.is(StatusCode::CONFLICT, "parameter-value");
        assert_eq!(wrong.body["field"], "/value");
        for _ in 0..2 {
            let done = manager.post_as(11, &at, set.clone()).await;
            assert_eq!(
                (done.status, &done.body["changed"]),
                (StatusCode::OK, &json!(true)),
                "{done:?}"
            );
        }
        let stale = manager.post(&at, set).await;
        stale.is(StatusCode::CONFLICT, "parameter-changed");
        let rule = officer.get(path).await;
        assert_eq!(rule.body["parameters"][place]["value"], "0.2", "{rule:?}");
        assert_eq!(rule.body["changes"][0]["by"], manager.account.to_string());
        let mut township = Program::of(&county, "township", Role::Manager, "990121003").await;
        let nothing = json!({ "name": "x", "value": "1" });
        let not_theirs = township.post(&format!("{path}/preview"), nothing).await;
        not_theirs.is(StatusCode::NOT_FOUND, "not-found");
    });
}

#[test]
fn a_view_is_kept_renamed_and_gone_and_nobody_elses() {
    block_on(async {
        let county = County::new().await;
        let mut one = officer(&county).await;
        let path = "/api/supervise/views";
        let new = json!({ "name": "重大", "filters": { "severity": "high" } });
        let kept = one.post_as(12, path, new.clone()).await;
        assert_eq!(kept.status, StatusCode::CREATED, "{kept:?}");
        let again = one.post_as(12, path, new.clone()).await;
        assert_eq!(again.body, kept.body);
        one.post(path, new)
            .await
            .is(StatusCode::CONFLICT, "view-name-taken");
        let unknown = json!({ "name": "x", "filters": { "colour": "red" } });
        assert_eq!(
            one.post(path, unknown).await.body["field"],
            "/filters/colour"
        );
        let view = format!("{path}/{}", kept.body["id"].as_str().unwrap());
        let mut other = Program::of(&county, "other", Role::Officer, "990121").await;
        assert_eq!(other.get(path).await.body["views"], json!([]));
        other
            .delete(&view)
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
        let renamed = one
            .post(&format!("{view}/rename"), json!({ "name": "要紧" }))
            .await;
        assert_eq!(renamed.status, StatusCode::OK, "{renamed:?}");
        assert_eq!(one.get(path).await.body["views"][0]["name"], "要紧");
        assert_eq!(one.delete(&view).await.status, StatusCode::NO_CONTENT);
        one.delete(&view)
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
    });
}

#[test]
fn numbers_are_counted_within_the_jurisdiction() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        doubtful(&county, &mut clerk, "99012120260001").await;
        let mut officer = officer(&county).await;
        let numbers = officer.get("/api/supervise/numbers").await;
        assert_eq!(numbers.status, StatusCode::OK, "{numbers:?}");
        let township = &numbers.body["townships"][0];
        assert_eq!(
            (&township["projects"], &township["doubtful"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(township["budget_fen"], 60_000_000);
        clerk
            .get("/api/supervise/numbers")
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
        let mut other = Program::of(&county, "other", Role::Officer, "990122").await;
        assert_eq!(
            other.get("/api/supervise/numbers").await.body["townships"],
            json!([])
        );
    });
}
