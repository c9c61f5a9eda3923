//! A page as an answer.

use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};

use super::Problem;

/// A page as an answer.
pub fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => Problem::fault(&error).into_response(),
    }
}

/// Marks an answer that is a page already, although its status says that something is wrong.
#[derive(Clone, Copy)]
pub struct Shown;

/// A page with a status of its own, which nobody writes over: what was typed is on it.
#[must_use]
pub fn shown_as_it_is(mut response: Response) -> Response {
    response.extensions_mut().insert(Shown);
    response
}
