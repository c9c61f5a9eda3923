//! What somebody with a browser and bad intent sends to every route: ids of things in another county, and forms that no
//! page of theirs made.

use axum::http::{Method, Request, StatusCode, header};
use kandeng_platform::account::{Account, Grant, GrantRole, Role};
use kandeng_platform::page::{Access, Declared};

use super::County;
use super::support::{Browser, House, Seen, block_on};
use super::worked::{Worked, people, worked};

/// Another county than that of the projects.
const ELSEWHERE: &str = "990122";

/// An id that nothing has.
const NOTHING: &str = "01890a5d-ac96-774b-bcce-000000000001";

/// A route's path about the thing that is there; nothing where its id is of no thing of a county.
fn about(route: &Declared, of: &Worked) -> Option<String> {
    let things = [
        ("/supervise/projects/{id}", &of.project),
        ("/supervise/flags/{id}", &of.confided),
        ("/supervise/cases/{id}", &of.case),
        ("/supervise/questions/{id}", &of.question),
        ("/supervise/import/{id}", &of.report),
        ("/supervise/desk/views/{id}", &of.view),
        ("/supervise/registers/{id}", &of.register),
        ("/people/{id}", &of.account),
    ];
    // Programs find the same things under /api.
    let plain = route.path.strip_prefix("/api").unwrap_or(route.path);
    let plain = plain
        .replace("/supervise/imports/", "/supervise/import/")
        .replace("/supervise/views/", "/supervise/desk/views/");
    let found = things
        .into_iter()
        .find(|(start, _)| plain.starts_with(start));
    let id = found.and_then(|(_, path)| path.rsplit('/').next());
    id.map(|id| filled(&route.path.replacen("{id}", id, 1)))
}

fn is_of_the_api(path: &str) -> bool {
    path.starts_with("/api/")
}

/// With something in the place of the other named parts.
fn filled(path: &str) -> String {
    path.replace("{id}", NOTHING)
        .replace("{category}", "profile")
        .replace("{item}", "name")
        .replace("{code}", "99012120260001")
        .replace("{file}", &"ab".repeat(32))
        .replace("{rule}", "K29")
        .replace("{token}", "nothing")
}

/// Somebody who has every role in a place.
async fn mighty<'h>(house: &'h House, login: &str, place: &str) -> Browser<'h> {
    let browser = house.signed_in(login, Role::Administrator, place).await;
    let account = house.newest_account().await;
    for role in Role::ALL {
        let grant = GrantRole(Grant {
            role,
            jurisdiction: place.to_owned(),
        });
        let platform = house.site.platform();
        let cx = house.cx();
        let done = platform.carry_out::<Account, _>(account, grant, &cx);
        done.await.unwrap();
    }
    browser
}

async fn ask(browser: &mut Browser<'_>, method: &Method, path: &str, token: &str) -> Seen {
    if method.is_safe() {
        return browser.get(path).await;
    }
    if is_of_the_api(path) {
        let request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header(header::ACCEPT, "application/json")
            .header("sec-fetch-site", "same-origin")
            .header("x-form-token", token)
            .header(header::CONTENT_TYPE, "application/json");
        return browser.send(request, "{}".to_owned()).await;
    }
    let fields = [
        ("form_token", token),
        ("reason", "看看"),
        ("note", "看看"),
        ("role", "clerk"),
        ("jurisdiction", ELSEWHERE),
    ];
    browser.post(path, &fields).await
}

fn size(county: &County) -> u64 {
    let ledger = county.house.site.platform().ledger();
    ledger.checkpoint().unwrap().size
}

