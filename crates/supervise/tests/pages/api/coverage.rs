//! What people do on pages, programs do by the API: every page that writes has its operation, or a reason why it has none.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;

use super::super::County;
use super::super::support::block_on;

/// Pages that write, each with the operations that do the same. Below `/supervise` and `/api/supervise`, unless it says
/// otherwise.
const SAME: &[(&str, &[&str])] = &[
    ("/cases/{id}/answer", &["POST /cases/{id}/answer"]),
    ("/cases/{id}/assign", &["POST /cases/{id}/assign"]),
    ("/cases/{id}/check", &["POST /cases/{id}/check"]),
    ("/cases/{id}/close", &["POST /cases/{id}/close"]),
    ("/cases/{id}/hear", &["POST /cases/{id}/hear"]),
    // Why somebody reads stands in a header there.
    ("/cases/{id}/read", &["GET /cases/{id}"]),
    ("/cases/{id}/refer", &["POST /cases/{id}/refer"]),
    (
        "/declaration",
        &[
            "POST /declaration/items",
            "POST /declaration/items/{item}/relabel",
            "POST /declaration/items/{item}/require",
            "POST /declaration/items/{item}/restore",
            "POST /declaration/items/{item}/retire",
        ],
    ),
    ("/desk/dismiss", &["POST /queue/dismiss"]),
    ("/desk/screen", &["POST /screen"]),
    ("/desk/views", &["POST /views"]),
    ("/desk/views/{id}/delete", &["DELETE /views/{id}"]),
    ("/desk/views/{id}/rename", &["POST /views/{id}/rename"]),
    (
        "/flags/{id}/ask",
        &["POST /flags/{id}/ask", "POST /flags/{id}/ask/preview"],
    ),
    ("/flags/{id}/confirm", &["POST /flags/{id}/confirm"]),
    ("/flags/{id}/decline", &["POST /flags/{id}/decline"]),
    ("/flags/{id}/dismiss", &["POST /flags/{id}/dismiss"]),
    ("/flags/{id}/read", &["GET /flags/{id}"]),
    ("/flags/{id}/review", &["POST /flags/{id}/review"]),
    ("/flags/{id}/verify", &["POST /flags/{id}/verify"]),
    ("/import", &["POST /imports"]),
    ("/import/{id}/discard", &["DELETE /imports/{id}"]),
    ("/import/{id}/take", &["POST /imports/{id}/take"]),
    ("/projects/new", &["POST /projects"]),
    (
        "/projects/{id}/items/{category}",
        &["POST /projects/{id}/items"],
    ),
    (
        "/projects/{id}/items/{category}/accept",
        &["POST /projects/{id}/categories/{category}/accept"],
    ),
    (
        "/projects/{id}/items/{category}/boundary",
        &["POST /projects/{id}/boundary"],
    ),
    (
        "/projects/{id}/items/{category}/files/{item}",
        &["POST /projects/{id}/files/{item}"],
    ),
    (
        "/projects/{id}/items/{category}/files/{item}/remove",
        &["POST /projects/{id}/files/{item}/remove"],
    ),
    (
        "/projects/{id}/items/{category}/return",
        &["POST /projects/{id}/categories/{category}/return"],
    ),
    (
        "/projects/{id}/items/{category}/review",
        &["POST /projects/{id}/categories/{category}/review"],
    ),
    (
        "/projects/{id}/items/{category}/submit",
        &["POST /projects/{id}/categories/{category}/submit"],
    ),
    ("/projects/{id}/stage", &["POST /projects/{id}/stage"]),
    ("/projects/{id}/withdraw", &["POST /projects/{id}/withdraw"]),
    ("/questions/{id}/answer", &["POST /questions/{id}/answer"]),
    ("/questions/{id}/consent", &["POST /questions/{id}/consent"]),
    ("/questions/{id}/decline", &["POST /questions/{id}/decline"]),
    (
        "/questions/{id}/withdraw",
        &["POST /questions/{id}/withdraw"],
    ),
    ("/registers", &["POST /registers"]),
    ("/registers/basis", &["POST /registers/basis"]),
    ("/registers/{id}/withdraw", &["DELETE /registers/{id}"]),
    (
        "/rules/{rule}/parameter",
        &["POST /rules/{rule}/parameter", "POST /rules/{rule}/preview"],
    ),
    ("//people", &["POST //people"]),
    ("//people/{id}/grant", &["POST //people/{id}/grant"]),
    ("//people/{id}/restore", &["POST //people/{id}/restore"]),
    ("//people/{id}/suspend", &["POST //people/{id}/suspend"]),
    ("//people/{id}/withdraw", &["POST //people/{id}/withdraw"]),
];

const PROVES: &str = "who somebody is, is proven by them, in a browser";
const OWN: &str = "credentials are their owner's: a key that made keys would have no end";

/// Pages that write and have no operation, and why.
const PAGES_ALONE: &[(&str, &str)] = &[
    ("//account/keys", OWN),
    ("//account/keys/{id}/withdraw", OWN),
    ("//account/passkeys", OWN),
    ("//account/passkeys/offer", OWN),
    ("//account/passkeys/{id}/remove", OWN),
    ("//account/sign-out-everywhere", OWN),
    ("//invitation/{token}", PROVES),
    ("//language", "a program says its language in each request"),
    (
        "//people/{id}/link",
        "by a link for somebody else's account a program would become them",
    ),
    ("//sign-in", PROVES),
    ("//sign-in/passkey", PROVES),
    ("//sign-in/passkey/ask", PROVES),
    ("//sign-out", PROVES),
];

/// A path without what nearly all begin with.
fn short(path: &str) -> String {
    match path.strip_prefix("/api").unwrap_or(path) {
        own if own.starts_with("/supervise/") => own.trim_start_matches("/supervise").to_owned(),
        own => format!("/{own}"),
    }
}

#[test]
fn every_page_that_writes_has_its_operation_or_a_reason_why_not() {
    block_on(async {
        let county = County::new().await;
        let declared = &county.house.declared;
        let is_api = |path: &str| path.starts_with("/api/");
        let pages: BTreeSet<String> = declared
            .iter()
            .filter(|one| !is_api(one.path) && !one.method.is_safe())
            .map(|one| {
                assert_eq!(one.method, Method::POST, "{}", one.path);
                short(one.path)
            })
            .collect();
        let operations: BTreeSet<String> = declared
            .iter()
            .filter(|one| is_api(one.path))
            .map(|one| format!("{} {}", one.method, short(one.path)))
            .collect();
        let same: BTreeMap<&str, &[&str]> = SAME.iter().copied().collect();
        let alone: BTreeMap<&str, &str> = PAGES_ALONE.iter().copied().collect();
        let listed = same.keys().chain(alone.keys()).map(|one| (*one).to_owned());
        assert_eq!(
            pages,
            listed.collect(),
            "pages that write, and this list of them"
        );
        assert_eq!(same.len() + alone.len(), SAME.len() + PAGES_ALONE.len());
        for (page, theirs) in &same {
            for operation in *theirs {
                assert!(operations.contains(*operation), "{page}: {operation}");
            }
        }
        // And nothing is changed by programs alone.
        let named: BTreeSet<&str> = SAME.iter().flat_map(|(_, all)| *all).copied().collect();
        let mut changing = operations.iter().filter(|one| !one.starts_with("GET"));
        assert!(changing.all(|one| named.contains(&**one)), "{operations:?}");
    });
}
