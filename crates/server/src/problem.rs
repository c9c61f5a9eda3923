//! Writes what is wrong in the form that was asked for: a problem document (RFC 9457), or a page.

use askama::Template;
use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use kandeng_platform::account::Viewer;
use kandeng_platform::page::{Carried, Frame, Problem, Shell, Shown, Site, html};
use serde_json::json;

use crate::frame::Asking;
use crate::sign_in;
use crate::words::words;

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    shell: Shell,
    title: String,
    detail: String,
    request: String,
}

/// Writes the body of an answer that is a problem.
pub(crate) async fn write(request: Request, next: Next) -> Response {
    let asking = request.extensions().get::<Asking>().cloned();
    let frame = request
        .extensions()
        .get::<Frame>()
        .cloned()
        .unwrap_or_default();
    let viewer = request.extensions().get::<Viewer>().cloned();
    let site = request.extensions().get::<Site>().cloned();
    let to = request.uri().path_and_query().map(ToString::to_string);
    let response = next.run(request).await;
    let Some(asking) = asking else {
        return response;
    };
    if response.extensions().get::<Shown>().is_some() {
        return response;
    }
    // When it is worth another try is said in either form.
    let after = response.headers().get(header::RETRY_AFTER).cloned();
    let mut written = written(response, &asking, frame, viewer, site, to);
    if let Some(after) = after {
        written.headers_mut().insert(header::RETRY_AFTER, after);
    }
    written
}

fn written(
    response: Response,
    asking: &Asking,
    frame: Frame,
    viewer: Option<Viewer>,
    site: Option<Site>,
    to: Option<String>,
) -> Response {
    let status = response.status();
    let known = response.extensions().get::<Problem>().cloned();
    let problem = match known {
        Some(problem) => problem,
        // What axum refuses by itself has a line of text for a body.
        None if status.is_client_error() || status.is_server_error() => Problem {
            status,
            code: code_of(status).to_owned(),
            text: None,
            more: Vec::new(),
            after: None,
        },
        None => return response,
    };
    let words = words(asking.language);
    let (title, detail) = (problem.title(words), problem.detail(words));
    if asking.wants_json {
        let mut document = json!({
            "type": format!("/problems/{}", problem.code),
            "title": title,
            "status": problem.status.as_u16(),
            "detail": detail,
            "instance": format!("urn:uuid:{}", asking.request),
        });
        for (name, value) in &problem.more {
            document[*name] = value.clone();
        }
        let mut written = (problem.status, Json(document)).into_response();
        let headers = written.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        // By which methods it is asked, where this was none of them.
        if let Some(allowed) = response.headers().get(header::ALLOW) {
            headers.insert(header::ALLOW, allowed.clone());
        }
        if problem.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        return written;
    }
    if problem.status == StatusCode::UNAUTHORIZED {
        let carried = response.extensions().get::<Carried>().cloned();
        let to = to.unwrap_or_default();
        let told = Some(format!("{title}。{detail}"));
        return sign_in::page(frame, words, &to, carried, told, problem.status);
    }
    let carried = response.extensions().get::<Carried>();
    if let (Some(site), Some(viewer), Some(carried)) = (&site, &viewer, carried) {
        // Of one that is not taken for now it is said why; else it is of an older session.
        let unavailable = problem.status == StatusCode::SERVICE_UNAVAILABLE;
        let why = unavailable.then_some((title, detail));
        let page = sign_in::resume(site, viewer, frame, words, carried.clone(), why);
        return (problem.status, page).into_response();
    }
    let shell = match (&site, &viewer) {
        (Some(site), Some(viewer)) => Shell::of(site, viewer, frame, words, title.clone()),
        _ => Shell::public(frame, words, title.clone()),
    };
    let page = ProblemPage {
        shell,
        title,
        detail,
        request: asking.request.to_string(),
    };
    (problem.status, html(&page)).into_response()
}

fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => "method-not-allowed",
        StatusCode::REQUEST_TIMEOUT => "too-slow",
        StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "format-not-taken",
        StatusCode::FORBIDDEN => "form-not-ours",
        status if status.is_server_error() => "fault",
        _ => "unreadable",
    }
}
