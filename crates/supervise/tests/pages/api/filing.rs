//! Filing by a program: a project, its items, its stage, and that it is withdrawn.

use axum::http::StatusCode;
use kandeng_platform::account::{Role, Scopes};
use serde_json::json;

use super::super::County;
use super::super::support::block_on;
use super::{Program, clerk, filed, new_project};

#[test]
fn a_project_is_filed_once_however_often_it_is_sent() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let path = "/api/supervise/projects";
        let made = clerk.post_as(7, path, new_project("99012120260001")).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        assert_eq!(made.body["jurisdiction"], super::VILLAGE);
        assert_eq!(
            made.location,
            format!("{path}/{}", made.body["id"].as_str().unwrap())
        );
        let again = clerk.post_as(7, path, new_project("99012120260001")).await;
        assert_eq!(
            (again.status, &again.body["id"]),
            (StatusCode::CREATED, &made.body["id"])
        );
        assert_eq!(clerk.get(path).await.body["total"], 1);
        // Without that key, or from somebody else, it is another: the code is taken.
        let other = clerk.post(path, new_project("99012120260001")).await;
        assert_eq!(other.status, StatusCode::CONFLICT, "{other:?}");
        let mut colleague = Program::of(&county, "colleague", Role::Clerk, "990121003").await;
        let same_key = colleague
            .post_as(7, path, new_project("99012120260002"))
            .await;
        assert_eq!(same_key.status, StatusCode::CREATED, "{same_key:?}");
        assert_ne!(same_key.body["id"], made.body["id"]);
        // A refusal is an answer too, and stays the same.
        for _ in 0..2 {
            let refused = clerk.post_as(8, path, new_project("99012120260002")).await;
            assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
        }
    });
}

#[test]
fn nobody_files_elsewhere_with_a_key_that_reads_or_what_the_declaration_does_not_have() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let path = "/api/supervise/projects";
        let mut there = new_project("99012120260001");
        there["fields"]["village_code"] = json!("990122001001");
        let elsewhere = clerk.post(path, there).await;
        elsewhere.is(StatusCode::CONFLICT, "village-elsewhere");
        assert_eq!(elsewhere.body["field"], "/fields/village_code");
        for (body, field) in [
            (json!({}), "/code"),
            (json!({ "code": "" }), "/code"),
            (json!({ "code": "x".repeat(65) }), "/code"),
            (json!({ "code": "1", "colour": 1 }), "/colour"),
            (
                json!({ "code": "1", "fields": { "name": 5 } }),
                "/fields/name",
            ),
            (
                json!({ "code": "1", "rows": [{ "list": "payments", "row": 0 }] }),
                "/rows/0/row",
            ),
        ] {
            let wrong = clerk.post(path, body.clone()).await;
            wrong.is(StatusCode::BAD_REQUEST, "unreadable");
            assert_eq!(wrong.body["field"], field, "{body}");
        }
        for (more, field) in [
            (json!({ "fields": { "colour": "red" } }), "/fields/colour"),
            (
                json!({ "fields": { "project_code": "2" } }),
                "/fields/project_code",
            ),
            (json!({ "rows": [{ "list": "nothing" }] }), "/rows/0/list"),
            (
                json!({ "rows": [{ "list": "payments", "cells": { "colour": "x" } }] }),
                "/rows/0/cells/colour",
            ),
        ] {
            let mut body = more.clone();
            body["code"] = json!("1");
            let wrong = clerk.post(path, body).await;
            wrong.is(StatusCode::CONFLICT, "unknown-item");
            assert_eq!(wrong.body["field"], field, "{more}");
        }
        clerk.key(Scopes::new()).await;
        let reading = clerk.post(path, new_project("99012120260001")).await;
        reading.is(StatusCode::FORBIDDEN, "beyond-scope");
        assert_eq!(clerk.get(path).await.body["total"], 0);
        // Whoever files nothing has no such operation.
        let mut auditor = Program::of(&county, "auditor", Role::Auditor, "990121").await;
        let not_theirs = auditor.post(path, new_project("99012120260001")).await;
        not_theirs.is(StatusCode::NOT_FOUND, "not-found");
    });
}

