//! Registers by programs: brought in, listed without what they hold, ended; what allows relatives.

use axum::http::StatusCode;
use kandeng_platform::account::Role;
use kandeng_supervise::register::KINDS;
use serde_json::{Value, json};

use super::super::County;
use super::super::support::block_on;
use super::{Program, clerk, officer};

const PATH: &str = "/api/supervise/registers";
const OFFICIALS: &[u8] = "证件号\n51082319700101123X\n510823198002022345\n".as_bytes();
const RELATIVES: &[u8] =
    "证件号,公职人员证件号\n510823198002022345,51082319700101123X\n".as_bytes();

const fn terms(register: &'static str) -> [(&'static str, &'static str); 4] {
    [
        ("register", register),
        ("purpose", "与收款单位的法定代表人比对"),
        ("basis", "县纪委 2026 年 3 号函"),
        ("expires", "2026-01-20"),
    ]
}

#[test]
fn a_register_is_brought_in_by_whoever_answers_for_it_and_its_rows_are_in_no_answer() {
    block_on(async {
        let county = County::new().await;
        let mut manager = Program::of(&county, "manager", Role::Manager, "990121").await;
        let file: [(&str, &[u8]); 1] = [("名册.csv", OFFICIALS)];
        let taken = manager.form(PATH, None, &terms("officials"), &file).await;
        assert_eq!(taken.status, StatusCode::CREATED, "{taken:?}");
        let line = taken.body["registers"][0].clone();
        assert_eq!(
            (&line["register"], &line["rows"], &line["owner"]),
            (&json!("officials"), &json!(2), &json!(manager.account))
        );
        for number in ["51082319700101123X", "510823198002022345"] {
            assert!(!taken.body.to_string().contains(number));
        }
        // The file is gone.
        assert_eq!(std::fs::read_dir(county.uploads.path()).unwrap().count(), 0);
        let mut auditor = Program::reading(&county, "auditor", Role::Auditor, "990121").await;
        assert_eq!(auditor.get(PATH).await.body, taken.body);
        let id = line["id"].as_str().unwrap();
        let one = format!("{PATH}/{id}");
        // Who does not answer for registers does not know of any, and who only looks ends none.
        for mut other in [clerk(&county).await, officer(&county).await] {
            other.get(PATH).await.is(StatusCode::NOT_FOUND, "not-found");
            other
                .delete(&one)
                .await
                .is(StatusCode::NOT_FOUND, "not-found");
            let theirs = other.form(PATH, None, &terms("officials"), &file).await;
            theirs.is(StatusCode::NOT_FOUND, "not-found");
        }
        auditor
            .delete(&one)
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
        let ended = manager.delete(&one).await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT, "{ended:?}");
        assert_eq!(manager.get(PATH).await.body["registers"], json!([]));
        manager
            .delete(&one)
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
    });
}

