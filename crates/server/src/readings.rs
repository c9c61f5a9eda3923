//! Who looked at what, for auditors.

use askama::Template;
use axum::Extension;
use axum::extract::Query;
use axum::http::Method;
use axum::response::Response;
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Frame, Problem, Routes, Shell, Site, html, moment};
use kandeng_platform::reading::{Noted, Wanted, readings};
use serde::Deserialize;
use uuid::Uuid;

use crate::words::words;

/// Rows of a page.
const PAGE: u32 = 100;

pub(crate) fn routes() -> Routes {
    Routes::new().asks(
        Method::GET,
        "/readings",
        Action::ViewReadings,
        |site, viewer, _| Ok(site.widest(viewer, Action::ViewReadings)),
        list,
    )
}

/// Which are asked for, as it stands in an address.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Filter {
    pub actor: Option<Uuid>,
    pub thing: Option<Uuid>,
    pub before: Option<u64>,
}

/// Those within the resource that was asked for, newest first.
pub(crate) fn wanted(
    site: &Site,
    asked: &Asked,
    filter: &Filter,
    most: u32,
) -> Result<Vec<Noted>, Problem> {
    let wanted = Wanted {
        within: asked.resource.jurisdiction.clone(),
        actor: filter.actor,
        thing: filter.thing,
        before: filter.before,
        most,
    };
    Ok(site
        .platform()
        .query(|connection| readings(connection, &wanted))?)
}

struct Row {
    at: String,
    name: String,
    actor: Uuid,
    what: String,
    thing: Uuid,
    reason: String,
    position: u64,
}

#[derive(Template)]
#[template(path = "readings.html")]
struct ReadingsPage {
    shell: Shell,
    rows: Vec<Row>,
    older: Option<String>,
    narrowed: bool,
}

async fn list(
    site: Site,
    asked: Asked,
    Extension(frame): Extension<Frame>,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let words = words(asked.viewer.language);
    let noted = wanted(&site, &asked, &filter, PAGE)?;
    let last = noted.last().map(|last| last.position);
    let older = last.filter(|_| noted.len() == PAGE as usize).map(|before| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("before", &before.to_string());
        for (name, id) in [("actor", filter.actor), ("thing", filter.thing)] {
            if let Some(id) = id {
                query.append_pair(name, &id.to_string());
            }
        }
        format!("/readings?{}", query.finish())
    });
    let mut rows = Vec::with_capacity(noted.len());
    for noted in noted {
        let name = site.people().name(noted.actor)?;
        let what = words.known(&format!("thing-{}", noted.what));
        rows.push(Row {
            at: moment(noted.at),
            name: name.unwrap_or_else(|| words.say("person-erased")),
            actor: noted.actor,
            // A scene's own kinds have no text here: their word will do.
            what: what.unwrap_or(noted.what),
            thing: noted.thing,
            reason: noted.reason,
            position: noted.position,
        });
    }
    let page = ReadingsPage {
        rows,
        older,
        narrowed: filter.actor.is_some() || filter.thing.is_some(),
        shell: Shell::of(&site, &asked.viewer, frame, words, words.say("readings")),
    };
    Ok(html(&page))
}
