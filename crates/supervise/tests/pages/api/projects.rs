//! Reading projects: the list with its cursor, one project, the history of an item, what is asked of projects.

use axum::http::StatusCode;
use kandeng_platform::account::Role;
use serde_json::json;

use super::super::County;
use super::super::support::block_on;
use super::{Program, clerk, doubtful, filed, officer};

#[test]
fn a_list_goes_on_where_it_stopped_and_says_what_changed_since() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        for code in ["99012120260001", "99012120260002", "99012120260003"] {
            filed(&mut clerk, code).await;
        }
        let first = clerk.get("/api/supervise/projects?limit=2").await;
        assert_eq!(first.status, StatusCode::OK, "{first:?}");
        assert_eq!(first.body["total"], 3);
        assert_eq!(first.body["projects"][1]["code"], "99012120260002");
        let next = first.body["next"].as_str().unwrap();
        let rest = clerk
            .get(&format!("/api/supervise/projects?limit=2&after={next}"))
            .await;
        assert_eq!(rest.body["projects"][0]["code"], "99012120260003");
        assert_eq!(
            (&rest.body["next"], &rest.body["total"]),
            (&json!(null), &json!(3))
        );
        // Nothing has happened since the last of them.
        let last = rest.body["projects"][0]["position"].as_u64().unwrap();
        let since = format!("/api/supervise/projects?since={last}");
        assert_eq!(clerk.get(&since).await.body["total"], 0);
        let project = format!(
            "/api/supervise/projects/{}",
            first.body["projects"][0]["id"].as_str().unwrap()
        );
        let change = json!({ "fields": { "scale": "1200" } });
        clerk.post(&format!("{project}/items"), change).await;
        let changed = clerk.get(&since).await;
        assert_eq!(changed.body["projects"][0]["code"], "99012120260001");
        // A place that is not one's own shows nothing.
        let elsewhere = clerk.get("/api/supervise/projects?place=990122").await;
        assert_eq!(elsewhere.body["total"], 0);
        for (query, named) in [
            ("limit=0", "limit"),
            ("colour=red", "colour"),
            ("place=99x", "place"),
        ] {
            let wrong = clerk.get(&format!("/api/supervise/projects?{query}")).await;
            wrong.is(StatusCode::BAD_REQUEST, "unreadable");
            assert_eq!(wrong.body["field"], named);
        }
    });
}

#[test]
fn a_project_is_read_without_numbers_of_people_and_not_from_elsewhere() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let project = filed(&mut clerk, "99012120260001").await;
        let paid = json!({ "rows": [{ "list": "payments", "cells": {
            "payee_name": "李四", "payee_id": "510823197001011234", "amount": "12000",
        } }] });
        let changed = clerk.post(&format!("{project}/items"), paid).await;
        assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
        let read = clerk.get(&project).await;
        assert_eq!(read.status, StatusCode::OK, "{read:?}");
        let text = read.body.to_string();
        assert!(!text.contains("李四") && !text.contains("510823197001011234"));
        let row = &read.body["lists"]["payments"][0];
        assert_eq!(row["cells"]["payee_name"], "个人 A");
        assert_eq!(row["hidden"], json!(["payee_id"]));
        assert_eq!(read.body["own"]["cells"]["name"], "三组产业路硬化");
        let payments = read.body["items"].as_array().unwrap();
        assert!(
            payments
                .iter()
                .any(|item| item["item"] == "payments" && item["edition"] == 2)
        );
        // 个人 A means the same person when it is sent back.
        let row = row["row"].as_u64().unwrap();
        let again = json!({ "based_on": { "payments": 2 }, "rows": [
            { "list": "payments", "row": row, "cells": { "payee_name": "个人 A" } },
        ] });
        let same = clerk.post(&format!("{project}/items"), again).await;
        assert_eq!(
            (same.status, &same.body["changed"]),
            (StatusCode::OK, &json!(false))
        );
        for place in ["990122", "990121004"] {
            let mut other = Program::of(&county, place, Role::Clerk, place).await;
            other
                .get(&project)
                .await
                .is(StatusCode::NOT_FOUND, "not-found");
        }
        let nobody = clerk
            .get("/api/supervise/projects/00000000-0000-7000-8000-000000000000")
            .await;
        nobody.is(StatusCode::NOT_FOUND, "not-found");
    });
}

