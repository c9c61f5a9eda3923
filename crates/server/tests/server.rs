//! The server as browsers and those who mean harm meet it.

#![allow(clippy::unwrap_used)]

mod support;

use axum::http::{Method, Request, StatusCode, header};
use kandeng_platform::account::Role;
use kandeng_platform::page::Access;
use support::{House, PASSWORD, block_on};

/// A path with something in the place of its named parts.
fn filled(path: &str) -> String {
    path.replace("{id}", "01890a5d-ac96-774b-bcce-000000000001")
        .replace("{token}", "nothing")
        .replace("{name}", "nothing")
}

#[test]
fn every_route_is_public_by_declaration_or_asks() {
    let house = House::new();
    assert!(house.declared.len() > 10);
    block_on(async {
        let mut stranger = house.browser();
        // Somebody who has an account and may do next to nothing.
        let mut clerk = house.signed_in("li", Role::Clerk, "990121003001").await;
        let mut token = clerk.token().await;
        for (place, route) in house.declared.iter().enumerate() {
            let path = filled(route.path);
            let fields = [("form_token", token.as_str())];
            let shown = format!("{} {path}", route.method);
            let (seen, theirs) = if route.method == Method::GET {
                (stranger.get(&path).await, clerk.get(&path).await)
            } else {
                let seen = stranger.post(&path, &[("a", "b")]).await;
                (seen, clerk.post(&path, &fields).await)
            };
            match route.access {
                Access::Public => assert_ne!(seen.status, StatusCode::UNAUTHORIZED, "{shown}"),
                Access::SignedIn => {
                    assert_eq!(seen.status, StatusCode::UNAUTHORIZED, "{shown}");
                    assert!(
                        theirs.status.is_success() || theirs.status.is_redirection(),
                        "{shown}: {}",
                        theirs.status
                    );
                    // It may have been one that signs out.
                    if theirs.header("location") == "/sign-in" {
                        let login = format!("li{place}");
                        clerk = house.signed_in(&login, Role::Clerk, "990121003001").await;
                        token = clerk.token().await;
                    }
                }
                Access::Asks(_) => {
                    assert_eq!(seen.status, StatusCode::UNAUTHORIZED, "{shown}");
                    // Not 403: nobody learns that there is something.
                    assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{shown}");
                }
            }
        }
    });
}

#[test]
fn every_answer_carries_the_headers_that_keep_a_browser_safe() {
    let house = House::new();
    block_on(async {
        let mut browser = house.browser();
        for path in ["/sign-in", "/nothing", "/healthz", "/account"] {
            let seen = browser.get(path).await;
            let policy = seen.header("content-security-policy");
            assert!(
                policy.contains("default-src 'none'") && !policy.contains("unsafe"),
                "{path}"
            );
            assert!(policy.contains("frame-ancestors 'none'"));
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "same-origin"),
                ("cache-control", "no-store"),
                ("cross-origin-opener-policy", "same-origin"),
            ] {
                assert_eq!(seen.header(name), value, "{path}");
            }
            assert!(seen.header("permissions-policy").contains("geolocation=()"));
            // Only where browsers reach us over TLS.
            assert_eq!(seen.header("strict-transport-security"), "");
            // Nothing inline, nothing from elsewhere.
            assert!(
                !seen.body.contains("style=\"") && !seen.body.contains("<script>"),
                "{path}"
            );
            assert!(
                !seen.body.contains("http://") && !seen.body.contains("https://"),
                "{path}"
            );
        }
    });
}

#[test]
fn somebody_is_invited_accepts_signs_in_and_out() {
    let house = House::new();
    block_on(async {
        let token = house.invited("wang", Role::Officer, "990121").await;
        let mut browser = house.browser();
        let page = browser.get(&format!("/invitation/{token}")).await;
        assert_eq!(page.status, StatusCode::OK);
        let totp = page.field("totp").unwrap();
        let path = format!("/invitation/{token}");
        // What is wrong is told on the form, which keeps the key that the phone has by now.
        let fields = [
            ("password", PASSWORD),
            ("again", "something else"),
            ("totp", &totp),
            ("code", "000000"),
        ];
        let wrong = browser.post(&path, &fields).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("两次输入的密码不同"), "{}", wrong.body);
        assert_eq!(wrong.field("totp").as_ref(), Some(&totp));
        assert!(!wrong.body.contains(PASSWORD));
        let fields = [
            ("password", PASSWORD),
            ("again", PASSWORD),
            ("totp", &totp),
            ("code", "000000"),
        ];
        let wrong = browser.post(&path, &fields).await;
        assert!(wrong.body.contains("验证码不对"), "{}", wrong.body);
        // The link is as it was, and gone once it has been used.
        assert_eq!(browser.get(&path).await.status, StatusCode::OK);
    });
}

