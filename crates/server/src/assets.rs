//! Stylesheets and scripts, within the program: named by what they hold, so that browsers keep them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse as _, Response};
use kandeng_platform::page::{Problem, Routes};
use sha2::{Digest as _, Sha256};

/// A file and the address that it has.
pub(crate) struct Asset {
    pub path: String,
    name: String,
    kind: &'static str,
    bytes: &'static [u8],
}

impl Asset {
    fn new(stem: &str, ending: &str, kind: &'static str, bytes: &'static [u8]) -> Self {
        let digest = Sha256::digest(bytes);
        let print: String = digest[..6]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let name = format!("{stem}.{print}.{ending}");
        Self {
            path: format!("/assets/{name}"),
            name,
            kind,
            bytes,
        }
    }
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let bytes = include_bytes!("../assets/kandeng.css");
    Asset::new("kandeng", "css", "text/css; charset=utf-8", bytes)
});

/// The stylesheet.
pub(crate) fn style() -> &'static Asset {
    &STYLE
}

pub(crate) fn routes() -> Routes {
    Routes::new().public(Method::GET, "/assets/{name}", give)
}

async fn give(Path(name): Path<String>) -> Response {
    let Some(asset) = [style()].into_iter().find(|asset| asset.name == name) else {
        return Problem::not_found().into_response();
    };
    let mut response = asset.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(header::CACHE_CONTROL, kept);
    response
}
