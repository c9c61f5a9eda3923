//! Views of the queue that an officer keeps: the present filters under a name. Nobody sees another's.

use axum::Extension;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{Asked, Form, Frame, Nothing, Params, Problem, Site, told};
use kandeng_platform::{CommandError, Decide};
use uuid::Uuid;

use super::super::words::words;
use super::queue::{self, Typed, Wanted};
use crate::officer::{DeleteView, KeepView, RenameView, Views, views};
use crate::scene::Supervise;

/// A view as the desk shows it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Kept {
    pub id: String,
    pub name: String,
    pub href: String,
    /// Its filters are the present ones.
    pub current: bool,
}

/// The viewer's views.
pub(super) fn kept(site: &Site, viewer: &Viewer, wanted: &Wanted) -> Result<Vec<Kept>, Problem> {
    let views = site
        .platform()
        .query(|connection| views::of(connection, viewer.account))?;
    let now = wanted.filters();
    Ok(views
        .into_iter()
        .map(|view| {
            let of = |name: &str| view.filters.get(name).map_or("", String::as_str);
            Kept {
                href: Wanted::sent(of).address(0),
                current: view.filters == now,
                id: view.id,
                name: view.name,
            }
        })
        .collect())
}

/// The viewer's own view of the path; another's is not there.
pub(crate) fn of_path(
    site: &Site,
    viewer: &Viewer,
    params: &Params,
) -> Result<Option<Resource>, Problem> {
    let Some(id) = params.id("id").map(|id| id.to_string()) else {
        return Ok(None);
    };
    let views = site
        .platform()
        .query(|connection| views::of(connection, viewer.account))?;
    let is_theirs = views.iter().any(|view| view.id == id);
    let desk = site.widest(viewer, Action::KeepViews);
    Ok(desk.filter(|_| is_theirs))
}

/// The filters that the page showed, and what was typed beside them.
type Fields = Vec<(String, String)>;

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    let found = fields.iter().find(|(known, _)| known == name);
    found.map_or("", |(_, value)| value.trim())
}

/// Carries a command of the viewer's out, and goes back to the queue as it was; a refusal is told there.
async fn carry_out<C>(
    site: &Site,
    asked: &Asked,
    scene: &Supervise,
    frame: Frame,
    (wanted, name): (Wanted, String),
    command: C,
    done: &'static str,
) -> Result<Response, Problem>
where
    C: Clone + Send,
    Views: Decide<C>,
{
    let viewer = &asked.viewer;
    let cx = site.context(viewer, &asked.resource.jurisdiction);
    let answer = site
        .platform()
        .carry_out::<Views, _>(viewer.account, command, &cx)
        .await;
    match answer {
        Ok(_) => Ok(told(Redirect::to(&wanted.address(0)).into_response(), done)),
        Err(CommandError::Refused(refusal)) => {
            let told = words(viewer.language).of(&refusal.text).to_owned();
            let typed = Typed {
                told: Some(told),
                view: name,
                ..Typed::default()
            };
            queue::show(site, viewer, scene, frame, wanted, typed)
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn keep(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let wanted = Wanted::sent(|name| field(&fields, name));
    let command = KeepView {
        id: site.platform().new_id(),
        name: field(&fields, "name").to_owned(),
        filters: wanted.filters(),
    };
    let typed = (wanted, command.name.clone());
    carry_out(&site, &asked, &scene, frame, typed, command, "view-kept").await
}

fn id_of(asked: &Asked) -> Uuid {
    // Cannot be missing: the route found the view by it.
    asked.params.id("id").unwrap_or_else(Uuid::nil)
}

pub(super) async fn rename(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let wanted = Wanted::sent(|name| field(&fields, name));
    let command = RenameView {
        id: id_of(&asked),
        name: field(&fields, "name").to_owned(),
    };
    carry_out(
        &site,
        &asked,
        &scene,
        frame,
        (wanted, String::new()),
        command,
        "view-renamed",
    )
    .await
}

pub(super) async fn delete(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let command = DeleteView(id_of(&asked));
    let wanted = Wanted::default();
    carry_out(
        &site,
        &asked,
        &scene,
        frame,
        (wanted, String::new()),
        command,
        "view-deleted",
    )
    .await
}
