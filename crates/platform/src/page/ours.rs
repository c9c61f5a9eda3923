//! Whether what would change something was sent by one of our pages, in this session: asked of every such request, in
//! one place, before its handler sees it.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use http_body::Frame;
use subtle::ConstantTimeEq as _;

use super::form::{MOST_CARRIED, TOKEN};
use super::routes::{MOST_BYTES, Most};
use super::{Carried, Problem};

/// The header in which scripts of ours send the session's token.
pub const TOKEN_HEADER: &str = "x-form-token";

/// The most bytes of a form with files that come before the end of its first field.
const MOST_BEFORE: usize = 4 << 10;

/// What a form sent, for as long as it is not known whether it could be kept.
#[derive(Clone)]
pub(super) struct Typed(Bytes);

impl Typed {
    /// The same, to be sent to `to` once more; nothing where it is too large for a page.
    pub(super) fn carried(&self, to: String) -> Option<Carried> {
        (self.0.len() <= MOST_CARRIED).then(|| Carried::of(to, &self.0))
    }
}

/// Whether the body is a form without files.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    begins(headers, b"application/x-www-form-urlencoded")
}

fn begins(headers: &HeaderMap, with: &[u8]) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(with))
}

/// Gives the request back, whole, where it carries the token: in a header, among the fields of a form, or as the
/// first field of a form with files.
pub(super) async fn ours(token: &str, request: Request) -> Result<Request, Response> {
    let same = |given: &[u8]| bool::from(token.as_bytes().ct_eq(given));
    if let Some(given) = request.headers().get(TOKEN_HEADER) {
        return if same(given.as_bytes()) {
            Ok(request)
        } else {
            Err(Problem::forged().into_response())
        };
    }
    let most = request.extensions().get::<Most>();
    let most = most.map_or(MOST_BYTES, |most| most.0);
    let (parts, body) = request.into_parts();
    if is_form(&parts.headers) {
        let bytes = axum::body::to_bytes(body, most)
            .await
            .map_err(|_| Problem::too_large().into_response())?;
        let given = form_urlencoded::parse(&bytes).find(|(name, _)| name == TOKEN);
        return match given {
            Some((_, given)) if same(given.as_bytes()) => {
                let mut request = Request::from_parts(parts, Body::from(bytes.clone()));
                request.extensions_mut().insert(Typed(bytes));
                Ok(request)
            }
            _ => Err(of_an_older_session(&parts, &bytes)),
        };
    }
    if begins(&parts.headers, b"multipart/form-data") {
        let (start, rest) = first_bytes(body, token.len()).await;
        let given = first_field(&start);
        if given.is_some_and(same) {
            let body = Body::new(Resumed {
                start: Some(start.into()),
                rest,
            });
            return Ok(Request::from_parts(parts, body));
        }
    }
    Err(Problem::forged().into_response())
}

/// A form that a page of ours sent, as the browser says, but not one of this session: most likely it stood open while
/// its author signed in again elsewhere. It is refused, and what it held can be sent once more.
fn of_an_older_session(parts: &Parts, bytes: &[u8]) -> Response {
    let mut response = Problem::forged().into_response();
    let from = parts.headers.get("sec-fetch-site");
    if from.is_some_and(|from| from == "same-origin") && bytes.len() <= MOST_CARRIED {
        let to = parts.uri.path().to_owned();
        response.extensions_mut().insert(Carried::of(to, bytes));
    }
    response
}

/// Reads until the first field of a form with files is there; nothing of the rest.
async fn first_bytes(mut body: Body, token: usize) -> (Vec<u8>, Body) {
    let mut start = Vec::new();
    while start.len() < MOST_BEFORE {
        // With the line break that ends it: it may arrive in two pieces.
        let complete = first_value(&start).is_some_and(|value| value.len() >= token + 2);
        if complete {
            break;
        }
        let next = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let Some(Ok(frame)) = next else {
            break;
        };
        if let Some(data) = frame.data_ref() {
            start.extend_from_slice(data);
        }
    }
    (start, body)
}

/// What follows the headers of the first part, where that part is the token's.
fn first_value(start: &[u8]) -> Option<&[u8]> {
    let end = start.windows(4).position(|four| four == b"\r\n\r\n")?;
    let headers = std::str::from_utf8(&start[..end]).ok()?;
    let name = format!("name=\"{TOKEN}\"");
    headers.contains(&name).then(|| &start[end + 4..])
}

fn first_field(start: &[u8]) -> Option<&[u8]> {
    let value = first_value(start)?;
    let end = value.windows(2).position(|two| two == b"\r\n")?;
    Some(&value[..end])
}

/// A body of which the first bytes were looked at already.
struct Resumed {
    start: Option<Bytes>,
    rest: Body,
}

impl HttpBody for Resumed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.start.take() {
            Some(start) => Poll::Ready(Some(Ok(Frame::data(start)))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// A body that arrives in pieces.
    struct Pieces(VecDeque<Bytes>);

    impl HttpBody for Pieces {
        type Data = Bytes;
        type Error = axum::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
            Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
        }
    }

    #[test]
    fn the_token_is_found_however_a_form_with_files_arrives_and_none_of_it_is_lost() {
        let whole = "--b\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\nabc\r\n--b\r\n\r\nx\r\n--b--\r\n";
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let ask = async |pieces: VecDeque<Bytes>| {
            let request = axum::http::Request::builder()
                .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
                .body(Body::new(Pieces(pieces)))
                .unwrap();
            let request = ours("abc", request).await.unwrap();
            axum::body::to_bytes(request.into_body(), 1 << 10)
                .await
                .unwrap()
        };
        runtime.block_on(async {
            for at in 1..whole.len() {
                let (start, rest) = whole.split_at(at);
                let pieces = [start, rest].map(|piece| Bytes::from_static(piece.as_bytes()));
                assert_eq!(ask(pieces.into()).await, whole, "{at}");
            }
            let single = whole.as_bytes().chunks(1).map(Bytes::from_static);
            assert_eq!(ask(single.collect()).await, whole);
        });
    }

    fn first(text: &str) -> Option<&str> {
        first_field(text.as_bytes()).map(|value| std::str::from_utf8(value).unwrap())
    }

    #[test]
    fn the_token_is_the_first_field_of_a_form_with_files_or_it_is_none() {
        let of = |name: &str, value: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n--b")
        };
        assert_eq!(first(&of("form_token", "abc")), Some("abc"));
        assert_eq!(first(&of("other", "abc")), None);
        // Not what a file says further on.
        let late = format!("{}\r\n{}", of("other", "x"), of("form_token", "abc"));
        assert_eq!(first(&late), None);
        assert_eq!(
            first("--b\r\nContent-Disposition: form-data; name=\"form_token\""),
            None
        );
    }
}
