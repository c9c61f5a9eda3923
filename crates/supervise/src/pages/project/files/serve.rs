//! Files to whoever may read the project: the bytes as they came, and small pictures of photos.

use std::io::Read as _;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use kandeng_platform::page::{Asked, Problem, Site};
use uuid::Uuid;

use crate::project::{KeptFile, file_of};
use crate::scene::Supervise;

/// What is sent at once.
const PART: usize = 256 << 10;

/// Whoever opens a file by its address sees it and nothing runs: no script, no form, nothing from elsewhere.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// The file of the path, if it is one of the project's.
fn file(site: &Site, asked: &Asked) -> Result<KeptFile, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let digits = asked.params.get("file").unwrap_or_default();
    let found = site.platform().query(|of| file_of(of, id, digits))?;
    found.ok_or_else(Problem::not_found)
}

/// The bytes as they came. A picture is shown, a document is saved.
pub(crate) async fn original(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
) -> Result<Response, Problem> {
    let kept = file(&site, &asked)?;
    let path = scene.kept().path(&kept.sha256);
    let opened = tokio::task::spawn_blocking(move || std::fs::File::open(path)).await;
    let opened = opened.map_err(|error| Problem::fault(&error))?;
    let opened = opened.map_err(|error| Problem::fault(&error))?;
    let parts = futures::stream::unfold(opened, |mut file| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut part = vec![0; PART];
            let read = file.read(&mut part).map(|length| {
                part.truncate(length);
                Bytes::from(part)
            });
            (read, file)
        })
        .await;
        let (read, file) = read.ok()?;
        match read {
            Ok(part) if part.is_empty() => None,
            read => Some((read, file)),
        }
    });
    // Compression asks once more after the end.
    let mut answer = Body::from_stream(parts.fuse()).into_response();
    let headers = answer.headers_mut();
    let kind = HeaderValue::from_static(kept.kind.media_type());
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(kept.bytes));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    if let Ok(disposition) = HeaderValue::from_str(&disposition(&kept)) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(answer)
}

/// A small picture.
pub(crate) async fn preview(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
) -> Result<Response, Problem> {
    let kept = file(&site, &asked)?;
    if !kept.kind.is_picture() {
        return Err(Problem::not_found());
    }
    let bytes = scene.kept().preview(&kept.sha256).await;
    let bytes = bytes.map_err(|error| Problem::fault(&error))?;
    let mut answer = Body::from(bytes).into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("inline"),
    );
    Ok(answer)
}

/// What a browser does with it, and under which name: by RFC 6266 and 8187, with a plain name for what knows neither.
fn disposition(kept: &KeptFile) -> String {
    let how = if kept.kind.is_picture() {
        "inline"
    } else {
        "attachment"
    };
    let plain = format!("{}.{}", &kept.sha256[..8], kept.kind.ending());
    let ending = format!(".{}", kept.kind.ending());
    let full = if kept.name.to_lowercase().ends_with(&ending)
        || kept.kind.ending() == "jpg" && kept.name.to_lowercase().ends_with(".jpeg")
    {
        kept.name.clone()
    } else {
        // A name never says that it is something else than it is.
        format!("{}{ending}", kept.name)
    };
    let encoded: String = full
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{FileKind, Row};

    #[test]
    fn a_name_says_what_the_file_is_and_breaks_no_header() {
        let mut kept = KeptFile {
            sha256: "ab".repeat(32),
            bytes: 1,
            kind: FileKind::Jpeg,
            name: "三组\"; x=.html".to_owned(),
            says: Row::new(),
        };
        assert_eq!(
            disposition(&kept),
            "inline; filename=\"abababab.jpg\"; \
             filename*=UTF-8''%E4%B8%89%E7%BB%84%22%3B%20x%3D.html.jpg"
        );
        kept.kind = FileKind::Pdf;
        kept.name = "a.PDF".to_owned();
        let told = disposition(&kept);
        assert!(told.starts_with("attachment;") && told.ends_with("UTF-8''a.PDF"));
    }
}
