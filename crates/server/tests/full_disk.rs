//! The disk of a node is full: everything is shown, nothing is saved, nothing is lost, and it ends by itself.

#![allow(clippy::unwrap_used)]

mod support;

use axum::http::{Method, Request, StatusCode, header};
use kandeng_platform::account::Role;
use kandeng_platform::page::Access;
use support::disk::SmallDisk;
use support::{Browser, House, Seen, block_on};

/// What is kept free.
const RESERVE: u64 = 2 << 20;

/// How many accounts and events there are.
fn standing(house: &House) -> (u32, u64) {
    let platform = house.site.platform();
    let accounts = platform.query(|connection| {
        connection.query_row("select count(*) from accounts", [], |row| row.get(0))
    });
    let newest = platform.ledger().checkpoint();
    (accounts.unwrap(), newest.map_or(0, |newest| newest.size))
}

fn somebody(token: &str) -> [(&str, &str); 6] {
    [
        ("form_token", token),
        ("name", "赵 <六>"),
        ("login", "zhao"),
        ("role", "clerk"),
        ("jurisdiction", "990121003001"),
        ("language", "zh"),
    ]
}

/// A house on a small disk that is full, with an administrator whose form has just met that.
async fn full<'h>(disk: &SmallDisk, house: &'h House) -> (Browser<'h>, Seen) {
    let reserve = disk.path().join("reserve");
    house.site.platform().room().keep(reserve.clone(), RESERVE);
    assert!(reserve.exists() && !house.site.platform().room().is_short());
    let mut admin = house.mighty("wang").await;
    let token = admin.token().await;
    disk.fill();
    let met = admin.post("/people", &somebody(&token)).await;
    assert!(!reserve.exists());
    (admin, met)
}

#[test]
fn a_full_disk_makes_pages_read_only_until_there_is_room_and_no_form_is_lost() {
    let Some(disk) = SmallDisk::of(24) else {
        return;
    };
    let house = House::below(disk.path());
    block_on(async {
        let before = house.enrolled("li", Role::Officer, "990121").await;
        let (mut admin, met) = full(&disk, &house).await;
        let stood = standing(&house);
        // The very form that met it comes back, to be sent again.
        assert_eq!(met.status, StatusCode::SERVICE_UNAVAILABLE, "{}", met.body);
        assert_eq!(met.header("retry-after"), "60");
        assert!(met.body.contains("没有保存:磁盘已满"), "{}", met.body);
        assert!(met.body.contains("action=\"/people\"") && met.body.contains("zhao"));
        assert_eq!(met.field("name").unwrap(), "赵 &#60;六&#62;");
        // Every page says so, and is there.
        for path in ["/people", "/account", "/readings"] {
            let page = admin.get(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(page.body.contains("服务器磁盘已满"), "{path}");
        }
        assert!(
            house
                .browser()
                .get("/sign-in")
                .await
                .body
                .contains("服务器磁盘已满")
        );
        admin.language = Some("en".to_owned());
        let page = admin.get("/people").await;
        assert!(
            page.body
                .contains("disk is full. Everything can be looked at"),
            "{}",
            page.body
        );
        assert!(!page.body.contains("zhao"));
        admin.language = None;
        let ready = admin.get("/readyz").await;
        assert!(ready.status == StatusCode::OK && ready.body.contains("read-only"));
        let counted = house.metrics.text(&house.site);
        assert!(counted.contains("\nkandeng_read_only 1\n"), "{counted}");
        // Programs are told in their way.
        let token = admin.token().await;
        let request = Request::builder()
            .method(Method::POST)
            .uri("/people")
            .header(header::ACCEPT, "application/json")
            .header("x-form-token", &token);
        let told = admin.send(request, String::new()).await;
        assert_eq!(told.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(told.header("content-type"), "application/problem+json");
        assert_eq!(told.header("retry-after"), "60");
        assert!(told.body.contains("/problems/no-room"), "{}", told.body);
        assert_eq!(standing(&house), stood);
        // Who comes now signs in: what was kept free is for that.
        let mut officer = house.browser();
        let now = kandeng_platform::Clock::now(&*house.clock);
        let signed = officer.sign_in("li", &before.code(now)).await;
        assert_eq!(signed.status, StatusCode::SEE_OTHER, "{}", signed.body);
        assert_eq!(officer.get("/account").await.status, StatusCode::OK);

        // Still none: it stays as it is.
        disk.fill();
        assert!(!house.site.platform().room().look());
        disk.empty();
        assert!(house.site.platform().room().look());
        let page = admin.get("/people").await;
        assert!(!page.body.contains("服务器磁盘已满"));
        let token = met.field("form_token").unwrap();
        let sent = admin.post("/people", &somebody(&token)).await;
        assert!(sent.body.contains("/invitation/"), "{}", sent.body);
        assert_eq!(standing(&house).0, stood.0 + 1);
        let counted = house.metrics.text(&house.site);
        assert!(counted.contains("\nkandeng_read_only 0\n"), "{counted}");
    });
}

#[test]
fn no_form_that_writes_is_carried_out_while_there_is_no_room() {
    let Some(disk) = SmallDisk::of(24) else {
        return;
    };
    let house = House::below(disk.path());
    block_on(async {
        let mut clerk = house.signed_in("zhou", Role::Clerk, "990121003001").await;
        let other = house.newest_account().await.to_string();
        let (mut admin, _) = full(&disk, &house).await;
        let token = admin.token().await;
        let stood = standing(&house);
        let mut refused = 0;
        for route in &house.declared {
            if route.without_room {
                continue;
            }
            let path = route.path.replace("{id}", &other);
            let path = path.replace("{token}", "nothing");
            let seen = admin
                .post(
                    &path,
                    &[("form_token", token.as_str()), ("reason", "早看窗帘")],
                )
                .await;
            assert_eq!(seen.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
            // A program has what it sent; a person's form comes back.
            if route.access != Access::Public && !path.starts_with("/api/") {
                assert!(seen.body.contains("早看窗帘"), "{path}: {}", seen.body);
            }
            refused += 1;
        }
        assert!(refused > 8, "{refused}");
        assert_eq!(standing(&house), stood);
        // Whoever may not do it learns nothing new.
        let token = clerk.token().await;
        let seen = clerk.post("/people", &[("form_token", &token)]).await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND);
    });
}
