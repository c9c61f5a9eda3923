//! What people do on pages, programs do by the API, by the same policy: every page has its operation, or a reason why it
//! has none.

use std::collections::{BTreeMap, BTreeSet};

use kandeng_platform::page::Access;

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
    (
        "/projects/{id}/removed",
        "what goes for good is for a person to erase, who looked at it",
    ),
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

/// Pages that are read, each with the operations that tell the same.
const READ: &[(&str, &[&str])] = &[
    ("/cases", &["GET /cases"]),
    ("/cases/{id}", &["GET /cases/{id}"]),
    ("/declaration", &["GET /declaration/items"]),
    ("/desk", &["GET /queue", "GET /views"]),
    ("/export", &["GET /exports"]),
    ("/export/file", &["GET /exports/file"]),
    ("/flags/{id}", &["GET /flags/{id}"]),
    ("/import", &["GET /imports"]),
    (
        "/import/{id}",
        &["GET /imports/{id}", "GET /imports/{id}/projects/{code}"],
    ),
    ("/numbers", &["GET /numbers"]),
    ("/projects", &["GET /projects"]),
    ("/projects/new", &["GET /declaration"]),
    (
        "/projects/{id}",
        &["GET /projects/{id}", "GET /projects/{id}/doubts"],
    ),
    (
        "/projects/{id}/evidence/{file}",
        &["GET /projects/{id}/evidence/{file}"],
    ),
    (
        "/projects/{id}/evidence/{file}/preview",
        &["GET /projects/{id}/evidence/{file}/preview"],
    ),
    (
        "/projects/{id}/history/{item}",
        &["GET /projects/{id}/history/{item}"],
    ),
    ("/projects/{id}/items/{category}", &["GET /projects/{id}"]),
    (
        "/projects/{id}/items/{category}/boundary",
        &["GET /projects/{id}"],
    ),
    (
        "/projects/{id}/items/{category}/files/{item}",
        &["GET /projects/{id}/files"],
    ),
    ("/questions", &["GET /questions"]),
    ("/registers", &["GET /registers"]),
    ("/rules", &["GET /rules"]),
    ("/rules/{rule}", &["GET /rules/{rule}"]),
    ("//account", &["GET //me"]),
    ("//people", &["GET //people"]),
    ("//readings", &["GET //readings"]),
];

const FORM: &str = "a form, for people";

/// Pages that are read and have no operation, and why.
const READ_ALONE: &[(&str, &str)] = &[
    ("/events", "news for a page that stands open"),
    (
        "/import/{id}/progress",
        "a program's upload is answered once it was read",
    ),
    (
        "/projects/{id}/removed",
        "for whoever erases what goes for good",
    ),
    ("//", "leads on to the first page that one has"),
    ("//account/keys", OWN),
    ("//account/passkeys", OWN),
    ("//api", "this document, to be read"),
    ("//assets/{*name}", "parts of pages"),
    ("//healthz", "for whoever watches the node"),
    ("//invitation/{token}", FORM),
    ("//readyz", "for whoever watches the node"),
    ("//sign-in", FORM),
];

/// A path without what nearly all begin with.
fn short(path: &str) -> String {
    let of_scene = ["/api/supervise/", "/supervise/"];
    if let Some(own) = of_scene.iter().find_map(|before| path.strip_prefix(before)) {
        return format!("/{own}");
    }
    format!("//{}", path.strip_prefix("/api/").unwrap_or(&path[1..]))
}

/// What is declared, by method and short path: pages, and operations.
type Declared = BTreeMap<String, Access>;

fn declared(county: &County) -> (Declared, Declared) {
    let all = county.house.declared.iter();
    let (operations, pages): (Vec<_>, Vec<_>) = all.partition(|one| one.path.starts_with("/api/"));
    let named = |all: Vec<&kandeng_platform::page::Declared>| {
        let all = all.into_iter();
        all.map(|one| (format!("{} {}", one.method, short(one.path)), one.access))
            .collect()
    };
    (named(pages), named(operations))
}

/// That those pages are the ones of these lists, and that whoever may use one may use its operations, and nobody else.
fn hold(county: &County, method: &str, same: &[(&str, &[&str])], alone: &[(&str, &str)]) {
    let (pages, operations) = declared(county);
    let listed = same.iter().map(|(page, _)| *page);
    let listed = listed.chain(alone.iter().map(|(page, _)| *page));
    let listed: Vec<String> = listed.map(|page| format!("{method} {page}")).collect();
    let is_method = |named: &&String| named.starts_with(method);
    let declared: BTreeSet<&String> = pages.keys().filter(is_method).collect();
    assert_eq!(
        declared,
        listed.iter().collect(),
        "pages, and this list of them"
    );
    assert_eq!(listed.len(), declared.len(), "one stands there twice");
    for (page, theirs) in same {
        let asks = pages[&format!("{method} {page}")];
        // Forms are for those who may fill them in; what stands in them, more may read. Of those who see the queue, some
        // keep views of it.
        let is_form = method == "GET" && page.contains("/items/") || *page == "/projects/new";
        for operation in *theirs {
            let access = operations.get(*operation);
            let access = access.unwrap_or_else(|| panic!("{page}: no {operation}"));
            if !is_form && *operation != "GET /views" {
                assert_eq!(*access, asks, "{page}: {operation}");
            }
        }
    }
}

#[test]
fn every_page_that_writes_has_its_operation_or_a_reason_why_not() {
    block_on(async {
        let county = County::new().await;
        hold(&county, "POST", SAME, PAGES_ALONE);
        let (pages, operations) = declared(&county);
        // Pages know no other methods.
        let mut methods = pages.keys().map(|named| named.split(' ').next().unwrap());
        assert!(methods.all(|method| ["GET", "POST"].contains(&method)));
        // And nothing is changed by programs alone.
        let named: BTreeSet<&str> = SAME.iter().flat_map(|(_, all)| *all).copied().collect();
        let mut changing = operations.keys().filter(|one| !one.starts_with("GET"));
        assert!(changing.all(|one| named.contains(&**one)), "{operations:?}");
    });
}

#[test]
fn every_page_that_is_read_has_its_operation_or_a_reason_why_not() {
    block_on(async {
        let county = County::new().await;
        hold(&county, "GET", READ, READ_ALONE);
        let (_, operations) = declared(&county);
        let named: BTreeSet<&str> = READ.iter().flat_map(|(_, all)| *all).copied().collect();
        let document = ["GET //openapi.json"];
        let mut reading = operations.keys().filter(|one| one.starts_with("GET"));
        assert!(
            reading.all(|one| named.contains(&**one) || document.contains(&&**one)),
            "{operations:?}"
        );
    });
}
