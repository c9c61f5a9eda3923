//! Tokens by which programs come in somebody's name, for the API alone: with an end, and for reading or for changing
//! too.

use askama::Template;
use axum::Extension;
use axum::extract::Path;
use axum::http::Method;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::account::{NewKey, PeopleError, Viewer};
use kandeng_platform::page::{
    Form, Frame, Nothing, Problem, Routes, Shell, Site, html, moment, told,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::sign_in::{is_lately, lately};
use crate::words::words;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .signed_in(Method::GET, "/account/keys", list)
        .signed_in(Method::POST, "/account/keys", make)
        .signed_in(Method::POST, "/account/keys/{id}/withdraw", withdraw)
}

struct KeyRow {
    id: Uuid,
    label: String,
    changes: bool,
    until: String,
}

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage {
    shell: Shell,
    rows: Vec<KeyRow>,
    /// The new one, shown once.
    token: Option<String>,
    told: Option<String>,
    /// Whether one may be made without signing in again.
    lately: bool,
    /// What was typed, where it was refused.
    label: String,
    days: String,
    changes: bool,
}

fn page(site: &Site, viewer: &Viewer, frame: Frame) -> Result<KeysPage, Problem> {
    let words = words(viewer.language);
    let now = site.platform().clock().now();
    let rows = site.people().keys_of(viewer.account, now)?.into_iter();
    Ok(KeysPage {
        rows: rows
            .map(|key| KeyRow {
                id: key.id,
                label: key.label,
                changes: key.changes,
                until: moment(key.until),
            })
            .collect(),
        token: None,
        told: None,
        lately: is_lately(site, viewer)?,
        label: String::new(),
        days: "90".to_owned(),
        changes: false,
        shell: Shell::of(site, viewer, frame, words, words.say("keys")),
    })
}

async fn list(
    site: Site,
    viewer: Viewer,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    Ok(html(&page(&site, &viewer, frame)?))
}

#[derive(Deserialize)]
struct Typed {
    label: String,
    days: String,
    #[serde(default)]
    changes: String,
}

impl Typed {
    fn read(&self) -> NewKey {
        NewKey {
            label: self.label.clone(),
            changes: !self.changes.is_empty(),
            // What is no number is none, which is refused.
            days: self.days.trim().parse().unwrap_or(0),
        }
    }
}

async fn make(
    site: Site,
    viewer: Viewer,
    Extension(frame): Extension<Frame>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    lately(&site, &viewer)?;
    let cx = site.context(&viewer, site.jurisdiction());
    let (token, refused) = match site.people().make_key(&typed.read(), &cx).await {
        Ok(token) => (Some(token), None),
        Err(PeopleError::Refused(refusal)) => (None, Some(refusal)),
        Err(other) => return Err(other.into()),
    };
    let mut page = page(&site, &viewer, frame)?;
    page.token = token;
    if let Some(refusal) = refused {
        page.told = Some(page.shell.words.of(&refusal.text).to_owned());
        page.label = typed.label;
        page.days = typed.days;
        page.changes = !typed.changes.is_empty();
    }
    Ok(html(&page))
}

async fn withdraw(
    site: Site,
    viewer: Viewer,
    Path(id): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let cx = site.context(&viewer, site.jurisdiction());
    site.people().withdraw_key(id, &cx).await?;
    Ok(told(
        Redirect::to("/account/keys").into_response(),
        "withdrawn",
    ))
}