#[test]
fn a_session_is_a_cookie_that_scripts_and_other_sites_do_not_get() {
    let house = House::new();
    block_on(async {
        let totp = house.enrolled("wang", Role::Officer, "990121").await;
        let mut browser = house.browser();
        let seen = browser
            .sign_in(
                "wang",
                &totp.code(kandeng_platform::Clock::now(&*house.clock)),
            )
            .await;
        assert_eq!(seen.status, StatusCode::SEE_OTHER);
        let cookie = seen.header("set-cookie");
        for part in [
            "__Host-session=",
            "Path=/",
            "Secure",
            "HttpOnly",
            "SameSite=Lax",
        ] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains("Domain"));
        assert_eq!(browser.get("/account").await.status, StatusCode::OK);
        let kept = browser.cookie.clone();
        let token = browser.token().await;
        let out = browser.post("/sign-out", &[("form_token", &token)]).await;
        assert_eq!(out.status, StatusCode::SEE_OTHER);
        assert!(browser.cookie.is_none());
        // Whoever kept the cookie has nothing of it.
        browser.cookie = kept;
        assert_eq!(
            browser.get("/account").await.status,
            StatusCode::UNAUTHORIZED
        );
    });
}

#[test]
fn a_wrong_login_a_wrong_password_and_a_wrong_code_look_the_same() {
    let house = House::new();
    block_on(async {
        let totp = house.enrolled("wang", Role::Officer, "990121").await;
        let code = totp.code(kandeng_platform::Clock::now(&*house.clock));
        let mut browser = house.browser();
        let mut bodies = Vec::new();
        for (login, password, code) in [
            ("nobody", PASSWORD, code.as_str()),
            ("wang", "wrong", code.as_str()),
            ("wang", PASSWORD, "000000"),
        ] {
            let fields = [("login", login), ("password", password), ("code", code)];
            let seen = browser.post("/sign-in", &fields).await;
            assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert_eq!(seen.header("set-cookie"), "");
            assert!(!seen.body.contains(password));
            bodies.push(seen.body.replace(login, "LOGIN"));
        }
        assert!(bodies.iter().all(|body| *body == bodies[0]));
    });
}

#[test]
fn a_form_of_another_site_or_session_is_not_taken() {
    let house = House::new();
    block_on(async {
        let mut browser = house.signed_in("wang", Role::Administrator, "990121").await;
        let mut other = house.signed_in("li", Role::Administrator, "990121").await;
        let (token, others) = (browser.token().await, other.token().await);
        assert_ne!(token, others);
        for (token, why) in [("", "none"), (others.as_str(), "another session's")] {
            let fields = [("form_token", token)];
            let seen = browser.post("/account/sign-out-everywhere", &fields).await;
            assert_eq!(seen.status, StatusCode::FORBIDDEN, "{why}");
        }
        // From another site, with everything right: a browser says where a form comes from.
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://elsewhere.example"),
        ] {
            let request = Request::builder()
                .method(Method::POST)
                .uri("/account/sign-out-everywhere")
                .header(name, value)
                .header(header::ACCEPT, "text/html")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            let seen = browser.send(request, format!("form_token={token}")).await;
            assert_eq!(seen.status, StatusCode::FORBIDDEN, "{name}");
        }
        assert_eq!(browser.get("/account").await.status, StatusCode::OK);
    });
}

#[test]
fn a_form_sent_after_the_session_ended_comes_back_once_one_is_signed_in_again() {
    let house = House::new();
    block_on(async {
        let totp = house.enrolled("wang", Role::Administrator, "990121").await;
        let now = || kandeng_platform::Clock::now(&*house.clock);
        let mut browser = house.browser();
        browser.sign_in("wang", &totp.code(now())).await;
        let token = browser.token().await;
        house.later(13 * 3_600);
        let typed = [
            ("form_token", token.as_str()),
            ("name", "赵 \"六\" & <b>"),
            ("login", "zhao"),
            ("role", "clerk"),
            ("jurisdiction", "990121003001"),
            ("language", "zh"),
        ];
        let ended = browser.post("/people", &typed).await;
        assert_eq!(ended.status, StatusCode::UNAUTHORIZED);
        assert!(ended.body.contains("已保留"), "{}", ended.body);
        let carried = ended.field("carried").unwrap();
        assert!(!carried.contains(&token));
        let code = totp.code(now());
        let fields = [
            ("login", "wang"),
            ("password", PASSWORD),
            ("code", code.as_str()),
            ("to", "/people"),
            ("carried", carried.as_str()),
        ];
        let resume = browser.post("/sign-in", &fields).await;
        assert_eq!(resume.status, StatusCode::OK, "{}", resume.body);
        assert!(resume.body.contains("action=\"/people\""));
        assert!(resume.body.contains("赵") && !resume.body.contains("<b>"));
        let token = resume.field("form_token").unwrap();
        let again: Vec<(&str, &str)> = [("form_token", token.as_str())]
            .into_iter()
            .chain(typed[1..].iter().copied())
            .collect();
        let sent = browser.post("/people", &again).await;
        assert!(sent.body.contains("/invitation/"), "{}", sent.body);
    });
}

