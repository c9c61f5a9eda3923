//! Tokens by which programs come in somebody's name, for the API alone: with an end, and with scopes for what they may
//! change.

use askama::Template;
use axum::Extension;
use axum::extract::Path;
use axum::http::Method;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::account::{NewKey, PeopleError, Scope, Scopes, Viewer};
use kandeng_platform::page::{
    Form, Frame, Nothing, Problem, Routes, Shell, Site, Words, html, moment, told,
};
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
    may: Vec<String>,
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
    scopes: Vec<ScopeBox>,
}

/// A scope that can be ticked.
struct ScopeBox {
    name: &'static str,
    title: String,
    about: String,
    ticked: bool,
}

fn title(words: Words, scope: Scope) -> String {
    words.say(&format!("scope-{}", scope.name()))
}

fn boxes(words: Words, ticked: &Scopes) -> Vec<ScopeBox> {
    let boxes = Scope::ALL.into_iter().map(|scope| ScopeBox {
        name: scope.name(),
        title: title(words, scope),
        about: words.say(&format!("scope-{}-about", scope.name())),
        ticked: ticked.contains(&scope),
    });
    boxes.collect()
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
                may: std::iter::once(words.say("scope-read"))
                    .chain(key.scopes.into_iter().map(|scope| title(words, scope)))
                    .collect(),
                until: moment(key.until),
            })
            .collect(),
        token: None,
        told: None,
        lately: is_lately(site, viewer)?,
        label: String::new(),
        days: "90".to_owned(),
        scopes: boxes(words, &Scopes::new()),
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

/// What the form sends: `scope` for each that is ticked.
fn typed(fields: &[(String, String)]) -> NewKey {
    let all = |wanted: &'static str| {
        let of_name = fields.iter().filter(move |(name, _)| name == wanted);
        of_name.map(|(_, value)| value.as_str())
    };
    let scopes =
        all("scope").filter_map(|name| Scope::ALL.into_iter().find(|scope| scope.name() == name));
    NewKey {
        label: all("label").next().unwrap_or_default().to_owned(),
        scopes: scopes.collect(),
        // What is no number is none, which is refused.
        days: all("days")
            .next()
            .unwrap_or_default()
            .trim()
            .parse()
            .unwrap_or(0),
    }
}

async fn make(
    site: Site,
    viewer: Viewer,
    Extension(frame): Extension<Frame>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    lately(&site, &viewer)?;
    let cx = site.context(&viewer, site.jurisdiction());
    let new = typed(&fields);
    let (token, refused) = match site.people().make_key(&new, &cx).await {
        Ok(token) => (Some(token), None),
        Err(PeopleError::Refused(refusal)) => (None, Some(refusal)),
        Err(other) => return Err(other.into()),
    };
    let mut page = page(&site, &viewer, frame)?;
    page.token = token;
    if let Some(refusal) = refused {
        page.told = Some(page.shell.words.of(&refusal.text).to_owned());
        let days = fields.into_iter().find(|(name, _)| name == "days");
        page.days = days.map(|(_, days)| days).unwrap_or_default();
        page.label = new.label;
        page.scopes = boxes(page.shell.words, &new.scopes);
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
