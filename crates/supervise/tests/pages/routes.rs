//! Every route of the scene asks: a stranger is sent to sign in, and who may do next to nothing finds nothing there.

use axum::http::{Method, Request, StatusCode, header};
use kandeng_platform::account::Role;
use kandeng_platform::authority::Action;
use kandeng_platform::page::Access;

use super::County;
use super::support::block_on;

#[test]
fn no_route_of_the_scene_is_open_to_whoever_comes() {
    block_on(async {
        let county = County::new().await;
        let mut stranger = county.house.browser();
        // An administrator has people and settings, and no projects or cases.
        let mut admin = county
            .house
            .signed_in("admin", Role::Administrator, "990121")
            .await;
        let token = admin.token().await;
        let of_scene = county.house.declared.clone();
        let is_api = |path: &str| path.starts_with("/api/supervise/");
        let of_scene = of_scene
            .iter()
            .filter(|one| one.path.starts_with("/supervise/") || is_api(one.path));
        let (mut pages, mut operations) = (0, 0);
        for declared in of_scene {
            assert_ne!(declared.access, Access::Public, "{}", declared.path);
            let id = uuid::Uuid::nil().to_string();
            let path = declared
                .path
                .replace("{id}", &id)
                .replace("{category}", "profile")
                .replace("{item}", "site_photos")
                .replace("{code}", "99012120260001")
                .replace("{file}", &"ab".repeat(32))
                .replace("{rule}", "K29");
            let request = || {
                Request::builder()
                    .method(declared.method.clone())
                    .uri(&*path)
                    .header(header::ACCEPT, "text/html")
                    .header("sec-fetch-site", "same-origin")
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            };
            let body = if declared.method == Method::GET {
                String::new()
            } else {
                format!("form_token={token}&reason=x&note=x")
            };
            let answer = stranger.send(request(), body.clone()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            // The list of items is theirs, and that there are registers, and what allows them.
            let is_theirs = matches!(
                declared.access,
                Access::Asks(
                    Action::ChangeDeclaration | Action::ListRegister | Action::StateRegisterBasis
                )
            );
            if let Access::Asks(_) = declared.access
                && !is_theirs
            {
                let answer = admin.send(request(), body).await;
                assert_eq!(
                    answer.status,
                    StatusCode::NOT_FOUND,
                    "{} {path}",
                    declared.method
                );
            }
            if is_api(declared.path) {
                operations += 1;
            } else {
                pages += 1;
            }
        }
        assert!(pages > 30 && operations > 45, "{pages} {operations}");
    });
}
