//! Requests while there is no room on the disk: what only reads is carried out, what would write comes back.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::ours::Typed;
use super::{Problem, Site};

/// Marks a request that writes more than a trace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writes;

pub(super) fn is_short(site: &Site) -> bool {
    site.platform().room().is_short()
}

/// Carries a request out, unless there is no room for what it would write. What a form sent comes back where it was
/// not taken for now.
pub(super) async fn carry_out(site: &Site, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let to = request.uri().path().to_owned();
    let typed = request.extensions().get::<Typed>().cloned();
    let mut response = if request.extensions().get::<Writes>().is_some() && is_short(site) {
        Problem::no_room().into_response()
    } else {
        next.run(request).await
    };
    let problem = response.extensions().get::<Problem>();
    let Some(problem) = problem.filter(|problem| problem.status == UNAVAILABLE) else {
        return response;
    };
    if problem.is_for_want_of_room() {
        site.platform().room().ran_out();
    }
    if let Some(carried) = typed.and_then(|typed| typed.carried(to)) {
        response.extensions_mut().insert(carried);
    }
    response
}

/// What is refused for now, and may be sent again.
const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
