//! Signing in with a passkey, and minding one's own, as the script of our pages does it, with a device that makes real
//! keys and signatures.

#![allow(clippy::unwrap_used)]

#[path = "support/device.rs"]
mod device;
mod support;

use axum::http::{Method, Request, StatusCode, header};
use device::Device;
use kandeng_platform::account::{MOST_PASSKEYS, Role};
use serde_json::{Value, json};
use support::{Browser, House, Seen, block_on};

const PATH: &str = "/account/passkeys";

async fn send(browser: &mut Browser<'_>, path: &str, token: &str, body: &Value) -> Seen {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::ACCEPT, "application/json")
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/json");
    if !token.is_empty() {
        request = request.header("x-form-token", token);
    }
    browser.send(request, body.to_string()).await
}

async fn asked(browser: &mut Browser<'_>, path: &str, token: &str) -> Value {
    let asked = send(browser, path, token, &json!({})).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
    serde_json::from_str(&asked.body).unwrap()
}

/// Adds a passkey of that device.
async fn add(browser: &mut Browser<'_>, device: &mut Device, label: &str) -> Seen {
    let token = browser.token().await;
    let offered = asked(browser, "/account/passkeys/offer", &token).await;
    let answer = device.create(&offered["options"]);
    let new = json!({ "attempt": offered["attempt"], "label": label, "answer": answer });
    send(browser, PATH, &token, &new).await
}

async fn sign_in(browser: &mut Browser<'_>, device: &mut Device, to: &str) -> Seen {
    let asked = asked(browser, "/sign-in/passkey/ask", "").await;
    let answer = device.get(&asked["options"]);
    let sent = json!({ "attempt": asked["attempt"], "answer": answer, "to": to });
    send(browser, "/sign-in/passkey", "", &sent).await
}

/// Somebody who has one.
async fn owner<'h>(house: &'h House, login: &str) -> (Browser<'h>, Device) {
    let mut browser = house.signed_in(login, Role::Administrator, "990121").await;
    let mut device = Device::default();
    let added = add(&mut browser, &mut device, " 手机 ").await;
    assert_eq!(added.status, StatusCode::NO_CONTENT, "{}", added.body);
    (browser, device)
}

#[test]
fn somebody_signs_in_with_a_passkey_and_goes_where_they_were_going() {
    let house = House::new();
    block_on(async {
        let (_, mut device) = owner(&house, "wang").await;
        let mut browser = house.browser();
        let page = browser.get("/sign-in?to=%2Fpeople").await;
        assert!(
            page.body.contains("data-passkey=\"sign-in\""),
            "{}",
            page.body
        );
        let signed = sign_in(&mut browser, &mut device, "/people").await;
        assert_eq!(
            (signed.status, signed.body.as_str()),
            (StatusCode::OK, "{\"to\":\"/people\"}")
        );
        for part in ["__Host-session=", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(signed.header("set-cookie").contains(part));
        }
        assert_eq!(browser.get("/people").await.status, StatusCode::OK);
        // Nowhere else.
        house.later(60);
        let signed = sign_in(&mut house.browser(), &mut device, "//elsewhere.example").await;
        assert_eq!(signed.body, "{\"to\":\"/\"}");
    });
}

#[test]
fn what_is_not_right_signs_nobody_in_and_says_the_same() {
    let house = House::new();
    block_on(async {
        let (_, device) = owner(&house, "wang").await;
        let (_, others) = owner(&house, "li").await;
        let mut said = Vec::new();
        // A page of somebody else's, a person who was not verified, another's key under this person's name, a device that
        // nobody added, a signature that is none.
        let wrongs: [fn(&mut Device, &Device); 5] = [
            |device, _| device.origin = "https://kandeng.example.evil.example".to_owned(),
            |device, _| device.verifies = false,
            |device, others| device.key = others.key.clone(),
            |device, _| device.id = vec![9; 32],
            |device, _| device.breaks_signatures = true,
        ];
        for wrong in wrongs {
            let mut bad = device.clone();
            wrong(&mut bad, &others);
            let mut browser = house.browser();
            let seen = sign_in(&mut browser, &mut bad, "/people").await;
            assert_eq!(seen.status, StatusCode::CONFLICT, "{}", seen.body);
            assert!(browser.cookie.is_none());
            let seen: Value = serde_json::from_str(&seen.body).unwrap();
            said.push(seen["detail"].clone());
            house.later(20 * 60);
        }
        said.dedup();
        assert_eq!(said.len(), 1, "{said:?}");
    });
}

