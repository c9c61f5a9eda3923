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
