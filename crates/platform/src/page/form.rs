//! Forms: what was typed, sent from one of our pages in this session.

use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;

use super::{Problem, Site};
use crate::account::Viewer;
use crate::context::Text;

/// The most bytes of a form.
const MOST: usize = 1 << 20;

/// The most bytes of a form that are kept while somebody signs in again.
pub(super) const MOST_CARRIED: usize = 256 << 10;

/// The field that carries the session's token.
pub(super) const TOKEN: &str = "form_token";

/// What was typed into a form. Refused unless it carries the token of the viewer's session, where one is signed in.
#[derive(Clone, Debug)]
pub struct Form<T>(pub T);

/// A form that says nothing but that its button was pressed.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
pub struct Nothing {}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE);
        if kind.is_none_or(|kind| {
            !kind
                .as_bytes()
                .starts_with(b"application/x-www-form-urlencoded")
        }) {
            return Err(unreadable());
        }
        let bytes = axum::body::to_bytes(body, MOST)
            .await
            .map_err(|_| Problem::too_large())?;
        if let Some(viewer) = parts.extensions.get::<Viewer>() {
            let site = parts
                .extensions
                .get::<Site>()
                .ok_or_else(Problem::not_found)?;
            let expected = site.form_token(viewer);
            let given = form_urlencoded::parse(&bytes)
                .find(|(name, _)| name == TOKEN)
                .map(|(_, value)| value.into_owned())
                .unwrap_or_default();
            if !bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
                return Err(Problem::forged());
            }
        }
        serde_urlencoded::from_bytes(&bytes)
            .map(Self)
            .map_err(|_| unreadable())
    }
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
