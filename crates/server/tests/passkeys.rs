//! Signing in with a passkey, and minding one's own, as the script of our pages does it.

#![allow(clippy::unwrap_used)]

mod support;

use axum::http::{Method, Request, StatusCode, header};
use kandeng_platform::account::Role;
use support::{Browser, House, Seen, block_on};

async fn send(browser: &mut Browser<'_>, path: &str, token: &str, body: &str) -> Seen {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::ACCEPT, "application/json")
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/json");
    if !token.is_empty() {
        request = request.header("x-form-token", token);
    }
    browser.send(request, body.to_owned()).await
}

#[test]
fn somebody_signs_in_with_a_passkey_and_goes_where_they_were_going() {
    let house = House::new();
    block_on(async {
        let totp = house.enrolled("wang", Role::Administrator, "990121").await;
        let mut browser = house.browser();
        let page = browser.get("/sign-in?to=%2Fpeople").await;
        assert!(
            page.body.contains("data-passkey=\"sign-in\""),
            "{}",
            page.body
        );
        let asked = send(&mut browser, "/sign-in/passkey/ask", "", "{}").await;
        assert_eq!(
            asked.body,
            "{\"attempt\":\"in\",\"options\":{\"challenge\":\"AAAA\"}}"
        );
        let answer = r#"{"attempt":"in","answer":"yes","to":"/people"}"#;
        // Nobody's device.
        let wrong = send(&mut browser, "/sign-in/passkey", "", answer).await;
        assert_eq!(wrong.status, StatusCode::CONFLICT);
        assert!(wrong.body.contains("通行密钥不对") && browser.cookie.is_none());
        *house.device.owner.lock().unwrap() = Some(("wang".to_owned(), totp));
        let signed = send(&mut browser, "/sign-in/passkey", "", answer).await;
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
        let elsewhere = answer.replace("/people", "//elsewhere.example");
        let signed = send(&mut house.browser(), "/sign-in/passkey", "", &elsewhere).await;
        assert_eq!(signed.body, "{\"to\":\"/\"}");
    });
}

#[test]
fn a_passkey_is_added_and_removed_by_its_owner_in_this_session() {
    let house = House::new();
    block_on(async {
        let mut browser = house.signed_in("wang", Role::Officer, "990121").await;
        let token = browser.token().await;
        let path = "/account/passkeys";
        let new = r#"{"attempt":"new","label":" 手机 ","answer":"yes"}"#;
        for token in ["", "guessed"] {
            let forged = send(&mut browser, path, token, new).await;
            assert_eq!(forged.status, StatusCode::FORBIDDEN);
        }
        let offered = send(&mut browser, "/account/passkeys/offer", &token, "{}").await;
        assert!(
            offered.body.contains("\"attempt\":\"new\""),
            "{}",
            offered.body
        );
        let added = send(&mut browser, path, &token, new).await;
        assert_eq!(added.status, StatusCode::NO_CONTENT);
        let page = browser.get(path).await;
        assert!(page.body.contains("<td>手机</td>"), "{}", page.body);
        let remove = page
            .body
            .split_once("action=\"/account/passkeys/")
            .unwrap()
            .1;
        let remove = format!("/account/passkeys/{}", remove.split_once('"').unwrap().0);
        let mut other = house.signed_in("li", Role::Officer, "990121").await;
        let others = other.token().await;
        other.post(&remove, &[("form_token", &others)]).await;
        assert!(browser.get(path).await.body.contains("手机"));
        browser.post(&remove, &[("form_token", &token)]).await;
        assert!(!browser.get(path).await.body.contains("手机"));
    });
}