#[test]
fn nobody_is_sent_to_another_site_after_signing_in() {
    let house = House::new();
    block_on(async {
        let totp = house.enrolled("wang", Role::Officer, "990121").await;
        for to in [
            "https://elsewhere.example/",
            "//elsewhere.example",
            "/\\elsewhere.example",
        ] {
            house.later(60);
            let code = totp.code(kandeng_platform::Clock::now(&*house.clock));
            let fields = [
                ("login", "wang"),
                ("password", PASSWORD),
                ("code", code.as_str()),
                ("to", to),
            ];
            let seen = house.browser().post("/sign-in", &fields).await;
            assert_eq!(seen.header("location"), "/", "{to}");
        }
    });
}

#[test]
fn administrators_mind_people_within_their_reach_and_never_themselves() {
    let house = House::new();
    block_on(async {
        let mut admin = house
            .signed_in("admin", Role::Administrator, "990121003")
            .await;
        let token = admin.token().await;
        let fields = |place: &'static str| {
            vec![
                ("form_token", token.clone()),
                ("name", "钱七".to_owned()),
                ("login", format!("qian{place}")),
                ("role", "clerk".to_owned()),
                ("jurisdiction", place.to_owned()),
                ("language", "zh".to_owned()),
            ]
        };
        let post =
            async |admin: &mut support::Browser<'_>, path: &str, fields: Vec<(&str, String)>| {
                let fields: Vec<(&str, &str)> = fields
                    .iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    .collect();
                admin.post(path, &fields).await
            };
        let beyond = post(&mut admin, "/people", fields("990121")).await;
        assert!(
            beyond.body.contains("不是您辖区内的区划代码"),
            "{}",
            beyond.body
        );
        let within = post(&mut admin, "/people", fields("990121003001")).await;
        assert!(within.body.contains("/invitation/"), "{}", within.body);
        assert!(within.body.contains("钱七"));
        // Themselves: as if there were no such thing.
        let own: String = house
            .site
            .platform()
            .query(|connection| {
                connection.query_row(
                    "select account from account_grants where role = 'administrator'",
                    [],
                    |row| row.get(0),
                )
            })
            .unwrap();
        let grant = vec![
            ("form_token", token.clone()),
            ("role", "officer".to_owned()),
            ("jurisdiction", "990121003".to_owned()),
        ];
        let seen = post(&mut admin, &format!("/people/{own}/grant"), grant).await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND);
        // And who lies outside is not there either.
        house.invited("far", Role::Officer, "990121").await;
        let far: String = house
            .site
            .platform()
            .query(|connection| {
                connection.query_row(
                    "select account from account_grants where role = 'officer'",
                    [],
                    |row| row.get(0),
                )
            })
            .unwrap();
        let link = vec![("form_token", token.clone())];
        let seen = post(&mut admin, &format!("/people/{far}/link"), link).await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND);
        assert!(!admin.get("/people").await.body.contains("王far"));
    });
}

#[test]
fn programs_get_a_problem_document_and_people_a_page() {
    let house = House::new();
    block_on(async {
        let mut browser = house.browser();
        let request = Request::builder()
            .uri("/api/nothing")
            .header(header::ACCEPT_LANGUAGE, "en");
        let seen = browser.send(request, String::new()).await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND);
        assert_eq!(seen.header("content-type"), "application/problem+json");
        for part in [
            "\"type\":\"/problems/not-found\"",
            "\"status\":404",
            "There is no such page",
        ] {
            assert!(seen.body.contains(part), "{}", seen.body);
        }
        let page = browser.get("/nothing").await;
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(page.body.contains("没有这个页面"));
        // The number is the one in the log.
        assert!(page.body.contains(page.header("x-request-id")));
    });
}

#[test]
fn what_is_too_large_or_no_form_is_refused_kindly() {
    let house = House::new();
    block_on(async {
        let mut browser = house.browser();
        let long = "x".repeat(3 << 20);
        let seen = browser.post("/sign-in", &[("login", long.as_str())]).await;
        assert_eq!(seen.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", seen.body);
        assert!(seen.body.contains("内容太大"));
        let request = Request::builder()
            .method(Method::POST)
            .uri("/sign-in")
            .header(header::ACCEPT, "text/html")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/json");
        let seen = browser.send(request, "{}".to_owned()).await;
        assert_eq!(seen.status, StatusCode::BAD_REQUEST);
        let request = Request::builder().method(Method::DELETE).uri("/sign-in");
        let seen = browser
            .send(
                request.header("sec-fetch-site", "same-origin"),
                String::new(),
            )
            .await;
        assert_eq!(seen.status, StatusCode::METHOD_NOT_ALLOWED);
    });
}

#[test]
fn assets_are_kept_for_ever_under_the_name_of_what_they_hold() {
    let house = House::new();
    block_on(async {
        let mut browser = house.browser();
        let page = browser.get("/sign-in").await;
        let style = page.body.split_once("href=\"/assets/").unwrap().1;
        let style = format!("/assets/{}", style.split_once('"').unwrap().0);
        let seen = browser.get(&style).await;
        assert_eq!(seen.status, StatusCode::OK);
        assert!(seen.header("cache-control").contains("immutable"));
        assert!(seen.header("content-type").starts_with("text/css"));
        assert_eq!(
            browser.get("/assets/kandeng.css").await.status,
            StatusCode::NOT_FOUND
        );
    });
}
