//! What a key may change: each operation that changes something stands under one scope, and no other scope opens it.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use kandeng_platform::account::{Role, Scope, Scopes};
use kandeng_platform::page::Access;
use serde_json::{Value, json};

use super::super::County;
use super::super::support::block_on;
use super::{Program, doubtful, filed, first_flag, new_project};

/// Every operation that changes something, by the scope that it takes.
const TABLE: &[(Scope, &[&str])] = &[
    (
        Scope::File,
        &[
            "POST /projects",
            "POST /projects/{id}/boundary",
            "POST /projects/{id}/files/{item}",
            "POST /projects/{id}/files/{item}/remove",
            "POST /projects/{id}/items",
            "POST /projects/{id}/stage",
            "POST /projects/{id}/withdraw",
            "POST /questions/{id}/answer",
        ],
    ),
    (
        Scope::Vouch,
        &[
            "POST /projects/{id}/categories/{category}/accept",
            "POST /projects/{id}/categories/{category}/return",
            "POST /projects/{id}/categories/{category}/review",
            "POST /projects/{id}/categories/{category}/submit",
        ],
    ),
    (
        Scope::Import,
        &[
            "DELETE /imports/{id}",
            "POST /imports",
            "POST /imports/{id}/take",
        ],
    ),
    (
        Scope::Decide,
        &[
            "DELETE /views/{id}",
            "POST /cases/{id}/answer",
            "POST /cases/{id}/assign",
            "POST /cases/{id}/check",
            "POST /cases/{id}/close",
            "POST /cases/{id}/hear",
            "POST /cases/{id}/refer",
            "POST /flags/{id}/ask",
            "POST /flags/{id}/ask/preview",
            "POST /flags/{id}/confirm",
            "POST /flags/{id}/decline",
            "POST /flags/{id}/dismiss",
            "POST /flags/{id}/review",
            "POST /flags/{id}/verify",
            "POST /questions/{id}/consent",
            "POST /questions/{id}/decline",
            "POST /questions/{id}/withdraw",
            "POST /queue/dismiss",
            "POST /views",
            "POST /views/{id}/rename",
        ],
    ),
    (
        Scope::Rules,
        &[
            "POST /rules/{rule}/parameter",
            "POST /rules/{rule}/preview",
            "POST /screen",
        ],
    ),
    (
        Scope::Settings,
        &[
            "DELETE /registers/{id}",
            "POST /declaration/items",
            "POST /declaration/items/{item}/relabel",
            "POST /declaration/items/{item}/require",
            "POST /declaration/items/{item}/restore",
            "POST /declaration/items/{item}/retire",
            "POST /registers",
            "POST /registers/basis",
        ],
    ),
    (
        Scope::People,
        &[
            "POST /api/people",
            "POST /api/people/{id}/grant",
            "POST /api/people/{id}/restore",
            "POST /api/people/{id}/suspend",
            "POST /api/people/{id}/withdraw",
        ],
    ),
];

#[test]
fn every_operation_that_changes_something_stands_under_one_scope_in_table_and_document() {
    block_on(async {
        let county = County::new().await;
        let seen = county.house.browser().get("/api/openapi.json").await;
        let document: Value = serde_json::from_str(&seen.body).unwrap();
        let mut found: BTreeMap<Scope, Vec<String>> = BTreeMap::new();
        for declared in &county.house.declared {
            if !declared.path.starts_with("/api/") || declared.method.is_safe() {
                continue;
            }
            let Access::Asks(action) = declared.access else {
                panic!("{} {} asks nobody", declared.method, declared.path);
            };
            let named = format!("{} {}", declared.method, declared.path);
            let scope = action.scope().unwrap_or_else(|| panic!("{named}: none"));
            let method = declared.method.as_str().to_lowercase();
            let operation = &document["paths"][declared.path][&method];
            assert_eq!(
                operation["security"][0]["token"],
                json!([scope.name()]),
                "{named}"
            );
            let named = named.replace(" /api/supervise", " ");
            found.entry(scope).or_default().push(named);
        }
        for all in found.values_mut() {
            all.sort();
        }
        let table = TABLE
            .iter()
            .map(|(scope, all)| (*scope, all.iter().map(|one| (*one).to_owned()).collect()));
        assert_eq!(found, table.collect());
    });
}

/// Somebody with a role, and something of theirs to do by each scope.
#[test]
fn a_key_with_every_other_scope_changes_nothing_and_reads_all_the_same() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = super::clerk(&county).await;
        doubtful(&county, &mut clerk, "99012120260001").await;
        let other = filed(&mut clerk, "99012120260002").await;
        let mut officer = super::officer(&county).await;
        let flag = first_flag(&mut officer).await;
        let manager = Program::of(&county, "manager", Role::Manager, "990121").await;
        let admin = Program::of(&county, "admin", Role::Administrator, "990121").await;
        let mut people = [clerk, officer, manager, admin];
        let why = json!({ "reason": "explained", "note": "有会议纪要" });
        let basis = json!({ "basis": "县委〔2026〕3 号" });
        let colleague = json!({
            "name": "李红", "login": "li.h", "role": "clerk", "jurisdiction": "990121003201",
        });
        let submit = format!("{other}/categories/profile/submit");
        let new = new_project("99012120260003");
        let steps = [
            (0, Scope::File, "/api/supervise/projects", new),
            (0, Scope::Vouch, &*submit, json!({ "edition": 1 })),
            (1, Scope::Decide, &*format!("{flag}/dismiss"), why),
            (2, Scope::Rules, "/api/supervise/screen", json!({})),
            (3, Scope::Settings, "/api/supervise/registers/basis", basis),
            (3, Scope::People, "/api/people", colleague),
        ];
        for (who, scope, path, body) in steps {
            let program = &mut people[who];
            let mut others: Scopes = Scope::ALL.into();
            others.remove(&scope);
            program.key(others).await;
            let beyond = program.post(path, body.clone()).await;
            beyond.is(StatusCode::FORBIDDEN, "beyond-scope");
            let detail = beyond.body["detail"].as_str().unwrap();
            assert!(detail.contains(scope.name()), "{detail}");
            assert_eq!(program.get("/api/me").await.status, StatusCode::OK);
            program.key(Scopes::from([scope])).await;
            let me = program.get("/api/me").await;
            assert_eq!(me.body["scopes"], json!([scope.name()]));
            let done = program.post(path, body).await;
            assert!(done.status.is_success(), "{path}: {done:?}");
        }
        // Of a file, which has no JSON.
        let clerk = &mut people[0];
        clerk.key(Scopes::from([Scope::File])).await;
        let beyond = clerk.upload("projects.csv", "项目编码\n1\n").await;
        beyond.is(StatusCode::FORBIDDEN, "beyond-scope");
        clerk.key(Scopes::from([Scope::Import])).await;
        let read = clerk
            .upload("projects.csv", "项目编码,项目名称\n99012120260009,路\n")
            .await;
        assert_ne!(read.status, StatusCode::FORBIDDEN, "{read:?}");
        // What lies outside is not there, whatever the key: nobody learns of it by its scope.
        let mut elsewhere = Program::reading(&county, "elsewhere", Role::Officer, "990122").await;
        let theirs = elsewhere.post(&format!("{flag}/confirm"), json!({})).await;
        theirs.is(StatusCode::NOT_FOUND, "not-found");
    });
}
