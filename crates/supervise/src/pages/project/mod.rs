//! One project: what is filed of it, the forms by which it is filed, who vouches, what happened.

pub(crate) mod boundary;
mod category;
pub(crate) mod files;
mod form;
mod ground;
mod happened;
mod history;
mod items;
mod marks;
mod page;
mod pictures;
mod save;
mod sections;
mod stage;
mod vouch;

pub(crate) use items::written;
pub(crate) use marks::marks;
pub(crate) use page::sees_flags;
pub(crate) use pictures::{PictureView, picture};
pub(crate) use save::{moved_elsewhere, village_of};
pub(crate) use vouch::of;

use axum::http::Method;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{Params, Problem, Routes, Site};
use uuid::Uuid;

pub(crate) use page::Pages;

use crate::project::{ProjectPage, page as page_of, resource};
use crate::scene::Supervise;

/// The most bytes of a category's form: a boundary of many points, and lists of some thousand rows.
pub(crate) const MOST_FORM: usize = 8 << 20;

pub(crate) fn routes() -> Routes {
    use Action::{
        AcceptCategory, ChangeItems, ReturnCategory, ReviewCategory, SubmitCategory, ViewProject,
        WithdrawProject,
    };
    let of = of_path;
    Routes::new()
        .asks(
            Method::GET,
            "/supervise/projects/{id}",
            ViewProject,
            of,
            page::shown,
        )
        .asks(
            Method::GET,
            "/supervise/projects/{id}/history/{item}",
            ViewProject,
            of,
            history::of_item,
        )
        .asks(
            Method::GET,
            "/supervise/projects/{id}/items/{category}",
            ChangeItems,
            of,
            category::form,
        )
        .asks(
            Method::POST,
            "/supervise/projects/{id}/items/{category}",
            ChangeItems,
            of,
            save::save,
        )
        .up_to(MOST_FORM, kandeng_platform::page::MOST_TIME)
        .asks(
            Method::POST,
            "/supervise/projects/{id}/items/{category}/submit",
            SubmitCategory,
            of,
            vouch::submit,
        )
        .asks(
            Method::POST,
            "/supervise/projects/{id}/items/{category}/review",
            ReviewCategory,
            of,
            vouch::review,
        )
        .asks(
            Method::POST,
            "/supervise/projects/{id}/items/{category}/accept",
            AcceptCategory,
            of,
            vouch::accept,
        )
        .asks(
            Method::POST,
            "/supervise/projects/{id}/items/{category}/return",
            ReturnCategory,
            of,
            vouch::give_back,
        )
        .asks(
            Method::POST,
            "/supervise/projects/{id}/stage",
            ChangeItems,
            of,
            stage::stage,
        )
        .asks(
            Method::POST,
            "/supervise/projects/{id}/withdraw",
            WithdrawProject,
            of,
            stage::withdraw,
        )
        .asks(
            Method::GET,
            "/supervise/projects/{id}/items/{category}/boundary",
            ChangeItems,
            of,
            boundary::shown,
        )
        .asks(
            Method::POST,
            "/supervise/projects/{id}/items/{category}/boundary",
            ChangeItems,
            of,
            boundary::send,
        )
        .up_to(boundary::MOST_BYTES, files::MOST_TIME)
        .and(files::routes())
}

/// The project of the path.
pub(crate) fn of_path(
    site: &Site,
    _: &Viewer,
    params: &Params,
) -> Result<Option<Resource>, Problem> {
    params.id("id").map_or(Ok(None), |id| resource_of(site, id))
}

/// A project as authority sees it.
pub(crate) fn resource_of(site: &Site, id: Uuid) -> Result<Option<Resource>, Problem> {
    Ok(site
        .platform()
        .query(|connection| resource(connection, id))?)
}

/// The project of the path, by the declaration that it is filed by.
pub(crate) fn read(
    site: &Site,
    scene: &Supervise,
    params: &Params,
) -> Result<(ProjectPage, crate::project::Declared), Problem> {
    let id = params.id("id").unwrap_or_else(Uuid::nil);
    let version: Option<u32> = site.platform().query(|connection| {
        use rusqlite::OptionalExtension as _;
        connection
            .prepare_cached("select declaration from projects where id = ?1")?
            .query_row([id.to_string()], |row| row.get(0))
            .optional()
    })?;
    let declared = scene.declared(site, version.ok_or_else(Problem::not_found)?)?;
    let page = site
        .platform()
        .query(|connection| page_of(connection, &declared.filing, id))?;
    Ok((page.ok_or_else(Problem::not_found)?, declared))
}