#[test]
fn an_answer_counts_once_and_for_five_minutes() {
    let house = House::new();
    block_on(async {
        let (_, mut device) = owner(&house, "wang").await;
        let mut browser = house.browser();
        let first = asked(&mut browser, "/sign-in/passkey/ask", "").await;
        let answer = device.get(&first["options"]);
        let sent = json!({ "attempt": first["attempt"], "answer": answer, "to": "/" });
        let signed = send(&mut browser, "/sign-in/passkey", "", &sent).await;
        assert_eq!(signed.status, StatusCode::OK, "{}", signed.body);
        let again = send(&mut house.browser(), "/sign-in/passkey", "", &sent).await;
        assert_eq!(again.status, StatusCode::CONFLICT);
        let late = asked(&mut browser, "/sign-in/passkey/ask", "").await;
        house.later(5 * 60 + 1);
        let answer = device.get(&late["options"]);
        let sent = json!({ "attempt": late["attempt"], "answer": answer, "to": "/" });
        let seen = send(&mut house.browser(), "/sign-in/passkey", "", &sent).await;
        assert_eq!(seen.status, StatusCode::CONFLICT);
        // What is no answer at all is refused, too.
        let sent = json!({ "attempt": "x", "answer": "yes", "to": "/" });
        let seen = send(&mut house.browser(), "/sign-in/passkey", "", &sent).await;
        assert_eq!(seen.status, StatusCode::CONFLICT);
    });
}

#[test]
fn a_copied_device_is_noticed_by_its_counter() {
    let house = House::new();
    block_on(async {
        let (_, mut device) = owner(&house, "wang").await;
        device.counts = true;
        let mut copy = device.clone();
        for _ in 0..2 {
            let signed = sign_in(&mut house.browser(), &mut device, "/").await;
            assert_eq!(signed.status, StatusCode::OK, "{}", signed.body);
        }
        let seen = sign_in(&mut house.browser(), &mut copy, "/").await;
        assert_eq!(seen.status, StatusCode::CONFLICT, "{}", seen.body);
        house.later(60);
        let signed = sign_in(&mut house.browser(), &mut device, "/").await;
        assert_eq!(signed.status, StatusCode::OK, "{}", signed.body);
    });
}

#[test]
fn who_fails_again_and_again_waits() {
    let house = House::new();
    block_on(async {
        let (_, mut device) = owner(&house, "wang").await;
        device.breaks_signatures = true;
        let mut last = sign_in(&mut house.browser(), &mut device, "/").await;
        for _ in 0..5 {
            last = sign_in(&mut house.browser(), &mut device, "/").await;
        }
        assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
        let after: u32 = last.header("retry-after").parse().unwrap();
        assert!(last.body.contains(&format!("{after} 秒")), "{}", last.body);
    });
}

#[test]
fn a_passkey_is_added_and_removed_by_its_owner_in_this_session() {
    let house = House::new();
    block_on(async {
        let (mut browser, mut device) = owner(&house, "wang").await;
        let page = browser.get(PATH).await;
        assert!(page.body.contains("<td>手机</td>"), "{}", page.body);
        // By a page of somebody else's: not.
        let token = browser.token().await;
        let offered = asked(&mut browser, "/account/passkeys/offer", &token).await;
        let mut second = Device::default();
        let answer = second.create(&offered["options"]);
        let new = json!({ "attempt": offered["attempt"], "label": "U 盾", "answer": answer });
        for forged in ["", "guessed"] {
            let seen = send(&mut browser, PATH, forged, &new).await;
            assert_eq!(seen.status, StatusCode::FORBIDDEN);
        }
        // By somebody else, with what was offered to this person: not.
        let mut other = house.signed_in("li", Role::Officer, "990121").await;
        let others = other.token().await;
        let seen = send(&mut other, PATH, &others, &new).await;
        assert_eq!(seen.status, StatusCode::CONFLICT, "{}", seen.body);
        assert!(!other.get(PATH).await.body.contains("U 盾"));
        // The device is told which it has already, and that it has to know whose it is.
        let offered = asked(&mut browser, "/account/passkeys/offer", &token).await;
        let there = offered["options"]["excludeCredentials"].as_array().unwrap();
        assert_eq!(there.len(), 1);
        let selection = &offered["options"]["authenticatorSelection"];
        assert_eq!(selection["residentKey"], "required");
        assert_eq!(selection["userVerification"], "required");
        assert_eq!(offered["options"]["user"]["name"], "wang");
        // Removed by its owner alone.
        let remove = page
            .body
            .split_once("action=\"/account/passkeys/")
            .unwrap()
            .1;
        let remove = format!("{PATH}/{}", remove.split_once('"').unwrap().0);
        other.post(&remove, &[("form_token", &others)]).await;
        assert!(browser.get(PATH).await.body.contains("手机"));
        browser.post(&remove, &[("form_token", &token)]).await;
        assert!(!browser.get(PATH).await.body.contains("手机"));
        let seen = sign_in(&mut house.browser(), &mut device, "/").await;
        assert_eq!(seen.status, StatusCode::CONFLICT, "{}", seen.body);
    });
}

