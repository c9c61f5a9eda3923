//! Something to be told once, on the page that follows: a cookie names its text, and goes when it has been shown.

use axum::http::{HeaderValue, header};
use axum::response::Response;

/// The cookie's name.
pub const FLASH: &str = "__Host-told";

/// Has the next page tell the text of that key. The key is a name in the locale files and nothing else, so that nothing
/// that somebody typed, and nobody's name, is kept in a cookie.
#[must_use]
pub fn told(mut response: Response, key: &'static str) -> Response {
    let cookie = format!("{FLASH}={key}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60");
    // Cannot fail: keys are letters and hyphens.
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
