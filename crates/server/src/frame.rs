//! What every handler may look for in its request: the site, who is signed in, the frame of the page.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use kandeng_platform::account::{Role, Viewer};
use kandeng_platform::page::{Entry, FLASH, Frame, Problem, Program, Site};
use kandeng_platform::{Language, Remembered, Scene};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::metrics::Metrics;
use crate::passkeys::PasskeysOf;
use crate::reach::Reach;
use crate::{assets, home, language, reach};

/// The cookie of a session. The prefix binds it to this host, over TLS (browsers take loopback for that too).
pub(crate) const SESSION: &str = "__Host-session";

/// What is the same for all requests.
#[derive(Clone)]
pub(crate) struct Common {
    pub site: Site,
    pub scenes: Arc<[Box<dyn Scene>]>,
    pub reach: Reach,
    pub metrics: Metrics,
    pub passkeys: Option<PasskeysOf>,
    /// The navigation, by whoever is shown it.
    pub entries: Arc<Remembered<Viewer, Arc<[Entry]>>>,
}

/// The most viewers whose navigation is remembered.
pub(crate) const MOST_ENTRIES: usize = 1_024;

/// What is known of a request.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    pub language: Language,
    /// The number that the log knows it by.
    pub request: Uuid,
    pub wants_json: bool,
    /// The address of whoever asks.
    pub address: String,
}

/// Finds out who asks, and puts it there; notes what was answered.
pub(crate) async fn put(
    State(common): State<Common>,
    mut request: Request,
    next: Next,
) -> Response {
    let since = Instant::now();
    let under_way = common.metrics.begin();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>();
    // Never the path itself: it may hold the secret of an invitation.
    let route = matched.map_or("none", MatchedPath::as_str).to_owned();
    let id = common.site.platform().new_id();
    let span = tracing::info_span!(
        "request",
        otel.name = %format_args!("{method} {route}"),
        otel.kind = "server",
        http.request.method = %method,
        http.route = %route,
        http.response.status_code = tracing::field::Empty,
        kandeng.request = %id,
    );
    let flash = cookie(request.headers(), FLASH);
    let had_flash = flash.is_some();
    let mut response = match known(&common, &mut request, id, flash) {
        Ok(()) => next.run(request).instrument(span.clone()).await,
        Err(problem) => problem.into_response(),
    };
    let (status, took) = (response.status().as_u16(), since.elapsed());
    span.record("http.response.status_code", status);
    common.metrics.answered(&method, &route, status, took);
    drop(under_way);
    let ms = took.as_secs_f64() * 1_000.0;
    span.in_scope(|| tracing::info!(request = %id, %method, route, status, ms, "answered"));
    let headers = response.headers_mut();
    if let Ok(id) = id.to_string().parse() {
        headers.insert("x-request-id", id);
    }
    let kind = headers.get(header::CONTENT_TYPE);
    let is_page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if had_flash && is_page {
        let gone = format!("{FLASH}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
        // Cannot fail: it is made of letters.
        if let Ok(gone) = gone.parse() {
            headers.append(header::SET_COOKIE, gone);
        }
    }
    response
}

/// Puts there what handlers look for.
fn known(
    common: &Common,
    request: &mut Request,
    id: Uuid,
    flash: Option<String>,
) -> Result<(), Problem> {
    let path = request.uri().path().to_owned();
    // With what was filtered and looked for: the same page in the other language.
    let whole = request.uri().path_and_query().map(ToString::to_string);
    let headers = request.headers();
    let now = common.site.platform().clock().now();
    let mut asking = Asking {
        language: language::chosen(headers).unwrap_or_else(|| accepted(headers)),
        request: id,
        wants_json: wants_json(&path, headers),
        address: common.reach.address(request),
    };
    let (mut viewer, program) = match bearer(headers) {
        // A token is for the API alone, and stands instead of a session.
        Some(token) if path.starts_with("/api/") => {
            match common.site.people().bearer(token, now)? {
                Some((viewer, scopes)) => (Some(viewer), Some(Program { scopes })),
                None => (None, None),
            }
        }
        _ => match cookie(headers, SESSION) {
            Some(token) if asks_by_itself(headers) => {
                (common.site.people().viewer_of_page(&token, now)?, None)
            }
            Some(token) => (common.site.people().viewer(&token, now)?, None),
            None => (None, None),
        },
    };
    if let Some(viewer) = &mut viewer {
        viewer.language = language::chosen(headers).unwrap_or(viewer.language);
        asking.language = viewer.language;
    }
    let entries = match &viewer {
        Some(viewer) if !asking.wants_json => entries(common, viewer),
        _ => Arc::default(),
    };
    // Under its other names browsers would not give them.
    let has_passkeys = common.passkeys.as_ref().is_some_and(|passkeys| {
        reach::name_in(&reach::host(headers, request.uri())) == passkeys.0.party()
    });
    let frame = Frame {
        style: assets::STYLE,
        script: Some(assets::SCRIPT),
        entries,
        path: whole.unwrap_or(path),
        flash,
        passkeys: has_passkeys,
        no_room: common.site.platform().room().is_short(),
        clock: viewer
            .as_ref()
            .filter(|viewer| minds_the_machine(viewer))
            .and_then(|_| common.site.platform().clock_behind()),
    };
    let extensions = request.extensions_mut();
    extensions.insert(common.site.clone());
    extensions.insert(asking);
    extensions.insert(frame);
    if let Some(passkeys) = &common.passkeys {
        extensions.insert(passkeys.clone());
    }
    if let Some(program) = program {
        extensions.insert(program);
    }
    if let Some(viewer) = viewer {
        extensions.insert(viewer);
    }
    Ok(())
}

/// Whether somebody is told of what is wrong with the machine.
fn minds_the_machine(viewer: &Viewer) -> bool {
    let mut grants = viewer.grants.iter();
    grants.any(|grant| matches!(grant.role, Role::Administrator | Role::Manager))
}

/// Whether a page that stands open asks, and no person: browsers ask for events again whenever a stream ends.
fn asks_by_itself(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT);
    accepted.is_some_and(|accepted| accepted.as_bytes().starts_with(b"text/event-stream"))
}

/// The token of a program.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let said = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = said.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer")).then(|| token.trim())
}

fn entries(common: &Common, viewer: &Viewer) -> Arc<[Entry]> {
    let read = || {
        let scenes = common.scenes.iter();
        let scenes = scenes.flat_map(|scene| scene.entries(&common.site, viewer));
        Ok(scenes.chain(home::entries(&common.site, viewer)).collect())
    };
    let (platform, key) = (common.site.platform(), viewer.clone());
    let entries: Result<_, Infallible> = common.entries.of(platform, key, read);
    match entries {
        Ok(entries) => entries,
    }
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
