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
        .replace("{*name}", "nothing")
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
                    // It may lack a field, and it is theirs to send.
                    let theirs_to_send = ![401, 403, 404].contains(&theirs.status.as_u16());
                    assert!(theirs_to_send, "{shown}: {}", theirs.status);
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
fn nothing_is_changed_by_what_no_page_of_this_session_sent() {
    let house = House::new();
    block_on(async {
        let mut mighty = house.mighty("wang").await;
        house.invited("li", Role::Clerk, "990121003001").await;
        let other = house.newest_account().await.to_string();
        let mut asked = 0;
        for route in &house.declared {
            if route.method.is_safe() || route.access == Access::Public {
                continue;
            }
            // Somebody who is there, and whom they may change.
            let path = filled(&route.path.replace("{id}", &other));
            let seen = mighty.post(&path, &[("form_token", "guessed")]).await;
            assert_eq!(seen.status, StatusCode::FORBIDDEN, "{path}");
            asked += 1;
        }
        assert!(asked > 8, "{asked}");
        assert_eq!(mighty.get("/account").await.status, StatusCode::OK);
    });
}

#[test]
fn a_form_of_an_older_session_is_not_taken_and_comes_back_to_be_sent_again() {
    let house = House::new();
    block_on(async {
        let totp = house.enrolled("wang", Role::Administrator, "990121").await;
        let now = || kandeng_platform::Clock::now(&*house.clock);
        let mut browser = house.browser();
        browser.sign_in("wang", &totp.code(now())).await;
        let old = browser.token().await;
        house.later(60);
        // Signed in again, perhaps in another window, while the form stood open.
        browser.cookie = None;
        browser.sign_in("wang", &totp.code(now())).await;
        let fields = [
            ("form_token", old.as_str()),
            ("name", "赵 <六>"),
            ("login", "zhao"),
            ("role", "clerk"),
            ("jurisdiction", "990121003001"),
            ("language", "zh"),
        ];
        let seen = browser.post("/people", &fields).await;
        assert_eq!(seen.status, StatusCode::FORBIDDEN);
        assert!(seen.body.contains("action=\"/people\"") && seen.body.contains("zhao"));
        assert!(!seen.body.contains("<六>"), "{}", seen.body);
        assert!(!browser.get("/people").await.body.contains("zhao"));
        let token = seen.field("form_token").unwrap();
        assert_ne!(token, old);
        let again: Vec<(&str, &str)> = [("form_token", token.as_str())]
            .into_iter()
            .chain(fields[1..].iter().copied())
            .collect();
        let sent = browser.post("/people", &again).await;
        assert!(sent.body.contains("/invitation/"), "{}", sent.body);
        // From elsewhere nothing comes back that could be sent by mistake.
        let request = Request::builder()
            .method(Method::POST)
            .uri("/people")
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let seen = browser.send(request, "login=evil".to_owned()).await;
        assert_eq!(seen.status, StatusCode::FORBIDDEN);
        assert!(!seen.body.contains("evil"));
    });
}

#[test]
fn what_was_typed_of_somebody_new_stays_when_it_is_refused() {
    let house = House::new();
    block_on(async {
        let mut admin = house
            .signed_in("admin", Role::Administrator, "990121")
            .await;
        let token = admin.token().await;
        let fields = [
            ("form_token", token.as_str()),
            ("name", "钱七"),
            ("login", "qian"),
            ("role", "department"),
            ("jurisdiction", "12345"),
            ("language", "en"),
        ];
        let seen = admin.post("/people", &fields).await;
        for part in [
            "value=\"钱七\"",
            "value=\"qian\"",
            "value=\"12345\"",
            "<option value=\"department\" selected>",
            "<option value=\"en\" selected>",
        ] {
            assert!(seen.body.contains(part), "{part}: {}", seen.body);
        }
    });
}

