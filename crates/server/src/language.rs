//! Reading in the other language: a cookie, which stands above what the account says.

use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::Language;
use kandeng_platform::page::{Form, Problem, Routes};
use serde::Deserialize;

use crate::frame::cookie;
use crate::sign_in::safe;

const LANGUAGE: &str = "__Host-language";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .public(Method::POST, "/language", choose)
        .without_room()
}

/// What was chosen on this browser.
pub(crate) fn chosen(headers: &HeaderMap) -> Option<Language> {
    of(&cookie(headers, LANGUAGE)?)
}

fn of(name: &str) -> Option<Language> {
    match name {
        "zh" => Some(Language::Zh),
        "en" => Some(Language::En),
        _ => None,
    }
}

#[derive(Deserialize)]
struct Choice {
    language: String,
    #[serde(default)]
    to: String,
}

async fn choose(Form(choice): Form<Choice>) -> Result<Response, Problem> {
    let language = match of(&choice.language) {
        Some(Language::Zh) => "zh",
        Some(Language::En) => "en",
        None => return Err(Problem::not_found()),
    };
    // Nobody who signs in is sent on to where they must sign in.
    let to = match choice.to.as_str() {
        "/sign-in" => "/sign-in",
        to => safe(to),
    };
    let mut response = Redirect::to(to).into_response();
    let cookie =
        format!("{LANGUAGE}={language}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000");
    // Cannot fail: it is made of letters.
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