#[test]
fn the_history_of_an_item_says_who_when_from_and_to() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let project = filed(&mut clerk, "99012120260001").await;
        for budget in ["600000", "610000"] {
            let read = clerk.get(&project).await;
            let items = read.body["items"].as_array().unwrap();
            let edition = items.iter().find(|item| item["item"] == "approved_budget");
            let edition = edition.map_or(0, |item| item["edition"].as_u64().unwrap());
            let change = json!({
                "based_on": { "approved_budget": edition }, "fields": { "approved_budget": budget },
            });
            let changed = clerk.post(&format!("{project}/items"), change).await;
            assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
        }
        let history = clerk
            .get(&format!("{project}/history/approved_budget"))
            .await;
        assert_eq!(history.status, StatusCode::OK, "{history:?}");
        let changes = history.body["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 2);
        assert_eq!(changes[0]["from"], json!(null));
        assert_eq!(
            (&changes[1]["from"], &changes[1]["to"]),
            (&json!("600000"), &json!("610000"))
        );
        assert_eq!(changes[1]["by"], clerk.account.to_string());
        let none = clerk.get(&format!("{project}/history/nothing")).await;
        none.is(StatusCode::NOT_FOUND, "not-found");
    });
}

#[test]
fn filers_see_what_their_rules_find_and_officers_see_flags() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let project = doubtful(&county, &mut clerk, "99012120260001").await;
        let theirs = clerk.get(&format!("{project}/doubts")).await;
        assert_eq!(theirs.status, StatusCode::OK, "{theirs:?}");
        assert_eq!(theirs.body["flags"], json!([]));
        let items = theirs.body["items"].as_array().unwrap();
        assert!(
            items.iter().any(|item| item["item"] == "start_date"),
            "{items:?}"
        );
        let mut officer = officer(&county).await;
        let flags = officer.get(&format!("{project}/doubts")).await;
        assert_eq!(flags.body["items"], json!([]));
        let flag = &flags.body["flags"][0];
        assert!(
            flag["rule"].is_string() && flag["says"]["en"].is_string(),
            "{flag}"
        );
        let mut other = Program::of(&county, "other", Role::Officer, "990122").await;
        other
            .get(&format!("{project}/doubts"))
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
    });
}

#[test]
fn what_is_asked_of_projects_is_told_by_the_keys_that_programs_use() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let asked = clerk.get("/api/supervise/declaration").await;
        assert_eq!(asked.status, StatusCode::OK, "{asked:?}");
        assert_eq!(asked.body["categories"].as_array().unwrap().len(), 7);
        assert_eq!(asked.body["tables"][0]["key"], "projects");
        let same = clerk.get("/api/supervise/declaration?version=1").await;
        assert_eq!(same.body, asked.body);
        let none = clerk.get("/api/supervise/declaration?version=99").await;
        none.is(StatusCode::NOT_FOUND, "not-found");
    });
}

#[test]
fn whoever_keeps_up_learns_what_was_withdrawn_and_loses_none_of_the_same_code() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let mut reviewer = Program::of(&county, "reviewer", Role::Reviewer, "990121003").await;
        let first = filed(&mut clerk, "99012120260001").await;
        let since = clerk.get(&first).await.body["position"].clone();
        let why = json!({ "reason": "重复填报" });
        let withdrawn = reviewer.post(&format!("{first}/withdraw"), why).await;
        assert_eq!(withdrawn.status, StatusCode::OK, "{withdrawn:?}");
        filed(&mut clerk, "99012120260001").await;
        filed(&mut clerk, "99012120260002").await;
        // Lists show what stands.
        let listed = clerk.get("/api/supervise/projects").await;
        assert_eq!(listed.body["total"], 2);
        let mut after = String::new();
        let mut seen = Vec::new();
        loop {
            let path = format!("/api/supervise/projects?since={since}&limit=1{after}");
            let page = clerk.get(&path).await;
            assert_eq!(page.body["total"], 3, "{page:?}");
            let line = &page.body["projects"][0];
            let number = line["code"].as_str().unwrap()[10..].to_owned();
            seen.push((number, line["withdrawn"].as_bool().unwrap()));
            match page.body["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        let all = [("0001", true), ("0001", false), ("0002", false)];
        assert_eq!(seen, all.map(|(code, gone)| (code.to_owned(), gone)));
    });
}
