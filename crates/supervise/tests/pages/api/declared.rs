//! The list of items, changed by programs: each change a version, and nobody overwrites what they did not see.

use axum::http::StatusCode;
use kandeng_platform::account::{Role, Scope, Scopes};
use serde_json::{Value, json};

use super::super::County;
use super::super::support::block_on;
use super::{Program, clerk};

const PATH: &str = "/api/supervise/declaration";

fn item<'d>(declaration: &'d Value, key: &str) -> &'d Value {
    let categories = declaration["categories"].as_array().unwrap().iter();
    let mut items = categories.flat_map(|category| category["items"].as_array().unwrap());
    items.find(|item| item["key"] == key).unwrap()
}

fn lamp_posts(version: u64) -> Value {
    json!({
        "version": version, "category": "construction", "key": "lamp_posts", "zh": " 路灯数量", "en": "Lamp posts ",
        "from": "approved", "holds": "int", "public": true,
    })
}

#[test]
fn an_item_is_added_named_required_retired_and_asked_for_again() {
    block_on(async {
        let county = County::new().await;
        let mut admin = Program::of(&county, "admin", Role::Administrator, "990121").await;
        let mut clerk = clerk(&county).await;
        let first = clerk.get(PATH).await.body["version"].as_u64().unwrap();
        let stages = clerk.get(PATH).await.body["stages"].clone();
        let stage = stages[1]["key"].as_str().unwrap();
        let items = format!("{PATH}/items");
        let mut new = lamp_posts(first);
        new["from"] = json!(stage);
        let added = admin.post_as(4, &items, new.clone()).await;
        assert_eq!(added.status, StatusCode::OK, "{added:?}");
        assert_eq!(added.body["version"], first + 1);
        // Sent again it is the same command; with another key somebody was first.
        assert_eq!(admin.post_as(4, &items, new.clone()).await.body, added.body);
        let second = admin.post(&items, new).await;
        second.is(StatusCode::CONFLICT, "changed-meanwhile");
        let declared = clerk.get(PATH).await.body;
        assert_eq!(item(&declared, "lamp_posts")["name"]["zh"], "路灯数量");
        let one = format!("{items}/lamp_posts");
        let last = stages.as_array().unwrap().last().unwrap()["key"].clone();
        let steps = [
            (
                "relabel",
                json!({ "version": first + 1, "zh": "路灯", "en": "Lamps" }),
            ),
            ("require", json!({ "version": first + 2, "stage": last })),
            ("retire", json!({ "version": first + 3 })),
            ("restore", json!({ "version": first + 4 })),
        ];
        let mut retired = Vec::new();
        for (step, said) in steps {
            let done = admin.post(&format!("{one}/{step}"), said).await;
            assert_eq!(done.status, StatusCode::OK, "{step}: {done:?}");
            let declared = clerk.get(PATH).await.body;
            retired.push(item(&declared, "lamp_posts")["retired"].clone());
        }
        assert_eq!(retired, [false, false, true, false]);
        let declared = admin.get(&items).await.body;
        assert_eq!(declared, clerk.get(PATH).await.body);
        let now = item(&declared, "lamp_posts");
        assert_eq!((&now["name"]["en"], &now["from"]), (&json!("Lamps"), &last));
        assert_eq!(now["public"], true);
        clerk
            .get(&items)
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
        // Versions stay as they were.
        let old = clerk
            .get(&format!("{PATH}?version={}", first + 1))
            .await
            .body;
        assert_eq!(item(&old, "lamp_posts")["name"]["zh"], "路灯数量");
        let none = clerk.get(&format!("{PATH}?version=99")).await;
        none.is(StatusCode::NOT_FOUND, "not-found");
    });
}

#[test]
fn what_is_no_change_of_a_list_of_items_is_refused() {
    block_on(async {
        let county = County::new().await;
        let mut admin = Program::of(&county, "admin", Role::Administrator, "990121").await;
        let mut clerk = clerk(&county).await;
        let version = clerk.get(PATH).await.body["version"].as_u64().unwrap();
        let items = format!("{PATH}/items");
        let theirs = clerk.post(&items, lamp_posts(version)).await;
        theirs.is(StatusCode::NOT_FOUND, "not-found");
        let names = json!({ "version": version, "zh": "  ", "en": "Lamps" });
        let unnamed = admin.post(&format!("{items}/name/relabel"), names).await;
        unnamed.is(StatusCode::CONFLICT, "both-names-needed");
        let seen = json!({ "version": version });
        let unknown = admin.post(&format!("{items}/nothing/retire"), seen).await;
        unknown.is(StatusCode::CONFLICT, "unknown-item");
        let mut word = lamp_posts(version);
        word["key"] = json!("Lamp Posts");
        let no_word = admin.post(&items, word).await;
        no_word.is(StatusCode::CONFLICT, "no-word");
        admin.key(Scopes::from([Scope::People])).await;
        let beyond = admin.post(&items, lamp_posts(version)).await;
        beyond.is(StatusCode::FORBIDDEN, "beyond-scope");
        assert_eq!(clerk.get(PATH).await.body["version"], version);
    });
}
