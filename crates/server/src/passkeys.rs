//! Signing in with a passkey (WebAuthn), and adding one: the only pages that need a script, since browsers give passkeys
//! to scripts alone. How they are checked and where they are kept is behind [`Passkeys`].

use std::sync::Arc;

use askama::Template;
use async_trait::async_trait;
use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Extension, Json};
use kandeng_platform::Context;
use kandeng_platform::account::{PeopleError, Viewer};
use kandeng_platform::page::{
    Form, Frame, Nothing, Problem, Routes, Sent, Shell, Site, html, moment, told,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::frame::Asking;
use crate::sign_in::{by_nobody, safe, with_session};
use crate::words::words;

/// What the browser is asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Challenge {
    /// What the answer is to name: it is good for a few minutes, and once.
    pub attempt: String,
    /// `PublicKeyCredentialRequestOptionsJSON` or `PublicKeyCredentialCreationOptionsJSON` (Web Authentication, 5.1).
    pub options: Value,
}

/// A passkey, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// Its id.
    pub id: Uuid,
    /// What its owner calls it.
    pub label: String,
    /// Since when, in milliseconds since 1970.
    pub since: i64,
}

/// Where passkeys are kept and checked.
#[async_trait]
pub trait Passkeys: Send + Sync {
    /// Asks for any passkey of this site. Nobody has said yet who they are.
    async fn ask(&self, cx: &Context) -> Result<Challenge, PeopleError>;

    /// Signs in whoever's passkey answered, and gives the token of the session. Rotated at each signing in; failures
    /// slow down `address` as those of passwords do.
    async fn sign_in(
        &self,
        attempt: &str,
        answer: Value,
        address: &str,
        cx: &Context,
    ) -> Result<String, PeopleError>;

    /// Asks for a new passkey of the viewer's.
    async fn offer(&self, viewer: &Viewer, cx: &Context) -> Result<Challenge, PeopleError>;

    /// Adds it.
    async fn add(
        &self,
        viewer: &Viewer,
        attempt: &str,
        label: &str,
        answer: Value,
        cx: &Context,
    ) -> Result<(), PeopleError>;

    /// Those of an account.
    fn of(&self, account: Uuid) -> Result<Vec<Passkey>, PeopleError>;

    /// Removes one of the viewer's; nobody else's.
    async fn remove(&self, viewer: &Viewer, id: Uuid, cx: &Context) -> Result<(), PeopleError>;
}

/// Put among the extensions of requests.
#[derive(Clone)]
pub(crate) struct PasskeysOf(pub Arc<dyn Passkeys>);

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
) -> Result<Json<Challenge>, Problem> {
    let cx = by_nobody(&site, asking.language);
    Ok(Json(keys.0.ask(&cx).await?))
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
    Sent(sent): Sent<Answer>,
) -> Result<Response, Problem> {
    let cx = by_nobody(&site, asking.language);
    let signed = keys
        .0
        .sign_in(&sent.attempt, sent.answer, &asking.address, &cx);
    let token = signed.await?;
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
        shell: Shell::of(&site, &viewer, frame, words, words.say("passkeys")),
    }))
}

async fn offer(
    site: Site,
    viewer: Viewer,
    Extension(keys): Extension<PasskeysOf>,
) -> Result<Json<Challenge>, Problem> {
    let cx = site.context(&viewer, site.jurisdiction());
    Ok(Json(keys.0.offer(&viewer, &cx).await?))
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
    let cx = site.context(&viewer, site.jurisdiction());
    let label: String = new.label.trim().chars().take(60).collect();
    let added = keys.0.add(&viewer, &new.attempt, &label, new.answer, &cx);
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
    let cx = site.context(&viewer, site.jurisdiction());
    keys.0.remove(&viewer, id, &cx).await?;
    let back = Redirect::to("/account/passkeys").into_response();
    Ok(told(back, "withdrawn"))
}
