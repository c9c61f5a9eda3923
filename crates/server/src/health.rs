//! Whether the node lives, and whether it may be sent work.

use axum::http::{Method, StatusCode};
use kandeng_platform::page::{Routes, Site};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .public(Method::GET, "/healthz", async || "ok\n")
        .public(Method::GET, "/readyz", ready)
}

/// Ready when the read model answers.
async fn ready(site: Site) -> (StatusCode, &'static str) {
    let answers = site
        .platform()
        .query(|connection| connection.query_row("select 1", [], |row| row.get::<_, i64>(0)));
    match answers {
        // It is sent work all the same: reading is most of it.
        Ok(_) if site.platform().room().is_short() => (
            StatusCode::OK,
            "ok, read-only: there is no room on the disk\n",
        ),
        Ok(_) => (StatusCode::OK, "ok\n"),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the read model does not answer\n",
        ),
    }
}
