//! What a page that stands open is told: how many subjects are in doubt, whenever that changes (server-sent events, as the
//! HTML standard has them). It carries a number and nothing else; without it the count is on the next page.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::http::Method;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Problem, Routes, Site};
use tokio::time::Instant;

use crate::scene::Supervise;

/// How long one stream lasts: then the browser asks again, and is asked who it is.
const LASTS: Duration = Duration::from_mins(10);

/// The least time between two looks: a night's run changes hundreds of flags.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) fn routes() -> Routes {
    Routes::new().asks(
        Method::GET,
        "/supervise/events",
        Action::ViewDesk,
        |site, viewer, _| Ok(site.widest(viewer, Action::ViewDesk)),
        events,
    )
}

async fn events(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
) -> Result<Response, Problem> {
    let first = scene.counts().open_doubts(&site, &asked.viewer)?;
    let until = Instant::now() + LASTS;
    let news = site.platform().news();
    let stopping = site.stopping();
    let start = (
        (site, scene),
        asked.viewer,
        news,
        stopping,
        None::<u64>,
        Some(first),
        Instant::now(),
    );
    let stream = futures::stream::unfold(start, move |state| async move {
        let ((site, scene), viewer, mut news, mut stopping, told, mut now, mut next) = state;
        loop {
            let count = match now.take() {
                Some(count) => count,
                None => {
                    tokio::select! {
                        changed = news.changed() => changed.ok()?,
                        _ = stopping.wait_for(|stop| *stop) => return None,
                        () = tokio::time::sleep_until(until) => return None,
                    }
                    tokio::time::sleep_until(next).await;
                    next = Instant::now() + PAUSE;
                    // Marked as seen before the look, never after.
                    news.borrow_and_update();
                    scene.counts().open_doubts(&site, &viewer).ok()?
                }
            };
            if told != Some(count) {
                let event = Event::default().event("doubts").data(count.to_string());
                let state = (
                    (site, scene),
                    viewer,
                    news,
                    stopping,
                    Some(count),
                    None,
                    next,
                );
                return Some((Ok::<_, Infallible>(event), state));
            }
        }
    });
    Ok(Sse::new(stream)
        .keep_alive(KeepAlive::default())
        .into_response())
}