#[test]
fn there_is_an_end_to_how_many_and_each_has_a_name() {
    let house = House::new();
    block_on(async {
        let (mut browser, _) = owner(&house, "wang").await;
        for label in ["", "  ", &"字".repeat(61)] {
            let seen = add(&mut browser, &mut Device::default(), label).await;
            assert_eq!(seen.status, StatusCode::CONFLICT, "{}", seen.body);
        }
        for _ in 1..MOST_PASSKEYS {
            let seen = add(&mut browser, &mut Device::default(), "U 盾").await;
            assert_eq!(seen.status, StatusCode::NO_CONTENT, "{}", seen.body);
        }
        let seen = add(&mut browser, &mut Device::default(), "U 盾").await;
        assert_eq!(seen.status, StatusCode::CONFLICT);
        assert!(seen.body.contains("最多"), "{}", seen.body);
    });
}

#[test]
fn they_end_with_new_credentials_and_rest_with_a_suspension() {
    use kandeng_platform::account::{Account, Restore, Suspend};
    let house = House::new();
    block_on(async {
        let (_, mut device) = owner(&house, "wang").await;
        let account = house.newest_account().await;
        let platform = house.site.platform();
        let suspend = Suspend {
            reason: "休假".to_owned(),
        };
        platform
            .carry_out::<Account, _>(account, suspend, &house.cx())
            .await
            .unwrap();
        let seen = sign_in(&mut house.browser(), &mut device, "/").await;
        assert_eq!(seen.status, StatusCode::CONFLICT);
        platform
            .carry_out::<Account, _>(account, Restore, &house.cx())
            .await
            .unwrap();
        house.later(60);
        let signed = sign_in(&mut house.browser(), &mut device, "/").await;
        assert_eq!(signed.status, StatusCode::OK, "{}", signed.body);
        // The phone was lost: an administrator sends a new link, and everything is set anew.
        let people = house.site.people();
        let link = people.issue_link(account, &house.cx()).await.unwrap();
        let totp = people.new_totp("wang").unwrap();
        let code = totp.code(house.cx().at);
        people
            .set_credentials(&link, support::PASSWORD, &totp.base32(), &code, &house.cx())
            .await
            .unwrap();
        house.later(60);
        let seen = sign_in(&mut house.browser(), &mut device, "/").await;
        assert_eq!(seen.status, StatusCode::CONFLICT, "{}", seen.body);
    });
}

#[test]
fn a_site_that_is_reached_by_an_address_offers_none() {
    let reach = kandeng_server::Reach {
        secure: true,
        behind: false,
        hosts: vec!["192.0.2.7".to_owned(), "kandeng.example".to_owned()],
        passkeys: None,
    };
    let house = House::reached(Vec::new(), reach);
    block_on(async {
        let mut browser = house.browser();
        assert!(!browser.get("/sign-in").await.body.contains("data-passkey"));
        let seen = send(&mut browser, "/sign-in/passkey/ask", "", &json!({})).await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn at_a_desk_that_was_left_nobody_changes_how_its_owner_signs_in() {
    let house = House::new();
    block_on(async {
        let (mut browser, mut device) = owner(&house, "wang").await;
        let page = browser.get(PATH).await;
        let remove = page
            .body
            .split("action=\"")
            .find(|part| part.contains("/remove\""));
        let remove = remove.unwrap().split('"').next().unwrap().to_owned();
        house.later(16 * 60);
        let token = browser.token().await;
        // The page offers nothing of it, and says how to go on.
        let page = browser.get(PATH).await;
        let again = "/sign-in?again=true&#38;to=%2Faccount%2Fpasskeys";
        assert!(page.body.contains(again), "{}", page.body);
        assert!(!page.body.contains("data-passkey=\"add\"") && !page.body.contains("/remove\""));
        let offer = send(&mut browser, "/account/passkeys/offer", &token, &json!({})).await;
        assert_eq!(offer.status, StatusCode::FORBIDDEN, "{}", offer.body);
        assert!(offer.body.contains("sign-in-again"), "{}", offer.body);
        let removed = browser.post(&remove, &[("form_token", &*token)]).await;
        assert_eq!(removed.status, StatusCode::FORBIDDEN);
        let key = [("form_token", &*token), ("label", "x"), ("days", "9")];
        let made = browser.post("/account/keys", &key).await;
        assert_eq!(made.status, StatusCode::FORBIDDEN);
        // Signed in once more, it goes on.
        let asked_for = browser.get(&again.replace("&#38;", "&")).await;
        assert_eq!(asked_for.status, StatusCode::OK);
        let before = browser.cookie.clone();
        let signed = sign_in(&mut browser, &mut device, PATH).await;
        assert_eq!(signed.status, StatusCode::OK, "{}", signed.body);
        // The session before it has ended.
        let after = std::mem::replace(&mut browser.cookie, before);
        let ended = browser.get("/account").await.status;
        assert_eq!(ended, StatusCode::UNAUTHORIZED);
        browser.cookie = after;
        let token = browser.token().await;
        let removed = browser.post(&remove, &[("form_token", &*token)]).await;
        assert_eq!(removed.status, StatusCode::SEE_OTHER, "{}", removed.body);
    });
}
