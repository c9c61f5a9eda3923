//! Forms: what was typed, sent from one of our pages in this session.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

use super::Problem;
use super::ours::is_form;
use crate::context::Text;

/// The most bytes of a form that are kept while somebody signs in again.
pub(super) const MOST_CARRIED: usize = 256 << 10;

/// The field that carries the session's token. In a form with files it comes first.
pub const TOKEN: &str = "form_token";

/// What was typed into a form. That it comes from one of our pages is asked before a handler sees it.
#[derive(Clone, Debug)]
pub struct Form<T>(pub T);

/// A form that says nothing but that its button was pressed.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
pub struct Nothing {}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_form(request.headers()) {
            return Err(unreadable());
        }
        let bytes = bytes_of(request, state).await?;
        serde_urlencoded::from_bytes(&bytes)
            .map(Self)
            .map_err(|_| unreadable())
    }
}

/// What a program sent, as JSON.
#[derive(Clone, Debug)]
pub struct Sent<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let is_json = |kind: &[u8]| kind.to_ascii_lowercase().starts_with(b"application/json");
        if kind.is_none_or(|kind| !is_json(kind.as_bytes())) {
            return Err(Problem::format());
        }
        let bytes = bytes_of(request, state).await?;
        // Where it is wrong, not what it says: it may name somebody.
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Problem::unreadable(Text::new(
                format!("第 {line} 行第 {column} 列附近的 JSON 不符合说明"),
                format!("the JSON near line {line}, column {column} is not as described"),
            ))
        })
    }
}

/// The whole body, up to what the route takes.
async fn bytes_of<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let bytes = Bytes::from_request(request, state).await;
    bytes.map_err(|refused| match refused.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        _ => unreadable(),
    })
}

fn unreadable() -> Problem {
    Problem::unreadable(Text::new(
        "表单没有完整送达,请返回再试",
        "the form did not arrive whole; go back and try again",
    ))
}

/// A form that was sent when nobody was signed in any more: where to, and its fields, to be sent again afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// The path that it was sent to.
    pub to: String,
    /// Its fields but for the token.
    pub fields: Vec<(String, String)>,
}

impl Carried {
    pub(super) fn of(to: String, bytes: &[u8]) -> Self {
        let fields = form_urlencoded::parse(bytes)
            .filter(|(name, _)| name != TOKEN)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        Self { to, fields }
    }
}
