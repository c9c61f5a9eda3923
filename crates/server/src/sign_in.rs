//! Signing in and out, and accepting an invitation. All of it works without JavaScript.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::account::{PeopleError, Viewer};
use kandeng_platform::page::{
    Carried, Form, Frame, Nothing, Problem, Routes, Shell, Site, Words, html, shown_as_it_is,
};
use kandeng_platform::{Context, Language, Refusal};
use serde::Deserialize;

use crate::frame::{Asking, SESSION};
use crate::words::words;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .public(Method::GET, "/sign-in", show)
        .public(Method::POST, "/sign-in", sign_in)
        .without_room()
        .signed_in(Method::POST, "/sign-out", sign_out)
        .without_room()
        .public(Method::GET, "/invitation/{token}", invitation)
        .public(Method::POST, "/invitation/{token}", accept)
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    shell: Shell,
    to: String,
    carried: String,
    carries: bool,
    login: String,
    told: Option<String>,
    /// Whether there are passkeys here.
    passkeys: bool,
}

/// The page to sign in on; `to` is where one goes afterwards, `carried` what is sent there.
pub(crate) fn page(
    frame: Frame,
    words: Words,
    to: &str,
    carried: Option<Carried>,
    told: Option<String>,
    status: StatusCode,
) -> Response {
    let to = carried.as_ref().map_or(to, |carried| carried.to.as_str());
    // What was filled in is sent again by a form; a passkey's page goes on by itself.
    let passkeys = frame.passkeys && carried.is_none();
    let page = SignInPage {
        shell: Shell::public(frame, words, words.say("sign-in")),
        to: safe(to).to_owned(),
        carries: carried.is_some(),
        carried: carried.map(|carried| encoded(&carried)).unwrap_or_default(),
        login: String::new(),
        told,
        passkeys,
    };
    (status, html(&page)).into_response()
}

/// A path of ours, or else the first page.
pub(crate) fn safe(to: &str) -> &str {
    // As browsers read addresses: tabs and line breaks do not count, and a backslash is a slash.
    let ours = to.starts_with('/')
        && !to[1..].starts_with(['/', '\\'])
        && !to.contains(|letter: char| letter.is_control());
    if ours && to != "/sign-in" && to != "/sign-out" {
        to
    } else {
        "/"
    }
}

fn encoded(carried: &Carried) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(&carried.fields);
    text.finish()
}

/// Refuses whoever did not sign in lately: what signs somebody in is not changed at a desk that was left.
pub(crate) fn lately(site: &Site, viewer: &Viewer) -> Result<(), Problem> {
    if is_lately(site, viewer)? {
        return Ok(());
    }
    Err(Problem::sign_in_again())
}

/// Whether the viewer signed in lately.
pub(crate) fn is_lately(site: &Site, viewer: &Viewer) -> Result<bool, Problem> {
    let now = site.platform().clock().now();
    Ok(site.people().signed_in_lately(viewer, now)?)
}

#[derive(Deserialize)]
struct Where {
    #[serde(default)]
    to: String,
    /// Whether somebody who is signed in signs in once more.
    #[serde(default)]
    again: bool,
}

async fn show(
    Extension(frame): Extension<Frame>,
    Extension(asking): Extension<Asking>,
    Query(Where { to, again }): Query<Where>,
    viewer: Option<Viewer>,
) -> Response {
    if viewer.is_some() && !again {
        return Redirect::to(safe(&to)).into_response();
    }
    page(
        frame,
        words(asking.language),
        &to,
        None,
        None,
        StatusCode::OK,
    )
}

#[derive(Deserialize)]
struct Typed {
    login: String,
    password: String,
    code: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    carried: String,
}

#[derive(Template)]
#[template(path = "resume.html")]
struct ResumePage {
    shell: Shell,
    title: String,
    detail: String,
    to: String,
    fields: Vec<(String, String)>,
}

/// The page from which a form that was not taken is sent once more, with everything that was filled in. `why` is what
/// it was not taken for, where that is not that the session had ended.
pub(crate) fn resume(
    site: &Site,
    viewer: &Viewer,
    frame: Frame,
    words: Words,
    carried: Carried,
    why: Option<(String, String)>,
) -> Response {
    let again = || (words.say("resume"), words.say("resume-detail"));
    let (title, detail) = why.unwrap_or_else(again);
    html(&ResumePage {
        shell: Shell::of(site, viewer, frame, words, title.clone()),
        title,
        detail,
        to: carried.to,
        fields: carried.fields,
    })
}