#[test]
fn the_second_who_changes_an_item_is_told_what_the_first_has_filled_in() {
    block_on(async {
        let county = County::new().await;
        let mut one = clerk(&county).await;
        let mut other = Program::of(&county, "other", Role::Clerk, "990121003").await;
        let project = filed(&mut one, "99012120260001").await;
        let items = format!("{project}/items");
        let change = |budget: &str, based_on: u32| {
            json!({
                "based_on": { "approved_budget": based_on }, "fields": { "approved_budget": budget },
            })
        };
        let first = one.post(&items, change("600000", 0)).await;
        assert_eq!(
            (first.status, &first.body["edition"]),
            (StatusCode::OK, &json!(2)),
            "{first:?}"
        );
        assert_eq!(first.body["items"]["approved_budget"], 2);
        let second = other.post_as(9, &items, change("700000", 0)).await;
        second.is(StatusCode::CONFLICT, "changed-meanwhile");
        let held = &second.body["held"][0];
        assert_eq!(
            (&held["item"], &held["edition"]),
            (&json!("approved_budget"), &json!(2))
        );
        assert_eq!(held["by"], one.account.to_string());
        assert_eq!(held["cells"][0]["typed"], "600000");
        // Based on what stands there, under a key of its own, it is taken; sent again, it is taken once.
        for _ in 0..2 {
            let chosen = other.post_as(10, &items, change("700000", 2)).await;
            assert_eq!(
                (chosen.status, &chosen.body["edition"]),
                (StatusCode::OK, &json!(3)),
                "{chosen:?}"
            );
        }
        let read = one.get(&project).await;
        assert_eq!(read.body["own"]["cells"]["approved_budget"], "700000");
        let mut elsewhere = Program::of(&county, "elsewhere", Role::Clerk, "990122").await;
        let not_there = elsewhere.post(&items, change("1", 3)).await;
        not_there.is(StatusCode::NOT_FOUND, "not-found");
        let moved = json!({ "fields": { "village_code": "990122001001" } });
        one.post(&items, moved)
            .await
            .is(StatusCode::CONFLICT, "village-elsewhere");
    });
}

#[test]
fn rows_are_added_changed_and_removed() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let project = filed(&mut clerk, "99012120260001").await;
        let items = format!("{project}/items");
        let added = json!({ "rows": [
            { "list": "payments", "cells": { "amount": "12000", "voucher": "PZ-1" } },
            { "list": "payments", "cells": { "amount": "8000", "voucher": "PZ-2" } },
        ] });
        let added = clerk.post(&items, added).await;
        assert_eq!(added.status, StatusCode::OK, "{added:?}");
        let based_on = added.body["items"].clone();
        let changed = json!({ "based_on": based_on, "rows": [
            { "list": "payments", "row": 1, "cells": { "amount": "13000" } },
            { "list": "payments", "row": 2 },
        ] });
        let changed = clerk.post(&items, changed).await;
        assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
        let read = clerk.get(&project).await;
        let rows = read.body["lists"]["payments"].as_array().unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (&rows[0]["row"], &rows[0]["cells"]["amount"]),
            (&json!(1), &json!("13000"))
        );
        let twice =
            json!({ "rows": [{ "list": "payments", "row": 1 }, { "list": "payments", "row": 1 }] });
        clerk
            .post(&items, twice)
            .await
            .is(StatusCode::CONFLICT, "said-twice");
    });
}

#[test]
fn a_project_moves_to_a_stage_and_is_withdrawn_with_a_reason() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let project = filed(&mut clerk, "99012120260001").await;
        let stage = format!("{project}/stage");
        let moved = clerk.post(&stage, json!({ "stage": "building" })).await;
        assert_eq!(
            (moved.status, &moved.body["changed"]),
            (StatusCode::OK, &json!(true)),
            "{moved:?}"
        );
        assert_eq!(clerk.get(&project).await.body["stage"], "building");
        let back = clerk.post(&stage, json!({ "stage": "approved" })).await;
        back.is(StatusCode::CONFLICT, "no-reason");
        let none = clerk.post(&stage, json!({ "stage": "nothing" })).await;
        none.is(StatusCode::CONFLICT, "unknown-stage");
        let withdraw = format!("{project}/withdraw");
        // The township takes back what was filed in error.
        let why = json!({ "reason": "重复填报" });
        let not_theirs = clerk.post(&withdraw, why.clone()).await;
        not_theirs.is(StatusCode::NOT_FOUND, "not-found");
        let mut reviewer = Program::of(&county, "reviewer", Role::Reviewer, "990121003").await;
        let no_reason = reviewer.post(&withdraw, json!({})).await;
        assert_eq!(no_reason.body["field"], "/reason");
        let gone = reviewer.post(&withdraw, why).await;
        assert_eq!(gone.status, StatusCode::OK, "{gone:?}");
        let change = json!({ "fields": { "scale": "1" } });
        let late = clerk.post(&format!("{project}/items"), change).await;
        late.is(StatusCode::CONFLICT, "project-withdrawn");
    });
}