#[test]
fn what_was_done_is_told_once() {
    let house = House::new();
    block_on(async {
        let mut admin = house
            .signed_in("admin", Role::Administrator, "990121")
            .await;
        house.invited("li", Role::Clerk, "990121003001").await;
        let other = house.newest_account().await;
        let token = admin.token().await;
        let fields = [
            ("form_token", token.as_str()),
            ("role", "reviewer"),
            ("jurisdiction", "990121003"),
        ];
        let seen = admin.post(&format!("/people/{other}/grant"), &fields).await;
        assert_eq!(seen.header("location"), "/people");
        let page = admin.get("/people").await;
        assert!(page.body.contains("已保存"), "{}", page.body);
        assert!(!admin.get("/people").await.body.contains("已保存"));
        // A name that no text has says nothing.
        admin.told = Some("<script>".to_owned());
        let page = admin.get("/people").await;
        assert!(!page.body.contains("class=\"flash\""), "{}", page.body);
    });
}

#[test]
fn somebody_reads_in_the_other_language_on_this_browser() {
    let house = House::new();
    block_on(async {
        let mut browser = house.browser();
        let page = browser.get("/sign-in").await;
        assert!(page.body.contains("lang=\"zh-CN\"") && page.body.contains(">English<"));
        let plain = [("language", "en"), ("to", "/sign-in")];
        let chosen = browser.post("/language", &plain).await;
        assert_eq!(chosen.header("location"), "/sign-in");
        browser.language = None;
        // What was filtered stays in the other language.
        let page = browser.get("/sign-in?to=%2Fpeople").await;
        assert!(
            page.body
                .contains("name=\"to\" value=\"/sign-in?to=%2Fpeople\""),
            "{}",
            page.body
        );
        let chosen = browser
            .post(
                "/language",
                &[("language", "en"), ("to", "/sign-in?to=%2Fpeople")],
            )
            .await;
        assert_eq!(chosen.header("location"), "/sign-in?to=%2Fpeople");
        assert!(
            browser
                .get("/sign-in")
                .await
                .body
                .contains("<html lang=\"en\">")
        );
        let mut admin = house
            .signed_in("admin", Role::Administrator, "990121")
            .await;
        admin.language = browser.language.clone();
        // Above what the account says, which is Chinese.
        assert!(
            admin
                .get("/people")
                .await
                .body
                .contains("<html lang=\"en\">")
        );
        let nothing = browser.post("/language", &[("language", "tlh")]).await;
        assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn auditors_see_who_looked_at_what_within_their_reach() {
    let house = House::new();
    block_on(async {
        house.invited("officer", Role::Officer, "990121").await;
        let officer = house.newest_account().await;
        let case = house.site.platform().new_id();
        for (place, reason) in [("990121003", "核实 <办件>"), ("990122003", "elsewhere")] {
            let cx = kandeng_platform::Context {
                actor: officer,
                jurisdiction: place.to_owned(),
                ..house.cx()
            };
            let platform = house.site.platform();
            platform
                .note_reading(case, "case", reason, &cx)
                .await
                .unwrap();
            let refused = platform.note_reading(case, "case", " ", &cx).await;
            assert!(refused.is_err());
        }
        let mut auditor = house.signed_in("auditor", Role::Auditor, "990121").await;
        let page = auditor.get("/readings").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("王officer") && page.body.contains("办件"));
        assert!(page.body.contains("核实 &#60;办件&#62;"), "{}", page.body);
        assert!(!page.body.contains("elsewhere"));
        let narrowed = auditor.get(&format!("/readings?actor={case}")).await;
        assert!(!narrowed.body.contains("王officer"));
        let wrong = auditor.get("/readings?before=yesterday").await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
        let mut officer = house.signed_in("li", Role::Officer, "990121").await;
        assert_eq!(officer.get("/readings").await.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn programs_come_with_tokens_that_lapse_and_may_be_for_reading_alone() {
    let house = House::new();
    block_on(async {
        let mut auditor = house.signed_in("auditor", Role::Auditor, "990121").await;
        let token = auditor.token().await;
        let make = [
            ("form_token", token.as_str()),
            ("label", "月报"),
            ("days", "30"),
        ];
        let wrong = [
            ("form_token", token.as_str()),
            ("label", "月报"),
            ("days", "0"),
        ];
        let refused = auditor.post("/account/keys", &wrong).await;
        assert!(refused.body.contains("有效期应为") && refused.body.contains("value=\"月报\""));
        let page = auditor.post("/account/keys", &make).await;
        let key = page.body.split_once("<code>").unwrap().1;
        let key = key.split_once('<').unwrap().0.to_owned();
        assert!(auditor.get("/account/keys").await.body.contains("月报"));
        assert!(!auditor.get("/account/keys").await.body.contains(&key));
        let mut program = house.browser();
        program.bearer = Some(key);
        let me = program.get("/api/me").await;
        assert_eq!(me.status, StatusCode::OK, "{}", me.body);
        for part in ["\"role\":\"auditor\"", "\"scopes\":[]"] {
            assert!(me.body.contains(part), "{}", me.body);
        }
        assert_eq!(program.get("/api/readings").await.status, StatusCode::OK);
        // Pages are for people.
        assert_eq!(
            program.get("/account").await.status,
            StatusCode::UNAUTHORIZED
        );
        house.later(31 * 86_400);
        assert_eq!(
            program.get("/api/me").await.status,
            StatusCode::UNAUTHORIZED
        );
    });
}

#[test]
fn the_document_of_the_api_names_every_route_of_it_and_no_other() {
    let house = House::new();
    block_on(async {
        let mut browser = house.browser();
        let seen = browser.get("/api/openapi.json").await;
        assert_eq!(seen.status, StatusCode::OK);
        let document: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let named: std::collections::BTreeSet<String> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().unwrap().keys();
                methods.map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .collect();
        let declared = house.declared.iter();
        let declared = declared
            .filter(|route| route.path.starts_with("/api/") && route.path != "/api/openapi.json")
            .map(|route| format!("{} {}", route.method, route.path))
            .collect();
        assert_eq!(named, declared);
        let page = browser.get("/api").await;
        assert!(page.body.contains("GET /api/readings") && page.body.contains("ReadingRow"));
        assert!(page.body.contains("只看此账号") && !page.body.contains("By this account"));
        browser.language = Some("en".to_owned());
        let page = browser.get("/api").await;
        assert!(page.body.contains("By this account") && !page.body.contains("只看此账号"));
    });
}

#[test]
fn a_program_is_told_which_field_is_wrong_and_how_to_ask() {
    let house = House::new();
    block_on(async {
        let mut auditor = house.signed_in("shi", Role::Auditor, "990121").await;
        for (query, field) in [
            ("before=soon", "before"),
            ("before=-1", "before"),
            ("actor=li", "actor"),
            ("colour=red", "colour"),
            ("before=1&before=2", "before"),
        ] {
            let seen = auditor.get(&format!("/api/readings?{query}")).await;
            assert_eq!(seen.status, StatusCode::BAD_REQUEST, "{query}");
            let problem: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
            assert_eq!(problem["field"], field, "{query}");
        }
        let seen = auditor.get("/api/readings?before=0").await;
        assert_eq!(seen.body, "{\"readings\":[],\"next\":null}");
        let stranger = house.browser().get("/api/me").await;
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
        assert_eq!(stranger.header("www-authenticate"), "Bearer");
        let put = Request::builder().method("PUT").uri("/api/me");
        let seen = auditor.send(put, String::new()).await;
        assert_eq!(seen.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(seen.header("allow"), "GET,HEAD");
    });
}

#[test]
fn requests_for_another_name_are_refused_and_life_is_told_to_everybody() {
    let reach = kandeng_server::Reach {
        hosts: vec!["localhost".to_owned()],
        ..kandeng_server::Reach::default()
    };
    let house = House::reached(Vec::new(), reach);
    block_on(async {
        // The test's browser asks for kandeng.example.
        let mut browser = house.browser();
        let seen = browser.get("/sign-in").await;
        assert_eq!(seen.status, StatusCode::MISDIRECTED_REQUEST);
        assert!(seen.body.contains("不是本站的地址"), "{}", seen.body);
        assert_eq!(browser.get("/healthz").await.status, StatusCode::OK);
        assert_eq!(browser.get("/readyz").await.status, StatusCode::OK);
    });
}

#[test]
fn a_browser_keeps_to_tls_once_it_came_by_it() {
    let reach = kandeng_server::Reach {
        secure: true,
        ..kandeng_server::Reach::default()
    };
    let house = House::reached(Vec::new(), reach);
    block_on(async {
        let seen = house.browser().get("/sign-in").await;
        let kept = seen.header("strict-transport-security");
        assert!(kept.starts_with("max-age=31536000"), "{kept}");
    });
}

#[test]
fn every_answer_carries_the_headers_that_keep_a_browser_safe() {
    let house = House::reached(Vec::new(), kandeng_server::Reach::default());
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
            // Browsers leave tabs and line breaks out of addresses.
            "/\t/elsewhere.example",
            "/\n/elsewhere.example",
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
fn a_desk_that_was_left_is_left_although_its_page_asks_for_events() {
    let house = House::new();
    block_on(async {
        let mut browser = house.signed_in("wang", Role::Officer, "990121").await;
        let mut events = async || {
            let request = Request::builder()
                .uri("/account")
                .header(header::ACCEPT, "text/event-stream");
            browser.send(request, String::new()).await.status
        };
        for _ in 0..5 {
            house.later(600);
            assert_eq!(events().await, StatusCode::OK);
        }
        house.later(600);
        assert_eq!(events().await, StatusCode::UNAUTHORIZED);
        assert_eq!(
            browser.get("/account").await.status,
            StatusCode::UNAUTHORIZED
        );
    });
}

#[test]
fn everybody_of_a_large_county_is_on_some_page() {
    let house = House::new();
    block_on(async {
        let mut admin = house
            .signed_in("admin", Role::Administrator, "990121")
            .await;
        for number in 0..205 {
            let login = format!("of{number}");
            house.invited(&login, Role::Clerk, "990121003201").await;
        }
        let first = admin.get("/people").await;
        let rest = first.body.split_once("href=\"/people?after=").unwrap().1;
        let after = rest.split_once('"').unwrap().0;
        let second = admin.get(&format!("/people?after={after}")).await;
        assert!(!second.body.contains("href=\"/people?after="));
        for number in 0..205 {
            let name = format!("王of{number}<");
            let seen = [&first, &second].map(|page| page.body.contains(&name));
            assert_eq!(seen.iter().filter(|seen| **seen).count(), 1, "{name}");
        }
    });
}

#[test]
fn who_sees_people_of_more_than_they_may_invite_to_invites_all_the_same() {
    let house = House::new();
    block_on(async {
        let mut both = house
            .signed_in("both", Role::Administrator, "990121003")
            .await;
        let account = house.newest_account().await;
        let wide = kandeng_platform::account::GrantRole(kandeng_platform::account::Grant {
            role: Role::Auditor,
            jurisdiction: "990121".to_owned(),
        });
        house
            .site
            .platform()
            .carry_out::<kandeng_platform::account::Account, _>(account, wide, &house.cx())
            .await
            .unwrap();
        let token = both.token().await;
        let fields = [
            ("form_token", token.as_str()),
            ("name", "钱七"),
            ("login", "qian"),
            ("role", "clerk"),
            ("jurisdiction", "990121003001"),
            ("language", "zh"),
        ];
        let seen = both.post("/people", &fields).await;
        assert!(seen.body.contains("/invitation/"), "{}", seen.body);
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
        let request = Request::builder()
            .uri(&style)
            .header(header::ACCEPT_ENCODING, "identity");
        let seen = browser.send(request, String::new()).await;
        assert_eq!(seen.status, StatusCode::OK);
        assert!(seen.header("cache-control").contains("immutable"));
        assert!(seen.header("content-type").starts_with("text/css"));
        assert_eq!(seen.header("content-encoding"), "");
        let request = Request::builder()
            .uri(&style)
            .header(header::ACCEPT_ENCODING, "gzip, br");
        let packed = browser.send(request, String::new()).await;
        assert_eq!(packed.header("content-encoding"), "br");
        assert!(packed.header("vary").contains("accept-encoding"));
        assert!(packed.header("content-length").parse::<usize>().unwrap() < seen.body.len());
        let script = page.body.split_once("src=\"/assets/").unwrap().1;
        let script = format!("/assets/{}", script.split_once('"').unwrap().0);
        let script = browser.get(&script).await;
        assert!(script.header("content-type").starts_with("text/javascript"));
        assert_eq!(
            browser.get("/assets/kandeng.css").await.status,
            StatusCode::NOT_FOUND
        );
    });
}
