//! Signing in with a passkey (WebAuthn), and adding one: the only pages that need a script, since browsers give passkeys
//! to scripts alone. Their ceremonies are [`Passkeys`].

use std::sync::Arc;

use askama::Template;
use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Extension, Json};
use kandeng_platform::account::{Challenge, Passkeys, Viewer};
use kandeng_platform::page::{
    Form, Frame, Nothing, Problem, Routes, Sent, Shell, Site, html, moment, told,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::frame::Asking;
use crate::sign_in::{by_nobody, end, is_lately, lately, safe, with_session};
use crate::words::words;

/// Put among the extensions of requests.
#[derive(Clone)]
pub(crate) struct PasskeysOf(pub Arc<Passkeys>);

pub(crate) fn routes() -> Routes {
    Routes::new()
        .public(Method::POST, "/sign-in/passkey/ask", ask)
        .without_room()
        .public(Method::POST, "/sign-in/passkey", sign_in)
        .without_room()
        .signed_in(Method::GET, "/account/passkeys", list)
        .signed_in(Method::POST, "/account/passkeys/offer", offer)
        .signed_in(Method::POST, "/account/passkeys", add)
        .signed_in(Method::POST, "/account/passkeys/{id}/remove", remove)
}

async fn ask(
    site: Site,
    Extension(keys): Extension<PasskeysOf>,
    Extension(asking): Extension<Asking>,
) -> Result<Json<Asked>, Problem> {
    let now = site.platform().clock().now();
    Ok(Json(keys.0.ask(&asking.address, now)?.into()))
}

/// What the page's script asks the browser for.
#[derive(Serialize)]
struct Asked {
    attempt: String,
    options: Value,
}

impl From<Challenge> for Asked {
    fn from(Challenge { attempt, options }: Challenge) -> Self {
        Self { attempt, options }
    }
}

#[derive(Deserialize)]
struct Answer {
    attempt: String,
    answer: Value,
    #[serde(default)]
    to: String,
}

#[derive(Serialize)]
struct SignedIn {
    /// Where the page is to go.
    to: String,
}

async fn sign_in(
    site: Site,
    Extension(keys): Extension<PasskeysOf>,
    Extension(asking): Extension<Asking>,
    before: Option<Viewer>,
    Sent(sent): Sent<Answer>,
) -> Result<Response, Problem> {
    let cx = by_nobody(&site, asking.language);
    let signed = keys
        .0
        .sign_in(&sent.attempt, sent.answer, &asking.address, &cx);
    let token = signed.await?;
    end(&site, before).await?;
    let to = safe(&sent.to).to_owned();
    Ok(with_session(Json(SignedIn { to }).into_response(), &token))
}

struct Row {
    id: Uuid,
    label: String,
    since: String,
}

#[derive(Template)]
#[template(path = "passkeys.html")]
struct PasskeysPage {
    shell: Shell,
    rows: Vec<Row>,
    /// Whether something may be changed without signing in again.
    lately: bool,
}

async fn list(
    site: Site,
    viewer: Viewer,
    Extension(keys): Extension<PasskeysOf>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    let words = words(viewer.language);
    let rows = keys.0.of(viewer.account)?.into_iter().map(|key| Row {
        id: key.id,
        label: key.label,
        since: moment(key.since),
    });
    Ok(html(&PasskeysPage {
        rows: rows.collect(),
        lately: is_lately(&site, &viewer)?,
        shell: Shell::of(&site, &viewer, frame, words, words.say("passkeys")),
    }))
}

async fn offer(
    site: Site,
    viewer: Viewer,
    Extension(keys): Extension<PasskeysOf>,
) -> Result<Json<Asked>, Problem> {
    lately(&site, &viewer)?;
    let now = site.platform().clock().now();
    Ok(Json(keys.0.offer(&viewer, now)?.into()))
}

#[derive(Deserialize)]
struct New {
    attempt: String,
    label: String,
    answer: Value,
}

async fn add(
    site: Site,
    viewer: Viewer,
    Extension(keys): Extension<PasskeysOf>,
    Sent(new): Sent<New>,
) -> Result<Response, Problem> {
    lately(&site, &viewer)?;
    let cx = site.context(&viewer, site.jurisdiction());
    let added = (keys.0).add(&viewer, &new.attempt, &new.label, new.answer, &cx);
    added.await?;
    Ok(told(StatusCode::NO_CONTENT.into_response(), "saved"))
}

async fn remove(
    site: Site,
    viewer: Viewer,
    Extension(keys): Extension<PasskeysOf>,
    Path(id): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    lately(&site, &viewer)?;
    let cx = site.context(&viewer, site.jurisdiction());
    keys.0.remove(&viewer, id, &cx).await?;
    let back = Redirect::to("/account/passkeys").into_response();
    Ok(told(back, "withdrawn"))
}
