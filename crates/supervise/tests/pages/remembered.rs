//! Pages are remembered until something happens: everybody is shown what they may see as it stands, and nothing of
//! anybody else's.

use axum::http::StatusCode;
use kandeng_platform::account::{Account, Grant, Role, WithdrawRole};

use super::support::{Browser, block_on};
use super::worked::{AUDITOR, CLERK, MANAGER, OFFICER, people, worked};
use super::{County, form, send};

/// A page as somebody sees it. Of one that is not there the number of the request differs each time.
async fn look(browser: &mut Browser<'_>, path: &str) -> (StatusCode, String) {
    let seen = browser.get(path).await;
    let is_there = seen.status == StatusCode::OK;
    (
        seen.status,
        if is_there { seen.body } else { String::new() },
    )
}

/// What everybody sees on every page, in their order.
async fn looked(people: &mut [Browser<'_>], paths: &[&str]) -> Vec<(StatusCode, String)> {
    let mut seen = Vec::new();
    for browser in people {
        for path in paths {
            seen.push(look(browser, path).await);
        }
    }
    seen
}

#[test]
fn whoever_looks_sees_what_they_would_see_if_nobody_had_looked_before() {
    block_on(async {
        let county = County::new().await;
        let house = &county.house;
        let mut all = people(house).await;
        let of = worked(&county, &mut all).await;
        for (login, role, place) in [
            // The doubts lie in the one township, and not in the other.
            ("east", Role::Officer, "990121003"),
            ("west", Role::Officer, "990121004"),
            ("vouch", Role::Reviewer, "990121003"),
            ("line", Role::Department, "990121"),
            ("next", Role::Officer, "990121"),
            ("abroad", Role::Officer, "990121"),
        ] {
            all.push(house.signed_in(login, role, place).await);
        }
        // One of two who may see the same reads English.
        all.last_mut().unwrap().language = Some("en".to_owned());
        let paths = [
            "/supervise/desk",
            "/supervise/desk?severity=low",
            &of.project,
        ];
        let mut alone = Vec::new();
        for browser in &mut all {
            // What they did last was told already.
            browser.told = None;
            for path in &paths {
                // Half a minute later nothing is remembered.
                house.later(30);
                alone.push(look(browser, path).await);
            }
        }
        house.later(30);
        let first = looked(&mut all, &paths).await;
        let again = looked(&mut all, &paths).await;
        all.reverse();
        house.later(30);
        looked(&mut all, &paths).await;
        all.reverse();
        let after_others = looked(&mut all, &paths).await;
        for (number, alone) in alone.iter().enumerate() {
            let who = format!(
                "{} on {}",
                number / paths.len(),
                paths[number % paths.len()]
            );
            for with_others in [&first, &again, &after_others] {
                let mut lines = alone.1.lines().zip(with_others[number].1.lines());
                assert_eq!(lines.find(|(one, other)| one != other), None, "{who}");
                assert!(*alone == with_others[number], "{who} sees another page");
            }
        }
        // There is something to see, and it differs.
        let shown = |number: usize, path: usize| &alone[number * paths.len() + path];
        let count = all.len();
        let projects: Vec<&str> = (0..count)
            .map(|number| &*shown(number, 2).1)
            .filter(|page| !page.is_empty())
            .collect();
        let differ: std::collections::BTreeSet<&str> = projects.iter().copied().collect();
        assert!(differ.len() == projects.len() && differ.len() > 7);
        let [east, west, next, abroad] = [6, 7, 10, 11].map(|number| &*shown(number, 0).1);
        assert!(east.contains(&of.project) && !west.contains(&of.project));
        assert!(
            next.contains("<h1>待核疑点项目</h1>") && abroad.contains("<h1>Projects in doubt</h1>")
        );
        // The officer's view is theirs alone.
        let has_view = |number: &usize| shown(*number, 0).1.contains("/supervise/desk/views/");
        assert_eq!((0..count).filter(has_view).collect::<Vec<_>>(), [OFFICER]);
        // Doubts are officers' to see.
        for (number, sees) in [(CLERK, false), (OFFICER, true), (AUDITOR, true)] {
            let (status, page) = shown(number, 2);
            assert_eq!(*status, StatusCode::OK, "{page}");
            assert_eq!(page.contains("/supervise/flags/"), sees, "{number}");
        }
    });
}

#[test]
fn a_page_that_was_remembered_has_the_tokens_and_names_of_whoever_looks() {
    block_on(async {
        let county = County::new().await;
        let mut all = people(&county.house).await;
        let of = worked(&county, &mut all).await;
        county.house.later(60);
        let more = county.house.signed_in("wu", Role::Officer, "990121").await;
        all.push(more);
        // Of two officers with the same roles both are given the same part.
        for path in ["/supervise/desk?severity=low", &*of.project] {
            let mut tokens = Vec::new();
            for (who, name) in [(OFFICER, "王li"), (all.len() - 1, "王wu")] {
                let token = all[who].token().await;
                let page = all[who].get(path).await.body;
                let fields = page.matches("name=\"form_token\"").count();
                assert!(
                    fields > 0 && page.matches(&*token).count() == fields,
                    "{path}"
                );
                assert!(page.contains(&format!("<a href=\"/account\">{name}</a>")));
                tokens.push((token, page));
            }
            let [(one, ones), (other, others)] = tokens.try_into().unwrap();
            assert!(one != other && !ones.contains(&other) && !others.contains(&one));
            assert!(!ones.contains("/account\">王wu") && !others.contains("/account\">王li"));
        }
    });
}

#[test]
fn what_was_done_is_seen_by_everybody_at_once() {
    block_on(async {
        let county = County::new().await;
        let mut all = people(&county.house).await;
        let of = worked(&county, &mut all).await;
        let paths = ["/supervise/desk", &*of.project];
        let before = looked(&mut all, &paths).await;
        // The clerk names the project otherwise.
        let profile = format!("{}/items/profile", of.project);
        let shown = all[CLERK].get(&profile).await;
        let named = form(&shown, &[("f.name", "石泉村新路")]);
        let saved = send(&mut all[CLERK], &profile, &named).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        let after = looked(&mut all, &paths).await;
        let tells = |seen: &[(StatusCode, String)], what: &str| -> Vec<bool> {
            seen.iter().map(|(_, page)| page.contains(what)).collect()
        };
        assert!(!tells(&before, "石泉村新路").contains(&true));
        for who in [OFFICER, MANAGER, AUDITOR] {
            for page in 0..paths.len() {
                let (_, page) = &after[who * paths.len() + page];
                assert!(page.contains("石泉村新路"), "{who}: {page}");
            }
        }
        // A doubt that was dismissed is gone from both.
        let stood = tells(&after, &of.flag);
        assert!(
            stood[OFFICER * 2 + 1] && stood[AUDITOR * 2 + 1],
            "{stood:?}"
        );
        let token = all[OFFICER].token().await;
        let fields = [
            ("form_token", &*token),
            ("reason", "unfounded"),
            ("note", "看过了"),
        ];
        let dismiss = format!("{}/dismiss", of.flag);
        let done = all[OFFICER].post(&dismiss, &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        all[OFFICER].told = None;
        let after = looked(&mut all, &paths).await;
        assert!(!tells(&after, &of.flag).contains(&true));
    });
}

#[test]
fn how_long_there_is_until_a_deadline_is_told_as_of_now() {
    block_on(async {
        let county = County::new().await;
        let mut all = people(&county.house).await;
        worked(&county, &mut all).await;
        let mut told = Vec::new();
        for _ in 0..3 {
            let page = all[OFFICER].get("/supervise/desk").await.body;
            // From one hour to the next, since a session that is not used ends.
            for _ in 0..24 {
                county.house.later(3_600 - 1);
                all[OFFICER].get("/account").await;
            }
            told.push(page);
        }
        let days = |page: &str| -> Vec<String> {
            let cells = page.lines().filter(|line| {
                line.starts_with("<td>") && line.contains(" 天<") && !line.contains("<a ")
            });
            cells.map(str::to_owned).collect()
        };
        let told: Vec<Vec<String>> = told.iter().map(|page| days(page)).collect();
        assert!(!told[0].is_empty() && told[0] != told[1], "{told:?}");
    });
}

#[test]
fn a_session_that_ended_sees_nothing_that_is_remembered_and_a_role_that_was_withdrawn_neither() {
    block_on(async {
        let county = County::new().await;
        let mut all = people(&county.house).await;
        let of = worked(&county, &mut all).await;
        let paths = ["/supervise/desk", &*of.project];
        let code = "9901212026";
        for who in [OFFICER, MANAGER, AUDITOR] {
            for path in paths {
                assert!(all[who].get(path).await.body.contains(code));
            }
        }
        // Signed out: the cookie that was good is none.
        let officer = &mut all[OFFICER];
        let (token, cookie) = (officer.token().await, officer.cookie.clone());
        officer.post("/sign-out", &[("form_token", &token)]).await;
        officer.cookie = cookie;
        for path in paths {
            let page = officer.get(path).await;
            assert_eq!(page.status, StatusCode::UNAUTHORIZED);
            assert!(!page.body.contains(code) && !page.body.contains(&token));
        }
        // Without the role.
        let account: String = county
            .house
            .site
            .platform()
            .query(|of| {
                let auditor = "select account from account_grants where role = 'auditor'";
                of.query_row(auditor, [], |row| row.get(0))
            })
            .unwrap();
        let grant = Grant {
            role: Role::Auditor,
            jurisdiction: "990121".to_owned(),
        };
        let withdrawn = county.house.site.platform();
        withdrawn
            .carry_out::<Account, _>(
                account.parse().unwrap(),
                WithdrawRole(grant),
                &county.house.cx(),
            )
            .await
            .unwrap();
        for path in paths {
            let page = all[AUDITOR].get(path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND);
            assert!(!page.body.contains(code));
        }
        // Left for an hour, although nothing has happened since it was remembered.
        assert_eq!(all[MANAGER].get(paths[0]).await.status, StatusCode::OK);
        county.house.later(3_600);
        let page = all[MANAGER].get(paths[0]).await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED);
        assert!(!page.body.contains(code));
    });
}
