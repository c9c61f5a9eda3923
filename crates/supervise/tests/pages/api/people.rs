//! Accounts by programs: invited, given roles, suspended; nobody's name in an answer, nobody beyond one's reach.

use axum::http::StatusCode;
use kandeng_platform::account::Role;
use serde_json::{Value, json};

use super::super::County;
use super::super::support::block_on;
use super::{Got, Program, clerk};

const PATH: &str = "/api/people";

fn new_person(place: &str) -> Value {
    json!({ "name": "李红梅", "login": "li.hm", "role": "clerk", "jurisdiction": place })
}

fn line<'g>(all: &'g Got, id: &str) -> &'g Value {
    let mut people = all.body["people"].as_array().unwrap().iter();
    people.find(|one| one["id"] == id).unwrap()
}

#[test]
fn somebody_is_invited_given_a_role_suspended_and_restored() {
    block_on(async {
        let county = County::new().await;
        let mut admin = Program::of(&county, "admin", Role::Administrator, "990121").await;
        let invited = admin.post(PATH, new_person("990121003201")).await;
        assert_eq!(invited.status, StatusCode::CREATED, "{invited:?}");
        let link = invited.body["link"].as_str().unwrap();
        let page = county.house.browser().get(link).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let id = invited.body["id"].as_str().unwrap().to_owned();
        let again = admin.post(PATH, new_person("990121003201")).await;
        assert_eq!(again.status, StatusCode::CONFLICT, "{again:?}");
        let role = json!({ "role": "reviewer", "jurisdiction": "990121003" });
        let grant = format!("{PATH}/{id}/grant");
        let given = admin.post_as(2, &grant, role.clone()).await;
        assert_eq!(given.body["changed"], true, "{given:?}");
        assert_eq!(
            admin.post_as(2, &grant, role.clone()).await.body,
            given.body
        );
        let all = admin.get(PATH).await;
        assert_eq!(line(&all, &id)["grants"].as_array().unwrap().len(), 2);
        for name in ["李红梅", "li.hm", "王admin"] {
            assert!(!all.body.to_string().contains(name), "{all:?}");
        }
        admin.post(&format!("{PATH}/{id}/withdraw"), role).await;
        let why = json!({ "reason": "调离" });
        // Whoever finds the key makes nobody by it who would be there when it has ended.
        let administrator = json!({ "role": "administrator", "jurisdiction": "990121003" });
        let more = admin.post(&grant, administrator).await;
        assert_eq!(more.status, StatusCode::FORBIDDEN, "{more:?}");
        let mut new = new_person("990121003");
        new["login"] = "li.2".into();
        new["role"] = "administrator".into();
        let more = admin.post(PATH, new).await;
        assert_eq!(more.status, StatusCode::FORBIDDEN, "{more:?}");
        let suspended = admin.post(&format!("{PATH}/{id}/suspend"), why).await;
        assert_eq!(suspended.status, StatusCode::OK, "{suspended:?}");
        assert_eq!(line(&admin.get(PATH).await, &id)["state"], "suspended");
        let restored = admin.post(&format!("{PATH}/{id}/restore"), json!({})).await;
        assert_eq!(restored.status, StatusCode::OK, "{restored:?}");
        let all = admin.get(PATH).await;
        assert_eq!(line(&all, &id)["grants"].as_array().unwrap().len(), 1);
        assert_ne!(line(&all, &id)["state"], "suspended");
    });
}

