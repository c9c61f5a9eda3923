//! What every handler may look for in its request: the site, who is signed in, the frame of the page.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use kandeng_platform::account::Viewer;
use kandeng_platform::page::{Entry, Frame, Problem, Site};
use kandeng_platform::{Language, Scene};
use uuid::Uuid;

use crate::{assets, home};

/// The cookie of a session. The prefix binds it to this host, over TLS (browsers take loopback for that too).
pub(crate) const SESSION: &str = "__Host-session";

/// What is the same for all requests.
#[derive(Clone)]
pub(crate) struct Context {
    pub site: Site,
    pub scenes: Arc<[Box<dyn Scene>]>,
}

/// The language of whoever asks, and the number that the log knows the request by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking {
    pub language: Language,
    pub request: Uuid,
    pub wants_json: bool,
}

/// Finds out who asks, and puts it there.
pub(crate) async fn put(
    State(context): State<Context>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let now = context.site.platform().clock().now();
    let viewer = match cookie(request.headers(), SESSION) {
        Some(token) => match context.site.people().viewer(&token, now) {
            Ok(viewer) => viewer,
            Err(error) => return Problem::from(error).into_response(),
        },
        None => None,
    };
    let language = viewer
        .as_ref()
        .map_or_else(|| accepted(request.headers()), |viewer| viewer.language);
    let asking = Asking {
        language,
        request: context.site.platform().new_id(),
        wants_json: wants_json(&path, request.headers()),
    };
    let entries = viewer
        .as_ref()
        .map(|viewer| entries(&context, viewer, &path))
        .unwrap_or_default();
    let frame = Frame {
        style: assets::style().path.clone(),
        entries,
        path: path.clone(),
    };
    let extensions = request.extensions_mut();
    extensions.insert(context.site.clone());
    extensions.insert(asking);
    extensions.insert(frame);
    if let Some(viewer) = viewer {
        extensions.insert(viewer);
    }
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or_else(|| "none".to_owned(), |route| route.as_str().to_owned());
    let method = request.method().clone();
    let mut response = next.run(request).await;
    // Neither who, nor what exactly was asked for: a path may hold the token of an invitation.
    tracing::info!(request = %asking.request, %method, route, status = response.status().as_u16(), "answered");
    if let Ok(id) = asking.request.to_string().parse() {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

fn entries(context: &Context, viewer: &Viewer, path: &str) -> Vec<Entry> {
    let scenes = context.scenes.iter();
    let mut all: Vec<Entry> = scenes
        .flat_map(|scene| scene.entries(&context.site, viewer))
        .chain(home::entries(&context.site, viewer))
        .collect();
    for entry in &mut all {
        entry.current = path == entry.href
            || path
                .strip_prefix(&entry.href)
                .is_some_and(|rest| rest.starts_with('/'));
    }
    all
}

/// The value of a cookie.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.to_owned())
}

/// English where it is preferred to Chinese, else Chinese.
fn accepted(headers: &HeaderMap) -> Language {
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|accepted| accepted.to_str().ok())
        .unwrap_or_default();
    let weight = |language: &str| {
        accepted
            .split(',')
            .filter_map(|part| {
                let (tag, weight) = part.trim().split_once(";q=").unwrap_or((part.trim(), "1"));
                let primary = tag.split('-').next().unwrap_or_default();
                (primary.eq_ignore_ascii_case(language))
                    .then(|| weight.parse::<f32>().unwrap_or(0.0))
            })
            .fold(0.0_f32, f32::max)
    };
    if weight("en") > weight("zh") {
        Language::En
    } else {
        Language::Zh
    }
}

fn wants_json(path: &str, headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT);
    let accepted = accepted
        .and_then(|accepted| accepted.to_str().ok())
        .unwrap_or_default();
    path.starts_with("/api/") || accepted.contains("json") && !accepted.contains("text/html")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let cookies = headers(header::COOKIE, "a=1; __Host-session=t=2; x__Host-session=3");
        assert_eq!(cookie(&cookies, SESSION).as_deref(), Some("t=2"));
        assert_eq!(cookie(&cookies, "session"), None);
    }

    #[test]
    fn chinese_comes_first_unless_english_is_preferred() {
        for (accepted, language) in [
            ("", Language::Zh),
            ("de", Language::Zh),
            ("en-GB,en;q=0.9", Language::En),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Zh),
            ("en;q=0.8,zh;q=0.9", Language::Zh),
            ("EN", Language::En),
        ] {
            let accepted = headers(header::ACCEPT_LANGUAGE, accepted);
            assert_eq!(super::accepted(&accepted), language, "{accepted:?}");
        }
    }
}
