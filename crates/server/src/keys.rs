//! Tokens by which programs come in somebody's name, for the API alone: with an end, and for reading or for changing
//! too. Where they are kept is behind [`Keys`].

use std::sync::Arc;

use askama::Template;
use async_trait::async_trait;
use axum::Extension;
use axum::extract::Path;
use axum::http::Method;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::account::Viewer;
use kandeng_platform::page::{
    Form, Frame, Nothing, Problem, Program, Routes, Shell, Site, html, moment, told,
};
use kandeng_platform::{Context, Refusal};
use serde::Deserialize;
use uuid::Uuid;

use crate::words::words;

/// The longest that a token may live, in days.
const MOST_DAYS: u32 = 366;

/// A token, as its owner sees it: never the token itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: Uuid,
    /// What its owner calls it.
    pub label: String,
    /// Whether it may change things.
    pub changes: bool,
    /// Until when, in milliseconds since 1970.
    pub until: i64,
}

/// A token that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// What its owner calls it.
    pub label: String,
    /// Whether it may change things.
    pub changes: bool,
    /// How many days it lives, from 1 to 366.
    pub days: u32,
}

/// Where tokens are kept.
#[async_trait]
pub trait Keys: Send + Sync {
    /// In whose name, and for what, the token is good at the moment. It ends with its account, when its account is
    /// suspended, and when it is withdrawn.
    fn bearer(
        &self,
        token: &str,
        now: jiff::Timestamp,
    ) -> Result<Option<(Viewer, Program)>, Problem>;

    /// The tokens of an account that are good at the moment.
    fn of(&self, account: Uuid, now: jiff::Timestamp) -> Result<Vec<Key>, Problem>;

    /// Makes one for whoever is behind `cx`. The token is given once.
    async fn make(&self, new: NewKey, cx: &Context) -> Result<String, Problem>;

    /// Withdraws one of whoever is behind `cx`; nobody else's.
    async fn withdraw(&self, id: Uuid, cx: &Context) -> Result<(), Problem>;
}

/// Put among the extensions of requests.
#[derive(Clone)]
pub(crate) struct KeysOf(pub Arc<dyn Keys>);

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
    /// What was typed, where it was refused.
    label: String,
    days: String,
    changes: bool,
}

fn page(site: &Site, viewer: &Viewer, keys: &KeysOf, frame: Frame) -> Result<KeysPage, Problem> {
    let words = words(viewer.language);
    let now = site.platform().clock().now();
    let rows = keys.0.of(viewer.account, now)?.into_iter();
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
        label: String::new(),
        days: "90".to_owned(),
        changes: false,
        shell: Shell::of(site, viewer, frame, words, words.say("keys")),
    })
}

async fn list(
    site: Site,
    viewer: Viewer,
    Extension(keys): Extension<KeysOf>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    Ok(html(&page(&site, &viewer, &keys, frame)?))
}

#[derive(Deserialize)]
struct Typed {
    label: String,
    days: String,
    #[serde(default)]
    changes: String,
}

impl Typed {
    fn read(&self) -> Result<NewKey, Refusal> {
        let label = self.label.trim();
        if label.is_empty() || label.chars().count() > 60 {
            return Err(Refusal::new(
                "label",
                "请写明用途,不超过 60 字",
                "say what it is for, in up to 60 characters",
            ));
        }
        let days = self.days.trim().parse().ok();
        let days = days.filter(|days| (1..=MOST_DAYS).contains(days));
        Ok(NewKey {
            label: label.to_owned(),
            changes: !self.changes.is_empty(),
            days: days.ok_or_else(|| {
                Refusal::new(
                    "days",
                    format!("有效期应为 1 至 {MOST_DAYS} 天"),
                    format!("it lives for 1 to {MOST_DAYS} days"),
                )
            })?,
        })
    }
}

async fn make(
    site: Site,
    viewer: Viewer,
    Extension(keys): Extension<KeysOf>,
    Extension(frame): Extension<Frame>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let cx = site.context(&viewer, site.jurisdiction());
    let (token, refused) = match typed.read() {
        Ok(new) => (Some(keys.0.make(new, &cx).await?), None),
        Err(refusal) => (None, Some(refusal)),
    };
    let mut page = page(&site, &viewer, &keys, frame)?;
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
    Extension(keys): Extension<KeysOf>,
    Path(id): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let cx = site.context(&viewer, site.jurisdiction());
    keys.0.withdraw(id, &cx).await?;
    Ok(told(
        Redirect::to("/account/keys").into_response(),
        "withdrawn",
    ))
}
