//! A scene's routes as the server mounts them: who may, how much, how long, from where.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use axum::Json;
use axum::extract::Multipart;
use axum::http::{Method, Request, StatusCode, header};
use kandeng_platform::account::{Role, Viewer};
use kandeng_platform::authority::{Action, Facts, Hands, Resource};
use kandeng_platform::page::{Asked, Entry, Form, Params, Problem, Routes, Sent, Site};
use kandeng_platform::{EventKinds, Scene, Tables};
use serde_json::{Value, json};
use support::{Browser, House, Seen, block_on};

/// Lamps in two counties; whoever may read a filing may look at one.
struct Lamps;

/// Where a lamp stands, by its name.
#[allow(clippy::unnecessary_wraps, reason = "what finds a resource may fail")]
fn lamp(_: &Site, _: &Viewer, params: &Params) -> Result<Option<Resource>, Problem> {
    let place = match params.get("lamp") {
        Some("near") => "990121003",
        Some("far") => "990122003",
        _ => return Ok(None),
    };
    Ok(Some(Resource {
        id: "lamp".to_owned(),
        jurisdiction: place.to_owned(),
        facts: Facts::Project {
            hands: Hands::default(),
        },
    }))
}

#[derive(serde::Deserialize)]
struct Lit {
    lit: bool,
}

impl Scene for Lamps {
    fn name(&self) -> &'static str {
        "lamps"
    }

    fn event_kinds(&self) -> Vec<EventKinds> {
        Vec::new()
    }

    fn tables(&self) -> Vec<Box<dyn Tables>> {
        Vec::new()
    }

    fn routes(&self) -> Routes {
        let change = Action::UploadEvidence;
        Routes::new()
            .asks(
                Method::GET,
                "/lamps/{lamp}",
                Action::ViewProject,
                lamp,
                async |asked: Asked| asked.resource.jurisdiction,
            )
            .asks(
                Method::POST,
                "/lamps/{lamp}",
                change,
                lamp,
                async |form: Form<Lit>| form.0.lit.to_string(),
            )
            .asks(Method::POST, "/lamps/{lamp}/photo", change, lamp, photo)
            .up_to(64 << 10, Duration::from_secs(5))
            .asks(
                Method::PUT,
                "/api/lamps/{lamp}",
                change,
                lamp,
                async |sent: Sent<Lit>| Json(json!({ "lit": sent.0.lit })),
            )
            .asks(
                Method::GET,
                "/lamps/{lamp}/slow",
                Action::ViewProject,
                lamp,
                async || {
                    tokio::time::sleep(Duration::from_secs(30)).await;
                },
            )
            .up_to(1, Duration::from_millis(50))
            .public(Method::POST, "/said", async |form: Form<Lit>| {
                form.0.lit.to_string()
            })
            .up_to(64, Duration::from_millis(300))
    }

    fn api(&self) -> Value {
        json!({ "paths": { "/api/lamps/{lamp}": { "put": { "summary": "Light it" } } } })
    }

    fn entries(&self, _: &Site, _: &Viewer) -> Vec<Entry> {
        vec![Entry {
            href: "/lamps".to_owned(),
            label: "灯".to_owned(),
            count: Some(7),
        }]
    }
}

/// Answers with the names of the fields, and how large the last was.
async fn photo(mut form: Multipart) -> Result<String, Problem> {
    let mut seen = Vec::new();
    loop {
        let field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => return Ok(seen.join(" ")),
            Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return Err(Problem::too_large());
            }
            Err(_) => return Err(Problem::format()),
        };
        let name = field.name().unwrap_or_default().to_owned();
        match field.bytes().await {
            Ok(bytes) => seen.push(format!("{name}={}", bytes.len())),
            Err(_) => return Err(Problem::too_large()),
        }
    }
}

fn house() -> House {
    House::with(vec![Box::new(Lamps)])
}