#[test]
fn a_register_whose_answer_was_lost_is_sent_again_and_taken_once() {
    block_on(async {
        let county = County::new().await;
        let mut manager = Program::of(&county, "manager", Role::Manager, "990121").await;
        let file: [(&str, &[u8]); 1] = [("名册.csv", OFFICIALS)];
        let taken = manager
            .form(PATH, Some(7), &terms("officials"), &file)
            .await;
        assert_eq!(taken.status, StatusCode::CREATED, "{taken:?}");
        let size = || {
            let ledger = county.house.site.platform().ledger();
            ledger.checkpoint().unwrap().size
        };
        let before = size();
        let again = manager
            .form(PATH, Some(7), &terms("officials"), &file)
            .await;
        assert_eq!(
            (again.status, &again.body),
            (StatusCode::CREATED, &taken.body)
        );
        assert_eq!(size(), before);
        let other = manager
            .form(PATH, Some(8), &terms("officials"), &file)
            .await;
        assert_ne!(
            other.body["registers"][0]["id"],
            taken.body["registers"][0]["id"]
        );
        // A file that waits is read once, whoever sends it.
        let text = "项目编码,项目名称\n99012120260001,路\n";
        let files: [(&str, &[u8]); 1] = [("projects.csv", text.as_bytes())];
        let imports = "/api/supervise/imports";
        let one = manager.form(imports, Some(9), &[], &files).await;
        assert_eq!(one.status, StatusCode::CREATED, "{one:?}");
        let again = manager.form(imports, Some(9), &[], &files).await;
        assert_eq!((&again.location, &again.body), (&one.location, &one.body));
        let waiting = manager.get(imports).await;
        assert_eq!(waiting.body["imports"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn what_is_wrong_with_a_register_is_told_without_what_stands_in_it() {
    block_on(async {
        let county = County::new().await;
        let mut manager = Program::of(&county, "manager", Role::Manager, "990121").await;
        let rows = "统一社会信用代码,企业名称,成立日期\n91510823MA62K1XY71,secret,secret\n";
        let file: [(&str, &[u8]); 1] = [("a.csv", rows.as_bytes())];
        let refused = manager.form(PATH, None, &terms("companies"), &file).await;
        refused.is(StatusCode::CONFLICT, "register-refused");
        assert!(!refused.body.to_string().contains("secret"), "{refused:?}");
        let file: [(&str, &[u8]); 1] = [("a.exe", OFFICIALS)];
        let refused = manager.form(PATH, None, &terms("officials"), &file).await;
        refused.is(StatusCode::CONFLICT, "register-refused");
        let mut unknown = terms("officials");
        unknown[0].1 = "secret";
        let refused = manager.form(PATH, None, &unknown, &file).await;
        assert_eq!(
            (refused.status, &refused.body["field"]),
            (StatusCode::BAD_REQUEST, &json!("register"))
        );
        assert!(!refused.body.to_string().contains("secret"), "{refused:?}");
        assert_eq!(manager.get(PATH).await.body["registers"], json!([]));
        assert_eq!(std::fs::read_dir(county.uploads.path()).unwrap().count(), 0);
    });
}

#[test]
fn relatives_are_off_until_an_administrator_states_what_allows_them() {
    block_on(async {
        let county = County::new().await;
        let mut manager = Program::of(&county, "manager", Role::Manager, "990121").await;
        let file: [(&str, &[u8]); 1] = [("a.csv", RELATIVES)];
        let off = manager.form(PATH, None, &terms("relatives"), &file).await;
        off.is(StatusCode::CONFLICT, "register-refused");
        let basis = format!("{PATH}/basis");
        let stated = json!({ "basis": "县委〔2026〕3 号" });
        let theirs = manager.post(&basis, stated.clone()).await;
        theirs.is(StatusCode::NOT_FOUND, "not-found");
        let mut admin = Program::of(&county, "admin", Role::Administrator, "990121").await;
        let done = admin.post_as(3, &basis, stated.clone()).await;
        assert_eq!(
            (done.status, &done.body["changed"]),
            (StatusCode::OK, &json!(true)),
            "{done:?}"
        );
        assert_eq!(admin.post_as(3, &basis, stated).await.body, done.body);
        assert_eq!(
            admin.get(PATH).await.body["relatives"]["basis"],
            "县委〔2026〕3 号"
        );
        let taken = manager.form(PATH, None, &terms("relatives"), &file).await;
        assert_eq!(taken.status, StatusCode::CREATED, "{taken:?}");
    });
}

#[test]
fn the_document_names_every_kind_of_register_that_is_taken() {
    block_on(async {
        let county = County::new().await;
        let seen = county.house.browser().get("/api/openapi.json").await;
        let document: Value = serde_json::from_str(&seen.body).unwrap();
        let kinds = &document["components"]["schemas"]["KindIn"]["enum"];
        assert_eq!(*kinds, json!(KINDS));
    });
}
