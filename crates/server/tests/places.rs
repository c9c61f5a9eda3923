//! Whose account it is to change: of somebody who is at work in two places, nobody's who has one of them alone.

#![allow(clippy::unwrap_used)]

mod support;

use axum::http::StatusCode;
use kandeng_platform::account::{Account, Grant, GrantRole, Role};
use support::{House, block_on};

#[test]
fn whoever_has_one_of_two_places_does_not_become_somebody_who_has_both() {
    block_on(async {
        let house = House::new();
        for (login, own, other) in [
            ("wang", "990121003", "990121004"),
            ("li", "990121004", "990121003"),
        ] {
            house.invited(login, Role::Clerk, own).await;
            let account = house.newest_account().await;
            let grant = GrantRole(Grant {
                role: Role::Officer,
                jurisdiction: other.to_owned(),
            });
            house
                .site
                .platform()
                .carry_out::<Account, _>(account, grant, &house.cx())
                .await
                .unwrap();
            for (admin, place, may) in [
                (format!("own-{login}"), own, false),
                (format!("other-{login}"), other, false),
                (format!("both-{login}"), "990121", true),
            ] {
                let mut admin = house.signed_in(&admin, Role::Administrator, place).await;
                let token = admin.token().await;
                let path = format!("/people/{account}/link");
                let answer = admin.post(&path, &[("form_token", &token)]).await;
                let got = answer.body.contains("/invitation/");
                assert_eq!(got, may, "{place} {login}: {}", answer.body);
                let expected = if may {
                    StatusCode::OK
                } else {
                    StatusCode::NOT_FOUND
                };
                assert_eq!(answer.status, expected, "{place} {login}");
            }
        }
    });
}