async fn upload(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> Seen {
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!(
            "--lamp\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str("--lamp--\r\n");
    let request = Request::builder()
        .method(Method::POST)
        .uri("/lamps/near/photo")
        .header(header::ACCEPT, "text/html")
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=lamp");
    browser.send(request, body).await
}

#[test]
fn what_lies_in_another_county_is_not_there() {
    let house = house();
    block_on(async {
        let mut clerk = house.signed_in("li", Role::Clerk, "990121003").await;
        assert_eq!(clerk.get("/lamps/near").await.body, "990121003");
        let (far, none) = (
            clerk.get("/lamps/far").await,
            clerk.get("/lamps/none").await,
        );
        assert_eq!(
            (far.status, none.status),
            (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
        );
        // Not even by a word may one tell them apart, but for the number of the request.
        let without_number = |seen: &Seen| seen.body.replace(seen.header("x-request-id"), "");
        let (far, none) = (without_number(&far), without_number(&none));
        assert_eq!(
            far.replace("/lamps/far", ""),
            none.replace("/lamps/none", "")
        );
        assert!(far.contains("灯<span>7</span>"), "{far}");
        let token = clerk.token().await;
        let fields = [("form_token", token.as_str()), ("lit", "true")];
        assert_eq!(clerk.post("/lamps/near", &fields).await.body, "true");
        let far = clerk.post("/lamps/far", &fields).await;
        assert_eq!(far.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn a_form_with_files_carries_the_token_first() {
    let house = house();
    block_on(async {
        let mut clerk = house.signed_in("li", Role::Clerk, "990121003").await;
        let token = clerk.token().await;
        let photo = ("photo", "a lamp");
        let seen = upload(&mut clerk, &[("form_token", &token), photo]).await;
        // Whole, with what was looked at already.
        assert_eq!(seen.body, format!("form_token={} photo=6", token.len()));
        for fields in [
            vec![photo],
            vec![("form_token", "guessed"), photo],
            vec![photo, ("form_token", &token)],
            vec![
                ("photo", "name=\"form_token\"\r\n\r\n"),
                ("form_token", &token),
            ],
        ] {
            let seen = upload(&mut clerk, &fields).await;
            assert_eq!(seen.status, StatusCode::FORBIDDEN, "{fields:?}");
        }
    });
}

#[test]
fn each_route_takes_as_much_as_it_says() {
    let house = house();
    block_on(async {
        let mut clerk = house.signed_in("li", Role::Clerk, "990121003").await;
        let token = clerk.token().await;
        let small = "x".repeat(40 << 10);
        let seen = upload(&mut clerk, &[("form_token", &token), ("photo", &small)]).await;
        assert_eq!(seen.status, StatusCode::OK);
        let large = "x".repeat(70 << 10);
        let seen = upload(&mut clerk, &[("form_token", &token), ("photo", &large)]).await;
        assert_eq!(seen.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(seen.body.contains("内容太大"), "{}", seen.body);
        // Others take a mebibyte.
        let fields = [
            ("form_token", token.as_str()),
            ("lit", "true"),
            ("more", &large),
        ];
        assert_eq!(
            clerk.post("/lamps/near", &fields).await.status,
            StatusCode::OK
        );
    });
}

#[test]
fn what_takes_longer_than_its_route_says_is_cut_off() {
    let house = house();
    block_on(async {
        let mut clerk = house.signed_in("li", Role::Clerk, "990121003").await;
        let seen = clerk.get("/lamps/near/slow").await;
        assert_eq!(seen.status, StatusCode::REQUEST_TIMEOUT);
        assert!(
            seen.body.contains("发送太慢") || seen.body.contains("中断"),
            "{}",
            seen.body
        );
    });
}

#[test]
fn programs_and_scripts_of_ours_change_things_and_a_token_for_reading_does_not() {
    let house = house();
    block_on(async {
        let mut clerk = house.signed_in("li", Role::Clerk, "990121003").await;
        let token = clerk.token().await;
        let put = |kind: &'static str| {
            Request::builder()
                .method(Method::PUT)
                .uri("/api/lamps/near")
                .header(header::CONTENT_TYPE, kind)
        };
        let lit = "{\"lit\":true}".to_owned();
        let json = "application/json";
        // A script of a page of ours knows the token.
        let seen = clerk
            .send(put(json).header("x-form-token", &token), lit.clone())
            .await;
        assert_eq!(
            (seen.status, seen.body.as_str()),
            (StatusCode::OK, "{\"lit\":true}")
        );
        let seen = clerk.send(put(json), lit.clone()).await;
        assert_eq!(seen.status, StatusCode::FORBIDDEN);
        assert!(
            seen.body.contains("/problems/form-not-ours"),
            "{}",
            seen.body
        );
        let seen = clerk
            .send(
                put("text/plain").header("x-form-token", &token),
                lit.clone(),
            )
            .await;
        assert_eq!(seen.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let seen = clerk
            .send(
                put(json).header("x-form-token", &token),
                "{\"lit\":\"王五\"}".to_owned(),
            )
            .await;
        assert_eq!(seen.status, StatusCode::BAD_REQUEST);
        assert!(!seen.body.contains("王五"), "{}", seen.body);
        for (scope, status) in [
            ("", StatusCode::FORBIDDEN),
            ("decide", StatusCode::FORBIDDEN),
            ("file", StatusCode::OK),
        ] {
            let mut make = vec![
                ("form_token", token.as_str()),
                ("label", "x"),
                ("days", "1"),
            ];
            if !scope.is_empty() {
                make.push(("scope", scope));
            }
            let page = clerk.post("/account/keys", &make).await;
            let key = page.body.split_once("<code>").unwrap().1;
            let mut program = house.browser();
            program.bearer = Some(key.split_once('<').unwrap().0.to_owned());
            let seen = program.send(put(json), lit.clone()).await;
            assert_eq!(seen.status, status, "{}", seen.body);
        }
        // A token that is none says nothing of who comes.
        let mut program = house.browser();
        program.bearer = Some("guessed".to_owned());
        let seen = program.send(put(json), lit).await;
        assert_eq!(seen.status, StatusCode::UNAUTHORIZED);
        let document = house.browser().get("/api/openapi.json").await.body;
        assert!(document.contains("Light it"));
    });
}

/// What the server answers, until it closes the connection, to what is sent; nothing more is sent then.
async fn answer_to(house: &House, sent: String) -> String {
    let listen = kandeng_server::Listen::at("127.0.0.1:0".parse().unwrap());
    let listening = kandeng_server::serve(house.router.clone(), &listen)
        .await
        .unwrap();
    let address = listening.address;
    let answer = tokio::task::spawn_blocking(move || {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // Closed with something unread is closed all the same.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    });
    let answer = answer.await.unwrap();
    listening.stop().await;
    answer
}

fn said(length: u64, body: &str) -> String {
    format!(
        "POST /said HTTP/1.1\r\nhost: kandeng.example\r\naccept: text/html\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn whoever_sends_a_body_too_slowly_or_announces_too_much_is_told_so() {
    let house = house();
    block_on(async {
        let right = answer_to(&house, said(8, "lit=true")).await;
        assert!(
            right.starts_with("HTTP/1.1 200") && right.ends_with("true"),
            "{right}"
        );
        let slow = answer_to(&house, said(8, "lit=")).await;
        assert!(slow.starts_with("HTTP/1.1 408"), "{slow}");
        // Answered before any of it is sent.
        let large = answer_to(&house, said(500 << 20, "")).await;
        assert!(
            large.starts_with("HTTP/1.1 413") && large.contains("内容太大"),
            "{large}"
        );
    });
}