#[test]
fn nobody_gives_what_lies_beyond_their_reach_or_to_themselves() {
    block_on(async {
        let county = County::new().await;
        let mut admin = Program::of(&county, "admin", Role::Administrator, "990121").await;
        let mut clerk = clerk(&county).await;
        clerk.get(PATH).await.is(StatusCode::NOT_FOUND, "not-found");
        let theirs = clerk.post(PATH, new_person("990121003201")).await;
        theirs.is(StatusCode::NOT_FOUND, "not-found");
        let beyond = admin.post(PATH, new_person("990122")).await;
        beyond.is(StatusCode::CONFLICT, "beyond-reach");
        assert_eq!(beyond.body["field"], "/jurisdiction");
        let role = |place: &str| json!({ "role": "officer", "jurisdiction": place });
        let own = format!("{PATH}/{}/grant", admin.account);
        let to_themselves = admin.post(&own, role("990121")).await;
        to_themselves.is(StatusCode::NOT_FOUND, "not-found");
        let other = format!("{PATH}/{}/grant", clerk.account);
        let beyond = admin.post(&other, role("990122")).await;
        beyond.is(StatusCode::CONFLICT, "beyond-reach");
        let mut elsewhere = Program::of(&county, "elsewhere", Role::Administrator, "990122").await;
        let theirs = elsewhere.post(&other, role("990122")).await;
        theirs.is(StatusCode::NOT_FOUND, "not-found");
        let unseen = elsewhere.get(PATH).await;
        let people = unseen.body["people"].as_array().unwrap();
        assert!(
            people.iter().all(|one| one["id"] != json!(clerk.account)),
            "{unseen:?}"
        );
        let nobody = format!("{PATH}/01936f6e-5f2a-7cc0-8000-000000000001/suspend");
        let none = admin.post(&nobody, json!({ "reason": "x" })).await;
        none.is(StatusCode::NOT_FOUND, "not-found");
    });
}

#[test]
fn an_invitation_whose_answer_was_lost_is_sent_again_and_makes_nobody_twice() {
    block_on(async {
        let county = County::new().await;
        let mut admin = Program::of(&county, "admin", Role::Administrator, "990121").await;
        let first = admin.post_as(5, PATH, new_person("990121003201")).await;
        assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
        let again = admin.post_as(5, PATH, new_person("990121003201")).await;
        assert_eq!(again.status, StatusCode::CREATED, "{again:?}");
        assert_eq!(first.body["id"], again.body["id"]);
        let link = |got: &Got| got.body["link"].as_str().unwrap().to_owned();
        let (lost, given) = (link(&first), link(&again));
        assert_ne!(lost, given);
        let mut browser = county.house.browser();
        assert_eq!(browser.get(&given).await.status, StatusCode::OK);
        assert_ne!(browser.get(&lost).await.status, StatusCode::OK);
        assert_eq!(
            admin.get(PATH).await.body["people"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        // Once it was used, the same command gives no other: that would reset somebody's credentials.
        let suspended = format!("{PATH}/{}/suspend", again.body["id"].as_str().unwrap());
        admin.post(&suspended, json!({ "reason": "x" })).await;
        let late = admin.post_as(5, PATH, new_person("990121003201")).await;
        late.is(StatusCode::CONFLICT, "invited-before");
        // A refusal is an answer, too.
        let refused = admin.post_as(6, PATH, new_person("990121003201")).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
    });
}

#[test]
fn accounts_and_questions_are_read_page_by_page() {
    block_on(async {
        let county = County::new().await;
        let mut admin = Program::of(&county, "admin", Role::Administrator, "990121").await;
        for number in 0..4 {
            let mut person = new_person("990121003201");
            person["login"] = json!(format!("li{number}"));
            admin.post(PATH, person).await;
        }
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let page = admin.get(&format!("{PATH}?limit=2{after}")).await;
            let people = page.body["people"].as_array().unwrap();
            assert!(!people.is_empty() && people.len() <= 2);
            found.extend(people.iter().map(|one| one["id"].clone()));
            match page.body["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        let wrong = admin.get(&format!("{PATH}?limit=501")).await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
        let all = admin.get(PATH).await;
        let whole: Vec<Value> = all.body["people"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].clone())
            .collect();
        assert_eq!((found.len(), &found), (5, &whole));
        let questions = "/api/supervise/questions";
        let none = admin.get(&format!("{questions}?from=0&limit=1")).await;
        assert_eq!(none.body, json!({ "questions": [], "next": null }));
        let wrong = admin.get(&format!("{questions}?limit=201")).await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    });
}