async fn sign_in(
    site: Site,
    Extension(frame): Extension<Frame>,
    Extension(asking): Extension<Asking>,
    before: Option<Viewer>,
    Form(typed): Form<Typed>,
) -> Response {
    let words = words(asking.language);
    let cx = by_nobody(&site, asking.language);
    let people = site.people();
    let signed = people
        .sign_in(
            &typed.login,
            &typed.password,
            &typed.code,
            &asking.address,
            &cx,
        )
        .await;
    let token = match signed {
        Ok(token) => token,
        Err(error @ (PeopleError::Refused(_) | PeopleError::Wait(_))) => {
            let problem = Problem::from(error);
            let wait = problem.status == StatusCode::TOO_MANY_REQUESTS;
            let page = SignInPage {
                shell: Shell::public(frame, words, words.say("sign-in")),
                to: safe(&typed.to).to_owned(),
                carries: !typed.carried.is_empty(),
                carried: typed.carried,
                login: typed.login,
                passkeys: false,
                told: Some(problem.detail(words)),
            };
            // Told on the form itself: the typed login stays, the secrets do not.
            let status = if wait {
                StatusCode::TOO_MANY_REQUESTS
            } else {
                StatusCode::UNPROCESSABLE_ENTITY
            };
            let after = problem.after.map(|after| [(header::RETRY_AFTER, after)]);
            return shown_as_it_is((status, after, html(&page)).into_response());
        }
        Err(error) => return Problem::from(error).into_response(),
    };
    if let Err(problem) = end(&site, before).await {
        return problem.into_response();
    }
    let response = if typed.carried.is_empty() {
        Redirect::to(safe(&typed.to)).into_response()
    } else {
        let now = site.platform().clock().now();
        let viewer = match people.viewer(&token, now) {
            Ok(Some(viewer)) => viewer,
            Ok(None) => return Problem::signed_out().into_response(),
            Err(error) => return Problem::from(error).into_response(),
        };
        let fields = form_urlencoded::parse(typed.carried.as_bytes());
        let carried = Carried {
            to: safe(&typed.to).to_owned(),
            fields: fields.into_owned().collect(),
        };
        resume(&site, &viewer, frame, words, carried, None)
    };
    with_session(response, &token)
}

/// Ends the session that a browser had before it signed in again.
pub(crate) async fn end(site: &Site, before: Option<Viewer>) -> Result<(), Problem> {
    if let Some(before) = before {
        let cx = site.context(&before, site.jurisdiction());
        site.people().sign_out(&before, &cx).await?;
    }
    Ok(())
}

/// Has the browser keep the token of a session.
pub(crate) fn with_session(mut response: Response, token: &str) -> Response {
    let cookie = format!("{SESSION}={token}; Path=/; Secure; HttpOnly; SameSite=Lax");
    put_cookie(&mut response, &cookie);
    response
}

/// A command of somebody who is not signed in.
pub(crate) fn by_nobody(site: &Site, language: Language) -> Context {
    Context {
        language,
        jurisdiction: site.jurisdiction().to_owned(),
        ..Context::of_the_platform(site.platform().clock().now())
    }
}

async fn sign_out(
    site: Site,
    viewer: Viewer,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let cx = site.context(&viewer, site.jurisdiction());
    site.people().sign_out(&viewer, &cx).await?;
    let mut response = Redirect::to("/sign-in").into_response();
    put_cookie(
        &mut response,
        &format!("{SESSION}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"),
    );
    // What the browser kept of the pages goes with the session.
    let all = HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert("clear-site-data", all);
    Ok(response)
}

fn put_cookie(response: &mut Response, cookie: &str) {
    // Cannot fail: tokens are letters, digits, `-` and `_`.
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage {
    shell: Shell,
    token: String,
    login: String,
    totp: String,
    url: String,
    told: Option<String>,
}

async fn invitation(
    site: Site,
    Extension(frame): Extension<Frame>,
    Extension(asking): Extension<Asking>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let words = words(asking.language);
    let now = site.platform().clock().now();
    let Some((_, login)) = site.people().by_link(&token, now)? else {
        return Err(lapsed().into());
    };
    let totp = site.people().new_totp(&login)?;
    let page = InvitationPage {
        shell: Shell::public(frame, words, words.say("invitation")),
        token,
        login,
        totp: totp.base32(),
        url: totp.url().unwrap_or_default(),
        told: None,
    };
    Ok(html(&page))
}

fn lapsed() -> Refusal {
    Refusal::new(
        "link-used",
        "这个链接已用过或已过期,请联系管理员重新发送",
        "this link was used or has lapsed; ask an administrator for a new one",
    )
}

#[derive(Deserialize)]
struct Chosen {
    password: String,
    again: String,
    totp: String,
    code: String,
}

#[derive(Template)]
#[template(path = "enrolled.html")]
struct EnrolledPage {
    shell: Shell,
    recovery: Vec<String>,
}

async fn accept(
    site: Site,
    Extension(frame): Extension<Frame>,
    Extension(asking): Extension<Asking>,
    Path(token): Path<String>,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Problem> {
    let words = words(asking.language);
    let cx = by_nobody(&site, asking.language);
    let Some((_, login)) = site.people().by_link(&token, cx.at)? else {
        return Err(lapsed().into());
    };
    let set = if chosen.password == chosen.again {
        site.people()
            .set_credentials(&token, &chosen.password, &chosen.totp, &chosen.code, &cx)
            .await
    } else {
        Err(Refusal::new(
            "passwords-differ",
            "两次输入的密码不同",
            "the two passwords differ",
        )
        .into())
    };
    match set {
        Ok(enrolled) => Ok(html(&EnrolledPage {
            shell: Shell::public(frame, words, words.say("enrolled")),
            recovery: enrolled.recovery,
        })),
        Err(PeopleError::Refused(refusal)) => {
            // The same secret again: the application has it already.
            let page = InvitationPage {
                shell: Shell::public(frame, words, words.say("invitation")),
                url: String::new(),
                token,
                login,
                totp: chosen.totp,
                told: Some(words.of(&refusal.text).to_owned()),
            };
            let response = (StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response();
            Ok(shown_as_it_is(response))
        }
        Err(error) => Err(error.into()),
    }
}