#[test]
fn what_has_an_id_in_another_county_is_not_there_whatever_is_asked_of_it() {
    block_on(async {
        let county = County::new().await;
        let of = worked(&county, &mut people(&county.house).await).await;
        let mut other = mighty(&county.house, "wu", ELSEWHERE).await;
        let token = other.token().await;
        let stood = size(&county);
        let mut walked = 0;
        for route in &county.house.declared {
            let Access::Asks(_) = route.access else {
                continue;
            };
            let Some(path) = about(route, &of) else {
                // Every route with an id is about one of these things.
                assert!(!route.path.contains("{id}"), "{}", route.path);
                continue;
            };
            let seen = ask(&mut other, &route.method, &path, &token).await;
            assert_eq!(
                seen.status,
                StatusCode::NOT_FOUND,
                "{} {path}",
                route.method
            );
            // Not even by a word may it be told from what is nowhere.
            let nowhere = filled(route.path);
            let none = ask(&mut other, &route.method, &nowhere, &token).await;
            let shown = |seen: &Seen, path: &str| {
                let body = seen.body.replace(seen.header("x-request-id"), "");
                body.replace(path, "")
            };
            assert_eq!(shown(&seen, &path), shown(&none, &nowhere), "{path}");
            walked += 1;
        }
        assert!(walked > 35, "{walked}");
        assert_eq!(size(&county), stood);
        // They are there for whoever works in that county.
        let mut here = mighty(&county.house, "zheng", "990121").await;
        for path in [&of.project, &of.confided, &of.case] {
            assert_eq!(here.get(path).await.status, StatusCode::OK, "{path}");
        }
        // Nor does a token of somebody else's end when it is told to.
        let token = other.token().await;
        let withdraw = format!("{}/withdraw", of.key);
        other.post(&withdraw, &[("form_token", &token)]).await;
        let left = "select count(*) from account_keys";
        let left: i64 = (county.house.site.platform())
            .query(|connection| connection.query_row(left, [], |row| row.get(0)))
            .unwrap();
        assert_eq!(left, 1);
    });
}

/// Sends a form as a browser would, from there.
async fn sent_from(
    browser: &mut Browser<'_>,
    site: &str,
    (method, path): (&Method, &str),
    token: &str,
) -> Seen {
    let request = Request::builder()
        .method(method.clone())
        .uri(path)
        .header(header::ACCEPT, "text/html")
        .header("sec-fetch-site", site)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let body = format!("form_token={token}&reason=x&note=x");
    browser.send(request, body).await
}

#[test]
fn no_form_that_was_forged_or_replayed_is_taken_on_any_route() {
    block_on(async {
        let county = County::new().await;
        let mut theirs = people(&county.house).await;
        let of = worked(&county, &mut theirs).await;
        theirs.push(mighty(&county.house, "wu", "99").await);
        // A session of each that ended, and its token: what somebody has recorded.
        let mut old = Vec::new();
        for browser in &mut theirs[1..] {
            old.push(browser.token().await);
        }
        let stood = size(&county);
        let mut refused = 0;
        for route in county
            .house
            .declared
            .iter()
            .filter(|one| !one.method.is_safe())
        {
            let path = about(route, &of).unwrap_or_else(|| filled(route.path));
            // Another site, whatever it knows.
            for (browser, token) in theirs[1..].iter_mut().zip(&old) {
                for site in ["cross-site", "same-site"] {
                    let seen = sent_from(browser, site, (&route.method, &path), token).await;
                    assert_eq!(seen.status, StatusCode::FORBIDDEN, "{site} {path}");
                }
            }
            if route.access == Access::Public {
                continue;
            }
            // A page of ours, as it seems, without the session's token or with that of somebody else's.
            let mut may = 0;
            for place in 0..old.len() {
                let others = &old[(place + 1) % old.len()];
                for token in ["", "guessed", others] {
                    let browser = &mut theirs[place + 1];
                    let asked = (&route.method, &*path);
                    let seen = sent_from(browser, "same-origin", asked, token).await;
                    match seen.status {
                        StatusCode::FORBIDDEN => may += 1,
                        // It is not theirs to begin with.
                        status => assert_eq!(status, StatusCode::NOT_FOUND, "{path}"),
                    }
                }
            }
            // What a program does with nothing in its hands is not there for it, mostly.
            let is_tried = may >= 3 || is_of_the_api(&path);
            assert!(is_tried, "nobody may do {path}: it was not tried");
            refused += 1;
        }
        assert!(refused > 45, "{refused}");
        assert_eq!(size(&county), stood);
        // Signed in again, what an earlier session recorded is worth nothing.
        let officer = &mut theirs[super::worked::OFFICER];
        let token = officer.token().await;
        officer.post("/sign-out", &[("form_token", &token)]).await;
        county.house.later(60);
        let mut again = county.house.signed_in("xu", Role::Officer, "990121").await;
        let dismiss = format!("{}/dismiss", of.flag);
        let replayed =
            sent_from(&mut again, "same-origin", (&Method::POST, &dismiss), &token).await;
        assert_eq!(replayed.status, StatusCode::FORBIDDEN);
        // The very request that was good once, after its session ended.
        let replayed = sent_from(officer, "same-origin", (&Method::POST, &dismiss), &token).await;
        assert_eq!(replayed.status, StatusCode::UNAUTHORIZED);
    });
}
