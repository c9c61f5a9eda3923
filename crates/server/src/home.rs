//! The first page, and the places that belong to no scene.

use axum::Extension;
use axum::http::Method;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Entry, Frame, Routes, Site};

use crate::words::words;

pub(crate) fn routes() -> Routes {
    Routes::new().signed_in(Method::GET, "/", home)
}

/// Whoever comes is taken to the first place that is theirs.
async fn home(Extension(frame): Extension<Frame>) -> Response {
    let first = frame.entries.first();
    let first = first.map_or("/account", |entry| entry.href.as_str());
    Redirect::to(first).into_response()
}

/// The places of the server itself.
pub(crate) fn entries(site: &Site, viewer: &Viewer) -> Vec<Entry> {
    let words = words(viewer.language);
    let places = [
        (Action::ViewPeople, "/people", "people"),
        (Action::ViewReadings, "/readings", "readings"),
    ];
    let theirs = places
        .into_iter()
        .filter(|(action, ..)| site.widest(viewer, *action).is_some());
    theirs
        .map(|(_, href, label)| Entry {
            href: href.to_owned(),
            label: words.say(label),
            count: None,
        })
        .collect()
}
