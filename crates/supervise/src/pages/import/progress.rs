//! How far a file is, for whoever waits: a page that asks again by itself, or is told as it happens (server-sent events)
//! where there is a script.

use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use kandeng_platform::account::Viewer;
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, Words, html};
use uuid::Uuid;

use super::super::words::words;
use super::job::{Job, State};
use crate::scene::Supervise;

/// How often a page without a script asks again, in seconds.
const AGAIN: HeaderValue = HeaderValue::from_static("3");

/// How often rows are counted for a page with one.
const LOOK: Duration = Duration::from_millis(500);

/// How long one stream lasts: then the browser asks again, and is asked who it is.
const LASTS: Duration = Duration::from_mins(10);

#[derive(Template)]
#[template(path = "import_progress.html")]
struct ProgressPage {
    shell: Shell,
    id: String,
    name: String,
    says: String,
    done: usize,
    of: usize,
    is_taking: bool,
}

/// The page. `is_live`: a script tells it what there is to tell, so that it does not ask again.
pub(super) fn show(
    site: &Site,
    viewer: &Viewer,
    frame: Frame,
    (id, job): (Uuid, &Job),
    state: &State,
    is_live: bool,
) -> Response {
    let words = words(viewer.language);
    let (done, of) = counted(state);
    let mut answer = html(&ProgressPage {
        id: id.to_string(),
        name: job.name.to_string(),
        says: says(words, job, state),
        done,
        of,
        is_taking: matches!(state, State::Taking(..)),
        shell: Shell::of(site, viewer, frame, words, words.say("import-progress")),
    });
    if !is_live {
        let refresh = HeaderName::from_static("refresh");
        answer.headers_mut().insert(refresh, AGAIN);
    }
    answer
}

fn counted(state: &State) -> (usize, usize) {
    match state {
        State::Comparing(done, of) | State::Taking(done, of) => (*done, *of),
        _ => (0, 0),
    }
}

/// How far it is, in a sentence.
fn says(words: Words, job: &Job, state: &State) -> String {
    let figures = |key: &str, done: usize, of: usize| {
        words.say_with(key, &[("done", done.to_string()), ("of", of.to_string())])
    };
    match state {
        State::Queued => words.say("import-queued"),
        State::Reading => words.say_of("import-reading", &job.rows().to_string()),
        State::Comparing(done, of) => figures("import-comparing", *done, *of),
        State::Taking(_, 0) => words.say("import-queued"),
        State::Taking(done, of) if done == of => words.say("import-appending"),
        State::Taking(done, of) => figures("import-taking", *done, *of),
        State::Ready(_) | State::Taken | State::Refused(_) => words.say("import-done"),
    }
}

/// Tells a page that stands open; `done` when there is something else to see.
pub(super) async fn events(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
) -> Result<Response, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let job = scene.waiting().get(&site, &asked.viewer, id)?;
    let words = words(asked.viewer.language);
    let until = tokio::time::Instant::now() + LASTS;
    let changes = job.changes();
    let stopping = site.stopping();
    let start = Some((changes, stopping, String::new(), true));
    let stream = futures::stream::unfold(start, move |state| {
        let job = job.clone();
        async move {
            let (mut changes, mut stopping, before, mut is_first) = state?;
            loop {
                if !std::mem::take(&mut is_first) {
                    tokio::select! {
                        heard = changes.changed() => heard.ok()?,
                        () = tokio::time::sleep(LOOK) => {}
                        _ = stopping.wait_for(|stop| *stop) => return None,
                        () = tokio::time::sleep_until(until) => return None,
                    }
                    // Several changes between two looks are one.
                    tokio::time::sleep(LOOK / 5).await;
                }
                let now = changes.borrow_and_update().clone();
                if !now.is_busy() {
                    // Browsers do not tell of an event without data.
                    let event = Event::default().event("done").data("1");
                    return Some((Ok::<_, Infallible>(event), None));
                }
                let (done, of) = counted(&now);
                let told =
                    serde_json::json!({"says": says(words, &job, &now), "done": done, "of": of});
                let told = told.to_string();
                if told != before {
                    let event = Event::default().event("progress").data(&told);
                    return Some((Ok(event), Some((changes, stopping, told, false))));
                }
            }
        }
    });
    Ok(Sse::new(stream)
        .keep_alive(KeepAlive::default())
        .into_response())
}
