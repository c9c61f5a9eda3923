//! What a page that stands open is told: how many subjects are in doubt, whenever that changes, and how far screening is while
//! everything is screened (server-sent events, as the HTML standard has them). It carries numbers and nothing else; without
//! it both are on the next page.

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
    let board = scene.board().changes();
    let start = (
        (site, scene),
        asked.viewer,
        (news, board, stopping),
        (None::<u64>, None::<(usize, usize)>),
        Some(first),
        Instant::now(),
    );
    let stream = futures::stream::unfold(start, move |state| async move {
        let ((site, scene), viewer, heard, told, mut now, mut next) = state;
        let (mut news, mut board, mut stopping) = heard;
        let (told, told_running) = told;
        loop {
            let count = match now.take() {
                Some(count) => count,
                None => {
                    tokio::select! {
                        changed = news.changed() => changed.ok()?,
                        changed = board.changed() => changed.ok()?,
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
            let running = board.borrow_and_update().running;
            let (event, told) = if told != Some(count) {
                let event = Event::default().event("doubts").data(count.to_string());
                (event, (Some(count), told_running))
            } else if told_running != running {
                // Browsers do not tell of an event without data.
                let data = running.map(|(done, of)| format!("{done}/{of}"));
                let data = data.unwrap_or_else(|| "over".to_owned());
                let event = Event::default().event("screening").data(data);
                (event, (told, running))
            } else {
                continue;
            };
            // Looked at once more before anything is waited for: there may be both to tell.
            let heard = (news, board, stopping);
            let state = ((site, scene), viewer, heard, told, Some(count), next);
            return Some((Ok::<_, Infallible>(event), state));
        }
    });
    Ok(Sse::new(stream)
        .keep_alive(KeepAlive::default())
        .into_response())
}
