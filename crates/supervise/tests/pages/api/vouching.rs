//! Vouching by programs: handed in, signed at two levels, given back.

use axum::http::StatusCode;
use kandeng_platform::account::Role;
use serde_json::json;

use super::super::County;
use super::super::support::block_on;
use super::{Program, clerk, filed};

#[test]
fn three_levels_vouch_for_what_they_looked_at() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let mut reviewer = Program::of(&county, "reviewer", Role::Reviewer, "990121003").await;
        let mut department = Program::of(&county, "department", Role::Department, "990121").await;
        let project = filed(&mut clerk, "99012120260001").await;
        let of = |step: &str| format!("{project}/categories/profile/{step}");
        let edition = json!({ "edition": 1 });
        // Nobody signs for a level that is not theirs, nor before the level below.
        let not_theirs = clerk.post(&of("review"), edition.clone()).await;
        not_theirs.is(StatusCode::NOT_FOUND, "not-found");
        let early = reviewer.post(&of("review"), edition.clone()).await;
        early.is(StatusCode::CONFLICT, "not-vouched-below");
        let stale = clerk.post(&of("submit"), json!({ "edition": 0 })).await;
        stale.is(StatusCode::CONFLICT, "changed-since-looked");
        for _ in 0..2 {
            let handed_in = clerk.post_as(3, &of("submit"), edition.clone()).await;
            assert_eq!(handed_in.body["changed"], true, "{handed_in:?}");
        }
        let signed = reviewer.post(&of("review"), edition.clone()).await;
        assert_eq!(signed.status, StatusCode::OK, "{signed:?}");
        let accepted = department.post(&of("accept"), edition.clone()).await;
        assert_eq!(accepted.status, StatusCode::OK, "{accepted:?}");
        let read = clerk.get(&project).await;
        let levels: Vec<&str> = read.body["signatures"]
            .as_array()
            .unwrap()
            .iter()
            .map(|signature| signature["level"].as_str().unwrap())
            .collect();
        assert_eq!(levels, ["village", "township", "department"]);
        let nothing = format!("{project}/categories/nothing/submit");
        clerk
            .post(&nothing, edition)
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
    });
}

#[test]
fn a_category_is_given_back_by_the_level_that_one_acts_for() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let mut reviewer = Program::of(&county, "reviewer", Role::Reviewer, "990121003").await;
        let project = filed(&mut clerk, "99012120260001").await;
        let of = |step: &str| format!("{project}/categories/profile/{step}");
        clerk.post(&of("submit"), json!({ "edition": 1 })).await;
        let back = |level: &str| json!({ "edition": 1, "level": level, "reason": "面积不符" });
        let above = reviewer.post(&of("return"), back("department")).await;
        above.is(StatusCode::NOT_FOUND, "not-found");
        let village = reviewer.post(&of("return"), back("village")).await;
        village.is(StatusCode::BAD_REQUEST, "unreadable");
        assert_eq!(village.body["field"], "/level");
        let given_back = reviewer.post(&of("return"), back("township")).await;
        assert_eq!(given_back.status, StatusCode::OK, "{given_back:?}");
        let read = clerk.get(&project).await;
        assert_eq!(read.body["signatures"][1]["returned"], "面积不符");
        let mut elsewhere = Program::of(&county, "elsewhere", Role::Reviewer, "990122").await;
        let not_there = elsewhere.post(&of("return"), back("township")).await;
        not_there.is(StatusCode::NOT_FOUND, "not-found");
    });
}
