//! Stylesheets and scripts, within the program: named by what they hold, so that browsers keep them for ever, and
//! compressed when the program was built.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse as _, Response};
use kandeng_platform::page::{Problem, Routes};

/// A file, as it is and compressed.
pub(crate) struct File {
    path: &'static str,
    kind: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

pub(crate) fn routes() -> Routes {
    Routes::new().public(Method::GET, "/assets/{*name}", give)
}

async fn give(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let path = format!("/assets/{name}");
    let Some(file) = FILES.iter().find(|file| file.path == path) else {
        return Problem::not_found().into_response();
    };
    let accepted = headers.get(header::ACCEPT_ENCODING);
    let accepted = accepted
        .and_then(|accepted| accepted.to_str().ok())
        .unwrap_or_default();
    let (bytes, encoding) = match (file.brotli, file.gzip) {
        (Some(bytes), _) if takes(accepted, "br") => (bytes, Some("br")),
        (_, Some(bytes)) if takes(accepted, "gzip") => (bytes, Some("gzip")),
        _ => (file.plain, None),
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(header::CACHE_CONTROL, kept);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// Whether that encoding is among those that are accepted.
fn takes(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|part| {
        let mut parts = part.trim().split(';');
        let is_it = parts
            .next()
            .is_some_and(|name| name.trim().eq_ignore_ascii_case(encoding));
        let refused = parts.any(|weight| {
            weight
                .trim()
                .strip_prefix("q=")
                .is_some_and(|weight| weight.parse::<f32>().is_ok_and(|weight| weight == 0.0))
        });
        is_it && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_given_to_whoever_takes_it() {
        for (accepted, brotli) in [
            ("gzip, deflate, br, zstd", true),
            ("br;q=0.5", true),
            ("gzip, br;q=0", false),
            ("gzip", false),
            ("", false),
            ("brotli", false),
        ] {
            assert_eq!(takes(accepted, "br"), brotli, "{accepted}");
        }
    }
}
